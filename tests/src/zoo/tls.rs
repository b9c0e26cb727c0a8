//! TLS for callers: rustls with whatever verifier, OpenSSL where rustls is too strict to be wrong.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509CheckFlags;
use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use thales_harness::Portal;

/// A secured stream.
pub(super) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A way to secure a connection to a host.
pub(super) trait Tls: Send {
    /// Shakes hands.
    fn secure(&self, host: &str, socket: TcpStream) -> io::Result<Box<dyn Stream>>;
}

/// The provider of every configuration here.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Certificates of an asset.
pub(super) fn certificates(portal: &Portal, asset: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = portal.asset(asset).map_err(|error| error.to_string())?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// The key of an asset.
pub(super) fn key(portal: &Portal, asset: &str) -> Result<PrivateKeyDer<'static>, String> {
    let pem = portal.asset(asset).map_err(|error| error.to_string())?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| error.to_string())
}

/// Certificates and key of the client, as the portal's directory has them.
pub(super) type Own = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The client's identity.
pub(super) fn own(portal: &Portal) -> Result<Own, String> {
    Ok((certificates(portal, "CUSTOMER_TLS_CLIENT_CERTIFICATE")?, key(portal, "CUSTOMER_TLS_CLIENT_KEY")?))
}

/// The reference's verifier.
pub(super) fn verifier(portal: &Portal) -> Result<Arc<WebPkiServerVerifier>, String> {
    verifier_of(certificates(portal, "TSH_TLS_SERVER_CERTIFICATE_CHAIN")?)
}

/// A verifier that trusts these.
pub(super) fn verifier_of(trusted: Vec<CertificateDer<'static>>) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted);
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().map_err(|error| error.to_string())
}

/// rustls with a configuration.
pub(super) struct Rustls(pub(super) Arc<ClientConfig>);

impl Rustls {
    /// The reference's configuration but for verifier and identity.
    pub(super) fn new(verifier: Arc<dyn ServerCertVerifier>, own: Option<Own>) -> Result<Self, String> {
        Self::speaking(rustls::DEFAULT_VERSIONS, verifier, own)
    }

    /// The same, in these versions.
    pub(super) fn speaking(
        versions: &[&'static rustls::SupportedProtocolVersion],
        verifier: Arc<dyn ServerCertVerifier>,
        own: Option<Own>,
    ) -> Result<Self, String> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match own {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())?,
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        Ok(Self(Arc::new(config)))
    }
}

impl Tls for Rustls {
    fn secure(&self, host: &str, mut socket: TcpStream) -> io::Result<Box<dyn Stream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let mut session = ClientConnection::new(Arc::clone(&self.0), name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(Box::new(StreamOwned::new(session, socket)))
    }
}

/// OpenSSL at security level 0.
pub(super) struct OpenSsl {
    context: SslContext,
    /// What is sent as SNI; the host, if absent.
    sni: Option<Sni>,
}

/// An SNI that is not the host's.
#[derive(Clone, Copy)]
pub(super) enum Sni {
    None,
    Other(&'static str),
}

impl OpenSsl {
    /// Verifies as the reference does and speaks these versions.
    pub(super) fn new(portal: &Portal, lowest: SslVersion, highest: SslVersion) -> Result<Self, String> {
        let context = Self::context(portal, lowest, highest).map_err(|error| error.to_string())?;
        Ok(Self { context, sni: None })
    }

    /// Sends another SNI, or none.
    pub(super) fn sni(mut self, sni: Sni) -> Self {
        self.sni = Some(sni);
        self
    }

    fn context(portal: &Portal, lowest: SslVersion, highest: SslVersion) -> io::Result<SslContext> {
        let mut builder = SslContext::builder(SslMethod::tls_client())?;
        bounds(&mut builder, lowest, highest)?;
        builder.set_verify(SslVerifyMode::PEER);
        let mut store = X509StoreBuilder::new()?;
        for certificate in X509::stack_from_pem(&portal.asset("TSH_TLS_SERVER_CERTIFICATE_CHAIN")?)? {
            store.add_cert(certificate)?;
        }
        builder.set_cert_store(store.build());
        let chain = X509::stack_from_pem(&portal.asset("CUSTOMER_TLS_CLIENT_CERTIFICATE")?)?;
        let leaf = chain.first().ok_or_else(|| io::Error::other("no client certificate"))?;
        builder.set_certificate(leaf)?;
        let key = PKey::private_key_from_pem(&portal.asset("CUSTOMER_TLS_CLIENT_KEY")?)?;
        builder.set_private_key(&key)?;
        Ok(builder.build())
    }
}

/// Versions, at security level 0.
pub(super) fn bounds(builder: &mut SslContextBuilder, lowest: SslVersion, highest: SslVersion) -> io::Result<()> {
    builder.set_security_level(0);
    builder.set_cipher_list("ALL:@SECLEVEL=0")?;
    builder.set_min_proto_version(Some(lowest))?;
    builder.set_max_proto_version(Some(highest))?;
    Ok(())
}

impl Tls for OpenSsl {
    fn secure(&self, host: &str, socket: TcpStream) -> io::Result<Box<dyn Stream>> {
        let mut ssl = Ssl::new(&self.context)?;
        // Left to itself it takes the CN where there is no SAN, which is a defect of its own here.
        ssl.param_mut().set_hostflags(X509CheckFlags::NEVER_CHECK_SUBJECT);
        ssl.param_mut().set_host(host)?;
        match self.sni {
            None => ssl.set_hostname(host)?,
            Some(Sni::Other(name)) => ssl.set_hostname(name)?,
            Some(Sni::None) => {}
        }
        let mut stream = SslStream::new(ssl, socket)?;
        stream.connect().map_err(io::Error::other)?;
        Ok(Box::new(stream))
    }
}
