//! From `dimensions.toml` to the model: words that mean something, globs that fit a scenario, each value once.

use std::collections::{BTreeMap, BTreeSet};

use globset::Glob;
use serde::Deserialize;
use toml::Spanned;

use super::diagnostic::{Diagnostics, Place};
use crate::model::{Axis, Dimension, DimensionValue, Scenario, Setting};

/// The file's name below `scenarios/`.
pub(super) const FILE: &str = "dimensions.toml";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct DimensionsFile {
    #[serde(rename = "dimension")]
    dimensions: Vec<DimensionKeys>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct DimensionKeys {
    id: Spanned<String>,
    varies: Axis,
    scenarios: Vec<Spanned<String>>,
    base: Spanned<String>,
    unspecified: String,
    #[serde(default)]
    threshold: Option<Spanned<String>>,
    ask: String,
    change: String,
    #[serde(default)]
    changes: BTreeMap<String, String>,
    #[serde(rename = "value")]
    values: Vec<ValueKeys>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ValueKeys {
    is: Spanned<String>,
    thales: String,
}

/// Reads the dimensions; `scenarios` are those that they may vary.
pub(super) fn read(place: &Place, scenarios: &[Scenario]) -> Result<Vec<Dimension>, Diagnostics> {
    let file: DimensionsFile = place.parse()?;
    let mut faults = Diagnostics::default();
    let mut ids = BTreeSet::new();
    let mut axes = BTreeSet::new();
    let mut dimensions = Vec::new();
    for keys in file.dimensions {
        let mut fault = |at: &Spanned<String>, message: String| faults.push(place.fault(Some(at.span()), &message));
        if !ids.insert(keys.id.as_ref().clone()) {
            fault(&keys.id, format!("dimension `{}` stands twice", keys.id.as_ref()));
        }
        if !axes.insert(keys.varies) {
            fault(&keys.id, "another dimension varies the same thing: a case could not set both".to_owned());
        }
        for glob in &keys.scenarios {
            match Glob::new(glob.as_ref()) {
                Err(error) => fault(glob, error.kind().to_string()),
                Ok(pattern) => {
                    let pattern = pattern.compile_matcher();
                    let fits = |scenario: &&Scenario| pattern.is_match(scenario.id.as_str());
                    if !scenarios.iter().any(|scenario| fits(&scenario) && scenario.leaves_open(keys.varies)) {
                        let why = format!("no scenario fits `{}` and leaves open what is varied", glob.as_ref());
                        fault(glob, why);
                    }
                }
            }
        }
        if let Err(why) = Setting::read(keys.varies, keys.base.as_ref()) {
            fault(&keys.base, why);
        }
        if let Some(threshold) = keys.threshold.as_ref().filter(|text| !text.as_ref().contains("{holds}")) {
            fault(threshold, "a threshold names the least value that holds: expected `{holds}`".to_owned());
        }
        let mut words = BTreeSet::from([keys.base.as_ref().clone()]);
        let mut values = Vec::new();
        for value in keys.values {
            let word = value.is.as_ref().clone();
            // Words become part of a case's name.
            if word.contains([',', '=', '[', ']']) || word.is_empty() {
                fault(&value.is, "a value's word has neither `,` nor `=` nor brackets".to_owned());
            }
            if !words.insert(word.clone()) {
                fault(&value.is, format!("the value `{word}` stands twice, or is the base"));
            }
            match Setting::read(keys.varies, &word) {
                Ok(setting) => values.push(DimensionValue { word, setting, thales: value.thales }),
                Err(why) => fault(&value.is, why),
            }
        }
        if values.is_empty() {
            fault(&keys.id, "a dimension without values varies nothing: expected a `[[dimension.value]]`".to_owned());
        }
        dimensions.push(Dimension {
            id: keys.id.into_inner(),
            axis: keys.varies,
            scenarios: keys.scenarios.into_iter().map(Spanned::into_inner).collect(),
            base: keys.base.into_inner(),
            unspecified: keys.unspecified,
            values,
            threshold: keys.threshold.map(Spanned::into_inner),
            ask: keys.ask,
            change: keys.change,
            changes: keys.changes,
        });
    }
    faults.finish(dimensions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Library;

    const GOOD: &str = "[[dimension]]\nid = \"leaf\"\nvaries = \"leaf\"\nscenarios = [\"inbound/*\"]\nbase = \"p256\"\n\
        unspecified = \"\"\nask = \"\"\nchange = \"\"\n[[dimension.value]]\nis = \"p384\"\nthales = \"\"\n";

    #[test]
    fn each_fault_is_told_where_it_stands() {
        let library = Library::built_in().expect("the built-in files are sound");
        let read = |text: String| {
            let place = Place { path: FILE.into(), text };
            read(&place, &library.scenarios)
        };
        assert_eq!(read(GOOD.to_owned()).map(|dimensions| dimensions.len()), Ok(1));
        for (from, to, line, words) in [
            ("varies = \"leaf\"", "varies = \"leave\"", 3, "unknown variant"),
            ("inbound/*", "nowhere/*", 4, "no scenario fits `nowhere/*`"),
            ("inbound/*", "outbound/*", 4, "no scenario fits `outbound/*`"),
            ("inbound/*", "inbound/[", 4, "unclosed character class"),
            ("base = \"p256\"", "base = \"p-256\"", 5, "unknown variant"),
            ("base = \"p256\"", "base = \"p384\"", 10, "stands twice, or is the base"),
            ("is = \"p384\"", "is = \"rsa=2048\"", 10, "neither `,` nor `=`"),
            ("is = \"p384\"", "is = \"dsa\"", 10, "unknown variant"),
            ("ask = \"\"", "ask = \"\"\nthreshold = \"under it\"", 8, "expected `{holds}`"),
            ("thales = \"\"\n", &format!("thales = \"\"\n{GOOD}"), 13, "stands twice"),
        ] {
            let faults = read(GOOD.replacen(from, to, 1)).expect_err(words);
            let told = faults.0.iter().any(|fault| {
                fault.position().is_some_and(|(found, _)| found == line) && fault.message().contains(words)
            });
            assert!(told, "{words} in line {line}: {faults}");
        }
    }
}
