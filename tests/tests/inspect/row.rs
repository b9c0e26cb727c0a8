//! A row of a table: what `inspect` is called with, its exit code, and exactly what it finds.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use super::forge::forge;

/// A call of `inspect` and what it has to find.
pub(crate) struct Row {
    /// The file's name in the forge, and the words after it.
    pub(crate) words: String,
    /// The exit code.
    pub(crate) code: i32,
    /// Findings of a good file of the kind, and after `;` in what this one differs: `pass TSH-IN-05 TSH-IN-07; fail
    /// TSH-IN-08; none TSH-IN-10`. What has no requirement is called by its field: `note:previous`. The second finding
    /// about a requirement is called `TSH-IN-05'`.
    pub(crate) findings: String,
}

impl Row {
    pub(crate) fn new(words: impl Into<String>, code: i32, good: &str, differs: &str) -> Self {
        Self { words: words.into(), code, findings: format!("{good};{differs}") }
    }

    /// A file that is not judged.
    pub(crate) fn unjudged(words: impl Into<String>) -> Self {
        Self::new(words, 3, "", "")
    }
}

/// Calls `inspect` for all rows and compares; all that is wrong is shown at once. Answers the text of what was not judged.
pub(crate) fn compare(rows: &[Row]) -> Vec<String> {
    let wrong = Mutex::new(Vec::new());
    let said = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        let (wrong, said) = (&wrong, &said);
        for part in rows.chunks(rows.len().div_ceil(4)) {
            scope.spawn(move || {
                for row in part {
                    match check(row) {
                        Ok(text) => drop(said.lock().unwrap().insert(row.words.clone(), text)),
                        Err(why) => wrong.lock().unwrap().push(why),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    let said = said.into_inner().unwrap();
    rows.iter().map(|row| said[&row.words].clone()).collect()
}

fn check(row: &Row) -> Result<String, String> {
    let output = inspect(&format!("{} --json", row.words), &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    let Ok(value) = serde_json::from_str::<Value>(&text) else {
        return Err(format!("{}: {text}{errors}", row.words));
    };
    let found = found(&value);
    let expected = expected(&row.findings);
    let code = output.status.code();
    if found == expected && code == Some(row.code) {
        return Ok(value["files"][0]["unjudged"].as_str().unwrap_or_default().to_owned());
    }
    let only = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
        let only: Vec<_> = one.iter().filter(|(key, mark)| other.get(*key) != Some(mark)).collect();
        format!("{only:?}")
    };
    Err(format!(
        "{}: {code:?}, expected {}; found {}, expected {}; {}",
        row.words,
        row.code,
        only(&found, &expected),
        only(&expected, &found),
        value["files"][0]["unjudged"]
    ))
}

/// Calls `inspect`; a space within a word is `%20`.
pub(crate) fn inspect(words: &str, environment: &[(&str, &str)]) -> Output {
    let words = words.split_whitespace().map(|word| word.replace("%20", " "));
    let mut command = Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test"));
    command.arg("inspect").args(words).current_dir(forge().directory()).env_remove("THALES_STORE_PASSWORD");
    command.envs(environment.iter().copied()).output().unwrap()
}

fn found(value: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for finding in value["files"][0]["findings"].as_array().unwrap() {
        let field = || format!(":{}", finding["field"].as_str().unwrap().replace(' ', "-"));
        let mut key = finding["requirement"].as_str().map_or_else(field, str::to_owned);
        while found.contains_key(&key) {
            key.push('\'');
        }
        found.insert(key, finding["mark"].as_str().unwrap().to_owned());
    }
    found
}

fn expected(findings: &str) -> BTreeMap<String, String> {
    let mut expected = BTreeMap::new();
    for part in findings.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (mark, keys) = part.split_once(' ').unwrap();
        for key in keys.split_whitespace() {
            match mark {
                "none" => drop(expected.remove(key)),
                _ => drop(expected.insert(key.to_owned(), mark.to_owned())),
            }
        }
    }
    expected
}
