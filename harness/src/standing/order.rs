//! A call that Thales is told to make, and what came back.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use mock_thales::client::{Call, Caller};
use mock_thales::endpoint::Answers;
use mock_thales::observe::{Actor, End, Event, Fact, RefusalPage, TlsVersion};
use mock_thales::pki::CertificateFacts;
use mock_thales::plan::{ClientCertificate, ClientPlan};
use serde::{Deserialize, Serialize};
use tokio::net::TcpSocket;

use super::counterpart::{Counterpart, PATIENCE};
use crate::model::HostPort;

/// A call to make.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CallOrder {
    /// `https://issuer.acme.example:8443/path`: the host is SNI and Host header.
    pub url: String,
    /// Where to dial, in place of the URL's host and port.
    pub connect: Option<HostPort>,
    /// The method.
    #[serde(default = "get")]
    pub method: String,
    /// Further header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// The certificate that Thales shows.
    #[serde(default = "trusted")]
    pub certificate: ClientCertificate,
    /// Versions that Thales offers.
    pub versions: Option<Vec<TlsVersion>>,
}

fn get() -> String {
    "GET".to_owned()
}

fn trusted() -> ClientCertificate {
    ClientCertificate::Trusted
}

/// What the endpoint is to answer, by path.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct AnswersOrder {
    /// One a path; every other path is answered with an empty 200.
    pub answers: Vec<AnswerOrder>,
}

/// What one path is answered with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct AnswerOrder {
    /// The path, without query.
    pub path: String,
    /// The status.
    #[serde(default = "good")]
    pub status: u16,
    /// The body.
    #[serde(default)]
    pub body: String,
}

fn good() -> u16 {
    200
}

impl AnswersOrder {
    /// Reads what the order says.
    ///
    /// # Errors
    /// In words, what is none of what it is to be.
    pub(super) fn ready(self) -> Result<Arc<Answers>, String> {
        let mut answers = Answers::default();
        for AnswerOrder { path, status, body } in self.answers {
            if !path.starts_with('/') {
                return Err(format!("path: `{path}` is none, expected such as `/gtep/igwapi/v2.0/getCardInfo`"));
            }
            if !(200..600).contains(&status) {
                return Err(format!("status: {status} is no status of an answer"));
            }
            answers.insert(&path, status, body.into_bytes());
        }
        Ok(Arc::new(answers))
    }
}

/// What came back from one address.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallAnswer {
    /// The address.
    pub address: SocketAddr,
    /// In one word: `answered`, `ended`, `not-connected`.
    pub outcome: &'static str,
    /// Why there was no connection, or what failed on this side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// A known refusal in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<RefusalPage>,
    /// Version of the handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<TlsVersion>,
    /// Alert of the server (RFC 8446 section 6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<u8>,
    /// How the connection ended, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Subjects of the chain that was served, leaf first.
    pub chain: Vec<String>,
    /// Authorities that the server named where it asked for a certificate; absent where it did not ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested: Option<Vec<String>>,
    /// Its facts in the history.
    pub facts: Vec<u64>,
}

/// An order read.
pub(super) struct Ready {
    call: Call,
    plan: ClientPlan,
    host: String,
    port: u16,
}

impl CallOrder {
    /// Reads what the order says.
    ///
    /// # Errors
    /// In words, what is none of what it is to be.
    pub(super) fn read(&self) -> Result<Ready, String> {
        let wrong = || format!("url: `{}` is none, expected such as `https://issuer.acme.example:8443/path`", self.url);
        let rest = self.url.strip_prefix("https://").ok_or_else(wrong)?;
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) if rest.as_bytes()[at] == b'/' => (&rest[..at], rest[at..].to_owned()),
            Some(at) => (&rest[..at], format!("/{}", &rest[at..])),
            None => (rest, "/".to_owned()),
        };
        if !path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return Err(wrong());
        }
        let HostPort { host, port } = authority.parse().map_err(|_| wrong())?;
        if self.method.is_empty() || !self.method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(format!("method: `{}` is none, expected such as `POST`", self.method));
        }
        for (name, value) in &self.headers {
            let is_name = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
            // What could end a line of the request.
            if !is_name || value.bytes().any(|byte| byte.is_ascii_control()) {
                return Err(format!("headers: `{name}` is no field of a request"));
            }
        }
        let mut plan = ClientPlan { certificate: self.certificate, ..ClientPlan::default() };
        if let Some(versions) = &self.versions {
            plan.versions = fit(versions)?;
        }
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let (method, body) = (self.method.clone(), self.body.clone().into_bytes());
        let call = Call { method, path, host: host.clone(), headers, body };
        let (host, port) = self.connect.as_ref().map_or((host, port), |at| (at.host.clone(), at.port));
        Ok(Ready { call, plan, host, port })
    }
}

