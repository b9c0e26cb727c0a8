//! A portal that lasts: authorities and assets in a directory, the same for every run against an integration that runs
//! already and for the counterpart standing by itself. Who may read what: the assets are the customer's, what Thales
//! keeps to itself lies in a directory for the owner alone.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use mock_thales::pki::{Authorities, Names, PkiError};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::portal::{ISSUED_HOST, ISSUED_NAME, Materials};
use super::shown::MaterialsError;
use super::subject::Subject;
use crate::model::{Environment, HostPort, IntegrationFile, PortalValues, Profile};
use crate::world::Asset;

/// What makes a directory a portal.
const SETTINGS: &str = "portal.toml";
/// What Thales keeps to itself: the authorities' keys. `sign --authority` takes it as well.
const AUTHORITIES: &str = "authorities";

/// A portal in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastingPortal {
    /// Where the assets lie, each under its own name.
    pub directory: PathBuf,
    /// What it is for.
    pub settings: PortalSettings,
}

/// What a portal is for, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PortalSettings {
    /// The profile.
    pub profile: String,
    /// The environment.
    pub environment: String,
    /// Thales' host.
    pub inbound_host: String,
    /// Base path of the API.
    pub base_path: String,
    /// The receiver's host, with its port.
    pub issuer_host: String,
    /// The CN that onboarding gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_name: Option<String>,
    /// The identifier that onboarding gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Where Thales' endpoint stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// The address that the name server answers; that of `listen`, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Ipv4Addr>,
    /// Where the name server stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<SocketAddr>,
}

/// What a portal is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewPortal<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The environment.
    pub environment: &'a Environment,
    /// Values that onboarding gave; absent ones are the profile's.
    pub values: &'a PortalValues,
    /// Where Thales' endpoint is to stand.
    pub listen: Option<SocketAddr>,
    /// The address that the name server is to answer.
    pub address: Option<Ipv4Addr>,
    /// Where the name server is to stand.
    pub dns: Option<SocketAddr>,
    /// Life of the authorities, in days: [`mock_thales::pki::LASTING_DAYS`].
    pub days: u16,
}

/// Where an endpoint and a name server stand, whichever run plays them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Of the endpoint.
    pub listen: SocketAddr,
    /// What the name server answers.
    pub address: Ipv4Addr,
    /// Of the name server.
    pub dns: SocketAddr,
}

impl LastingPortal {
    /// Makes a portal in a directory that is missing or empty.
    ///
    /// # Errors
    /// Something lies there already, or cannot be written.
    pub fn make(directory: &Path, new: &NewPortal<'_>) -> Result<Self, LastingError> {
        let unwritable = |error: io::Error| LastingError::Directory { path: directory.to_owned(), error };
        match fs::read_dir(directory).map(Iterator::count) {
            Ok(0) => {}
            Ok(_) => return Err(LastingError::Taken { path: directory.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o755).create(directory).map_err(unwritable)?;
            }
            Err(error) => return Err(unwritable(error)),
        }
        let values = new.values;
        let issuer_host = values.issuer_host.as_ref();
        let settings = PortalSettings {
            profile: new.profile.id.clone(),
            environment: new.environment.id.clone(),
            inbound_host: values.inbound_host.clone().unwrap_or_else(|| new.environment.host.clone()),
            base_path: values.base_path.clone().unwrap_or_else(|| new.environment.base_path.clone()),
            issuer_host: issuer_host
                .map_or_else(|| format!("{ISSUED_HOST}:443"), |HostPort { host, port }| format!("{host}:{port}")),
            common_name: values.common_name.clone(),
            customer_id: values.customer_id.clone(),
            listen: new.listen,
            address: new.address,
            dns: new.dns,
        };
        let portal = Self { directory: directory.to_owned(), settings };
        portal.fill(new.profile, new.environment, new.days)?;
        // Last: what makes the directory a portal stands for a whole one.
        portal.write(&settings_asset(&portal.settings))?;
        Ok(portal)
    }

