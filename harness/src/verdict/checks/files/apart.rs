//! `environments-apart`: each environment has its own host, CN, client certificate and key.
//!
//! What has to differ is what the documents say: the set-up is made for each isolated environment, the portal gives a CN
//! for each, and one product asks for a new key pair as well. Elsewhere one key in both is worth a warning. The stores may
//! be equal, since nothing says that the authorities differ; but what is an environment's own has no place in another's.

use std::collections::BTreeMap;

use mock_thales::observe::{CertificateDer, ShownFile};
use mock_thales::pki::{CertificateFacts, RequestFacts};

use super::super::super::finding::Ruling;
use super::super::super::view::View;
use super::nothing;
use crate::model::{ApartAspect, EnvironmentValues, Expectation};

pub(super) fn expected(aspect: ApartAspect) -> String {
    match aspect {
        ApartAspect::Hosts => "each environment has a host of its own",
        ApartAspect::CommonNames => "each environment has a common name of its own",
        ApartAspect::Certificates => "each environment has a client certificate of its own",
        ApartAspect::Keys => "each environment has a key pair of its own",
        ApartAspect::Stores => "no store holds the client certificate of another environment",
    }
    .to_owned()
}

pub(in super::super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: ApartAspect) -> Ruling {
    let described: Vec<_> =
        view.header.context.environments.iter().filter(|environment| environment.described).collect();
    if described.len() < 2 {
        return nothing("the integration file describes one environment only");
    }
    let files = view.files(expectation);
    let parts: Vec<_> = described.into_iter().map(|environment| Part::new(environment, &files)).collect();
    match aspect {
        ApartAspect::Hosts => hosts(view, &parts),
        ApartAspect::CommonNames => common_names(&parts),
        ApartAspect::Certificates => certificates(&parts),
        ApartAspect::Keys => keys(&parts),
        ApartAspect::Stores => stores(&parts),
    }
}

/// What one environment shows.
struct Part<'a> {
    environment: &'a EnvironmentValues,
    files: Vec<(u64, &'a ShownFile)>,
}

impl<'a> Part<'a> {
    fn new(environment: &'a EnvironmentValues, files: &[(u64, &'a ShownFile)]) -> Self {
        let files = files.iter().copied().filter(|(_, file)| file.environment == environment.id).collect();
        Self { environment, files }
    }

    fn id(&self) -> &str {
        &self.environment.id
    }

    fn file(&self, what: &str) -> Option<(u64, &'a ShownFile)> {
        self.files.iter().copied().find(|(_, file)| file.what == what)
    }

    /// The client certificate, or where there is none yet the request for it.
    fn own(&self) -> Option<(u64, &'a ShownFile)> {
        let holds = |(_, file): &(u64, &ShownFile)| !file.certificates.is_empty() || file.request.is_some();
        self.file("client-certificate").filter(holds).or_else(|| self.file("client-csr").filter(holds))
    }

    /// Certificate and request may both be there; their keys are the environment's.
    fn keys(&self) -> Vec<(u64, String)> {
        ["client-certificate", "client-csr"]
            .iter()
            .filter_map(|what| self.file(what))
            .filter_map(|(seq, file)| {
                let of_certificate = file.certificates.first().and_then(key_of);
                let of_request = || Some(RequestFacts::read(&file.request.as_ref()?.0).ok()?.public_key_sha256);
                Some((seq, of_certificate.or_else(of_request)?))
            })
            .collect()
    }

    fn common_name(&self) -> Option<String> {
        let (_, file) = self.own()?;
        let names = match (file.certificates.first(), &file.request) {
            (Some(leaf), _) => CertificateFacts::read(leaf).ok()?.common_names,
            (None, Some(request)) => RequestFacts::read(&request.0).ok()?.common_names,
            (None, None) => return None,
        };
        String::from_utf8(names.into_iter().next()?).ok()
    }
}

fn key_of(certificate: &CertificateDer) -> Option<String> {
    Some(CertificateFacts::read(certificate).ok()?.public_key_sha256)
}

