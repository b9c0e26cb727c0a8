//! The trend as one HTML page with a drawing: a bar of states for each run, a row of states for each case. No script, and
//! nothing is fetched.

use super::record::State;
use super::trend::{Trend, signs, sparkline};

/// Cases drawn; the others are counted.
const MOST: usize = 2000;
/// Width of a run's bar with its gap, and the drawing's height.
const STEP: usize = 24;
const HEIGHT: usize = 160;

/// The page. `is_drawn` chooses cases by their names.
pub fn drawing(trend: &Trend, is_drawn: &dyn Fn(&str) -> bool) -> String {
    let counts = trend.counts();
    let most = counts.iter().map(|counts| counts.iter().sum::<usize>()).max().unwrap_or(0).max(1);
    let mut bars = String::new();
    for (index, (run, counts)) in trend.runs.iter().zip(&counts).enumerate() {
        let mut top = HEIGHT;
        let told: Vec<_> =
            State::ALL.iter().zip(counts).map(|(state, count)| format!("{count} {}", state.word())).collect();
        bars.push_str(&format!("<g><title>{} {}: {}</title>", run.id, escaped(&run.began.started), told.join(", ")));
        for (state, count) in State::ALL.iter().zip(counts) {
            let height = count * HEIGHT / most;
            top -= height;
            bars.push_str(&format!(
                "<rect class=\"{}\" x=\"{}\" y=\"{top}\" width=\"{}\" height=\"{height}\"/>",
                state.word(),
                index * STEP,
                STEP - 6
            ));
        }
        bars.push_str("</g>");
    }
    let mut rows = String::new();
    let drawn: Vec<_> = trend.cases.iter().filter(|(key, _)| is_drawn(&key.to_string())).collect();
    for (key, states) in drawn.iter().take(MOST) {
        let took: Vec<_> = states.iter().map(|state| state.map(|(_, took_ms)| took_ms)).collect();
        rows.push_str(&format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n",
            escaped(&key.to_string()),
            signs(states),
            sparkline(&took)
        ));
    }
    let more = match drawn.len().checked_sub(MOST) {
        Some(more) if more > 0 => format!("<p>{more} more cases; --case chooses.</p>"),
        _ => String::new(),
    };
    let width = (trend.runs.len() * STEP).max(STEP);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\
         <meta name=\"viewport\" content=\"width=device-width\"/><title>Sweeps</title><style>{STYLE}</style></head>\n\
         <body><main><h1>Sweeps</h1><p>Unofficial and self-attested; no statement of Thales. One bar a sweep, {most} cases \
         at most.</p>\n<svg role=\"img\" aria-label=\"States of the cases of each sweep\" viewBox=\"0 0 {width} {HEIGHT}\" \
         width=\"{width}\" height=\"{HEIGHT}\">{bars}</svg>\n\
         <p><span class=\"pass\">pass</span> <span class=\"fail\">fail</span> <span class=\"inconclusive\">inconclusive\
         </span> <span class=\"untested\">untested</span> <span class=\"fault\">fault</span></p>\n\
         <table><caption>Cases, oldest sweep first</caption><thead><tr><th scope=\"col\">case</th>\
         <th scope=\"col\">states</th><th scope=\"col\">duration</th></tr></thead><tbody>\n{rows}</tbody></table>{more}\
         </main></body></html>\n"
    )
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:16px system-ui,sans-serif;margin:1rem}\
    table{border-collapse:collapse}th,td{text-align:left;padding:.1rem .6rem;font-weight:normal}td{font-family:monospace}\
    span{padding:0 .4rem;color:#000}.pass{fill:#7fbf7f;background:#7fbf7f}.fail{fill:#e07070;background:#e07070}\
    .inconclusive{fill:#e0c060;background:#e0c060}.untested{fill:#b0b0b0;background:#b0b0b0}\
    .fault{fill:#c080d0;background:#c080d0}";

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
