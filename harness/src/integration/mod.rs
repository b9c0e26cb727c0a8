//! How an integration is driven: in process by a trait, by a command a call, by a driver that speaks JSON lines, as a
//! service that is triggered, and what a driver is asked before it drives.
//!
//! A carrier brings calls to the integration and its claims back. It never learns which scenario is played, and nothing
//! it says decides a verdict.

mod access;
mod berth;
mod carrier;
mod command;
mod description;
mod from_file;
mod identity;
mod in_process;
mod lasting;
mod local_http;
mod part;
mod portal;
mod probe;
mod process;
mod receiver;
mod service;
mod shown;
mod stdio;
mod subject;
mod triggered;

pub use access::{Access, Secret};
pub use berth::Berth;
pub use carrier::Carrier;
pub use description::InProcess;
pub use from_file::SubjectError;
pub use identity::{OwnIdentity, OwnStore, Renewal};
pub use in_process::{Factory, Integration, Reply, Request};
pub use lasting::{LastingError, LastingPortal, NewPortal, Places, PortalSettings, address};
pub use part::{CallerPart, CallerWay, ReceiverPart, ReceiverWay};
pub use portal::{Materials, Portal, STORE_PASSWORD};
pub use probe::Bench;
pub use receiver::{Serving, StartError};
pub use service::ServicePart;
pub use shown::MaterialsError;
pub use subject::Subject;
pub use triggered::{ServiceCaller, ServiceTrigger};
