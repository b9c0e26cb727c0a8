//! Callers that trust the wrong server, or too few.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mock_thales::observe::CertificateDer as Der;
use mock_thales::pki::{CertificateFacts, Identity, issuer_der, subject_der};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use thales_harness::Portal;

use super::caller::Caller;
use super::callers::inbound_but;
use super::defect::{D1, Defect, PROFILES, own_identity};
use super::tls::{Rustls, certificates, own, verifier, verifier_of};

pub(super) fn all() -> Vec<Defect> {
    vec![
        Defect::new("a_caller_that_trusts_another_authority", |portal: &Portal| {
            Ok::<_, String>(Caller::over(portal, Rustls::new(verifier_of(stranger()?)?, Some(own(portal)?))?))
        })
        .everywhere()
        .fails(&["inbound.server-trust"])
        .inconclusive(&inbound_but(&["inbound.server-trust"]))
        .inconclusive_in(D1, "general.customer"),
        Defect::new("a_caller_that_trusts_the_intermediate_alone", |portal: &Portal| trusting(portal, &[1]))
            .fails(&["inbound.new-intermediate"]),
        Defect::new("a_caller_that_trusts_the_root_in_use_alone", |portal: &Portal| trusting(portal, &[0]))
            .in_profiles(&[D1])
            .fails(&["inbound.all-roots"]),
        lenient("a_caller_that_verifies_nothing", |_, _| true)
            .everywhere()
            .fails(&["inbound.server-authentication", "inbound.common-name-only"]),
        lenient("a_caller_that_ignores_the_host_name", |error, _| is_name(error))
            .fails(&["inbound.server-authentication", "inbound.common-name-only"]),
        lenient("a_caller_that_goes_by_the_cn_beside_a_san", |error, shown| is_name(error) && shown.names_host())
            .fails(&["inbound.server-authentication", "inbound.common-name-only"]),
        lenient("a_caller_that_goes_by_the_cn_where_there_is_no_san", |error, shown| {
            let without_san = matches!(
                error,
                Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. })
                    if presented.is_empty()
            );
            without_san && shown.names_host()
        })
        .fails(&["inbound.common-name-only"]),
        lenient("a_caller_that_ignores_expiry", |error, _| {
            use CertificateError::{Expired, ExpiredContext};
            matches!(error, Error::InvalidCertificate(Expired | ExpiredContext { .. }))
        })
        .fails(&["inbound.server-authentication"]),
        lenient("a_caller_that_ignores_the_first_day", |error, _| {
            use CertificateError::{NotValidYet, NotValidYetContext};
            matches!(error, Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }))
        })
        .fails(&["inbound.server-authentication"]),
        lenient("a_caller_that_ignores_the_extended_key_usage", |error, _| {
            use CertificateError::{InvalidPurpose, InvalidPurposeContext};
            matches!(error, Error::InvalidCertificate(InvalidPurpose | InvalidPurposeContext { .. }))
        })
        .fails(&["inbound.server-authentication"]),
        lenient("a_caller_that_knows_authorities_by_name", |error, shown| {
            let issuer = issuer_der(&shown.chain[0]);
            is_authority(error)
                && shown.trusted.iter().any(|trusted| subject_der(trusted).is_ok_and(|name| Ok(name) == issuer))
                && shown.names_host()
                && shown.is_current()
        })
        .fails(&["inbound.server-authentication"]),
        lenient("a_caller_that_takes_self_signed_certificates", |_, shown| {
            CertificateFacts::read(&shown.chain[0]).is_ok_and(|facts| facts.self_signed == Some(true))
                && shown.names_host()
        })
        .fails(&["inbound.server-authentication"]),
        lenient("a_caller_that_takes_any_authority", |error, shown| {
            is_authority(error) && shown.chain.len() > 1 && shown.names_host()
        })
        .fails(&["inbound.server-authentication"]),
        Defect::new("a_caller_that_pins_the_server_certificate", |portal: &Portal| {
            pinning(portal, |leaf| leaf.0.clone())
        })
        .everywhere()
        .fails(&[
            "inbound.server-trust",
            "inbound.odd-common-name",
            "inbound.new-intermediate",
            "inbound.all-roots",
        ]),
        Defect::new("a_caller_that_pins_the_server_key", |portal: &Portal| {
            pinning(portal, |leaf| {
                CertificateFacts::read(leaf).map_or_else(|_| Vec::new(), |facts| facts.public_key_sha256.into_bytes())
            })
        })
        // Only the renewed certificate has another key.
        .fails(&["inbound.server-trust"]),
    ]
}

