//! A name server on ephemeral sockets of loopback, and one who asks it.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use mock_thales::dns::{NameServer, Zone};
use mock_thales::observe::{Actor, Event, Question, Recorder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer that has not come after this time does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server with two UDP sockets and one for TCP.
pub(crate) struct Place {
    pub(crate) zone: Arc<Zone>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) server: NameServer,
    pub(crate) udp_addresses: [SocketAddr; 2],
    pub(crate) tcp_address: SocketAddr,
}

/// One who asks.
pub(crate) enum Asker {
    Udp(tokio::net::UdpSocket),
    Tcp(TcpStream),
}

impl Place {
    pub(crate) fn start(zone: Zone) -> Self {
        let (zone, recorder) = (Arc::new(zone), Recorder::new());
        let udp = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a socket"));
        let udp_addresses = [0, 1].map(|socket: usize| udp[socket].local_addr().expect("its address"));
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a socket");
        let tcp_address = tcp.local_addr().expect("its address");
        let server = NameServer::start(Arc::clone(&zone), Arc::clone(&recorder), udp.into(), vec![tcp]);
        Self { zone, recorder, server: server.expect("it starts"), udp_addresses, tcp_address }
    }

    pub(crate) fn udp(&self, socket: usize) -> Asker {
        let asker = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        asker.connect(self.udp_addresses[socket]).expect("an address");
        asker.set_nonblocking(true).expect("a mode");
        Asker::Udp(tokio::net::UdpSocket::from_std(asker).expect("a runtime"))
    }

    pub(crate) async fn tcp(&self) -> Asker {
        Asker::Tcp(TcpStream::connect(self.tcp_address).await.expect("it listens"))
    }
}

impl Asker {
    /// Asks over UDP and returns the answer to just that question.
    pub(crate) async fn ask(&self, question: Message) -> Message {
        let Self::Udp(socket) = self else { panic!("only over UDP") };
        socket.send(&question.to_vec().expect("a message")).await.expect("sent");
        let mut bytes = [0; 65_535];
        let length = tokio::time::timeout(PATIENCE, socket.recv(&mut bytes)).await.expect("in time").expect("received");
        let answer = Message::from_vec(&bytes[..length]).expect("a message");
        assert_eq!((answer.metadata.id, answer.metadata.message_type), (question.metadata.id, MessageType::Response));
        answer
    }

    pub(crate) async fn send(&mut self, question: &Message) {
        let bytes = question.to_vec().expect("a message");
        match self {
            Self::Udp(socket) => assert_eq!(socket.send(&bytes).await.expect("sent"), bytes.len()),
            Self::Tcp(stream) => {
                let length = u16::try_from(bytes.len()).expect("a short message").to_be_bytes();
                stream.write_all(&[&length[..], &bytes].concat()).await.expect("sent");
            }
        }
    }

    pub(crate) async fn receive(&mut self) -> Message {
        let received = async {
            match self {
                Self::Udp(socket) => {
                    let mut bytes = vec![0; 65_535];
                    let length = socket.recv(&mut bytes).await.expect("received");
                    bytes.truncate(length);
                    bytes
                }
                Self::Tcp(stream) => {
                    let length = stream.read_u16().await.expect("a length");
                    let mut bytes = vec![0; usize::from(length)];
                    stream.read_exact(&mut bytes).await.expect("received");
                    bytes
                }
            }
        };
        let bytes = tokio::time::timeout(PATIENCE, received).await.expect("in time");
        Message::from_vec(&bytes).expect("a message")
    }
}

/// A question as stub resolvers ask it, with a number of its own.
pub(crate) fn message(name: &str, kind: RecordType) -> Message {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    let mut message = Message::new(NEXT.fetch_add(1, Ordering::Relaxed), MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    let mut name = Name::from_ascii(name).expect("a name");
    name.set_fqdn(true);
    message.add_query(Query::query(name, kind));
    message
}

/// The questions recorded so far.
pub(crate) fn questions(recorder: &Recorder) -> Vec<Question> {
    let asked = recorder.snapshot().into_iter().map(|fact| match fact.event {
        Event::Asked(question) if fact.actor == Actor::Dns => question,
        other => panic!("no question: {other:?}"),
    });
    asked.collect()
}
