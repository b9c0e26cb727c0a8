//! The customer's programs: small, blocking, and ignorant of worlds.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

pub(crate) fn main(words: &[String]) -> ExitCode {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", port] => serve(port.parse().expect("a port")),
        ["ask", resolver] => ask(resolver),
        ["connect", address] => connect(address),
        ["hold"] => {
            say("holding");
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
        }
        _ => return ExitCode::from(89),
    }
    ExitCode::SUCCESS
}

/// Listens, says so, and says from where each connection comes.
fn serve(port: u16) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("the port is free and allowed");
    say("listening");
    for stream in listener.incoming() {
        let mut stream = stream.expect("a connection");
        let peer = stream.peer_addr().expect("it is connected").to_string();
        stream.write_all(peer.as_bytes()).expect("the peer reads");
    }
}

/// Asks one resolver by its address, as programs do that bring their own, and prints who answered.
fn ask(resolver: &str) {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a deadline");
    // Unlike a plain `recv_from`, a connected socket drops answers from another address.
    socket.connect((resolver.parse::<Ipv4Addr>().expect("an address"), 53)).expect("a route");
    socket.send(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01").expect("it is sent");
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).expect("an answer from the address that was asked");
    let octets: [u8; 4] = answer[length - 4..length].try_into().expect("four octets");
    say(&Ipv4Addr::from(octets).to_string());
}

/// Prints the kind of error that a connection ends with, or "connected".
fn connect(address: &str) {
    let address: SocketAddr = address.parse().expect("an address");
    match TcpStream::connect_timeout(&address, Duration::from_secs(10)) {
        Ok(_) => say("connected"),
        Err(error) => say(&format!("{:?}", error.kind())),
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{text}").and_then(|()| out.flush()).expect("somebody reads");
}
