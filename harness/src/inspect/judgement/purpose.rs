//! What a file is for, as far as its content says. Where two things look alike, nobody guesses: the caller has to say it.

use std::fmt;

use mock_thales::observe::CertificateDer;
use mock_thales::pki::CertificateFacts;
use serde::Serialize;

use super::super::{Contents, Entry};
use super::Ground;
use crate::model::CommonNameRule;
use crate::verdict::store::{is_authority, is_stand_in};

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The certificate that the customer shows to Thales.
    ClientCertificate,
    /// The request for it.
    Request,
    /// The chain that the customer's server shows to Thales.
    ServerChain,
    /// Trust in Thales' servers.
    ServerTrust,
    /// Trust in Thales' client.
    ClientTrust,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientCertificate => "client certificate",
            Self::Request => "certificate signing request",
            Self::ServerChain => "server chain",
            Self::ServerTrust => "trust in Thales' servers",
            Self::ClientTrust => "trust in Thales' client",
        })
    }
}

/// A certificate of a file, read.
pub(super) struct Held {
    pub(super) der: CertificateDer,
    pub(super) facts: CertificateFacts,
}

/// What a file is for, with the reason; or why that cannot be said.
pub(super) fn purpose(
    ground: &Ground<'_>,
    contents: &Contents,
    held: &[Held],
) -> Result<(Purpose, &'static str), String> {
    if let Some(stated) = ground.stated {
        return Ok((stated, "so it was said"));
    }
    if contents.entries.iter().any(|entry| matches!(entry, Entry::Request { .. })) {
        return Ok((Purpose::Request, "it holds a request"));
    }
    let has_key_entry = contents.entries.iter().any(|entry| matches!(entry, Entry::KeyEntry { .. }));
    match held {
        [] => Err("it holds nothing to judge: no certificate and no request".to_owned()),
        [only] if only.facts.self_signed == Some(true) => alone(ground, only),
        _ => {
            let leaf = held.iter().find(|held| !is_authority(&held.facts));
            match leaf {
                None => authorities(ground, held),
                Some(leaf) => {
                    if !has_key_entry && let Some(found) = thales_own(ground, held, leaf) {
                        return Ok(found);
                    }
                    // An authority first, and a leaf somewhere behind it: a store or a chain in disorder.
                    if !has_key_entry && is_authority(&held[0].facts) && !names_customer(ground, leaf) {
                        return Err(say(
                            "a chain that does not begin with its leaf, or a trust store with a leaf in it",
                        ));
                    }
                    shown(ground, leaf)
                }
            }
        }
    }
}

/// One self-signed certificate: a customer's own, or a root.
fn alone(ground: &Ground<'_>, held: &Held) -> Result<(Purpose, &'static str), String> {
    let facts = &held.facts;
    let usage = facts.extended_key_usage;
    if usage.is_some_and(|usage| usage.server_auth && !usage.client_auth) && !is_authority(facts) {
        return Ok((Purpose::ServerChain, "it is self-signed and for servers"));
    }
    if is_authority(facts) {
        if let Some(found) = known(ground, std::slice::from_ref(held)) {
            return Ok(found);
        }
        if facts.key_usage.is_some_and(|usage| usage.key_cert_sign) && !names_customer(ground, held) {
            return Err(say("a self-signed certificate that may sign others"));
        }
    }
    Ok((Purpose::ClientCertificate, "it is one self-signed certificate"))
}

/// Authorities and nothing else.
fn authorities(ground: &Ground<'_>, held: &[Held]) -> Result<(Purpose, &'static str), String> {
    known(ground, held).ok_or_else(|| say("authorities that are not known here"))
}

