//! Who ended it: alert, FIN, RST and our own failures are told apart, before and after the handshake.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use mock_thales::legacy::{Client, Established, Failure, Server, classify};
use mock_thales::observe::TlsVersion;
use mock_thales::plan::{AskClient, KeyExchange, KeyKind};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use crate::identities::{Authority, HOST};
use crate::peers::{accept, dial, hello, listener, within};

/// How our client names what a scripted server does after the ClientHello.
async fn after_hello<F: Future<Output = ()>>(script: impl FnOnce(TcpStream) -> F) -> Failure {
    let (listener, address) = listener().await;
    let client = Client::new(TlsVersion::V1_1, KeyExchange::Any, None, HOST).expect("a client");
    let handshake = tokio::spawn(async move { client.connect(dial(address).await).await.map(drop) });
    let mut stream = accept(&listener).await;
    hello(&mut stream).await;
    script(stream).await;
    within("handshake", handshake).await.expect("no panic").expect_err("no handshake")
}

pub(crate) async fn before_the_handshake_is_done() {
    let send = |bytes: &'static [u8]| {
        after_hello(move |mut stream| async move {
            stream.write_all(bytes).await.expect("written");
            stream.shutdown().await.expect("closed");
            // Our own alert, if any, is to be sent to somebody.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        })
    };
    assert_eq!(send(b"").await, Failure::Fin);
    assert_eq!(send(b"\x15\x03\x02\x00\x02\x02\x46").await, Failure::PeerAlert(70));
    assert_eq!(send(b"\x15\x03\x01\x00\x02\x02\x28").await, Failure::PeerAlert(40));
    assert_eq!(send(b"\x15\x03\x02\x00\x02\x02\xff").await, Failure::PeerAlert(255));
    assert_eq!(send(b"\x15\x03\x02\x00\x02\x01\x00").await, Failure::PeerAlert(0));
    let reset = after_hello(|stream| async move {
        SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO)).expect("SO_LINGER");
    });
    assert_eq!(reset.await, Failure::Reset);
    for garbage in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x16\x03\x02\x00\x04\x0e\x00\x00\x00"] {
        let failure = send(garbage).await;
        assert!(matches!(failure, Failure::Local { .. }), "what our engine cannot read is our failure: {failure:?}");
    }
    match send(b"\x16\x03\x02\x00\x04\x0e\x00\x00\x00").await {
        Failure::Local { alert: Some(10), .. } => {}
        other => panic!("an unexpected_message of our own, and not {other:?}"),
    }
}

/// The peer sent its alert, closed, and our write fails before we read.
pub(crate) async fn an_unread_alert_is_found_when_our_write_fails() {
    let client = Client::new(TlsVersion::V1_1, KeyExchange::Any, None, HOST).expect("a client");
    for (kind, unread, expected) in [
        (io::ErrorKind::BrokenPipe, &b"\x15\x03\x02\x00\x02\x02\x46"[..], Failure::PeerAlert(70)),
        (io::ErrorKind::ConnectionReset, b"\x15\x03\x02\x00\x02\x02\x28", Failure::PeerAlert(40)),
        (io::ErrorKind::BrokenPipe, b"", Failure::Fin),
        (io::ErrorKind::PermissionDenied, b"", Failure::Local { error: String::new(), alert: None }),
    ] {
        match (client.connect(Broken { kind, unread }).await.map(drop).expect_err("no handshake"), expected) {
            (Failure::Local { .. }, Failure::Local { .. }) => {}
            (failure, expected) => assert_eq!(failure, expected),
        }
    }
}

pub(crate) async fn after_the_handshake() {
    let mut read = [0; 8];

    let (mut server, mut client) = pair(|stream| stream).await;
    client.stream.shutdown().await.expect("a close");
    assert_eq!(within("close_notify", server.stream.read(&mut read)).await.expect("no error"), 0);

    let (mut server, client) = pair(|stream| stream).await;
    drop(client);
    let error = within("FIN", server.stream.read(&mut read)).await.expect_err("no close_notify");
    assert_eq!(classify(&error), Failure::Fin);

    let (mut server, client) = pair(|stream| stream).await;
    SockRef::from(client.stream.get_ref()).set_linger(Some(std::time::Duration::ZERO)).expect("SO_LINGER");
    drop(client);
    let error = within("RST", server.stream.read(&mut read)).await.expect_err("a reset");
    assert_eq!(classify(&error), Failure::Reset);
}

/// A record that is spoilt on its way makes the receiver fail by itself, and the sender see the receiver's alert.
pub(crate) async fn an_encrypted_alert_is_the_peers_and_our_failure_is_ours() {
    let spoil = Arc::new(AtomicBool::new(false));
    let (mut server, mut client) = pair(|inner| Spoiling { inner, spoil: Arc::clone(&spoil) }).await;
    client.stream.write_all(b"fine").await.expect("written");
    let mut read = [0; 8];
    assert_eq!(within("data", server.stream.read(&mut read)).await.expect("data"), 4);
    spoil.store(true, Ordering::SeqCst);
    client.stream.write_all(b"spoilt").await.expect("written");
    let ours = within("a bad record", server.stream.read(&mut read)).await.expect_err("a failure");
    assert!(matches!(classify(&ours), Failure::Local { .. }), "{ours:?}");
    let theirs = within("an alert", client.stream.read(&mut read)).await.expect_err("an alert");
    assert_eq!(classify(&theirs), Failure::PeerAlert(20));
}

/// Server and client, both ours, over loopback; the client's transport is wrapped.
pub(crate) async fn pair<S>(wrap: impl FnOnce(TcpStream) -> S) -> (Established<TcpStream>, Established<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    let server = Server::new(TlsVersion::V1_1, KeyExchange::Any, AskClient::Request, &[], &leaf.identity);
    let server = server.expect("a server");
    let client = Client::new(TlsVersion::V1_1, KeyExchange::Any, Some(&leaf.identity), HOST).expect("a client");
    let (listener, address) = listener().await;
    let served = async { server.accept(accept(&listener).await).await };
    let called = async { client.connect(wrap(dial(address).await)).await };
    let (served, called) = within("handshake", async { tokio::join!(served, called) }).await;
    (served.expect("a completed handshake"), called.expect("a completed handshake"))
}

/// Writes fail; what the peer sent before is still there to be read.
struct Broken {
    kind: io::ErrorKind,
    unread: &'static [u8],
}

impl AsyncRead for Broken {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let count = self.unread.len().min(buf.remaining());
        buf.put_slice(&self.unread[..count]);
        self.unread = &self.unread[count..];
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(self.kind.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Changes the last byte of each write, once told to.
struct Spoiling {
    inner: TcpStream,
    spoil: Arc<AtomicBool>,
}

impl AsyncRead for Spoiling {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Spoiling {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut bytes = buf.to_vec();
        if let Some(last) = bytes.last_mut().filter(|_| self.spoil.load(Ordering::SeqCst)) {
            *last ^= 1;
        }
        Pin::new(&mut self.inner).poll_write(cx, &bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
