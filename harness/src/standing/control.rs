//! The control interface: HTTP on loopback, for whoever has the token. A request that is wrong is answered with what was
//! expected, and changes nothing.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use mock_thales::plan::{EndpointPlan, ZonePlan};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::counterpart::Counterpart;
use super::history;
use super::log::Log;
use super::order::{self, AnswersOrder, CallOrder};
use super::route::{self, DESCRIPTION, Route};
use super::token::Token;

/// Bytes of an order.
const LONGEST: usize = 1 << 20;

/// Longest wait that can be asked for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Longest time for the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// Members of a plan that the profile decides.
const NOT_TO_BE_TOLD: [&str; 2] = ["oauth", "after-token"];

/// The interface while it listens.
pub struct Control {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Who answers.
struct Desk {
    counterpart: Arc<Counterpart>,
    token: Token,
    log: Arc<Log>,
    /// Orders that change something, or call somebody, are carried out one after another.
    turn: Mutex<()>,
}

/// What goes back.
struct Reply {
    status: StatusCode,
    body: Value,
    allow: Option<String>,
}

impl Control {
    /// Listens at a loopback address.
    ///
    /// # Errors
    /// The address is taken, or not on loopback.
    pub fn start(
        at: SocketAddr,
        counterpart: Arc<Counterpart>,
        token: Token,
        log: Arc<Log>,
    ) -> Result<Self, io::Error> {
        if !at.ip().is_loopback() {
            return Err(io::Error::other(
                "the control interface is for this machine alone: expected an address of loopback",
            ));
        }
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk { counterpart, token, log, turn: Mutex::new(()) });
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(listen(listener, desk, stopped));
        Ok(Self { address, stop, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops, and returns when every connection is closed.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}

async fn listen(listener: tokio::net::TcpListener, desk: Arc<Desk>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            tokio::task::yield_now().await;
            continue;
        };
        let (desk, mut stopped) = (Arc::clone(&desk), stopped.clone());
        connections.spawn(async move {
            let service = service_fn(|request| {
                let desk = Arc::clone(&desk);
                async move { Ok::<_, Infallible>(desk.serve(request).await) }
            });
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD);
            let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                // Whoever asked may have gone.
                _ = connection.as_mut() => {}
                _ = stopped.changed() => {}
            }
        });
    }
    connections.shutdown().await;
}

