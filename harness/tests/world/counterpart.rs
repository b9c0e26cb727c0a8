//! The least that can play Thales: the name server with one answer, and an endpoint that says hello and remembers which
//! address was dialled.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mock_thales::dns::{NameServer, Zone};
use mock_thales::observe::Recorder;
use mock_thales::plan::{ZoneMode, ZonePlan};
use thales_harness::world::{HTTPS, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::runtime;

pub(crate) const NAME: &str = "api.thales.test";

/// Answers for the name, and for one of a single letter, with the address.
pub(crate) fn name_server(world: &World, answer: Ipv4Addr) {
    let sockets = world.name_server().unwrap_or_else(|error| panic!("failed to {error}"));
    let plan = ZonePlan { addresses: vec![answer.into()], ttl_s: 1, mode: ZoneMode::Normal, subdomain: None };
    let zone = Zone::new(NAME, plan).and_then(|zone| zone.with_static("a", answer.into()));
    let zone = Arc::new(zone.expect("the names are right"));
    let _within = runtime().enter();
    let server = NameServer::start(zone, Recorder::new(), sockets.udp, vec![sockets.tcp]).expect("it starts");
    // It answers until the test ends.
    std::mem::forget(server);
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
