//! The forced ServerHello: a version that the client does not offer, the same version where it does, and the sentinel.

use mock_thales::observe::TlsVersion;
use mock_thales::wire::records::{Scanner, Sighting};
use mock_thales::wire::server_hello::{Sentinel, forced, forced_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::identities::Authority;
use crate::peers::{accept, curl, hello, listener, python_client, within};

const OLD: [TlsVersion; 2] = [TlsVersion::V1_0, TlsVersion::V1_1];

pub(crate) async fn python_that_does_not_offer_the_version_answers_by_version() {
    let authority = Authority::new();
    for version in OLD {
        let (listener, address) = listener().await;
        let _python = python_client(&authority, address, "c.set_ciphers('ALL')");
        let mut stream = accept(&listener).await;
        let (_, hello) = hello(&mut stream).await;
        assert!(!hello.offers(version));
        let answer = forced(&hello, version, None).expect("it offers suites of that version");
        assert_eq!(reaction(stream, &answer).await, Some(70));
    }
}

/// Where no suite is offered that exists before TLS 1.2, as by Python's own defaults, there is nothing proper to choose; with a suite
/// of 1.2 the answer is about the version all the same.
pub(crate) async fn python_without_old_suites_minds_the_version_first() {
    let authority = Authority::new();
    for version in OLD {
        let (listener, address) = listener().await;
        let _python = python_client(&authority, address, "c.set_ciphers('ECDHE+AESGCM')");
        let mut stream = accept(&listener).await;
        let (_, hello) = hello(&mut stream).await;
        assert_eq!(forced(&hello, version, None), None);
        let answer = forced_with(hello.ciphers[0], &hello, version, None);
        assert_eq!(reaction(stream, &answer).await, Some(70));
    }
}

pub(crate) async fn curl_takes_an_offered_version_without_a_word() {
    let authority = Authority::new();
    for version in [TlsVersion::V1_0, TlsVersion::V1_1, TlsVersion::V1_2] {
        let (listener, address) = listener().await;
        let _curl = curl(&authority, address, &[]);
        let mut stream = accept(&listener).await;
        let (_, hello) = hello(&mut stream).await;
        assert!(hello.offers(version));
        let answer = forced(&hello, version, None).expect("a common suite");
        assert_eq!(reaction(stream, &answer).await, None);
    }
}

pub(crate) async fn curl_rejects_the_sentinel_and_not_the_version() {
    let authority = Authority::new();
    let versions = [
        (TlsVersion::V1_1, Sentinel::ToTls11),
        (TlsVersion::V1_0, Sentinel::ToTls11),
        (TlsVersion::V1_2, Sentinel::ToTls12),
    ];
    for (version, sentinel) in versions {
        let (listener, address) = listener().await;
        let _curl = curl(&authority, address, &[]);
        let mut stream = accept(&listener).await;
        let (_, hello) = hello(&mut stream).await;
        let answer = forced(&hello, version, Some(sentinel)).expect("a common suite");
        assert_eq!(reaction(stream, &answer).await, Some(47));
    }
}

/// Sends the ServerHello and closes the sending side after it: a client that takes it then meets the end, one that
/// refuses it has said so before. Gives the fatal alert.
async fn reaction(mut stream: TcpStream, answer: &[u8]) -> Option<u8> {
    stream.write_all(answer).await.expect("written");
    stream.shutdown().await.expect("closed");
    let mut bytes = Vec::new();
    // A reset after the alert does not take back what was sent before it.
    let _ = within("the client's answer", stream.read_to_end(&mut bytes)).await;
    let mut alert = None;
    Scanner::new().feed(&bytes, |sighting| {
        if let Sighting::Alert { level: 2, code } = sighting {
            alert = Some(code);
        }
    });
    alert
}
