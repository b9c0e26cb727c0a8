//! What a private world holds and hides: files, directories, processes, and how commands start and end there.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use libtest_mimic::Trial;
use thales_harness::world::{Asset, Setup, WorldError};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::{customer, open, printed, runtime, setup, shell, trial, within};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("assets_lie_in_the_portal_only", assets_lie_in_the_portal_only),
        trial("files_lie_where_production_expects_them", files_lie_where_production_expects_them),
        trial("a_link_that_leads_nowhere_becomes_the_file", a_link_that_leads_nowhere_becomes_the_file),
        trial("files_that_cannot_be_are_told", files_that_cannot_be_are_told),
        trial("each_world_has_a_tmp_of_its_own", each_world_has_a_tmp_of_its_own),
        trial("the_whole_of_tmp_can_be_kept", the_whole_of_tmp_can_be_kept),
        trial("the_name_service_is_the_worlds", the_name_service_is_the_worlds),
        trial("processes_see_their_own", processes_see_their_own),
        trial("commands_start_in_the_current_directory", commands_start_in_the_current_directory),
        trial("a_command_keeps_a_proxy_of_its_own", a_command_keeps_a_proxy_of_its_own),
        trial("what_exec_says_is_the_error", what_exec_says_is_the_error),
        trial("codes_and_signals_are_the_childs_own", codes_and_signals_are_the_childs_own),
        trial("a_dropped_handle_kills", a_dropped_handle_kills),
        trial("a_daemon_dies_with_its_world", a_daemon_dies_with_its_world),
        trial("an_unreaped_child_does_not_hold_the_world", an_unreaped_child_does_not_hold_the_world),
    ]
}

fn asset(name: &str, content: &str, secret: bool) -> Asset {
    Asset { name: name.into(), content: content.into(), secret }
}

fn with_files(targets: &[&Path]) -> Setup {
    let files: BTreeMap<_, _> = targets.iter().map(|target| (target.to_path_buf(), "CA".to_owned())).collect();
    Setup { assets: vec![asset("CA", "authority", false)], files, ..setup() }
}

fn assets_lie_in_the_portal_only() {
    let world = open(&Setup { assets: vec![asset("CA", "authority", false), asset("KEY", "key", true)], ..setup() });
    let portal = world.portal().to_str().unwrap().to_owned();
    let text = within(printed(&world, shell(&format!("cd {portal} && stat -c '%a %n %U' . CA KEY && cat CA KEY"))));
    let user = within(printed(&world, shell("id -un")));
    assert_eq!(text, format!("700 . {user}\n644 CA {user}\n600 KEY {user}\nauthoritykey"));
    assert!(!Path::new(&portal).exists(), "the machine's own /tmp has a portal directory");
}

fn files_lie_where_production_expects_them() {
    let missing: [&Path; 6] = [
        Path::new("/etc/acme-test/ca.pem"),
        Path::new("/etc/acme-test/deep/er/ca.pem"),
        Path::new("/acme-test/ca.pem"),
        Path::new("/run/acme-test/ca.pem"),
        Path::new("/usr/share/acme-test/ca.pem"),
        Path::new("/tmp/acme-test/ca.pem"),
    ];
    let kept = tempfile::tempdir().unwrap();
    let existing = kept.path().join("ca.pem");
    fs::write(&existing, "the machine's").unwrap();
    let targets: Vec<_> = missing.into_iter().chain([existing.as_path()]).collect();
    let mut setup = with_files(&targets);
    setup.keep.push(kept.path().to_owned());
    let world = open(&setup);
    for target in targets {
        let target = target.to_str().unwrap();
        assert_eq!(within(printed(&world, shell(&format!("cat {target}")))), "authority", "{target}");
    }
    for target in missing {
        assert!(!target.parent().unwrap().exists(), "{} was made on the machine", target.display());
    }
    assert_eq!(fs::read_to_string(&existing).unwrap(), "the machine's");
    // What lay in the extended folders still does.
    let script = "grep -c ^root: /etc/passwd; ls -d /proc/1 /dev/null /usr/share/zoneinfo/. /usr/bin/env";
    let still = within(printed(&world, shell(script)));
    assert_eq!(still, "1\n/dev/null\n/proc/1\n/usr/bin/env\n/usr/share/zoneinfo/.");
}

