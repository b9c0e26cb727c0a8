//! Authorities that outlive a process: everything that has to be the same from one run to the next, in one file for
//! the owner alone. What is wrong on purpose (look-alikes, strangers) is made anew each time.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::DistinguishedName;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Duration, OffsetDateTime};

use super::authority::Authority;
use super::authority_directory::{draft, failed, make_directory};
use super::client::ClientSide;
use super::customer::{CustomerSide, Renewable, foreign_subject};
use super::dates::Dates;
use super::names::Hosts;
use super::server::ServerSide;
use super::{Authorities, CustomerAuthority, Identity, Names, PkiError};
use crate::observe::CertificateDer;
use crate::plan::{ChainShape, KeyKind, ServerCertificate};

/// The file, for the owner alone. That it is there makes the directory one of authorities.
const FILE: &str = "authorities.json";

/// Days that lasting authorities may last.
pub const LASTING_DAYS: std::ops::RangeInclusive<u16> = 3..=366;

/// Authorities that end sooner are of no use: a leaf that begins tomorrow would not fit.
const LEAST: Duration = Duration::days(2);

impl Authorities {
    /// Makes authorities that last for so many days, and writes them into a directory that is made where it is missing.
    /// `None` where the directory holds some already, which stay.
    ///
    /// # Errors
    /// A name is no host, a key cannot be made, or the directory cannot be written.
    pub fn make_lasting(
        directory: &Path,
        now: OffsetDateTime,
        names: &Names,
        roots: u8,
        days: u16,
    ) -> Result<Option<Self>, PkiError> {
        let until = now + Duration::days(i64::from(days));
        let made = Self::with_dates(Dates::lasting(now, now, until)?, names, roots)?;
        make_directory(directory).map_err(|error| failed(directory, &error))?;
        let kept = made.keep(now, until, names)?;
        let path = directory.join(FILE);
        let text = serde_json::to_vec_pretty(&kept).map_err(|error| wrong(&path, &error))?;
        // Unlike a renaming, a link never replaces what is there.
        match draft(&path, &text, 0o600, |draft| fs::hard_link(draft, &path)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        }
        // For whoever signs requests beside the runs.
        if !made.customer_authority().save(directory)? {
            let _ = fs::remove_file(&path);
            return Ok(None);
        }
        Ok(Some(made))
    }

