//! One call: dial, handshake, a moment's listening, the request, the answer, the end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::notice::{AnyServer, Shower};
use super::response::{Answer, Progress};
use crate::observe::{Actor, CertificateDer, ConnectionRecorder, End, Event, Handshake, Recorder, TlsVersion};
use crate::pki::Identity;
use crate::plan::ClientPlan;
use crate::wire::{Broken, Plain, Tap, classify_rustls, distinguished_name};

/// How long the client listens after a TLS 1.3 handshake before it writes: a refusal of its certificate comes then
/// (60 of 60 within 50 ms on thirteen servers; the rest is margin).
const GRACE: Duration = Duration::from_millis(100);

/// What is sent to the integration's server.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method.
    pub method: String,
    /// Path with its query.
    pub path: String,
    /// Host name: SNI and Host header.
    pub host: String,
    /// Further header fields.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: Vec<u8>,
}

/// What the integration's server answered.
#[derive(Clone)]
pub struct Answered {
    /// Status.
    pub status: u16,
    /// Body, as far as it was read. It may hold a secret.
    pub body: Vec<u8>,
}

/// A client ready to dial.
#[derive(Debug)]
pub struct Caller {
    recorder: Arc<Recorder>,
    patience: Duration,
}

impl Caller {
    /// `patience` bounds each wait for the server: the TCP connection, the handshake, the answer.
    pub fn new(recorder: Arc<Recorder>, patience: Duration) -> Self {
        Self { recorder, patience }
    }

    /// Makes one call from `socket`, which may be bound to a source address already, and records everything. The
    /// server's conduct is never an error. What it answered is returned, and no fact but its status.
    pub async fn call(
        &self,
        socket: TcpSocket,
        remote: SocketAddr,
        plan: &ClientPlan,
        identity: Option<&Identity>,
        call: &Call,
    ) -> Option<Answered> {
        let recorder = self.recorder.connection(Actor::Client);
        recorder.record(Event::Dialled { remote, source: plan.source, plan: describe(plan) });
        let stream = match timeout(self.patience, socket.connect(remote)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                recorder.record(Event::DialFailed { error: error.to_string() });
                return None;
            }
            Err(_) => {
                recorder.record(Event::DialFailed { error: "no answer before the deadline".to_owned() });
                return None;
            }
        };
        // Without the option a call is only slower.
        let _ = stream.set_nodelay(true);
        let tap = Tap::new(stream, recorder.clone(), Vec::new());
        if plan.versions.iter().all(|version| version.is_legacy()) {
            self.legacy(tap, plan, identity, call, &recorder).await
        } else {
            self.modern(tap, plan, identity, call, &recorder).await
        }
    }

    async fn modern(
        &self,
        tap: Tap<TcpStream>,
        plan: &ClientPlan,
        identity: Option<&Identity>,
        call: &Call,
        recorder: &ConnectionRecorder,
    ) -> Option<Answered> {
        let parts = modern_config(plan, identity).and_then(|parts| {
            let name = ServerName::try_from(call.host.clone())
                .map_err(|_| rustls::Error::General(format!("`{}` is no host name", call.host)))?;
            Ok((parts, name))
        });
        let ((mut config, any_server, shower), name) = match parts {
            Ok(parts) => parts,
            Err(error) => {
                Broken::Local(error.to_string()).record(recorder, false);
                return None;
            }
        };
        if let Some(keys) = recorder.keys() {
            config.key_log = Arc::clone(keys) as _;
        }
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, tap).into_fallible();
        match timeout(self.patience, connecting).await {
            Ok(Ok(stream)) => {
                record_requested(&shower, recorder);
                record_handshake(&stream, &any_server, recorder);
                let is_13 = stream.get_ref().1.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
                let alerted = |stream: &TlsStream<Tap<TcpStream>>| stream.get_ref().0.alerted();
                let plain = Plain::new(stream, recorder.clone(), classify_rustls, alerted);
                self.exchange(plain, call, is_13.then_some(GRACE), recorder).await
            }
            Ok(Err((error, tap))) => {
                record_requested(&shower, recorder);
                classify_rustls(&error).record(recorder, tap.alerted());
                None
            }
            Err(_) => {
                recorder.record(Event::Ended(End::Deadline));
                None
            }
        }
    }

    #[cfg(feature = "legacy-tls")]
    async fn legacy(
        &self,
        tap: Tap<TcpStream>,
        plan: &ClientPlan,
        identity: Option<&Identity>,
        call: &Call,
        recorder: &ConnectionRecorder,
    ) -> Option<Answered> {
        use crate::legacy;
        let version = plan.versions.iter().copied().max().unwrap_or(TlsVersion::V1_1);
        let client = match legacy::Client::new(version, plan.exchange, identity, &call.host) {
            Ok(client) => client,
            Err(error) => {
                Broken::Local(error.to_string()).record(recorder, false);
                return None;
            }
        };
        match timeout(self.patience, client.connect_logging(tap, recorder.keys())).await {
            Ok(Ok(established)) => {
                if let Some(authorities) = established.requested.clone() {
                    recorder.record(Event::CertificateRequested { authorities });
                }
                recorder.record(Event::PeerCertificate { chain: established.peer_chain, proved: established.proved });
                recorder.record(Event::HandshakeDone(Handshake {
                    version: established.version,
                    cipher: established.cipher,
                    alpn: None,
                }));
                let alerted = |stream: &legacy::Stream<Tap<TcpStream>>| stream.get_ref().alerted();
                let plain = Plain::new(established.stream, recorder.clone(), crate::wire::classify_legacy, alerted);
                self.exchange(plain, call, None, recorder).await
            }
            // Everything before ChangeCipherSpec is plaintext: the tap has recorded the alert.
            Ok(Err(failure)) => {
                Broken::from(failure).record(recorder, true);
                None
            }
            Err(_) => {
                recorder.record(Event::Ended(End::Deadline));
                None
            }
        }
    }

    #[cfg(not(feature = "legacy-tls"))]
    async fn legacy(
        &self,
        _tap: Tap<TcpStream>,
        plan: &ClientPlan,
        _identity: Option<&Identity>,
        _call: &Call,
        recorder: &ConnectionRecorder,
    ) -> Option<Answered> {
        Broken::Local(format!("{} needs the feature legacy-tls", describe(plan))).record(recorder, false);
        None
    }

    /// Sends the request and reads the answer. A failed write is no end: what the server said before it closed is
    /// still waiting to be read.
    async fn exchange<T: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: Plain<T>,
        call: &Call,
        grace: Option<Duration>,
        recorder: &ConnectionRecorder,
    ) -> Option<Answered> {
        let mut answer = Answer::default();
        let mut buffer = vec![0; 16 << 10];
        if let Some(grace) = grace
            && let Ok(read) = timeout(grace, stream.read(&mut buffer)).await
            && !more(read, &buffer, &mut answer)
        {
            return report(&answer, recorder);
        }
        let request = encode(call);
        let sent = timeout(self.patience, async {
            stream.write_all(&request).await?;
            stream.flush().await
        })
        .await;
        if let Ok(Ok(())) = sent {
            recorder.record(Event::RequestSent);
        }
        let deadline = Instant::now() + self.patience;
        loop {
            match timeout_at(deadline, stream.read(&mut buffer)).await {
                Ok(read) => {
                    if !more(read, &buffer, &mut answer) {
                        break;
                    }
                }
                Err(_) => {
                    let answered = report(&answer, recorder);
                    if let Ok(Err(error)) = sent {
                        recorder.record(Event::LocalError { error: format!("failed to send the request: {error}") });
                    }
                    recorder.record(Event::Ended(End::Deadline));
                    return answered;
                }
            }
        }
        let answered = report(&answer, recorder);
        if !stream.ended() {
            // A courtesy; the answer is complete.
            let _ = timeout(GRACE, stream.shutdown()).await;
        }
        answered
    }
}

