//! The bare loop: a rustls client and a tokio-rustls/hyper server, one full mTLS handshake of TLS 1.3 with one GET
//! after another, on loopback and on one thread. The client is also the load of the endpoint's comparison.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use mock_thales::observe::CertificateDer;
use rustls::client::Resumption;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::failure::Failure;
use crate::papers::{HOST, Papers};

/// A loop that is ready to turn.
pub(crate) struct Loop {
    runtime: Runtime,
    caller: Arc<Caller>,
    at: SocketAddr,
}

impl Loop {
    /// Prepares both sides; the server listens from now on.
    pub(crate) fn new(papers: &Papers) -> Result<Self, Failure> {
        let runtime = one_thread()?;
        let acceptor = TlsAcceptor::from(Arc::new(server(papers)?));
        let listening = runtime.block_on(TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)));
        let bound = listening.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (at, listener) = bound.map_err(|error| Failure::Io("listen", error))?;
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, acceptor.clone()));
            }
        });
        Ok(Self { runtime, caller: Arc::new(Caller::new(papers)?), at })
    }

    /// Makes that many calls, one after another.
    pub(crate) fn turn(&self, count: usize) -> Result<(), Failure> {
        self.runtime.block_on(async {
            for _ in 0..count {
                self.caller.call(self.at).await?;
            }
            Ok(())
        })
    }
}

/// A runtime on the thread that uses it.
pub(crate) fn one_thread() -> Result<Runtime, Failure> {
    Builder::new_current_thread().enable_all().build().map_err(|error| Failure::Io("start a runtime", error))
}

async fn answer(stream: TcpStream, acceptor: TlsAcceptor) {
    // The caller sees every failure, and counts.
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(|_: Request<hyper::body::Incoming>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    let _ = server.keep_alive(false).serve_connection(TokioIo::new(stream), service).await;
}

fn server(papers: &Papers) -> Result<ServerConfig, Failure> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let trusted = roots(&papers.client()?.chain)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), Arc::clone(&provider))
        .build()
        .map_err(|error| Failure::Harness(error.to_string()))?;
    let identity = papers.server()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.rustls_chain(), identity.rustls_key())?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn roots(certificates: &[CertificateDer]) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate.0.clone().into())?;
    }
    Ok(roots)
}

/// Makes full mTLS handshakes of TLS 1.3, each with one GET, and resumes nothing.
pub(crate) struct Caller {
    connector: TlsConnector,
    host: ServerName<'static>,
}

impl Caller {
    /// A caller that shows the papers' client certificate.
    pub(crate) fn new(papers: &Papers) -> Result<Self, Failure> {
        let identity = papers.client()?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(roots(&papers.anchors()?)?)
            .with_client_auth_cert(identity.rustls_chain(), identity.rustls_key())?;
        config.resumption = Resumption::disabled();
        let host = ServerName::try_from(HOST).map_err(|error| Failure::Harness(error.to_string()))?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), host })
    }

    /// Connects, asks, reads to the end and closes. Any status but 200 is a failure: nginx says so that it wants a
    /// certificate.
    pub(crate) async fn call(&self, at: SocketAddr) -> Result<(), Failure> {
        let stream = TcpStream::connect(at).await.map_err(|error| Failure::Io("connect", error))?;
        stream.set_nodelay(true).map_err(|error| Failure::Io("prepare a socket", error))?;
        let stream = self.connector.connect(self.host.clone(), stream).await;
        let mut stream = stream.map_err(|error| Failure::Io("shake hands", error))?;
        let request = format!("GET /bench HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.map_err(|error| Failure::Io("ask", error))?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.map_err(|error| Failure::Io("read the answer", error))?;
        // The peer may have closed already.
        let _ = stream.shutdown().await;
        if answer.starts_with(b"HTTP/1.1 200 ") {
            return Ok(());
        }
        Err(Failure::Server(String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned()))
    }

    /// Makes that many calls, with some of them open at any time.
    pub(crate) async fn load(self: &Arc<Self>, at: SocketAddr, count: usize, open: usize) -> Result<(), Failure> {
        let made = Arc::new(AtomicUsize::new(0));
        let mut callers: JoinSet<Result<(), Failure>> = JoinSet::new();
        for _ in 0..open {
            let (caller, made) = (Arc::clone(self), Arc::clone(&made));
            callers.spawn(async move {
                while made.fetch_add(1, Ordering::Relaxed) < count {
                    caller.call(at).await?;
                }
                Ok(())
            });
        }
        while let Some(done) = callers.join_next().await {
            done.map_err(|error| Failure::Harness(error.to_string()))??;
        }
        Ok(())
    }
}