fn a_link_that_leads_nowhere_becomes_the_file() {
    let kept = tempfile::tempdir().unwrap();
    let (file, folder) = (kept.path().join("link.pem"), kept.path().join("current"));
    std::os::unix::fs::symlink("/nowhere/stub", &file).unwrap();
    std::os::unix::fs::symlink("v3", &folder).unwrap();
    let inside = folder.join("ca.pem");
    let mut setup = with_files(&[&file, &inside]);
    setup.keep.push(kept.path().to_owned());
    let world = open(&setup);
    for target in [&file, &inside] {
        assert_eq!(within(printed(&world, shell(&format!("cat {}", target.display())))), "authority");
    }
    assert_eq!(fs::read_link(&file).unwrap(), Path::new("/nowhere/stub"));
    assert!(!folder.exists());
}

fn files_that_cannot_be_are_told() {
    let open = |target: &str| thales_harness::world::World::open(super::host(), &with_files(&[Path::new(target)]));
    assert!(matches!(open("/etc"), Err(WorldError::NotAFile(path)) if path == Path::new("/etc")));
    assert!(matches!(open("relative.pem"), Err(WorldError::NotAFile(_))));
    let refused = open("/proc/acme/ca.pem");
    assert!(matches!(refused, Err(WorldError::NoFolder { ancestor, .. }) if ancestor == Path::new("/proc")));
    let unknown = Setup { files: [(PathBuf::from("/etc/x"), "NONE".to_owned())].into(), ..setup() };
    let unknown = thales_harness::world::World::open(super::host(), &unknown);
    assert!(matches!(unknown, Err(WorldError::UnknownAsset { name, .. }) if name == "NONE"));
}

fn each_world_has_a_tmp_of_its_own() {
    let kept = tempfile::tempdir().unwrap();
    let marker = kept.path().join("marker");
    fs::write(&marker, "kept").unwrap();
    let (one, two) = (open(&Setup { keep: vec![kept.path().to_owned()], ..setup() }), open(&setup()));
    within(async {
        printed(&one, shell("umask 0; echo one > /tmp/acme-own && stat -c %a /tmp | grep -qx 1777")).await;
        assert_eq!(printed(&one, shell(&format!("cat /tmp/acme-own {}", marker.display()))).await, "one\nkept");
        assert_eq!(printed(&two, shell("ls -A /tmp | grep -c -e acme-own -e store; true")).await, "0");
        let seen = printed(&two, shell(&format!("test -e {} || echo hidden", marker.display()))).await;
        assert_eq!(seen, "hidden");
        printed(&one, shell(&format!("echo back > {}", marker.display()))).await;
    });
    assert_eq!(fs::read_to_string(&marker).unwrap(), "back\n", "a kept directory is the machine's own");
    assert!(!Path::new("/tmp/acme-own").exists());
}

fn the_whole_of_tmp_can_be_kept() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "seen").unwrap();
    let world = open(&Setup { keep: vec!["/tmp".into()], ..setup() });
    let script = format!("cat {}; echo x > /tmp/acme-kept; cat /tmp/acme-kept", file.path().display());
    assert_eq!(within(printed(&world, shell(&script))), "seenx");
    assert!(!Path::new("/tmp/acme-kept").exists());
}

fn the_name_service_is_the_worlds() {
    let world = open(&Setup { hosts: vec!["198.51.100.9 extra.test".into()], ..setup() });
    within(async {
        assert_eq!(printed(&world, shell("cat /etc/resolv.conf")).await, "nameserver 192.0.2.1");
        assert_eq!(printed(&world, shell("grep ^hosts: /etc/nsswitch.conf")).await, "hosts: files dns");
        let text = printed(&world, shell("getent ahostsv4 extra.test | head -1; getent hosts localhost")).await;
        assert!(text.starts_with("198.51.100.9 ") && text.contains("localhost"), "{text}");
        let own = printed(&world, shell("getent ahostsv4 $(hostname) | head -1")).await;
        assert!(own.starts_with("192.0.2.10 "), "{own}");
    });
}

