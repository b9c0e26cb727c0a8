//! Other machines than a developer's: an ordinary user's, and one that allows no namespaces. Only root can play them;
//! for others the tests are listed as ignored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

const NOBODY: &str = "65534";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("an_ordinary_user_is_ready", an_ordinary_user_is_ready),
        trial("without_namespaces_it_is_incomplete_and_nothing_fails", without_namespaces),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &'static str, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || -> Result<Completion, Failed> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(Completion::ignored_with("only root can play another machine"));
        }
        test();
        Ok(Completion::Completed)
    })
}

/// The program and a directory for the report, where anybody may read and write.
fn ground() -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (program, report) = (dir.path().join("thales-harness"), dir.path().join("report"));
    fs::copy(env!("CARGO_BIN_EXE_thales-harness-under-test"), &program).unwrap();
    fs::create_dir(&report).unwrap();
    for (path, mode) in [(dir.path(), 0o755), (&program, 0o755), (&report, 0o777)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    (dir, program, report)
}

fn read(report: &Path) -> Value {
    serde_json::from_slice(&fs::read(report.join("report.json")).unwrap()).unwrap()
}

fn words(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(program).current_dir("/");
    command
}

fn an_ordinary_user_is_ready() {
    let (_dir, program, report) = ground();
    let private = as_nobody(&program).arg("doctor").output().unwrap().status.success();
    let output = as_nobody(&program).args(["run", "--report"]).arg(&report).output().unwrap();
    let found = read(&report);
    // A machine may keep namespaces for root: then an ordinary user has the shared network.
    let (code, readiness, network) = if private { (0, "ready", "private") } else { (2, "incomplete", "shared") };
    assert_eq!(output.status.code(), Some(code), "{}", words(&output));
    assert_eq!((&found["readiness"], &found["network"]), (&readiness.into(), &network.into()));
}

fn without_namespaces() {
    let (_dir, program, report) = ground();
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && echo 0 > /proc/sys/user/max_net_namespaces && \
                  exec \"$0\" run --report \"$1\"";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .args([&program, &report])
        .output()
        .unwrap();
    let text = words(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("no private network"), "{text}");
    let found = read(&report);
    assert_eq!((&found["readiness"], &found["network"]), (&"incomplete".into(), &"shared".into()));
    let verdicts: Vec<_> =
        found["requirements"].as_array().unwrap().iter().map(|row| (&row["id"], &row["verdict"])).collect();
    let bad: Vec<_> = verdicts.iter().filter(|(_, verdict)| *verdict == "fail").collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert!(verdicts.iter().filter(|(_, verdict)| *verdict == "pass").count() > 20, "{verdicts:?}");
}
