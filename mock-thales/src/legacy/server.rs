//! The server of a legacy handshake.

use std::pin::Pin;
use std::sync::Arc;

use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::pkey::Id;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslVerifyMode};
use openssl::stack::Stack;
use openssl::x509::X509Name;
use tokio::io::{AsyncRead, AsyncWrite};

use super::engine::{self, LegacyError};
use super::established::Established;
use super::failure::{self, Failure};
use super::watched::Watched;
use crate::observe::{KeyLog, TlsVersion};
use crate::pki::Identity;
use crate::plan::{AskClient, KeyExchange};

/// A server of one old version. It asks for a client certificate if told so, accepts any and none, and resumes nothing.
/// Its ServerHello carries no downgrade sentinel, as it knows nothing newer.
pub struct Server {
    context: SslContext,
}

impl Server {
    /// Sets it up. `authorities` are the distinguished names, in DER, that its CertificateRequest is to hold.
    ///
    /// # Errors
    /// Another version than 1.0 and 1.1, or an identity or authority that the engine cannot use.
    pub fn new(
        version: TlsVersion,
        exchange: KeyExchange,
        ask: AskClient,
        authorities: &[Vec<u8>],
        identity: &Identity,
    ) -> Result<Self, LegacyError> {
        let mut builder = engine::builder(SslMethod::tls_server(), version)?;
        let key = engine::show(&mut builder, identity)?;
        if exchange == KeyExchange::Rsa && key.id() != Id::RSA {
            return Err(LegacyError::KeyCannotExchange);
        }
        match ask {
            // Without FAIL_IF_NO_PEER_CERT: to insist would be to refuse in the peer's place.
            AskClient::Request => builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true),
            AskClient::Never => builder.set_verify(SslVerifyMode::NONE),
        }
        let authorities = names(authorities)?;
        serve(&mut builder, exchange, authorities).map_err(LegacyError::Engine)?;
        Ok(Self { context: builder.build() })
    }

    /// Plays the handshake. The stream is watched from here on; bytes that were read before must come first from it.
    ///
    /// # Errors
    /// Who ended the handshake, and how. A deadline is the caller's.
    pub async fn accept<S>(&self, stream: S) -> Result<Established<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.accept_logging(stream, None).await
    }

    /// The same, with a place for the connection's secret.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub async fn accept_logging<S>(&self, stream: S, keys: Option<&Arc<KeyLog>>) -> Result<Established<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut ssl = Ssl::new(&self.context).map_err(Failure::local)?;
        engine::log_keys(&mut ssl, keys).map_err(Failure::local)?;
        let mut stream = tokio_openssl::SslStream::new(ssl, Watched::new(stream)).map_err(Failure::local)?;
        match Pin::new(&mut stream).accept().await {
            Ok(()) => Ok(Established::of_client(stream)),
            Err(error) => Err(failure::of_handshake(error, stream.get_mut()).await),
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

fn names(authorities: &[Vec<u8>]) -> Result<Vec<X509Name>, LegacyError> {
    let name = |(index, der): (usize, &Vec<u8>)| {
        X509Name::from_der(der).map_err(|error| LegacyError::Authority { index, error })
    };
    authorities.iter().enumerate().map(name).collect()
}

fn serve(builder: &mut SslContextBuilder, exchange: KeyExchange, authorities: Vec<X509Name>) -> Result<(), ErrorStack> {
    builder.set_cipher_list(engine::suites(exchange))?;
    let mut list = Stack::new()?;
    for name in authorities {
        list.push(name)?;
    }
    builder.set_client_ca_list(list);
    // The 2048-bit group of RFC 3526 with its generator 2, for callers that have nothing but finite fields.
    let group = Dh::from_pqg(BigNum::get_rfc3526_prime_2048()?, None, BigNum::from_u32(2)?)?;
    builder.set_tmp_dh(&group)?;
    builder.set_options(SslOptions::NO_RENEGOTIATION);
    Ok(())
}
