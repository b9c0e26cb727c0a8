//! The reference integration: both roles, as the requirements want them, in a few plain lines over blocking sockets.
//!
//! It is what a customer's implementation of the trait looks like, it is what `run` drives without an integration file,
//! and it is the measure that defective ones differ from in one thing.

mod access;
mod client;
mod door;
mod onboarding;
mod payload;
mod resolver;
mod server;

pub use access::{Access, SigningKey};
pub(crate) use onboarding::request;
pub use payload::payload;

use std::fmt;
use std::net::SocketAddr;

use mock_thales::pki::{Applicant, Authorities, Names, PkiError};
use time::OffsetDateTime;

use crate::integration::{InProcess, Integration, OwnIdentity, Portal, Reply, Request};
use crate::model::{Environment, Issuance, Profile};

/// The reference integration of one scenario.
pub struct Reference {
    client: client::Client,
    key: SigningKey,
    portal: Portal,
    server: Option<server::Server>,
}

impl Reference {
    /// Reads the assets of onboarding once, as a service does when it starts.
    ///
    /// # Errors
    /// An asset is missing or unreadable.
    pub fn new(portal: &Portal) -> Result<Self, ReferenceError> {
        let key = SigningKey::new().map_err(|_| ReferenceError::Http("no random numbers".to_owned()))?;
        Self::signing(portal, key)
    }

    /// The same with a key of assertions that Thales knows.
    ///
    /// # Errors
    /// An asset is missing or unreadable.
    pub fn signing(portal: &Portal, key: SigningKey) -> Result<Self, ReferenceError> {
        Ok(Self { client: client::Client::new(portal, key.clone())?, key, portal: portal.clone(), server: None })
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

    fn renew(&mut self, portal: &Portal) -> Result<(), String> {
        self.client = client::Client::new(portal, self.key.clone()).map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// The reference as the subject of a run in that profile and environment. It makes its own identity first, as a customer
/// does, and declares what no run can prove.
///
/// # Errors
/// Its certificates cannot be made.
pub fn subject(profile: &Profile, environment: &Environment) -> Result<InProcess, PkiError> {
    let (identity, other) = (own_identity(profile, environment)?, other_identity(profile, environment)?);
    let renewed = own_identity(profile, environment)?;
    let key = SigningKey::new()?;
    let public = key.public_pem().to_vec();
    let reference = InProcess::new("reference", move |portal: &Portal| Reference::signing(portal, key.clone()));
    Ok(described(reference, profile, environment, identity, other).renews(renewed).jwt_key(public))
}

/// Gives an integration in this process the reference's portal values, identities, requests and declarations: what a
/// defective one shares with it. `other` is what it has in another environment.
pub fn described(
    integration: InProcess,
    profile: &Profile,
    environment: &Environment,
    identity: OwnIdentity,
    other: Option<(&Environment, OwnIdentity)>,
) -> InProcess {
    let integration = match other {
        Some((other, identity)) => {
            integration.other_environment(&other.id, onboarding::portal(profile, other), identity)
        }
        None => integration,
    };
    integration
        .version(env!("CARGO_PKG_VERSION"))
        .profile(&profile.id, Some(&environment.id))
        .portal(onboarding::portal(profile, environment))
        .identity(identity)
        .serves(vec![request(profile)])
        .admits(door::access(&profile.id))
        .declares(onboarding::declarations(profile))
}

/// An identity of the reference's own, made apart from the run's authorities: a certificate that it signed itself, or a
/// request, as the profile wants it; and a server's.
///
/// # Errors
/// It cannot be made.
pub fn own_identity(profile: &Profile, environment: &Environment) -> Result<OwnIdentity, PkiError> {
    let names = Names {
        inbound_host: environment.host.clone(),
        other_host: None,
        issuer_host: onboarding::ISSUER_HOST.to_owned(),
        common_name: onboarding::common_name(profile, environment),
    };
    let own = Authorities::new(OffsetDateTime::now_utc(), &names)?;
    let (client, server) = (own.customer_client(), own.customer_server());
    let of_server = OwnIdentity {
        server_chain: Some((server.chain_pem() + &own.customer_server_root_pem()).into_bytes()),
        server_key: Some(server.key_pem().into_bytes()),
        trust_store: Some(own.customer_server_root_pem().into_bytes()),
        ..OwnIdentity::default()
    };
    Ok(match profile.client_certificate.issuance {
        Issuance::SelfSigned => OwnIdentity {
            client_certificate: Some(client.chain_pem().into_bytes()),
            client_key: Some(client.key_pem().into_bytes()),
            ..of_server
        },
        Issuance::Thales => {
            let common_name = onboarding::pattern_name(environment);
            let applicant = Applicant::new(&onboarding::subject_of(&common_name))?;
            OwnIdentity {
                client_csr: Some(applicant.request_pem().into_bytes()),
                client_key: Some(applicant.key_pem().into_bytes()),
                ..of_server
            }
        }
    })
}

/// Its identity in another environment of the profile, with a key of its own, where the profile has one.
///
/// # Errors
/// It cannot be made.
pub fn other_identity<'a>(
    profile: &'a Profile,
    environment: &Environment,
) -> Result<Option<(&'a Environment, OwnIdentity)>, PkiError> {
    let other = profile.environments.iter().find(|other| other.id != environment.id);
    other.map(|other| Ok((other, own_identity(profile, other)?))).transpose()
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
