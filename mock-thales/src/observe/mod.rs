//! What was seen: facts, the recorder that numbers them, the frozen log, and the reading of a log as connections.
//!
//! Facts say what happened on the wire and never what it means; meaning is the reader's business.

mod above;
mod certificate;
mod connection;
mod fact;
mod key_log;
mod log;
mod payload;
mod recorder;
mod shown;
mod version;

pub use above::{
    Assertion, Authorization, BodyForm, Mark, Marks, Scheme, SignatureState, TokenFetch, TokenOutcome, TokenRequest,
    TokenState,
};
pub use certificate::CertificateDer;
pub use connection::{CallReading, Connection, Ending, Seen, connections};
pub use fact::{
    Actor, Answer, CallId, Claim, ClientHello, ConnectionId, End, Event, Fact, Handshake, Header, PhaseId, Question,
    RefusalPage, RequestHead, Role,
};
pub use key_log::KeyLog;
pub use log::{Log, LogError};
pub use payload::{BodyRead, Encoding, Envelope, Enveloped, Jwe, KeyTransport, Payload};
pub use recorder::{ConnectionRecorder, Recorder};
pub use shown::{RequestDer, ShownFile};
pub use version::TlsVersion;
