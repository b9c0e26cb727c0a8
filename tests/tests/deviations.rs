//! Known deviations against a real failure: curl that looks at no certificate, which is known, or not, or not any more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use conformance_tests::needs;
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use time::{Date, Duration, OffsetDateTime};

const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");

const INTEGRATION: &str = "name = \"loose\"\nversion = \"1\"\nprofile = \"classic-tokenization\"\n\
    [[caller]]\nname = \"batch\"\n\
    command = [\"curl\", \"--fail\", \"--silent\", \"--insecure\", \"--max-time\", \"20\", \"$THALES_URL\"]\n";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial(
            "a_known_failure_fails_no_job_and_stays_a_failure",
            true,
            a_known_failure_fails_no_job_and_stays_a_failure,
        ),
        trial("an_entry_that_excuses_nothing_is_a_failure", true, an_entry_that_excuses_nothing_is_a_failure),
        trial("a_sweep_knows_them_too", true, a_sweep_knows_them_too),
        trial(
            "a_file_that_says_too_little_is_refused_where_it_does",
            false,
            a_file_that_says_too_little_is_refused_where_it_does,
        ),
        trial("a_certificate_knows_no_deviation", false, a_certificate_knows_no_deviation),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// `by_name`: the real host and port are part of it.
fn trial(name: &'static str, by_name: bool, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || {
        let missing = needs::programs(&["curl"]).or_else(|| needs::private(HARNESS).filter(|_| by_name));
        needs::met(missing, test)
    })
}

fn today() -> Date {
    OffsetDateTime::now_utc().date()
}

fn entry(about: &str, expires: Date, signature: &str) -> String {
    format!(
        "[[deviation]]\n{about}\nreason = \"the store is rolled out in March\"\nowner = \"payments-core\"\n\
         expires = {expires}\nsignature = [\"{signature}\"]\n"
    )
}

/// Curl does not refuse an expired certificate; what is known of that stands in `deviations`.
fn run(root: &Path, deviations: &str) -> Output {
    fs::write(root.join("integration.toml"), INTEGRATION).unwrap();
    fs::write(root.join("deviations.toml"), deviations).unwrap();
    let mut command = Command::new(HARNESS);
    command.current_dir(root).env("GITHUB_ACTIONS", "true").env_remove("GITHUB_STEP_SUMMARY");
    command.args(["run", "--integration", "integration.toml", "--only", "inbound/expired", "--report", "out"]);
    command.args(["--deviations", "deviations.toml"]).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn report(root: &Path) -> Value {
    let report = serde_json::from_str(&fs::read_to_string(root.join("out/report.json")).unwrap()).unwrap();
    let schema = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json"));
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let faults: Vec<_> = validator.iter_errors(&report).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    report
}

fn a_known_failure_fails_no_job_and_stays_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let later = today() + Duration::days(100);
    let output = run(root, &entry("requirement = \"TSH-IN-04\"", later, "application data"));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("(known deviation)"), "{}", text(&output));
    assert!(!text(&output).contains("::error"), "{}", text(&output));
    let report = report(root);
    assert_eq!(report["deviations"][0]["state"], "known");
    let rows = report["requirements"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == "TSH-IN-04").unwrap();
    assert_eq!(row["verdict"], "fail", "a deviation makes nothing pass");
    assert!(row["deviation"].as_str().unwrap().contains("payments-core"));
    let read = |name: &str| fs::read_to_string(root.join("out").join(name)).unwrap();
    assert!(read("junit.xml").contains("known deviation: fail (MUST)"));
    assert!(!read("junit.xml").contains("<failure"));
    for name in ["summary.md", "report.html"] {
        assert!(read(name).contains("payments") && read(name).contains("rolled out in March"), "{name}");
    }
}

