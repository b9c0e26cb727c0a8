//! One accepted connection, from its first byte to its end.

use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::admission::Verifier;
use super::conduct::{Conduct, Modern};
use super::exchange::Exchange;
use super::stage::Endpoint;
use super::{http, http2};
use crate::observe::{ClientHello, ConnectionRecorder, End, Event, Handshake, TlsVersion};
use crate::wire::hello::{self, Reading};
use crate::wire::server_hello::{self, Sentinel};
#[cfg(feature = "legacy-tls")]
use crate::wire::{Broken, classify_legacy};
use crate::wire::{Plain, Tap, classify_rustls};

/// Bytes that hold most ClientHellos, so that one is read at once: those with a key share of ML-KEM-768 have about 1,500.
const USUAL_HELLO: usize = 2048;

/// Time for a ClientHello to arrive at an address that was never published.
const STRAY_PATIENCE: Duration = Duration::from_secs(5);

/// Serves a connection as the endpoint's conduct of this moment says.
pub(super) async fn serve(stream: TcpStream, endpoint: &Arc<Endpoint>, recorder: ConnectionRecorder) {
    let conduct = endpoint.conduct();
    let mut cuts = endpoint.cuts();
    cuts.borrow_and_update();
    let connection = converse(stream, endpoint, &conduct, &recorder);
    tokio::select! {
        () = connection => {}
        _ = cuts.changed() => { recorder.record(Event::Ended(End::Deadline)); }
    }
}

/// Takes a connection to an address that was never published: keeps its ClientHello and closes.
pub(super) async fn turn_away(mut stream: TcpStream, recorder: ConnectionRecorder) {
    let mut bytes = Vec::new();
    if read_hello(&mut stream, &mut bytes, &recorder, STRAY_PATIENCE).await.is_some() {
        recorder.record(Event::Ended(End::Local));
    }
}

async fn converse(
    mut stream: TcpStream,
    endpoint: &Arc<Endpoint>,
    conduct: &Arc<Conduct>,
    recorder: &ConnectionRecorder,
) {
    let mut bytes = Vec::with_capacity(USUAL_HELLO);
    let Some(hello) = read_hello(&mut stream, &mut bytes, recorder, endpoint.patience()).await else { return };
    if let Some(end) = has_left(&stream) {
        recorder.record(Event::Ended(end));
        return;
    }
    match choose(conduct, &hello) {
        Engine::Modern(modern) => {
            let tap = Tap::new(stream, recorder.clone(), bytes);
            modern_handshake(tap, modern, endpoint, conduct, recorder).await;
        }
        #[cfg(feature = "legacy-tls")]
        Engine::Legacy(server) => {
            let tap = Tap::new(stream, recorder.clone(), bytes);
            legacy_handshake(tap, server, endpoint, conduct, recorder).await;
        }
        Engine::Forced(version, sentinel) => {
            force(stream, &hello, version, sentinel, endpoint.patience(), recorder).await
        }
    }
}

/// Who plays the handshake.
enum Engine<'a> {
    Modern(&'a Modern),
    #[cfg(feature = "legacy-tls")]
    Legacy(&'a crate::legacy::Server),
    /// A ServerHello made by hand.
    Forced(TlsVersion, Option<Sentinel>),
}

fn choose<'a>(conduct: &'a Conduct, hello: &ClientHello) -> Engine<'a> {
    if let Some(modern) = conduct.before_token() {
        return Engine::Modern(modern);
    }
    if conduct.plan.sentinel {
        return Engine::Forced(TlsVersion::V1_2, Some(Sentinel::ToTls12));
    }
    if let Some(modern) = &conduct.modern {
        return Engine::Modern(modern);
    }
    #[cfg(feature = "legacy-tls")]
    if let Some((_, server)) = conduct.legacy.iter().find(|(version, _)| {
        hello.offers(*version) && crate::wire::ciphers::common(hello, conduct.plan.exchange, conduct.key)
    }) {
        return Engine::Legacy(server);
    }
    let version = conduct.plan.versions.iter().copied().max().unwrap_or(TlsVersion::V1_1);
    Engine::Forced(version, None)
}

