//! Other machines than a developer's: an ordinary user's, and one that allows no namespaces. Only root can play them;
//! for others the tests are listed as ignored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use conformance_tests::needs;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

const NOBODY: &str = "65534";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("an_ordinary_user_is_ready", an_ordinary_user_is_ready),
        trial("doctor_stands_on_one_rung_and_knows_the_way_up", doctor),
        trial("without_namespaces_it_is_incomplete_and_nothing_fails", without_namespaces),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &'static str, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || -> Result<Completion, Failed> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(Completion::ignored_with("only root can play another machine"));
        }
        let nested = Command::new("unshare").args(["--user", "--map-root-user", "true"]).output();
        let missing = (!nested.is_ok_and(|output| output.status.success())).then(|| "namespaces".to_owned());
        needs::met(missing, test)
    })
}

/// The program and a directory for the report, where anybody may read and write.
fn ground() -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (program, report) = (dir.path().join("thales-harness"), dir.path().join("report"));
    // Another process copies: a program that is open for writing cannot be started, and what another test starts just
    // now may hold whatever this process has open.
    let words = ["-m", "755", env!("CARGO_BIN_EXE_thales-harness-under-test")];
    assert!(Command::new("install").args(words).arg(&program).status().unwrap().success());
    fs::create_dir(&report).unwrap();
    for (path, mode) in [(dir.path(), 0o755), (&report, 0o777)] {
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

/// What `doctor` says: the rung it stands on, and the lines that follow each rung's.
fn rungs(output: &Output) -> (String, String) {
    let text = words(output);
    let (_, rungs) = text.split_once("networks, best first:\n").unwrap_or_else(|| panic!("{text}"));
    let here: Vec<_> = rungs.lines().filter_map(|line| line.strip_prefix("->  ")).collect();
    assert_eq!(here.len(), 1, "{text}");
    (here[0].to_owned(), text)
}

/// Installs what Docker installs by default, as far as it concerns namespaces, and becomes `doctor`: a filter that
/// answers EPERM to unshare and mount, and a bounding set without the rights of an administrator.
const CONTAINED: &str = r#"
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
for capability in (12, 18, 21):
    libc.prctl(24, capability, 0, 0, 0)
libc.prctl(38, 1, 0, 0, 0)
unshare, mount = {"x86_64": (272, 165), "aarch64": (97, 40)}[os.uname().machine]
deny = 0x00050000 | 1
code = [(0x20, 0, 0, 0), (0x15, 1, 0, unshare), (0x15, 0, 1, mount), (0x06, 0, 0, deny), (0x06, 0, 0, 0x7fff0000)]
blocks = b"".join(struct.pack("HBBI", *block) for block in code)
buffer = ctypes.create_string_buffer(blocks)
program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
assert libc.prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())
os.environ["container"] = "a test"
os.execv(sys.argv[1], sys.argv[1:])
"#;

fn doctor() {
    let (_dir, program, _report) = ground();
    let run = |command: &mut Command| rungs(&command.arg("doctor").output().unwrap());
    let (here, text) = run(&mut Command::new(&program));
    if here == "private networks, as root" {
        let (here, text) = run(&mut as_nobody(&program));
        // A machine may keep namespaces for root.
        let is_shared = here.contains("loopback");
        assert!(is_shared || here == "private networks, in a user namespace", "{text}");
        assert!(text.contains("ok  private networks, as root\n    how:"), "{text}");
        assert_eq!(text.contains("NO  private networks, in a user namespace\n    fix:"), is_shared, "{text}");
    } else {
        assert!(text.contains("NO  private networks, as root\n    fix:"), "{text}");
    }
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && echo 0 > /proc/sys/user/max_net_namespaces && exec \"$0\" \"$@\"";
    let mut limited = Command::new("unshare");
    limited.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(&program);
    let (here, text) = run(&mut limited);
    assert!(here.contains("loopback") && text.contains("sudo sysctl -w user.max_"), "{text}");
    if Command::new("python3").arg("--version").output().is_ok() {
        let (here, text) = run(Command::new("python3").args(["-c", CONTAINED]).arg(&program));
        assert!(here.contains("loopback"), "{text}");
        // Whose container it is, the machine of the test says.
        for rung in ["as root", "in a user namespace"] {
            assert!(text.contains(&format!("NO  private networks, {rung}\n    fix:")), "{text}");
        }
        assert!(text.contains("privileged") && text.contains("unconfined") | text.contains("filter"), "{text}");
        assert!(text.contains("a system call filter, most likely the container's"), "{text}");
    }
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
