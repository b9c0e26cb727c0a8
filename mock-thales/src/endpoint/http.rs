//! HTTP/1.1 on an accepted connection: the request's head is recorded, then it is answered, with a token where one is asked
//! for.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};

use super::conduct::Conduct;
use super::grant::{self, Asking};
use super::marks;
use super::stage::Endpoint;
use crate::observe::{ConnectionRecorder, End, Event, Header, Marks, RequestHead, TokenOutcome, TokenState};
use crate::wire::Plain;

/// Header fields whose values are kept. All others may carry a secret.
const OPEN_HEADERS: [&str; 8] =
    ["host", "user-agent", "accept", "content-type", "content-length", "connection", "transfer-encoding", "expect"];

/// Bytes of a request's body that are read and thrown away; a longer one is not waited for.
const BODY_LIMIT: usize = 1 << 20;

/// Serves requests of a caller that showed a certificate, or none, until the connection ends, or the peer has said nothing for the endpoint's patience.
pub(super) async fn serve<T>(
    stream: Plain<T>,
    endpoint: &Arc<Endpoint>,
    conduct: &Arc<Conduct>,
    certificate: bool,
    recorder: &ConnectionRecorder,
) where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| async {
        Ok::<_, Infallible>(answer(request, endpoint, conduct, certificate, recorder).await)
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
    certificate: bool,
    recorder: &ConnectionRecorder,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    recorder.record(Event::Request(RequestHead {
        method: request.method().to_string(),
        path: path.clone(),
        host: host(&request),
        headers: headers(request.headers()),
    }));
    let (head, body) = request.into_parts();
    let mut response = match conduct.plan.oauth.as_ref().filter(|oauth| oauth.token_path == path) {
        Some(oauth) => {
            let body = http_body_util::Limited::new(body, BODY_LIMIT).collect().await;
            let body = body.map(|body| body.to_bytes()).unwrap_or_default();
            let asking = Asking { method: &head.method, headers: &head.headers, body: &body, certificate };
            let (told, status, answer) = grant::answer(&asking, oauth, &conduct.tokens);
            if matches!(told.outcome, TokenOutcome::Issued { .. }) {
                conduct.has_issued();
            }
            recorder.record(Event::TokenAsked(told));
            token_answer(status, answer, conduct.plan.extras)
        }
        None => {
            let marks = marks::read(&head.headers, &conduct.tokens);
            recorder.record(Event::Marked(marks.clone()));
            let _ = http_body_util::Limited::new(body, BODY_LIMIT).collect().await;
            api_answer(&path, &marks, conduct)
        }
    };
    recorder.record(Event::Answered { status: response.status().as_u16() });
    if !conduct.plan.keep_alive || endpoint.is_draining() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// RFC 6749 section 5: JSON that nobody may store.
fn token_answer(status: u16, mut body: Value, extras: bool) -> Response<Full<Bytes>> {
    if extras {
        add_member(&mut body);
    }
    let mut response = plain(status, body.to_string().into_bytes(), extras);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn api_answer(path: &str, marks: &Marks, conduct: &Conduct) -> Response<Full<Bytes>> {
    if let (Some(_), Some(challenge)) = (&conduct.plan.oauth, challenge(marks)) {
        let mut response = plain(401, Vec::new(), conduct.plan.extras);
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        return response;
    }
    let (status, mut body) = conduct.answers.find(path);
    if conduct.plan.extras
        && let Ok(mut value @ Value::Object(_)) = serde_json::from_slice(&body)
    {
        add_member(&mut value);
        body = value.to_string().into_bytes();
    }
    match conduct.next_status() {
        Some(scripted) if scripted != status => plain(scripted, Vec::new(), conduct.plan.extras),
        _ => plain(status, body, conduct.plan.extras),
    }
}

/// Why a request is not authorized (RFC 6750 section 3.1): without a token no error code is given.
fn challenge(marks: &Marks) -> Option<&'static str> {
    match marks.authorization.as_ref().and_then(|authorization| authorization.token) {
        Some(TokenState::Known) => None,
        Some(_) => Some("Bearer realm=\"test\", error=\"invalid_token\""),
        None => Some("Bearer realm=\"test\""),
    }
}

fn plain(status: u16, body: Vec<u8>, extras: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    if extras {
        response.headers_mut().insert("x-unannounced", HeaderValue::from_static("true"));
    }
    response
}

fn add_member(body: &mut Value) {
    if let Value::Object(members) = body {
        members.insert("unannounced".to_owned(), json!({ "nested": [true] }));
    }
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