/// Authorities that are known by their fingerprint, by the mark of the harness, or as handed over.
fn known(ground: &Ground<'_>, held: &[Held]) -> Option<(Purpose, &'static str)> {
    let is_published = |held: &Held| {
        let all = ground.profiles.iter().flat_map(|profile| &profile.server_authority.published);
        all.into_iter().any(|authority| held.facts.sha256.eq_ignore_ascii_case(&authority.sha256))
    };
    if held.iter().any(is_published) {
        return Some((Purpose::ServerTrust, "it holds a public authority of Thales' servers"));
    }
    let stand_ins: Vec<_> = held.iter().filter(|held| is_stand_in(&held.facts)).map(common_name).collect();
    let plays = |role: &str| stand_ins.iter().any(|name| name.contains(role));
    if plays("CA for customers") || plays("customer server") {
        return None;
    }
    match (plays(" server "), plays(" client ")) {
        (true, false) => Some((Purpose::ServerTrust, "it holds this harness's authority for Thales' servers")),
        (false, true) => Some((Purpose::ClientTrust, "it holds this harness's authority for Thales' client")),
        _ => None,
    }
}

/// A leaf of Thales among the certificates: the file is somebody's trust in it.
fn thales_own(ground: &Ground<'_>, held: &[Held], leaf: &Held) -> Option<(Purpose, &'static str)> {
    let hosts = ground.profiles.iter().flat_map(|profile| &profile.environments);
    let is_thales_host = |name: &String| {
        let name = name.to_ascii_lowercase();
        name.ends_with(".thalescloud.io") || hosts.clone().any(|environment| environment.host == name)
    };
    if leaf.facts.dns_names.iter().any(is_thales_host) {
        return Some((Purpose::ServerTrust, "its leaf is for a host of Thales"));
    }
    let authorities: Vec<_> = held.iter().filter(|held| is_authority(&held.facts)).collect();
    let is_published = |held: &&&Held| {
        let published = &ground.profile.server_authority.published;
        published.iter().any(|authority| held.facts.sha256.eq_ignore_ascii_case(&authority.sha256))
    };
    // The customer's own server may be below the same public authority.
    let is_below = authorities.iter().any(|held| held.facts.subject == leaf.facts.issuer);
    (!is_below && authorities.iter().any(|held| is_published(&held)))
        .then_some((Purpose::ServerTrust, "it holds a public authority of Thales' servers"))
}

/// A leaf that its owner shows, to a server or to clients.
fn shown(ground: &Ground<'_>, leaf: &Held) -> Result<(Purpose, &'static str), String> {
    let facts = &leaf.facts;
    let usage = facts.extended_key_usage;
    let (client, server) = usage.map_or((false, false), |usage| (usage.client_auth, usage.server_auth));
    let has_host = !facts.dns_names.is_empty() || !facts.ip_addresses.is_empty();
    if names_customer(ground, leaf) && !server {
        return Ok((Purpose::ClientCertificate, "its CN is that of a client certificate"));
    }
    match (client, server) {
        (true, false) => Ok((Purpose::ClientCertificate, "its leaf is for clients")),
        (_, true) => Ok((Purpose::ServerChain, "its leaf is for servers")),
        (false, false) if has_host => Ok((Purpose::ServerChain, "its leaf names hosts")),
        (false, false) if facts.self_signed == Some(true) => {
            Ok((Purpose::ClientCertificate, "its leaf is self-signed"))
        }
        (false, false) => Err(say("a leaf that says neither what it is for nor a host")),
    }
}

/// Whether the CN is the one that onboarding gave, or follows its pattern.
fn names_customer(ground: &Ground<'_>, held: &Held) -> bool {
    let name = common_name(held);
    let is_given = ground.common_name.is_some_and(|given| given == name);
    is_given
        || match &ground.profile.client_certificate.common_name {
            CommonNameRule::Exact => false,
            CommonNameRule::Pattern { rsa, ecdsa } => {
                [rsa, ecdsa].iter().any(|word| name.starts_with(word.trim_end_matches('/')))
            }
        }
}

fn common_name(held: &Held) -> String {
    held.facts.common_names.first().map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default()
}

fn say(what: &str) -> String {
    format!("it holds {what}: say --as what it is for")
}
