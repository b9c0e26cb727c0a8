//! Receivers that admit the wrong clients, or too few.

use std::sync::Arc;

use mock_thales::observe::CertificateDer as Der;
use mock_thales::pki::{CertificateFacts, PublicKey, issuer_der, subject_der};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use thales_harness::Portal;

use super::defect::{D1, Defect};
use super::receiver::{Receiver, verifier, verifier_of};
use super::receivers::outbound_but;
use super::tls::certificates;
use super::trust::stranger;

pub(super) fn all() -> Vec<Defect> {
    let pins = ["outbound.no-pinning", "outbound.subject-check", "outbound.new-intermediate"];
    vec![
        // Refuses as an application behind a proxy does: nothing is wrong with it.
        Defect::new("a_server_that_refuses_by_status_403", |portal: &Portal| {
            let receiver = Receiver::verifying(portal, optional(portal)?)?;
            Ok::<_, String>(receiver.answering(|stream, _| if stream.has_certificate() { 200 } else { 403 }))
        })
        .only(&["outbound/*"]),
        // An application behind a proxy that asks for a certificate, insists on none, and lets the header fields of
        // others through.
        Defect::new("a_server_that_believes_header_fields", |portal: &Portal| {
            let receiver = Receiver::verifying(portal, optional(portal)?)?;
            Ok::<_, String>(receiver.answering(|stream, head| {
                let claims = head.to_ascii_lowercase().contains("\r\nx-ssl-client-verify: success\r\n");
                if stream.has_certificate() || claims { 200 } else { 403 }
            }))
        })
        .only(&["outbound/*"])
        .everywhere()
        .fails(&["outbound.client-certificate"]),
        Defect::new("a_server_that_asks_for_no_certificate", |portal: &Portal| {
            Receiver::verifying(portal, WebPkiClientVerifier::no_client_auth())
        })
        .only(&["outbound/*"])
        .everywhere()
        .fails(&[
            "outbound.client-certificate",
            "outbound.only-client-ca",
            "outbound.extended-key-usage",
            "outbound.other-thales-authority",
        ])
        .inconclusive(&["outbound.ca-list"]),
        Defect::new("a_server_to_which_a_certificate_is_optional", |portal: &Portal| {
            Receiver::verifying(portal, optional(portal)?)
        })
        .only(&["outbound/*"])
        .everywhere()
        .fails(&["outbound.client-certificate"]),
        Defect::new("a_server_that_trusts_another_authority", |portal: &Portal| {
            Receiver::verifying(portal, verifier_of(stranger()?, true)?)
        })
        .only(&["outbound/*"])
        .everywhere()
        .fails(&["outbound.client-ca", "outbound.ca-list"])
        .inconclusive(&outbound_but(&[
            "outbound.port",
            "outbound.client-ca",
            "outbound.server-chain",
            "outbound.host",
        ])),
        Defect::new("a_server_that_trusts_another_authority_as_well", |portal: &Portal| {
            let both = [certificates(portal, "THALES_CLIENT_CA")?, stranger()?].concat();
            Receiver::verifying(portal, verifier_of(both, true)?)
        })
        .only(&["outbound/*"]),
        Defect::new("a_server_that_trusts_the_authority_for_customers_as_well", |portal: &Portal| {
            let both =
                [certificates(portal, "THALES_CLIENT_CA")?, certificates(portal, "THALES_CUSTOMER_CA")?].concat();
            Receiver::verifying(portal, verifier_of(both, true)?)
        })
        .in_profiles(&[D1])
        .only(&["outbound/*"])
        .fails(&["outbound.other-thales-authority"]),
        lenient("a_server_that_takes_any_certificate", |_, _| true).fails(&[
            "outbound.client-certificate",
            "outbound.only-client-ca",
            "outbound.extended-key-usage",
        ]),
        lenient("a_server_that_ignores_expiry", |error, _| {
            use CertificateError::{Expired, ExpiredContext};
            matches!(error, Error::InvalidCertificate(Expired | ExpiredContext { .. }))
        })
        .fails(&["outbound.client-certificate"]),
        lenient("a_server_that_ignores_the_first_day", |error, _| {
            use CertificateError::{NotValidYet, NotValidYetContext};
            matches!(error, Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }))
        })
        .fails(&["outbound.client-certificate"]),
        lenient("a_server_that_ignores_the_extended_key_usage", |error, _| {
            use CertificateError::{InvalidPurpose, InvalidPurposeContext};
            matches!(error, Error::InvalidCertificate(InvalidPurpose | InvalidPurposeContext { .. }))
        })
        .fails(&["outbound.extended-key-usage"]),
        lenient("a_server_that_takes_any_authority", |error, _| is_authority(error))
            .everywhere()
            .fails(&["outbound.only-client-ca", "outbound.other-thales-authority"]),
        lenient("a_server_that_knows_authorities_by_name", |error, shown| {
            let issuer = issuer_der(&shown.leaf);
            is_authority(error)
                && shown.is_current()
                && subject_der(&shown.authority).is_ok_and(|name| Ok(name) == issuer)
        })
        .fails(&["outbound.only-client-ca"]),
        lenient("a_server_that_takes_self_signed_certificates", |_, shown| {
            CertificateFacts::read(&shown.leaf).is_ok_and(|facts| facts.self_signed == Some(true))
        })
        .fails(&["outbound.only-client-ca"]),
        lenient("a_server_that_goes_by_the_subject_alone", |error, shown| {
            is_authority(error) && shown.is_current() && subject_der(&shown.leaf).ok() == subject_der(&shown.today).ok()
        })
        .fails(&["outbound.only-client-ca"]),
        strict("a_server_that_pins_the_certificate", |shown| shown.leaf == shown.today).everywhere().fails(&pins),
        strict("a_server_that_pins_the_key", |shown| {
            let key = |certificate| CertificateFacts::read(certificate).ok().map(|facts| facts.public_key_sha256);
            key(&shown.leaf) == key(&shown.today)
        })
        .fails(&pins),
        strict("a_server_that_takes_keys_on_curves_only", |shown| {
            CertificateFacts::read(&shown.leaf).is_ok_and(|facts| matches!(facts.key, PublicKey::Ec { .. }))
        })
        .fails(&["outbound.no-pinning"]),
        strict("a_server_that_checks_the_subject", |shown| {
            subject_der(&shown.leaf).ok() == subject_der(&shown.today).ok()
        })
        .fails(&["outbound.subject-check"]),
        strict("a_server_that_takes_no_intermediate", |shown| shown.intermediates == 0)
            .fails(&["outbound.new-intermediate"]),
    ]
}

