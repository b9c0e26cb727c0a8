//! Callers that encrypt what they send in another way than the product wants, or not at all. Everything else about them is
//! the reference's.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use thales_harness::reference::{Access, SigningKey, payload};
use thales_harness::{Integration, Portal, Reply, Request};

use super::above::{Trouble, exchange};
use super::defect::{D1, Defect, PROFILES};
use super::tls::{Rustls, own, verifier};

/// Merchant Tokenization.
const TMG: &str = "merchant-tokenization";
/// Classic Tokenization.
const CLASSIC: &str = "classic-tokenization";

/// What becomes of the reference's body.
type Spoil = fn(&str) -> Option<String>;

pub(super) fn all() -> Vec<Defect> {
    vec![
        animal("a_payload_that_is_right", |body| Some(body.to_owned())).in_profiles(&PROFILES),
        // Whether there ought to be one is not known.
        animal("a_call_without_a_payload", |_| Some("{}".to_owned())).in_profiles(&PROFILES),
        animal("a_card_number_in_the_clear", |_| Some(r#"{"pan":"4111111111111111","exp":"1230"}"#.to_owned()))
            .in_profiles(&PROFILES)
            .fails(&["supplement.jwe", "supplement.pkcs7"]),
        animal("a_payload_whose_key_is_wrapped_once_more", |body| with_header(body, "alg", json!("ECDH-ES+A256KW")))
            .in_profiles(&[D1])
            .fails(&["supplement.jwe"]),
        animal("a_payload_under_oaep_with_sha_1", |body| with_header(body, "alg", json!("RSA-OAEP")))
            .in_profiles(&[TMG])
            .fails(&["supplement.jwe"]),
        animal("a_payload_in_another_content_encryption", |body| with_header(body, "enc", json!("A128GCM")))
            .in_profiles(&[D1, TMG])
            .fails(&["supplement.jwe"]),
        animal("a_payload_that_names_no_key", |body| with_header(body, "kid", Value::Null))
            .in_profiles(&[D1, TMG])
            .fails(&["supplement.jwe"]),
        // The JVM's OAEPWithSHA-256AndMGF1Padding without further words has another hash there.
        animal("a_payload_with_another_hash_in_its_mask", |body| {
            let at = body.rfind(SHA_256)?;
            Some(format!("{}{SHA_384}{}", &body[..at], &body[at + SHA_256.len()..]))
        })
        .in_profiles(&[CLASSIC])
        .fails(&["supplement.pkcs7"]),
        animal("a_payload_in_base64", |body| {
            let hex = encrypted(body)?;
            let pair = |at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
            let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(pair).collect::<Option<_>>()?;
            Some(json!({ "encryptedData": STANDARD.encode(bytes) }).to_string())
        })
        .in_profiles(&[CLASSIC])
        .fails(&["supplement.pkcs7"]),
    ]
}

/// Their object identifiers (RFC 5754 section 2), in hex.
const SHA_256: &str = "0609608648016503040201";
const SHA_384: &str = "0609608648016503040202";

fn animal(name: &'static str, spoil: Spoil) -> Defect {
    Defect::new(name, move |portal: &Portal| Animal::new(portal, spoil)).only(&["above/jwe", "above/pkcs7"])
}

fn encrypted(body: &str) -> Option<String> {
    Some(serde_json::from_str::<Value>(body).ok()?.get("encryptedData")?.as_str()?.to_owned())
}

/// The same JWE with another value in its header. Nobody could decrypt it; nobody does.
fn with_header(body: &str, name: &str, value: Value) -> Option<String> {
    let jwe = encrypted(body)?;
    let (header, rest) = jwe.split_once('.')?;
    let mut header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    header.as_object_mut()?.insert(name.to_owned(), value);
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    Some(json!({ "encryptedData": format!("{header}.{rest}") }).to_string())
}

struct Animal {
    tls: Rustls,
    access: Access,
    profile: String,
    spoil: Spoil,
}

impl Animal {
    fn new(portal: &Portal, spoil: Spoil) -> Result<Self, String> {
        let key = SigningKey::new().map_err(|error| error.to_string())?;
        let tls = Rustls::new(verifier(portal)?, Some(own(portal)?))?;
        Ok(Self { tls, access: Access::new(portal, key), profile: portal.profile.clone(), spoil })
    }

    fn request(&mut self, url: &str) -> Result<u16, Trouble> {
        let body = (self.spoil)(&payload(&self.profile)?).ok_or_else(|| io::Error::other("no body to spoil"))?;
        let tls = &self.tls;
        let mut fields = self.access.fields(|url, form| {
            let kind = [("content-type", "application/x-www-form-urlencoded".to_owned())];
            Ok::<_, Trouble>(exchange(tls, "POST", url, &kind, form)?)
        })?;
        fields.push(("content-type", "application/json".to_owned()));
        Ok(exchange(tls, "POST", url, &fields, &body)?.0)
    }
}

impl Integration for Animal {
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        let status = self.request(&request.url).map_err(|Trouble(error)| error.to_string())?;
        Ok(Reply { status })
    }
}
