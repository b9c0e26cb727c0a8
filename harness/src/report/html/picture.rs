//! A sequence picture as inline SVG: a lane for everyone who took part, time downwards, one row an event, a line across
//! where the world changed, and a bar for as long as an answer held.

use super::super::words;
use super::events::{DNS, Event, Kind, Told};
use super::markup::Markup;

/// Sizes in the picture's own units. Words stand above their arrow, so that the whole is narrow enough for a phone.
const LANE: usize = 96;
const WORDS: usize = 56;
/// Width of the longest label, which is bounded by [`LETTERS`].
const NARROWEST: usize = 560;
const HEAD: usize = 26;
const ROW: usize = 34;
/// From an event's arrow up to its words.
const ABOVE: usize = 9;
/// Letters of one label that have a place.
const LETTERS: usize = 82;

pub(super) fn write(inside: &mut Markup, title: &str, told: &Told) {
    if told.events.is_empty() {
        return;
    }
    let ys = heights(&told.events);
    let across = (LANE * told.lanes.len()).max(NARROWEST);
    let (width, height) = (across, ys.last().copied().unwrap_or(HEAD) + ROW / 2);
    let frame = [("class", "wide"), ("tabindex", "0"), ("role", "region"), ("aria-label", title)];
    inside.element("div", &frame, |wide| {
        let view = format!("0 0 {width} {height}");
        let (width, height) = (width.to_string(), height.to_string());
        // The table that follows says the same in words.
        let attributes = [
            ("class", "sequence"),
            ("viewBox", view.as_str()),
            ("width", &width),
            ("height", &height),
            ("role", "img"),
            ("aria-label", title),
        ];
        wide.element("svg", &attributes, |svg| {
            lanes(svg, told, &height);
            for life in &told.lives {
                bar(svg, told, &ys, *life);
            }
            for (event, y) in told.events.iter().zip(&ys) {
                draw(svg, event, *y, across);
            }
        });
    });
    if told.left_out > 0 {
        inside.say("p", &format!("{} more events stand in the log.", told.left_out));
    }
}

/// Where each event stands: further down after a longer pause.
fn heights(events: &[Event]) -> Vec<usize> {
    let mut y = HEAD;
    let mut before_us = events.first().map_or(0, |event| event.at_us);
    let mut heights = Vec::new();
    for event in events {
        y += ROW
            + match event.at_us.saturating_sub(before_us) / 1000 {
                0..10 => 0,
                10..100 => 4,
                100..1000 => 10,
                1000.. => 22,
            };
        if event.kind == Kind::Phase {
            y += 8;
        }
        before_us = event.at_us;
        heights.push(y);
    }
    heights
}

fn x(lane: usize) -> usize {
    LANE * lane + LANE / 2
}

fn text(svg: &mut Markup, class: &str, (x, y): (usize, usize), words: &str) {
    svg.element("text", &[("class", class), ("x", &x.to_string()), ("y", &y.to_string())], |inside| {
        inside.text(&shortened(words, LETTERS));
    });
}

fn line(svg: &mut Markup, class: &str, (x1, y1): (usize, usize), (x2, y2): (usize, usize)) {
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(|number| number.to_string());
    svg.void("line", &[("class", class), ("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2)]);
}

fn lanes(svg: &mut Markup, told: &Told, height: &str) {
    for (lane, name) in told.lanes.iter().enumerate() {
        text(svg, "lane", (x(lane), 16), &shortened(name, 14));
        let bottom = height.parse().unwrap_or(HEAD);
        line(svg, "life", (x(lane), 22), (x(lane), bottom));
    }
}

/// For how long answers held. Ends where the picture does, if it holds for longer.
fn bar(svg: &mut Markup, told: &Told, ys: &[usize], (from_us, until_us): (u64, u64)) {
    let Some(lane) = told.lanes.iter().position(|name| name == DNS) else { return };
    let (top, bottom) = (at(told, ys, from_us), at(told, ys, until_us));
    let height = bottom.saturating_sub(top).max(4).to_string();
    let (left, top_word) = ((x(lane) - 5).to_string(), top.to_string());
    svg.void("rect", &[("class", "ttl"), ("x", &left), ("y", &top_word), ("width", "10"), ("height", &height)]);
    text(svg, "ttl-name", (x(lane) + 8, bottom + 4), "TTL ends");
}

/// Where a moment stands, between the events around it.
fn at(told: &Told, ys: &[usize], moment_us: u64) -> usize {
    let mut before = (0, HEAD);
    for (event, y) in told.events.iter().zip(ys) {
        if event.at_us >= moment_us {
            let span_us = event.at_us.saturating_sub(before.0).max(1);
            let part = (y.saturating_sub(before.1)) as u64 * moment_us.saturating_sub(before.0) / span_us;
            return before.1 + usize::try_from(part).unwrap_or(0);
        }
        before = (event.at_us, *y);
    }
    before.1
}

fn draw(svg: &mut Markup, event: &Event, y: usize, across: usize) {
    let class = match event.kind {
        Kind::Phase => "phase",
        Kind::Change => "change",
        Kind::Call => "call",
        Kind::Dns => "dns",
        Kind::Tcp => "tcp",
        Kind::Tls => "tls",
        Kind::Http => "http",
        Kind::Refusal => "refusal",
        Kind::Note => "told",
    };
    text(svg, "time", (2, y - ABOVE), &words::seconds(event.at_us / 1000));
    let label = (WORDS, y - ABOVE);
    let numbered = format!("#{} {}", event.seq, event.what);
    match event.kind {
        Kind::Phase | Kind::Change => {
            line(svg, class, (0, y), (across, y));
            text(svg, &format!("label {class}-label"), label, &numbered);
        }
        _ => {
            if event.from == event.to {
                let (cx, cy) = (x(event.from).to_string(), y.to_string());
                svg.void("circle", &[("class", class), ("cx", &cx), ("cy", &cy), ("r", "4")]);
            } else {
                arrow(svg, class, (x(event.from), x(event.to)), y);
            }
            text(svg, &format!("label {class}-label"), label, &numbered);
        }
    }
}

fn arrow(svg: &mut Markup, class: &str, (from, to): (usize, usize), y: usize) {
    line(svg, class, (from, y), (to, y));
    let back = if to > from { to - 8 } else { to + 8 };
    let points = format!("{to},{y} {back},{} {back},{}", y - 4, y + 4);
    svg.void("polygon", &[("class", class), ("points", &points)]);
}

fn shortened(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        return words.to_owned();
    }
    words.chars().take(most - 1).chain(['…']).collect()
}
