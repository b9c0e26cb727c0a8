//! What the name server answers: the inbound host as the plan says, a few fixed names, and that nothing else exists.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{CNAME, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::DnsError;
use crate::observe::Answer;
use crate::plan::{ZoneMode, ZonePlan};

/// What the name server answers. The inbound host and every name under it have the plan's addresses; fixed names have
/// theirs; other names do not exist. Names compare without regard to case (RFC 4343).
#[derive(Debug)]
pub struct Zone {
    host: Name,
    fixed: HashMap<Name, Vec<IpAddr>>,
    current: RwLock<Arc<Current>>,
}

/// A plan with its names read.
#[derive(Debug)]
struct Current {
    plan: ZonePlan,
    /// Canonical name of the host.
    alias: Option<Name>,
}

/// What goes back, and the fact of it.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    /// `None`: nothing is sent.
    pub(super) message: Option<Content>,
    pub(super) fact: Answer,
}

/// The sections of an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Content {
    pub(super) code: ResponseCode,
    pub(super) answers: Vec<Record>,
    pub(super) authority: Option<Record>,
}

/// Negative answers are kept for so many seconds at most (RFC 2308 section 5), so that a scenario in which a name comes
/// back does not wait for caches.
const NEGATIVE_TTL_S: u32 = 1;

impl Zone {
    /// A zone for that host, without final dot.
    pub fn new(host: &str, plan: ZonePlan) -> Result<Self, DnsError> {
        let host = name(host)?;
        let current = RwLock::new(Arc::new(Current::read(&host, plan)?));
        Ok(Self { host, fixed: HashMap::new(), current })
    }

    /// Adds a name outside the plan. The same name may have several addresses.
    pub fn with_static(mut self, host: &str, address: IpAddr) -> Result<Self, DnsError> {
        self.fixed.entry(name(host)?).or_default().push(address);
        Ok(self)
    }

    /// Answers by that plan from now on: an answer follows the old plan or the new one, never a mixture. Fails, and
    /// changes nothing, where its subdomain is no label.
    pub fn set(&self, plan: ZonePlan) -> Result<(), DnsError> {
        let next = Arc::new(Current::read(&self.host, plan)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// The current plan.
    pub fn plan(&self) -> ZonePlan {
        self.current().plan.clone()
    }

    /// What goes back for that name and type; `asked` in the spelling of the question. `None` for what is no question
    /// of this server: another class, another operation.
    pub(super) fn reply(&self, asked: &Name, kind: Option<RecordType>) -> Reply {
        let current = self.current();
        let ttl_s = current.plan.ttl_s;
        let kind = match (current.plan.mode, kind) {
            (ZoneMode::Silence, _) => return Reply { message: None, fact: Answer::Silence },
            (ZoneMode::Servfail, _) | (_, None) => {
                return Reply::without_answer(ResponseCode::ServFail, None, Answer::Failure);
            }
            (ZoneMode::Nxdomain, _) => return no_such_name(ttl_s),
            (ZoneMode::Normal, Some(kind)) => kind,
        };
        let lower = asked.to_lowercase();
        if lower == self.host
            && let Some(alias) = &current.alias
        {
            return records(asked, kind, &current.plan.addresses, ttl_s, Some(alias));
        }
        match self.fixed.get(&lower) {
            _ if lower == self.host => records(asked, kind, &current.plan.addresses, ttl_s, None),
            Some(addresses) => records(asked, kind, addresses, ttl_s, None),
            None if self.host.zone_of(&lower) => records(asked, kind, &current.plan.addresses, ttl_s, None),
            None => no_such_name(ttl_s),
        }
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Current {
    fn read(host: &Name, plan: ZonePlan) -> Result<Self, DnsError> {
        let alias = match &plan.subdomain {
            None => None,
            Some(label) if label.is_empty() || label.contains('.') => {
                return Err(DnsError::Name { name: label.clone() });
            }
            Some(label) => Some(name(&format!("{label}.{}", host.to_ascii()))?),
        };
        Ok(Self { plan, alias })
    }
}

impl Reply {
    fn without_answer(code: ResponseCode, authority: Option<Record>, fact: Answer) -> Self {
        Self { message: Some(Content { code, answers: Vec::new(), authority }), fact }
    }
}

/// The records of a name that exists; without any of that type, an answer that says so (RFC 2308 section 2.2).
fn records(asked: &Name, kind: RecordType, addresses: &[IpAddr], ttl_s: u32, alias: Option<&Name>) -> Reply {
    let owner = alias.unwrap_or(asked);
    let wanted = |address: &&IpAddr| match kind {
        RecordType::A => address.is_ipv4(),
        RecordType::AAAA => address.is_ipv6(),
        RecordType::ANY => true,
        _ => false,
    };
    let addresses: Vec<IpAddr> = addresses.iter().filter(wanted).copied().collect();
    let cname = alias.map(|alias| Record::from_rdata(asked.clone(), ttl_s, RData::CNAME(CNAME(alias.clone()))));
    let found = addresses.iter().map(|address| Record::from_rdata(owner.clone(), ttl_s, RData::from(*address)));
    let answers: Vec<Record> = cname.into_iter().chain(found).collect();
    let complete = !addresses.is_empty() || (alias.is_some() && kind == RecordType::CNAME);
    let authority = (!complete).then(|| start_of_authority(ttl_s));
    let alias = alias.map(Name::to_ascii);
    Reply {
        message: Some(Content { code: ResponseCode::NoError, answers, authority }),
        fact: Answer::Addresses { addresses, ttl_s, alias },
    }
}

fn no_such_name(ttl_s: u32) -> Reply {
    Reply::without_answer(ResponseCode::NXDomain, Some(start_of_authority(ttl_s)), Answer::NoSuchName)
}

/// Of the root: this server is the only one in its world, and a cache takes the record of any zone above the name.
fn start_of_authority(ttl_s: u32) -> Record {
    let ttl_s = ttl_s.min(NEGATIVE_TTL_S);
    let soa = SOA::new(Name::root(), Name::root(), 1, 3600, 600, 86_400, ttl_s);
    Record::from_rdata(Name::root(), ttl_s, RData::SOA(soa))
}

/// A name in lower case with its final dot.
fn name(text: &str) -> Result<Name, DnsError> {
    let refused = || DnsError::Name { name: text.to_owned() };
    let mut name = Name::from_ascii(text).map_err(|_| refused())?.to_lowercase();
    if name.iter().next().is_none() {
        return Err(refused());
    }
    name.set_fqdn(true);
    Ok(name)
}
