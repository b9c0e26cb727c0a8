//! Harnesses that are processes of their own: killed without warning, begun with a second thread, in an empty network,
//! on a machine with a broken resolv.conf.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitPidFlag, waitpid};
use thales_harness::world::{Host, Network, Refusal, Setup, Wanted, World, doctor, enter, sweep_stale};

use super::{customer, setup, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_killed_harness_leaves_no_process", a_killed_harness_leaves_no_process),
        trial("a_world_of_threads_alone_has_no_process", a_world_of_threads_alone_has_no_process),
        trial("a_second_thread_is_told", a_second_thread_is_told),
        trial("a_process_with_foreign_code_is_cut_off", a_process_with_foreign_code_is_cut_off),
        trial("a_broken_resolv_conf_is_mended", a_broken_resolv_conf_is_mended),
        trial("a_shared_network_is_no_refusal_where_it_is_wanted", a_shared_network_is_no_refusal),
        trial("an_exhausted_limit_is_told", an_exhausted_limit_is_told),
    ]
}

fn start(words: &[&str], temporary: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .arg("process")
        .args(words)
        .env("TMPDIR", temporary)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn said(words: &[&str]) -> String {
    let output = start(words, &std::env::temp_dir()).wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn a_killed_harness_leaves_no_process() {
    let temporary = tempfile::tempdir().unwrap();
    killed("private", temporary.path());
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "a private world leaves no file either");
}

/// Its assets stay, since they lie on the machine's own disk, until the next run sweeps them.
pub(crate) fn a_killed_shared_harness_is_swept_up_after() {
    let temporary = tempfile::tempdir().unwrap();
    killed("shared", temporary.path());
    let left = || std::fs::read_dir(&temporary).unwrap().count();
    assert_eq!(left(), 1);
    let output = start(&["sweep"], temporary.path()).wait_with_output().unwrap();
    assert_eq!((output.stdout.as_slice(), left()), (b"1\n".as_slice(), 0));
}

/// Everything that the harness started holds its output; the end of file is the end of them all.
fn killed(network: &str, temporary: &Path) {
    let mut harness = start(&["hold", network], temporary);
    let mut out = BufReader::new(harness.stdout.take().unwrap());
    for _program in ["the daemon", "the command"] {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "holding\n");
    }
    harness.kill().unwrap();
    harness.wait().unwrap();
    let mut rest = Vec::new();
    out.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

/// Until somebody starts a command in it all the same, which is in the world then, and ends with it.
fn a_world_of_threads_alone_has_no_process() {
    assert_eq!(said(&["threads-only", "private"]), "no process, nameserver 192.0.2.1, 3 started");
    assert_eq!(said(&["threads-only", "shared"]), "no process, no nameserver, 3 started");
}

fn a_second_thread_is_told() {
    assert_eq!(said(&["second-thread"]), "Shared SecondThread");
}

fn a_process_with_foreign_code_is_cut_off() {
    let outside = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = outside.local_addr().unwrap().port().to_string();
    assert_eq!(said(&["in-process", &port]), "Private ConnectionRefused NetworkUnreachable nameserver 192.0.2.1");
}

fn a_broken_resolv_conf_is_mended() {
    assert_eq!(said(&["dangling"]), "nameserver 192.0.2.1");
}

fn a_shared_network_is_no_refusal() {
    assert_eq!(said(&["shared"]), "Shared None");
}

fn an_exhausted_limit_is_told() {
    assert_eq!(said(&["limit"]), "Shared the limit user.max_net_namespaces is zero or used up");
}

pub(crate) fn main(words: &[String]) -> ExitCode {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let private = Wanted { in_process: false, allow_private: true };
    match words.as_slice() {
        ["hold", network] => hold(Wanted { allow_private: *network == "private", ..private }),
        ["second-thread"] => {
            let (stop, stopped) = std::sync::mpsc::channel::<()>();
            let second = std::thread::spawn(move || stopped.recv());
            let host = enter(private);
            drop(stop);
            let _ = second.join();
            say(&format!("{:?} {:?}", host.network, host.refusal.unwrap_or(Refusal::NotLinux)));
        }
        ["threads-only", network] => threads_only(private, *network == "private"),
        ["in-process", port] => in_process(Wanted { in_process: true, ..private }, port.parse().unwrap()),
        ["dangling"] => dangling(private),
        ["shared"] => {
            let host = enter(Wanted { allow_private: false, ..private });
            say(&format!("{:?} {:?}", host.network, host.refusal));
        }
        ["sweep"] => say(&sweep_stale().len().to_string()),
        ["limit"] => limit(private),
        ["timing", rounds] => timing(private, rounds.parse().unwrap()),
        ["doctor"] => {
            for finding in doctor(&enter(private)) {
                say(&format!("{finding:?}"));
            }
        }
        _ => return ExitCode::from(89),
    }
    ExitCode::SUCCESS
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// Holds a world with a process, and one that left its parent, until it is killed.
fn hold(wanted: Wanted) {
    let host = enter(wanted);
    let world = World::open(&host, &setup()).unwrap();
    let runtime = runtime();
    let _entered = runtime.enter();
    let program = std::env::current_exe().unwrap();
    let mut daemon = super::shell("(\"$0\" customer hold <&9 &) 9<&0; read line");
    daemon.arg(program).stdin(Stdio::piped());
    let _daemon = world.spawn(daemon).unwrap();
    let mut command = customer(&["hold"]);
    command.stdin(Stdio::piped());
    let _child = world.spawn(command).unwrap();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn threads_only(wanted: Wanted, private: bool) {
    let host = Host { network: if private { Network::Private } else { Network::Shared }, ..enter(wanted) };
    let world = World::open(&host, &Setup { threads_only: true, ..setup() }).unwrap();
    let processes = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => "no process",
        _ => "a process",
    };
    let entered = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            world.enter_current_thread().unwrap();
            std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default()
        });
        thread.join().unwrap()
    });
    let server = if private { entered.trim_end() } else { "no nameserver" };
    // Numbers are small in a PID namespace of its own; in a process group of its own a command would be the leader.
    let script = if private {
        "test $$ -lt 100 && cat /etc/resolv.conf"
    } else {
        "read pid name state parent group rest < /proc/$$/stat; test $group -ne $$ && echo nameserver"
    };
    let runtime = runtime();
    let started = (0..3)
        .filter(|_| runtime.block_on(super::printed(&world, super::shell(script))).starts_with("nameserver"))
        .count();
    world.close().unwrap();
    say(&format!("{processes}, {server}, {started} started"));
}

