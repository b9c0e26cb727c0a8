//! The listening TCP sockets of a network. A receiver is ready when it stands among them; nothing connects to find out.
//!
//! The kernel is asked for them alone (sock_diag(7)): where it prints the table of all sockets, `/proc/net/tcp`, it
//! goes through the buckets of every connection that the machine may have, five milliseconds of the processor on one
//! with 24 GiB. That table is read where a kernel lacks the question.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The sockets that listen in the calling thread's network; `read` gives the text of `net/tcp` or `net/tcp6` of that
/// network, should the kernel not answer.
pub(super) fn listening(read: impl Fn(&str) -> io::Result<String>) -> io::Result<Vec<SocketAddr>> {
    #[cfg(target_os = "linux")]
    if let Ok(sockets) = super::private::listening() {
        return Ok(sockets);
    }
    let mut sockets = printed(&read("net/tcp")?);
    // A machine without IPv6 has no second table.
    sockets.extend(printed(&read("net/tcp6").unwrap_or_default()));
    Ok(sockets)
}

/// The state column of a socket that listens (`TCP_LISTEN` of the kernel's tcp_states.h).
const LISTEN: &str = "0A";

/// The addresses that the lines of one table listen on. Lines of another form, the head for one, are no sockets.
fn printed(table: &str) -> Vec<SocketAddr> {
    table.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<SocketAddr> {
    let mut fields = line.split_whitespace().skip(1);
    let local = fields.next()?;
    let state = fields.nth(1)?;
    if state != LISTEN {
        return None;
    }
    let (ip, port) = local.split_once(':')?;
    Some(SocketAddr::new(address(ip)?, u16::from_str_radix(port, 16).ok()?))
}

/// The kernel prints each 32-bit word of an address in the machine's own byte order.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut octets = [0; 16];
            for (index, part) in octets.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(index * 8)?);
            }
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

#[cfg(all(test, target_os = "linux", target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn only_listening_sockets_are_listed() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue\n\
             0: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n\
             1: 0A0200C0:C350 0164C6C6:01BB 01 00000000:00000000 00:00000000 00000000     0        0 2 1\n\
             2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1\n";
        assert_eq!(printed(table), ["0.0.0.0:443".parse().unwrap(), "127.0.0.1:8080".parse().unwrap()]);
    }

    #[test]
    fn the_kernel_answers_as_it_prints() {
        let listeners = [std::net::TcpListener::bind("127.0.0.1:0"), std::net::TcpListener::bind("[::1]:0")];
        let ours: Vec<_> = listeners.iter().flatten().map(|listener| listener.local_addr().unwrap()).collect();
        let asked = crate::world::private::listening().unwrap();
        for address in &ours {
            assert!(asked.contains(address), "{address} is not in {asked:?}");
        }
        let read = |table: &str| std::fs::read_to_string(format!("/proc/{table}")).unwrap();
        for address in &ours {
            let table = if address.is_ipv4() { "net/tcp" } else { "net/tcp6" };
            assert!(printed(&read(table)).contains(address));
        }
    }

    #[test]
    fn addresses_of_both_families_are_read() {
        let table = "0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A\n\
             1: 0000000000000000FFFF00000A0200C0:0051 00000000000000000000000000000000:0000 0A\n";
        assert_eq!(printed(table), ["[::1]:80".parse().unwrap(), "[::ffff:192.0.2.10]:81".parse().unwrap()]);
    }
}
