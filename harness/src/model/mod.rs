//! What the harness knows, as data: requirements, profiles, scenarios, integrations, and the script of one run.
//!
//! Nothing here reads a file, opens a socket or judges.

pub mod assets;
mod check;
mod deviation;
mod dimension;
mod integration;
mod names;
mod profile;
mod renewal;
mod requirement;
mod scenario;
mod script;
mod service;
mod vary;

pub use check::{
    AnchorAspect, ApartAspect, CertificateAspect, ChainAspect, Check, Ends, OAuthAspect, Renews, StoreAspect,
};
pub use deviation::{Deviant, Deviation, LONGEST_DEVIATION_DAYS};
pub use dimension::{Addresses, Axis, Dimension, DimensionValue, Setting, Variation};
pub use integration::{
    AnswerFile, Caller, CallerProxy, Declaration, EnvironmentTables, Forward, IdentityFiles, IntegrationFile,
    PortalValues, Receiver, ReceiverOAuth, RequestShape, SecretWord, StoreWord,
};
pub use names::{EndpointName, HostPort, Millis, NameError, RequirementId, ScenarioId, Topic};
pub use profile::{
    ClientCertificatePolicy, CommonNameRule, CustomerId, Environment, FieldRule, Issuance, JweRule, KeyRule, OAuth,
    PayloadRule, Pkcs7Rule, Profile, PublishedAuthority, ServerAuthority,
};
pub use renewal::{ChangeOver, RenewalKeys, Signal};
pub use requirement::{Level, Observed, Proof, Requirement};
pub use scenario::{
    Change, ClientConduct, Conduct, DEFAULT_ADDRESS, Dead, EndpointConduct, Row, RowKind, Scenario, Shape, Step,
    Traffic,
};
pub use script::{
    Context, EnvironmentValues, Expectation, Header, LOG_FORMAT, Network, Phase, PhaseKind, Script, Side, Unplanned,
};
pub use service::{Keep, LocalUrl, LocalUrlError, Ready, ServiceKeys, Trigger, TriggerRequest};
pub use vary::{BESIDE_V6, Beside};