fn processes_see_their_own() {
    let world = open(&setup());
    let text = within(printed(&world, shell("cat /proc/$$/comm /proc/1/comm; ls /proc | grep -c '^[0-9]'")));
    assert_eq!(text.lines().take(2).collect::<Vec<_>>(), ["sh", "thales-world"]);
    let count: usize = text.lines().nth(2).unwrap().parse().unwrap();
    assert!(count <= 5, "{count} processes are visible");
}

fn commands_start_in_the_current_directory() {
    let world = open(&setup());
    let here = std::env::current_dir().unwrap();
    assert_eq!(within(printed(&world, shell("pwd -P"))), here.canonicalize().unwrap().to_str().unwrap());
    let mut elsewhere = shell("pwd -P");
    elsewhere.current_dir("/usr");
    assert_eq!(within(printed(&world, elsewhere)), "/usr");
}

fn a_command_keeps_a_proxy_of_its_own() {
    let world = open(&setup());
    let mut command = shell("echo \"[$https_proxy$HTTPS_PROXY$ALL_PROXY]$KEPT\"");
    command.env("https_proxy", "http://proxy.test").env("ALL_PROXY", "socks5://proxy.test").env("KEPT", "kept");
    assert_eq!(within(printed(&world, command)), "[http://proxy.testsocks5://proxy.test]kept");
}

fn what_exec_says_is_the_error() {
    let _runtime = runtime().enter();
    let world = open(&setup());
    let kind = |program: &str| {
        let mut command = Command::new(program);
        // A directory on the path that this user may not enter would be the reason told.
        command.env("PATH", "/usr/bin:/bin");
        match world.spawn(command) {
            Err(WorldError::Spawn { program: named, source }) if named == Path::new(program) => source.kind(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(kind("/nowhere/program"), ErrorKind::NotFound);
    assert_eq!(kind("no-such-program-on-the-path"), ErrorKind::NotFound);
    assert_eq!(kind("/etc/passwd"), ErrorKind::PermissionDenied);
}

fn codes_and_signals_are_the_childs_own() {
    let world = open(&setup());
    let status = |script: &'static str| {
        within(async { world.spawn(shell(script)).unwrap().wait().await.expect("the child can be waited for") })
    };
    assert_eq!(status("exit 7").code(), Some(7));
    assert_eq!(status("kill -TERM $$").signal(), Some(15));
    assert_eq!(status("kill -KILL $$").signal(), Some(9));
}

fn a_dropped_handle_kills() {
    let world = open(&setup());
    within(async {
        let mut command = customer(&["hold"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = world.spawn(command).unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut said = [0; 8];
        out.read_exact(&mut said).await.unwrap();
        let stdin = child.stdin.take();
        drop(child);
        // End of file: the only other holder of the pipe is gone, although its input is still open.
        assert_eq!(out.read_to_end(&mut Vec::new()).await.unwrap(), 0);
        drop(stdin);
    });
}

fn a_daemon_dies_with_its_world() {
    let world = open(&setup());
    within(async {
        let program = std::env::current_exe().unwrap();
        let mut command = shell("(setsid \"$0\" customer serve 4000 &) ; read line");
        command.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = world.spawn(command).unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut said = [0; 10];
        out.read_exact(&mut said).await.unwrap();
        drop(child.stdin.take());
        assert!(!child.wait().await.unwrap().success(), "the daemon's parent ends at the end of its input");
        assert_eq!(world.listening().unwrap().len(), 1, "the daemon outlives its parent");
        world.close().unwrap_or_else(|error| panic!("failed to {error}"));
        assert_eq!(out.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    });
}

fn an_unreaped_child_does_not_hold_the_world() {
    let world = open(&setup());
    // A runtime that is gone before its child is waited for.
    let own = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let child = own.block_on(async {
        let mut command = customer(&["hold"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        world.spawn(command).unwrap()
    });
    std::mem::forget(child);
    own.shutdown_background();
    world.close().unwrap_or_else(|error| panic!("failed to {error}"));
}
