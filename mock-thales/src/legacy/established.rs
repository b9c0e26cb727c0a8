//! A finished legacy handshake: what was agreed, what the peer showed, and the stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use openssl::ssl::{SslRef, SslVersion};
use openssl::x509::X509Ref;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::certificate_request;
use super::watched::Watched;
use crate::observe::{CertificateDer, TlsVersion};
use crate::wire::ciphers;

/// Both Finished messages were exchanged, as far as this side can tell: a server has sent its own, and whether the
/// client minds shows in the first read.
#[derive(Debug)]
pub struct Established<S> {
    /// Application data of both directions.
    pub stream: Stream<S>,
    /// The version agreed on.
    pub version: TlsVersion,
    /// The cipher suite, in its IANA number.
    pub cipher: u16,
    /// The peer's certificates, leaf first; empty if it sent none.
    pub peer_chain: Vec<CertificateDer>,
    /// Whether the peer's signature shows that it holds the leaf's key. `None` without a certificate, and for a server
    /// with static RSA, which signs nothing (it has decrypted the premaster secret).
    pub proved: Option<bool>,
    /// As a client: the authorities that the server's CertificateRequest names, as RFC 4514 strings; `None` if it did
    /// not ask. As a server always `None`.
    pub requested: Option<Vec<String>>,
    /// Whether a session was resumed; the engine offers none and accepts none.
    pub session_reused: bool,
}

impl<S> Established<S> {
    /// The peer is a client: its leaf stands apart from the rest in the engine.
    pub(super) fn of_client(stream: tokio_openssl::SslStream<Watched<S>>) -> Self {
        let ssl = stream.ssl();
        let leaf = ssl.peer_certificate();
        let peer_chain: Vec<_> = leaf.as_deref().into_iter().chain(rest(ssl)).filter_map(der).collect();
        // The engine does not finish without the CertificateVerify of a client that showed a certificate.
        let proved = (!peer_chain.is_empty()).then_some(true);
        Self::new(stream, peer_chain, proved, None)
    }

    /// The peer is a server.
    pub(super) fn of_server(stream: tokio_openssl::SslStream<Watched<S>>) -> Self {
        let peer_chain: Vec<_> = rest(stream.ssl()).filter_map(der).collect();
        let signs = !ciphers::is_static_rsa(cipher(stream.ssl()));
        let proved = (signs && !peer_chain.is_empty()).then_some(true);
        let requested = certificate_request::authorities(stream.get_ref().flight());
        Self::new(stream, peer_chain, proved, requested)
    }

    fn new(
        mut stream: tokio_openssl::SslStream<Watched<S>>,
        peer_chain: Vec<CertificateDer>,
        proved: Option<bool>,
        requested: Option<Vec<String>>,
    ) -> Self {
        stream.get_mut().forget_flight();
        let ssl = stream.ssl();
        let (version, cipher, session_reused) = (version(ssl), cipher(ssl), ssl.session_reused());
        Self { stream: Stream(stream), version, cipher, peer_chain, proved, requested, session_reused }
    }
}

fn rest(ssl: &SslRef) -> impl Iterator<Item = &X509Ref> {
    ssl.peer_cert_chain().into_iter().flatten()
}

fn der(certificate: &X509Ref) -> Option<CertificateDer> {
    certificate.to_der().ok().map(CertificateDer)
}

fn version(ssl: &SslRef) -> TlsVersion {
    match ssl.version2() {
        Some(SslVersion::TLS1) => TlsVersion::V1_0,
        Some(SslVersion::TLS1_1) => TlsVersion::V1_1,
        // The context allows nothing else.
        _ => TlsVersion(0),
    }
}

fn cipher(ssl: &SslRef) -> u16 {
    ssl.current_cipher().map_or(0, |cipher| u16::from_be_bytes(cipher.protocol_id()))
}

/// The decrypted stream. `read` gives 0 bytes for the peer's close_notify alone; a FIN without one is
/// [`io::ErrorKind::UnexpectedEof`] or the engine's word for it. [`super::classify`] reads every error.
#[derive(Debug)]
pub struct Stream<S>(tokio_openssl::SslStream<Watched<S>>);

impl<S> Stream<S> {
    /// The transport beneath.
    pub fn get_ref(&self) -> &S {
        self.0.get_ref().get_ref()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(cx, buf))?;
        let nothing = buf.filled().len() == before && buf.remaining() > 0;
        // The engine stops at close_notify, before the FIN that follows it.
        if nothing && self.0.get_ref().ended() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    /// Sends close_notify, then closes the transport's sending side.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
