//! A run of the harness, and where its report differs from the table.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use conformance_tests::needs;
use libtest_mimic::Failed;
use serde_json::Value;

use super::HARNESS;
use super::document::Row;
use super::setting::Setting;
use super::stack::Stack;

/// Words of which a stack's name in the report has to have one: its own, or its family's.
const OWN: [(&str, &[&str]); 11] = [
    ("curl", &["curl"]),
    ("wget", &["wget"]),
    ("aiohttp", &["aiohttp", "Python"]),
    ("Python", &["Python"]),
    ("Node", &["Node"]),
    ("HttpClient", &["HttpClient", "JSSE"]),
    ("Java", &["HttpsURLConnection", "HttpsServer", "JSSE"]),
    ("Go", &["Go"]),
    ("nginx", &["nginx"]),
    ("Apache", &["Apache"]),
    ("HAProxy", &["HAProxy"]),
];

/// What one run said.
pub(super) struct Report {
    code: Option<i32>,
    said: String,
    report: Value,
}

impl Report {
    /// Runs the harness against a stack.
    pub(super) fn of(setting: &Setting, stack: &Stack) -> Result<Self, Failed> {
        let mut command = Command::new(HARNESS);
        command.env("PATH", needs::path());
        command.args(["run", "--network", "private", "--integration"]).arg(setting.integration());
        command.arg("--report").arg(setting.report());
        for pattern in stack.only {
            command.args(["--only", pattern]);
        }
        let done = command.output()?;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let text = fs::read_to_string(setting.report().join("report.json"))
            .map_err(|error| format!("no report: {error}; the harness says: {said}"))?;
        Ok(Self { code: done.status.code(), said, report: serde_json::from_str(&text)? })
    }

    /// Every difference from the table, one a line.
    pub(super) fn faults(&self, stack: &Stack) -> Vec<String> {
        let mut faults = Vec::new();
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for row in rows(&self.report["requirements"]) {
            let (id, verdict) = (word(&row["id"]), word(&row["verdict"]));
            seen.insert(id, verdict);
            let expected = stack.verdict(id, word(&row["topic"]));
            if verdict != expected {
                faults.push(format!("{id}: expected {expected}, got {verdict}{}", evidence(row)));
            }
        }
        for id in stack.fail.iter().chain(stack.inconclusive) {
            if !seen.contains_key(id) {
                faults.push(format!("{id} of the table is no requirement"));
            }
        }
        for scenario in rows(&self.report["scenarios"]).filter(|scenario| scenario["verdict"] == "fault") {
            faults.push(format!("{}: {}", word(&scenario["id"]), word(&scenario["fault"])));
        }
        for (id, words) in stack.says {
            if self.words_of(id).first().is_none_or(|first| !first.contains(words)) {
                faults.push(format!("{id}: expected first `{words}`, got {:?}", self.words_of(id)));
            }
        }
        faults.extend(self.mistaken(stack));
        if self.refuses() != stack.refuses {
            faults.push(format!("expected refusals by `{}`, got `{}`", stack.refuses, self.refuses()));
        }
        let expected = self.expected_code(&seen);
        if self.code != Some(expected) {
            faults.push(format!("expected exit code {expected}, got {:?}: {}", self.code, self.said));
        }
        faults
    }

    /// The row of docs/stacks.md, as this run showed it.
    pub(super) fn row(&self, stack: &Stack) -> Row {
        let with = |wanted: &str| {
            let rows = rows(&self.report["requirements"]).filter(|row| row["verdict"] == wanted);
            rows.map(|row| (word(&row["id"]).to_owned(), row["level"] == "must")).collect()
        };
        Row::new(stack, with("fail"), with("inconclusive"), self.refuses())
    }

    /// What the stack's refusals of a certificate look like.
    fn refuses(&self) -> String {
        rows(&self.report["stacks"]).map(|seen| word(&seen["refuses"])).collect()
    }

    /// Which stack the report takes it for, where that is another one; or that it recognises nothing by its refusals.
    fn mistaken(&self, stack: &Stack) -> Option<String> {
        let names: Vec<_> = rows(&self.report["stacks"]).flat_map(|seen| rows(&seen["probably"])).map(word).collect();
        let own = OWN.iter().find(|(family, _)| stack.family.contains(family)).map(|(_, names)| *names)?;
        let is_own = |name: &&str| own.iter().any(|own| name.contains(own));
        match names.iter().find(|name| !is_own(name)) {
            Some(other) => Some(format!("taken for `{other}`")),
            // What says enough of itself has to be known; a server that takes callers without a certificate says less.
            None if names.is_empty() && !stack.refuses.is_empty() && !stack.fail.contains(&"TSH-OUT-01") => {
                Some("not recognised".to_owned())
            }
            None => None,
        }
    }

    /// What the findings of a row say of themselves, in their order.
    fn words_of(&self, id: &str) -> Vec<&str> {
        rows(&self.report["requirements"])
            .filter(|row| row["id"] == id)
            .flat_map(|row| rows(&row["findings"]))
            .flat_map(|finding| finding["means"].as_str().into_iter().chain(rows(&finding["warnings"]).map(word)))
            .collect()
    }

    fn expected_code(&self, seen: &BTreeMap<&str, &str>) -> i32 {
        let is_must =
            |id: &str| rows(&self.report["requirements"]).any(|row| row["id"] == id && row["level"] == "must");
        let has = |wanted: &str| seen.iter().any(|(id, verdict)| *verdict == wanted && is_must(id));
        if has("fail") {
            1
        } else if has("inconclusive") {
            2
        } else {
            0
        }
    }
}

fn evidence(row: &Value) -> String {
    rows(&row["findings"])
        .filter(|finding| finding["ruling"] != "met")
        .map(|finding| {
            format!("\n    {} [{}]: {}", word(&finding["scenario"]), word(&finding["phase"]), word(&finding["seen"]))
        })
        .collect()
}

fn rows(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
