//! Receivers with a wrong version, port, chain or filter.

use std::net::IpAddr;
use std::sync::Arc;

use mock_thales::pki::{Authorities, Names};
use openssl::ssl::SslVersion;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thales_harness::Portal;
use thales_harness::integration::OwnIdentity;
use thales_harness::model::RequestShape;
use thales_harness::reference::Reference;

use super::defect::{Defect, HOST, own_identity};
use super::receiver::{OpenSsl, Receiver, Rustls, Served, served, verifier, verifier_of};
use super::tls::certificates;

/// Every receiver's row.
const OUTBOUND: [&str; 14] = [
    "outbound.client-certificate",
    "outbound.tls-version",
    "outbound.port",
    "outbound.no-filtering",
    "outbound.client-ca",
    "outbound.only-client-ca",
    "outbound.no-pinning",
    "outbound.server-chain",
    "outbound.host",
    "outbound.subject-check",
    "outbound.new-intermediate",
    "outbound.extended-key-usage",
    "outbound.other-thales-authority",
    "outbound.ca-list",
];

/// All outbound rows but these.
pub(super) fn outbound_but(others: &[&str]) -> Vec<&'static str> {
    OUTBOUND.into_iter().filter(|row| !others.contains(row)).collect()
}

pub(super) fn all() -> Vec<Defect> {
    vec![
        versions("a_server_over_openssl", SslVersion::TLS1_2, SslVersion::TLS1_3),
        versions("a_server_that_speaks_tls_1_2_alone", SslVersion::TLS1_2, SslVersion::TLS1_2),
        versions("a_server_that_speaks_tls_1_3_alone", SslVersion::TLS1_3, SslVersion::TLS1_3),
        versions("a_server_that_still_speaks_tls_1_1", SslVersion::TLS1_1, SslVersion::TLS1_3)
            .everywhere()
            .fails(&["outbound.tls-version"]),
        versions("a_server_that_still_speaks_tls_1_0", SslVersion::TLS1, SslVersion::TLS1_3)
            .fails(&["outbound.tls-version"]),
        versions("a_server_that_speaks_tls_1_1_at_most", SslVersion::TLS1, SslVersion::TLS1_1)
            .fails(&["outbound.tls-version"])
            .inconclusive(&outbound_but(&["outbound.tls-version"])),
        portal_port("a_server_on_port_8443", 8443),
        portal_port("a_server_on_port_9443", 9443).everywhere().fails(&["outbound.port"]),
        Defect::new("a_server_that_filters_by_address", |portal: &Portal| {
            let receiver = Receiver::verifying(portal, verifier(portal)?)?;
            Ok::<_, String>(receiver.admitting(|from| !matches!(from, IpAddr::V4(ip) if ip.octets()[..2] == [203, 0])))
        })
        .only(&["outbound/*"])
        .everywhere()
        .fails(&["outbound.no-filtering"]),
        // Its second path is an application that refuses the body, whoever comes, and asks nobody who it is.
        Defect::new("a_second_path_that_answers_everybody_alike", |portal: &Portal| {
            let receiver = Receiver::verifying(portal, verifier_of(certificates(portal, "THALES_CLIENT_CA")?, false)?)?;
            Ok::<_, String>(receiver.answering(|stream, head| match head.split(' ').nth(1) {
                Some("/second") => 400,
                _ if stream.has_certificate() => 200,
                _ => 403,
            }))
        })
        .described(|subject| {
            let part = &mut subject.receivers[0];
            let (path, status) = ("/second".to_owned(), vec![400]);
            let second = part.requests.first().map(|first| RequestShape { path, status, ..first.clone() });
            part.requests.extend(second);
        })
        .only(&["outbound/*"])
        .inconclusive(&["outbound.client-certificate"]),
        serving("a_server_that_leaves_out_the_intermediate", |portal| {
            let (chain, key) = served(portal)?;
            Ok((chain.into_iter().take(1).collect(), key))
        })
        .everywhere()
        .fails(&["outbound.server-chain"]),
        serving("a_server_with_another_chain_than_the_one_handed_over", |_| stranger("issuer.reference.example"))
            .fails(&["outbound.server-chain"]),
        Defect::new("a_server_that_asks_for_no_api_key", open_to_all)
            .in_profiles(&["merchant-tokenization"])
            .only(&["above/receiver-*"])
            .fails(&["supplement.api-key"]),
        Defect::new("a_server_that_asks_for_no_token", open_to_all)
            .in_profiles(&["d1-ecom"])
            .only(&["above/receiver-*"])
            .fails(&["supplement.outbound-oauth"]),
        Defect::new("a_server_that_takes_its_own_token_for_a_strangers", |portal: &Portal| {
            Ok::<_, String>(open_to_all(portal)?.answering(|_, _| 401))
        })
        .in_profiles(&["d1-ecom"])
        .only(&["above/receiver-*"])
        .fails(&["supplement.outbound-oauth"]),
        Defect::with_identity("a_server_certificate_for_another_host", another_host, Reference::new)
            .only(&["outbound/*"])
            .everywhere()
            .fails(&["outbound.host"]),
    ]
}

/// Lets in whoever has a good certificate.
fn open_to_all(portal: &Portal) -> Result<Receiver, String> {
    Receiver::verifying(portal, verifier(portal)?)
}

fn versions(name: &'static str, lowest: SslVersion, highest: SslVersion) -> Defect {
    Defect::new(name, move |portal: &Portal| Receiver::over(portal, OpenSsl::new(portal, lowest, highest)?))
        .only(&["outbound/*"])
}

fn portal_port(name: &'static str, port: u16) -> Defect {
    Defect::new(name, Reference::new)
        .described(move |subject| subject.portal.issuer_host = format!("issuer.reference.example:{port}").parse().ok())
        .only(&["outbound/*"])
}

fn serving(name: &'static str, serve: fn(&Portal) -> Result<Served, String>) -> Defect {
    Defect::new(name, move |portal: &Portal| {
        Receiver::over(portal, Rustls::new(Arc::clone(&verifier(portal)?), serve(portal)?)?)
    })
    .only(&["outbound/*"])
}

fn another_host(profile: &str) -> Result<OwnIdentity, String> {
    let reference = own_identity(profile)?;
    let (chain, root, key) = made_for("old.reference.example")?;
    Ok(OwnIdentity {
        server_chain: Some((chain + &root).into_bytes()),
        server_key: Some(key.into_bytes()),
        ..reference
    })
}

/// An identity for a host under authorities that nobody here knows.
fn stranger(host: &str) -> Result<Served, String> {
    let (chain, _, key) = made_for(host)?;
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes());
    Ok((chain.map_err(|error| error.to_string())?, key.map_err(|error| error.to_string())?))
}

/// Chain, root and key in PEM.
fn made_for(host: &str) -> Result<(String, String, String), String> {
    let names = Names {
        inbound_host: HOST.to_owned(),
        other_host: None,
        issuer_host: host.to_owned(),
        common_name: super::identity::COMMON_NAME.to_owned(),
    };
    let made = Authorities::new(time::OffsetDateTime::now_utc(), &names).map_err(|error| error.to_string())?;
    let server = made.customer_server();
    Ok((server.chain_pem(), made.customer_server_root_pem(), server.key_pem()))
}