/// Takes what a read brought; says whether another read is due.
fn more(read: io::Result<usize>, buffer: &[u8], answer: &mut Answer) -> bool {
    match read {
        Ok(0) | Err(_) => false,
        Ok(bytes) => matches!(answer.push(&buffer[..bytes]), Progress::Partial | Progress::Head),
    }
}

fn report(answer: &Answer, recorder: &ConnectionRecorder) -> Option<Answered> {
    let status = answer.status()?;
    recorder.record(Event::Response { status, page: answer.page() });
    Some(Answered { status, body: answer.body() })
}

fn encode(call: &Call) -> Vec<u8> {
    let mut request = format!("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", call.method, call.path, call.host);
    for (name, value) in &call.headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !call.body.is_empty() || matches!(call.method.as_str(), "POST" | "PUT" | "PATCH") {
        request.push_str(&format!("Content-Length: {}\r\n", call.body.len()));
    }
    request.push_str("\r\n");
    let mut bytes = request.into_bytes();
    bytes.extend_from_slice(&call.body);
    bytes
}

fn modern_config(
    plan: &ClientPlan,
    identity: Option<&Identity>,
) -> Result<(ClientConfig, Arc<AnyServer>, Arc<Shower>), rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions: Vec<_> = plan
        .versions
        .iter()
        .filter_map(|version| match *version {
            TlsVersion::V1_2 => Some(&rustls::version::TLS12),
            TlsVersion::V1_3 => Some(&rustls::version::TLS13),
            _ => None,
        })
        .collect();
    let certified = identity.map(Identity::certified).transpose()?;
    let any_server = AnyServer::new(&provider);
    let shower = Shower::new(certified);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&any_server) as _)
        .with_client_cert_resolver(Arc::clone(&shower) as _);
    config.resumption = rustls::client::Resumption::disabled();
    Ok((config, any_server, shower))
}

fn record_requested(shower: &Shower, recorder: &ConnectionRecorder) {
    if let Some(names) = shower.requested() {
        let authorities = names.iter().map(|name| distinguished_name(name)).collect();
        recorder.record(Event::CertificateRequested { authorities });
    }
}

fn record_handshake(stream: &TlsStream<Tap<TcpStream>>, any_server: &AnyServer, recorder: &ConnectionRecorder) {
    let (_, session) = stream.get_ref();
    if let Some(chain) = session.peer_certificates() {
        let chain = chain.iter().map(|certificate| CertificateDer(certificate.as_ref().to_vec())).collect();
        recorder.record(Event::PeerCertificate { chain, proved: any_server.proved() });
    }
    recorder.record(Event::HandshakeDone(Handshake {
        version: session.protocol_version().map_or(TlsVersion(0), |version| TlsVersion(u16::from(version))),
        cipher: session.negotiated_cipher_suite().map_or(0, |suite| u16::from(suite.suite())),
        alpn: None,
    }));
}

fn describe(plan: &ClientPlan) -> String {
    let versions: Vec<_> = plan.versions.iter().map(ToString::to_string).collect();
    format!("{:?} certificate, {}", plan.certificate, versions.join(" or "))
}
