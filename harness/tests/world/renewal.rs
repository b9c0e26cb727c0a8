//! Files that change while a world goes on, and packets at an address that refuses.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use libtest_mimic::Trial;
use thales_harness::world::{Asset, CUSTOMER, HTTPS, Host, Network, Setup, World};

use super::{customer, host, open, printed, runtime, setup, shell, trial, within};

/// Trials of a private network.
pub(crate) fn private() -> Vec<Trial> {
    vec![
        trial("replaced_files_are_seen_at_every_path", replaced_files_are_seen_at_every_path),
        trial("no_reader_sees_half_a_file", no_reader_sees_half_a_file),
        trial("who_dials_an_address_that_refuses_is_seen", who_dials_an_address_that_refuses_is_seen),
    ]
}

/// Trials of a shared one.
pub(crate) fn shared() -> Vec<Trial> {
    vec![trial("shared_files_are_replaced_in_one_step", shared_files_are_replaced_in_one_step)]
}

fn key(content: &str) -> Asset {
    Asset { name: "KEY".into(), content: content.into(), secret: true }
}

fn replace(world: &World, content: &str) {
    world.replace(&[key(content)]).unwrap_or_else(|error| panic!("failed to {error}"));
}

fn replaced_files_are_seen_at_every_path() {
    let kept = tempfile::tempdir().unwrap();
    let existing = kept.path().join("key.pem");
    fs::write(&existing, "the machine's").unwrap();
    let made = Path::new("/etc/acme-test/key.pem");
    let files = [existing.as_path(), made].map(|target| (target.to_path_buf(), "KEY".to_owned())).into();
    let keep = [setup().keep, vec![kept.path().to_owned()]].concat();
    let other = Asset { name: "CA".into(), content: "authority".into(), secret: false };
    let world = open(&Setup { assets: vec![key("former"), other], files, keep, ..setup() });
    let places = [existing.clone(), made.to_owned(), world.portal().join("KEY")];
    let by_command = |expected: &str| {
        for path in &places {
            let script = format!("cat {0} && stat -c %a {0}", path.display());
            assert_eq!(within(printed(&world, shell(&script))), format!("{expected}600"), "{}", path.display());
        }
    };
    // An integration in this process has entered before anything changed.
    let (entering, paths) = (&world, places.clone());
    std::thread::scope(|scope| {
        let (ask, asked) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        scope.spawn(move || {
            entering.enter_current_thread().unwrap_or_else(|error| panic!("failed to {error}"));
            while asked.recv().is_ok() {
                tell.send(paths.clone().map(|path| fs::read_to_string(path).unwrap())).unwrap();
            }
        });
        let by_thread = |expected: &str| {
            ask.send(()).unwrap();
            assert_eq!(told.recv().unwrap(), [expected; 3]);
        };
        by_command("former");
        by_thread("former");
        for content in ["renewed, and longer than before", "again"] {
            replace(&world, content);
            by_command(content);
            by_thread(content);
        }
    });
    assert_eq!(within(printed(&world, shell(&format!("ls -A {} {}", world.portal().display(), "/etc/acme-test")))), {
        let portal = world.portal().display();
        format!("/etc/acme-test:\nkey.pem\n\n{portal}:\nCA\nKEY")
    });
    assert_eq!(fs::read_to_string(&existing).unwrap(), "the machine's");
    world.close().unwrap_or_else(|error| panic!("failed to {error}"));
}

fn no_reader_sees_half_a_file() {
    let kept = tempfile::tempdir().unwrap();
    let existing = kept.path().join("key.pem");
    fs::write(&existing, "").unwrap();
    // Longer than a page, and of two lengths.
    let contents = ["a".repeat(9000), "b".repeat(5000)];
    let keep = [setup().keep, vec![kept.path().to_owned()]].concat();
    let files = [(existing.clone(), "KEY".to_owned())].into();
    let world = open(&Setup { assets: vec![key(&contents[0])], files, keep, ..setup() });
    let paths = [existing, world.portal().join("KEY")];
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            world.enter_current_thread().unwrap_or_else(|error| panic!("failed to {error}"));
            let mut seen = [0; 2];
            while !over.load(Ordering::SeqCst) {
                for path in &paths {
                    let text = fs::read_to_string(path).expect("the path always leads to a file");
                    let which = contents.iter().position(|content| *content == text);
                    seen[which.unwrap_or_else(|| panic!("{} bytes of a mixture", text.len()))] += 1;
                }
            }
            seen
        });
        for content in contents.iter().cycle().skip(1).take(60) {
            if reading.is_finished() {
                break;
            }
            replace(&world, content);
        }
        over.store(true, Ordering::SeqCst);
        let seen = reading.join().expect("no reader sees anything else");
        assert!(seen.iter().sum::<u32>() > 0);
    });
    world.close().unwrap_or_else(|error| panic!("failed to {error}"));
}

fn shared_files_are_replaced_in_one_step() {
    let host = Host { network: Network::Shared, ..host().clone() };
    let world = World::open(&host, &Setup { assets: vec![key("former")], ..Setup::default() })
        .unwrap_or_else(|error| panic!("failed to {error}"));
    let path = world.portal().join("KEY");
    let before = fs::File::open(&path).unwrap();
    replace(&world, "renewed");
    let script = format!("cat {0} && stat -c %a {0}", path.display());
    assert_eq!(within(printed(&world, shell(&script))), "renewed600");
    // Who had it open goes on reading the former one.
    assert_eq!(std::io::read_to_string(before).unwrap(), "former");
    assert!(world.packets_at(Ipv4Addr::new(198, 51, 100, 10)).is_ok_and(|packets| packets.is_none()));
}

fn who_dials_an_address_that_refuses_is_seen() {
    const DEAD: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 12);
    const OTHER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 13);
    let world = open(&setup());
    let packets = world.packets_at(DEAD).unwrap_or_else(|error| panic!("failed to {error}"));
    within(async {
        let packets = {
            let _entered = runtime().enter();
            tokio::net::UdpSocket::from_std(packets.expect("the network is private")).unwrap()
        };
        // Refused by the kernel itself, as if nobody looked.
        for address in [OTHER, DEAD] {
            assert_eq!(
                printed(&world, customer(&["connect", &format!("{address}:{HTTPS}")])).await,
                "ConnectionRefused"
            );
        }
        let mut packet = [0; 64];
        let length = packets.recv(&mut packet).await.unwrap();
        assert!(length >= 40);
        assert_eq!((&packet[12..16], &packet[16..20]), (&CUSTOMER.octets()[..], &DEAD.octets()[..]));
        assert_eq!(packet[22..24], HTTPS.to_be_bytes());
    });
    world.close().unwrap_or_else(|error| panic!("failed to {error}"));
}
