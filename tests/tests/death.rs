//! The harness is killed or interrupted while it has processes: nothing of it may stay, no process, no mount, no key.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// How long anything here may take before the test fails; everything takes milliseconds.
const DEADLINE: Duration = Duration::from_secs(60);

/// How often the table of processes is read.
const LOOK: Duration = Duration::from_millis(20);

/// A program that never ends by itself, as a caller whose call lasts.
const CALLER: &str = "[[caller]]\nname = \"batch\"\nwithin = \"600s\"\ncommand = [PROGRAM]\n";

/// The same, as a driver.
const DRIVER: &str = "[[caller]]\nname = \"driver\"\nwithin = \"600s\"\nstdio = [PROGRAM]\n";

/// The same, as a server that does not come to listen.
const RECEIVER: &str = "[[receiver]]\nname = \"edge\"\nwithin = \"600s\"\ncommand = [PROGRAM]\n\
                        [[receiver.request]]\nmethod = \"GET\"\npath = \"/\"\nstatus = [200]\n";

/// The same, as a service that calls by itself and never does.
const SERVICE: &str = "[[service]]\nname = \"backend\"\ncommand = [PROGRAM]\n[[caller]]\nname = \"caller\"\n\
                       within = \"600s\"\nservice = \"backend\"\nwait = true\n";

/// The same, kept for the run.
const KEPT: &str = "[[service]]\nname = \"backend\"\ncommand = [PROGRAM]\nkeep = \"run\"\n[[caller]]\n\
                    name = \"caller\"\nwithin = \"600s\"\nservice = \"backend\"\nwait = true\n";

/// A harness that runs, with directories and words that nobody else has.
struct Harness {
    process: Child,
    /// Stands in the command line of everything that the harness starts, and in its own.
    token: String,
    dir: TempDir,
    temporary: TempDir,
    mounts: Vec<String>,
}

impl Harness {
    fn start(part: &str, program: &str, network: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // A number of seconds that no other sleep has.
        let token = format!("6{:07}.{:04}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = tempfile::Builder::new().prefix(&format!("{token}-")).tempdir().unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let path = dir.path().join("integration.toml");
        let part = part.replace("PROGRAM", program).replace("TOKEN", &token);
        fs::write(&path, format!("name = \"acme\"\nprofile = \"classic-tokenization\"\n{part}")).unwrap();
        let mounts = mounts();
        // A shell that starts something in its background lets it ignore SIGINT, and so would the harness.
        let process = Command::new("env")
            .args(["--default-signal=INT,TERM", env!("CARGO_BIN_EXE_thales-harness-under-test")])
            .args(["run", "--network", network, "--jobs", "3", "--integration", path.to_str().unwrap()])
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, token, dir, temporary, mounts }
    }

    /// Waits until so many processes beside the harness have the token behind `word` in their command line.
    fn wait_for(&self, word: &str, count: usize) {
        let wanted = format!("{word}\0");
        wait_until(&format!("{count} of {word}"), || {
            let found = lines_of(&self.token).into_iter().filter(|line| line.contains(&wanted)).count();
            (found >= count).then_some(())
        });
    }

    /// Returns how many namespaces have ended with it.
    fn end_by(mut self, signal: Signal) -> usize {
        let namespaces = namespaces_of(&self.token);
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).unwrap();
        let status = self.process.wait().unwrap();
        assert!(!status.success(), "{status}");
        wait_until("the end of every process", || lines_of(&self.token).is_empty().then_some(()));
        let own = [self.dir.path(), self.temporary.path()].map(|path| path.display().to_string());
        let left: Vec<_> = mounts()
            .into_iter()
            .filter(|mount| !self.mounts.contains(mount))
            .filter(|mount| mount.contains("thales") || own.iter().any(|path| mount.contains(path)))
            .collect();
        assert_eq!(left, Vec::<String>::new());
        assert_eq!(keys_below(self.temporary.path()), Vec::<String>::new());
        // What ends takes a moment to let go.
        wait_until("the end of every namespace", || held(&namespaces).is_empty().then_some(()));
        namespaces.len()
    }
}

/// The kinds of namespaces that a world has of its own.
const KINDS: [&str; 4] = ["net", "mnt", "pid", "user"];

/// The namespaces, as the kernel names them, of the processes that hold the token, and those that they have open, without
/// those of this process.
fn namespaces_of(token: &str) -> BTreeSet<PathBuf> {
    let own: BTreeSet<_> = namespaces_at(Path::new("/proc/self")).collect();
    let holds = |process: &PathBuf| {
        fs::read(process.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(token))
    };
    let found = processes().filter(holds).flat_map(|process| namespaces_at(&process).collect::<Vec<_>>());
    found.filter(|namespace| !own.contains(namespace)).collect()
}

/// Which of these namespaces a process is in, has open, or has mounted.
fn held(namespaces: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let is_one = |namespace: &PathBuf| namespaces.contains(namespace);
    let by_processes = processes().flat_map(|process| namespaces_at(&process).collect::<Vec<_>>());
    let mounted = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mounted = mounted.lines().filter_map(|line| Some(PathBuf::from(line.split(' ').nth(3)?)));
    by_processes.chain(mounted.collect::<Vec<_>>()).filter(is_one).collect()
}

fn processes() -> impl Iterator<Item = PathBuf> {
    let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    entries.filter(move |entry| is_number(&entry.file_name().to_string_lossy())).map(|entry| entry.path())
}

