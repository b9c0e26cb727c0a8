//! The parts of an integration: what calls Thales, what Thales calls, and how each is driven.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use super::in_process::Factory;
use super::service::ServicePart;
use super::triggered::ServiceCaller;
use crate::model::{HostPort, RequestShape};

/// A part that calls Thales.
#[derive(Clone)]
pub struct CallerPart {
    /// Its name.
    pub name: String,
    /// How it is driven.
    pub way: CallerWay,
    /// Longest time of a call, and of a start.
    pub within: Duration,
    /// The proxy through which it calls, and its port on 127.0.0.1.
    pub proxy: Option<(Arc<ServicePart>, u16)>,
}

/// How a caller is driven.
#[derive(Clone)]
pub enum CallerWay {
    /// A command a call.
    Command(Vec<String>),
    /// A driver a scenario.
    Stdio(Vec<String>),
    /// In this process.
    InProcess(Factory),
    /// A service that is triggered.
    Service(Box<ServiceCaller>),
}

/// A part that Thales calls.
#[derive(Clone)]
pub struct ReceiverPart {
    /// Its name.
    pub name: String,
    /// How it is started.
    pub way: ReceiverWay,
    /// Longest time until it listens.
    pub within: Duration,
    /// What Thales sends.
    pub requests: Vec<RequestShape>,
    /// What it says of itself above TLS.
    pub access: Option<Access>,
}

/// How a receiver is started.
#[derive(Clone)]
pub enum ReceiverWay {
    /// A command a scenario.
    Command(Vec<String>),
    /// In this process.
    InProcess(Factory),
    /// A service.
    Service(Arc<ServicePart>),
    /// It runs already, there.
    Running(HostPort),
}

impl fmt::Debug for CallerPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerPart").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for ReceiverPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverPart").field("name", &self.name).finish_non_exhaustive()
    }
}
