//! What both roles set up in the same way: a context for one old version, with every obstacle of our own removed.

use std::fmt;
use std::ptr;
use std::sync::{Arc, Once, OnceLock};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode, SslVersion,
};
use openssl::x509::X509;

use crate::observe::{KeyLog, TlsVersion};
use crate::pki::Identity;
use crate::plan::KeyExchange;

/// Why a legacy role could not be set up. None of these is the peer's doing.
#[derive(Debug)]
pub enum LegacyError {
    /// Only TLS 1.0 and 1.1 are spoken here.
    NotLegacy(TlsVersion),
    /// Static RSA with a certificate whose key is not RSA: no handshake could ever begin.
    KeyCannotExchange,
    /// There is no leaf.
    NoCertificate,
    /// A certificate of the chain cannot be used.
    Certificate {
        /// Place in the chain, 0 for the leaf.
        index: usize,
        /// The engine's words.
        error: ErrorStack,
    },
    /// The key cannot be read or is not the leaf's.
    Key(ErrorStack),
    /// A name of an authority is no distinguished name in DER.
    Authority {
        /// Place in the list, from 0.
        index: usize,
        /// The engine's words.
        error: ErrorStack,
    },
    /// The server name cannot stand in a server_name extension.
    ServerName {
        /// As given.
        name: String,
        /// The engine's words.
        error: ErrorStack,
    },
    /// The engine itself could not be set up.
    Engine(ErrorStack),
}

impl fmt::Display for LegacyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLegacy(version) => write!(f, "play {version} with the legacy engine, which has 1.0 and 1.1"),
            Self::KeyCannotExchange => f.write_str("play static RSA with a certificate whose key is not RSA"),
            Self::NoCertificate => f.write_str("show a chain without a leaf"),
            Self::Certificate { index, error } => write!(f, "use certificate {index} of the chain: {error}"),
            Self::Key(error) => write!(f, "use the private key: {error}"),
            Self::Authority { index, error } => write!(f, "name authority {index}: {error}"),
            Self::ServerName { name, error } => write!(f, "ask for the server name `{name}`: {error}"),
            Self::Engine(error) => write!(f, "set up the legacy engine: {error}"),
        }
    }
}

impl std::error::Error for LegacyError {}

/// Keeps the built-in OpenSSL from reading any configuration file, `OPENSSL_CONF` included, for the life of the
/// process: a `MinProtocol`, a cipher string or a FIPS provider there would refuse in the peer's place. Both roles call
/// it; a program that uses OpenSSL for something else has to call it before that, since the first use decides.
#[expect(unsafe_code, reason = "the safe binding initialises the library with its configuration file only")]
pub fn ignore_configuration() {
    /// `OPENSSL_INIT_NO_LOAD_CONFIG` of openssl/crypto.h, which the bindings leave out.
    const NO_LOAD_CONFIG: u64 = 0x80;
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let options = NO_LOAD_CONFIG | openssl_sys::OPENSSL_INIT_LOAD_SSL_STRINGS | openssl_sys::OPENSSL_INIT_NO_ATEXIT;
        // SAFETY: the function may be called from any thread at any time, and takes a null pointer for no settings.
        // Whether it succeeded shows in the first context that is made.
        unsafe { openssl_sys::OPENSSL_init_ssl(options, ptr::null()) };
    });
}

/// A builder for that version alone, at security level 0.
pub(super) fn builder(method: SslMethod, version: TlsVersion) -> Result<SslContextBuilder, LegacyError> {
    let version = match version {
        TlsVersion::V1_0 => SslVersion::TLS1,
        TlsVersion::V1_1 => SslVersion::TLS1_1,
        other => return Err(LegacyError::NotLegacy(other)),
    };
    ignore_configuration();
    pinned(method, version).map_err(LegacyError::Engine)
}

/// `SSL_OP_LEGACY_SERVER_CONNECT` of openssl/ssl.h, which the bindings leave out: a server that does not know RFC 5746
/// is for us no reason to refuse.
const LEGACY_SERVER_CONNECT: SslOptions = SslOptions::from_bits_retain(1 << 2);

fn pinned(method: SslMethod, version: SslVersion) -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = SslContext::builder(method)?;
    // Before any certificate is loaded: the level decides which ones may be.
    builder.set_security_level(0);
    builder.clear_options(SslOptions::NO_TLSV1 | SslOptions::NO_TLSV1_1);
    builder.set_min_proto_version(Some(version))?;
    builder.set_max_proto_version(Some(version))?;
    builder.set_options(LEGACY_SERVER_CONNECT | SslOptions::NO_TICKET | SslOptions::CIPHER_SERVER_PREFERENCE);
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_mode(SslMode::NO_AUTO_CHAIN);
    builder.set_keylog_callback(|ssl, line| {
        if let Some(keys) = keys_index().ok().and_then(|index| ssl.ex_data(index)) {
            keys.line(line);
        }
    });
    Ok(builder)
}

/// Lets a connection's secret go to that file. The context is shared by connections of several runs, hence one by one.
pub(super) fn log_keys(ssl: &mut Ssl, keys: Option<&Arc<KeyLog>>) -> Result<(), ErrorStack> {
    if let Some(keys) = keys {
        ssl.set_ex_data(keys_index()?, Arc::clone(keys));
    }
    Ok(())
}

/// Where a connection keeps its file of secrets, which the callback of its context asks for.
fn keys_index() -> Result<Index<Ssl, Arc<KeyLog>>, ErrorStack> {
    static INDEX: OnceLock<Result<Index<Ssl, Arc<KeyLog>>, ErrorStack>> = OnceLock::new();
    INDEX.get_or_init(Ssl::new_ex_index).clone()
}

/// Static RSA stands first where both are allowed: nothing is signed with SHA-1 then, which many a peer refuses
/// whatever the version.
pub(super) fn suites(exchange: KeyExchange) -> &'static str {
    match exchange {
        KeyExchange::Any => "kRSA:kECDHE:kDHE:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0",
        KeyExchange::Rsa => "kRSA:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0",
        KeyExchange::Ecdhe => "kECDHE:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0",
    }
}

/// Loads the chain as it is, in its order and with all its defects. Returns the key.
pub(super) fn show(builder: &mut SslContextBuilder, identity: &Identity) -> Result<PKey<Private>, LegacyError> {
    let mut chain = identity.chain.iter().enumerate().map(|(index, certificate)| {
        X509::from_der(&certificate.0).map_err(|error| LegacyError::Certificate { index, error })
    });
    let leaf = chain.next().ok_or(LegacyError::NoCertificate)??;
    builder.set_certificate(&leaf).map_err(|error| LegacyError::Certificate { index: 0, error })?;
    for (above, certificate) in chain.enumerate() {
        let index = above + 1;
        builder.add_extra_chain_cert(certificate?).map_err(|error| LegacyError::Certificate { index, error })?;
    }
    let key = PKey::private_key_from_pkcs8(identity.key_pkcs8()).map_err(LegacyError::Key)?;
    builder.set_private_key(&key).map_err(LegacyError::Key)?;
    builder.check_private_key().map_err(LegacyError::Key)?;
    Ok(key)
}