    /// Makes the authorities and all assets of a portal anew; what it is for stays.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn renew(&self, profile: &Profile, environment: &Environment, days: u16) -> Result<(), LastingError> {
        Authorities::forget_lasting(&self.directory.join(AUTHORITIES))?;
        self.fill(profile, environment, days)
    }

    /// The portal of a directory; `None` where it holds none.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn open(directory: &Path) -> Result<Option<Self>, LastingError> {
        let path = directory.join(SETTINGS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LastingError::Directory { path, error }),
        };
        let settings =
            toml::from_str(&text).map_err(|error| LastingError::Settings { path, why: error.to_string() })?;
        // A run changes its directory for none of its parts.
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        Ok(Some(Self { directory, settings }))
    }

    /// Values that onboarding gave, as far as a portal knows them.
    ///
    /// # Errors
    /// Those of an integration file say something else.
    pub fn values(&self, own: &PortalValues) -> Result<PortalValues, LastingError> {
        let settings = &self.settings;
        let differs = |key: &'static str, own: &str, portal: &str| {
            let (own, portal) = (own.to_owned(), portal.to_owned());
            LastingError::Differs { directory: self.directory.clone(), key, own, portal }
        };
        let mut values = own.clone();
        let issuer: HostPort = settings.issuer_host.parse().map_err(|_| LastingError::Settings {
            path: self.directory.join(SETTINGS),
            why: format!("issuer-host: `{}` is no host with a port", settings.issuer_host),
        })?;
        match &own.issuer_host {
            Some(said) if *said != issuer => {
                return Err(differs("issuer-host", &format!("{}:{}", said.host, said.port), &settings.issuer_host));
            }
            _ => values.issuer_host = Some(issuer),
        }
        let keys = [
            ("inbound-host", &mut values.inbound_host, Some(&settings.inbound_host)),
            ("base-path", &mut values.base_path, Some(&settings.base_path)),
            ("common-name", &mut values.common_name, settings.common_name.as_ref()),
            ("customer-id", &mut values.customer_id, settings.customer_id.as_ref()),
        ];
        for (key, own, portal) in keys {
            match (own.as_ref(), portal) {
                (Some(said), Some(portal)) if said != portal => return Err(differs(key, said, portal)),
                (None, Some(portal)) => *own = Some(portal.clone()),
                _ => {}
            }
        }
        Ok(values)
    }

    /// Its authorities.
    ///
    /// # Errors
    /// They are missing, cannot be read, or have ended.
    pub fn authorities(&self, now: OffsetDateTime) -> Result<Authorities, PkiError> {
        let path = self.directory.join(AUTHORITIES);
        let none = || PkiError::Directory { path: path.clone(), why: "there are no authorities".to_owned() };
        Authorities::lasting(&path, now)?.map(|(found, _)| found).ok_or_else(none)
    }

    /// Where endpoint and name server stand in every run.
    ///
    /// # Errors
    /// The portal does not say it.
    pub fn places(&self) -> Result<Places, LastingError> {
        let missing = |key| LastingError::NoPlace { path: self.directory.join(SETTINGS), key };
        let listen = self.settings.listen.filter(|at| at.port() != 0).ok_or_else(|| missing("listen"))?;
        let dns = self.settings.dns.filter(|at| at.port() != 0).ok_or_else(|| missing("dns"))?;
        let address = address(self.settings.address, listen).ok_or_else(|| missing("address"))?;
        Ok(Places { listen, address, dns })
    }

    /// Finds out whether the places are free: whoever stands there would be taken for the run.
    ///
    /// # Errors
    /// One is taken.
    pub fn vacant(&self) -> Result<(), LastingError> {
        let Places { listen, dns, .. } = self.places()?;
        let taken = |address| move |error| LastingError::Occupied { address, error };
        TcpListener::bind(listen).map_err(taken(listen))?;
        TcpListener::bind(dns).map_err(taken(dns))?;
        UdpSocket::bind(dns).map(drop).map_err(taken(dns))
    }

    /// Authorities and assets.
    fn fill(&self, profile: &Profile, environment: &Environment, days: u16) -> Result<(), LastingError> {
        let settings = &self.settings;
        let issuer: Option<HostPort> = settings.issuer_host.parse().ok();
        let names = Names {
            inbound_host: settings.inbound_host.clone(),
            other_host: None,
            issuer_host: issuer.map_or_else(|| ISSUED_HOST.to_owned(), |issuer| issuer.host),
            common_name: settings.common_name.clone().unwrap_or_else(|| ISSUED_NAME.to_owned()),
        };
        let path = self.directory.join(AUTHORITIES);
        let now = OffsetDateTime::now_utc();
        let made = Authorities::make_lasting(&path, now, &names, profile.server_authority.roots, days)?;
        made.ok_or(LastingError::Taken { path })?;
        let materials = Materials::new(&self.subject()?, profile, environment).map_err(LastingError::Materials)?;
        materials.assets.iter().try_for_each(|asset| self.write(asset))
    }

    /// An integration that has nothing of its own: what the portal issues is what it has.
    pub fn subject(&self) -> Result<Subject, LastingError> {
        let path = self.directory.join(SETTINGS);
        let wrong = |why: String| LastingError::Settings { path: path.clone(), why };
        let (profile, environment) = (&self.settings.profile, &self.settings.environment);
        let text = format!("name = \"portal\"\nprofile = \"{profile}\"\nenvironment = \"{environment}\"\n");
        let file: IntegrationFile = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let mut subject = Subject::from_file(file, &path, None)
            .map_err(|faults| wrong(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
        subject.file = None;
        subject.lasting_in(self.clone())
    }

    /// Puts a file in its place in one step, a key readable by its owner alone.
    fn write(&self, asset: &Asset) -> Result<(), LastingError> {
        let path = self.directory.join(&asset.name);
        let draft = self.directory.join(format!(".{}.new", asset.name));
        let mode = if asset.secret { 0o600 } else { 0o644 };
        let written =
            OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft).and_then(|mut file| {
                file.set_permissions(fs::Permissions::from_mode(mode))?;
                file.write_all(&asset.content)?;
                file.sync_all()?;
                fs::rename(&draft, &path)
            });
        written.map_err(|error| LastingError::Directory { path, error })
    }
}