    /// The authorities of a directory, and the moment at which they end; `None` where it holds none.
    ///
    /// # Errors
    /// They cannot be read, are not whole, or have ended.
    pub fn lasting(directory: &Path, now: OffsetDateTime) -> Result<Option<(Self, OffsetDateTime)>, PkiError> {
        let path = directory.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        };
        let kept: Kept = serde_json::from_slice(&text).map_err(|error| wrong(&path, &error))?;
        if kept.until - now < LEAST {
            return Err(PkiError::Ended { until: kept.until.date().to_string() });
        }
        let authority = CustomerAuthority::load(directory)?
            .ok_or_else(|| PkiError::Directory { path: directory.to_owned(), why: "a file is missing".to_owned() })?;
        let until = kept.until;
        Ok(Some((Self::of_kept(kept, authority, now)?, until)))
    }

    /// Takes lasting authorities out of a directory, so that others can be made there. Nothing is there: nothing is done.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn forget_lasting(directory: &Path) -> Result<(), PkiError> {
        let gone = |path: &Path| match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
            _ => Ok(()),
        };
        gone(&directory.join(FILE))?;
        CustomerAuthority::files(directory).iter().try_for_each(|path| gone(path))
    }

    fn keep(&self, made: OffsetDateTime, until: OffsetDateTime, names: &Names) -> Result<Kept, PkiError> {
        let leaf = |kind| self.server(ServerCertificate::Trusted, kind).map(|identity| KeptIdentity::of(&identity));
        Ok(Kept {
            made,
            until,
            suffix: self.suffix.clone(),
            names: KeptNames {
                inbound_host: names.inbound_host.clone(),
                other_host: names.other_host.clone(),
                issuer_host: names.issuer_host.clone(),
                common_name: names.common_name.clone(),
            },
            server: self.server.keep()?,
            leaves: [leaf(KeyKind::P256)?, leaf(KeyKind::P384)?, leaf(KeyKind::Rsa2048)?],
            client_authority: KeptAuthority::of(self.client.authority()),
            client: KeptIdentity::of(self.client.today()),
            customer: [
                &self.customer.self_signed.former,
                &self.customer.self_signed.renewed,
                &self.customer.issued.former,
                &self.customer.issued.renewed,
                &self.customer.server,
            ]
            .map(|identity| KeptIdentity::of(identity)),
            customer_server_root: self.customer.server_root.clone(),
        })
    }

    fn of_kept(kept: Kept, authority: CustomerAuthority, now: OffsetDateTime) -> Result<Self, PkiError> {
        let KeptNames { inbound_host, other_host, issuer_host, common_name } = kept.names;
        let hosts = Hosts::check(&Names { inbound_host, other_host, issuer_host, common_name })?;
        let dates = Dates::lasting(now, kept.made, kept.until)?;
        let suffix = kept.suffix;
        let client = ClientSide::kept(dates, &suffix, &kept.client_authority, Arc::new(kept.client.identity()?))?;
        let foreign = Authority::root(foreign_subject(&suffix), dates.authority())?;
        let [signed, signed_renewed, issued, issued_renewed, server] = kept.customer;
        let renewable = |former: KeptIdentity, renewed: KeptIdentity| {
            Ok::<_, PkiError>(Renewable {
                former: Arc::new(former.identity()?),
                renewed: Arc::new(renewed.identity()?),
            })
        };
        let customer = CustomerSide {
            self_signed: renewable(signed, signed_renewed)?,
            issued: renewable(issued, issued_renewed)?,
            authority,
            server: Arc::new(server.identity()?),
            server_root: kept.customer_server_root,
        };
        let mut servers = std::collections::HashMap::new();
        for (kind, leaf) in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048].into_iter().zip(kept.leaves) {
            servers.insert((ServerCertificate::Trusted, kind, ChainShape::Usual), Arc::new(leaf.identity()?));
        }
        Ok(Self {
            client_ca_subject: client.authority().subject_der()?,
            foreign_subject: foreign.subject_der()?,
            server: ServerSide::kept(dates, &suffix, hosts, &kept.server)?,
            client,
            customer,
            suffix,
            dates,
            servers: Mutex::new(servers),
            others: Mutex::default(),
            clients: Mutex::default(),
        })
    }
}

/// Everything that lasts, but for the authority for customers, which has files of its own.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(with = "time::serde::rfc3339")]
    made: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    until: OffsetDateTime,
    suffix: String,
    names: KeptNames,
    server: KeptServer,
    /// The endpoint's leaf on P-256, P-384 and RSA.
    leaves: [KeptIdentity; 3],
    client_authority: KeptAuthority,
    client: KeptIdentity,
    /// Self-signed and its successor, issued and its successor, server.
    customer: [KeptIdentity; 5],
    customer_server_root: CertificateDer,
}

#[derive(Serialize, Deserialize)]
struct KeptNames {
    inbound_host: String,
    other_host: Option<String>,
    issuer_host: String,
    common_name: String,
}

/// What lasts of the endpoint's authorities.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptServer {
    /// Root and intermediate in use.
    pub(super) authorities: [KeptAuthority; 2],
    /// The further roots.
    pub(super) reserve: Vec<KeptAuthority>,
    /// Today's keys on P-256 and P-384, and of RSA.
    pub(super) keys: [KeyDer; 3],
}

/// An authority with its key.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptAuthority {
    key: KeyDer,
    certificate: CertificateDer,
}

impl KeptAuthority {
    pub(super) fn of(authority: &Authority) -> Self {
        Self { key: KeyDer(authority.key_pkcs8()), certificate: authority.certificate().clone() }
    }

