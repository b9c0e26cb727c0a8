//! The vocabulary of plans: what an endpoint, a client and a zone are to do. Data only; the words are those of
//! scenario files.

mod client;
mod endpoint;
mod oauth;
mod zone;

pub use client::{ClientCertificate, ClientPlan, Credentials};
pub use endpoint::{
    Alpn, AskClient, AuthorityList, ChainShape, Endorsed, EndpointPlan, KeyExchange, KeyKind, Refusal,
    ServerCertificate,
};
pub use oauth::OAuthPlan;
pub use zone::{ZoneMode, ZonePlan};
