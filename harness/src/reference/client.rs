//! The reference's caller: asks for the address at each call, verifies the server, shows its certificate.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::{ReferenceError, resolver};
use crate::integration::{Portal, Reply, Request};

/// Longest wait for Thales.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Client {
    config: Arc<ClientConfig>,
    portal: Portal,
}

impl Client {
    pub(super) fn new(portal: &Portal) -> Result<Self, ReferenceError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates(portal, "TSH_TLS_SERVER_CERTIFICATE_CHAIN")?);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(
                certificates(portal, "CUSTOMER_TLS_CLIENT_CERTIFICATE")?,
                key(portal, "CUSTOMER_TLS_CLIENT_KEY")?,
            )?;
        // A renewed certificate of Thales is noticed at once.
        config.resumption = Resumption::disabled();
        Ok(Self { config: Arc::new(config), portal: portal.clone() })
    }

    pub(super) fn call(&self, request: &Request) -> Result<Reply, ReferenceError> {
        let (host, port, path) = split(&request.url)?;
        let address = resolver::resolve(&host, port, self.portal.resolver)
            .map_err(|error| ReferenceError::Io("resolve Thales' host", error))?;
        let mut socket =
            TcpStream::connect_timeout(&address, TIMEOUT).map_err(|error| ReferenceError::Io("connect", error))?;
        let prepared = socket
            .set_nodelay(true)
            .and_then(|()| socket.set_read_timeout(Some(TIMEOUT)))
            .and_then(|()| socket.set_write_timeout(Some(TIMEOUT)));
        prepared.map_err(|error| ReferenceError::Io("prepare the socket", error))?;
        let name =
            ServerName::try_from(host.clone()).map_err(|_| ReferenceError::Http(format!("`{host}` is no host")))?;
        let mut session = ClientConnection::new(Arc::clone(&self.config), name)?;
        let mut stream = Stream::new(&mut session, &mut socket);
        let head = format!("{} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", request.method);
        stream.write_all(head.as_bytes()).map_err(|error| ReferenceError::Io("send the request", error))?;
        let status = read_status(&mut stream)?;
        // A courtesy; the answer is complete.
        session.send_close_notify();
        let _ = session.complete_io(&mut socket);
        Ok(Reply { status })
    }
}

fn read_status(stream: &mut impl Read) -> Result<u16, ReferenceError> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).map_err(|error| ReferenceError::Io("read the answer", error))? {
            0 => break,
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
    std::str::from_utf8(&answer)
        .ok()
        .and_then(|text| text.split_ascii_whitespace().nth(1)?.parse().ok())
        .ok_or_else(|| ReferenceError::Http("the answer is no HTTP".to_owned()))
}

fn split(url: &str) -> Result<(String, u16, String), ReferenceError> {
    let wrong = || ReferenceError::Http(format!("`{url}` is no https URL"));
    let rest = url.strip_prefix("https://").ok_or_else(wrong)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (authority, 443),
    };
    Ok((host.to_owned(), port, format!("/{path}")))
}

pub(super) fn certificates(
    portal: &Portal,
    asset: &'static str,
) -> Result<Vec<CertificateDer<'static>>, ReferenceError> {
    let pem = portal.asset(asset).map_err(|error| ReferenceError::Io(asset, error))?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| ReferenceError::Asset(asset))
}

pub(super) fn key(portal: &Portal, asset: &'static str) -> Result<PrivateKeyDer<'static>, ReferenceError> {
    let pem = portal.asset(asset).map_err(|error| ReferenceError::Io(asset, error))?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| ReferenceError::Asset(asset))
}
