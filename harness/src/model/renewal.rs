//! How an integration changes over to its renewed client certificate: the table `[renewal]` of its file.

use std::path::PathBuf;

use serde::Deserialize;

use super::Millis;

/// The renewed certificate, and how the integration is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RenewalKeys {
    /// A CSR for it, where Thales signs: the run's authority makes a certificate of it.
    pub client_csr: Option<PathBuf>,
    /// The renewed certificate, PEM, relative to the file; absent where the harness issues it as it did the first one.
    pub client_certificate: Option<PathBuf>,
    /// Its key; absent where the integration holds it itself.
    pub client_key: Option<PathBuf>,
    /// How the integration is told, once its files are the renewed ones.
    pub by: ChangeOver,
    /// Longest time until a call shows the renewed certificate.
    #[serde(default = "default_within")]
    pub within: Millis,
}

fn default_within() -> Millis {
    Millis(30_000)
}

/// How the integration is told of its renewed certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeOver {
    /// By a command in the integration's world.
    Command(Vec<String>),
    /// By a signal to the driver.
    Signal(Signal),
    /// The driver is ended and started anew.
    Restart,
    /// Not at all: it notices by itself that its files have changed.
    Files,
    /// By the trait's `renew`: for an integration in this process. No word of a file.
    #[serde(skip)]
    Asked,
}

/// Signals by which services are told to read their files anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Signal {
    /// SIGHUP.
    Hup,
    /// SIGUSR1.
    Usr1,
    /// SIGUSR2.
    Usr2,
}
