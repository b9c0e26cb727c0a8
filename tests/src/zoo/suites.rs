//! Receivers that open TLS 1.1 to one key exchange alone, of which their handshakes in later versions tell nothing.

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContextBuilder, SslVersion};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use thales_harness::Portal;
use thales_harness::integration::OwnIdentity;

use super::defect::{Defect, own_identity};
use super::identity::Key;
use super::receiver::{OpenSsl, Receiver};

/// The host of the reference's server.
const ISSUER: &str = "issuer.reference.example";

pub(super) fn all() -> Vec<Defect> {
    vec![
        Defect::with_identity("a_server_that_opens_tls_1_1_to_dhe_alone", rsa_identity, |portal: &Portal| {
            serving(portal, |builder| {
                builder.set_tmp_dh(&*Dh::get_2048_256()?)?;
                builder.set_cipher_list("ECDHE+AESGCM:DHE-RSA-AES256-SHA:@SECLEVEL=0")
            })
        })
        .only(&["outbound/*"])
        .fails(&["outbound.tls-version"]),
        // Whoever speaks TLS 1.2 or later is shown the ECDSA certificate.
        Defect::new("a_server_that_opens_tls_1_1_by_a_second_certificate", |portal: &Portal| {
            serving(portal, |builder| {
                let key = Key::Rsa(2048).make()?;
                let (leaf, _) = rsa_server(&key)?;
                builder.set_certificate(&leaf)?;
                builder.set_private_key(&key)?;
                builder.set_cipher_list("ECDHE-ECDSA-AES256-GCM-SHA384:AES256-SHA:@SECLEVEL=0")
            })
        })
        .only(&["outbound/*"])
        .fails(&["outbound.tls-version"]),
    ]
}

fn serving(portal: &Portal, adjust: fn(&mut SslContextBuilder) -> Result<(), ErrorStack>) -> Result<Receiver, String> {
    Receiver::over(portal, OpenSsl::adjusted(portal, SslVersion::TLS1_1, SslVersion::TLS1_3, adjust)?)
}

/// The reference's identity with an RSA certificate for its server.
fn rsa_identity(profile: &str) -> Result<OwnIdentity, String> {
    let made = || -> Result<_, ErrorStack> {
        let key = Key::Rsa(2048).make()?;
        let (leaf, root) = rsa_server(&key)?;
        Ok(([leaf.to_pem()?, root.to_pem()?].concat(), key.private_key_to_pem_pkcs8()?))
    };
    let (chain, key) = made().map_err(|error| error.to_string())?;
    Ok(OwnIdentity { server_chain: Some(chain), server_key: Some(key), ..own_identity(profile)? })
}

/// A server's certificate for this key, and the root that issued it.
fn rsa_server(key: &PKey<Private>) -> Result<(X509, X509), ErrorStack> {
    let authority = Key::Ec(Nid::X9_62_PRIME256V1).make()?;
    let mut root = begun("TEST customer's own server CA", None, &authority)?;
    root.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    root.append_extension(KeyUsage::new().critical().key_cert_sign().build()?)?;
    root.sign(&authority, MessageDigest::sha256())?;
    let root = root.build();
    let mut leaf = begun(ISSUER, Some(&root), key)?;
    leaf.append_extension(BasicConstraints::new().critical().build()?)?;
    leaf.append_extension(KeyUsage::new().critical().digital_signature().key_encipherment().build()?)?;
    leaf.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    let host = SubjectAlternativeName::new().dns(ISSUER).build(&leaf.x509v3_context(Some(&root), None))?;
    leaf.append_extension(host)?;
    leaf.sign(&authority, MessageDigest::sha256())?;
    Ok((leaf.build(), root))
}

/// A certificate without extensions and signature; under itself, without an issuer.
fn begun(common_name: &str, issuer: Option<&X509>, key: &PKey<Private>) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    let mut subject = X509NameBuilder::new()?;
    subject.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    let subject = subject.build();
    builder.set_subject_name(&subject)?;
    builder.set_issuer_name(issuer.map_or(&*subject, |issuer| issuer.subject_name()))?;
    builder.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    builder.set_not_after(&*Asn1Time::days_from_now(90)?)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}
