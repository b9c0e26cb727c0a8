//! Who dials an address that refuses. The kernel answers such a caller itself, so that the refusal is the real one; all
//! that is done here is to look at the packets that arrive, by a raw socket that the owner of the network made.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use crate::observe::{Actor, Event, Recorder};

/// Longest packet that matters: both headers with all their options.
const HEADERS: usize = 120;

/// Records each attempt to connect to a port of the address that the socket is bound to, as one of the actor's
/// connections. The socket is a raw one for TCP: for the runtime a socket of datagrams like any other.
pub(super) async fn watch(packets: UdpSocket, port: u16, actor: Actor, recorder: Arc<Recorder>) -> io::Result<()> {
    packets.set_nonblocking(true)?;
    let packets = tokio::net::UdpSocket::from_std(packets)?;
    let mut known = HashSet::new();
    let mut packet = [0; HEADERS];
    loop {
        let length = packets.recv(&mut packet).await?;
        let Some(attempt) = Attempt::read(&packet[..length]) else { continue };
        // A caller that missed the refusal repeats its packet: the same attempt.
        if attempt.local.port() == port && known.insert(attempt) {
            let Attempt { local, peer, .. } = attempt;
            recorder.connection(actor.clone()).record(Event::DialRefused { local, peer });
        }
    }
}

/// Records each address and port that somebody dials and at which nobody is: all but those `taken`, of which one without
/// an address is taken at every address. The socket is a raw one for TCP that sees the packets for every address.
///
/// # Errors
/// The socket cannot be read.
pub async fn watch_strays(
    packets: UdpSocket,
    taken: HashSet<(Option<IpAddr>, u16)>,
    recorder: Arc<Recorder>,
) -> io::Result<()> {
    packets.set_nonblocking(true)?;
    let packets = tokio::net::UdpSocket::from_std(packets)?;
    let mut known = HashSet::new();
    let mut packet = [0; HEADERS];
    loop {
        let length = packets.recv(&mut packet).await?;
        let Some(Attempt { local, .. }) = Attempt::read(&packet[..length]) else { continue };
        let is_taken = [Some(local.ip()), None].into_iter().any(|ip| taken.contains(&(ip, local.port())));
        if !is_taken && known.insert(local) {
            recorder.record(Actor::Runner, Event::WentNowhere { to: local });
        }
    }
}

/// The first packet of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Attempt {
    local: SocketAddr,
    peer: SocketAddr,
    sequence: u32,
}

impl Attempt {
    /// From an IPv4 packet (RFC 791 section 3.1, RFC 9293 section 3.1): SYN without ACK.
    fn read(packet: &[u8]) -> Option<Self> {
        const SYN: u8 = 0x02;
        const ACK: u8 = 0x10;
        const TCP: u8 = 6;
        let length = usize::from(packet.first()? & 0x0f) * 4;
        let (ip, tcp) = packet.split_at_checked(length)?;
        if ip.first()? >> 4 != 4 || *ip.get(9)? != TCP || tcp.get(13)? & (SYN | ACK) != SYN {
            return None;
        }
        let address = |at: usize| Some(IpAddr::from(Ipv4Addr::from(*ip.get(at..at + 4)?.first_chunk::<4>()?)));
        let port = |at: usize| Some(u16::from_be_bytes(*tcp.get(at..at + 2)?.first_chunk::<2>()?));
        Some(Self {
            peer: SocketAddr::new(address(12)?, port(0)?),
            local: SocketAddr::new(address(16)?, port(2)?),
            sequence: u32::from_be_bytes(*tcp.get(4..8)?.first_chunk::<4>()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(flags: u8, options: usize) -> Vec<u8> {
        let mut packet = vec![0; 20 + options + 20];
        packet[0] = 0x40 | u8::try_from(5 + options / 4).unwrap();
        packet[9] = 6;
        packet[12..16].copy_from_slice(&[192, 0, 2, 10]);
        packet[16..20].copy_from_slice(&[198, 51, 100, 12]);
        let tcp = &mut packet[20 + options..];
        tcp[..4].copy_from_slice(&[0xc3, 0x50, 0x01, 0xbb]);
        tcp[4..8].copy_from_slice(&7u32.to_be_bytes());
        tcp[13] = flags;
        packet
    }

    #[test]
    fn only_the_first_packet_of_a_connection_is_an_attempt() {
        for options in [0, 8] {
            let attempt = Attempt::read(&packet(0x02, options)).expect("a SYN");
            assert_eq!(attempt.local, "198.51.100.12:443".parse().unwrap());
            assert_eq!(attempt.peer, "192.0.2.10:50000".parse().unwrap());
            assert_eq!(attempt.sequence, 7);
        }
        // With ECN's bits it is one, too (RFC 3168 section 6.1.1).
        assert!(Attempt::read(&packet(0xc2, 0)).is_some());
        for flags in [0x10, 0x12, 0x04, 0x14, 0x11, 0] {
            assert_eq!(Attempt::read(&packet(flags, 0)), None, "{flags:#x}");
        }
    }

    #[test]
    fn what_is_no_whole_header_is_no_attempt() {
        let whole = packet(0x02, 4);
        for length in 0..whole.len() - 6 {
            assert_eq!(Attempt::read(&whole[..length]), None, "{length}");
        }
        let mut udp = packet(0x02, 0);
        udp[9] = 17;
        assert_eq!(Attempt::read(&udp), None);
    }
}
