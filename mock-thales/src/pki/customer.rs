//! The customer's identities, where the harness issues them in the customer's place.

use std::sync::Arc;

use rcgen::{DistinguishedName, DnType};

use super::authority::Authority;
use super::dates::Dates;
use super::key::{self, KeyAge};
use super::leaf::{Leaf, ORGANISATION, Purpose, subject};
use super::names::Host;
use super::server::{Hierarchy, san};
use super::{Identity, PkiError};
use crate::observe::CertificateDer;
use crate::plan::KeyKind;

/// The organisation in the customer's names.
const CUSTOMER: &str = "TEST CUSTOMER";

/// The identities that stand in for the customer's.
pub(super) struct CustomerSide {
    pub(super) self_signed: Arc<Identity>,
    pub(super) issued: Arc<Identity>,
    pub(super) server: Arc<Identity>,
    pub(super) server_root: CertificateDer,
}

impl CustomerSide {
    pub(super) fn new(dates: Dates, suffix: &str, common_name: &str, host: &Host) -> Result<Self, PkiError> {
        let kind = KeyKind::P256;

        let key = key::mint(kind, KeyAge::Today)?;
        let mut leaf = Leaf {
            subject: subject(CUSTOMER, suffix, common_name),
            alternatives: Vec::new(),
            validity: dates.customer_year(),
            purpose: Purpose::ClientAuth,
        };
        let self_signed = Identity::with_leaf(vec![leaf.self_signed(kind, &key)?], &key);

        // Not the Client CA: whoever trusts that one is to admit Thales and no other customer.
        let name = subject(ORGANISATION, suffix, &format!("{ORGANISATION} CA for customers"));
        let authority = Authority::root(name, dates.authority())?;
        let key = key::mint(kind, KeyAge::Today)?;
        leaf.validity = dates.today();
        let issued = Identity::with_leaf(vec![authority.issue(&leaf, kind, &key)?], &key);

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
        Ok(Self {
            self_signed: Arc::new(self_signed),
            issued: Arc::new(issued),
            server: Arc::new(server),
            server_root: root.clone(),
        })
    }
}

/// The subject of an authority that has nothing to do with anybody here, as some other house's would look.
pub(super) fn foreign_subject(suffix: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "TEST FOREIGN HOUSE");
    name.push(DnType::OrganizationalUnitName, suffix);
    name.push(DnType::CommonName, "foreign CA");
    name
}
