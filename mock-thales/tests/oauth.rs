//! The token endpoint over loopback: what it grants, what it refuses, what it tells of both, and what becomes of the
//! tokens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mock_thales::endpoint::{AssertionKey, Conduct, Endpoint, Stage, Tokens};
use mock_thales::observe::{
    BodyForm, Event, Marks, Recorder, Scheme, SignatureState, TokenOutcome, TokenRequest, TokenState,
};
use mock_thales::pki::{Authorities, Names};
use mock_thales::plan::{EndpointPlan, OAuthPlan};
use rustls_pki_types::ServerName;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const HOST: &str = "api.example.test";
const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// An endpoint that demands tokens, and a caller of it.
struct Place {
    at: SocketAddr,
    recorder: Arc<Recorder>,
    tokens: Arc<Tokens>,
    client: Arc<rustls::ClientConfig>,
    bare: Arc<rustls::ClientConfig>,
    _stage: Arc<Stage>,
}

fn plan() -> EndpointPlan {
    let oauth = OAuthPlan {
        token_path: "/oauth2/token".to_owned(),
        lifetime_s: 900,
        assertion_within_s: 900,
        algorithm: "ES256".to_owned(),
    };
    EndpointPlan { oauth: Some(oauth), ..EndpointPlan::default() }
}

impl Place {
    fn start(plan: &EndpointPlan, key: Option<AssertionKey>) -> Self {
        let names = Names {
            inbound_host: HOST.to_owned(),
            other_host: None,
            issuer_host: "issuer.example.test".to_owned(),
            common_name: "customer".to_owned(),
        };
        let authorities = Authorities::new(OffsetDateTime::now_utc(), &names).expect("authorities");
        let tokens = Tokens::new(key).expect("random numbers");
        let conduct = Conduct::new(plan, &authorities, &[], Arc::default()).expect("a conduct");
        let recorder = Recorder::new();
        let stage = Stage::new(Arc::clone(&recorder));
        let conduct = Arc::new(conduct.sharing(Arc::clone(&tokens)));
        stage.publish(IpAddr::V4(Ipv4Addr::LOCALHOST), Endpoint::new("main", conduct, Duration::from_secs(10)));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let at = listener.local_addr().expect("an address");
        stage.listen(listener).expect("a runtime");
        let mut roots = rustls::RootCertStore::empty();
        let trusted = authorities.trust().into_iter().map(|der| rustls_pki_types::CertificateDer::from(der.0.clone()));
        roots.add_parsable_certificates(trusted);
        let builder = || {
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let builder = rustls::ClientConfig::builder_with_provider(provider);
            let builder = builder.with_safe_default_protocol_versions().expect("versions");
            builder.with_root_certificates(roots.clone())
        };
        let own = authorities.customer_client();
        let client = builder().with_client_auth_cert(own.rustls_chain(), own.rustls_key()).expect("a client");
        let bare = Arc::new(builder().with_no_client_auth());
        Self { at, recorder, tokens, client: Arc::new(client), bare, _stage: stage }
    }

    /// One request on a connection of its own: the answer's head in lower case, and its body.
    async fn send(&self, head: &str, body: &str) -> (String, String) {
        self.send_as(&self.client, head, body).await
    }

    async fn send_as(&self, config: &Arc<rustls::ClientConfig>, head: &str, body: &str) -> (String, String) {
        let socket = TcpStream::connect(self.at).await.expect("a connection");
        let name = ServerName::try_from(HOST).expect("a name");
        let mut stream = TlsConnector::from(Arc::clone(config)).connect(name, socket).await.expect("a handshake");
        let message = format!("{head}\r\nHost: {HOST}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(message.as_bytes()).await.expect("a request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        (head.to_ascii_lowercase(), body.to_owned())
    }

    /// Asks for a token by a form: status line, answer.
    async fn ask(&self, assertion: &str) -> (String, Value) {
        let body = format!("grant_type={}&assertion={assertion}", GRANT.replace(':', "%3A"));
        let (head, body) = self.send(&format!("POST /oauth2/token HTTP/1.1\r\nContent-Type: {FORM}"), &body).await;
        (head, serde_json::from_str(&body).expect("JSON"))
    }

    async fn call(&self, token: &str) -> String {
        self.send(&format!("GET /api HTTP/1.1\r\nAuthorization: Bearer {token}"), "").await.0
    }

    fn told(&self) -> TokenRequest {
        let of_event = |event: &Event| match event {
            Event::TokenAsked(request) => Some(request.clone()),
            _ => None,
        };
        self.last(of_event)
    }

    fn marks(&self) -> Marks {
        let of_event = |event: &Event| match event {
            Event::Marked(marks) => Some(marks.clone()),
            _ => None,
        };
        self.last(of_event)
    }

    fn state(&self) -> Option<TokenState> {
        self.marks().authorization.and_then(|authorization| authorization.token)
    }

    fn last<T>(&self, of_event: impl Fn(&Event) -> Option<T>) -> T {
        let found = self.recorder.read(|facts| facts.iter().rev().find_map(|fact| of_event(&fact.event)));
        found.expect("such a fact")
    }
}

/// A key and what onboarding hands over of it.
fn key() -> (EncodingKey, AssertionKey) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(key.public_key()).expect("a public key");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(public.as_ref()));
    let signing = EncodingKey::from_ec_der(key.to_pkcs8v1().expect("PKCS#8").as_ref());
    (signing, AssertionKey::from_pem(pem.as_bytes()).expect("a public EC key"))
}

