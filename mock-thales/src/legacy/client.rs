//! The client of a legacy handshake.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode};
use tokio::io::{AsyncRead, AsyncWrite};

use super::engine::{self, LegacyError};
use super::established::Established;
use super::failure::{self, Failure};
use super::watched::Watched;
use crate::observe::{KeyLog, TlsVersion};
use crate::pki::Identity;
use crate::plan::KeyExchange;

/// A client of one old version. It accepts every server certificate, shows its own if it is asked for one and has one,
/// and resumes nothing.
pub struct Client {
    context: SslContext,
    server_name: Option<String>,
}

impl Client {
    /// Sets it up. An IP address as server name is not sent (RFC 6066 section 3).
    ///
    /// # Errors
    /// Another version than 1.0 and 1.1, an identity that the engine cannot use, or a name that is no host name.
    pub fn new(
        version: TlsVersion,
        exchange: KeyExchange,
        identity: Option<&Identity>,
        server_name: &str,
    ) -> Result<Self, LegacyError> {
        let mut builder = engine::builder(SslMethod::tls_client(), version)?;
        builder.set_cipher_list(engine::suites(exchange)).map_err(LegacyError::Engine)?;
        builder.set_verify(SslVerifyMode::NONE);
        if let Some(identity) = identity {
            engine::show(&mut builder, identity)?;
        }
        let context = builder.build();
        let server_name = server_name.parse::<IpAddr>().is_err().then(|| server_name.to_owned());
        if let Some(name) = &server_name {
            let mut trial = Ssl::new(&context).map_err(LegacyError::Engine)?;
            trial.set_hostname(name).map_err(|error| LegacyError::ServerName { name: name.clone(), error })?;
        }
        Ok(Self { context, server_name })
    }

    /// Plays the handshake.
    ///
    /// # Errors
    /// Who ended the handshake, and how. A deadline is the caller's.
    pub async fn connect<S>(&self, stream: S) -> Result<Established<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_logging(stream, None).await
    }

    /// The same, with a place for the connection's secret.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_logging<S>(&self, stream: S, keys: Option<&Arc<KeyLog>>) -> Result<Established<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut ssl = Ssl::new(&self.context).map_err(Failure::local)?;
        engine::log_keys(&mut ssl, keys).map_err(Failure::local)?;
        if let Some(name) = &self.server_name {
            ssl.set_hostname(name).map_err(Failure::local)?;
        }
        let mut stream = tokio_openssl::SslStream::new(ssl, Watched::new(stream)).map_err(Failure::local)?;
        match Pin::new(&mut stream).connect().await {
            Ok(()) => Ok(Established::of_server(stream)),
            Err(error) => Err(failure::of_handshake(error, stream.get_mut()).await),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}
