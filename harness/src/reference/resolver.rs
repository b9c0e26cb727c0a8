//! Asks for an address: the system's resolver, or one name server where the network has no resolver of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::Duration;

/// The first address of a host, asked anew.
pub(super) fn resolve(host: &str, port: u16, server: Option<SocketAddr>) -> io::Result<SocketAddr> {
    match server {
        None => (host, port)
            .to_socket_addrs()?
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")),
        Some(server) => ask(host, server).map(|address| SocketAddr::from((address, port))),
    }
}

/// One question for an A record (RFC 1035 section 4) over UDP.
fn ask(host: &str, server: SocketAddr) -> io::Result<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.connect(server)?;
    let mut question = vec![0x5a, 0x5a, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in host.split('.') {
        let length = u8::try_from(label.len()).map_err(|_| io::Error::other("a label is too long"))?;
        question.push(length);
        question.extend_from_slice(label.as_bytes());
    }
    question.extend_from_slice(&[0, 0, 1, 0, 1]);
    socket.send(&question)?;
    let mut answer = [0; 1500];
    let length = socket.recv(&mut answer)?;
    address(&answer[..length], question.len())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name server gave no address"))
}

/// The first A record behind a header and one question of that length.
fn address(message: &[u8], mut at: usize) -> Option<Ipv4Addr> {
    let answers = u16::from_be_bytes([*message.get(6)?, *message.get(7)?]);
    for _ in 0..answers {
        at = skip_name(message, at)?;
        let head = message.get(at..at + 10)?;
        let length = usize::from(u16::from_be_bytes([head[8], head[9]]));
        let data = message.get(at + 10..at + 10 + length)?;
        if head[..2] == [0, 1]
            && let [a, b, c, d] = *data
        {
            return Some(Ipv4Addr::new(a, b, c, d));
        }
        at += 10 + length;
    }
    None
}

fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            // A pointer ends the name (section 4.1.4).
            pointer if pointer & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += usize::from(length) + 1,
        }
    }
}
