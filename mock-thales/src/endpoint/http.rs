//! HTTP/1.1 on an accepted connection.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use super::exchange::{BODY_LIMIT, Exchange};
use crate::observe::{End, Event};
use crate::wire::Plain;

/// Serves requests until the connection ends, or the peer has said nothing for the endpoint's patience.
pub(super) async fn serve<T>(stream: Plain<T>, exchange: Exchange)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let (activity, mut activities) = watch::channel(());
    let service = service_fn(|request: Request<Incoming>| async {
        activity.send_replace(());
        let response = answer(request, &exchange).await;
        activity.send_replace(());
        Ok::<_, Infallible>(response)
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    // A caller that has said all may close its side before it reads the answer.
    server.keep_alive(exchange.keeps_alive()).half_close(true);
    let connection = server.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    if let Some(idle) = exchange.idle_close() {
        let is_idle = async { while let Ok(Ok(())) = timeout(idle, activities.changed()).await {} };
        tokio::select! {
            _ = connection.as_mut() => return,
            () = is_idle => connection.as_mut().graceful_shutdown(),
        }
    }
    // A kept-alive connection lasts until the scenario cuts it.
    if exchange.keeps_alive() {
        drop(connection.await);
    } else if timeout(exchange.endpoint.patience(), connection.as_mut()).await.is_err() {
        // Recorded before the stream is dropped: the first word about an end is the one that counts.
        exchange.recorder.record(Event::Ended(End::Deadline));
    }
}

async fn answer(request: Request<Incoming>, exchange: &Exchange) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = async { Limited::new(body, BODY_LIMIT).collect().await.ok().map(|body| body.to_bytes()) };
    let mut response = exchange.answer(&head, body).await;
    if exchange.is_last() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(Full::new)
}
