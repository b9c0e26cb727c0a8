//! Services as carriers: one Python integration driven in every way gets the same verdicts, and one that does not come
//! to be ready, ends or hangs leaves verdicts open that name it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod kept;

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, ExitCode, Output};

use conformance_tests::needs;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

use self::kept::kept;

const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");

/// The integration: `once` a call, a `driver`, a `service` with both roles, or one that `polls`.
const BACKEND: &str = include_str!("backend.py");

/// A service with both roles.
const SERVICE: &str = r#"
[[service]]
name    = "backend"
command = ["python3", "backend.py", "service"]
ready   = "http://127.0.0.1:8081/health"
within  = "60s"
"#;

const TRIGGERED: &str = r#"
[[caller]]
name    = "caller"
service = "backend"
trigger = { http = "POST http://127.0.0.1:8081/refresh" }
"#;

const SERVING: &str = r#"
[[receiver]]
name    = "edge"
service = "backend"
[[receiver.request]]
method = "POST"
path   = "/issuer/igwapi/v2.0/checkCardEligibility"
status = [200]
"#;

/// What a test needs of the machine beside Python.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Private,
}

/// Tests at once: most of their time is a wait.
const THREADS: usize = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let trials = vec![
        trial("every_carrier_gets_the_same_verdicts", Needs::Private, every_carrier_gets_the_same_verdicts),
        trial("a_service_kept_for_the_run_starts_once", Needs::Private, kept::a_service_kept_for_the_run_starts_once),
        trial(
            "what_is_left_of_a_scenario_is_waited_for",
            Needs::Private,
            kept::what_is_left_of_a_scenario_is_waited_for,
        ),
        trial("access_tokens_are_those_of_the_scenario", Needs::Private, kept::access_tokens_are_those_of_the_scenario),
        trial(
            "two_callers_of_one_service_renew_one_after_the_other",
            Needs::Private,
            kept::two_callers_of_one_service_renew_one_after_the_other,
        ),
        trial(
            "a_kept_service_that_dies_is_started_anew",
            Needs::Private,
            kept::a_kept_service_that_dies_is_started_anew,
        ),
        trial("one_service_holds_both_roles", Needs::Private, one_service_holds_both_roles),
        trial("in_a_shared_network_scenarios_take_turns", Needs::Nothing, in_a_shared_network_scenarios_take_turns),
        trial(
            "a_service_that_fails_leaves_verdicts_open_that_name_it",
            Needs::Private,
            a_service_that_fails_leaves_verdicts_open_that_name_it,
        ),
        trial("a_circuit_breaker_is_given_its_time", Needs::Private, a_circuit_breaker_is_given_its_time),
        trial(
            "a_service_is_told_of_its_renewed_certificate",
            Needs::Private,
            a_service_is_told_of_its_renewed_certificate,
        ),
        trial(
            "a_service_in_the_background_dies_with_its_world",
            Needs::Private,
            a_service_in_the_background_dies_with_its_world,
        ),
        trial("what_does_not_fit_together_is_a_fault", Needs::Nothing, what_does_not_fit_together_is_a_fault),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &'static str, needs: Needs, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || -> Result<Completion, Failed> {
        let network = || needs::private(HARNESS).filter(|_| needs == Needs::Private);
        needs::met(needs::programs(&["python3"]).or_else(network), test)
    })
}

