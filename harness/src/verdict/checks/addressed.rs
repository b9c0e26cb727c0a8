//! `addressed`: the caller names Thales' host in SNI and Host header, and takes no path of another environment along.

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{Context, EnvironmentValues, Expectation, Network};

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let context = &view.header.context;
    let mut evidence = Vec::new();
    let mut outside = None;
    let (subjects, nameless) = view.for_thales(view.subjects(expectation));
    for connection in subjects {
        let Some(hello) = &connection.hello else { continue };
        if !view.is_ours(hello.what.sni.as_deref()) {
            let seen = match &hello.what.sni {
                Some(sni) => format!("SNI is `{sni}`"),
                None => "no SNI is sent".to_owned(),
            };
            return Ruling::violated(seen, vec![hello.seq]);
        }
        for request in &connection.requests {
            let host = request.what.host.as_deref().unwrap_or_default();
            if !is_host(host, &context.inbound_host, view.header.network) {
                return Ruling::violated(format!("Host header is `{host}`"), vec![request.seq]);
            }
            let asks_for_token = connection.token_requests.iter().any(|asked| {
                let of_it = connection.requests.iter().rfind(|request| request.seq < asked.seq);
                of_it.is_some_and(|of_it| of_it.seq == request.seq)
            });
            let path = &request.what.path;
            if !asks_for_token && !path.starts_with(&context.base_path) {
                if let Some(other) = environment_of(path, context) {
                    return Ruling::violated(format!("path `{path}` is that of {other}"), vec![request.seq]);
                }
                outside.get_or_insert_with(|| path.clone());
            }
            evidence.push(request.seq);
        }
    }
    if let Some(nameless) = nameless.first() {
        return view.nameless(nameless);
    }
    if evidence.is_empty() {
        return Ruling::unwitnessed(Reason::NoConnection, "no request arrived", evidence);
    }
    let ruling = Ruling::met(format!("SNI and Host are {}", context.inbound_host), evidence);
    match outside {
        Some(path) => ruling.warn(format!("path `{path}` does not begin with the base path `{}`", context.base_path)),
        None => ruling,
    }
}

/// The other environment of which a path is, where environments have paths of their own.
fn environment_of<'a>(path: &str, context: &'a Context) -> Option<&'a str> {
    let (played, others) = context.environments.split_first()?;
    let is_below = |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let has_own =
        |other: &&EnvironmentValues| !other.published_path.is_empty() && other.published_path != played.published_path;
    others.iter().filter(has_own).find(|other| is_below(&other.published_path)).map(|other| other.id.as_str())
}

/// In the shared network the port is not 443 and so part of the Host header.
fn is_host(found: &str, wanted: &str, network: Network) -> bool {
    let (name, port) = found.rsplit_once(':').map_or((found, None), |(name, port)| (name, Some(port)));
    name.eq_ignore_ascii_case(wanted) && (network == Network::Shared || port.is_none_or(|port| port == "443"))
}