impl Desk {
    async fn serve(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (method, path) = (request.method().as_str().to_owned(), request.uri().path().to_owned());
        let reply = self.answer(request).await;
        self.log.line("control", json!({ "method": method, "path": path, "status": reply.status.as_u16() }));
        let mut text = reply.body.to_string();
        text.push('\n');
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = reply.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if reply.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"control\""));
        }
        if let Some(allow) = reply.allow.and_then(|allow| HeaderValue::from_str(&allow).ok()) {
            headers.insert(ALLOW, allow);
        }
        response
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let (route, parameter) = match route::find(head.method.as_str(), head.uri.path()) {
            Route::Known { route, parameter } => (route, parameter),
            Route::OtherMethod(methods) => {
                let methods = methods.join(", ");
                let wrong = Reply::wrong(StatusCode::METHOD_NOT_ALLOWED, format!("expected one of {methods}"));
                return Reply { allow: Some(methods), ..wrong };
            }
            Route::Unknown => {
                return Reply::wrong(
                    StatusCode::NOT_FOUND,
                    "nothing is there: GET /openapi.json says what is".to_owned(),
                );
            }
        };
        match route {
            ("GET", "/health") => return Reply::good(json!({ "ready": true })),
            ("GET", "/openapi.json") => {
                return Reply::good(serde_json::from_str(DESCRIPTION).unwrap_or_default());
            }
            _ => {}
        }
        if !self.token.admits(head.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes)) {
            let why = "expected the token: `Authorization: Bearer TOKEN`, as in the file that the first line names";
            return Reply::wrong(StatusCode::UNAUTHORIZED, why.to_owned());
        }
        let body = match Limited::new(body, LONGEST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Reply::wrong(StatusCode::PAYLOAD_TOO_LARGE, format!("an order has at most {LONGEST} bytes"));
            }
            Err(_) => return Reply::bad("the body ended too soon"),
        };
        let query = head.uri.query().unwrap_or_default();
        match self.carry_out(route, parameter.unwrap_or_default(), query, &body).await {
            Ok(reply) | Err(reply) => reply,
        }
    }

    async fn carry_out(&self, route: (&str, &str), parameter: &str, query: &str, body: &[u8]) -> Result<Reply, Reply> {
        let Self { counterpart, .. } = self;
        if let ("GET", "/v1/history/{kind}") = route {
            return self.history(parameter, query).await;
        }
        if !query.is_empty() {
            return Err(Reply::bad("nothing is asked for in a query here"));
        }
        let _turn = if route.0 == "GET" { None } else { Some(self.turn.lock().await) };
        match route {
            ("GET", "/v1/state") => Ok(Reply::good(self.state())),
            ("GET", "/v1/endpoint") => Ok(Reply::good(endpoint(&counterpart.plan()))),
            ("PATCH", "/v1/endpoint") => {
                let changes = object(body)?;
                if let Some(key) = NOT_TO_BE_TOLD.into_iter().find(|key| changes.contains_key(*key)) {
                    return Err(Reply::bad(&format!("{key}: the profile says it")));
                }
                let plan: EndpointPlan = changed(&counterpart.plan(), &counterpart.ought(), changes)?;
                order::fit(&plan.versions).map_err(|why| Reply::bad(&why))?;
                if let Some(status) = plan.answers_status.iter().find(|status| !(200..600).contains(*status)) {
                    return Err(Reply::bad(&format!("answers-status: {status} is no status of an answer")));
                }
                counterpart.behave(plan).map_err(|error| Reply::bad(&format!("it cannot be played: {error}")))?;
                Ok(Reply::good(endpoint(&counterpart.plan())))
            }
            ("POST", "/v1/endpoint/renewals") => {
                empty(body)?;
                counterpart.renew().map_err(|error| Reply::fault(&error.to_string()))?;
                Ok(Reply::good(endpoint(&counterpart.plan())))
            }
            ("PUT", "/v1/answers") => {
                let order: AnswersOrder = read(body)?;
                let count = order.answers.len();
                let answers = order.ready().map_err(|why| Reply::bad(&why))?;
                counterpart.answer_with(answers).map_err(|error| Reply::fault(&error.to_string()))?;
                Ok(Reply::good(json!({ "answers": count })))
            }
            ("DELETE", "/v1/connections") => {
                empty(body)?;
                counterpart.cut();
                Ok(Reply::good(self.mark()))
            }
            ("GET", "/v1/zone") => Ok(Reply::good(json!(counterpart.zone()))),
            ("PATCH", "/v1/zone") => {
                let plan: ZonePlan = changed(&counterpart.zone(), counterpart.first_zone(), object(body)?)?;
                counterpart
                    .answer(plan)
                    .map_err(|error| Reply::bad(&format!("it cannot be answered: failed to {error}")))?;
                Ok(Reply::good(json!(counterpart.zone())))
            }
            ("POST", "/v1/tokens/forgotten") => {
                empty(body)?;
                counterpart.forget_tokens();
                Ok(Reply::good(self.mark()))
            }
            ("POST", "/v1/calls") => {
                let order: CallOrder = read(body)?;
                let ready = order.read().map_err(|why| Reply::bad(&why))?;
                let answers = ready.make(counterpart).await.map_err(|why| Reply::bad(&why))?;
                Ok(Reply::good(json!({ "answers": answers })))
            }
            ("GET", "/v1/mark") => Ok(Reply::good(self.mark())),
            ("POST", "/v1/reset") => {
                empty(body)?;
                counterpart.reset().map_err(|error| Reply::fault(&error.to_string()))?;
                Ok(Reply::good(self.state()))
            }
            _ => Err(Reply::fault("a route has nobody who answers it")),
        }
    }

    /// What was seen since a mark; waits for something where that is asked for.
    async fn history(&self, kind: &str, query: &str) -> Result<Reply, Reply> {
        if !history::KINDS.contains(&kind) {
            let known = history::KINDS.join(", ");
            return Err(Reply::wrong(
                StatusCode::NOT_FOUND,
                format!("no history of `{kind}`, expected one of {known}"),
            ));
        }
        let (mut since, mut wait_ms) = (0, 0);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let number = || value.parse().map_err(|_| Reply::bad(&format!("{key}: `{value}` is no number")));
            match key {
                "since" => since = number()?,
                "wait-ms" => wait_ms = number()?,
                _ => return Err(Reply::bad(&format!("`{key}` is unknown, expected since or wait-ms"))),
            }
        }
        let wait = Duration::from_millis(wait_ms);
        if wait > LONGEST_WAIT {
            return Err(Reply::bad(&format!("wait-ms: expected at most {}", LONGEST_WAIT.as_millis())));
        }
        let recorder = self.counterpart.recorder();
        let mut found = (Vec::new(), since);
        recorder
            .wait_for(Instant::now() + wait, |facts| {
                let mark = facts.last().map_or(since, |fact| fact.seq);
                found = (history::items(kind, facts, since), mark);
                !found.0.is_empty()
            })
            .await;
        let (items, mark) = found;
        Ok(Reply::good(json!({ "since": since, "mark": mark.max(since), "items": items })))
    }

    fn mark(&self) -> Value {
        json!({ "mark": self.counterpart.recorder().last() })
    }

    fn state(&self) -> Value {
        let counterpart = &self.counterpart;
        let (profile, environment) = counterpart.plays();
        let context = &counterpart.materials().context;
        json!({
            "profile": profile,
            "environment": environment,
            "url": counterpart.url(),
            "inbound-host": context.inbound_host,
            "issuer-host": context.issuer_host,
            "listen": counterpart.listen(),
            "dns": counterpart.dns(),
            "endpoint": endpoint(&counterpart.plan()),
            "zone": counterpart.zone(),
            "mark": counterpart.recorder().last(),
        })
    }
}

