//! Integrations that mix two environments up, in their files or while they run, and stores that hold what they should
//! not.

use std::sync::{Arc, OnceLock};

use mock_thales::pki::{Authorities, Names};
use openssl::pkey::PKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thales_harness::integration::{OwnIdentity, OwnStore, Subject};
use thales_harness::reference::Reference;
use thales_harness::{Integration, Portal, Reply, Request};
use time::OffsetDateTime;

use super::caller::{Caller, system};
use super::defect::{Defect, HOST, PROFILES, host, other_identity};
use super::identity::{COMMON_NAME, Recipe};

/// Thales' host in the environment that the zoo is not tested in.
const OTHER_HOST: &str = "api.dbp.thalescloud.io";
const OTHER: &str = "production";
const PLAYED: &str = "pre-production";
/// What the portal gives the reference there.
const OTHER_COMMON_NAME: &str = "reference.production.customer.example";

const SERVER_STORE: &str = "TSH_TLS_SERVER_CERTIFICATE_CHAIN";
const CLIENT_STORE: &str = "THALES_CLIENT_CA";

pub(super) fn all() -> Vec<Defect> {
    let there = Recipe { common_name: OTHER_COMMON_NAME, ..Recipe::default() };
    [
        // Right, though made otherwise than the reference's.
        filed("environments_with_certificates_of_another_make", move |subject| {
            other(subject, there.identity(PROFILES[0])?)
        }),
        filed("one_key_in_both_environments", move |subject| {
            let key = subject.identity.client_key.clone().ok_or("the reference has a key")?;
            let key = PKey::private_key_from_pem(&key).map_err(|error| error.to_string())?;
            other(subject, there.identity_with(PROFILES[0], &key)?)
        }),
        filed("one_certificate_in_both_environments", |subject| other(subject, subject.identity.clone()))
            .fails(&["general.environments", "inbound.certificate.common-name"]),
        filed("the_common_name_of_pre_production_in_production", |subject| {
            other(subject, Recipe::default().identity(PROFILES[0])?)
        })
        .fails(&["general.environments", "inbound.certificate.common-name"]),
        filed("one_common_name_in_both_environments", |subject| {
            other(subject, Recipe::default().identity(PROFILES[0])?)?;
            with_other(subject, |subject| subject.0.common_name = Some(COMMON_NAME.to_owned()))
        })
        .fails(&["general.environments"]),
        filed("one_host_for_both_environments", |subject| {
            let host = host(&subject.profile)?;
            with_other(subject, |subject| subject.0.inbound_host = Some(host))
        })
        .everywhere()
        .fails(&["general.environments"]),
        filed("an_expired_certificate_in_production", move |subject| {
            other(subject, Recipe { days: (-90, -2), ..there }.identity(PROFILES[0])?)
        })
        .fails(&["inbound.certificate.validity"]),
    ]
    .into_iter()
    .chain(stores())
    .chain(contacts())
    .collect()
}

fn stores() -> [Defect; 9] {
    let leaf = || Ok([authority("Client CA")?, certificate(Recipe::default())?].concat());
    [
        stored("a_client_store_with_one_authority", OTHER, CLIENT_STORE, || authority("Client CA")),
        stored("a_client_store_with_a_leaf", OTHER, CLIENT_STORE, leaf).fails(&["outbound.no-pinning"]),
        stored("a_client_store_with_nothing_but_a_leaf", OTHER, CLIENT_STORE, || certificate(Recipe::default()))
            .fails(&["outbound.client-ca", "outbound.only-client-ca", "outbound.no-pinning"]),
        stored("a_client_store_with_two_authorities", OTHER, CLIENT_STORE, || {
            Ok([authority("Client CA")?, authority("Public CA")?].concat())
        })
        .fails(&["outbound.only-client-ca"]),
        stored("a_client_store_with_a_stand_in", OTHER, CLIENT_STORE, || {
            Ok(authorities()?.client_ca_pem().into_bytes())
        })
        .fails(&["outbound.client-ca"]),
        stored("a_server_store_with_a_stand_in_for_production", OTHER, SERVER_STORE, || {
            Ok(authorities()?.trust_pem().into_bytes())
        })
        .fails(&["inbound.server-trust"]),
        stored("a_server_store_with_a_stand_in", PLAYED, SERVER_STORE, || Ok(authorities()?.trust_pem().into_bytes())),
        stored("a_server_store_with_a_leaf", PLAYED, SERVER_STORE, || {
            Ok([authorities()?.trust_pem().into_bytes(), certificate(Recipe::default())?].concat())
        })
        .fails(&["inbound.server-trust"]),
        stored("a_server_store_that_is_a_bundle", PLAYED, SERVER_STORE, || {
            let mut bundle = authorities()?.trust_pem().into_bytes();
            for number in 0..25 {
                bundle.extend(authority(BUNDLED[number % BUNDLED.len()])?);
            }
            Ok(bundle)
        })
        .fails(&["inbound.store-independence"]),
    ]
}