/// The namespaces that a process is in or has open. One that ends meanwhile, or is another user's, has none.
fn namespaces_at(process: &Path) -> impl Iterator<Item = PathBuf> {
    let own = KINDS.map(|kind| process.join("ns").join(kind));
    let open = fs::read_dir(process.join("fd")).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    own.into_iter()
        .chain(open)
        .filter_map(|path| fs::read_link(path).ok())
        .filter(|link| KINDS.iter().any(|kind| link.to_string_lossy().starts_with(&format!("{kind}:["))))
}

fn wait_until<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = seen() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::park_timeout(LOOK);
    }
}

/// Command lines that hold the token, words ended by NUL.
fn lines_of(token: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
        // One that ends meanwhile has no line.
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .filter(|line| line.contains(token))
        .collect()
}

fn mounts() -> Vec<String> {
    fs::read_to_string("/proc/mounts").unwrap().lines().map(str::to_owned).collect()
}

fn keys_below(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(keys_below(&path));
        } else if fs::read(&path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("PRIVATE KEY")) {
            found.push(path.display().to_string());
        }
    }
    found
}

const SLEEP: &str = "\"sleep\", \"TOKEN\"";

/// Leaves its parent twice, and has a session of its own each time.
const DAEMON: &str =
    "\"sh\", \"-c\", \"setsid sh -c 'setsid nohup sleep $$0 >/dev/null 2>&1 &' $$0; exec sleep $$0\", \"TOKEN\"";

/// Whether this machine has private networks; the tests of them have nothing to say otherwise.
fn is_private() -> bool {
    let doctor = Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test")).arg("doctor").output().unwrap();
    let private = doctor.status.success();
    if !private {
        eprintln!("no private network on this machine: nothing was tried");
    }
    private
}

const SIGNALS: [Signal; 3] = [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT];

fn dies_with(part: &str, program: &str, sleeping: usize) {
    if !is_private() {
        return;
    }
    for signal in SIGNALS {
        let harness = Harness::start(part, program, "private");
        let word = harness.token.clone();
        harness.wait_for(&format!("sleep\0{word}"), sleeping);
        assert!(harness.end_by(signal) > 2);
    }
}

#[test]
fn in_the_middle_of_a_call() {
    dies_with(CALLER, SLEEP, 1);
}

#[test]
fn with_a_driver() {
    dies_with(DRIVER, SLEEP, 1);
}

#[test]
fn with_a_receiver_that_starts() {
    dies_with(RECEIVER, SLEEP, 1);
}

#[test]
fn with_several_worlds() {
    dies_with(CALLER, SLEEP, 3);
}

#[test]
fn with_a_daemon_that_left_its_parents() {
    dies_with(CALLER, DAEMON, 2);
}

#[test]
fn with_a_service_that_left_its_parents() {
    dies_with(SERVICE, DAEMON, 2);
}

#[test]
fn with_a_service_that_is_kept_and_left_its_parents() {
    dies_with(KEPT, DAEMON, 2);
}

/// Each call leaves a daemon behind, so that their number tells how far the run is.
#[test]
fn at_any_moment() {
    if !is_private() {
        return;
    }
    let leaves = "\"sh\", \"-c\", \"setsid sh -c 'setsid nohup sleep $$0 >/dev/null 2>&1 &' $$0\", \"TOKEN\"";
    let both = format!("{CALLER}{KEPT}").replace("[PROGRAM]\nkeep", "[DAEMON]\nkeep").replace("PROGRAM", leaves);
    let both = both.replace("DAEMON", DAEMON);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    let moments = [nanos % 3, 3 + nanos / 3 % 5, 8 + nanos / 15 % 12];
    for (signal, moment) in SIGNALS.into_iter().flat_map(|signal| moments.map(|moment| (signal, moment))) {
        eprintln!("{signal} after {moment} daemons");
        let harness = Harness::start(&both, "", "private");
        let word = harness.token.clone();
        harness.wait_for(&format!("sleep\0{word}"), moment as usize);
        harness.end_by(signal);
    }
}

#[test]
fn as_soon_as_there_is_a_world() {
    if !is_private() {
        return;
    }
    for signal in SIGNALS {
        let harness = Harness::start(CALLER, SLEEP, "private");
        // The harness's own line is there from the beginning; a second one is the first world's.
        let token = harness.token.clone();
        wait_until("a world", || (lines_of(&token).len() >= 2).then_some(()));
        harness.end_by(signal);
    }
}

/// Processes go there, too, but for a daemon that left its parents: only a PID namespace holds those. The files lie on
/// the machine's own disk, and the next run takes them away.
#[test]
fn in_a_shared_network() {
    for signal in SIGNALS {
        let mut harness = Harness::start(CALLER, SLEEP, "shared");
        let word = harness.token.clone();
        harness.wait_for(&format!("sleep\0{word}"), 1);
        kill(Pid::from_raw(harness.process.id().cast_signed()), signal).unwrap();
        harness.process.wait().unwrap();
        wait_until("the end of every process", || lines_of(&harness.token).is_empty().then_some(()));
        let next = Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test"))
            .args(["run", "--network", "shared", "--only", "inbound/control"])
            .env("TMPDIR", harness.temporary.path())
            .output()
            .unwrap();
        assert_eq!(next.status.code(), Some(0), "{}", String::from_utf8_lossy(&next.stderr));
        assert_eq!(keys_below(harness.temporary.path()), Vec::<String>::new());
    }
}