/// A plan as it is told.
fn endpoint(plan: &EndpointPlan) -> Value {
    let mut value = json!(plan);
    if let Value::Object(members) = &mut value {
        for key in NOT_TO_BE_TOLD {
            members.remove(key);
        }
    }
    value
}

/// A plan with some members changed; `null` is what it was at first.
fn changed<T: serde::Serialize + DeserializeOwned>(
    now: &T,
    first: &T,
    changes: Map<String, Value>,
) -> Result<T, Reply> {
    let (mut plan, first) = (json!(now), json!(first));
    if let Value::Object(members) = &mut plan {
        for (key, value) in changes {
            let value = if value.is_null() { first.get(&key).cloned() } else { Some(value) };
            match value {
                Some(value) => _ = members.insert(key, value),
                None => _ = members.remove(&key),
            }
        }
    }
    serde_json::from_value(plan).map_err(|error| Reply::bad(&error.to_string()))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reply> {
    serde_json::from_slice(body).map_err(|error| Reply::bad(&format!("the body is no such order: {error}")))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Reply> {
    read(body)
}

/// Nothing is said, or nothing in an object.
fn empty(body: &[u8]) -> Result<(), Reply> {
    if body.trim_ascii().is_empty() || object(body)?.is_empty() { Ok(()) } else { Err(Reply::bad("expected no body")) }
}

impl Reply {
    fn good(body: Value) -> Self {
        Self { status: StatusCode::OK, body, allow: None }
    }

    fn wrong(status: StatusCode, why: String) -> Self {
        Self { status, body: json!({ "error": why }), allow: None }
    }

    fn bad(why: &str) -> Self {
        Self::wrong(StatusCode::BAD_REQUEST, why.to_owned())
    }

    fn fault(why: &str) -> Self {
        Self::wrong(StatusCode::INTERNAL_SERVER_ERROR, why.to_owned())
    }
}
