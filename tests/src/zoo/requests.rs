//! Certificate signing requests that break one rule, where Thales signs the client certificate; and what else only that
//! product asks of files.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509NameBuilder, X509Req, X509ReqBuilder};
use thales_harness::integration::OwnIdentity;
use thales_harness::reference::Reference;

use super::defect::{D1, Defect, other_identity, own_identity};
use super::identity::Key;

/// What the portal gave the reference, in its first environment.
const COMMON_NAME: &str = "TLSMA-ECDSA/MGW_000001-PPR";

/// Where a request shows: in its file, and in the certificate that was made of it.
const SEEN_IN: [&str; 2] = ["inbound/client-certificate", "files/*"];

/// A request; the default breaks no rule.
#[derive(Clone, Copy)]
struct Recipe {
    key: Key,
    hash: fn() -> MessageDigest,
    common_name: &'static str,
    /// The parts of its subject before the CN.
    parts: &'static [(&'static str, &'static str)],
}

const PARTS: &[(&str, &str)] =
    &[("C", "FR"), ("ST", "Ile-de-France"), ("L", "Meudon"), ("O", "TEST CUSTOMER"), ("OU", "Payments")];

impl Default for Recipe {
    fn default() -> Self {
        let key = Key::Ec(Nid::X9_62_PRIME256V1);
        Self { key, hash: MessageDigest::sha256, common_name: COMMON_NAME, parts: PARTS }
    }
}

pub(super) fn all() -> Vec<Defect> {
    let named = |common_name| Recipe { common_name, ..Recipe::default() };
    let key = |key, common_name| Recipe { key, common_name, ..Recipe::default() };
    vec![
        // Right, though made otherwise than the reference's.
        requested("a_request_of_another_make", Recipe::default()),
        requested("a_request_on_p_384", key(Key::Ec(Nid::SECP384R1), COMMON_NAME)).fails(&["inbound.certificate.key"]),
        requested("a_request_for_rsa_2048", key(Key::Rsa(2048), "TLSMA-RSA/MGW_000001-PPR"))
            .fails(&["inbound.certificate.key", "inbound.certificate.not-rsa-2048"]),
        requested("a_request_with_sha_384", Recipe { hash: MessageDigest::sha384, ..Recipe::default() })
            .fails(&["inbound.certificate.hash"]),
        requested("a_request_without_a_unit", Recipe { parts: &PARTS[..4], ..Recipe::default() })
            .fails(&["inbound.certificate.subject"]),
        requested("a_request_with_a_backslash", named("TLSMA-ECDSA\\/MGW_000001-PPR"))
            .fails(&["inbound.certificate.common-name"]),
        requested("a_request_in_another_form", named("TLSMA-ECDSA/PPR-MGW_000001"))
            .fails(&["inbound.certificate.common-name"]),
        requested("a_request_for_another_gateway", named("TLSMA-ECDSA/MGW_000002-PPR"))
            .fails(&["general.customer", "inbound.certificate.common-name"]),
        requested("a_request_for_the_other_environment", named("TLSMA-ECDSA/MGW_000001-PRD"))
            .fails(&["general.environments", "inbound.certificate.environment-word"]),
        requested("a_request_with_the_other_algorithms_word", named("TLSMA-RSA/MGW_000001-PPR"))
            .fails(&["inbound.certificate.algorithm-word"]),
        identified("one_key_for_the_requests_of_both_environments", own_identity)
            .described(move |subject| {
                let made = || -> Result<_, ErrorStack> {
                    let key = PKey::private_key_from_pem(subject.identity.client_key.as_deref().unwrap_or_default())?;
                    named("TLSMA-ECDSA/MGW_000001-PRD").request(&key)?.to_pem()
                };
                if let (Ok(request), Ok(mut other)) = (made(), other_identity(D1)) {
                    other.client_csr = Some(request);
                    for (_, identity) in subject.others.values_mut() {
                        *identity = other.clone();
                    }
                }
            })
            .fails(&["inbound.certificate.key-per-environment"]),
        identified("a_renewal_under_another_name", |profile| {
            let former = Recipe { parts: &PARTS[..4], ..Recipe::default() };
            let (request, _) = former.made().map_err(|error| error.to_string())?;
            Ok(OwnIdentity { previous_csr: Some(request), ..own_identity(profile)? })
        })
        .fails(&["inbound.certificate.renewal-request"]),
        identified("a_trust_store_of_another_authority", |profile| {
            let (own, stranger) = (own_identity(profile)?, own_identity(profile)?);
            Ok(OwnIdentity { trust_store: stranger.trust_store, ..own })
        })
        .fails(&["outbound.public-authority", "outbound.trust-store"]),
    ]
}

fn requested(name: &'static str, recipe: Recipe) -> Defect {
    identified(name, move |profile| {
        let (request, key) = recipe.made().map_err(|error| error.to_string())?;
        Ok(OwnIdentity { client_csr: Some(request), client_key: Some(key), ..own_identity(profile)? })
    })
}

/// The reference with another identity, in the profile whose certificates Thales signs.
fn identified(
    name: &'static str,
    identity: impl Fn(&str) -> Result<OwnIdentity, String> + Send + Sync + 'static,
) -> Defect {
    Defect::with_identity(name, identity, Reference::new).in_profiles(&[D1]).only(&SEEN_IN)
}

impl Recipe {
    /// The request and its key, both PEM.
    fn made(self) -> Result<(Vec<u8>, Vec<u8>), ErrorStack> {
        let key = self.key.make()?;
        Ok((self.request(&key)?.to_pem()?, key.private_key_to_pem_pkcs8()?))
    }

    fn request(self, key: &PKey<Private>) -> Result<X509Req, ErrorStack> {
        let mut name = X509NameBuilder::new()?;
        for (part, value) in self.parts {
            name.append_entry_by_text(part, value)?;
        }
        name.append_entry_by_text("CN", self.common_name)?;
        let mut builder = X509ReqBuilder::new()?;
        builder.set_subject_name(&name.build())?;
        builder.set_pubkey(key)?;
        builder.sign(key, (self.hash)())?;
        Ok(builder.build())
    }
}
