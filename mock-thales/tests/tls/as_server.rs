//! The counterpart as server: what looks like a refused version and is none.

use std::ffi::OsStr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use mock_thales::legacy::{Client, Failure, LegacyError, Server};
use mock_thales::observe::{CertificateDer, TlsVersion};
use mock_thales::pki::Identity;
use mock_thales::plan::{AskClient, KeyExchange, KeyKind};
use mock_thales::wire::ciphers;
use mock_thales::wire::records::{Scanner, Sighting};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use crate::identities::{Authority, HOST};
use crate::peers::{accept, answer, curl, dial, hello, listener, python_client, s_client, text, within};

const OLD: [TlsVersion; 2] = [TlsVersion::V1_0, TlsVersion::V1_1];

pub(crate) async fn curl_completes_with_static_rsa_and_sends_its_request() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    for version in OLD {
        for exchange in [KeyExchange::Rsa, KeyExchange::Any] {
            let server = Server::new(version, exchange, AskClient::Never, &[], &leaf.identity).expect("a server");
            let (listener, address) = listener().await;
            let curl = curl(&authority, address, &[]);
            let stream = accept(&listener).await;
            let mut established = within("handshake", server.accept(stream)).await.expect("a completed handshake");
            assert_eq!(established.version, version);
            assert!(ciphers::is_static_rsa(established.cipher), "{:#06x}", established.cipher);
            assert_eq!((established.proved, established.requested.as_ref()), (None, None));
            assert!(answer(&mut established.stream).await.starts_with("GET /downgraded HTTP/1.1"));
            let output = curl.end().await;
            assert!(output.status.success(), "{}", text(&output));
        }
    }
}

pub(crate) async fn curl_ends_ecdhe_by_accident_with_internal_error() {
    let authority = Authority::new();
    for kind in [KeyKind::Rsa2048, KeyKind::P256] {
        let leaf = authority.issue("server", kind);
        let server = Server::new(TlsVersion::V1_1, KeyExchange::Ecdhe, AskClient::Never, &[], &leaf.identity);
        let (listener, address) = listener().await;
        let _curl = curl(&authority, address, &[]);
        let stream = accept(&listener).await;
        let failure = within("handshake", server.expect("a server").accept(stream)).await.expect_err("no handshake");
        assert_eq!(failure, Failure::PeerAlert(80), "no version alert: the signature offends curl");
    }
}

pub(crate) async fn curl_withholds_its_certificate_and_sends_its_request_all_the_same() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let own = authority.issue("client", kind);
        let server =
            Server::new(TlsVersion::V1_1, KeyExchange::Rsa, AskClient::Request, &[authority.subject()], &leaf.identity)
                .expect("a server");
        let (listener, address) = listener().await;
        let more: [&OsStr; 4] = ["--cert".as_ref(), own.certificate.as_ref(), "--key".as_ref(), own.key.as_ref()];
        let curl = curl(&authority, address, &more);
        let stream = accept(&listener).await;
        let mut established = within("handshake", server.accept(stream)).await.expect("a completed handshake");
        assert_eq!((established.peer_chain.len(), established.proved), (0, None));
        assert!(answer(&mut established.stream).await.starts_with("GET /downgraded HTTP/1.1"));
        assert!(curl.end().await.status.success());
    }
}

pub(crate) async fn a_client_that_does_not_offer_the_version_is_refused_by_us() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    let server = Server::new(TlsVersion::V1_1, KeyExchange::Any, AskClient::Never, &[], &leaf.identity);
    let (listener, address) = listener().await;
    let _python = python_client(&authority, address, "c.set_ciphers('ALL')");
    let stream = accept(&listener).await;
    match within("handshake", server.expect("a server").accept(stream)).await.expect_err("no handshake") {
        Failure::Local { alert: Some(70), .. } => {}
        other => panic!("this is our own refusal, and not {other:?}"),
    }
}

