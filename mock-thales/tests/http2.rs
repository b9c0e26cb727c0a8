//! HTTP/2 on the endpoint over loopback: what it records, what counts as data, and how the peer is sent away.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use hyper::{Method, Request};
use mock_thales::endpoint::{Conduct, Endpoint, Stage};
use mock_thales::observe::{Connection, End, Ending, Event, Recorder, connections};
use mock_thales::pki::{Authorities, Names};
use mock_thales::plan::{EndpointPlan, OAuthPlan};
use rustls_pki_types::ServerName;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const HOST: &str = "api.example.test";
/// RFC 9113 section 3.4, with empty SETTINGS.
const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

struct Place {
    at: SocketAddr,
    recorder: Arc<Recorder>,
    endpoint: Arc<Endpoint>,
    authorities: Authorities,
    _stage: Arc<Stage>,
}

impl Place {
    fn start(plan: &EndpointPlan) -> Self {
        let names = Names {
            inbound_host: HOST.to_owned(),
            other_host: None,
            issuer_host: "issuer.example.test".to_owned(),
            common_name: "customer".to_owned(),
        };
        let authorities = Authorities::new(OffsetDateTime::now_utc(), &names).expect("authorities");
        let conduct = Conduct::new(plan, &authorities, &[], Arc::default()).expect("a conduct");
        let recorder = Recorder::new();
        let stage = Stage::new(Arc::clone(&recorder));
        let endpoint = Endpoint::new("main", Arc::new(conduct), Duration::from_secs(10));
        stage.publish(IpAddr::V4(Ipv4Addr::LOCALHOST), Arc::clone(&endpoint));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let at = listener.local_addr().expect("an address");
        stage.listen(listener).expect("a runtime");
        Self { at, recorder, endpoint, authorities, _stage: stage }
    }

    async fn tls(&self, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        let trust = self.authorities.trust().into_iter();
        roots.add_parsable_certificates(trust.map(|der| rustls_pki_types::CertificateDer::from(der.0.clone())));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots);
        let own = self.authorities.customer_client();
        let mut config = builder.with_client_auth_cert(own.rustls_chain(), own.rustls_key()).expect("a client");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let socket = TcpStream::connect(self.at).await.expect("a connection");
        let name = ServerName::try_from(HOST).expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, socket).await.expect("a handshake")
    }

    /// A connection that offers both protocols, and its end.
    async fn begin(&self) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
        let stream = self.tls(&[b"h2", b"http/1.1"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        (sender, tokio::spawn(connection))
    }

    /// The connections, once the last one has ended.
    async fn ended(&self) -> Vec<Connection> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let all_ended = |facts: &[_]| connections(facts).iter().all(|connection| connection.ended.is_some());
        assert!(self.recorder.wait_for(deadline, all_ended).await, "{:?}", self.events());
        connections(&self.recorder.snapshot())
    }

    fn events(&self) -> Vec<Event> {
        self.recorder.snapshot().into_iter().map(|fact| fact.event).collect()
    }
}

async fn ask(sender: &mut SendRequest<Bytes>, method: Method, path: &str, body: &'static str) -> (u16, Bytes) {
    let uri = format!("https://{HOST}{path}");
    let request = Request::builder().method(method).uri(uri).body(()).expect("a request");
    let mut ready = sender.clone().ready().await.expect("a stream is allowed");
    let (answer, mut sending) = ready.send_request(request, body.is_empty()).expect("a stream");
    if !body.is_empty() {
        sending.send_data(Bytes::from_static(body.as_bytes()), true).expect("a body");
    }
    let answer = answer.await.expect("an answer");
    let (status, mut body) = (answer.status().as_u16(), answer.into_body());
    let mut read = Vec::new();
    while let Some(piece) = body.data().await {
        read.extend_from_slice(&piece.expect("a whole answer"));
    }
    (status, read.into())
}

#[tokio::test]
async fn a_request_is_recorded_and_its_sender_sent_away_after_the_answer() {
    let place = Place::start(&EndpointPlan::default());
    let (mut sender, connection) = place.begin().await;
    assert_eq!(ask(&mut sender, Method::POST, "/api/cards?of=all", "{}").await.0, 200);
    connection.await.expect("no panic").expect("a connection that ends without an error");
    let [connection] = &place.ended().await[..] else { panic!("one connection") };
    assert_eq!(connection.handshake.as_ref().and_then(|done| done.what.alpn.as_deref()), Some("h2"));
    let request = &connection.requests[0].what;
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/api/cards"));
    assert_eq!(request.host.as_deref(), Some(HOST));
    assert!(connection.certificate.is_some(), "the caller's certificate is asked for as ever");
    let (greeted, data) = (connection.greeted.expect("a preface"), connection.data.expect("data"));
    assert!(greeted.seq < data.seq && data.seq < connection.requests[0].seq);
    assert!(place.events().contains(&Event::Dismissed));
    let end = connection.ended.map(|ended| ended.what);
    assert!(matches!(end, Some(End::Local | End::CloseNotify | End::Fin)), "whoever closes first: {end:?}");
    assert_eq!(connection.ending(), Ending::Accepted);
}

