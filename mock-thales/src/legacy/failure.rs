//! Who ended a handshake or a connection, and how: the peer's alert, its FIN or RST, or a failure of our own.
//!
//! An alert is the peer's only where the engine says that it received one: OpenSSL then gives the reason 1000 plus the
//! code (`SSL_AD_REASON_OFFSET`), and uses such reasons for nothing else. A failure of our own has a smaller reason,
//! also when we sent an alert on account of it.

use std::fmt;
use std::io;

use openssl::error::ErrorStack;
use openssl::ssl::{self, ErrorCode};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::watched::Watched;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The peer sent this alert (RFC 8446 section 6). 0 is a close_notify before the handshake was done.
    PeerAlert(u8),
    /// The peer closed its side of the transport without an alert.
    Fin,
    /// The peer reset the transport, and no alert of it could be read.
    Reset,
    /// Our own engine or transport failed: says nothing about the peer.
    Local {
        /// In the engine's words.
        error: String,
        /// The fatal alert that we sent on account of it, where it went out in plaintext.
        alert: Option<u8>,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerAlert(code) => write!(f, "the peer sent alert {code}"),
            Self::Fin => f.write_str("the peer closed without an alert"),
            Self::Reset => f.write_str("the peer reset the connection"),
            Self::Local { error, alert: None } => write!(f, "the counterpart failed: {error}"),
            Self::Local { error, alert: Some(code) } => {
                write!(f, "the counterpart failed and sent alert {code}: {error}")
            }
        }
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// A failure before anything went over the wire.
    pub(super) fn local(error: ErrorStack) -> Self {
        Self::Local { error: error.to_string(), alert: None }
    }
}

/// What an error of an established stream's `read` or `write` says. A close_notify is no error: `read` gives 0 bytes.
/// After an error of `write`, read on: an alert may still lie there.
pub fn classify(error: &io::Error) -> Failure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ssl::Error>());
    match inner {
        Some(inner) => of_engine(inner),
        None => of_transport(error).unwrap_or_else(|| local(error)),
    }
}

/// What ended a handshake.
pub(super) async fn of_handshake<S: AsyncRead + Unpin>(error: ssl::Error, stream: &mut Watched<S>) -> Failure {
    let failure = of_engine(&error);
    match failure {
        Failure::Fin | Failure::Reset => {
            // Our write may have failed while an alert of the peer lay unread.
            drain(stream).await;
            stream.received_alert().map_or(failure, Failure::PeerAlert)
        }
        Failure::Local { error, alert: _ } => Failure::Local { error, alert: stream.sent_alert() },
        Failure::PeerAlert(_) => failure,
    }
}

/// More than any flight that may lie unread.
const MOST_DRAINED: usize = 256 * 1024;

/// Reads what is left after the peer is gone: the end is there already, so this waits for nothing.
async fn drain<S: AsyncRead + Unpin>(stream: &mut Watched<S>) {
    let mut piece = [0; 4096];
    let mut drained = 0;
    while drained < MOST_DRAINED && !stream.ended() {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(count) => drained += count,
        }
    }
}

/// `ERR_LIB_SSL` of openssl/err.h.
const LIBRARY_SSL: i32 = 20;
/// `SSL_AD_REASON_OFFSET` of openssl/ssl.h.
const ALERT_REASONS: i32 = 1000;
/// `SSL_R_UNEXPECTED_EOF_WHILE_READING` of openssl/sslerr.h.
const UNEXPECTED_EOF: i32 = 294;

fn of_engine(error: &ssl::Error) -> Failure {
    if error.code() == ErrorCode::ZERO_RETURN {
        return Failure::PeerAlert(0);
    }
    if let Some(stack) = error.ssl_error() {
        let reasons = stack.errors().iter().filter(|error| error.library_code() == LIBRARY_SSL);
        for reason in reasons.map(openssl::error::Error::reason_code) {
            match u8::try_from(reason - ALERT_REASONS) {
                Ok(code) => return Failure::PeerAlert(code),
                Err(_) if reason == UNEXPECTED_EOF => return Failure::Fin,
                Err(_) => {}
            }
        }
        return local(error);
    }
    match error.io_error() {
        Some(transport) => of_transport(transport).unwrap_or_else(|| local(error)),
        None if error.code() == ErrorCode::SYSCALL => Failure::Fin,
        None => local(error),
    }
}

/// What the transport's error says of the peer.
fn of_transport(error: &io::Error) -> Option<Failure> {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Some(Failure::Reset),
        // EPIPE: the peer's FIN came before its RST (tcp(7); a reset alone is ECONNRESET).
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => Some(Failure::Fin),
        _ => None,
    }
}

fn local(error: &impl ToString) -> Failure {
    Failure::Local { error: error.to_string(), alert: None }
}
