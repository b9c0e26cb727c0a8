//! Envelopes of DSSE 1.0: a payload, and any number of signatures over its pre-authentication encoding. Which keys are
//! believed is the caller's to say.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::{Flaw, PublicKey, SigningKey};

/// The type of a payload that is an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// An envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope {
    /// In base64.
    payload: String,
    /// [`PAYLOAD_TYPE`].
    payload_type: String,
    /// The first is the customer's; each further one was added later.
    signatures: Vec<Signature>,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// [`PublicKey::id`] of the key.
    pub keyid: String,
    /// In base64; ASN.1 where the key is on P-256.
    pub sig: String,
}

/// What is signed: DSSE's pre-authentication encoding, so that a payload cannot be taken for one of another type.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}

impl Envelope {
    /// Around a payload, with a first signature.
    pub fn sign(payload: &[u8], key: &SigningKey) -> Self {
        let payload_type = PAYLOAD_TYPE.to_owned();
        let mut envelope = Self { payload: BASE64_STANDARD.encode(payload), payload_type, signatures: Vec::new() };
        envelope.push(payload, key);
        envelope
    }

    /// Adds a signature and leaves the others as they are.
    ///
    /// # Errors
    /// The payload is no base64.
    pub fn countersign(&mut self, key: &SigningKey) -> Result<(), Flaw> {
        let payload = self.payload()?;
        self.push(&payload, key);
        Ok(())
    }

    fn push(&mut self, payload: &[u8], key: &SigningKey) {
        let sig = BASE64_STANDARD.encode(key.sign(&pae(&self.payload_type, payload)));
        self.signatures.push(Signature { keyid: key.public().id(), sig });
    }

    /// The payload, unverified.
    ///
    /// # Errors
    /// It is no base64, or of another type.
    pub fn payload(&self) -> Result<Vec<u8>, Flaw> {
        if self.payload_type != PAYLOAD_TYPE {
            return Err(Flaw::Envelope { why: format!("the payload's type is `{}`", self.payload_type) });
        }
        BASE64_STANDARD
            .decode(&self.payload)
            .map_err(|error| Flaw::Envelope { why: format!("the payload is no base64: {error}") })
    }

    /// The signatures in their order.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Checks the signature that is said to be by this key.
    ///
    /// # Errors
    /// There is none, or it is not over this payload, or not by this key.
    pub fn check(&self, key: &PublicKey) -> Result<(), Flaw> {
        let keyid = key.id();
        let found = self.signatures.iter().find(|signature| signature.keyid == keyid);
        let found = found.ok_or_else(|| Flaw::NotSignedBy { keyid: keyid.clone() })?;
        let signature = BASE64_STANDARD.decode(&found.sig).ok();
        let encoded = pae(&self.payload_type, &self.payload()?);
        match signature {
            Some(signature) if key.verifies(&encoded, &signature) => Ok(()),
            _ => Err(Flaw::Signature { keyid }),
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    /// The example of DSSE's own specification.
    #[test]
    fn the_encoding_is_that_of_the_specification() {
        let encoded = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
        assert_eq!(pae("é", b"\n"), "DSSEv1 2 é 1 \n".as_bytes());
    }

    #[test]
    fn a_second_signature_leaves_the_first_one_valid() {
        let (first, second) = (SigningKey::generate_p256().unwrap(), SigningKey::generate_p256().unwrap());
        let mut envelope = Envelope::sign(b"{}", &first);
        let before = envelope.signatures()[0].clone();
        assert_eq!(envelope.check(second.public()), Err(Flaw::NotSignedBy { keyid: second.public().id() }));
        envelope.countersign(&second).unwrap();
        assert_eq!(envelope.signatures()[0], before);
        assert_eq!((envelope.check(first.public()), envelope.check(second.public())), (Ok(()), Ok(())));
        // A signature under the name of another key.
        envelope.signatures[1].keyid = first.public().id();
        envelope.signatures.swap(0, 1);
        assert_eq!(envelope.check(first.public()), Err(Flaw::Signature { keyid: first.public().id() }));
    }

    #[test]
    fn another_payload_or_type_is_refused() {
        let key = SigningKey::generate_p256().unwrap();
        let envelope = Envelope::sign(b"{}", &key);
        let mut other = envelope.clone();
        other.payload = BASE64_STANDARD.encode("[]");
        assert_eq!(other.check(key.public()), Err(Flaw::Signature { keyid: key.public().id() }));
        let mut other = envelope;
        other.payload_type = "text/plain".to_owned();
        assert!(matches!(other.check(key.public()), Err(Flaw::Envelope { .. })));
    }
}
