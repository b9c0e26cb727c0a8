//! Integrations that hang, go to the background, print a gigabyte, close their pipes, answer garbage or die in the middle
//! of a call, driven in every way, side by side with good ones: each gets verdicts of its own in time, nobody else is
//! touched, and the harness stays small.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use conformance_tests::needs;
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;

const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");

/// The integration: how it is driven, and what it does.
const UNRULY: &str = include_str!("unruly.py");

/// How a caller can be driven.
const WAYS: [&str; 4] = ["command", "stdio", "service", "kept"];

/// What it does, and whether Thales is called properly all the same, when it is driven in each of these ways.
const CONDUCTS: [(&str, [bool; 4]); 7] = [
    ("good", [true, true, true, true]),
    ("hangs", [false, false, false, false]),
    ("forks", [true, true, true, true]),
    ("prints", [true, true, true, true]),
    // A driver without its input and output can be asked nothing more.
    ("closes", [true, false, true, true]),
    ("dies", [false, false, false, false]),
    ("garbage", [false, false, false, false]),
];

/// Most memory that the harness may have held at once, in KiB.
const MOST_KIB: u64 = 100 << 10;

/// Longest time for all of it; a hang lasts for three seconds.
const DEADLINE: Duration = Duration::from_secs(300);

/// How often the size of the harness is read.
const LOOK: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let test = Trial::ignorable_test("the_conduct_of_one_touches_no_other", || {
        let missing = needs::programs(&["python3"]).or_else(|| needs::private(HARNESS));
        needs::met(missing, the_conduct_of_one_touches_no_other)
    });
    libtest_mimic::run(&arguments, vec![test]).exit_code()
}

fn the_conduct_of_one_touches_no_other() {
    let dir = tempfile::Builder::new().prefix("thales-unruly-").tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::write(path("unruly.py"), UNRULY).unwrap();
    fs::write(path("integration.toml"), callers()).unwrap();
    let (report, said) = (path("report"), path("said"));
    let harness = Command::new(HARNESS)
        .args(["run", "--network", "private", "--only", "inbound/expired", "--only", "inbound/wrong-host"])
        .args(["--integration".as_ref(), path("integration.toml").as_os_str(), "--report".as_ref(), report.as_os_str()])
        .env_remove("GITHUB_STEP_SUMMARY")
        .env_remove("GITHUB_ACTIONS")
        .stdin(Stdio::null())
        .stdout(fs::File::create(&said).unwrap())
        .stderr(fs::File::create(path("errors")).unwrap())
        .spawn()
        .unwrap();
    let (code, peak_kib) = watched(harness);
    eprintln!("the harness held {peak_kib} KiB at most");
    let said = fs::read_to_string(said).unwrap();
    assert_eq!(code, Some(2), "{said}");
    assert!(peak_kib > 0 && peak_kib < MOST_KIB, "{peak_kib} KiB");
    let report: Value = serde_json::from_slice(&fs::read(report.join("report.json")).unwrap()).unwrap();
    let rulings = rulings(&report);
    for (conduct, calls) in CONDUCTS {
        for (way, calls) in WAYS.into_iter().zip(calls) {
            let name = format!("{way}-{conduct}");
            let found = &rulings.get(&name).unwrap_or_else(|| panic!("{name} has no verdict: {said}"));
            assert!(found.len() > 2, "{name}: {found:?}");
            for (ruling, seen) in *found {
                assert_eq!(ruling == "met", calls, "{name}: {ruling}: {seen}");
                assert!(calls || ruling == "unwitnessed", "{name}: {ruling}: {seen}");
                let is_service = matches!(way, "service" | "kept");
                assert!(calls || !is_service || seen.contains(&format!("service `{name}`")), "{name}: {seen}");
            }
        }
    }
}

/// Each conduct in each way, as a caller of one integration.
fn callers() -> String {
    let mut file = "name = \"unruly\"\nprofile = \"classic-tokenization\"\n".to_owned();
    for (conduct, _) in CONDUCTS {
        let within = if matches!(conduct, "hangs" | "garbage") { "3s" } else { "60s" };
        for way in WAYS {
            let name = format!("{way}-{conduct}");
            let words = |way: &str| format!("[\"python3\", \"unruly.py\", \"{way}\", \"{conduct}\"]");
            let driven = match way {
                "command" | "stdio" => format!("{way} = {}", words(way)),
                _ => {
                    let keep = if way == "kept" { "run" } else { "scenario" };
                    writeln!(
                        file,
                        "[[service]]\nname = \"{name}\"\ncommand = {}\nkeep = \"{keep}\"\nwithin = \"60s\"",
                        words("service")
                    )
                    .unwrap();
                    format!("service = \"{name}\"\ntrigger = {{ http = \"POST http://127.0.0.1:8081/\" }}")
                }
            };
            writeln!(file, "[[caller]]\nname = \"{name}\"\nwithin = \"{within}\"\n{driven}").unwrap();
        }
    }
    file
}

/// The exit code of a process, and the most memory that it held, in KiB.
fn watched(mut process: Child) -> (Option<i32>, u64) {
    let began = Instant::now();
    let status = format!("/proc/{}/status", process.id());
    let mut peak_kib = 0;
    loop {
        // What has ended has no memory any more: the last word stands.
        let words = fs::read_to_string(&status).unwrap_or_default();
        let line = words.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
        peak_kib = line.and_then(|kib| kib.parse().ok()).unwrap_or(peak_kib);
        if let Some(status) = process.try_wait().unwrap() {
            return (status.code(), peak_kib);
        }
        if began.elapsed() > DEADLINE {
            process.kill().unwrap();
            panic!("not over after {DEADLINE:?}");
        }
        std::thread::park_timeout(LOOK);
    }
}

/// What was ruled on each caller, and what was seen.
fn rulings(report: &Value) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let rows = report["requirements"].as_array().unwrap();
    for finding in rows.iter().flat_map(|row| row["findings"].as_array().unwrap()) {
        let word = |key: &str| finding[key].as_str().unwrap().to_owned();
        found.entry(word("integration")).or_default().push((word("ruling"), word("seen")));
    }
    found
}
