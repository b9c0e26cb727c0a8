//! The reference integration is ready in every profile, and every row that Thales' documents state is answered.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Rows that the documents of each product state.
const ROWS: [(&str, &str, usize); 3] =
    [("classic-tokenization", "TSH-", 31), ("merchant-tokenization", "TMG-", 27), ("d1-ecom", "D1E-", 35)];

fn play(profile: &str) -> (Option<i32>, Value) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test"))
        .args(["run", "--profile", profile, "--report"])
        .arg(directory.path())
        .output()
        .expect("the program starts");
    let text = std::fs::read_to_string(directory.path().join("report.json"))
        .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), serde_json::from_str(&text).expect("the report is JSON"))
}

fn answered((profile, prefix, stated): (&str, &str, usize)) {
    let (code, report) = play(profile);
    let is_private = report["network"] == "private";
    assert_eq!(report["readiness"], if is_private { "ready" } else { "incomplete" }, "{profile}");
    assert_eq!(code, Some(if is_private { 0 } else { 2 }), "{profile}");
    let rows = report["requirements"].as_array().expect("a list of rows");
    let of_documents = rows.iter().filter(|row| {
        let id = row["id"].as_str().unwrap_or_default();
        id.starts_with(prefix) && !id.contains("-ADV-")
    });
    let verdicts: BTreeMap<&str, &str> =
        of_documents.filter_map(|row| Some((row["id"].as_str()?, row["verdict"].as_str()?))).collect();
    assert_eq!(verdicts.len(), stated, "{profile}");
    let open = |verdict: &str| match verdict {
        "pass" | "declared" | "informational" => false,
        // A port or a route of its own is not to be had on loopback.
        "untested" => is_private,
        _ => true,
    };
    let open: Vec<_> = verdicts.iter().filter(|(_, verdict)| open(verdict)).collect();
    assert!(open.is_empty(), "{profile}: {open:?}");
}

#[test]
fn the_reference_is_ready_for_classic_tokenization() {
    answered(ROWS[0]);
}

#[test]
fn the_reference_is_ready_for_merchant_tokenization() {
    answered(ROWS[1]);
}

#[test]
fn the_reference_is_ready_for_d1_ecom() {
    answered(ROWS[2]);
}
