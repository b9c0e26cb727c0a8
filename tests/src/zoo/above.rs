//! Callers that are wrong above TLS, in the profile whose API demands access tokens: `d1-ecom`. Their TLS is the
//! reference's, and so is what they say about themselves but for one thing.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mock_thales::pki::Identity;
use rustls::client::danger::ServerCertVerifier;
use serde_json::json;
use thales_harness::reference::{Access, Reference, ReferenceError, SigningKey};
use thales_harness::{Integration, Portal, Reply, Request};
use time::OffsetDateTime;

use super::caller::{split, system};
use super::defect::{D1, Defect};
use super::identity::Recipe;
use super::tls::{Rustls, Tls, own, verifier, verifier_of};
use super::trust::{blind, stranger};

/// Longest wait for Thales.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Rows that say something of tokens only where one is fetched.
const OF_TOKENS: [&str; 2] = ["supplement.jwt", "supplement.tolerance"];

/// Every defect above TLS.
pub(super) fn all() -> Vec<Defect> {
    vec![
        animal("calls_without_a_token", Flaw::WithoutToken)
            .fails(&["inbound.oauth", "supplement.token-reuse"])
            .inconclusive(&OF_TOKENS),
        animal("a_token_of_its_own_making", Flaw::MadeUp)
            .fails(&["inbound.oauth", "supplement.token-reuse"])
            .inconclusive(&OF_TOKENS),
        animal("a_token_that_is_sent_once_and_never_again", Flaw::Once)
            .fails(&["inbound.oauth", "supplement.token-reuse"])
            .inconclusive(&["supplement.tolerance"]),
        animal("a_token_that_is_fetched_without_the_certificate", Flaw::FetchedBare).fails(&["inbound.oauth"]),
        animal("a_token_that_is_given_up_once_refused", Flaw::GivenUp)
            .fails(&["inbound.oauth", "supplement.token-reuse"])
            .inconclusive(&["supplement.tolerance"]),
        animal("a_token_before_each_call", Flaw::EachCall).fails(&["supplement.token-reuse"]),
        animal("a_token_that_is_kept_for_ever", Flaw::KeptForEver)
            .fails(&["supplement.token-reuse"])
            .inconclusive(&["supplement.tolerance"]),
        animal("an_assertion_with_a_shared_secret", Flaw::SharedSecret).fails(&["supplement.jwt"]),
        animal("a_request_without_a_correlation_identifier", Flaw::Nameless).fails(&["supplement.correlation-id"]),
        animal("nothing_wrong_above_tls", Flaw::None),
        two("a_client_for_calls_that_verifies_nothing", blind).fails(&["inbound.server-authentication"]),
        two("a_client_for_calls_that_trusts_another_authority", |_| Ok(verifier_of(stranger()?)?))
            .fails(&["inbound.server-trust"])
            .inconclusive(&["inbound.server-authentication", "inbound.tls-version"]),
        // Its subject is short, too.
        Defect::new("a_client_for_calls_with_another_certificate", otherwise_certified)
            .in_profiles(&[D1])
            .only(&["inbound/client-certificate"])
            .fails(&["inbound.certificate.issued", "inbound.certificate.subject"]),
    ]
}

/// Asks for its token with the right certificate, and calls with one that it signed itself.
fn otherwise_certified(portal: &Portal) -> Result<Animal, String> {
    let recipe = Recipe { common_name: "TLSMA-ECDSA/MGW_000001-PPR", ..Recipe::default() };
    let identity = recipe.identity(D1)?;
    let (chain, key) = (identity.client_certificate.unwrap_or_default(), identity.client_key.unwrap_or_default());
    let identity = Identity::from_pem(&chain, &key).map_err(|error| error.to_string())?;
    let other = (identity.rustls_chain(), identity.rustls_key());
    let mut animal = Animal::new(portal, Flaw::None)?;
    animal.for_calls = Some(Rustls::new(verifier(portal)?, Some(other))?);
    Ok(animal)
}

fn animal(name: &'static str, flaw: Flaw) -> Defect {
    Defect::new(name, move |portal: &Portal| Animal::new(portal, flaw)).in_profiles(&[D1]).only(&["above/*"])
}

/// One client for tokens, which is right, and another one for calls.
fn two(name: &'static str, verifier: fn(&Portal) -> Result<Arc<dyn ServerCertVerifier>, String>) -> Defect {
    let made = move |portal: &Portal| {
        let mut animal = Animal::new(portal, Flaw::EachCall)?;
        animal.for_calls = Some(Rustls::new(verifier(portal)?, Some(own(portal)?))?);
        Ok::<_, String>(animal)
    };
    Defect::new(name, made).in_profiles(&[D1]).only(&["inbound/expired", "inbound/self-signed"])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    WithoutToken,
    MadeUp,
    Once,
    FetchedBare,
    GivenUp,
    EachCall,
    KeptForEver,
    SharedSecret,
    Nameless,
}

