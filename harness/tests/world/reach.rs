//! What reaches what in a private world: names, addresses, ports, and what does not get out.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::process::Stdio;

use libtest_mimic::Trial;
use thales_harness::world::{CUSTOMER, HTTPS, THALES, World};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::counterpart::{NAME, endpoint, name_server};
use super::{customer, open, printed, setup, tools, trial, within};

const PUBLISHED: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 10);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        tools::trial("a_real_client_resolves_and_connects", &["curl"], a_real_client_resolves_and_connects),
        trial("addrconfig_look_ups_work", addrconfig_look_ups_work),
        trial("written_down_resolvers_answer_from_their_address", written_down_resolvers_answer_from_their_address),
        trial("an_address_never_published_arrives_too", an_address_never_published_arrives_too),
        trial("thales_dials_from_any_source", thales_dials_from_any_source),
        trial("both_sides_may_listen_on_443", both_sides_may_listen_on_443),
        trial("an_unreachable_address_says_so_at_once", an_unreachable_address_says_so_at_once),
        trial("a_thread_of_this_process_enters", a_thread_of_this_process_enters),
        trial("nothing_gets_out", nothing_gets_out),
        trial("a_forward_listens_on_the_customers_side", a_forward_listens_on_the_customers_side),
        tools::trial("eight_worlds_at_once", &["curl"], eight_worlds_at_once),
    ]
}

fn curl(url: &str) -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--max-time", "20", url]).kill_on_drop(true);
    command
}

/// Starts a server of the customer's and waits for its word that it listens.
async fn serving(world: &World, port: u16) -> Child {
    let mut command = customer(&["serve", &port.to_string()]);
    command.stdout(Stdio::piped());
    let mut child = world.spawn(command).unwrap_or_else(|error| panic!("failed to {error}"));
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).await.expect("it speaks");
    assert_eq!(line, "listening\n");
    child
}

fn a_real_client_resolves_and_connects() {
    let world = open(&setup());
    name_server(&world, PUBLISHED);
    let mut connections = endpoint(&world, &[PUBLISHED]);
    within(async {
        assert_eq!(printed(&world, curl(&format!("http://{NAME}:443/"))).await, "hello");
        let (dialled, dialling) = connections.recv().await.expect("a connection");
        assert_eq!(dialled, world.published(PUBLISHED, HTTPS).unwrap());
        assert_eq!(dialling.ip(), CUSTOMER);
    });
}

fn addrconfig_look_ups_work() {
    let world = open(&setup());
    name_server(&world, PUBLISHED);
    let mut getent = Command::new("getent");
    getent.args(["ahostsv4", NAME]);
    let text = within(printed(&world, getent));
    assert!(text.starts_with("198.51.100.10 "), "{text}");
}

fn written_down_resolvers_answer_from_their_address() {
    let world = open(&setup());
    name_server(&world, PUBLISHED);
    // Public ones, the documented one, and one that nobody runs.
    for resolver in [[8, 8, 8, 8], [1, 1, 1, 1], [203, 0, 113, 53]].map(Ipv4Addr::from).into_iter().chain([THALES]) {
        assert_eq!(within(printed(&world, customer(&["ask", &resolver.to_string()]))), "198.51.100.10", "{resolver}");
    }
}

fn an_address_never_published_arrives_too() {
    let world = open(&setup());
    let mut connections = endpoint(&world, &[PUBLISHED]);
    within(async {
        assert_eq!(printed(&world, customer(&["connect", "203.0.113.77:443"])).await, "connected");
        assert_eq!(connections.recv().await.expect("a connection").0, SocketAddr::from(([203, 0, 113, 77], 443)));
    });
}

