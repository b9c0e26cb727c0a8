//! Callers whose code is the reference's and whose certificate is not what onboarding agreed on.

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::SslVersion;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thales_harness::Portal;
use thales_harness::integration::OwnIdentity;
use thales_harness::reference::Reference;

use super::caller::Caller;
use super::defect::{D1, Defect, PROFILES};
use super::identity::{COMMON_NAME, Issuer, Key, Recipe};
use super::tls::{OpenSsl, Own};

/// Profiles in which the customer signs its certificate itself.
const SELF_SIGNED: [&str; 2] = [PROFILES[0], PROFILES[1]];

pub(super) fn all() -> Vec<Defect> {
    let rsa = Recipe { key: Key::Rsa(2048), ..Recipe::default() };
    let curve = |nid| Recipe { key: Key::Ec(nid), ..Recipe::default() };
    let named = |common_name| Recipe { common_name, ..Recipe::default() };
    let lasting = |from, until| Recipe { days: (from, until), ..Recipe::default() };
    vec![
        // Right in every way, though made otherwise than the reference's.
        certified("a_certificate_of_another_make", Recipe::default()),
        certified("a_certificate_on_p_384", curve(Nid::SECP384R1)),
        certified("a_certificate_that_calls_itself_an_authority", Recipe { is_authority: true, ..Recipe::default() })
            .fails(&["inbound.certificate.usage"]),
        certified("a_certificate_for_servers", Recipe { for_servers: true, ..Recipe::default() })
            .fails(&["inbound.certificate.usage"]),
        certified("a_certificate_of_an_authority", Recipe { issuer: Issuer::Authority, ..Recipe::default() })
            .in_profiles(&SELF_SIGNED)
            .fails(&["inbound.certificate.self-signed"]),
        certified("a_certificate_of_a_namesake", Recipe { issuer: Issuer::Namesake, ..Recipe::default() })
            .fails(&["inbound.certificate.self-signed"]),
        unendorsed("another_certificate_with_the_endorsed_key", true)
            .in_profiles(&SELF_SIGNED)
            .fails(&["inbound.certificate.endorsed"]),
        unendorsed("another_certificate_with_another_key", false).fails(&["inbound.certificate.endorsed"]),
        certified("a_certificate_for_three_years", lasting(-1, 3 * 365))
            .in_profiles(&SELF_SIGNED)
            .fails(&["inbound.certificate.validity"]),
        certified("a_certificate_for_730_days", lasting(-1, 729)),
        certified("a_certificate_that_has_expired", lasting(-90, -2)).fails(&["inbound.certificate.validity"]),
        certified("a_certificate_that_begins_tomorrow", lasting(1, 90)).fails(&["inbound.certificate.validity"]),
        certified("a_key_on_p_521", curve(Nid::SECP521R1))
            .in_profiles(&SELF_SIGNED)
            .fails(&["inbound.certificate.key"]),
        // Ed25519 signs with no hash that a certificate could name.
        certified("a_key_on_ed25519", Recipe { key: Key::Ed25519, hash: None, ..Recipe::default() })
            .fails(&["inbound.certificate.key", "inbound.certificate.hash"]),
        weak("a_key_of_rsa_1024", Recipe { key: Key::Rsa(1024), ..Recipe::default() })
            .fails(&["inbound.certificate.key", "inbound.certificate.elliptic-curve"])
            // The proof of so small a key is beyond what the endpoint can verify.
            .inconclusive(&["inbound.client-certificate", "inbound.ca-list"]),
        certified("a_key_of_rsa_2048", rsa).fails(&["inbound.certificate.elliptic-curve"]),
        certified("a_key_of_rsa_3072", Recipe { key: Key::Rsa(3072), ..rsa })
            .fails(&["inbound.certificate.elliptic-curve"]),
        certified("sha_1_with_rsa", Recipe { hash: Some(MessageDigest::sha1), ..rsa })
            .fails(&["inbound.certificate.hash", "inbound.certificate.elliptic-curve"]),
        certified("sha_384_with_rsa", Recipe { hash: Some(MessageDigest::sha384), ..rsa })
            .fails(&["inbound.certificate.hash", "inbound.certificate.elliptic-curve"]),
        certified("sha_1_with_ecdsa", Recipe { hash: Some(MessageDigest::sha1), ..Recipe::default() })
            .in_profiles(&SELF_SIGNED)
            .fails(&["inbound.certificate.hash"]),
        certified("sha_512_with_ecdsa", Recipe { hash: Some(MessageDigest::sha512), ..Recipe::default() })
            .fails(&["inbound.certificate.hash"]),
        certified("a_cn_in_another_case", named("Reference.Customer.Example"))
            .in_profiles(&SELF_SIGNED)
            .fails(&["inbound.certificate.common-name"]),
        certified("a_cn_with_a_space_behind", named("reference.customer.example "))
            .fails(&["inbound.certificate.common-name"]),
        certified("a_cn_with_a_backslash", named("reference\\.customer.example"))
            .fails(&["inbound.certificate.common-name"]),
        certified("a_cn_that_is_localhost", named("localhost")).fails(&["inbound.certificate.common-name"]),
        // Its subject is short, too.
        certified("a_certificate_that_it_signed_itself_where_thales_signs", named("TLSMA-ECDSA/MGW_000001-PPR"))
            .in_profiles(&[D1])
            .fails(&["inbound.certificate.issued", "inbound.certificate.subject"]),
    ]
}

/// The reference with that certificate, which is the endorsed one.
fn certified(name: &'static str, recipe: Recipe) -> Defect {
    Defect::with_identity(name, move |profile| recipe.identity(profile), Reference::new)
}

/// The same over OpenSSL, for keys that rustls does not take.
fn weak(name: &'static str, recipe: Recipe) -> Defect {
    let build = |portal: &Portal| {
        Ok::<_, String>(Caller::over(portal, OpenSsl::new(portal, SslVersion::TLS1_2, SslVersion::TLS1_3)?))
    };
    Defect::with_identity(name, move |profile| recipe.identity(profile), build)
}

/// Endorsed is one certificate, in use is another that would do as well.
fn unendorsed(name: &'static str, same_key: bool) -> Defect {
    let build = move |portal: &Portal| Caller::showing(portal, Some(renewed(portal, same_key)?));
    Defect::with_identity(name, |profile| Recipe::default().identity(profile), build)
}

fn renewed(portal: &Portal, same_key: bool) -> Result<Own, String> {
    let recipe = Recipe { days: (-2, 300), common_name: COMMON_NAME, ..Recipe::default() };
    let renewed = if same_key {
        let pem = portal.asset("CUSTOMER_TLS_CLIENT_KEY").map_err(|error| error.to_string())?;
        recipe.identity_with(PROFILES[0], &PKey::private_key_from_pem(&pem).map_err(|error| error.to_string())?)?
    } else {
        recipe.identity(PROFILES[0])?
    };
    let OwnIdentity { client_certificate: Some(certificate), client_key: Some(key), .. } = renewed else {
        return Err("no certificate was made".to_owned());
    };
    let chain = CertificateDer::pem_slice_iter(&certificate).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(&key);
    Ok((chain.map_err(|error| error.to_string())?, key.map_err(|error| error.to_string())?))
}
