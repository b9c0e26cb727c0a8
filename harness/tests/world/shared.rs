//! Worlds on loopback, which every machine has.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Stdio;

use libtest_mimic::Trial;
use thales_harness::world::{Asset, HTTPS, Host, Network, Setup, World, WorldError};
use tokio::io::AsyncReadExt as _;

use super::counterpart::{endpoint, name_server};
use super::{customer, host, printed, process, shell, trial, within};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("shared_addresses_have_stand_ins", shared_addresses_have_stand_ins),
        trial("shared_worlds_do_not_meet", shared_worlds_do_not_meet),
        trial("shared_name_servers_answer", shared_name_servers_answer),
        trial("shared_assets_end_with_the_world", shared_assets_end_with_the_world),
        trial("shared_children_end_with_the_world", shared_children_end_with_the_world),
        trial("shared_says_what_it_cannot_do", shared_says_what_it_cannot_do),
        trial("a_killed_shared_harness_is_swept_up_after", process::a_killed_shared_harness_is_swept_up_after),
    ]
}

const PUBLISHED: [Ipv4Addr; 2] = [Ipv4Addr::new(198, 51, 100, 10), Ipv4Addr::new(198, 51, 100, 20)];

fn open(setup: &Setup) -> World {
    World::open(&Host { network: Network::Shared, ..host().clone() }, setup)
        .unwrap_or_else(|error| panic!("failed to {error}"))
}

fn shared_addresses_have_stand_ins() {
    let world = open(&Setup::default());
    let mut connections = endpoint(&world, &PUBLISHED);
    let [one, two] = PUBLISHED.map(|address| world.published(address, HTTPS).unwrap());
    assert_ne!(one.ip(), two.ip());
    assert_eq!(one.port(), two.port());
    for address in [one, two] {
        assert_eq!(within(printed(&world, customer(&["connect", &address.to_string()]))), "connected");
        assert_eq!(within(connections.recv()).expect("a connection").0, address);
    }
    assert!(world.listening().unwrap().contains(&one));
    within(async {
        let source = world.thales_dialer(Some(Ipv4Addr::new(203, 0, 113, 5))).unwrap();
        let stream = source.connect(one).await.expect("it listens");
        let IpAddr::V4(ip) = stream.local_addr().unwrap().ip() else { panic!("not IPv4") };
        assert!(ip.is_loopback() && ip != Ipv4Addr::LOCALHOST && IpAddr::V4(ip) != one.ip());
    });
}

fn shared_worlds_do_not_meet() {
    let (one, two) = (open(&Setup::default()), open(&Setup::default()));
    let _listening = endpoint(&one, &PUBLISHED);
    let _too = endpoint(&two, &PUBLISHED);
    let of = |world: &World| world.published(PUBLISHED[0], HTTPS).unwrap();
    assert_ne!(of(&one), of(&two));
    assert_ne!(one.resolver(), two.resolver());
    assert_ne!(one.portal(), two.portal());
    assert_eq!(one.customer_listen(443).unwrap(), one.customer_listen(443).unwrap());
    assert_ne!(one.customer_listen(443).unwrap(), one.customer_listen(8443).unwrap());
}

fn shared_name_servers_answer() {
    let world = open(&Setup::default());
    name_server(&world, PUBLISHED[0]);
    within(async {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(world.resolver()).await.unwrap();
        let question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01";
        socket.send(question).await.unwrap();
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).await.unwrap();
        assert_eq!(&answer[length - 4..length], PUBLISHED[0].octets());
        assert!(tokio::net::TcpStream::connect(world.resolver()).await.is_ok());
    });
}

fn shared_assets_end_with_the_world() {
    let asset = Asset { name: "KEY".into(), content: b"key".to_vec(), secret: true };
    let world = open(&Setup { assets: vec![asset], ..Setup::default() });
    let portal = world.portal().to_owned();
    let script = format!("cd {} && stat -c '%a' . KEY && cat KEY", portal.display());
    assert_eq!(within(printed(&world, shell(&script))), "700\n600\nkey");
    world.close().unwrap();
    assert!(!portal.exists());
}

fn shared_children_end_with_the_world() {
    let world = open(&Setup::default());
    within(async {
        let program = std::env::current_exe().unwrap();
        let mut command = shell("(\"$0\" customer hold <&9 &) 9<&0; read line");
        command.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = world.spawn(command).unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut said = [0; 8];
        out.read_exact(&mut said).await.unwrap();
        drop(world);
        assert_eq!(out.read_to_end(&mut Vec::new()).await.unwrap(), 0);
        child.wait().await.unwrap();
    });
}

fn shared_says_what_it_cannot_do() {
    let asset = Asset { name: "CA".into(), content: b"authority".to_vec(), secret: false };
    let target = Path::new("/etc/acme-test/ca.pem");
    let world = open(&Setup { assets: vec![asset], files: [(target.into(), "CA".into())].into(), ..Setup::default() });
    assert_eq!(world.unplaced(), [target]);
    assert!(matches!(world.make_unreachable(PUBLISHED[0]), Err(WorldError::NeedsPrivate(_))));
    assert_eq!(world.network(), Network::Shared);
    assert!(matches!(
        (11..=255).try_for_each(|host| world.published(Ipv4Addr::new(203, 0, 113, host), HTTPS).map(drop)),
        Err(WorldError::TooManyAddresses)
    ));
}