fn thales_dials_from_any_source() {
    let world = open(&setup());
    within(async {
        let _server = serving(&world, HTTPS).await;
        let listening = world.listening().unwrap();
        assert_eq!(listening, [SocketAddr::from((Ipv4Addr::UNSPECIFIED, HTTPS))]);
        let source = Ipv4Addr::new(203, 0, 113, 5);
        let there = world.customer_listen(HTTPS).unwrap();
        let mut stream = world.thales_dialer(Some(source)).unwrap().connect(there).await.expect("it listens");
        let mut seen = String::new();
        stream.read_to_string(&mut seen).await.expect("it answers");
        assert_eq!(seen.parse::<SocketAddr>().expect("an address").ip(), source);
        let near = world.customer_dialer().unwrap().connect(SocketAddr::from(([127, 0, 0, 1], HTTPS))).await;
        assert!(near.is_ok(), "{near:?}");
    });
}

fn both_sides_may_listen_on_443() {
    let world = open(&setup());
    let mut connections = endpoint(&world, &[PUBLISHED]);
    within(async {
        let mut server = serving(&world, HTTPS).await;
        assert_eq!(printed(&world, customer(&["connect", "198.51.100.10:443"])).await, "connected");
        assert_eq!(connections.recv().await.expect("a connection").0, SocketAddr::from((PUBLISHED, HTTPS)));
        server.kill().await.expect("it runs");
        assert_eq!(world.listening().unwrap(), [], "the endpoint stands on the other side");
    });
}

fn an_unreachable_address_says_so_at_once() {
    let world = open(&setup());
    let _connections = endpoint(&world, &[PUBLISHED]);
    let dead = Ipv4Addr::new(198, 51, 100, 20);
    let connect = |ip: Ipv4Addr| within(printed(&world, customer(&["connect", &format!("{ip}:443")])));
    world.make_unreachable(dead).unwrap();
    assert_eq!(connect(dead), "HostUnreachable");
    assert_eq!(connect(PUBLISHED), "connected");
    world.make_reachable(dead).unwrap();
    assert_eq!(connect(dead), "connected");
}

fn a_thread_of_this_process_enters() {
    let world = open(&setup());
    name_server(&world, PUBLISHED);
    let _connections = endpoint(&world, &[PUBLISHED]);
    let (found, connected, entered) = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            world.enter_current_thread().unwrap_or_else(|error| panic!("failed to {error}"));
            let found: Vec<_> = (NAME, HTTPS).to_socket_addrs().expect("the name resolves").collect();
            let connected = std::net::TcpStream::connect(found[0]);
            (found, connected, world.portal().is_dir() && std::path::Path::new("/proc/self/maps").exists())
        });
        thread.join().expect("the thread is well")
    });
    assert_eq!(found, [SocketAddr::from((PUBLISHED, HTTPS))]);
    assert!(connected.is_ok(), "{connected:?}");
    assert!(entered);
}

fn nothing_gets_out() {
    let outside = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the machine has a loopback");
    let address = outside.local_addr().expect("it is bound").to_string();
    let world = open(&setup());
    assert_eq!(within(printed(&world, customer(&["connect", &address]))), "ConnectionRefused");
    // Thales' side has every address, so that a packet ends there; without a listener it is refused.
    for address in ["192.0.2.200:80", "192.0.2.1:80", "1.1.1.1:80", "255.1.2.3:80"] {
        assert_eq!(within(printed(&world, customer(&["connect", address]))), "ConnectionRefused", "{address}");
    }
}

fn a_forward_listens_on_the_customers_side() {
    let world = open(&setup());
    let address = SocketAddr::from(([127, 0, 0, 1], 5432));
    let _forward = world.customer_listener(address).unwrap();
    assert_eq!(world.listening().unwrap(), [address]);
    assert_eq!(within(printed(&world, customer(&["connect", "127.0.0.1:5432"]))), "connected");
}

fn eight_worlds_at_once() {
    std::thread::scope(|scope| {
        for number in 1..=8 {
            scope.spawn(move || {
                let address = Ipv4Addr::new(198, 51, 100, number);
                let world = open(&setup());
                name_server(&world, address);
                let mut connections = endpoint(&world, &[address]);
                within(async {
                    assert_eq!(printed(&world, curl(&format!("http://{NAME}:443/"))).await, "hello");
                    assert_eq!(connections.recv().await.expect("a connection").0.ip(), address);
                });
                world.close().unwrap_or_else(|error| panic!("failed to {error}"));
            });
        }
    });
}
