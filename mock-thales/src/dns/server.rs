//! The name server on its sockets.

use std::net::{Shutdown, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hickory_proto::op::{Edns, Header, HeaderCounts, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::DNSClass;
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use socket2::SockRef;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::udp::Questions;
use super::zone::{Content, Reply};
use super::{DnsError, Zone};
use crate::observe::{Actor, Event, Question, Recorder};

/// A name server that answers from a [`Zone`] on the current tokio runtime until it is dropped.
pub struct NameServer {
    server: Server<Answering>,
    questions: JoinSet<()>,
    listeners: Vec<TcpListener>,
}

/// A TCP connection without questions is closed after this time.
const IDLE: Duration = Duration::from_secs(30);
/// Answers that may wait on one TCP connection.
const WAITING_ANSWERS: usize = 64;

impl NameServer {
    /// Serves sockets that are bound already, in whatever network they were made.
    ///
    /// On the wildcard address of IPv4 as well, an answer over UDP comes from the address that was asked.
    pub fn start(
        zone: Arc<Zone>,
        recorder: Arc<Recorder>,
        udp: Vec<UdpSocket>,
        tcp: Vec<TcpListener>,
    ) -> Result<Self, DnsError> {
        Handle::try_current().map_err(|_| DnsError::NoRuntime)?;
        let answering = Answering { zone, recorder };
        let mut questions = JoinSet::new();
        for socket in udp {
            let address = socket.local_addr().ok();
            let ready = socket.set_nonblocking(true).and_then(|()| tokio::net::UdpSocket::from_std(socket));
            let ready = ready.and_then(Questions::new).map_err(|error| DnsError::Socket { address, error })?;
            questions.spawn(ready.answer(answering.clone()));
        }
        let mut server = Server::new(answering);
        let mut listeners = Vec::new();
        for listener in tcp {
            let address = listener.local_addr().ok();
            let handle = listener.try_clone().map_err(|error| DnsError::Socket { address, error })?;
            listeners.push(handle);
            let ready = listener.set_nonblocking(true).and_then(|()| tokio::net::TcpListener::from_std(listener));
            let ready = ready.map_err(|error| DnsError::Socket { address, error })?;
            server.register_listener(ready, IDLE, WAITING_ANSWERS);
        }
        Ok(Self { server, questions, listeners })
    }

    /// Stops and returns when every socket is closed. Dropping the server stops it too, without waiting.
    pub async fn stop(mut self) {
        self.questions.shutdown().await;
        // An error is that of a socket which had closed before, and closed is what it is to be.
        let _ = self.server.shutdown_gracefully().await;
        for listener in &self.listeners {
            // A process that is just being started has a copy of the socket, which would go on to hold the port.
            let _ = SockRef::from(listener).shutdown(Shutdown::Both);
        }
    }
}

/// Answers one question after another.
#[derive(Clone)]
struct Answering {
    zone: Arc<Zone>,
    recorder: Arc<Recorder>,
}

#[async_trait]
impl RequestHandler for Answering {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut response: R) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.authoritative = true;
        // Whoever asks takes this server for its resolver, and some stop at one that does not offer to recurse.
        metadata.recursion_available = true;
        let Some(Content { code, answers, authority }) = self.answer(request) else { return nothing_sent(metadata) };
        metadata.response_code = code;

        let edns = request.edns.as_ref().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().max(512)).set_version(0);
            edns
        });
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            builder.edns(edns);
        }
        let message = builder.build(metadata, &answers, [], &authority, []);
        // Whoever asked may have gone; that it asked is recorded.
        response.send_response(message).await.unwrap_or_else(|_| nothing_sent(metadata))
    }
}

impl Answering {
    /// Finds the answer and records it with its question. `None`: nothing is to be sent.
    fn answer(&self, request: &Request) -> Option<Content> {
        let Ok(asked) = request.request_info() else {
            // No question, or several (RFC 9619): there is nothing to record, and silence stays silent.
            let Reply { message, .. } = self.zone.reply(&hickory_proto::rr::Name::root(), None);
            return message.map(|content| Content { code: ResponseCode::FormErr, ..content });
        };
        let original = asked.query.original();
        let ours = asked.metadata.op_code == OpCode::Query && original.query_class() == DNSClass::IN;
        let Reply { message, fact } = self.zone.reply(original.name(), ours.then(|| original.query_type()));
        let question = Question {
            name: original.name().to_lowercase().to_ascii(),
            kind: original.query_type().to_string(),
            protocol: if asked.protocol == Protocol::Udp { "udp" } else { "tcp" }.to_owned(),
            answer: fact,
        };
        self.recorder.record(Actor::Dns, Event::Asked(question));
        message
    }
}

fn nothing_sent(metadata: Metadata) -> ResponseInfo {
    ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() })
}
