//! HTTP/2 on an accepted connection. Where HTTP/1.1 says `Connection: close`, the peer is sent away with GOAWAY, once it
//! has read its answer: some stacks give up the requests that are still under way when they are sent away.

use std::future::{pending, poll_fn};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{self, Connection, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream};
use hyper::header::{CONTENT_LENGTH, EXPECT, HeaderValue};
use hyper::{Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::exchange::{BODY_LIMIT, Exchange};
use crate::observe::{End, Event};
use crate::wire::Plain;

/// Its name in ALPN (RFC 9113 section 3.2).
pub(super) const PROTOCOL: &[u8] = b"h2";

/// A peer that reads between two calls has answered a PING by then. Some do not, as libcurl with a handle that is kept:
/// they find the connection closed when they want it again.
const ACKNOWLEDGED: Duration = Duration::from_millis(300);

/// Serves requests until the connection ends, or the peer has said nothing for the endpoint's patience.
pub(super) async fn serve<T>(stream: Plain<T>, exchange: Exchange)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let conversation = converse(stream, &exchange);
    tokio::pin!(conversation);
    // A kept-alive connection lasts until the scenario cuts it.
    if exchange.keeps_alive() {
        conversation.await;
    } else if timeout(exchange.endpoint.patience(), conversation.as_mut()).await.is_err() {
        // Recorded before the stream is dropped: the first word about an end is the one that counts.
        exchange.recorder.record(Event::Ended(End::Deadline));
    }
}

async fn converse<T>(stream: Plain<T>, exchange: &Exchange)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    // The stream has recorded what ended it.
    let Ok(mut connection) = server::handshake(stream).await else { return };
    let mut farewell = Farewell::Unsaid(connection.ping_pong());
    // Dropped with the connection, and all answers under way with it.
    let mut answers = JoinSet::new();
    loop {
        tokio::select! {
            request = connection.accept() => match request {
                Some(Ok((request, respond))) => {
                    let exchange = exchange.clone();
                    answers.spawn(async move { answer(request, respond, &exchange).await });
                }
                // What the peer got wrong on a stream is answered by the engine.
                Some(Err(_)) | None => return,
            },
            Some(given) = answers.join_next() => {
                if matches!(given, Ok(true)) {
                    farewell.prepare();
                }
            }
            was_read = farewell.due() => farewell.say(was_read, &mut connection),
            () = elapsed(exchange.idle_close()), if answers.is_empty() => connection.graceful_shutdown(),
        }
    }
}

/// Waits for as long; for ever without a limit.
async fn elapsed(limit: Option<Duration>) {
    match limit {
        Some(limit) => drop(timeout(limit, pending::<()>()).await),
        None => pending().await,
    }
}

/// Gives one answer. Whether it is to be the connection's last.
async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>, exchange: &Exchange) -> bool {
    let (head, body) = request.into_parts();
    if head.headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        let mut go_on = Response::new(());
        *go_on.status_mut() = StatusCode::CONTINUE;
        // A peer that is gone needs none.
        let _ = respond.send_informational(go_on);
    }
    let (head_of_answer, content) = exchange.answer(&head, collect(body)).await.into_parts();
    let last = exchange.is_last();
    if last {
        exchange.recorder.record(Event::Dismissed);
    }
    let mut response = Response::from_parts(head_of_answer, ());
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
    let nothing_follows = content.is_empty() || head.method == hyper::Method::HEAD;
    // Neither fails but where the peer has gone or taken back its request.
    if let Ok(mut sending) = respond.send_response(response, nothing_follows)
        && !nothing_follows
    {
        let _ = sending.send_data(content, true);
    }
    last
}

/// `None` where it is too long to be read, or breaks off.
async fn collect(mut body: RecvStream) -> Option<Bytes> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.ok()?;
        if bytes.len() + piece.len() > BODY_LIMIT {
            return None;
        }
        bytes.extend_from_slice(&piece);
        // Fails for a stream alone that is over.
        let _ = body.flow_control().release_capacity(piece.len());
    }
    Some(bytes.into())
}

/// The end of a connection: nothing is said until the peer has answered a PING that was sent behind the answer, or does
/// not in time.
enum Farewell {
    Unsaid(Option<PingPong>),
    Prepared(PingPong, Instant),
    Said,
}

impl Farewell {
    /// Begins to say it, unless it was begun before.
    fn prepare(&mut self) {
        *self = match std::mem::replace(self, Self::Said) {
            Self::Unsaid(Some(mut pings)) => match pings.send_ping(Ping::opaque()) {
                Ok(()) => Self::Prepared(pings, Instant::now() + ACKNOWLEDGED),
                Err(_) => Self::Said,
            },
            begun => begun,
        };
    }

    /// Waits until it is to be said, and says whether the peer has read its answer.
    async fn due(&mut self) -> bool {
        match self {
            // An error is a connection that ends by itself.
            Self::Prepared(pings, until) => timeout_at(*until, poll_fn(|cx| pings.poll_pong(cx))).await.is_ok(),
            Self::Unsaid(_) | Self::Said => pending().await,
        }
    }

    fn say<T>(&mut self, was_read: bool, connection: &mut Connection<Plain<T>, Bytes>)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        *self = Self::Said;
        if was_read {
            connection.graceful_shutdown();
        } else {
            connection.abrupt_shutdown(Reason::NO_ERROR);
        }
    }
}