fn claims(exp_in_s: i64) -> Value {
    let exp = OffsetDateTime::now_utc().unix_timestamp() + exp_in_s;
    json!({ "iss": "MGW_000001", "sub": "MGW_000001", "exp": exp })
}

fn signed(key: &EncodingKey, claims: &Value) -> String {
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::ES256) };
    jsonwebtoken::encode(&header, claims, key).expect("an assertion")
}

#[tokio::test]
async fn a_sound_assertion_is_granted_a_token_in_both_forms() {
    let (signing, public) = key();
    let place = Place::start(&plan(), Some(public));
    let assertion = signed(&signing, &claims(300));
    let (head, granted) = place.ask(&assertion).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("cache-control: no-store") && head.contains("content-type: application/json"), "{head}");
    assert_eq!((&granted["token_type"], &granted["expires_in"]), (&json!("Bearer"), &json!(900)));
    let told = place.told();
    assert_eq!((told.certificate, told.form, told.faults.len()), (true, BodyForm::Form, 0));
    let read = told.assertion.expect("an assertion");
    assert_eq!(read.signature, SignatureState::Good);
    assert_eq!((read.algorithm.as_deref(), read.key_id), (Some("ES256"), true));
    assert_eq!(read.issuer.as_deref(), Some("MGW_000001"));
    assert!((295..=300).contains(&read.expires_in_s.expect("an end")), "{:?}", read.expires_in_s);

    let body = json!({ "grant_type": GRANT, "assertion": assertion }).to_string();
    let (head, _) = place.send("POST /oauth2/token HTTP/1.1\r\nContent-Type: application/json", &body).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(place.told().form, BodyForm::Json);

    let token = granted["access_token"].as_str().expect("a token");
    assert!(place.call(token).await.starts_with("http/1.1 200"));
    assert_eq!(place.state(), Some(TokenState::Known));
    place.recorder.read(|facts| {
        let log = serde_json::to_string(facts).expect("JSON");
        assert!(!log.contains(token), "the token is in the log");
        let signature = assertion.rsplit('.').next().expect("a signature");
        assert!(!log.contains(signature), "the assertion is in the log");
    });
}

#[tokio::test]
async fn without_a_good_token_the_answer_is_401() {
    let place = Place::start(&plan(), None);
    let (head, _) = place.send("GET /api HTTP/1.1", "").await;
    assert!(head.starts_with("http/1.1 401") && head.contains("www-authenticate: bearer"), "{head}");
    assert!(!head.contains("error="), "RFC 6750 section 3.1: no code where no token was sent: {head}");
    assert_eq!(place.marks().authorization, None);

    let made_up = place.call("made-up").await;
    assert!(made_up.starts_with("http/1.1 401") && made_up.contains("invalid_token"), "{made_up}");
    assert_eq!(place.state(), Some(TokenState::Unknown));

    let (signing, _) = key();
    let (_, granted) = place.ask(&signed(&signing, &claims(300))).await;
    assert_eq!(place.told().assertion.expect("an assertion").signature, SignatureState::NotChecked);
    let token = granted["access_token"].as_str().expect("a token");
    place.tokens.forget();
    assert!(place.call(token).await.starts_with("http/1.1 401"));
    assert_eq!(place.state(), Some(TokenState::Forgotten));
}

#[tokio::test]
async fn a_token_ends_with_its_life() {
    let mut plan = plan();
    plan.oauth.as_mut().expect("tokens are demanded").lifetime_s = 0;
    let place = Place::start(&plan, None);
    let (signing, _) = key();
    let (_, granted) = place.ask(&signed(&signing, &claims(300))).await;
    assert_eq!(granted["expires_in"], json!(0));
    assert!(place.call(granted["access_token"].as_str().expect("a token")).await.starts_with("http/1.1 401"));
    assert_eq!(place.state(), Some(TokenState::Expired));
}

