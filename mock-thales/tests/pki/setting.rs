//! One run's authorities for the tests.

use mock_thales::pki::{Authorities, Names};
use time::OffsetDateTime;

/// The inbound host.
pub(crate) const HOST: &str = "api.example.com";
/// The issuer host.
pub(crate) const ISSUER: &str = "issuer.acme.example";

/// The authorities of a run that begins now.
pub(crate) fn authorities() -> Authorities {
    with_roots(1)
}

/// The same with so many roots behind the endpoint.
pub(crate) fn with_roots(roots: u8) -> Authorities {
    let names = Names {
        inbound_host: HOST.to_owned(),
        other_host: None,
        issuer_host: ISSUER.to_owned(),
        common_name: "the exact CN".to_owned(),
    };
    Authorities::with_roots(OffsetDateTime::now_utc(), &names, roots).expect("the names are right")
}
