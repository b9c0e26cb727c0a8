//! The counterpart as client: what an integration's server refuses, accepts, or fails at by accident.

use std::sync::Arc;

use mock_thales::legacy::{Client, Failure, LegacyError, classify};
use mock_thales::observe::TlsVersion;
use mock_thales::plan::{KeyExchange, KeyKind};
use mock_thales::wire::{ciphers, server_hello};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::identities::{Authority, HOST};
use crate::peers::{accept, dial, hello, listener, python_server, s_server, within};

const OLD: [TlsVersion; 2] = [TlsVersion::V1_0, TlsVersion::V1_1];

pub(crate) async fn python_that_allows_old_versions_completes_them() {
    let authority = Authority::new();
    for kind in [KeyKind::Rsa2048, KeyKind::P256] {
        let leaf = authority.issue("server", kind);
        for version in OLD {
            let settings = "c.minimum_version = ssl.TLSVersion.TLSv1; c.set_ciphers('ALL:@SECLEVEL=0')";
            let (_python, address) = python_server(&leaf, settings).await;
            let client = Client::new(version, KeyExchange::Ecdhe, None, HOST).expect("a client");
            let mut established =
                within("handshake", client.connect(dial(address).await)).await.expect("a completed handshake");
            assert_eq!(established.version, version);
            assert_eq!(established.peer_chain, leaf.identity.chain);
            assert_eq!((established.proved, established.requested.as_ref()), (Some(true), None));
            established.stream.write_all(b"downgraded").await.expect("a request");
            let mut echo = Vec::new();
            established.stream.read_to_end(&mut echo).await.expect("an end by close_notify");
            assert_eq!(echo, b"downgraded");
        }
    }
}

pub(crate) async fn python_from_tls_1_2_up_refuses_by_version() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    for version in OLD {
        for exchange in [KeyExchange::Rsa, KeyExchange::Ecdhe, KeyExchange::Any] {
            let (_python, address) = python_server(&leaf, "").await;
            let client = Client::new(version, exchange, Some(&leaf.identity), HOST).expect("a client");
            let failure = within("handshake", client.connect(dial(address).await)).await.expect_err("no handshake");
            assert_eq!(failure, Failure::PeerAlert(70));
        }
    }
}

/// At its own security level the server cannot sign with SHA-1, nor name a signature for a certificate at all: alert
/// 80, which is no word about the version, whatever the key exchange. The same server at level 0 accepts.
pub(crate) async fn s_server_fails_by_accident_and_accepts_at_level_0() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    let (_strict, strict) = s_server(&leaf, "").await;
    let (_lax, lax) = s_server(&leaf, "-cipher DEFAULT:@SECLEVEL=0").await;
    for version in OLD {
        for exchange in [KeyExchange::Ecdhe, KeyExchange::Rsa] {
            let client = Client::new(version, exchange, None, HOST).expect("a client");
            let failure = within("handshake", client.connect(dial(strict).await)).await.expect_err("no handshake");
            assert_eq!(failure, Failure::PeerAlert(80));
            let established = within("handshake", client.connect(dial(lax).await)).await.expect("a handshake");
            let signed = exchange == KeyExchange::Ecdhe;
            assert_eq!((established.version, established.proved), (version, signed.then_some(true)));
            assert_eq!(ciphers::is_static_rsa(established.cipher), !signed);
        }
    }
}

pub(crate) async fn a_server_that_insists_refuses_the_missing_certificate_and_not_the_version() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    let ca = authority.pem();
    let demands = format!("-cipher ALL:@SECLEVEL=0 -Verify 1 -verify_return_error -CAfile {}", ca.display());
    let (_server, address) = s_server(&leaf, &demands).await;
    for version in OLD {
        for exchange in [KeyExchange::Rsa, KeyExchange::Ecdhe] {
            let bare = Client::new(version, exchange, None, HOST).expect("a client");
            let failure = within("handshake", bare.connect(dial(address).await)).await.expect_err("no handshake");
            assert_eq!(failure, Failure::PeerAlert(40));
            for kind in [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384] {
                let own = authority.issue("client", kind);
                let client = Client::new(version, exchange, Some(&own.identity), HOST).expect("a client");
                let established = within("handshake", client.connect(dial(address).await)).await.expect("a handshake");
                assert_eq!(established.requested, Some(vec![authority.subject_text()]));
            }
        }
    }
}

pub(crate) async fn a_request_without_names_is_still_a_request() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    let (_server, address) = s_server(&leaf, "-cipher ALL:@SECLEVEL=0 -verify 1 -no-CAfile -no-CApath").await;
    let client = Client::new(TlsVersion::V1_0, KeyExchange::Any, None, HOST).expect("a client");
    let established = within("handshake", client.connect(dial(address).await)).await.expect("a completed handshake");
    assert_eq!(established.requested, Some(Vec::new()));
}