/// Reads up to a complete ClientHello and records it. `None`: none came, which is recorded too.
async fn read_hello(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
    recorder: &ConnectionRecorder,
    patience: Duration,
) -> Option<Box<ClientHello>> {
    let deadline = Instant::now() + patience;
    loop {
        let end = match timeout_at(deadline, stream.read_buf(bytes)).await {
            Ok(Ok(0)) => Some(End::Fin),
            Ok(Ok(_)) => None,
            Ok(Err(_)) => Some(End::Reset),
            Err(_) => Some(End::Deadline),
        };
        let (why, end) = match (hello::read(bytes), end) {
            (Reading::Hello(hello), _) => {
                recorder.record(Event::ClientHello((*hello).clone()));
                return Some(hello);
            }
            (Reading::Incomplete, None) => continue,
            (Reading::Incomplete, Some(end)) => (format!("{} bytes of an incomplete ClientHello", bytes.len()), end),
            (Reading::Other { why }, end) => (why, end.unwrap_or(End::Local)),
        };
        recorder.record(Event::NoHello { why });
        recorder.record(Event::Ended(end));
        return None;
    }
}

/// How the caller has ended the connection already. Where the counterpart was held up for longer than the caller waits,
/// its end is behind its ClientHello: shown a flight now, it would seem to refuse what it never sees.
fn has_left(stream: &TcpStream) -> Option<End> {
    match SockRef::from(stream).peek(&mut [MaybeUninit::uninit()]) {
        Ok(0) => Some(End::Fin),
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(_) => Some(End::Reset),
    }
}

async fn modern_handshake(
    tap: Tap<TcpStream>,
    modern: &Modern,
    endpoint: &Arc<Endpoint>,
    conduct: &Arc<Conduct>,
    recorder: &ConnectionRecorder,
) {
    let (mut config, verifier) = match modern.connection() {
        Ok(parts) => parts,
        Err(error) => {
            recorder.record(Event::LocalError { error: error.to_string() });
            recorder.record(Event::Ended(End::Local));
            return;
        }
    };
    if let Some(keys) = recorder.keys() {
        config.key_log = Arc::clone(keys) as _;
    }
    let accepting = TlsAcceptor::from(Arc::new(config)).accept(tap).into_fallible();
    match timeout_at(Instant::now() + endpoint.patience(), accepting).await {
        Ok(Ok(stream)) => {
            let certificate = record_shown(verifier.as_deref(), recorder);
            record_handshake(&stream, recorder);
            let alerted = |stream: &TlsStream<Tap<TcpStream>>| stream.get_ref().0.alerted();
            let in_frames = stream.get_ref().1.alpn_protocol() == Some(http2::PROTOCOL);
            let plain = Plain::new(stream, recorder.clone(), classify_rustls, alerted);
            let exchange = Exchange::new(endpoint, conduct, certificate, recorder);
            match in_frames {
                true => http2::serve(plain.in_frames(), exchange).await,
                false => http::serve(plain, exchange).await,
            }
        }
        Ok(Err((error, tap))) => {
            record_shown(verifier.as_deref(), recorder);
            classify_rustls(&error).record(recorder, tap.alerted());
            linger(tap).await;
        }
        Err(_) => {
            record_shown(verifier.as_deref(), recorder);
            recorder.record(Event::Ended(End::Deadline));
        }
    }
}

/// Records what the caller has shown, and says whether it was anything.
fn record_shown(verifier: Option<&Verifier>, recorder: &ConnectionRecorder) -> bool {
    let Some(shown) = verifier.map(Verifier::shown).filter(|shown| !shown.chain.is_empty()) else { return false };
    recorder.record(Event::PeerCertificate { chain: shown.chain, proved: shown.proved });
    true
}