const BUNDLED: [&str; 3] = ["Public CA 1", "Public CA 2", "Public CA 3"];

fn contacts() -> [Defect; 4] {
    let shared = Arc::new(OnceLock::new());
    let (filed, shown) = (Arc::clone(&shared), shared);
    [
        touching("a_caller_that_calls_production", |portal: &Portal| {
            Ok::<_, String>(Elsewhere { caller: Caller::new(portal)?, own_as_well: false })
        })
        // Nothing comes to the host that it was to call.
        .fails(&["general.environments"]),
        touching("a_caller_that_calls_production_as_well", |portal: &Portal| {
            Ok::<_, String>(Elsewhere { caller: Caller::new(portal)?, own_as_well: true })
        })
        .fails(&["general.environments"]),
        touching("a_caller_that_looks_production_up", |portal: &Portal| {
            let lookup = |host: &str, port| {
                let _ = system(OTHER_HOST, port);
                system(host, port)
            };
            Ok::<_, String>(Caller::new(portal)?.looking_up(Box::new(lookup)))
        })
        .fails(&["general.environments"]),
        touching("a_caller_that_shows_productions_certificate", move |portal: &Portal| {
            let (certificate, key) = production(&shown);
            let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>();
            let chain = chain.map_err(|error| error.to_string())?;
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| error.to_string())?;
            Caller::showing(portal, Some((chain, key)))
        })
        .described(move |subject| {
            let (certificate, _) = production(&filed);
            let certificate = Some(certificate.clone());
            let _ = with_other(subject, |other| other.1.client_certificate = certificate);
        })
        .fails(&["general.environments"]),
    ]
}

/// Certificate and key of the reference in Production, once made.
fn production(made: &OnceLock<OwnIdentity>) -> (&Vec<u8>, &Vec<u8>) {
    let own = made.get_or_init(|| other_identity(PROFILES[0]).expect("its certificates can be made"));
    match (&own.client_certificate, &own.client_key) {
        (Some(certificate), Some(key)) => (certificate, key),
        _ => unreachable!("the reference has both"),
    }
}

/// Calls the host of the other environment, which shows it a good certificate.
struct Elsewhere {
    caller: Caller,
    own_as_well: bool,
}

impl Integration for Elsewhere {
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        let there = Request { url: request.url.replace(HOST, OTHER_HOST), method: request.method.clone() };
        let reply = self.caller.call(&there);
        if self.own_as_well { self.caller.call(request) } else { reply }
    }
}

/// The reference with other files.
fn filed(name: &'static str, change: impl Fn(&mut Subject) -> Result<(), String> + Send + Sync + 'static) -> Defect {
    Defect::new(name, Reference::new).described_or(change).only(&["files/*"])
}

/// The reference with a store.
fn stored(
    name: &'static str,
    environment: &'static str,
    asset: &'static str,
    content: impl Fn() -> Result<Vec<u8>, String> + Send + Sync + 'static,
) -> Defect {
    filed(name, move |subject| {
        let (environment, asset) = (Some(environment.to_owned()), asset.to_owned());
        subject.stores.push(OwnStore { environment, asset, content: content()? });
        Ok(())
    })
}

/// A caller that is played.
fn touching<I: Integration + 'static>(
    name: &'static str,
    build: impl Fn(&Portal) -> Result<I, String> + Send + Sync + Clone + 'static,
) -> Defect {
    Defect::new(name, build).only(&["inbound/environment"])
}

fn other(subject: &mut Subject, identity: OwnIdentity) -> Result<(), String> {
    with_other(subject, |other| other.1 = identity)
}

fn with_other(
    subject: &mut Subject,
    change: impl FnOnce(&mut (thales_harness::model::PortalValues, OwnIdentity)),
) -> Result<(), String> {
    change(subject.others.get_mut(OTHER).ok_or("the reference describes Production")?);
    Ok(())
}

fn certificate(recipe: Recipe) -> Result<Vec<u8>, String> {
    recipe.identity(PROFILES[0])?.client_certificate.ok_or_else(|| "no certificate was made".to_owned())
}

/// An authority that is none of the harness's.
fn authority(common_name: &'static str) -> Result<Vec<u8>, String> {
    certificate(Recipe { common_name, is_authority: true, ..Recipe::default() })
}

fn authorities() -> Result<Authorities, String> {
    let names = Names {
        inbound_host: HOST.to_owned(),
        other_host: None,
        issuer_host: "issuer.reference.example".to_owned(),
        common_name: COMMON_NAME.to_owned(),
    };
    Authorities::new(OffsetDateTime::now_utc(), &names).map_err(|error| error.to_string())
}
