//! Why a TLS stream broke off, read from the error of the engine.

use std::io;

use crate::observe::{ConnectionRecorder, End, Event};

/// What ended a handshake or a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// The peer sent this alert.
    PeerAlert(u8),
    /// The peer closed the TCP connection without close_notify.
    Fin,
    /// The peer reset the TCP connection.
    Reset,
    /// The counterpart's own engine gave up.
    Local(String),
}

impl Broken {
    /// Records it. An alert that a tap saw in plaintext is recorded already.
    pub fn record(&self, recorder: &ConnectionRecorder, alert_recorded: bool) {
        match self {
            // close_notify before the handshake was done.
            Self::PeerAlert(0) => {
                recorder.record(Event::Ended(End::CloseNotify));
            }
            Self::PeerAlert(code) => {
                if !alert_recorded {
                    recorder.record(Event::AlertReceived { code: *code });
                }
                recorder.record(Event::Ended(End::Fin));
            }
            Self::Fin => {
                recorder.record(Event::Ended(End::Fin));
            }
            Self::Reset => {
                recorder.record(Event::Ended(End::Reset));
            }
            Self::Local(error) => {
                recorder.record(Event::LocalError { error: error.clone() });
                recorder.record(Event::Ended(End::Local));
            }
        }
    }
}

#[cfg(feature = "legacy-tls")]
impl From<crate::legacy::Failure> for Broken {
    fn from(failure: crate::legacy::Failure) -> Self {
        use crate::legacy::Failure;
        match failure {
            Failure::PeerAlert(code) => Self::PeerAlert(code),
            Failure::Fin => Self::Fin,
            Failure::Reset => Self::Reset,
            Failure::Local { error, alert: _ } => Self::Local(error),
        }
    }
}

/// Reads an error of a legacy stream.
#[cfg(feature = "legacy-tls")]
pub fn classify_legacy(error: &io::Error) -> Broken {
    crate::legacy::classify(error).into()
}

/// Reads an error of a rustls stream.
pub fn classify_rustls(error: &io::Error) -> Broken {
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return match inner {
            rustls::Error::AlertReceived(alert) => Broken::PeerAlert(u8::from(*alert)),
            other => Broken::Local(other.to_string()),
        };
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Broken::Fin,
        // A write into a connection that the peer has closed: the peer ended it.
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => Broken::Reset,
        _ => Broken::Local(error.to_string()),
    }
}