fn evidence(parts: &[Part<'_>]) -> Vec<u64> {
    parts.iter().filter_map(|part| part.own()).map(|(seq, _)| seq).collect()
}

fn hosts(view: &View<'_>, parts: &[Part<'_>]) -> Ruling {
    let mut seen = BTreeMap::new();
    for part in parts {
        let host = part.environment.host.to_ascii_lowercase();
        if let Some(other) = seen.insert(host.clone(), part.id()) {
            return Ruling::violated(format!("`{host}` is the host of {other} and of {}", part.id()), Vec::new());
        }
        let published = view.header.context.environments.iter().find(|other| {
            other.id != part.environment.id && other.published_host.eq_ignore_ascii_case(&part.environment.host)
        });
        if let Some(other) = published {
            let seen = format!("the host of {} is `{host}`, which is published for {}", part.id(), other.id);
            return Ruling::violated(seen, Vec::new());
        }
    }
    let hosts: Vec<_> = parts.iter().map(|part| format!("{} for {}", part.environment.host, part.id())).collect();
    Ruling::met(hosts.join(", "), Vec::new())
}

/// What the portal gave, and what the documents bear: neither may be the other environment's.
fn common_names(parts: &[Part<'_>]) -> Ruling {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for part in parts {
        let names: Vec<_> = part.environment.common_name.iter().cloned().chain(part.common_name()).collect();
        if names.is_empty() {
            return nothing(format!("nothing says the common name for {}", part.id()));
        }
        for name in names {
            match owners.get(&name) {
                Some(other) if *other != part.id() => {
                    let seen = format!("`{name}` is the common name for {other} and for {}", part.id());
                    return Ruling::violated(seen, evidence(parts));
                }
                _ => {
                    owners.insert(name, part.id());
                }
            }
        }
    }
    let names: Vec<_> = owners.iter().map(|(name, id)| format!("`{name}` for {id}")).collect();
    Ruling::met(names.join(", "), evidence(parts))
}

fn certificates(parts: &[Part<'_>]) -> Ruling {
    let mut seen: Vec<(&str, &ShownFile)> = Vec::new();
    for part in parts {
        let Some((_, file)) = part.own() else {
            return nothing(format!("the integration file names no client certificate or CSR for {}", part.id()));
        };
        let same = seen.iter().find(|(_, other)| {
            let one_certificate =
                file.certificates.first().is_some_and(|leaf| other.certificates.first() == Some(leaf));
            let one_request = file.request.is_some() && file.request == other.request;
            one_certificate || one_request
        });
        if let Some((other, _)) = same {
            let seen = format!("{other} and {} have the same client certificate or CSR", part.id());
            return Ruling::violated(seen, evidence(parts));
        }
        seen.push((part.id(), file));
    }
    let ruling = Ruling::met("one for each", evidence(parts));
    match shared_key(parts) {
        Some((one, other, _)) => ruling.warn(format!("{one} and {other} have the same key")),
        None => ruling,
    }
}

fn keys(parts: &[Part<'_>]) -> Ruling {
    if let Some(part) = parts.iter().find(|part| part.keys().is_empty()) {
        return nothing(format!("the integration file names no client certificate or CSR for {}", part.id()));
    }
    match shared_key(parts) {
        Some((one, other, evidence)) => Ruling::violated(format!("{one} and {other} have the same key"), evidence),
        None => Ruling::met("one for each", evidence(parts)),
    }
}

fn shared_key<'a>(parts: &[Part<'a>]) -> Option<(&'a str, &'a str, Vec<u64>)> {
    let mut owners: BTreeMap<String, (&'a str, u64)> = BTreeMap::new();
    for part in parts {
        let id: &'a str = &part.environment.id;
        for (seq, key) in part.keys() {
            match owners.get(&key) {
                Some((other, first)) if *other != id => return Some((other, id, vec![*first, seq])),
                _ => {
                    owners.insert(key, (id, seq));
                }
            }
        }
    }
    None
}

fn stores(parts: &[Part<'_>]) -> Ruling {
    let mut compared = Vec::new();
    for part in parts {
        for (seq, store) in part.files.iter().filter(|(_, file)| file.what.starts_with("store ")) {
            compared.push(*seq);
            for other in parts.iter().filter(|other| other.id() != part.id()) {
                let own = other.own().and_then(|(_, file)| file.certificates.first());
                if own.is_some_and(|own| store.certificates.contains(own)) {
                    let seen =
                        format!("{} of {} holds the client certificate of {}", store.what, part.id(), other.id());
                    return Ruling::violated(seen, vec![*seq]);
                }
            }
        }
    }
    if compared.is_empty() {
        return Ruling::met("no [stores] are named to compare", compared);
    }
    Ruling::met(format!("{} store(s) compared", compared.len()), compared)
}
