//! Client certificates that break one rule, made with OpenSSL: it makes what stricter libraries refuse to make.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use thales_harness::integration::OwnIdentity;
use time::OffsetDateTime;

use super::defect::own_identity;

/// The CN that the portal gave.
pub(super) const COMMON_NAME: &str = "reference.customer.example";

const DAY: i64 = 24 * 60 * 60;

/// A key's kind.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Ec(Nid),
    Rsa(u32),
    Ed25519,
}

/// Who signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Issuer {
    Itself,
    Authority,
    /// An authority with the certificate's own subject: by names alone it looks self-signed.
    Namesake,
}

/// A client certificate; the default breaks no rule.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) key: Key,
    /// `None` where the key says it.
    pub(super) hash: Option<fn() -> MessageDigest>,
    pub(super) common_name: &'static str,
    /// First and last day, counted from today.
    pub(super) days: (i64, i64),
    pub(super) issuer: Issuer,
    pub(super) is_authority: bool,
    pub(super) for_servers: bool,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            key: Key::Ec(Nid::X9_62_PRIME256V1),
            hash: Some(MessageDigest::sha256),
            common_name: COMMON_NAME,
            days: (-1, 360),
            issuer: Issuer::Itself,
            is_authority: false,
            for_servers: false,
        }
    }
}

impl Recipe {
    /// The reference's identity with this client certificate.
    pub(super) fn identity(self, profile: &str) -> Result<OwnIdentity, String> {
        let key = self.key.make().map_err(|error| error.to_string())?;
        self.identity_with(profile, &key)
    }

    /// The same for a key that is there.
    pub(super) fn identity_with(self, profile: &str, key: &PKey<Private>) -> Result<OwnIdentity, String> {
        let made =
            || -> Result<_, ErrorStack> { Ok((self.certificate(key)?.to_pem()?, key.private_key_to_pem_pkcs8()?)) };
        let (certificate, key) = made().map_err(|error| error.to_string())?;
        let reference = own_identity(profile)?;
        Ok(OwnIdentity { client_certificate: Some(certificate), client_csr: None, client_key: Some(key), ..reference })
    }

    fn certificate(self, key: &PKey<Private>) -> Result<X509, ErrorStack> {
        let mut builder = X509Builder::new()?;
        builder.set_version(2)?;
        let mut serial = BigNum::new()?;
        serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
        let serial = Asn1Integer::from_bn(&serial)?;
        builder.set_serial_number(&serial)?;
        let subject = name(self.common_name)?;
        builder.set_subject_name(&subject)?;
        let signer = match self.issuer {
            Issuer::Itself => key.clone(),
            Issuer::Authority | Issuer::Namesake => Key::Ec(Nid::X9_62_PRIME256V1).make()?,
        };
        let issuer = if self.issuer == Issuer::Authority { name("TEST customer's own CA")? } else { subject };
        builder.set_issuer_name(&issuer)?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let (from, until) =
            (Asn1Time::from_unix(now + self.days.0 * DAY)?, Asn1Time::from_unix(now + self.days.1 * DAY)?);
        builder.set_not_before(&from)?;
        builder.set_not_after(&until)?;
        builder.set_pubkey(key)?;
        let mut constraints = BasicConstraints::new();
        constraints.critical();
        if self.is_authority {
            constraints.ca();
        }
        builder.append_extension(constraints.build()?)?;
        builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
        let mut usage = ExtendedKeyUsage::new();
        let usage = if self.for_servers { usage.server_auth() } else { usage.client_auth() };
        builder.append_extension(usage.build()?)?;
        builder.sign(&signer, self.hash.map_or_else(MessageDigest::null, |hash| hash()))?;
        Ok(builder.build())
    }
}

fn name(common_name: &str) -> Result<openssl::x509::X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "TEST CUSTOMER")?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

impl Key {
    pub(super) fn make(self) -> Result<PKey<Private>, ErrorStack> {
        match self {
            Self::Ec(curve) => PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(curve)?)?),
            Self::Rsa(bits) => PKey::from_rsa(Rsa::generate(bits)?),
            Self::Ed25519 => PKey::generate_ed25519(),
        }
    }
}
