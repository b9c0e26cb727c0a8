//! The reference's caller: asks for the address at each call, verifies the server, shows its certificate, and where the
//! product demands one, an access token.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::access::{Access, SigningKey};
use super::payload::payload;
use super::{ReferenceError, resolver};
use crate::integration::{Portal, Reply, Request};

/// Longest wait for Thales.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Client {
    config: Arc<ClientConfig>,
    resolver: Option<SocketAddr>,
    access: Access,
    profile: String,
    /// Whether the health check was asked.
    asked: bool,
}

impl Client {
    pub(super) fn new(portal: &Portal, key: SigningKey) -> Result<Self, ReferenceError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates(portal, "TSH_TLS_SERVER_CERTIFICATE_CHAIN")?);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(
                certificates(portal, "CUSTOMER_TLS_CLIENT_CERTIFICATE")?,
                key_of(portal, "CUSTOMER_TLS_CLIENT_KEY")?,
            )?;
        // A renewed certificate of Thales is noticed at once.
        config.resumption = Resumption::disabled();
        Ok(Self {
            config: Arc::new(config),
            resolver: portal.resolver,
            access: Access::new(portal, key),
            profile: portal.profile.clone(),
            asked: false,
        })
    }

    /// A call, made once more where another token or another moment may help.
    pub(super) fn call(&mut self, request: &Request) -> Result<Reply, ReferenceError> {
        if let Some(url) = self.access.health(&request.url).filter(|_| !std::mem::replace(&mut self.asked, true)) {
            // Its answer is monitoring's business.
            let _ = self.request("GET", &url, "");
        }
        // What it is asked for is a call, whatever the method: what it has to say goes with it.
        let body = payload(&self.profile)?;
        let method = if body.is_empty() { request.method.as_str() } else { "POST" };
        let mut status = self.request(method, &request.url, &body)?;
        if (status == 401 && self.access.refused()) || self.access.may_pass(status) {
            status = self.request(method, &request.url, &body)?;
        }
        Ok(Reply { status })
    }

    fn request(&mut self, method: &str, url: &str, body: &str) -> Result<u16, ReferenceError> {
        let line = Line { config: &self.config, resolver: self.resolver };
        let mut fields = self.access.fields(|url, form| {
            let kind = [("content-type", "application/x-www-form-urlencoded".to_owned())];
            line.exchange("POST", url, &kind, form)
        })?;
        let kind = (!body.is_empty()).then(|| ("content-type", "application/json".to_owned()));
        fields.extend(kind);
        Ok(line.exchange(method, url, &fields, body)?.0)
    }
}

/// The way to Thales: a connection for each request.
struct Line<'a> {
    config: &'a Arc<ClientConfig>,
    resolver: Option<SocketAddr>,
}

impl Line<'_> {
    /// Sends a request and returns status and body of its answer.
    fn exchange(
        &self,
        method: &str,
        url: &str,
        fields: &[(&'static str, String)],
        body: &str,
    ) -> Result<(u16, Vec<u8>), ReferenceError> {
        let (host, port, path) = split(url)?;
        let address = resolver::resolve(&host, port, self.resolver)
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
        let mut session = ClientConnection::new(Arc::clone(self.config), name)?;
        let mut stream = Stream::new(&mut session, &mut socket);
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        let message = format!("{head}\r\n{body}");
        stream.write_all(message.as_bytes()).map_err(|error| ReferenceError::Io("send the request", error))?;
        let answer = read_answer(&mut stream)?;
        // A courtesy; the answer is complete.
        session.send_close_notify();
        let _ = session.complete_io(&mut socket);
        Ok(answer)
    }
}

/// Status and body of an answer that says how long it is.
fn read_answer(stream: &mut impl Read) -> Result<(u16, Vec<u8>), ReferenceError> {
    let no_http = || ReferenceError::Http("the answer is no HTTP".to_owned());
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    let mut wanted = None;
    loop {
        if wanted.is_none()
            && let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let head = std::str::from_utf8(&answer[..end]).map_err(|_| no_http())?.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let status = head.split_ascii_whitespace().nth(1).and_then(|status| status.parse().ok());
            wanted = Some((status.ok_or_else(no_http)?, end + 4, length.unwrap_or(0)));
        }
        if let Some((status, begin, length)) = wanted
            && answer.len() >= begin + length
        {
            return Ok((status, answer[begin..begin + length].to_vec()));
        }
        match stream.read(&mut buffer).map_err(|error| ReferenceError::Io("read the answer", error))? {
            0 => return Err(no_http()),
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
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

pub(super) fn key_of(portal: &Portal, asset: &'static str) -> Result<PrivateKeyDer<'static>, ReferenceError> {
    let pem = portal.asset(asset).map_err(|error| ReferenceError::Io(asset, error))?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| ReferenceError::Asset(asset))
}