struct Animal {
    tls: Rustls,
    bare: Rustls,
    /// Where calls have a client of their own.
    for_calls: Option<Rustls>,
    access: Access,
    customer_id: String,
    flaw: Flaw,
    /// It serves as the reference does.
    serving: Reference,
    /// Calls so far.
    calls: u32,
    /// Thales has refused a token.
    refused: bool,
}

impl Animal {
    fn new(portal: &Portal, flaw: Flaw) -> Result<Self, String> {
        let key = SigningKey::new().map_err(|error| error.to_string())?;
        Ok(Self {
            tls: Rustls::new(verifier(portal)?, Some(own(portal)?))?,
            bare: Rustls::new(verifier(portal)?, None)?,
            for_calls: None,
            access: Access::new(portal, key),
            customer_id: portal.customer_id.clone().unwrap_or_default(),
            flaw,
            serving: Reference::new(portal).map_err(|error| error.to_string())?,
            calls: 0,
            refused: false,
        })
    }

    fn request(&mut self, request: &Request) -> io::Result<u16> {
        let sends_none = match self.flaw {
            Flaw::WithoutToken => true,
            Flaw::Once => self.calls > 1,
            Flaw::GivenUp => self.refused,
            _ => false,
        };
        let fields = match self.flaw {
            _ if sends_none => vec![("x-correlation-id", format!("call-{}", self.calls))],
            Flaw::MadeUp => vec![
                ("x-correlation-id", format!("call-{}", self.calls)),
                ("authorization", "Bearer made-up".to_owned()),
            ],
            _ => self.fields()?,
        };
        let tls = self.for_calls.as_ref().unwrap_or(&self.tls);
        Ok(exchange(tls, &request.method, &request.url, &fields, "")?.0)
    }

    fn fields(&mut self) -> io::Result<Vec<(&'static str, String)>> {
        if self.flaw == Flaw::EachCall {
            self.access.refused();
        }
        let tls = if self.flaw == Flaw::FetchedBare { &self.bare } else { &self.tls };
        let secret = (self.flaw == Flaw::SharedSecret).then(|| self.customer_id.clone());
        let post = |url: &str, form: &str| -> Result<(u16, Vec<u8>), Trouble> {
            let form = match &secret {
                Some(customer_id) => with_shared_secret(form, customer_id)?,
                None => form.to_owned(),
            };
            let kind = [("content-type", "application/x-www-form-urlencoded".to_owned())];
            Ok(exchange(tls, "POST", url, &kind, &form)?)
        };
        let mut fields = self.access.fields(post).map_err(|Trouble(error)| error)?;
        fields.retain(|(name, _)| self.flaw != Flaw::Nameless || *name != "x-correlation-id");
        Ok(fields)
    }
}

impl Integration for Animal {
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        self.calls += 1;
        let mut status = self.request(request).map_err(|error| error.to_string())?;
        self.refused |= status == 401;
        let tries_again = status == 401 && self.flaw != Flaw::KeptForEver && self.access.refused();
        if tries_again {
            status = self.request(request).map_err(|error| error.to_string())?;
        }
        Ok(Reply { status })
    }

    fn serve(&mut self, at: SocketAddr) -> Result<(), String> {
        self.serving.serve(at)
    }
}

/// What went wrong, of the reference's part or of this one.
pub(super) struct Trouble(pub(super) io::Error);

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

impl From<ReferenceError> for Trouble {
    fn from(error: ReferenceError) -> Self {
        Self(io::Error::other(error.to_string()))
    }
}

/// The form with an assertion that is right in everything but its algorithm.
fn with_shared_secret(form: &str, customer_id: &str) -> io::Result<String> {
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::HS256) };
    let end = OffsetDateTime::now_utc().unix_timestamp() + 300;
    let claims = json!({ "iss": customer_id, "sub": customer_id, "exp": end });
    let assertion = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(b"shared"));
    let assertion = assertion.map_err(io::Error::other)?;
    Ok(format!("{}&assertion={assertion}", form.split('&').next().unwrap_or_default()))
}

/// One request on a connection of its own: status and body of the answer.
pub(super) fn exchange(
    tls: &Rustls,
    method: &str,
    url: &str,
    fields: &[(&'static str, String)],
    body: &str,
) -> io::Result<(u16, Vec<u8>)> {
    let (host, port, path) = split(url)?;
    let socket = TcpStream::connect_timeout(&system(&host, port)?, TIMEOUT)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    let mut stream = tls.secure(&host, socket)?;
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;
    stream.flush()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let begin = answer.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4);
    let text = String::from_utf8_lossy(&answer);
    let status = text.split_ascii_whitespace().nth(1).and_then(|status| status.parse().ok());
    match (status, begin) {
        (Some(status), Some(begin)) => Ok((status, answer[begin..].to_vec())),
        _ => Err(io::Error::other("the answer is no HTTP")),
    }
}