/// Trusts these of the portal's chain, whose first two are the root and the intermediate in use.
fn trusting(portal: &Portal, which: &[usize]) -> Result<Caller, String> {
    let chain = certificates(portal, "TSH_TLS_SERVER_CERTIFICATE_CHAIN")?;
    let trusted = which.iter().filter_map(|index| chain.get(*index).cloned()).collect();
    Ok(Caller::over(portal, Rustls::new(verifier_of(trusted)?, Some(own(portal)?))?))
}

/// An authority that nobody here knows.
pub(super) fn stranger() -> Result<Vec<CertificateDer<'static>>, String> {
    let own = own_identity(PROFILES[0])?;
    let (chain, key) = (own.server_chain.unwrap_or_default(), own.server_key.unwrap_or_default());
    let identity = Identity::from_pem(&chain, &key).map_err(|error| error.to_string())?;
    Ok(identity.rustls_chain().into_iter().skip(1).collect())
}

/// What a server showed.
pub(super) struct Shown {
    pub(super) chain: Vec<Der>,
    pub(super) trusted: Vec<Der>,
    host: String,
}

impl Shown {
    fn facts(&self) -> Option<CertificateFacts> {
        CertificateFacts::read(&self.chain[0]).ok()
    }

    fn common_names(&self) -> Vec<Vec<u8>> {
        self.facts().map_or_else(Vec::new, |facts| facts.common_names)
    }

    fn names_host(&self) -> bool {
        self.common_names() == [self.host.as_bytes()]
    }

    fn is_current(&self) -> bool {
        let now = time::OffsetDateTime::now_utc();
        self.facts().is_some_and(|facts| facts.not_before <= now && now <= facts.not_after)
    }
}

fn is_name(error: &Error) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    matches!(error, Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
}

fn is_authority(error: &Error) -> bool {
    use CertificateError::{BadSignature, UnknownIssuer};
    matches!(error, Error::InvalidCertificate(UnknownIssuer | BadSignature))
}

type Forgives = fn(&Error, &Shown) -> bool;

fn lenient(name: &'static str, forgives: Forgives) -> Defect {
    Defect::new(name, move |portal: &Portal| {
        let verifier = forgiving(portal, forgives)?;
        Ok::<_, String>(Caller::over(portal, Rustls::new(verifier, Some(own(portal)?))?))
    })
}

/// A verifier that verifies nothing.
pub(super) fn blind(portal: &Portal) -> Result<Arc<dyn ServerCertVerifier>, String> {
    forgiving(portal, |_, _| true)
}

fn forgiving(portal: &Portal, forgives: Forgives) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let trusted = certificates(portal, "TSH_TLS_SERVER_CERTIFICATE_CHAIN")?;
    let trusted: Vec<_> = trusted.iter().map(|certificate| Der(certificate.to_vec())).collect();
    let host = portal.inbound_host.clone();
    Ruled::verifier(portal, move |verified, chain| {
        let shown = Shown { chain, trusted: trusted.clone(), host: host.clone() };
        verified.or_else(|error| if forgives(&error, &shown) { Ok(()) } else { Err(error) })
    })
}

type Trait = fn(&Der) -> Vec<u8>;

/// Takes the first certificate that it meets for the only one.
fn pinning(portal: &Portal, of: Trait) -> Result<Caller, String> {
    let pinned = Mutex::new(None);
    let verifier = Ruled::verifier(portal, move |verified, chain| {
        verified?;
        let shown = of(&chain[0]);
        let mut pinned = pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if *pinned.get_or_insert_with(|| shown.clone()) == shown {
            Ok(())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    })?;
    Ok(Caller::over(portal, Rustls::new(verifier, Some(own(portal)?))?))
}

/// What becomes of a verdict on a chain, leaf first.
type Rule = dyn Fn(Result<(), Error>, Vec<Der>) -> Result<(), Error> + Send + Sync;

/// Verifies as one ought to, and has a rule of its own for what becomes of it.
struct Ruled {
    strict: Arc<WebPkiServerVerifier>,
    rule: Box<Rule>,
}

impl Ruled {
    fn verifier(
        portal: &Portal,
        rule: impl Fn(Result<(), Error>, Vec<Der>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Arc<dyn ServerCertVerifier>, String> {
        Ok(Arc::new(Self { strict: verifier(portal)?, rule: Box::new(rule) }))
    }
}

impl fmt::Debug for Ruled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ruled").field("strict", &self.strict).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Ruled {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(leaf).chain(rest).map(|certificate| Der(certificate.to_vec())).collect();
        let verified = self.strict.verify_server_cert(leaf, rest, name, ocsp, now).map(|_| ());
        (self.rule)(verified, chain).map(|()| ServerCertVerified::assertion())
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
