//! The least that can play Thales: a name server with one answer, and an endpoint that says hello and remembers which
//! address was dialled.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use thales_harness::world::{HTTPS, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::runtime;

pub(crate) const NAME: &str = "api.thales.test";

/// Answers A with the address and everything else with no record, whatever the name is.
pub(crate) fn name_server(world: &World, answer: Ipv4Addr) {
    let sockets = world.name_server().unwrap_or_else(|error| panic!("failed to {error}"));
    for socket in sockets.udp {
        runtime().spawn(serve(socket, answer));
    }
}

async fn serve(socket: UdpSocket, address: Ipv4Addr) {
    let socket = tokio::net::UdpSocket::from_std(socket).expect("the socket is nonblocking");
    let mut question = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut question).await {
        let _ = socket.send_to(&answer(&question[..length], address), from).await;
    }
}

/// RFC 1035, 4.1: the question again, and one record where an A was asked for.
fn answer(question: &[u8], address: Ipv4Addr) -> Vec<u8> {
    let name = question[12..].iter().position(|byte| *byte == 0).map_or(12, |end| 12 + end + 1);
    let asks_a = question.get(name..name + 2) == Some(&[0, 1]);
    let mut answer = question[..name + 4].to_vec();
    answer[2..4].copy_from_slice(&[0x85, 0x80]);
    answer[6..12].copy_from_slice(&[0, asks_a.into(), 0, 0, 0, 0]);
    if asks_a {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
        answer.extend(address.octets());
    }
    answer
}

/// Says hello to whoever asks over HTTP, and reports the addresses of each connection: dialled, then dialling.
pub(crate) fn endpoint(world: &World, published: &[Ipv4Addr]) -> mpsc::UnboundedReceiver<(SocketAddr, SocketAddr)> {
    let (seen, connections) = mpsc::unbounded_channel();
    let listeners = world.thales_listeners(published, HTTPS).unwrap_or_else(|error| panic!("failed to {error}"));
    for listener in listeners {
        runtime().spawn(accept(listener, seen.clone()));
    }
    connections
}

async fn accept(listener: std::net::TcpListener, seen: mpsc::UnboundedSender<(SocketAddr, SocketAddr)>) {
    let listener = TcpListener::from_std(listener).expect("the listener is nonblocking");
    while let Ok((mut stream, from)) = listener.accept().await {
        let _ = seen.send((stream.local_addr().expect("it is connected"), from));
        tokio::spawn(async move {
            let mut request = [0; 1024];
            if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").await;
            }
        });
    }
}
