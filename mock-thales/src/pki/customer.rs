//! The customer's identities, where the harness issues them in the customer's place.

use std::sync::Arc;

use rcgen::{DistinguishedName, DnType};

use super::dates::Dates;
use super::key::{self, KeyAge};
use super::leaf::{Leaf, Purpose, subject};
use super::names::Host;
use super::server::{Hierarchy, san};
use super::{Applicant, CustomerAuthority, Identity, PkiError};
use crate::observe::CertificateDer;
use crate::plan::KeyKind;

/// The organisation in the customer's names.
const CUSTOMER: &str = "TEST CUSTOMER";

/// The identities that stand in for the customer's.
pub(super) struct CustomerSide {
    pub(super) self_signed: Renewable,
    pub(super) issued: Renewable,
    pub(super) authority: CustomerAuthority,
    pub(super) server: Arc<Identity>,
    pub(super) server_root: CertificateDer,
}

impl CustomerSide {
    pub(super) fn new(dates: Dates, suffix: &str, common_name: &str, host: &Host) -> Result<Self, PkiError> {
        let kind = KeyKind::P256;

        let leaf = Leaf {
            subject: subject(CUSTOMER, suffix, common_name),
            alternatives: Vec::new(),
            validity: dates.customer_year(),
            purpose: Purpose::ClientAuth,
        };
        let self_signed = Renewable::new(|| {
            let key = key::mint(kind, KeyAge::Today)?;
            Ok(Identity::with_leaf(vec![leaf.self_signed(kind, &key)?], &key))
        })?;

        let authority = CustomerAuthority::new(dates.now())?;
        let issued =
            Renewable::new(|| issued(&authority, dates, &[("O", CUSTOMER), ("OU", suffix), ("CN", common_name)]))?;

        let hierarchy = Hierarchy::new(dates, suffix, "customer server")?;
        let key = key::mint(kind, KeyAge::Today)?;
        let leaf = Leaf {
            subject: subject(CUSTOMER, suffix, &host.text),
            alternatives: san(host),
            validity: dates.today(),
            purpose: Purpose::ServerAuth,
        };
        let server = Identity::with_leaf(hierarchy.chain(&leaf, kind, &key)?, &key);
        let [root, _] = hierarchy.certificates();
        Ok(Self { self_signed, issued, authority, server: Arc::new(server), server_root: root.clone() })
    }
}

/// A certificate and the one that follows it: the same subject and issuer; another key and serial number.
pub(super) struct Renewable {
    pub(super) former: Arc<Identity>,
    pub(super) renewed: Arc<Identity>,
}

impl Renewable {
    /// Both made alike.
    fn new(make: impl Fn() -> Result<Identity, PkiError>) -> Result<Self, PkiError> {
        Ok(Self { former: Arc::new(make()?), renewed: Arc::new(make()?) })
    }
}

impl CustomerSide {
    /// Another customer's identity, which the same authority issued.
    pub(super) fn another(&self, dates: Dates, suffix: &str) -> Result<Identity, PkiError> {
        issued(&self.authority, dates, &[("O", "TEST OTHER CUSTOMER"), ("OU", suffix), ("CN", "another customer")])
    }
}

/// What comes back for a request with that subject.
fn issued(authority: &CustomerAuthority, dates: Dates, subject: &[(&str, &str)]) -> Result<Identity, PkiError> {
    let applicant = Applicant::new(subject)?;
    let certificate = authority.sign(applicant.request_der(), dates.now())?;
    Ok(Identity::with_leaf(vec![certificate], applicant.key()))
}

/// The subject of an authority that has nothing to do with anybody here, as some other house's would look.
pub(super) fn foreign_subject(suffix: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "TEST FOREIGN HOUSE");
    name.push(DnType::OrganizationalUnitName, suffix);
    name.push(DnType::CommonName, "foreign CA");
    name
}
