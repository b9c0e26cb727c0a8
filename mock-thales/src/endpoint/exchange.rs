//! One request and its answer, by whatever protocol they travel: the head is recorded, then it is answered, with a token
//! where one is asked for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Response;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::conduct::Conduct;
use super::grant::{self, Asking};
use super::marks;
use super::payload;
use super::stage::Endpoint;
use crate::observe::{ConnectionRecorder, Event, Header, Marks, RequestHead, TokenOutcome, TokenState};

/// Header fields whose values are kept. All others may carry a secret.
const OPEN_HEADERS: [&str; 8] =
    ["host", "user-agent", "accept", "content-type", "content-length", "connection", "transfer-encoding", "expect"];

/// Bytes of a request's body that are read and thrown away, but for their structure; a longer one is not waited for.
pub(super) const BODY_LIMIT: usize = 1 << 20;

/// What the requests of one connection share.
#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) endpoint: Arc<Endpoint>,
    conduct: Arc<Conduct>,
    /// Whether the caller showed a certificate.
    certificate: bool,
    pub(super) recorder: ConnectionRecorder,
}

impl Exchange {
    pub(super) fn new(
        endpoint: &Arc<Endpoint>,
        conduct: &Arc<Conduct>,
        certificate: bool,
        recorder: &ConnectionRecorder,
    ) -> Self {
        let (endpoint, conduct, recorder) = (Arc::clone(endpoint), Arc::clone(conduct), recorder.clone());
        Self { endpoint, conduct, certificate, recorder }
    }

    /// Whether the connection stays for further requests by the endpoint's plan.
    pub(super) fn keeps_alive(&self) -> bool {
        self.conduct.plan.keep_alive
    }

    /// After how long without a request the connection is closed.
    pub(super) fn idle_close(&self) -> Option<Duration> {
        self.conduct.plan.idle_close_ms.map(Duration::from_millis)
    }

    /// Whether an answer that is given now is the connection's last.
    pub(super) fn is_last(&self) -> bool {
        !self.keeps_alive() || self.endpoint.is_draining()
    }

    /// Records a request's head, waits for its body, of which `None` is one too long to be read, and records the answer before it is given.
    pub(super) async fn answer(&self, head: &Parts, body: impl Future<Output = Option<Bytes>>) -> Response<Bytes> {
        let Self { conduct, certificate, recorder, .. } = self;
        let path = head.uri.path().to_owned();
        recorder.record(Event::Request(RequestHead {
            method: head.method.to_string(),
            path: path.clone(),
            host: host(head),
            headers: headers(&head.headers),
        }));
        let response = match conduct.plan.oauth.as_ref().filter(|oauth| oauth.token_path == path) {
            Some(oauth) => {
                let body = body.await.unwrap_or_default();
                let certificate = *certificate;
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
                match body.await {
                    Some(body) if body.is_empty() => {}
                    Some(body) => {
                        recorder.record(Event::BodyRead(payload::read(&body)));
                    }
                    None => {
                        recorder.record(Event::BodyRead(payload::unread()));
                    }
                }
                api_answer(&path, &marks, conduct)
            }
        };
        recorder.record(Event::Answered { status: response.status().as_u16() });
        response
    }
}

/// RFC 6749 section 5: JSON that nobody may store.
fn token_answer(status: u16, mut body: Value, extras: bool) -> Response<Bytes> {
    if extras {
        add_member(&mut body);
    }
    let mut response = plain(status, body.to_string().into_bytes(), extras);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn api_answer(path: &str, marks: &Marks, conduct: &Conduct) -> Response<Bytes> {
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

fn plain(status: u16, body: Vec<u8>, extras: bool) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
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

/// In HTTP/2 the host is a pseudo-header field, which stands with the target.
fn host(head: &Parts) -> Option<String> {
    let header = head.headers.get(HOST).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    header.or_else(|| head.uri.authority().map(ToString::to_string))
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