#[tokio::test]
async fn a_kept_connection_serves_until_it_is_drained() {
    let place = Place::start(&EndpointPlan { keep_alive: true, ..EndpointPlan::default() });
    let (mut sender, connection) = place.begin().await;
    for _ in 0..3 {
        assert_eq!(ask(&mut sender, Method::GET, "/api", "").await.0, 200);
    }
    assert!(!connection.is_finished() && !place.events().contains(&Event::Dismissed));
    place.endpoint.drain();
    assert_eq!(ask(&mut sender, Method::GET, "/api", "").await.0, 200, "a later answer is given");
    connection.await.expect("no panic").expect("a connection that ends without an error");
    let [connection] = &place.ended().await[..] else { panic!("one connection") };
    assert_eq!(connection.answers.len(), 4);
}

#[tokio::test]
async fn who_only_begins_has_neither_accepted_nor_refused() {
    let place = Place::start(&EndpointPlan::default());
    let mut stream = place.tls(&[b"h2"]).await;
    stream.write_all(OPENING).await.expect("an opening");
    let greeted = |facts: &[mock_thales::observe::Fact]| facts.iter().any(|fact| fact.event == Event::Greeted);
    assert!(place.recorder.wait_for(Instant::now() + Duration::from_secs(10), greeted).await);
    stream.shutdown().await.expect("a close");
    drop(stream);
    let [connection] = &place.ended().await[..] else { panic!("one connection") };
    assert!(connection.data.is_none());
    assert_eq!(connection.ending(), Ending::Undecided);
}

#[tokio::test]
async fn half_a_request_is_data() {
    let place = Place::start(&EndpointPlan::default());
    let mut stream = place.tls(&[b"h2"]).await;
    // Headers of ten bytes, of which none follows.
    stream.write_all(&[OPENING, b"\x00\x00\x0a\x01\x04\x00\x00\x00\x01"].concat()).await.expect("an opening");
    let data = |facts: &[mock_thales::observe::Fact]| facts.iter().any(|fact| matches!(fact.event, Event::Data { .. }));
    assert!(place.recorder.wait_for(Instant::now() + Duration::from_secs(10), data).await, "{:?}", place.events());
    drop(stream);
    let [connection] = &place.ended().await[..] else { panic!("one connection") };
    assert_eq!(connection.ending(), Ending::Accepted);
    assert!(connection.requests.is_empty());
}

#[tokio::test]
async fn who_reads_no_further_is_left() {
    let place = Place::start(&EndpointPlan::default());
    let mut stream = place.tls(&[b"h2"]).await;
    // GET / by the static table (RFC 7541 appendix A), with the end of the stream.
    stream.write_all(&[OPENING, b"\x00\x00\x03\x01\x05\x00\x00\x00\x01\x82\x84\x87"].concat()).await.expect("sent");
    let [connection] = &place.ended().await[..] else { panic!("one connection") };
    assert_eq!((connection.answers.len(), connection.ended.map(|ended| ended.what)), (1, Some(End::Local)));
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer, a farewell and a close");
    let away = answer.windows(2).any(|bytes| bytes == b"\x08\x07");
    assert!(away, "GOAWAY has eight bytes: {answer:?}");
}

#[tokio::test]
async fn tokens_are_asked_for_and_demanded_as_ever() {
    let oauth = OAuthPlan {
        token_path: "/oauth2/token".to_owned(),
        lifetime_s: 900,
        assertion_within_s: 900,
        algorithm: "ES256".to_owned(),
    };
    let place = Place::start(&EndpointPlan { oauth: Some(oauth), ..EndpointPlan::default() });
    let (mut sender, _connection) = place.begin().await;
    let (status, answer) = ask(&mut sender, Method::POST, "/oauth2/token", "grant_type=none").await;
    assert_eq!(status, 400, "{answer:?}");
    let (mut sender, _connection) = place.begin().await;
    assert_eq!(ask(&mut sender, Method::GET, "/api", "").await.0, 401);
    let connections = place.ended().await;
    assert_eq!((connections[0].token_requests.len(), connections[0].marks.len()), (1, 0));
    assert_eq!((connections[1].token_requests.len(), connections[1].marks.len()), (0, 1));
}

#[tokio::test]
async fn http_1_1_is_spoken_with_whom_offers_it_alone() {
    let place = Place::start(&EndpointPlan::default());
    let mut stream = place.tls(&[b"http/1.1"]).await;
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).await.expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    let [connection] = &place.ended().await[..] else { panic!("one connection") };
    assert_eq!(connection.handshake.as_ref().and_then(|done| done.what.alpn.as_deref()), Some("http/1.1"));
    assert!(connection.greeted.is_none() && connection.data.is_some());
}
