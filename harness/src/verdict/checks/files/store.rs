//! `store`: what a real trust store holds that the integration file names. The rules are those of `verdict/store.rs`.

use super::super::super::finding::Ruling;
use super::super::super::store::{self, StoreRules};
use super::super::super::view::View;
use super::{at, environment, file, nothing};
use crate::model::{Expectation, StoreAspect, assets};

pub(super) fn expected(aspect: StoreAspect) -> String {
    store::expected(aspect).to_owned()
}

pub(in super::super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: StoreAspect) -> Ruling {
    let Some(environment) = environment(view, expectation) else { return nothing("of no environment") };
    let is_server = matches!(aspect, StoreAspect::ServerAuthority | StoreAspect::Independent | StoreAspect::AllRoots);
    let wanted = if is_server { [assets::TRUST, assets::TRUST_P12] } else { [assets::CLIENT_CA, assets::THALES_LEAF] };
    let stores: Vec<_> = view
        .files(expectation)
        .into_iter()
        .filter(|(_, file)| file.what.strip_prefix("store ").is_some_and(|asset| wanted.contains(&asset)))
        .collect();
    if stores.is_empty() {
        return nothing(format!("[stores] names no {} for {}", wanted[0], environment.id));
    }
    let mut certificates = Vec::new();
    for (seq, store) in &stores {
        if let Some(why) = &store.unreadable {
            // Perhaps a format that is not read here: no reason to call it wrong.
            return nothing(format!("{} cannot be read here: {why}", store.what));
        }
        if store.certificates.is_empty() {
            return Ruling::violated(format!("{} holds no certificate", store.what), vec![*seq]);
        }
        certificates.extend(store.certificates.iter().cloned());
    }
    let portal = file(view, expectation, if is_server { assets::SERVER_AUTHORITY } else { assets::CLIENT_AUTHORITY });
    if let Some(why) = portal.and_then(|(_, portal)| portal.unreadable.as_ref()) {
        return nothing(format!("what the portal gave cannot be read: {why}"));
    }
    let rules = StoreRules {
        published: &view.header.context.published,
        handed_over: portal.map(|(_, portal)| portal.certificates.as_slice()).unwrap_or_default(),
        is_production: environment.is_production(),
        at: at(view.header),
    };
    let evidence = portal.iter().map(|(seq, _)| *seq).chain(stores.iter().map(|(seq, _)| *seq)).collect();
    Ruling { evidence, ..store::judge(&rules, &certificates, aspect) }
}