/// The address that a name server is to answer for an endpoint.
pub fn address(said: Option<Ipv4Addr>, listen: SocketAddr) -> Option<Ipv4Addr> {
    said.or(match listen.ip() {
        IpAddr::V4(ip) if !ip.is_unspecified() => Some(ip),
        _ => None,
    })
}

fn settings_asset(settings: &PortalSettings) -> Asset {
    let text = toml::to_string(settings).unwrap_or_default();
    let head = "# A portal of the harness: TEST, NOT THALES. Made by `thales-harness portal init`.\n";
    Asset { name: SETTINGS.to_owned(), content: format!("{head}{text}").into_bytes(), secret: false }
}

/// Why a portal is of no use. Its text completes "failed to …" where it is no sentence of its own.
#[derive(Debug)]
pub enum LastingError {
    /// Something lies there already.
    Taken {
        /// The directory.
        path: PathBuf,
    },
    /// A file or directory cannot be read or written.
    Directory {
        /// Which.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The portal's file is not understood.
    Settings {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: String,
    },
    /// The portal's file does not say where something stands.
    NoPlace {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },
    /// Somebody stands where the portal is to stand.
    Occupied {
        /// Where.
        address: SocketAddr,
        /// The cause.
        error: io::Error,
    },
    /// The integration file says another value.
    Differs {
        /// The portal.
        directory: PathBuf,
        /// The key.
        key: &'static str,
        /// What the file says.
        own: String,
        /// What the portal was made for.
        portal: String,
    },
    /// The authorities.
    Pki(PkiError),
    /// The assets.
    Materials(MaterialsError),
}

impl From<PkiError> for LastingError {
    fn from(error: PkiError) -> Self {
        Self::Pki(error)
    }
}

impl fmt::Display for LastingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken { path } => {
                write!(f, "{} is not empty: nothing is overwritten; `--renew` makes a portal anew", path.display())
            }
            Self::Directory { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Settings { path, why } => write!(f, "{}: {why}", path.display()),
            Self::NoPlace { path, key } => {
                write!(f, "{} names no `{key}`, which is to be the same in every run", path.display())
            }
            Self::Occupied { address, error } => write!(
                f,
                "failed to listen on {address}, where the portal stands: {error}; does another run or `mock-thales serve` \
                 stand there?"
            ),
            Self::Differs { directory, key, own, portal } => write!(
                f,
                "[portal] {key} is `{own}`, and the portal in {} was made for `{portal}`",
                directory.display()
            ),
            Self::Pki(error) => write!(f, "failed to {error}"),
            Self::Materials(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for LastingError {}
