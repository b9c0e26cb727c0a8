//! Callers whose handshake, request or temper is wrong.

use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::CertificateDer as Der;
use mock_thales::pki::issuer_der;
use openssl::ssl::SslVersion;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use thales_harness::Portal;

use super::caller::{AfterFailure, Caller};
use super::defect::{D1, Defect};
use super::tls::{OpenSsl, Rustls, Sni, own, provider, verifier};

/// Rows that say something of the client certificate, beside its presence.
pub(super) const CERTIFICATE_ROWS: [&str; 13] = [
    "inbound.certificate.self-signed",
    "inbound.certificate.endorsed",
    "inbound.certificate.validity",
    "inbound.certificate.key",
    "inbound.certificate.hash",
    "inbound.certificate.elliptic-curve",
    "inbound.certificate.common-name",
    "inbound.certificate.usage",
    "inbound.certificate.issued",
    "inbound.certificate.not-rsa-2048",
    "inbound.certificate.subject",
    "inbound.certificate.environment-word",
    "inbound.certificate.algorithm-word",
];

/// Every other row of a caller that is not about the name server.
const OTHER_ROWS: [&str; 15] = [
    "general.environments",
    "inbound.client-certificate",
    "inbound.tls-version",
    "inbound.server-trust",
    "inbound.server-authentication",
    "inbound.host",
    "inbound.no-filtering",
    "inbound.tls-1.3-alone",
    "inbound.downgrade-sentinel",
    "inbound.common-name-only",
    "inbound.odd-common-name",
    "inbound.ca-list",
    "inbound.when-refused",
    "inbound.all-roots",
    "inbound.new-intermediate",
];

/// All inbound rows but these.
pub(super) fn inbound_but(others: &[&str]) -> Vec<&'static str> {
    OTHER_ROWS.into_iter().chain(CERTIFICATE_ROWS).filter(|row| !others.contains(row)).collect()
}

pub(super) fn all() -> Vec<Defect> {
    vec![
        Defect::new("a_caller_without_a_certificate", |portal: &Portal| Caller::showing(portal, None))
            .everywhere()
            .fails(&["inbound.client-certificate", "inbound.ca-list"])
            .inconclusive(&CERTIFICATE_ROWS)
            .inconclusive_in(D1, "general.customer"),
        Defect::new("a_caller_that_heeds_the_list_of_authorities", heeds_the_list).fails(&["inbound.ca-list"]),
        Defect::new("a_caller_that_still_speaks_tls_1_0", |portal: &Portal| {
            openssl(portal, SslVersion::TLS1, SslVersion::TLS1_3)
        })
        .fails(&["inbound.tls-version"]),
        Defect::new("a_caller_that_still_speaks_tls_1_1", |portal: &Portal| {
            openssl(portal, SslVersion::TLS1_1, SslVersion::TLS1_3)
        })
        .everywhere()
        .fails(&["inbound.tls-version"]),
        Defect::new("a_caller_that_speaks_tls_1_1_at_most", |portal: &Portal| {
            openssl(portal, SslVersion::TLS1, SslVersion::TLS1_1)
        })
        .fails(&["inbound.tls-version"])
        .inconclusive(&inbound_but(&["inbound.tls-version"])),
        Defect::new("a_caller_that_speaks_tls_1_2_at_most", |portal: &Portal| {
            openssl(portal, SslVersion::TLS1_2, SslVersion::TLS1_2)
        })
        .fails(&["inbound.tls-1.3-alone"])
        .inconclusive(&["inbound.downgrade-sentinel"]),
        Defect::new("a_caller_that_speaks_tls_1_3_alone", |portal: &Portal| {
            let verifier = verifier(portal)?;
            let tls = Rustls::speaking(&[&rustls::version::TLS13], verifier, Some(own(portal)?))?;
            Ok::<_, String>(Caller::over(portal, tls))
        }),
        Defect::new("a_caller_over_openssl", |portal: &Portal| openssl(portal, SslVersion::TLS1_2, SslVersion::TLS1_3)),
        Defect::new("a_caller_with_another_sni", |portal: &Portal| named(portal, Sni::Other("lb-7.thales.example")))
            .fails(&["inbound.host"])
            .inconclusive(&inbound_but(&["inbound.host"])),
        Defect::new("a_caller_without_sni", |portal: &Portal| named(portal, Sni::None))
            .fails(&["inbound.host"])
            .inconclusive(&inbound_but(&["inbound.host"])),
        Defect::new("a_caller_with_another_host_header", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.host_header("lb-7.thales.example"))
        })
        .everywhere()
        .fails(&["inbound.host"]),
        Defect::new("a_caller_that_takes_the_other_environments_path_along", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.path("/1/mg/tokens"))
        })
        .in_profiles(&["merchant-tokenization"])
        .fails(&["inbound.host"]),
        Defect::new("a_caller_with_a_path_of_its_own", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.path("/v7/tokens"))
        })
        .in_profiles(&["merchant-tokenization"]),
        Defect::new("a_caller_that_storms_when_refused", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.after_failure(AfterFailure::Again(15)))
        })
        .fails(&["inbound.when-refused"]),
        Defect::new("a_caller_that_tries_thrice_when_refused", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.after_failure(AfterFailure::Again(2)))
        }),
        Defect::new("a_caller_that_hangs_when_refused", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.after_failure(AfterFailure::Hang(Duration::from_secs(4))))
        })
        .described(|subject| subject.callers[0].within = Duration::from_secs(2))
        .fails(&["inbound.when-refused"]),
        Defect::new("a_caller_that_dials_twice_a_call", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.twice())
        }),
    ]
}

fn openssl(portal: &Portal, lowest: SslVersion, highest: SslVersion) -> Result<Caller, String> {
    Ok(Caller::over(portal, OpenSsl::new(portal, lowest, highest)?))
}

fn named(portal: &Portal, sni: Sni) -> Result<Caller, String> {
    Ok(Caller::over(portal, OpenSsl::new(portal, SslVersion::TLS1_2, SslVersion::TLS1_3)?.sni(sni)))
}

/// As Java and Go do it: no certificate where the server's list lacks its issuer.
fn heeds_the_list(portal: &Portal) -> Result<Caller, String> {
    let (chain, key) = own(portal)?;
    let issuer = issuer_der(&Der(chain[0].to_vec())).map_err(|error| error.to_string())?;
    let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| error.to_string())?;
    let tls = Rustls::new(verifier(portal)?, None)?;
    let mut config = (*tls.0).clone();
    config.client_auth_cert_resolver = Arc::new(Heedful { key: Arc::new(key), issuer });
    Ok(Caller::over(portal, Rustls(Arc::new(config))))
}

#[derive(Debug)]
struct Heedful {
    key: Arc<CertifiedKey>,
    issuer: Vec<u8>,
}

impl ResolvesClientCert for Heedful {
    fn resolve(&self, authorities: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        (authorities.is_empty() || authorities.contains(&self.issuer.as_slice())).then(|| Arc::clone(&self.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
