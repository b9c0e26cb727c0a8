//! Both directions of real handshakes of TLS 1.2 and 1.3, as the scanner sees them. No sockets: rustls in memory.

use std::io::Write as _;
use std::sync::Arc;

use mock_thales::observe::TlsVersion;
use mock_thales::plan::KeyKind;
use mock_thales::wire::records::{Scanner, Sighting};
use mock_thales::wire::server_hello::{Sentinel, ServerHello};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

use crate::identities::{Authority, HOST};

/// What one direction showed.
#[derive(Default)]
struct Direction {
    scanner: Scanner,
    seen: Vec<Sighting>,
}

impl Direction {
    fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(11) {
            self.scanner.feed(piece, |sighting| self.seen.push(sighting));
        }
    }

    fn hellos(&self) -> Vec<ServerHello> {
        let hello = |sighting: &Sighting| match sighting {
            Sighting::ServerHello(hello) => Some(*hello),
            _ => None,
        };
        self.seen.iter().filter_map(hello).collect()
    }

    fn alerts(&self) -> Vec<u8> {
        let code = |sighting: &Sighting| match sighting {
            Sighting::Alert { code, .. } => Some(*code),
            _ => None,
        };
        self.seen.iter().filter_map(code).collect()
    }

    fn flights(&self) -> usize {
        self.seen.iter().filter(|sighting| **sighting == Sighting::FirstFlight).count()
    }
}

/// Plays a handshake and one piece of data from the client. `trust` says whether the client takes the certificate.
fn play(client: &[&'static SupportedProtocolVersion], trust: bool, retry: bool) -> (Direction, Direction) {
    let authority = Authority::new();
    let leaf = authority.issue("server", KeyKind::P256);
    let mut provider = default_provider();
    if retry {
        provider.kx_groups = vec![kx_group::SECP384R1];
    }
    let chain = leaf.identity.chain.iter().map(|certificate| certificate.0.clone().into()).collect();
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(leaf.identity.key_pkcs8().to_vec()).into();
    let server = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate");
    let mut roots = RootCertStore::empty();
    let trusted = if trust { authority.der() } else { Authority::new().der() };
    roots.add(trusted.into()).expect("an authority");
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(client)
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut server = ServerConnection::new(Arc::new(server)).expect("a server");
    let mut client = ClientConnection::new(Arc::new(client), HOST.try_into().expect("a name")).expect("a client");
    let (mut from_client, mut from_server) = (Direction::default(), Direction::default());
    let mut written = false;
    loop {
        if !client.is_handshaking() && !written {
            written = true;
            client.writer().write_all(b"data").expect("memory");
        }
        let (mut up, mut down) = (Vec::new(), Vec::new());
        while client.wants_write() {
            client.write_tls(&mut up).expect("memory");
        }
        from_client.feed(&up);
        server.read_tls(&mut &up[..]).expect("memory");
        let server_minds = server.process_new_packets().is_err();
        while server.wants_write() {
            server.write_tls(&mut down).expect("memory");
        }
        from_server.feed(&down);
        client.read_tls(&mut &down[..]).expect("memory");
        let client_minds = client.process_new_packets().is_err();
        if client_minds {
            let mut last = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut last).expect("memory");
            }
            from_client.feed(&last);
        }
        if client_minds || server_minds || (up.is_empty() && down.is_empty()) {
            return (from_client, from_server);
        }
    }
}

pub(crate) fn of_tls_1_3() {
    let (client, server) = play(&[&rustls::version::TLS13, &rustls::version::TLS12], true, false);
    let [hello] = server.hellos()[..] else { panic!("{:?}", server.seen) };
    assert_eq!((hello.version, hello.retry, hello.sentinel), (TlsVersion::V1_3, false, None));
    assert_eq!((server.flights(), client.flights()), (1, 0));
    // Finished, and the data.
    assert_eq!(client.scanner.application_data(), 2);
    assert!(client.scanner.at_boundary() && server.scanner.at_boundary());
    assert!(client.seen.contains(&Sighting::Message { kind: 1 }));
    assert_eq!((client.alerts(), server.alerts()), (vec![], vec![]));
}

pub(crate) fn of_tls_1_3_after_a_retry() {
    let (_, server) = play(&[&rustls::version::TLS13], true, true);
    let [retry, hello] = server.hellos()[..] else { panic!("{:?}", server.seen) };
    assert_eq!((retry.retry, hello.retry, hello.version), (true, false, TlsVersion::V1_3));
    let flight = server.seen.iter().position(|sighting| *sighting == Sighting::FirstFlight);
    let hello = server.seen.iter().position(|sighting| *sighting == Sighting::ServerHello(hello));
    assert!(flight > hello, "a retry is no first flight");
    assert_eq!(server.flights(), 1);
}

pub(crate) fn of_tls_1_2() {
    let (client, server) = play(&[&rustls::version::TLS12], true, false);
    let [hello] = server.hellos()[..] else { panic!("{:?}", server.seen) };
    assert_eq!((hello.version, hello.sentinel), (TlsVersion::V1_2, Some(Sentinel::ToTls12)));
    let done = server.seen.iter().position(|sighting| *sighting == Sighting::Message { kind: 14 });
    assert_eq!(server.seen.get(done.expect("a ServerHelloDone") + 1), Some(&Sighting::FirstFlight));
    assert_eq!((server.flights(), client.scanner.application_data()), (1, 1));
    assert!(client.seen.contains(&Sighting::Message { kind: 16 }), "its ClientKeyExchange is in plaintext");
}

pub(crate) fn of_refused_certificates() {
    let (client, _) = play(&[&rustls::version::TLS12], false, false);
    assert_eq!((client.alerts(), client.scanner.application_data()), (vec![48], 0));
    let (client, _) = play(&[&rustls::version::TLS13], false, false);
    assert!(client.alerts().is_empty(), "in TLS 1.3 it is encrypted and looks like data");
    assert_eq!(client.scanner.application_data(), 1);
}
