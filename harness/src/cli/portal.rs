//! `portal init`: makes a portal that lasts, for integrations that run already and for the standing counterpart.

use std::io::{Write, stderr};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::run::environment_of;
use super::{Exit, Refused, library, profile_of, say};
use crate::integration::{LastingPortal, NewPortal};
use crate::load::Library;
use crate::model::{HostPort, PortalValues};

/// Life of authorities where nobody says another one, in days.
pub(super) const DAYS: u16 = 90;

#[derive(Debug, Args)]
pub(super) struct PortalWords {
    #[command(subcommand)]
    words: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Make authorities that last, and the portal's assets; nothing that is there is overwritten
    Init(InitWords),
}

#[derive(Debug, Args)]
struct InitWords {
    /// The directory: missing or empty
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The profile
    #[arg(long, required_unless_present = "renew")]
    profile: Option<String>,
    /// The environment [default: the profile's first]
    #[arg(long)]
    environment: Option<String>,
    #[command(flatten)]
    values: ValueWords,
    /// Where Thales' endpoint stands in every run
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// The IPv4 address that the name server answers [default: that of --listen]
    #[arg(long, value_name = "IP")]
    address: Option<Ipv4Addr>,
    /// Where the name server stands in every run, UDP and TCP
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8053")]
    dns: SocketAddr,
    /// Life of the authorities, in days
    #[arg(long, value_name = "N", default_value_t = DAYS,
          value_parser = clap::value_parser!(u16).range(3..=366))]
    days: u16,
    /// Make authorities and assets of the portal in DIR anew; what it is for stays
    #[arg(long, conflicts_with_all = ["profile", "environment", "inbound_host", "base_path", "issuer_host",
          "common_name", "customer_id", "listen", "address", "dns"])]
    renew: bool,
    /// Profiles of this directory, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
}

/// What onboarding gave; absent values are the profile's.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ValueWords {
    /// Thales' host, in place of the profile's
    #[arg(long, value_name = "HOST")]
    inbound_host: Option<String>,
    /// Base path of the API, in place of the profile's
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,
    /// The receiver's host, under which Thales calls it
    #[arg(long, value_name = "HOST:PORT")]
    issuer_host: Option<HostPort>,
    /// The exact CN of the client certificate
    #[arg(long, value_name = "CN")]
    common_name: Option<String>,
    /// The identifier that Thales gave
    #[arg(long, value_name = "ID")]
    customer_id: Option<String>,
}

impl ValueWords {
    /// As onboarding gives them.
    pub(super) fn values(&self) -> PortalValues {
        PortalValues {
            inbound_host: self.inbound_host.clone(),
            base_path: self.base_path.clone(),
            issuer_host: self.issuer_host.clone(),
            common_name: self.common_name.clone(),
            customer_id: self.customer_id.clone(),
            ..PortalValues::default()
        }
    }
}

pub(super) fn portal(words: &PortalWords) -> Result<Exit, Refused> {
    let Deed::Init(words) = &words.words;
    let library = library(words.scenarios.as_deref())?;
    let portal = if words.renew { renewed(words, &library)? } else { made(words, &library)? };
    let _ = writeln!(stderr(), "authorities for {} days: TEST, NOT THALES", words.days);
    let places = portal.places().map_err(|error| Refused::Words(error.to_string()))?;
    let directory = portal.directory.display();
    say(&format!(
        "portal     {directory}\nendpoint   {} (answered: {})\nresolver   {}\nfor        {} in {}, host {}\n",
        places.listen,
        places.address,
        places.dns,
        portal.settings.profile,
        portal.settings.environment,
        portal.settings.inbound_host,
    ));
    Ok(Exit::Ready)
}

fn made(words: &InitWords, library: &Library) -> Result<LastingPortal, Refused> {
    let profile = profile_of(words.profile.as_deref().unwrap_or_default(), library)?;
    let environment = environment_of(profile, words.environment.as_deref())?;
    for (key, at) in [("listen", words.listen), ("dns", words.dns)] {
        if at.port() == 0 {
            return Err(Refused::Words(format!("--{key}: the port is to be the same in every run, and not 0")));
        }
    }
    let new = NewPortal {
        profile,
        environment,
        values: &words.values.values(),
        listen: Some(words.listen),
        address: words.address,
        dns: Some(words.dns),
        days: words.days,
    };
    if crate::integration::address(words.address, words.listen).is_none() {
        return Err(Refused::Words(format!(
            "--address: {} is no address that a name server can answer, expected the one at which it is reached",
            words.listen.ip()
        )));
    }
    LastingPortal::make(&words.directory, &new).map_err(|error| Refused::Words(error.to_string()))
}

fn renewed(words: &InitWords, library: &Library) -> Result<LastingPortal, Refused> {
    let refused = |error: crate::integration::LastingError| Refused::Words(error.to_string());
    let portal = opened(&words.directory)?
        .ok_or_else(|| Refused::Words(format!("{}: there is no portal to renew", words.directory.display())))?;
    let profile = profile_of(&portal.settings.profile, library)?;
    let environment = environment_of(profile, Some(&portal.settings.environment))?;
    portal.renew(profile, environment, words.days).map_err(refused)?;
    Ok(portal)
}

/// The portal of a directory, if it holds one.
pub(super) fn opened(directory: &Path) -> Result<Option<LastingPortal>, Refused> {
    LastingPortal::open(directory).map_err(|error| Refused::Words(error.to_string()))
}
