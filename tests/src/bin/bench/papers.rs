//! Certificates and keys of a measurement, all on P-256 and the same for every server: what its server shows, what its
//! caller shows, and whom each trusts.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{Authorities, Identity, Names};
use mock_thales::plan::{KeyKind, ServerCertificate};
use time::OffsetDateTime;

use crate::failure::Failure;

/// The host that is dialled by name.
pub(crate) const HOST: &str = "thales.bench.example";

/// Certificates and keys in PEM.
pub(crate) struct Papers {
    /// Root and intermediate of the server, for the caller.
    pub(crate) trust: String,
    /// Leaf and intermediate of the server.
    pub(crate) server_chain: String,
    /// Key of the server's leaf.
    pub(crate) server_key: String,
    /// The caller's self-signed certificate, which is also what its server trusts.
    pub(crate) client_chain: String,
    /// Its key.
    pub(crate) client_key: String,
}

impl Papers {
    /// New ones, with the authorities behind them.
    pub(crate) fn new() -> Result<(Self, Authorities), Failure> {
        let names = Names {
            inbound_host: HOST.to_owned(),
            other_host: None,
            issuer_host: "issuer.bench.example".to_owned(),
            common_name: "bench.example".to_owned(),
        };
        let wrong = |error: mock_thales::pki::PkiError| Failure::Harness(error.to_string());
        let authorities = Authorities::new(OffsetDateTime::now_utc(), &names).map_err(wrong)?;
        let server = authorities.server(ServerCertificate::Trusted, KeyKind::P256).map_err(wrong)?;
        let client = authorities.customer_client();
        let papers = Self {
            trust: authorities.trust_pem(),
            server_chain: server.chain_pem(),
            server_key: server.key_pem(),
            client_chain: client.chain_pem(),
            client_key: client.key_pem(),
        };
        Ok((papers, authorities))
    }

    /// As one line, for a pipe between two processes of this program.
    pub(crate) fn to_line(&self) -> String {
        let parts = [&self.trust, &self.server_chain, &self.server_key, &self.client_chain, &self.client_key];
        serde_json::Value::from(parts.map(String::as_str).to_vec()).to_string()
    }

    /// From such a line.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let [trust, server_chain, server_key, client_chain, client_key] = serde_json::from_str(line).ok()?;
        Some(Self { trust, server_chain, server_key, client_chain, client_key })
    }

    /// What the server shows.
    pub(crate) fn server(&self) -> Result<Identity, Failure> {
        identity(&self.server_chain, &self.server_key)
    }

    /// What the caller shows.
    pub(crate) fn client(&self) -> Result<Identity, Failure> {
        identity(&self.client_chain, &self.client_key)
    }

    /// Whom the caller trusts.
    pub(crate) fn anchors(&self) -> Result<Vec<CertificateDer>, Failure> {
        // A chain is read together with a key; any will do.
        Ok(identity(&self.trust, &self.client_key)?.chain)
    }
}

fn identity(chain: &str, key: &str) -> Result<Identity, Failure> {
    Identity::from_pem(chain.as_bytes(), key.as_bytes()).map_err(|error| Failure::Harness(error.to_string()))
}
