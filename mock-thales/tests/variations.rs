//! What an endpoint may do otherwise without being wrong: tickets that resume nothing, no answer to ALPN, other chains, and
//! an end of idle connections. Seen by a client of another library's code path: rustls as a client.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mock_thales::endpoint::{Conduct, Endpoint, Stage};
use mock_thales::observe::{Ending, Event, Fact, Recorder, TlsVersion, connections};
use mock_thales::pki::{Authorities, Names};
use mock_thales::plan::{Alpn, ChainShape, EndpointPlan, KeyKind, ServerCertificate};
use rustls::HandshakeKind;
use rustls_pki_types::ServerName;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const HOST: &str = "api.example.test";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: api.example.test\r\n\r\n";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Place {
    at: SocketAddr,
    recorder: Arc<Recorder>,
    client: Arc<rustls::ClientConfig>,
    _stage: Arc<Stage>,
}

fn authorities() -> Authorities {
    let names = Names {
        inbound_host: HOST.to_owned(),
        other_host: None,
        issuer_host: "issuer.example.test".to_owned(),
        common_name: "customer".to_owned(),
    };
    Authorities::with_roots(OffsetDateTime::now_utc(), &names, 2).expect("authorities")
}

impl Place {
    /// `versions` are those that the client offers.
    fn start(plan: &EndpointPlan, versions: &[&'static rustls::SupportedProtocolVersion]) -> Self {
        let authorities = authorities();
        let conduct = Conduct::new(plan, &authorities, &[], Arc::default()).expect("a conduct");
        let recorder = Recorder::new();
        let stage = Stage::new(Arc::clone(&recorder));
        stage.publish(IpAddr::V4(Ipv4Addr::LOCALHOST), Endpoint::new("main", Arc::new(conduct), PATIENCE));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let at = listener.local_addr().expect("an address");
        stage.listen(listener).expect("a runtime");
        // Roots alone: what stands between them and the leaf has to be sent.
        let mut roots = rustls::RootCertStore::empty();
        let (root, _, further) = match authorities.trust().as_slice() {
            [root, intermediate, further] => ((*root).clone(), (*intermediate).clone(), (*further).clone()),
            other => panic!("root, intermediate and a further root, found {}", other.len()),
        };
        roots.add_parsable_certificates([root, further].map(|der| rustls_pki_types::CertificateDer::from(der.0)));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(versions).expect("versions").with_root_certificates(roots);
        let own = authorities.customer_client();
        let mut client = builder.with_client_auth_cert(own.rustls_chain(), own.rustls_key()).expect("a client");
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { at, recorder, client: Arc::new(client), _stage: stage }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let socket = TcpStream::connect(self.at).await.expect("a connection");
        let name = ServerName::try_from(HOST).expect("a name");
        TlsConnector::from(Arc::clone(&self.client)).connect(name, socket).await.expect("a handshake")
    }

    /// A whole call, after which the client knows every ticket that came.
    async fn call(&self) -> HandshakeKind {
        let mut stream = self.connect().await;
        stream.write_all(REQUEST).await.expect("a request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        stream.get_ref().1.handshake_kind().expect("a handshake")
    }

    fn resumptions(&self) -> Vec<bool> {
        let resumes = |event: &Event| match event {
            Event::ClientHello(hello) => Some(hello.resumes),
            _ => None,
        };
        self.recorder.read(|facts| facts.iter().filter_map(|fact| resumes(&fact.event)).collect())
    }
}

/// As a caller does whose time-out is over before the counterpart gets round to it: everything lies in the socket when
/// the connection is accepted.
#[tokio::test]
async fn a_caller_that_has_left_is_shown_nothing() {
    for plan in [
        EndpointPlan::default(),
        EndpointPlan { versions: vec![TlsVersion::V1_1], ..EndpointPlan::default() },
        EndpointPlan { versions: vec![TlsVersion::V1_0], ..EndpointPlan::default() },
    ] {
        let place = Place::start(&plan, rustls::ALL_VERSIONS);
        let name = ServerName::try_from(HOST).expect("a name");
        let mut client = rustls::ClientConnection::new(Arc::clone(&place.client), name).expect("a client");
        let mut socket = std::net::TcpStream::connect(place.at).expect("a connection");
        client.write_tls(&mut socket).expect("a ClientHello");
        drop(socket);
        let is_over = |facts: &[Fact]| connections(facts).iter().any(|connection| connection.ended.is_some());
        assert!(place.recorder.wait_for(Instant::now() + PATIENCE, is_over).await);
        let [connection] = &connections(&place.recorder.snapshot())[..] else { panic!("one connection") };
        assert!(connection.hello.is_some() && connection.first_flight.is_none());
        assert_eq!(connection.ending(), Ending::NotJudged);
    }
}

#[tokio::test]
async fn a_ticket_is_offered_and_resumes_nothing() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let place = Place::start(&EndpointPlan { tickets: true, ..EndpointPlan::default() }, &[version]);
        assert_eq!(place.call().await, HandshakeKind::Full);
        assert_eq!(place.call().await, HandshakeKind::Full);
        assert_eq!(place.resumptions(), [false, true], "{version:?}: the client has a ticket the second time");
        let place = Place::start(&EndpointPlan::default(), &[version]);
        place.call().await;
        place.call().await;
        assert_eq!(place.resumptions(), [false, false], "{version:?}");
    }
}

#[tokio::test]
async fn alpn_may_stay_unanswered() {
    for (alpn, answer) in [(Alpn::Http11, Some(&b"http/1.1"[..])), (Alpn::None, None)] {
        let place = Place::start(&EndpointPlan { alpn, ..EndpointPlan::default() }, rustls::DEFAULT_VERSIONS);
        assert_eq!(place.connect().await.get_ref().1.alpn_protocol(), answer);
        place.call().await;
    }
}

#[tokio::test]
async fn each_chain_leads_to_a_root() {
    for certificate in [ServerCertificate::Trusted, ServerCertificate::NewIntermediate, ServerCertificate::Root2] {
        for (chain, length) in [(ChainShape::Usual, 2), (ChainShape::Deep, 3), (ChainShape::WithRoot, 3)] {
            for leaf in [KeyKind::P384, KeyKind::Rsa2048] {
                let plan = EndpointPlan { certificate, chain, leaf, ..EndpointPlan::default() };
                let place = Place::start(&plan, rustls::DEFAULT_VERSIONS);
                let stream = place.connect().await;
                let shown = stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
                assert_eq!(shown, length, "{certificate:?} {chain:?} {leaf:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let plan = EndpointPlan { keep_alive: true, idle_close_ms: Some(3000), ..EndpointPlan::default() };
    let place = Place::start(&plan, rustls::DEFAULT_VERSIONS);
    let mut stream = place.connect().await;
    let mut answer = [0; 4096];
    for _ in 0..3 {
        stream.write_all(REQUEST).await.expect("the connection is open");
        assert_ne!(stream.read(&mut answer).await.expect("an answer"), 0);
    }
    let end = timeout(PATIENCE, stream.read(&mut answer)).await.expect("it ends before anybody is out of patience");
    assert_eq!(end.expect("it ends in order"), 0);
}
