//! The sockets that a world hands out, made in the network of the calling thread: a socket stays in the network where
//! it was made, whatever thread uses it later. All are nonblocking, as an asynchronous runtime wants them.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};

#[cfg(target_os = "linux")]
use socket2::SockFilter;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpSocket;

/// Connections that may wait to be accepted; a storm must not look like a dead endpoint.
const BACKLOG: i32 = 1024;

/// A TCP listener.
pub(super) fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = stream(address)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A TCP listener beside others of this program on the same port: of a wildcard and a specific one, connections to the
/// address go to the latter.
pub(super) fn listener_beside(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = stream(address)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A UDP socket. A wildcard and a specific one may share a port.
pub(super) fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// A raw socket that sees the TCP packets for an address, with their IP headers: a packet is a datagram.
pub(super) fn packets(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::RAW, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // All others are dropped by the kernel, so that nobody is woken for the traffic of a whole scenario.
    #[cfg(target_os = "linux")]
    socket.attach_filter(&FIRST_PACKETS)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Takes the packets with SYN and without ACK: X is the length of the IP header, 13 bytes behind which the flags stand.
#[cfg(target_os = "linux")]
const FIRST_PACKETS: [SockFilter; 6] = [
    SockFilter::new(0xb1, 0, 0, 0),
    SockFilter::new(0x50, 0, 0, 13),
    SockFilter::new(0x54, 0, 0, 0x12),
    SockFilter::new(0x15, 0, 1, 0x02),
    SockFilter::new(0x06, 0, 0, 0xffff),
    SockFilter::new(0x06, 0, 0, 0),
];

/// A TCP socket that is yet to connect, from the source address where one is given, with a port of the kernel's choice.
pub(super) fn dialer(source: Option<IpAddr>) -> io::Result<TcpSocket> {
    let address = SocketAddr::new(source.unwrap_or(IpAddr::from([0, 0, 0, 0])), 0);
    let socket = stream(address)?;
    if source.is_some() {
        socket.bind(&address.into())?;
    }
    Ok(TcpSocket::from_std_stream(TcpStream::from(socket)))
}

fn stream(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
