//! HTTP/1.1 on an accepted connection: the request's head is recorded, then it is answered.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::conduct::Conduct;
use super::stage::Endpoint;
use crate::observe::{ConnectionRecorder, End, Event, Header, RequestHead};
use crate::wire::Plain;

/// Header fields whose values are kept. All others may carry a secret.
const OPEN_HEADERS: [&str; 8] =
    ["host", "user-agent", "accept", "content-type", "content-length", "connection", "transfer-encoding", "expect"];

/// Bytes of a request's body that are read and thrown away; a longer one is not waited for.
const BODY_LIMIT: usize = 1 << 20;

/// Serves requests until the connection ends, or the peer has said nothing for the endpoint's patience.
pub(super) async fn serve<T>(
    stream: Plain<T>,
    endpoint: &Arc<Endpoint>,
    conduct: &Arc<Conduct>,
    recorder: &ConnectionRecorder,
) where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| async {
        Ok::<_, Infallible>(answer(request, endpoint, conduct, recorder).await)
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    // A caller that has said all may close its side before it reads the answer.
    server.keep_alive(conduct.plan.keep_alive).half_close(true);
    let connection = server.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let patience = if conduct.plan.keep_alive { None } else { Some(endpoint.patience()) };
    match patience {
        // A kept-alive connection lasts until the scenario cuts it.
        None => drop(connection.await),
        Some(patience) => {
            if tokio::time::timeout(patience, connection.as_mut()).await.is_err() {
                // Recorded before the stream is dropped: the first word about an end is the one that counts.
                recorder.record(Event::Ended(End::Deadline));
            }
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    endpoint: &Arc<Endpoint>,
    conduct: &Arc<Conduct>,
    recorder: &ConnectionRecorder,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    recorder.record(Event::Request(RequestHead {
        method: request.method().to_string(),
        path: path.clone(),
        host: host(&request),
        headers: headers(request.headers()),
    }));
    let _ = http_body_util::Limited::new(request.into_body(), BODY_LIMIT).collect().await;
    let (status, body) = conduct.answers.find(&path);
    recorder.record(Event::Answered { status });
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    if !conduct.plan.keep_alive || endpoint.is_draining() {
        response.headers_mut().insert(CONNECTION, hyper::header::HeaderValue::from_static("close"));
    }
    response
}

fn host<B>(request: &Request<B>) -> Option<String> {
    let header = request.headers().get(HOST).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    header.or_else(|| request.uri().authority().map(ToString::to_string))
}

fn headers(headers: &HeaderMap) -> Vec<Header> {
    headers
        .iter()
        .map(|(name, value)| Header {
            name: name.to_string(),
            value: is_open(name).then(|| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        })
        .collect()
}

fn is_open(name: &HeaderName) -> bool {
    OPEN_HEADERS.contains(&name.as_str())
}
