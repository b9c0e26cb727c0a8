//! The client for Thales, on ureq and rustls.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// The files of onboarding.
pub struct Files<'a> {
    /// Thales' authority for its servers.
    pub trust: &'a Path,
    /// Our client certificate.
    pub certificate: &'a Path,
    /// Its key.
    pub key: &'a Path,
}

/// A client for Thales; cheap to clone.
#[derive(Clone)]
pub struct Client(Agent);

impl Client {
    /// Shows our certificate and trusts Thales' authority alone. ureq speaks TLS 1.2 and 1.3, nothing older.
    ///
    /// # Errors
    /// A file cannot be read, or is no PEM.
    pub fn new(files: &Files<'_>) -> Result<Self, Box<dyn Error>> {
        let key = PrivateKey::from_pem(&std::fs::read(files.key)?)?;
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            // Without it every public authority would be trusted.
            .root_certs(RootCerts::new_with_certs(&certificates(files.trust)?))
            .client_cert(Some(ClientCert::new_with_certs(&certificates(files.certificate)?, key)))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            // Not the machine's: it would resolve Thales' name in our place.
            .proxy(None)
            // Thales moves by DNS: a pooled connection under traffic would stay at the old address.
            .max_idle_connections(0)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            .build();
        Ok(Self(config.new_agent()))
    }

    /// Makes a call and returns its status.
    ///
    /// # Errors
    /// There was no answer.
    pub fn call(&self, method: &str, url: &str) -> Result<u16, Box<dyn Error>> {
        let request = Request::builder().method(method).uri(url).body(())?;
        Ok(self.0.run(request)?.status().as_u16())
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, Box<dyn Error>> {
    let pem = std::fs::read(path)?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item? {
            found.push(certificate);
        }
    }
    Ok(found)
}
