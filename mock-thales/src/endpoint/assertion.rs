//! The reading of an assertion: a JWT in compact form (RFC 7515 section 7.1) whose claims RFC 7523 section 3 names.
//! What is wrong with it is told; whether it matters is for others to judge.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Map, Value};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::observe::{Assertion, SignatureState};

/// Characters of a claim that are kept.
const KEPT: usize = 64;

/// The public key with which the customer's assertions verify.
#[derive(Clone)]
pub struct AssertionKey(DecodingKey);

impl fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AssertionKey")
    }
}

impl AssertionKey {
    /// From a public EC key in PEM (`BEGIN PUBLIC KEY`, RFC 5480).
    ///
    /// # Errors
    /// It is no such key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, AssertionKeyError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| AssertionKeyError)?;
        let (_, info) = SubjectPublicKeyInfo::from_der(&der).map_err(|_| AssertionKeyError)?;
        match info.parsed() {
            Ok(PublicKey::EC(point)) => Ok(Self(DecodingKey::from_ec_der(point.data()))),
            _ => Err(AssertionKeyError),
        }
    }
}

/// A file is no public EC key in PEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssertionKeyError;

impl fmt::Display for AssertionKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("holds no public EC key in PEM (`BEGIN PUBLIC KEY`)")
    }
}

impl std::error::Error for AssertionKeyError {}

/// Reads an assertion. `now_s` is the time in seconds since 1970.
///
/// # Errors
/// It is no JWT; why, in words.
pub(super) fn read(token: &str, key: Option<&AssertionKey>, now_s: i64) -> Result<Assertion, &'static str> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("the assertion is no JWT of three parts");
    };
    let (Some(head), Some(claims)) = (object(header), object(claims)) else {
        return Err("header or claims of the assertion are no JSON object in base64url");
    };
    let signed = &token[..token.len() - signature.len() - 1];
    let words = |object: &Map<String, Value>, name: &str| Some(shortened(object.get(name)?.as_str()?));
    let signature = match key {
        None => SignatureState::NotChecked,
        Some(key) if verifies(signed, signature, &head, key) => SignatureState::Good,
        Some(_) => SignatureState::Bad,
    };
    Ok(Assertion {
        algorithm: words(&head, "alg"),
        key_id: head.get("kid").and_then(Value::as_str).is_some_and(|id| !id.is_empty()),
        issuer: words(&claims, "iss"),
        subject: words(&claims, "sub"),
        expires_in_s: claims.get("exp").and_then(seconds).map(|exp| exp.saturating_sub(now_s)),
        signature,
    })
}

fn verifies(signed: &str, signature: &str, head: &Map<String, Value>, key: &AssertionKey) -> bool {
    let algorithm = head.get("alg").and_then(Value::as_str).and_then(|name| name.parse::<Algorithm>().ok());
    algorithm.is_some_and(|algorithm| {
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key.0, algorithm).unwrap_or(false)
    })
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// A NumericDate (RFC 7519 section 2), which may have a fraction.
fn seconds(value: &Value) -> Option<i64> {
    // A date far beyond what an i64 holds saturates.
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

fn shortened(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(KEPT).collect()
}