pub(crate) async fn a_client_certificate_arrives_with_its_proof() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    let asked = [authority.subject()];
    for (version, flag) in OLD.into_iter().zip(["-tls1", "-tls1_1"]) {
        for kind in [KeyKind::P256, KeyKind::Rsa2048] {
            for exchange in [KeyExchange::Rsa, KeyExchange::Ecdhe] {
                let own = authority.issue("client", kind);
                let server = Server::new(version, exchange, AskClient::Request, &asked, &leaf.identity);
                let (listener, address) = listener().await;
                let (certificate, key) = (own.certificate.display(), own.key.display());
                let ca = authority.pem();
                let client = s_client(
                    address,
                    &format!(
                        "{flag} -cipher ALL:@SECLEVEL=0 -cert {certificate} -key {key} -cert_chain {}",
                        ca.display()
                    ),
                );
                let stream = accept(&listener).await;
                let mut established =
                    within("handshake", server.expect("a server").accept(stream)).await.expect("a handshake");
                assert_eq!(established.peer_chain.len(), 2, "leaf and root, as sent");
                assert_eq!(established.peer_chain[0], own.identity.chain[0], "the leaf comes first");
                assert_eq!((established.proved, established.version), (Some(true), version));
                established.stream.shutdown().await.expect("a close");
                let said = text(&client.end().await);
                assert!(said.contains("TEST, NOT THALES"), "the authority is named in the request: {said}");
            }
        }
    }
}

pub(crate) async fn no_session_is_offered_or_resumed() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    let server = Server::new(TlsVersion::V1_1, KeyExchange::Any, AskClient::Request, &[], &leaf.identity);
    let server = server.expect("a server");
    let (listener, address) = listener().await;
    let client = s_client(address, "-tls1_1 -cipher ALL:@SECLEVEL=0 -reconnect");
    for _ in 0..6 {
        let stream = accept(&listener).await;
        let mut established = within("handshake", server.accept(stream)).await.expect("a completed handshake");
        assert!(!established.session_reused);
        established.stream.shutdown().await.expect("a close");
    }
    let said = text(&client.end().await);
    assert_eq!((said.matches("New, ").count(), said.matches("Reused, ").count()), (6, 0), "{said}");
}

pub(crate) async fn the_server_hello_has_neither_sentinel_nor_session() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    for version in OLD {
        let server = Server::new(version, KeyExchange::Rsa, AskClient::Request, &[], &leaf.identity);
        let (listener, address) = listener().await;
        let curl = curl(&authority, address, &[]);
        let sent = Arc::new(Mutex::new(Vec::new()));
        let stream = Tee { inner: accept(&listener).await, sent: Arc::clone(&sent) };
        let established = within("handshake", server.expect("a server").accept(stream)).await;
        answer(&mut established.expect("a completed handshake").stream).await;
        assert!(curl.end().await.status.success());
        let mut sightings = Vec::new();
        Scanner::new().feed(&sent.lock().expect("no panic"), |sighting| sightings.push(sighting));
        let hellos: Vec<_> = sightings
            .iter()
            .filter_map(|sighting| match sighting {
                Sighting::ServerHello(hello) => Some(hello),
                _ => None,
            })
            .collect();
        let [hello] = hellos[..] else { panic!("one ServerHello among {sightings:?}") };
        assert_eq!((hello.version, hello.sentinel, hello.no_session), (version, None, true));
        assert!(sightings.contains(&Sighting::FirstFlight));
    }
}

/// What [`ciphers::common`] foretells from the hello is what the engine does.
pub(crate) async fn common_foretells_the_handshake() {
    let authority = Authority::new();
    let leaves = [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384].map(|kind| (kind, authority.issue("server", kind)));
    let offers = [
        "AES128-SHA",
        "AES256-SHA",
        "DHE-RSA-AES128-SHA",
        "DHE-RSA-AES256-SHA",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-RSA-AES256-SHA",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA",
        "CAMELLIA128-SHA",
        "DHE-RSA-CAMELLIA256-SHA",
        "ARIA128-GCM-SHA256:AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-SHA -groups X25519",
        "ECDHE-ECDSA-AES128-SHA -groups X25519",
        "ECDHE-ECDSA-AES128-SHA -groups P-256:X25519",
        "ECDHE-ECDSA-AES128-SHA -groups P-521:P-384",
        "ECDHE-RSA-AES128-SHA -groups X448",
        "ECDHE-RSA-AES128-SHA -groups ffdhe2048",
        "ECDHE-RSA-AES128-SHA -groups brainpoolP256r1",
        "AES128-SHA -groups ffdhe2048",
        "DHE-RSA-AES128-SHA -groups X25519",
    ];
    let (listener, address) = listener().await;
    let mut outcomes = [0, 0];
    for offer in offers {
        let (suite, groups) = offer.split_once(' ').unwrap_or((offer, ""));
        for exchange in [KeyExchange::Any, KeyExchange::Rsa, KeyExchange::Ecdhe] {
            for (kind, leaf) in &leaves {
                let server = match Server::new(TlsVersion::V1_1, exchange, AskClient::Never, &[], &leaf.identity) {
                    Err(LegacyError::KeyCannotExchange) => continue,
                    server => server.expect("a server"),
                };
                // A highest version of 1.2, so that suites of 1.2 alone are in the hello too.
                let client = s_client(address, &format!("-cipher {suite}:@SECLEVEL=0 {groups} -no_tls1_3 -quiet"));
                let mut stream = accept(&listener).await;
                let (bytes, hello) = hello(&mut stream).await;
                let foretold = ciphers::common(&hello, exchange, *kind);
                let played = within("handshake", server.accept(Rewound { first: bytes, inner: stream })).await;
                assert_eq!(foretold, played.is_ok(), "{offer} {exchange:?} {kind:?}: {played:?} {hello:?}");
                outcomes[usize::from(foretold)] += 1;
                drop(played);
                client.end().await;
            }
        }
    }
    assert!(outcomes.iter().all(|count| *count > 20), "both outcomes were met: {outcomes:?}");
}