    pub(super) fn authority(&self, name: DistinguishedName, is_root: bool) -> Result<Authority, PkiError> {
        Authority::kept(name, &self.key.0, self.certificate.clone(), is_root)
    }
}

#[derive(Serialize, Deserialize)]
struct KeptIdentity {
    key: KeyDer,
    chain: Vec<CertificateDer>,
}

impl KeptIdentity {
    fn of(identity: &Identity) -> Self {
        Self { key: KeyDer(identity.key_pkcs8().to_vec()), chain: identity.chain.clone() }
    }

    fn identity(self) -> Result<Identity, PkiError> {
        let none = || PkiError::Certificate { why: "a kept chain is empty".to_owned() };
        Identity::new(self.chain, self.key.0).ok_or_else(none)
    }
}

/// A key as PKCS#8 in DER; base64 in the file.
pub(super) struct KeyDer(pub(super) Vec<u8>);

impl Serialize for KeyDer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for KeyDer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

fn wrong(path: &Path, error: &serde_json::Error) -> PkiError {
    PkiError::Directory { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ClientCertificate;

    fn names() -> Names {
        Names {
            inbound_host: "api.example.com".to_owned(),
            other_host: None,
            issuer_host: "issuer.example.com".to_owned(),
            common_name: "acme".to_owned(),
        }
    }

    #[test]
    fn what_a_pin_knows_is_the_same_in_the_next_run() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let now = OffsetDateTime::now_utc();
        let make = || Authorities::make_lasting(directory.path(), now, &names(), 3, 40).expect("they can be made");
        let made = make().expect("there were none");
        assert!(make().is_none(), "those that are there stay");
        let later = now + Duration::days(30);
        let (found, until) = Authorities::lasting(directory.path(), later).expect("readable").expect("there");
        assert_eq!(until.date(), (now + Duration::days(40)).date());
        assert_eq!(made.trust_pem(), found.trust_pem());
        assert_eq!(made.trust().len(), 4);
        assert_eq!(made.client_ca_pem(), found.client_ca_pem());
        assert_eq!(made.client_leaf_pem(), found.client_leaf_pem());
        assert_eq!(made.customer_client().chain, found.customer_client().chain);
        assert_eq!(made.customer_server().chain, found.customer_server().chain);
        for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
            let leaf = |of: &Authorities| of.server(ServerCertificate::Trusted, kind).expect("made").chain.clone();
            assert_eq!(leaf(&made), leaf(&found));
        }
        let trust: Vec<_> = found.trust().into_iter().cloned().collect();
        for word in [ServerCertificate::Renewed, ServerCertificate::NewIntermediate, ServerCertificate::Root2] {
            let chain = found.server(word, KeyKind::P256).expect("issued").chain.clone();
            assert_eq!(crate::pki::chain_verifies(&chain, &trust, None, later), Ok(()), "{word:?}");
        }
        let renewed = found.client(ClientCertificate::NewKey).expect("issued").expect("a certificate");
        assert_eq!(crate::pki::issued_by(renewed.leaf(), found.client_ca()), Ok(Some(true)));
    }

    #[test]
    fn authorities_that_have_ended_are_refused() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let now = OffsetDateTime::now_utc();
        Authorities::make_lasting(directory.path(), now, &names(), 1, 3).expect("made").expect("there were none");
        let found = Authorities::lasting(directory.path(), now + Duration::days(2));
        assert!(matches!(found, Err(PkiError::Ended { .. })), "{found:?}");
        Authorities::forget_lasting(directory.path()).expect("removed");
        assert!(Authorities::lasting(directory.path(), now).expect("nothing is no error").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let above = tempfile::tempdir().expect("a directory can be made");
        let directory = above.path().join("authorities");
        Authorities::make_lasting(&directory, OffsetDateTime::now_utc(), &names(), 1, 30).expect("made");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&directory.join(FILE))), (0o700, 0o600));
    }
}
