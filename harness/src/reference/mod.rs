//! The reference integration: both roles, as the requirements want them, in a few plain lines over blocking sockets.
//!
//! It is what a customer's implementation of the trait looks like, it is what `run` drives without an integration file,
//! and it is the measure that defective ones differ from in one thing.

mod client;
mod resolver;
mod server;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use mock_thales::pki::{Authorities, Names, PkiError};
use time::OffsetDateTime;

use crate::integration::{InProcess, Integration, OwnIdentity, Portal, Reply, Request};
use crate::model::{Declaration, HostPort, PortalValues, RequestShape, RequirementId};

/// The reference integration of one scenario.
pub struct Reference {
    client: client::Client,
    portal: Portal,
    server: Option<server::Server>,
}

impl Reference {
    /// Reads the assets of onboarding once, as a service does when it starts.
    ///
    /// # Errors
    /// An asset is missing or unreadable.
    pub fn new(portal: &Portal) -> Result<Self, ReferenceError> {
        Ok(Self { client: client::Client::new(portal)?, portal: portal.clone(), server: None })
    }
}

impl Integration for Reference {
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        self.client.call(request).map_err(|error| error.to_string())
    }

    fn serve(&mut self, at: SocketAddr) -> Result<(), String> {
        self.server = Some(server::Server::start(&self.portal, at).map_err(|error| error.to_string())?);
        Ok(())
    }
}

/// What the reference's host and CN are.
const ISSUER_HOST: &str = "issuer.reference.example";
const COMMON_NAME: &str = "reference.customer.example";

/// The reference as the subject of a run. It makes its own identity first, as a customer does, and declares what no run
/// can prove.
///
/// # Errors
/// Its certificates cannot be made.
pub fn subject(inbound_host: &str) -> Result<InProcess, PkiError> {
    Ok(described(InProcess::new("reference", Reference::new), own_identity(inbound_host)?))
}

/// Gives an integration in this process the reference's portal values, identity, requests and declarations: what a
/// defective one shares with it.
pub fn described(integration: InProcess, identity: OwnIdentity) -> InProcess {
    integration
        .version(env!("CARGO_PKG_VERSION"))
        .portal(PortalValues {
            customer_id: Some("REFERENCE1".to_owned()),
            common_name: Some(COMMON_NAME.to_owned()),
            issuer_host: Some(HostPort { host: ISSUER_HOST.to_owned(), port: 443 }),
            ..PortalValues::default()
        })
        .identity(identity)
        .serves(vec![RequestShape {
            method: "POST".to_owned(),
            path: "/issuer/igwapi/v2.0/checkCardEligibility".to_owned(),
            headers: BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]),
            body: "{}".to_owned(),
            status: vec![200],
        }])
        .declares(declarations())
}

/// An identity of the reference's own, made apart from the run's authorities.
///
/// # Errors
/// It cannot be made.
pub fn own_identity(inbound_host: &str) -> Result<OwnIdentity, PkiError> {
    let names = Names {
        inbound_host: inbound_host.to_owned(),
        other_host: None,
        issuer_host: ISSUER_HOST.to_owned(),
        common_name: COMMON_NAME.to_owned(),
    };
    let own = Authorities::new(OffsetDateTime::now_utc(), &names)?;
    let (client, server) = (own.customer_client(), own.customer_server());
    Ok(OwnIdentity {
        client_certificate: Some(client.chain_pem().into_bytes()),
        client_key: Some(client.key_pem().into_bytes()),
        server_chain: Some((server.chain_pem() + &own.customer_server_root_pem()).into_bytes()),
        server_key: Some(server.key_pem().into_bytes()),
    })
}

fn declarations() -> BTreeMap<RequirementId, Declaration> {
    let grounds = [
        ("TSH-GEN-01", "the reference exists in one environment only"),
        ("TSH-GEN-02", "one customer identifier, REFERENCE1"),
        ("TSH-IN-13", "it has no list of addresses"),
        ("TSH-OUT-04", "it has no list of addresses"),
    ];
    grounds
        .into_iter()
        .filter_map(|(id, grounds)| {
            let on = OffsetDateTime::now_utc().date().to_string().parse().ok()?;
            let declaration = Declaration { by: "the reference".to_owned(), on, grounds: grounds.to_owned() };
            Some((id.parse().ok()?, declaration))
        })
        .collect()
}

/// Why the reference cannot start or call.
#[derive(Debug)]
pub enum ReferenceError {
    /// An asset, or the network.
    Io(&'static str, std::io::Error),
    /// TLS.
    Tls(rustls::Error),
    /// An asset holds no certificate or key.
    Asset(&'static str),
    /// The URL or the answer is not understood.
    Http(String),
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(what, error) => write!(f, "failed to {what}: {error}"),
            Self::Tls(error) => write!(f, "TLS: {error}"),
            Self::Asset(name) => write!(f, "{name} holds nothing usable"),
            Self::Http(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ReferenceError {}

impl From<rustls::Error> for ReferenceError {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}
