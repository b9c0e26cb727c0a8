//! What was measured side by side: rounds, their ratios, and the tables.

use std::fmt::Write as _;

/// A comparison with its target.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// What is compared with what.
    pub(crate) title: String,
    /// What each quotient or difference is.
    pub(crate) measure: &'static str,
    /// One value a round; empty where it could not be measured.
    pub(crate) values: Vec<f64>,
    /// The largest value wanted.
    pub(crate) target: f64,
    /// The unit of the values: `×` or `s`.
    pub(crate) unit: &'static str,
    /// What went into it, one value a round each.
    pub(crate) parts: Vec<Part>,
    /// Why there are no values.
    pub(crate) missing: Option<String>,
}

/// One quantity of a comparison.
#[derive(Debug)]
pub(crate) struct Part {
    /// What it is, with its unit.
    pub(crate) name: String,
    /// One value a round.
    pub(crate) values: Vec<f64>,
}

/// Least, middle and greatest of some values; `None` for none.
pub(crate) fn spread(values: &[f64]) -> Option<(f64, f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (least, greatest) = (*sorted.first()?, *sorted.last()?);
    let middle = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
    Some((least, middle, greatest))
}

/// The comparisons, and what went into them, as tables in Markdown.
pub(crate) fn tables(comparisons: &[Comparison]) -> String {
    let mut text = String::from("| compared | measure | median | min | max | rounds | target | median meets it |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for Comparison { title, measure, values, target, unit, missing, .. } in comparisons {
        let numbers = match spread(values) {
            Some((least, middle, greatest)) => {
                let met = if middle <= *target { "yes" } else { "**no**" };
                let spread = format!("**{middle:.2} {unit}** | {least:.2} | {greatest:.2}");
                format!("{spread} | {} | ≤ {target} {unit} | {met}", values.len())
            }
            None => {
                let why = missing.as_deref().unwrap_or("not measured");
                format!("{why} | | | 0 | ≤ {target} {unit} | not measured")
            }
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {title} | {measure} | {numbers} |");
    }
    text.push_str("\nWhat went into them:\n\n| quantity | median | min | max |\n|---|---|---|---|\n");
    for part in comparisons.iter().flat_map(|comparison| &comparison.parts) {
        if let Some((least, middle, greatest)) = spread(&part.values) {
            let places = if greatest < 100.0 { 2 } else { 0 };
            let _ = writeln!(text, "| {} | {middle:.places$} | {least:.places$} | {greatest:.places$} |", part.name);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(values: Vec<f64>) -> Comparison {
        Comparison {
            title: "a to b".to_owned(),
            measure: "CPU",
            values,
            target: 2.0,
            unit: "×",
            parts: Vec::new(),
            missing: Some("no b here".to_owned()),
        }
    }

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(spread(&[4.0, 1.0, 2.0]), Some((1.0, 2.0, 4.0)));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), Some((1.0, 2.5, 4.0)));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn a_missed_target_is_said_and_an_absent_number_is_neither() {
        assert!(tables(&[comparison(vec![2.5, 2.1, 1.0])]).contains("| **no** |"));
        assert!(tables(&[comparison(vec![2.5, 1.9, 1.0])]).contains("| yes |"));
        let missing = tables(&[comparison(Vec::new())]);
        assert!(missing.contains("no b here") && missing.contains("| not measured |"), "{missing}");
    }
}