#[tokio::test]
async fn what_is_no_grant_is_refused_by_name() {
    let (signing, public) = key();
    let (other, _) = key();
    let place = Place::start(&plan(), Some(public));
    let refused = async |assertion: String| {
        let (head, answer) = place.ask(&assertion).await;
        assert!(head.starts_with("http/1.1 400"), "{head}");
        let error = answer["error"].as_str().expect("a code").to_owned();
        assert_eq!(place.told().outcome, TokenOutcome::Refused { error: error.clone() });
        (error, place.told().faults.concat())
    };
    let grant = "invalid_grant".to_owned();
    assert_eq!(refused("nonsense".to_owned()).await.0, grant);
    let (code, why) = refused(signed(&other, &claims(300))).await;
    assert!(code == grant && why.contains("signature"), "{why}");
    let (code, why) = refused(signed(&signing, &claims(-5))).await;
    assert!(code == grant && why.contains("expired"), "{why}");
    let (code, why) = refused(signed(&signing, &json!({ "iss": "x", "sub": "x" }))).await;
    assert!(code == grant && why.contains("exp"), "{why}");
    // Header {"alg":"none"}: a signature of no bytes.
    let unsigned =
        signed(&signing, &claims(300)).split('.').nth(1).map(|claims| format!("eyJhbGciOiJub25lIn0.{claims}."));
    assert_eq!(refused(unsigned.expect("claims")).await.0, grant);

    let (head, answer) = place.send("POST /oauth2/token HTTP/1.1", "grant_type=client_credentials").await;
    assert!(head.starts_with("http/1.1 400") && answer.contains("unsupported_grant_type"), "{answer}");
    let (_, answer) = place.send("POST /oauth2/token HTTP/1.1", "").await;
    assert!(answer.contains("invalid_request"), "{answer}");
    assert_eq!(place.told().form, BodyForm::Other);
    let (head, _) = place.send("GET /oauth2/token HTTP/1.1", "").await;
    assert!(head.starts_with("http/1.1 400"), "{head}");
}

/// What is against a product's rules, and still a grant, is told and let through.
#[tokio::test]
async fn an_assertion_against_the_rules_shows_what_is_against_them() {
    let place = Place::start(&plan(), None);
    let secret = EncodingKey::from_secret(b"secret");
    let hs256 = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(7200), &secret).expect("an assertion");
    let (head, _) = place.ask(&hs256).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let read = place.told().assertion.expect("an assertion");
    assert_eq!((read.algorithm.as_deref(), read.key_id), (Some("HS256"), false));
    assert!(read.expires_in_s.expect("an end") > 7000);

    let (signing, _) = key();
    let body = format!("grant_type={GRANT}&assertion={}", signed(&signing, &claims(300)));
    let (head, _) = place.send_as(&place.bare, "POST /oauth2/token HTTP/1.1", &body).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(!place.told().certificate, "no certificate was shown");
}

#[tokio::test]
async fn marks_tell_the_form_of_a_header_and_no_value() {
    let place = Place::start(&EndpointPlan::default(), None);
    let head = "GET /api HTTP/1.1\r\nX-Correlation-Id: 4111111111111111\r\nX-Issuer-Id: a b\r\n\
                Authorization: APIKEY swordfish";
    assert!(place.send(head, "").await.0.starts_with("http/1.1 200"), "no token is demanded here");
    let marks = place.marks();
    let authorization = marks.authorization.clone().expect("a header");
    assert_eq!((authorization.scheme, authorization.credentials), (Scheme::ApiKey, true));
    let [correlation, issuer] = marks.fields.as_slice() else { panic!("{marks:?}") };
    assert_eq!((correlation.length, correlation.plain, correlation.times), (16, true, 1));
    assert_eq!((issuer.length, issuer.plain), (3, false));
    place.send("GET /api HTTP/1.1\r\nX-Correlation-Id: 4111111111111111", "").await;
    assert_eq!(place.marks().fields[0].digest, correlation.digest, "equal values have equal digests");
    place.send("GET /api HTTP/1.1\r\nAuthorization: swordfish", "").await;
    let authorization = place.marks().authorization.expect("a header");
    assert_eq!((authorization.scheme, authorization.digest), (Scheme::Other, None));
    place.recorder.read(|facts| {
        let log = serde_json::to_string(facts).expect("JSON");
        assert!(!log.contains("swordfish") && !log.contains("4111111111111111"), "{log}");
    });
}

#[tokio::test]
async fn statuses_and_extras_are_as_planned() {
    let plan = EndpointPlan { answers_status: vec![503, 204], extras: true, ..plan() };
    let place = Place::start(&plan, None);
    let (signing, _) = key();
    let (head, granted) = place.ask(&signed(&signing, &claims(300))).await;
    assert!(head.contains("x-unannounced: true") && granted.get("unannounced").is_some(), "{head} {granted}");
    let token = granted["access_token"].as_str().expect("a token");
    for expected in ["503", "204", "204"] {
        let head = place.call(token).await;
        assert!(head.starts_with(&format!("http/1.1 {expected}")), "{head}");
    }
}