fn record_handshake(stream: &TlsStream<Tap<TcpStream>>, recorder: &ConnectionRecorder) {
    let (_, session) = stream.get_ref();
    recorder.record(Event::HandshakeDone(Handshake {
        version: session.protocol_version().map_or(TlsVersion(0), |version| TlsVersion(u16::from(version))),
        cipher: session.negotiated_cipher_suite().map_or(0, |suite| u16::from(suite.suite())),
        alpn: session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
    }));
}

/// Reads on for a moment after the counterpart's own alert, so that closing with unread bytes does not reset the
/// connection and take the alert with it.
async fn linger(mut tap: Tap<TcpStream>) {
    const LINGER: Duration = Duration::from_secs(1);
    let mut sink = [0; 1024];
    // The peer may be gone already.
    let _ = tap.shutdown().await;
    let deadline = Instant::now() + LINGER;
    while let Ok(Ok(1..)) = timeout_at(deadline, tap.read(&mut sink)).await {}
}

#[cfg(feature = "legacy-tls")]
async fn legacy_handshake(
    tap: Tap<TcpStream>,
    server: &crate::legacy::Server,
    endpoint: &Arc<Endpoint>,
    conduct: &Arc<Conduct>,
    recorder: &ConnectionRecorder,
) {
    match timeout_at(Instant::now() + endpoint.patience(), server.accept_logging(tap, recorder.keys())).await {
        Ok(Ok(established)) => {
            let certificate = !established.peer_chain.is_empty();
            if certificate {
                recorder.record(Event::PeerCertificate { chain: established.peer_chain, proved: established.proved });
            }
            recorder.record(Event::HandshakeDone(Handshake {
                version: established.version,
                cipher: established.cipher,
                alpn: None,
            }));
            let alerted = |stream: &crate::legacy::Stream<Tap<TcpStream>>| stream.get_ref().alerted();
            let plain = Plain::new(established.stream, recorder.clone(), classify_legacy, alerted);
            http::serve(plain, Exchange::new(endpoint, conduct, certificate, recorder)).await;
        }
        // Everything before ChangeCipherSpec is plaintext: the tap has recorded the alert.
        Ok(Err(failure)) => Broken::from(failure).record(recorder, true),
        Err(_) => {
            recorder.record(Event::Ended(End::Deadline));
        }
    }
}

/// Plays a ServerHello alone and watches what the caller makes of it.
async fn force(
    mut stream: TcpStream,
    hello: &ClientHello,
    version: TlsVersion,
    sentinel: Option<Sentinel>,
    patience: Duration,
    recorder: &ConnectionRecorder,
) {
    // A caller without any cipher of that version can never finish such a handshake; it still says whether it minds.
    let own_cipher = hello.ciphers.first().copied();
    let bytes = server_hello::forced(hello, version, sentinel)
        .or_else(|| Some(server_hello::forced_with(own_cipher?, hello, version, sentinel)));
    let Some(bytes) = bytes else {
        recorder.record(Event::LocalError { error: "the caller offers no cipher at all".to_owned() });
        recorder.record(Event::Ended(End::Local));
        return;
    };
    if stream.write_all(&bytes).await.is_err() {
        recorder.record(Event::Ended(End::Reset));
        return;
    }
    recorder.record(Event::FirstFlight { version, forced: true });
    let mut tap = Tap::new(stream, recorder.clone(), Vec::new());
    let deadline = Instant::now() + patience;
    let mut sink = [0; 1024];
    let end = loop {
        match timeout_at(deadline, tap.read(&mut sink)).await {
            Ok(Ok(0)) => break End::Fin,
            Ok(Ok(_)) => {}
            Ok(Err(_)) => break End::Reset,
            Err(_) => break End::Deadline,
        }
    };
    recorder.record(Event::Ended(end));
}