fn optional(portal: &Portal) -> Result<Arc<dyn ClientCertVerifier>, String> {
    verifier_of(certificates(portal, "THALES_CLIENT_CA")?, false)
}

fn is_authority(error: &Error) -> bool {
    use CertificateError::{BadSignature, UnknownIssuer};
    matches!(error, Error::InvalidCertificate(UnknownIssuer | BadSignature))
}

/// What a client showed, beside what the portal gave.
struct Shown {
    leaf: Der,
    intermediates: usize,
    today: Der,
    authority: Der,
}

impl Shown {
    fn is_current(&self) -> bool {
        let now = time::OffsetDateTime::now_utc();
        CertificateFacts::read(&self.leaf).is_ok_and(|facts| facts.not_before <= now && now <= facts.not_after)
    }
}

/// Verifies as one ought to, and forgives some faults or asks for more.
#[derive(Debug)]
struct Gate {
    strict: Arc<dyn ClientCertVerifier>,
    today: Der,
    authority: Der,
    forgives: fn(&Error, &Shown) -> bool,
    asks: fn(&Shown) -> bool,
}

fn lenient(name: &'static str, forgives: fn(&Error, &Shown) -> bool) -> Defect {
    gate(name, forgives, |_| true)
}

fn strict(name: &'static str, asks: fn(&Shown) -> bool) -> Defect {
    gate(name, |_, _| false, asks)
}

fn gate(name: &'static str, forgives: fn(&Error, &Shown) -> bool, asks: fn(&Shown) -> bool) -> Defect {
    Defect::new(name, move |portal: &Portal| {
        let one = |asset| -> Result<Der, String> {
            let found = certificates(portal, asset)?;
            found.first().map(|found| Der(found.to_vec())).ok_or_else(|| format!("{asset} is empty"))
        };
        let (today, authority) = (one("TSH_TLS_CLIENT_CERTIFICATE")?, one("THALES_CLIENT_CA")?);
        Receiver::verifying(portal, Arc::new(Gate { strict: verifier(portal)?, today, authority, forgives, asks }))
    })
    .only(&["outbound/*"])
}

impl ClientCertVerifier for Gate {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let shown = Shown {
            leaf: Der(leaf.to_vec()),
            intermediates: rest.len(),
            today: self.today.clone(),
            authority: self.authority.clone(),
        };
        match self.strict.verify_client_cert(leaf, rest, now) {
            Err(error) if !(self.forgives)(&error, &shown) => Err(error),
            _ if (self.asks)(&shown) => Ok(ClientCertVerified::assertion()),
            _ => Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}