/// A directory with the integration and its file, and the profile that it is of.
struct Files(TempDir, &'static str);

/// What a run said.
struct Ran {
    code: Option<i32>,
    said: String,
    report: Value,
    logs: String,
}

impl Files {
    fn new() -> Self {
        Self::of("classic-tokenization")
    }

    fn of(profile: &'static str) -> Self {
        let files = Self(tempfile::Builder::new().prefix("thales-service-").tempdir().unwrap(), profile);
        fs::write(files.0.path().join("backend.py"), BACKEND).unwrap();
        files
    }

    fn harness(&self, parts: &str, more: &[&str]) -> Output {
        let path = self.0.path().join("integration.toml");
        fs::write(&path, format!("name = \"acme\"\nprofile = \"{}\"\n{parts}", self.1)).unwrap();
        let mut command = Command::new(HARNESS);
        command.env_remove("GITHUB_STEP_SUMMARY").env_remove("GITHUB_ACTIONS");
        command.arg("run").arg("--integration").arg(&path).args(more).output().unwrap()
    }

    /// Plays some scenarios.
    fn run(&self, parts: &str, network: &str, only: &[&str]) -> Ran {
        let report = self.0.path().join("report");
        let mut words = vec!["--network", network, "--report", report.to_str().unwrap()];
        words.extend(only.iter().flat_map(|only| ["--only", only]));
        let output = self.harness(parts, &words);
        let said = said(&output);
        let text = fs::read(report.join("report.json")).unwrap_or_else(|error| panic!("{error}: {said}"));
        let logs = fs::read_dir(report.join("logs")).unwrap();
        let logs = logs.map(|log| fs::read_to_string(log.unwrap().path()).unwrap()).collect();
        let report = serde_json::from_slice(&text).unwrap();
        Ran { code: output.status.code(), said, report, logs }
    }

    fn refused(&self, parts: &str, words: &[&str]) {
        let output = self.harness(parts, &[]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(3), "{parts}\n{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is missing in:\n{said}");
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

impl Ran {
    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.report["requirements"].as_array().unwrap().iter().flat_map(|row| row["findings"].as_array().unwrap())
    }

    /// The ruling on every row of the scenarios.
    fn rulings(&self) -> BTreeMap<String, String> {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        self.findings()
            .map(|finding| {
                let of = ["requirement", "scenario", "phase"].map(|key| word(&finding[key])).join(" ");
                (of, word(&finding["ruling"]))
            })
            .collect()
    }

    /// Nothing is decided, and whatever was to be seen says why.
    fn is_open_for(&self, words: &str) {
        assert_eq!(self.code, Some(2), "{}", self.said);
        assert!(self.findings().count() > 0);
        for finding in self.findings() {
            assert_eq!(finding["ruling"], "unwitnessed", "{finding:#}");
            assert!(finding["seen"].as_str().unwrap().contains(words), "`{words}` is missing in {finding:#}");
            assert!(!finding["evidence"].as_array().unwrap().is_empty(), "{finding:#}");
        }
        assert!(self.said.contains(words), "`{words}` is missing in:\n{}", self.said);
    }
}

fn every_carrier_gets_the_same_verdicts() {
    let once = "[[caller]]\nname = \"caller\"\ncommand = [\"python3\", \"backend.py\", \"once\"]\n";
    let driver = "[[caller]]\nname = \"caller\"\nstdio = [\"python3\", \"backend.py\", \"driver\"]\n";
    let later = SERVICE.replace("\"service\"]", "\"service\", \"later\"]") + TRIGGERED;
    let by_command = "[[caller]]\nname = \"caller\"\nservice = \"backend\"\n\
                      trigger = { command = [\"python3\", \"-c\", \"import urllib.request as r; \
                      r.urlopen('http://127.0.0.1:8081/refresh', data=b'')\"] }\n";
    let polls = "[[service]]\nname = \"backend\"\ncommand = [\"python3\", \"backend.py\", \"polls\"]\n\
                 [[caller]]\nname = \"caller\"\nservice = \"backend\"\nwait = true\n";
    let only = ["inbound/expired", "inbound/leaf-rotation", "inbound/tls-1.1", "dns/asks-first"];
    let files = Files::new();
    let expected = files.run(once, "private", &only);
    assert_eq!(expected.code, Some(0), "{}", expected.said);
    let ways = [
        ("stdio", driver.to_owned()),
        ("trigger", format!("{SERVICE}{TRIGGERED}")),
        ("202", later),
        ("command", format!("{SERVICE}{by_command}")),
        ("wait", polls.to_owned()),
        ("kept", kept(&format!("{SERVICE}{TRIGGERED}"))),
        ("kept, command", kept(&format!("{SERVICE}{by_command}"))),
        ("kept, wait", polls.replace("\"polls\"]\n", "\"polls\"]\nkeep = \"run\"\n")),
    ];
    for (way, parts) in ways {
        let found = Files::new().run(&parts, "private", &only);
        assert_eq!(found.code, Some(0), "{way}: {}", found.said);
        assert_eq!(found.rulings(), expected.rulings(), "{way}");
    }
}

fn one_service_holds_both_roles() {
    let only = ["inbound/expired", "outbound/client-certificate", "outbound/control"];
    let parts = format!("{SERVICE}{TRIGGERED}{SERVING}");
    let found = Files::new().run(&parts, "private", &only);
    assert_eq!(found.code, Some(0), "{}", found.said);
    let rulings = found.rulings();
    assert!(rulings.len() > 5 && rulings.values().all(|ruling| ruling == "met"), "{rulings:?}");
    // Nobody else's health page tells when it may be called: its ports do.
    let plain = parts.replace("ready   = \"http://127.0.0.1:8081/health\"\n", "");
    let again = Files::new().run(&plain, "private", &only);
    assert_eq!((again.code, again.rulings()), (Some(0), rulings), "{}", again.said);
}

/// The service's own ports are those of the machine there, so that scenarios are played one after another, and nothing
/// of one is left for the next.
fn in_a_shared_network_scenarios_take_turns() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let files = Files::new();
    fs::write(files.0.path().join("backend.py"), BACKEND.replace("8081", &free)).unwrap();
    let parts = format!("{SERVICE}{SERVING}{TRIGGERED}").replace("8081", &free);
    let found = files.run(&parts, "shared", &["outbound/control", "outbound/client-certificate", "outbound/tls-1.1"]);
    assert_eq!(found.code, Some(0), "{}", found.said);
    assert!(found.rulings().values().all(|ruling| ruling == "met"), "{:?}", found.rulings());
    // Nothing is kept there, and that is said.
    let again = files.run(&kept(&parts), "shared", &["outbound/control", "outbound/tls-1.1"]);
    assert_eq!(again.code, Some(0), "{}", again.said);
    assert!(again.said.contains("keep = \"run\" needs a private network"), "{}", again.said);
    assert!(again.said.contains("in a shared network none outlives its scenario"), "{}", again.said);
    // Who listens there already is not the service.
    let taken = std::net::TcpListener::bind(format!("127.0.0.1:{free}")).unwrap();
    let found = files.run(&parts.replace("60s", "300ms"), "shared", &["outbound/control"]);
    found.is_open_for(&format!(
        "service `backend` was not started: another program listens on {}",
        taken.local_addr().unwrap()
    ));
}

fn a_service_that_fails_leaves_verdicts_open_that_name_it() {
    let wrong = |words: &str, within: &str| {
        SERVICE.replace("\"service\"]", &format!("\"service\", {words}]")).replace("60s", within) + SERVING
    };
    let run = |parts: &str, only: &str| Files::new().run(parts, "private", &[only]);
    for (side, only) in [("", "outbound/client-certificate"), (TRIGGERED, "inbound/expired")] {
        // Long enough for Python to answer at all on a busy machine.
        let never = run(&(wrong("\"never-ready\"", "8s") + side), only);
        never.is_open_for("service `backend` was not ready within 8s: http://127.0.0.1:8081/health answers HTTP 503");
        let stops = run(&(wrong("\"stops\"", "60s") + side), only);
        stops.is_open_for("service `backend` ended before it was ready (exit status: 1)");
        assert!(stops.logs.contains("no configuration"), "its last words are not in its log: {}", stops.logs);
        assert!(!stops.said.contains("no configuration"), "{}", stops.said);
    }
    let exits = run(&(wrong("\"exits\"", "60s") + TRIGGERED), "inbound/expired");
    exits.is_open_for("service `backend` has ended (exit status: 7)");
    let impatient = TRIGGERED.to_owned() + "within = \"1s\"\n";
    let hangs = run(&(wrong("\"hangs\"", "60s") + &impatient), "inbound/expired");
    hangs.is_open_for("service `backend` did not answer its trigger within 1s");
    let silent = "[[service]]\nname = \"backend\"\ncommand = [\"sleep\", \"600\"]\n[[caller]]\nname = \"caller\"\n\
                  service = \"backend\"\nwait = true\nwithin = \"500ms\"\n";
    run(silent, "inbound/expired").is_open_for("service `backend` made no connection");
}

/// After a call that failed it makes none for a second: what it would make of the next control is not known then.
fn a_circuit_breaker_is_given_its_time() {
    let breaking = SERVICE.replace("\"service\"]", "\"service\", \"breaker\"]") + TRIGGERED;
    let hasty = Files::new().run(&breaking, "private", &["inbound/expired"]);
    assert_eq!(hasty.code, Some(2), "{}", hasty.said);
    let settled = Files::new().run(&(breaking + "settle = \"1100ms\"\n"), "private", &["inbound/expired"]);
    assert_eq!(settled.code, Some(0), "{}", settled.said);
}

fn a_service_is_told_of_its_renewed_certificate() {
    for by in ["\"restart\"", "\"files\"", "{ command = [\"/bin/true\"] }"] {
        let parts = format!("[renewal]\nby = {by}\n{SERVICE}{TRIGGERED}");
        let found = Files::new().run(&parts, "private", &["inbound/own-renewal"]);
        assert_eq!(found.code, Some(0), "{by}: {}", found.said);
        assert!(found.rulings().values().all(|ruling| ruling == "met"), "{by}: {:?}", found.rulings());
    }
}

/// Twice forked, with a session of its own: it serves all the same, and its world's end is its own.
fn a_service_in_the_background_dies_with_its_world() {
    let files = Files::new();
    // Stands in the command line of everything that the service is.
    let token = files.0.path().file_name().unwrap().to_str().unwrap().to_owned();
    let parts = SERVICE.replace("\"service\"]", &format!("\"service\", \"forks\", \"{token}\"]")) + TRIGGERED + SERVING;
    let found = files.run(&parts, "private", &["inbound/expired", "outbound/control"]);
    assert_eq!(found.code, Some(0), "{}", found.said);
    let left: Vec<_> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path().join("cmdline")).ok())
        .filter(|line| line.contains(&token) && line.contains("forks"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

fn what_does_not_fit_together_is_a_fault() {
    let files = Files::new();
    let service = "[[service]]\nname = \"backend\"\ncommand = [\"/bin/true\"]\n";
    let caller = |keys: &str| format!("{service}[[caller]]\nname = \"spring\"\n{keys}\n");
    let refused = |parts: &str, word: &str| files.refused(parts, &[word]);
    let trigger = "trigger = { http = \"POST http://127.0.0.1:8081/\" }";
    refused(&caller("command = [\"/bin/true\"]\nservice = \"backend\""), "one of `command`, `stdio` and `service`");
    refused(&caller(""), "one of `command`, `stdio` and `service`");
    refused(&caller("service = \"bakend\"\nwait = true"), "no service is called `bakend`, expected `backend`");
    refused(&caller("service = \"backend\""), "what makes service `backend` call?");
    refused(&caller(&format!("service = \"backend\"\nwait = true\n{trigger}")), "`trigger` and `wait` exclude");
    refused(&caller("service = \"backend\"\ntrigger = { command = [] }"), "trigger: the command is empty");
    let by_command = "service = \"backend\"\ntrigger = { command = [\"/bin/true\"] }";
    refused(&caller(by_command), "no port is known that says when caller `spring` may trigger it");
    refused(
        &caller("service = \"backend\"\ntrigger = { command = [\"no-such-program\"] }\n")
            .replace("[\"/bin/true\"]\n[", "[\"/bin/true\"]\nready = \"http://127.0.0.1:1/\"\n["),
        "`spring` starts `no-such-program`",
    );
    for key in [trigger, "wait = true", "settle = \"1s\""] {
        let word = key.split(' ').next().unwrap();
        refused(&caller(&format!("command = [\"/bin/true\"]\n{key}")), &format!("`{word}` belongs to a `service`"));
    }
    let bad = "service = \"backend\"\ntrigger = { http = \"POST https://10.0.0.1/\" }";
    files.refused(&caller(bad), &["integration.toml:9:", "is not a method and a page of the service itself"]);
    let served = |keys: &str| {
        format!(
            "{service}[[receiver]]\nname = \"edge\"\n{keys}\n[[receiver.request]]\nmethod = \"GET\"\npath = \"/\"\nstatus = [200]\n"
        )
    };
    refused(&served(""), "receiver `edge`: expected one of `command`, `service` and `connect`");
    refused(&served("service = \"other\""), "receiver `edge`: no service is called `other`");
    refused(&served("service = \"backend\"\nwithin = \"1s\""), "`within` of [[service]] bounds the start");
    refused(&served("command = [\"/bin/true\"]"), "service `backend` is named by nobody");
    let with = |from: &str, to: &str| served("service = \"backend\"").replace(from, to);
    refused(&with("[\"/bin/true\"]", "[]"), "service `backend`: the command is empty");
    refused(&with("[\"/bin/true\"]", "[\"no-such-program\"]"), "`backend` starts `no-such-program`");
    refused(&with("[\"/bin/true\"]", "[\"/bin/true\"]\nkeep = \"always\""), "`scenario`");
    refused(&with("[\"/bin/true\"]", "[\"/bin/true\"]\nready = \"port 80\""), "`ready` is \"listening\"");
    refused(&format!("{service}{}", served("service = \"backend\"")), "service `backend` stands twice");
}
