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
use super::defect::Defect;
use super::tls::{OpenSsl, Rustls, Sni, own, provider, verifier};

/// Rows that say something of the client certificate, beside its presence.
pub(super) const CERTIFICATE_ROWS: [&str; 8] =
    ["TSH-IN-05", "TSH-IN-06", "TSH-IN-07", "TSH-IN-08", "TSH-IN-09", "TSH-IN-10", "TSH-IN-11", "TSH-IN-14"];

/// Every caller's row that is not about the name server.
const INBOUND: [&str; 20] = [
    "TSH-IN-01",
    "TSH-IN-02",
    "TSH-IN-03",
    "TSH-IN-04",
    "TSH-IN-05",
    "TSH-IN-06",
    "TSH-IN-07",
    "TSH-IN-08",
    "TSH-IN-09",
    "TSH-IN-10",
    "TSH-IN-11",
    "TSH-IN-12",
    "TSH-IN-13",
    "TSH-IN-14",
    "TSH-ADV-01",
    "TSH-ADV-02",
    "TSH-ADV-03",
    "TSH-ADV-04",
    "TSH-ADV-05",
    "TSH-ADV-06",
];

/// All inbound rows but these.
pub(super) fn inbound_but(others: &[&str]) -> Vec<&'static str> {
    INBOUND.into_iter().filter(|row| !others.contains(row)).collect()
}

pub(super) fn all() -> Vec<Defect> {
    vec![
        Defect::new("a_caller_without_a_certificate", |portal: &Portal| Caller::showing(portal, None))
            .fails(&["TSH-IN-01", "TSH-ADV-05"])
            .inconclusive(&CERTIFICATE_ROWS),
        Defect::new("a_caller_that_heeds_the_list_of_authorities", heeds_the_list).fails(&["TSH-ADV-05"]),
        Defect::new("a_caller_that_still_speaks_tls_1_0", |portal: &Portal| {
            openssl(portal, SslVersion::TLS1, SslVersion::TLS1_3)
        })
        .fails(&["TSH-IN-02"]),
        Defect::new("a_caller_that_still_speaks_tls_1_1", |portal: &Portal| {
            openssl(portal, SslVersion::TLS1_1, SslVersion::TLS1_3)
        })
        .fails(&["TSH-IN-02"]),
        Defect::new("a_caller_that_speaks_tls_1_1_at_most", |portal: &Portal| {
            openssl(portal, SslVersion::TLS1, SslVersion::TLS1_1)
        })
        .fails(&["TSH-IN-02"])
        .inconclusive(&inbound_but(&["TSH-IN-02"])),
        Defect::new("a_caller_that_speaks_tls_1_2_at_most", |portal: &Portal| {
            openssl(portal, SslVersion::TLS1_2, SslVersion::TLS1_2)
        })
        .fails(&["TSH-ADV-01"])
        .inconclusive(&["TSH-ADV-02"]),
        Defect::new("a_caller_that_speaks_tls_1_3_alone", |portal: &Portal| {
            let verifier = verifier(portal)?;
            let tls = Rustls::speaking(&[&rustls::version::TLS13], verifier, Some(own(portal)?))?;
            Ok::<_, String>(Caller::over(portal, tls))
        }),
        Defect::new("a_caller_over_openssl", |portal: &Portal| openssl(portal, SslVersion::TLS1_2, SslVersion::TLS1_3)),
        Defect::new("a_caller_with_another_sni", |portal: &Portal| named(portal, Sni::Other("lb-7.thales.example")))
            .fails(&["TSH-IN-12"])
            .inconclusive(&inbound_but(&["TSH-IN-12"])),
        Defect::new("a_caller_without_sni", |portal: &Portal| named(portal, Sni::None))
            .fails(&["TSH-IN-12"])
            .inconclusive(&inbound_but(&["TSH-IN-12"])),
        Defect::new("a_caller_with_another_host_header", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.host_header("lb-7.thales.example"))
        })
        .fails(&["TSH-IN-12"]),
        Defect::new("a_caller_that_storms_when_refused", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.after_failure(AfterFailure::Again(15)))
        })
        .fails(&["TSH-ADV-06"]),
        Defect::new("a_caller_that_tries_thrice_when_refused", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.after_failure(AfterFailure::Again(2)))
        }),
        Defect::new("a_caller_that_hangs_when_refused", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.after_failure(AfterFailure::Hang(Duration::from_secs(4))))
        })
        .described(|subject| subject.callers[0].within = Duration::from_secs(2))
        .fails(&["TSH-ADV-06"]),
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