pub(crate) async fn what_can_never_work_is_said_at_once() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::P256);
    let server = |version, exchange, authorities: &[Vec<u8>]| {
        Server::new(version, exchange, AskClient::Request, authorities, &leaf.identity)
    };
    let modern = server(TlsVersion::V1_2, KeyExchange::Ecdhe, &[]);
    assert!(matches!(modern, Err(LegacyError::NotLegacy(TlsVersion::V1_2))), "{modern:?}");
    let static_rsa = server(TlsVersion::V1_1, KeyExchange::Rsa, &[]);
    assert!(matches!(static_rsa, Err(LegacyError::KeyCannotExchange)), "{static_rsa:?}");
    let nameless = server(TlsVersion::V1_1, KeyExchange::Ecdhe, &[authority.subject(), b"CN=x".to_vec()]);
    assert!(matches!(nameless, Err(LegacyError::Authority { index: 1, .. })), "{nameless:?}");
}

/// What is wrong with a certificate is for the peer to say: the engine shows it.
pub(crate) async fn a_weak_certificate_is_shown() {
    let weak = weak();
    let server = Server::new(TlsVersion::V1_1, KeyExchange::Any, AskClient::Request, &[], &weak).expect("a server");
    let client = Client::new(TlsVersion::V1_1, KeyExchange::Any, Some(&weak), HOST).expect("a client");
    let (listener, address) = listener().await;
    let served = async { server.accept(accept(&listener).await).await };
    let called = async { client.connect(dial(address).await).await };
    let (served, called) = within("handshake", async { tokio::join!(served, called) }).await;
    assert_eq!(called.expect("a completed handshake").peer_chain, weak.chain);
    assert_eq!(served.expect("a completed handshake").peer_chain, weak.chain);
}

/// RSA of 1024 bits, signed with SHA-1, expired.
fn weak() -> Identity {
    use openssl::{asn1::Asn1Time, hash::MessageDigest, pkey::PKey, rsa::Rsa, x509::X509};
    let make = || {
        let key = PKey::from_rsa(Rsa::generate(1024)?)?;
        let mut certificate = X509::builder()?;
        certificate.set_not_before(Asn1Time::from_unix(1)?.as_ref())?;
        certificate.set_not_after(Asn1Time::from_unix(2)?.as_ref())?;
        certificate.set_pubkey(&key)?;
        certificate.sign(&key, MessageDigest::sha1())?;
        let chain = vec![CertificateDer(certificate.build().to_der()?)];
        Ok::<_, openssl::error::ErrorStack>(Identity::new(chain, key.private_key_to_pkcs8()?))
    };
    // Before OpenSSL is used for anything else here.
    mock_thales::legacy::ignore_configuration();
    make().expect("a weak certificate").expect("a chain of one")
}

/// Keeps a copy of what is sent.
struct Tee {
    inner: TcpStream,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Tee {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tee {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.sent.lock().expect("no panic").extend_from_slice(&buf[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Gives back first what was read to look at the hello.
#[derive(Debug)]
struct Rewound {
    first: Vec<u8>,
    inner: TcpStream,
}

impl AsyncRead for Rewound {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let count = self.first.len().min(buf.remaining());
        buf.put_slice(&self.first[..count]);
        self.first.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
