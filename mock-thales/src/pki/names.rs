//! The names that certificates of a run carry.

use std::net::IpAddr;

use rcgen::SanType;
use rustls_pki_types::ServerName;

use super::PkiError;

/// The names that certificates of a run carry. Hosts come without port and without final dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The host that the caller dials.
    pub inbound_host: String,
    /// The host that certificates for a wrong host name; `None` takes a sibling of the inbound host.
    pub other_host: Option<String>,
    /// The host of the integration's own server.
    pub issuer_host: String,
    /// The exact CN of the customer's client certificate.
    pub common_name: String,
}

/// A host as a certificate names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// The CN: the text as given.
    pub(super) text: String,
    /// The subject alternative name.
    pub(super) alternative: SanType,
}

/// The hosts of [`Names`], checked.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    pub(super) inbound: Host,
    pub(super) other: Host,
    pub(super) issuer: Host,
}

impl Hosts {
    pub(super) fn check(names: &Names) -> Result<Self, PkiError> {
        let inbound = Host::parse(&names.inbound_host)?;
        let other = match &names.other_host {
            Some(host) => Host::parse(host)?,
            None => Host::parse(&sibling(&names.inbound_host))?,
        };
        if other.text.eq_ignore_ascii_case(&inbound.text) {
            return Err(PkiError::SameHost { host: inbound.text });
        }
        Ok(Self { inbound, other, issuer: Host::parse(&names.issuer_host)? })
    }
}

impl Host {
    pub(super) fn parse(host: &str) -> Result<Self, PkiError> {
        let refused = || PkiError::Host { host: host.to_owned() };
        if host.ends_with('.') {
            return Err(refused());
        }
        let alternative = match ServerName::try_from(host).map_err(|_| refused())? {
            ServerName::IpAddress(address) => SanType::IpAddress(IpAddr::from(address)),
            ServerName::DnsName(name) => SanType::DnsName(name.as_ref().try_into().map_err(|_| refused())?),
            _ => return Err(refused()),
        };
        Ok(Self { text: host.to_owned(), alternative })
    }
}

/// Another host under the same parent, as another product of the same house would have it.
fn sibling(host: &str) -> String {
    if host.parse::<IpAddr>().is_ok() {
        return "wrong.invalid".to_owned();
    }
    match host.split_once('.') {
        Some((first, parent)) if !first.eq_ignore_ascii_case("wrong") => format!("wrong.{parent}"),
        Some((_, parent)) => format!("other.{parent}"),
        None => format!("wrong-{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(inbound: &str, other: Option<&str>) -> Names {
        Names {
            inbound_host: inbound.to_owned(),
            other_host: other.map(str::to_owned),
            issuer_host: "127.0.0.1".to_owned(),
            common_name: "acme".to_owned(),
        }
    }

    #[test]
    fn other_host_defaults_to_a_sibling_and_never_to_a_subdomain() {
        for (inbound, other) in [
            ("api.example.com", "wrong.example.com"),
            ("Wrong.example.com", "other.example.com"),
            ("localhost", "wrong-localhost"),
            ("192.0.2.1", "wrong.invalid"),
        ] {
            let hosts = Hosts::check(&names(inbound, None)).expect("names are right");
            assert_eq!(hosts.other.text, other);
        }
    }

    #[test]
    fn addresses_are_named_as_addresses() {
        let hosts = Hosts::check(&names("api.example.com", None)).expect("names are right");
        assert_eq!(hosts.issuer.alternative, SanType::IpAddress(IpAddr::from([127, 0, 0, 1])));
    }

    #[test]
    fn what_is_no_other_host_or_no_host_is_refused() {
        let same = Hosts::check(&names("api.example.com", Some("API.example.com")));
        assert_eq!(same.err(), Some(PkiError::SameHost { host: "api.example.com".to_owned() }));
        for bad in ["", "api.example.com:443", "api.example.com.", "a b"] {
            assert_eq!(Hosts::check(&names(bad, None)).err(), Some(PkiError::Host { host: bad.to_owned() }), "{bad}");
        }
    }
}