fn an_entry_that_excuses_nothing_is_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let later = today() + Duration::days(100);
    let known = entry("scenario = \"inbound/expired\"", later, "application data");
    let cases = [
        (
            entry("requirement = \"TSH-IN-04\"", today() - Duration::days(1), "application data"),
            "expired",
            "has expired",
        ),
        (entry("requirement = \"TSH-IN-04\"", later, "no such words"), "other-failure", "fails in another way"),
        (format!("{known}{}", entry("requirement = \"TSH-IN-02\"", later, "x")), "passes", "passes: take it out"),
    ];
    for (deviations, state, words) in cases {
        let output = run(root, &deviations);
        assert_eq!(output.status.code(), Some(1), "{state}: {}", text(&output));
        let report = report(root);
        let last = report["deviations"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["state"], state);
        assert!(text(&output).contains(words), "{}", text(&output));
        assert!(text(&output).contains("::error title=deviation "), "{}", text(&output));
        let junit = fs::read_to_string(root.join("out/junit.xml")).unwrap();
        assert!(junit.contains("stale-deviation"), "{state}");
        for name in ["summary.md", "report.html"] {
            assert!(fs::read_to_string(root.join("out").join(name)).unwrap().contains("stale"), "{name}");
        }
    }
    // What was not selected says nothing.
    let output = run(root, &format!("{known}{}", entry("requirement = \"TSH-OUT-01\"", later, "x")));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

fn a_sweep_knows_them_too() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::write(root.join("integration.toml"), INTEGRATION).unwrap();
    let later = today() + Duration::days(100);
    let known = entry("scenario = \"inbound/expired\"", later, "application data");
    let other = entry("requirement = \"TSH-IN-04\"", later, "no such words");
    for (deviations, exit, words) in [
        ("", 1, "inbound/expired (batch)\n"),
        (&known, 0, "inbound/expired (batch) (known deviation)"),
        (&other, 1, "stale: TSH-IN-04 fails in another way"),
    ] {
        fs::write(root.join("deviations.toml"), deviations).unwrap();
        let mut command = Command::new(HARNESS);
        command.current_dir(root).args(["sweep", "--integration", "integration.toml", "--only", "inbound/expired"]);
        let output = command.args(["--dimension", "alpn", "--deviations", "deviations.toml"]).output().unwrap();
        assert_eq!(output.status.code(), Some(exit), "{}", text(&output));
        assert!(text(&output).contains(words), "{words}: {}", text(&output));
        assert!(text(&output).contains("pre-mortem: nothing"), "what fails anyway is none: {}", text(&output));
    }
}

fn a_file_that_says_too_little_is_refused_where_it_does() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let later = today() + Duration::days(100);
    let good = entry("requirement = \"TSH-IN-04\"", later, "x");
    let cases = [
        (entry("requirement = \"TSH-IN-04\"", today() + Duration::days(200), "x"), "180 days"),
        (entry("requirement = \"TSH-IN-99\"", later, "x"), "no profile has this requirement"),
        (entry("scenario = \"inbound/nowhere\"", later, "x"), "no such scenario"),
        (entry("part = \"batch\"", later, "x"), "either `requirement` or `scenario`"),
        (entry("requirement = \"TSH-IN-04\"", later, " "), "expected a piece of that text"),
        (good.replace("payments-core", ""), "expected words"),
        (format!("{good}{good}"), "another deviation is about the same"),
        (good.replace("owner", "ower"), "unknown field"),
    ];
    for (deviations, words) in cases {
        let output = run(root, &deviations);
        assert_eq!(output.status.code(), Some(3), "{words}: {}", text(&output));
        assert!(text(&output).contains(words), "{words}: {}", text(&output));
        assert!(text(&output).contains("deviations.toml:"), "{}", text(&output));
    }
}

fn a_certificate_knows_no_deviation() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::write(root.join("integration.toml"), INTEGRATION).unwrap();
    let mut key = Command::new("openssl");
    key.current_dir(root).args(["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]).output().unwrap();
    fs::set_permissions(root.join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = Command::new(HARNESS);
    command.current_dir(root).args(["certify", "--integration", "integration.toml", "--environment", "pre-production"]);
    command.args(["--key", "key.pem", "--out", "bundle", "--deviations", "deviations.toml"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).contains("a known deviation makes nothing pass"), "{}", text(&output));
}
