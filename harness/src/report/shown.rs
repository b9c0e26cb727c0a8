//! What onboarding exchanged, as a report shows it: names, hosts, and certificates with their digests. No key.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, PublicKey, SignatureHash};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::run::Onboarding;

/// What onboarding exchanged.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Exchanged {
    /// What the product calls the customer's identifier.
    pub customer_id_name: String,
    /// The identifier, if the integration file says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Thales' host and port.
    pub inbound: String,
    /// Base path of the API.
    pub base_path: String,
    /// The receiver's host and port, as handed over.
    pub issuer: String,
    /// The CN that the portal gave, if the integration file says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common_name: Option<String>,
    /// The caller's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<Certificate>,
    /// The harness issued it: it is not the customer's, and rows about it are untested.
    pub client_is_issued: bool,
    /// The receiver's chain as handed over, leaf first.
    pub server_chain: Vec<Certificate>,
    /// The harness issued it.
    pub server_is_issued: bool,
    /// Where the receiver's chain ends, in words.
    pub server_anchor: String,
    /// Files of the portal directory that are no secret. Those that are Thales' are stand-ins.
    pub assets: Vec<Asset>,
}

/// A file of the portal directory.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asset {
    /// Its name.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The harness made it for this run in place of Thales' own, or of the customer's.
    pub stand_in: bool,
}

/// A certificate.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Certificate {
    /// SHA-256 of its DER.
    pub sha256: String,
    /// RFC 4514; empty where the certificate cannot be read.
    pub subject: String,
    /// RFC 4514.
    pub issuer: String,
    /// Its CNs.
    pub common_names: Vec<String>,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// First second, RFC 3339.
    pub not_before: String,
    /// Last second, RFC 3339.
    pub not_after: String,
    /// Kind of key: `EC P-256`.
    pub key: String,
    /// Hash under the signature.
    pub signature_hash: String,
    /// Whether it is self-signed, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_signed: Option<bool>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

impl Exchanged {
    pub(super) fn of(onboarding: &Onboarding) -> Self {
        let context = &onboarding.context;
        let server_chain: Vec<_> = context.server_chain.iter().map(Certificate::of).collect();
        let is_stand_in = |name: &str| {
            if name.starts_with("CUSTOMER_TLS_CLIENT") {
                onboarding.client_is_issued
            } else if name.starts_with("CUSTOMER_TLS_SERVER") {
                onboarding.server_is_issued
            } else {
                true
            }
        };
        let assets = onboarding.assets.iter();
        Self {
            customer_id_name: context.customer_id_form.name.clone(),
            customer_id: context.customer_id.clone(),
            inbound: format!("{}:443", context.inbound_host),
            base_path: context.base_path.clone(),
            issuer: format!("{}:{}", context.issuer_host, context.issuer_port),
            common_name: context.common_name.clone(),
            client_certificate: context.endorsed.as_ref().map(Certificate::of),
            client_is_issued: onboarding.client_is_issued,
            server_anchor: anchor(&server_chain),
            server_chain,
            server_is_issued: onboarding.server_is_issued,
            assets: assets
                .map(|(name, sha256)| Asset { name: name.clone(), sha256: sha256.clone(), stand_in: is_stand_in(name) })
                .collect(),
        }
    }
}

fn anchor(chain: &[Certificate]) -> String {
    match chain.last() {
        None => "no chain was handed over".to_owned(),
        Some(last) if last.unreadable.is_some() => "the last certificate of the chain cannot be read".to_owned(),
        Some(last) if last.self_signed == Some(true) => format!("root in the chain: {}", last.subject),
        Some(last) => format!("not in the chain, which ends below: {}", last.issuer),
    }
}

impl Certificate {
    fn of(der: &CertificateDer) -> Self {
        let facts = match CertificateFacts::read(der) {
            Ok(facts) => facts,
            Err(error) => {
                let sha256 = Sha256::digest(&der.0).iter().map(|byte| format!("{byte:02x}")).collect();
                return Self { sha256, unreadable: Some(error.to_string()), ..Self::default() };
            }
        };
        Self {
            sha256: facts.sha256,
            subject: facts.subject,
            issuer: facts.issuer,
            common_names: facts.common_names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
            serial: facts.serial,
            not_before: date(facts.not_before),
            not_after: date(facts.not_after),
            key: match facts.key {
                PublicKey::Ec { curve } => format!("EC {curve}"),
                PublicKey::Rsa { bits } => format!("RSA {bits}"),
                PublicKey::Ed25519 => "Ed25519".to_owned(),
                PublicKey::Other { oid } => oid,
            },
            signature_hash: match facts.signature_hash {
                SignatureHash::Md5 => "MD5",
                SignatureHash::Sha1 => "SHA-1",
                SignatureHash::Sha256 => "SHA-256",
                SignatureHash::Sha384 => "SHA-384",
                SignatureHash::Sha512 => "SHA-512",
                SignatureHash::Other => "other",
            }
            .to_owned(),
            self_signed: facts.self_signed,
            unreadable: None,
        }
    }
}

fn date(moment: OffsetDateTime) -> String {
    moment.format(&Rfc3339).unwrap_or_default()
}
