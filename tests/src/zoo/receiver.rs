//! A receiver put together from parts of which one is wrong. It calls as the reference does.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thales_harness::reference::Reference;
use thales_harness::{Integration, Portal, Reply, Request};

use super::tls::{Stream, bounds, certificates, key, provider};

/// Longest wait for Thales.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is answered to a request, by its connection and its head: a status.
pub(super) type Answer = fn(&dyn Secured, &str) -> u16;

/// A secured connection of a client.
pub(super) trait Secured: Stream {
    /// Whether the client showed a certificate.
    fn has_certificate(&self) -> bool;
}

impl Secured for StreamOwned<ServerConnection, TcpStream> {
    fn has_certificate(&self) -> bool {
        self.conn.peer_certificates().is_some()
    }
}

impl Secured for SslStream<TcpStream> {
    fn has_certificate(&self) -> bool {
        self.ssl().peer_certificate().is_some()
    }
}

/// A way to secure what was accepted.
pub(super) trait Engine: Send + Sync {
    /// Shakes hands.
    fn secure(&self, socket: TcpStream) -> io::Result<Box<dyn Secured>>;
}

/// A receiver.
pub(super) struct Receiver {
    calling: Reference,
    engine: Arc<dyn Engine>,
    answer: Answer,
    admits: fn(IpAddr) -> bool,
    running: Option<Running>,
}

impl Receiver {
    /// The reference's conduct over another TLS.
    pub(super) fn over(portal: &Portal, engine: impl Engine + 'static) -> Result<Self, String> {
        let calling = Reference::new(portal).map_err(|error| error.to_string())?;
        Ok(Self { calling, engine: Arc::new(engine), answer: |_, _| 200, admits: |_| true, running: None })
    }

    /// With this verifier, or without any.
    pub(super) fn verifying(portal: &Portal, verifier: Arc<dyn ClientCertVerifier>) -> Result<Self, String> {
        Self::over(portal, Rustls::new(verifier, served(portal)?)?)
    }

    /// Answers otherwise.
    pub(super) fn answering(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// Closes whatever comes from other addresses.
    pub(super) fn admitting(mut self, admits: fn(IpAddr) -> bool) -> Self {
        self.admits = admits;
        self
    }
}

impl Integration for Receiver {
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        self.calling.call(request)
    }

    fn serve(&mut self, at: SocketAddr) -> Result<(), String> {
        let (engine, answer, admits) = (Arc::clone(&self.engine), self.answer, self.admits);
        let serve = move |socket: TcpStream, from: SocketAddr| {
            if admits(from.ip()) {
                let _ = serve_one(socket, engine.as_ref(), answer);
            }
        };
        self.running = Some(Running::start(at, serve).map_err(|error| error.to_string())?);
        Ok(())
    }
}

fn serve_one(socket: TcpStream, engine: &dyn Engine, answer: Answer) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    let mut stream = engine.secure(socket)?;
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    let status = answer(stream.as_ref(), &String::from_utf8_lossy(&request));
    write!(stream, "HTTP/1.1 {status} Answer\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}")?;
    stream.flush()
}

/// A listener with its threads. It listens until it is dropped.
pub(super) struct Running {
    listener: TcpListener,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(super) fn start(
        at: SocketAddr,
        serve: impl Fn(TcpStream, SocketAddr) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(at)?;
        let accepting = listener.try_clone()?;
        let serve = Arc::new(serve);
        let thread = std::thread::spawn(move || {
            while let Ok((socket, from)) = accepting.accept() {
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(socket, from));
            }
        });
        Ok(Self { listener, thread: Some(thread) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        use std::os::fd::AsRawFd;
        // The thread's call fails on a socket that is shut down.
        let _ = shutdown(self.listener.as_raw_fd(), Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Certificates and key that are served.
pub(super) type Served = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The server's identity.
pub(super) fn served(portal: &Portal) -> Result<Served, String> {
    Ok((certificates(portal, "CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN")?, key(portal, "CUSTOMER_TLS_SERVER_KEY")?))
}

/// The reference's verifier.
pub(super) fn verifier(portal: &Portal) -> Result<Arc<dyn ClientCertVerifier>, String> {
    verifier_of(certificates(portal, "THALES_CLIENT_CA")?, true)
}

/// A verifier that trusts these and insists on a certificate, or does not.
pub(super) fn verifier_of(
    trusted: Vec<CertificateDer<'static>>,
    insists: bool,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted);
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    let builder = if insists { builder } else { builder.allow_unauthenticated() };
    builder.build().map_err(|error| error.to_string())
}

/// rustls with a configuration.
pub(super) struct Rustls(Arc<ServerConfig>);

impl Rustls {
    pub(super) fn new(verifier: Arc<dyn ClientCertVerifier>, served: Served) -> Result<Self, String> {
        Self::speaking(rustls::DEFAULT_VERSIONS, verifier, served)
    }

    pub(super) fn speaking(
        versions: &[&'static SupportedProtocolVersion],
        verifier: Arc<dyn ClientCertVerifier>,
        (chain, key): Served,
    ) -> Result<Self, String> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .and_then(|builder| builder.with_client_cert_verifier(verifier).with_single_cert(chain, key))
            .map_err(|error| error.to_string())?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self(Arc::new(config)))
    }
}

impl Engine for Rustls {
    fn secure(&self, mut socket: TcpStream) -> io::Result<Box<dyn Secured>> {
        let mut session = ServerConnection::new(Arc::clone(&self.0)).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(Box::new(StreamOwned::new(session, socket)))
    }
}

/// OpenSSL at security level 0.
pub(super) struct OpenSsl(SslContext);

impl OpenSsl {
    pub(super) fn new(portal: &Portal, lowest: SslVersion, highest: SslVersion) -> Result<Self, String> {
        Self::adjusted(portal, lowest, highest, |_| Ok(()))
    }

    /// The same, with what else is to be set last.
    pub(super) fn adjusted(
        portal: &Portal,
        lowest: SslVersion,
        highest: SslVersion,
        adjust: fn(&mut SslContextBuilder) -> Result<(), ErrorStack>,
    ) -> Result<Self, String> {
        let context = || -> io::Result<SslContext> {
            let mut builder = SslContext::builder(SslMethod::tls_server())?;
            bounds(&mut builder, lowest, highest)?;
            builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
            let mut store = X509StoreBuilder::new()?;
            for certificate in X509::stack_from_pem(&portal.asset("THALES_CLIENT_CA")?)? {
                store.add_cert(certificate)?;
            }
            builder.set_cert_store(store.build());
            let mut chain = X509::stack_from_pem(&portal.asset("CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN")?)?.into_iter();
            builder.set_certificate(&*chain.next().ok_or_else(|| io::Error::other("no server certificate"))?)?;
            for intermediate in chain {
                builder.add_extra_chain_cert(intermediate)?;
            }
            let key = PKey::private_key_from_pem(&portal.asset("CUSTOMER_TLS_SERVER_KEY")?)?;
            builder.set_private_key(&key)?;
            builder.set_session_id_context(b"zoo")?;
            adjust(&mut builder)?;
            Ok(builder.build())
        };
        context().map(Self).map_err(|error| error.to_string())
    }
}

impl Engine for OpenSsl {
    fn secure(&self, socket: TcpStream) -> io::Result<Box<dyn Secured>> {
        let mut stream = SslStream::new(Ssl::new(&self.0)?, socket)?;
        stream.accept().map_err(io::Error::other)?;
        Ok(Box::new(stream))
    }
}
