//! The server that Thales calls, on hyper and rustls: demands a certificate that the Thales Client CA has issued.

use std::convert::Infallible;
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Response, server::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

/// The files of onboarding.
pub struct Files<'a> {
    /// The Thales Client CA.
    pub authority: &'a Path,
    /// Our server certificate, then its intermediates.
    pub chain: &'a Path,
    /// Its key.
    pub key: &'a Path,
}

/// A server that stops when it is dropped.
pub struct Server(Option<Runtime>);

impl Server {
    /// Listens, and serves on threads of its own.
    ///
    /// # Errors
    /// A file cannot be read, or the address is taken.
    pub fn start(files: &Files<'_>, at: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let tls = TlsAcceptor::from(Arc::new(tls(files)?));
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.spawn(async move {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            while let Ok((socket, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move {
                    // Whoever is refused has been told by an alert.
                    let Ok(stream) = tls.accept(socket).await else { return };
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(eligible)).await;
                });
            }
        });
        Ok(Self(Some(runtime)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn tls(files: &Files<'_>) -> Result<ServerConfig, Box<dyn Error>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_file_iter(files.authority)? {
        roots.add(authority?)?;
    }
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    let chain = CertificateDer::pem_file_iter(files.chain)?.collect::<Result<_, _>>()?;
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(files.key)?)?)
}

async fn eligible<Body>(_: hyper::Request<Body>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut answer = Response::new(Full::new(Bytes::from_static(b"{}")));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}