fn in_process(wanted: Wanted, port: u16) {
    let host = enter(wanted);
    let error = |address: SocketAddr| match TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
        Ok(_) => "connected".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    };
    let near = error(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let far = error(SocketAddr::from(([198, 51, 100, 10], 443)));
    let world = World::open(&host, &setup()).unwrap();
    let text = runtime().block_on(super::printed(&world, super::shell("cat /etc/resolv.conf")));
    say(&format!("{:?} {near} {far} {text}", host.network));
}

/// A machine whose resolv.conf is a link that leads nowhere, for this process alone.
fn dangling(wanted: Wanted) {
    let host = enter(wanted);
    assert_eq!(host.network, Network::Private);
    let none: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS).unwrap();
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
    let store = std::env::temp_dir();
    mount(Some("tmpfs"), &store, Some("tmpfs"), MsFlags::empty(), none).unwrap();
    for name in ["upper", "work"] {
        std::fs::create_dir(store.join(name)).unwrap();
    }
    let options = format!("lowerdir=/etc,upperdir={0}/upper,workdir={0}/work,userxattr", store.display());
    mount(Some("overlay"), "/etc", Some("overlay"), MsFlags::empty(), Some(options.as_str())).unwrap();
    std::fs::remove_file("/etc/resolv.conf").unwrap();
    std::os::unix::fs::symlink("../run/systemd/resolve/no-such-file", "/etc/resolv.conf").unwrap();
    std::env::set_current_dir("/").unwrap();
    let world = World::open(&host, &Setup::default()).unwrap();
    say(&runtime().block_on(super::printed(&world, super::shell("cat /etc/resolv.conf"))));
}

/// A machine that allows no network namespace: a user namespace with a limit of its own.
fn limit(wanted: Wanted) {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    unshare(CloneFlags::CLONE_NEWUSER).unwrap();
    std::fs::write("/proc/self/setgroups", "deny").unwrap();
    std::fs::write("/proc/self/uid_map", format!("{uid} {uid} 1")).unwrap();
    std::fs::write("/proc/self/gid_map", format!("{gid} {gid} 1")).unwrap();
    std::fs::write("/proc/sys/user/max_net_namespaces", "0").unwrap();
    let host = enter(wanted);
    say(&format!("{:?} {}", host.network, host.refusal.unwrap()));
}

/// Prints medians and maxima in microseconds: opening, starting `true` to its end, closing.
fn timing(wanted: Wanted, rounds: usize) {
    let begun = Instant::now();
    let host = enter(wanted);
    say(&format!("enter {} µs, {:?}", begun.elapsed().as_micros(), host.network));
    let runtime = runtime();
    let mut took = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let begun = Instant::now();
        let world = World::open(&host, &setup()).unwrap();
        took[0].push(begun.elapsed());
        let begun = Instant::now();
        runtime.block_on(async { world.spawn(tokio::process::Command::new("true")).unwrap().wait().await }).unwrap();
        took[1].push(begun.elapsed());
        let begun = Instant::now();
        world.close().unwrap();
        took[2].push(begun.elapsed());
    }
    for (what, times) in ["open", "start and wait", "close"].iter().zip(&mut took) {
        times.sort();
        say(&format!("{what}: median {:?}, greatest {:?}", times[times.len() / 2], times[times.len() - 1]));
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{text}").and_then(|()| out.flush()).unwrap();
}