/// Versions that one side can speak at once.
///
/// # Errors
/// In words.
pub(super) fn fit(versions: &[TlsVersion]) -> Result<Vec<TlsVersion>, String> {
    let known = [TlsVersion::V1_0, TlsVersion::V1_1, TlsVersion::V1_2, TlsVersion::V1_3];
    let legacy = versions.iter().filter(|version| version.is_legacy()).count();
    if versions.is_empty() || !versions.iter().all(|version| known.contains(version)) {
        return Err("versions: expected some of \"1.0\", \"1.1\", \"1.2\" and \"1.3\"".to_owned());
    }
    if legacy != 0 && legacy != versions.len() {
        return Err("versions: 1.0 and 1.1 are never mixed with newer ones".to_owned());
    }
    Ok(versions.to_vec())
}

impl Ready {
    /// Makes the call to every address behind its name, one after another.
    ///
    /// # Errors
    /// In words: the name has no address, the certificate cannot be made.
    pub(super) async fn make(self, counterpart: &Counterpart) -> Result<Vec<CallAnswer>, String> {
        let authorities = &counterpart.materials().authorities;
        let identity = authorities.client(self.plan.certificate).map_err(|error| format!("failed to {error}"))?;
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let mut addresses: Vec<_> =
            found.map_err(|error| format!("no address is known of `{}`: {error}", self.host))?.collect();
        addresses.sort();
        addresses.dedup();
        let caller = Caller::new(Arc::clone(counterpart.recorder()), PATIENCE);
        let mut answers = Vec::new();
        for address in addresses {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
            let socket = socket.map_err(|error| format!("no socket for {address}: {error}"))?;
            let mark = counterpart.recorder().last();
            caller.call(socket, address, &self.plan, identity.as_deref(), &self.call).await;
            let facts = counterpart.recorder().read(|facts| of_call(facts, mark));
            answers.push(answer(address, &facts));
        }
        Ok(answers)
    }
}

/// The facts of the client's first connection after a mark. Calls are made one at a time.
fn of_call(facts: &[Fact], mark: u64) -> Vec<Fact> {
    let mut new = facts.iter().filter(|fact| fact.seq > mark && fact.actor == Actor::Client).cloned().peekable();
    let id = new.peek().and_then(|fact| fact.connection);
    new.filter(|fact| fact.connection == id).collect()
}

fn answer(address: SocketAddr, facts: &[Fact]) -> CallAnswer {
    let mut answer = CallAnswer {
        address,
        outcome: "ended",
        error: None,
        status: None,
        page: None,
        version: None,
        alert: None,
        end: None,
        chain: Vec::new(),
        requested: None,
        facts: facts.iter().map(|fact| fact.seq).collect(),
    };
    for fact in facts {
        match &fact.event {
            Event::DialFailed { error } => {
                answer.outcome = "not-connected";
                answer.error = Some(error.clone());
            }
            Event::LocalError { error } => answer.error = Some(error.clone()),
            Event::Response { status, page } => {
                answer.outcome = "answered";
                (answer.status, answer.page) = (Some(*status), *page);
            }
            Event::HandshakeDone(handshake) => answer.version = Some(handshake.version),
            Event::AlertReceived { code } => answer.alert = Some(*code),
            Event::Ended(end) => answer.end = answer.end.or(Some(*end)),
            Event::CertificateRequested { authorities } => answer.requested = Some(authorities.clone()),
            Event::PeerCertificate { chain, .. } => {
                let subject = |certificate| CertificateFacts::read(certificate).map(|facts| facts.subject);
                answer.chain = chain.iter().map(|one| subject(one).unwrap_or_default()).collect();
            }
            _ => {}
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(url: &str) -> Result<(String, u16, String), String> {
        let text = serde_json::json!({ "url": url }).to_string();
        let order: CallOrder = serde_json::from_str(&text).expect("it has its keys");
        order.read().map(|ready| (ready.host, ready.port, ready.call.path))
    }

    #[test]
    fn a_url_says_where_and_what() {
        let of = |host: &str, port, path: &str| Ok((host.to_owned(), port, path.to_owned()));
        assert_eq!(order("https://issuer.example:8443/a?b=c"), of("issuer.example", 8443, "/a?b=c"));
        assert_eq!(order("https://127.0.0.1"), of("127.0.0.1", 443, "/"));
        assert_eq!(order("https://issuer.example?b"), of("issuer.example", 443, "/?b"));
        for wrong in
            ["http://issuer.example/", "https://", "https://a b/", "https://a/\r\nX: y", "https://a:99999/", ""]
        {
            assert!(order(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn old_and_new_versions_are_not_mixed() {
        assert!(fit(&[TlsVersion::V1_1]).is_ok());
        assert!(fit(&[TlsVersion::V1_2, TlsVersion::V1_3]).is_ok());
        for wrong in [&[][..], &[TlsVersion::V1_1, TlsVersion::V1_2], &[TlsVersion(0x0300)]] {
            assert!(fit(wrong).is_err(), "{wrong:?}");
        }
    }
}