pub(crate) async fn rustls_refuses_with_handshake_failure() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    let chain = leaf.identity.chain.iter().map(|certificate| certificate.0.clone().into()).collect();
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(leaf.identity.key_pkcs8().to_vec()).into();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let (listener, address) = listener().await;
    let server = tokio::spawn(async move { acceptor.accept(accept(&listener).await).await.map(drop) });
    let client = Client::new(TlsVersion::V1_1, KeyExchange::Any, None, HOST).expect("a client");
    let failure = within("handshake", client.connect(dial(address).await)).await.expect_err("no handshake");
    assert_eq!(failure, Failure::PeerAlert(40));
    server.await.expect("no panic").expect_err("no handshake");
}

pub(crate) async fn the_hello_offers_one_old_version_and_names_the_host() {
    for version in OLD {
        for (name, sni) in [(HOST, Some(HOST)), ("127.0.0.1", None), ("::1", None)] {
            let client = Client::new(version, KeyExchange::Any, None, name).expect("a client");
            let (listener, address) = listener().await;
            let handshake = tokio::spawn(async move { client.connect(dial(address).await).await.map(drop) });
            let mut stream = accept(&listener).await;
            let (_, hello) = hello(&mut stream).await;
            assert_eq!(hello.sni.as_deref(), sni);
            assert_eq!((hello.legacy_version, hello.supported_versions.as_ref()), (version, None));
            assert_eq!((hello.highest(), hello.resumes), (version, false));
            assert_eq!(hello.alpn, Vec::<String>::new());
            let suites: Vec<_> =
                hello.ciphers.iter().copied().filter(|cipher| *cipher != ciphers::RENEGOTIATION_SCSV).collect();
            assert!(suites.iter().all(|cipher| ciphers::is_legacy(*cipher)), "{suites:04x?}");
            for cipher in [0x002f, 0x0035, 0x0033, 0x0039, 0xc013, 0xc014, 0xc009, 0xc00a] {
                assert!(suites.contains(&cipher), "{cipher:#06x} is missing from {suites:04x?}");
            }
            drop(stream);
            let failure = handshake.await.expect("no panic").expect_err("no handshake");
            assert!(matches!(failure, Failure::Fin | Failure::Reset), "{failure:?}");
        }
    }
}

/// A server that does not know RFC 5746 is not refused on that account: the end is the server's.
pub(crate) async fn an_old_server_hello_without_renegotiation_info_is_taken() {
    let (listener, address) = listener().await;
    let client = Client::new(TlsVersion::V1_0, KeyExchange::Any, None, HOST).expect("a client");
    let handshake = tokio::spawn(async move { client.connect(dial(address).await).await.map(drop) });
    let mut stream = accept(&listener).await;
    let (_, mut hello) = hello(&mut stream).await;
    hello.ciphers.retain(|cipher| *cipher != ciphers::RENEGOTIATION_SCSV);
    hello.extensions.clear();
    let answer = server_hello::forced(&hello, TlsVersion::V1_0, None).expect("a common suite");
    stream.write_all(&answer).await.expect("written");
    stream.shutdown().await.expect("closed");
    assert_eq!(within("handshake", handshake).await.expect("no panic").expect_err("no handshake"), Failure::Fin);
}

pub(crate) async fn a_close_without_close_notify_is_told_from_one_with_it() {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::Rsa2048);
    let settings = "c.minimum_version = ssl.TLSVersion.TLSv1; c.set_ciphers('ALL:@SECLEVEL=0')";
    let (_python, address) = python_server(&leaf, &format!("{settings}\nssl.SSLSocket.unwrap = lambda s: None")).await;
    let client = Client::new(TlsVersion::V1_1, KeyExchange::Any, None, HOST).expect("a client");
    let mut established = within("handshake", client.connect(dial(address).await)).await.expect("a handshake");
    established.stream.write_all(b"x").await.expect("a request");
    assert_eq!(established.stream.read_u8().await.expect("the echo"), b'x');
    let error = established.stream.read(&mut [0; 8]).await.expect_err("no close_notify came");
    assert_eq!(classify(&error), Failure::Fin);
}

pub(crate) fn a_newer_version_is_not_spoken_here() {
    let client = Client::new(TlsVersion::V1_3, KeyExchange::Any, None, HOST);
    assert!(matches!(client, Err(LegacyError::NotLegacy(TlsVersion::V1_3))), "{client:?}");
    let client = Client::new(TlsVersion::V1_1, KeyExchange::Any, None, &"x".repeat(300));
    assert!(matches!(client, Err(LegacyError::ServerName { .. })), "{client:?}");
}
