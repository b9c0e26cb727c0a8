//! Worlds on this machine, as root and as an ordinary user alike. The first thing in `main` has to be `enter`, so that
//! these tests have a `main` of their own. The same program, started with words behind it, plays the customer's
//! programs (`customer.rs`) and harnesses that are killed or badly begun (`process.rs`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod counterpart;
mod customer;
mod isolation;
mod process;
mod reach;
mod renewal;
mod shared;
#[path = "../../../mock-thales/tests/support/tools.rs"]
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use thales_harness::world::{Host, Network, Setup, Wanted, World, enter};
use tokio::process::Command;
use tokio::runtime::Runtime;

/// How long anything here may take before the test fails; everything takes milliseconds.
const DEADLINE: Duration = Duration::from_secs(30);

static HOST: OnceLock<Host> = OnceLock::new();
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("customer") => return customer::main(&words[1..]),
        Some("process") => return process::main(&words[1..]),
        _ => {}
    }
    let host = enter(Wanted { in_process: false, allow_private: true });
    let arguments = Arguments::from_args();
    let private = host.network == Network::Private;
    // Without namespaces the tests of private worlds are listed as ignored, never as passed.
    let ignore = |trial: Trial| if private { trial } else { trial.with_ignored_flag(true) };
    HOST.set(host).expect("nobody else enters");
    let mut trials: Vec<_> = reach::trials().into_iter().chain(isolation::trials()).map(ignore).collect();
    trials.extend(process::trials().into_iter().chain(renewal::private()).map(ignore));
    trials.extend(shared::trials().into_iter().chain(renewal::shared()));
    trials.push(tools::no_test_is_an_attribute(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/world")));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &'static str, test: fn()) -> Trial {
    tools::trial(name, &[], test)
}

fn host() -> &'static Host {
    HOST.get().expect("main has entered")
}

/// One runtime in the machine's network serves all worlds.
fn runtime() -> &'static Runtime {
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime can be made"))
}

/// Runs a test's conversation, with the deadline of them all.
fn within<T>(conversation: impl Future<Output = T>) -> T {
    runtime().block_on(async { tokio::time::timeout(DEADLINE, conversation).await.expect("it ends in time") })
}

/// The directory of this program, which the customer's programs are started from.
fn own_directory() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    program.parent().expect("it lies in a directory").to_owned()
}

fn setup() -> Setup {
    Setup { keep: vec![own_directory()], ..Setup::default() }
}

fn open(setup: &Setup) -> World {
    World::open(host(), setup).unwrap_or_else(|error| panic!("failed to {error}"))
}

/// A customer's program, played by this one.
fn customer(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.arg("customer").args(words).kill_on_drop(true);
    command
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).kill_on_drop(true);
    command
}

/// What a command prints, once it has ended well.
async fn printed(world: &World, mut command: Command) -> String {
    use std::process::Stdio;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = world.spawn(command).unwrap_or_else(|error| panic!("failed to {error}"));
    let output = child.wait_with_output().await.expect("the child can be waited for");
    let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    assert!(output.status.success(), "{}: {text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    text
}
