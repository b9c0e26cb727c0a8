//! What a sweep says of clients that nobody here wrote: Go's and Java's, as their libraries do by default.

use std::fs;
use std::path::Path;
use std::process::Command;

use conformance_tests::needs;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::ground::{HARNESS, said, sweep};

/// A client.
pub(crate) struct Stack {
    pub(crate) name: &'static str,
    tools: &'static [&'static str],
    pub(crate) test: fn() -> Result<(), Failed>,
}

pub(crate) const ALL: [Stack; 2] = [
    Stack { name: "go_breaks_where_the_ca_list_lacks_its_issuer", tools: &["go"], test: go },
    Stack { name: "java_breaks_with_a_ttl_under_30_s", tools: &["javac", "java"], test: java },
];

impl Stack {
    /// What is not installed, or the network that cannot be had.
    pub(crate) fn missing(&self) -> Option<String> {
        needs::programs(self.tools).or_else(|| needs::private(HARNESS))
    }
}

const GO: &str = include_str!("files/caller.go");
const JAVA: &str = include_str!("files/Caller.java");

fn go() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let root = directory.path();
    fs::write(root.join("caller.go"), GO)?;
    let mut build = Command::new("go");
    build.current_dir(root).args(["build", "-o", "caller", "caller.go"]);
    // Nothing is fetched, and nothing is kept.
    build.env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").env("GO111MODULE", "off").env("GOCACHE", root.join("cache"));
    done(&mut build)?;
    let lines = swept(
        root,
        "[[caller]]\nname = \"batch\"\ncommand = [\"./caller\"]\n",
        &["--only", "inbound/client-certificate", "--dimension", "ca-list", "--dimension", "tickets"],
    )?;
    let [line] = lines.as_slice() else { return Err(format!("one line, found {lines:#?}").into()) };
    assert_eq!(line["kind"], "breaks");
    assert_eq!(line["breaks"]["ca-list"], serde_json::json!(["foreign"]));
    let told = line["thales"].as_str().unwrap_or_default();
    assert!(told.contains("the issuer of your client certificate is not among them"), "{told}");
    assert_eq!(line["level"], "must");
    assert!(line["changes"]["go"].as_str().is_some_and(|change| change.contains("GetClientCertificate")));
    assert!(line["ask"][0].as_str().is_some_and(|ask| ask.ends_with('?')));
    let evidence = line["evidence"].as_array().cloned().unwrap_or_default();
    let shows =
        |piece: &Value| piece["seen"].as_str().is_some_and(|seen| seen.contains("without a client certificate"));
    assert!(evidence.iter().any(shows), "{evidence:#?}");
    assert!(evidence.iter().all(|piece| piece["facts"].as_array().is_some_and(|facts| !facts.is_empty())));
    assert!(root.join("out/pre-mortem.md").is_file());
    Ok(())
}

fn java() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let root = directory.path();
    fs::write(root.join("Caller.java"), JAVA)?;
    done(Command::new("javac").current_dir(root).arg("Caller.java"))?;
    let lines = swept(
        root,
        "[[caller]]\nname = \"backend\"\nwithin = \"60s\"\n\
         stdio = [\"java\", \"-Xshare:auto\", \"-XX:TieredStopAtLevel=1\", \"-cp\", \"{dir}\", \"Caller\"]\n",
        &["--only", "dns/address-change", "--dimension", "ttl"],
    )?;
    let [line] = lines.as_slice() else { return Err(format!("one line, found {lines:#?}").into()) };
    assert_eq!(line["thales"], "changes its address with a TTL under 30 s");
    assert_eq!(line["kind"], "breaks");
    assert_eq!(line["breaks"]["ttl"], serde_json::json!(["1s", "2s", "5s", "10s", "20s"]));
    assert_eq!(line["holds"], serde_json::json!(["30s", "60s"]));
    assert!(line["changes"]["jvm"].as_str().is_some_and(|change| change.contains("networkaddress.cache.ttl")));
    Ok(())
}

/// The pre-mortem of an integration file with that caller.
fn swept(root: &Path, caller: &str, words: &[&str]) -> Result<Vec<Value>, Failed> {
    let head = "name = \"acme\"\nversion = \"1\"\nprofile = \"classic-tokenization\"\n";
    fs::write(root.join("integration.toml"), format!("{head}{caller}"))?;
    let output = sweep(root, &[&["--integration", "integration.toml"], words].concat())?;
    // A JVM breaks the rule today, too: what Thales does today is a TTL of 2 s.
    let exit = output.status.code().unwrap_or(-1);
    let text = said(&output, if exit == 1 { 1 } else { 0 })?;
    let report: Value = serde_json::from_str(&fs::read_to_string(root.join("out/report.json"))?)?;
    let lines = report["pre-mortem"].as_array().cloned().unwrap_or_default();
    for line in &lines {
        let told = line["thales"].as_str().unwrap_or_default();
        if !text.contains(told) {
            return Err(format!("the terminal does not say `{told}`:\n{text}").into());
        }
    }
    Ok(lines)
}

fn done(command: &mut Command) -> Result<(), Failed> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
