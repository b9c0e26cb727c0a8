//! Whether a server's chain, as declared and as it is to be served, leads to an anchor: complete, in order and from
//! what the chain itself holds.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use rustls_pki_types::{CertificateDer as Der, ServerName, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::name::{self, parse};
use crate::observe::CertificateDer;

/// What is wrong with a chain. Positions count from 0, the leaf. Its text completes "failed to …".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainFault {
    /// It holds no certificate.
    Empty,
    /// No anchor to verify against.
    NoAnchor,
    /// A certificate of the chain or an anchor cannot be read.
    Unreadable {
        /// Its position, or `None` for an anchor.
        position: Option<usize>,
        /// The cause.
        why: String,
    },
    /// A certificate did not issue the one before it.
    OutOfOrder {
        /// The one that is out of order.
        position: usize,
        /// RFC 4514 subject that was expected there.
        expected: String,
    },
    /// The last certificate is neither an anchor nor issued by one.
    Incomplete {
        /// RFC 4514 subject of the issuer that is missing.
        missing: String,
    },
    /// Names lead to an anchor and signatures do not.
    BadSignature,
    /// A certificate has ended.
    Expired,
    /// A certificate has not begun.
    NotYetValid,
    /// The leaf may not be used by a server.
    NotForServers,
    /// The leaf is an authority's certificate.
    LeafIsAuthority,
    /// The leaf does not name the host in its subject alternative name.
    WrongHost {
        /// The host.
        host: String,
    },
    /// The host to look for is neither a name nor an address.
    Host {
        /// The text.
        host: String,
    },
    /// Anything else.
    Other {
        /// The verifier's word for it.
        error: String,
    },
}

/// Verifies a server's chain, leaf first, at a moment.
///
/// Each certificate must have issued the one before it (RFC 5246 section 7.4.2), and the last must be an anchor or be
/// issued by one. Anchors may be roots or intermediates; their own dates are not looked at (RFC 5280 section 6.1.1).
pub fn chain_verifies(
    chain: &[CertificateDer],
    anchors: &[CertificateDer],
    host: Option<&str>,
    at: OffsetDateTime,
) -> Result<(), ChainFault> {
    let last = in_order(chain)?;
    let chain: Vec<Der<'_>> = chain.iter().map(|certificate| Der::from(certificate.0.as_slice())).collect();
    let anchors: Vec<Der<'_>> = anchors.iter().map(|certificate| Der::from(certificate.0.as_slice())).collect();
    let anchors = anchors
        .iter()
        .map(|anchor| {
            anchor_from_trusted_cert(anchor)
                .map_err(|error| ChainFault::Unreadable { position: None, why: error.to_string() })
        })
        .collect::<Result<Vec<TrustAnchor<'_>>, _>>()?;
    if anchors.is_empty() {
        return Err(ChainFault::NoAnchor);
    }
    let (leaf, issuers) = chain.split_first().ok_or(ChainFault::Empty)?;
    let leaf = EndEntityCert::try_from(leaf)
        .map_err(|error| ChainFault::Unreadable { position: Some(0), why: error.to_string() })?;
    let seconds = u64::try_from(at.unix_timestamp()).unwrap_or(0);
    let moment = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, issuers, moment, KeyUsage::server_auth(), None, None)
        .map_err(|error| fault(&error, last))?;
    let Some(host) = host else { return Ok(()) };
    let name = ServerName::try_from(host).map_err(|_| ChainFault::Host { host: host.to_owned() })?;
    leaf.verify_is_valid_for_subject_name(&name).map_err(|error| match error {
        webpki::Error::CertNotValidForName(_) => ChainFault::WrongHost { host: host.to_owned() },
        other => ChainFault::Other { error: other.to_string() },
    })
}

/// Looks at the names from link to link and returns the issuer of the last certificate.
fn in_order(chain: &[CertificateDer]) -> Result<String, ChainFault> {
    let mut expected: Option<(Vec<u8>, String)> = None;
    for (position, certificate) in chain.iter().enumerate() {
        let parsed = parse(certificate)
            .map_err(|error| ChainFault::Unreadable { position: Some(position), why: error.to_string() })?;
        if let Some((der, expected)) = expected
            && der != parsed.subject().as_raw()
        {
            return Err(ChainFault::OutOfOrder { position, expected });
        }
        expected = Some((parsed.issuer().as_raw().to_vec(), name::text(parsed.issuer())));
    }
    expected.map(|(_, name)| name).ok_or(ChainFault::Empty)
}

fn fault(error: &webpki::Error, last: String) -> ChainFault {
    use webpki::Error as Fault;

    match error {
        Fault::UnknownIssuer => ChainFault::Incomplete { missing: last },
        Fault::InvalidSignatureForPublicKey => ChainFault::BadSignature,
        Fault::CertExpired { .. } => ChainFault::Expired,
        Fault::CertNotValidYet { .. } => ChainFault::NotYetValid,
        Fault::RequiredEkuNotFoundContext(_) => ChainFault::NotForServers,
        Fault::CaUsedAsEndEntity => ChainFault::LeafIsAuthority,
        other => ChainFault::Other { error: other.to_string() },
    }
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("verify a chain without certificates"),
            Self::NoAnchor => f.write_str("verify a chain without any anchor"),
            Self::Unreadable { position: Some(position), why } => {
                write!(f, "read certificate {position} of the chain: {why}")
            }
            Self::Unreadable { position: None, why } => write!(f, "read an anchor: {why}"),
            Self::OutOfOrder { position, expected } => {
                write!(f, "follow the chain: certificate {position} is not that of {expected}")
            }
            Self::Incomplete { missing } => write!(f, "reach an anchor: the certificate of {missing} is missing"),
            Self::BadSignature => f.write_str("verify a signature in the chain"),
            Self::Expired => f.write_str("verify the chain: a certificate has expired"),
            Self::NotYetValid => f.write_str("verify the chain: a certificate is not yet valid"),
            Self::NotForServers => f.write_str("verify the chain: the leaf is not for servers"),
            Self::LeafIsAuthority => f.write_str("verify the chain: the leaf is an authority's certificate"),
            Self::WrongHost { host } => write!(f, "find `{host}` among the leaf's alternative names"),
            Self::Host { host } => write!(f, "read `{host}` as a host name or an address"),
            Self::Other { error } => write!(f, "verify the chain: {error}"),
        }
    }
}

impl Error for ChainFault {}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::pki::{Authorities, Names};
    use crate::plan::{KeyKind, ServerCertificate};

    const HOST: &str = "issuer.acme.example";

    fn authorities(now: OffsetDateTime) -> Authorities {
        let names = Names {
            inbound_host: "api.example.com".to_owned(),
            other_host: None,
            issuer_host: HOST.to_owned(),
            common_name: "acme".to_owned(),
        };
        Authorities::new(now, &names).expect("the names are right")
    }

    #[test]
    fn a_complete_chain_verifies_under_root_intermediate_and_itself() {
        let now = OffsetDateTime::now_utc();
        let authorities = authorities(now);
        let root = authorities.customer_server_root().clone();
        let served = authorities.customer_server().chain.clone();
        let declared = [served.clone(), vec![root.clone()]].concat();
        for (chain, anchor) in [(&served, &root), (&served, &served[1]), (&declared, &declared[2])] {
            assert_eq!(chain_verifies(chain, std::slice::from_ref(anchor), Some(HOST), now), Ok(()));
        }
    }

    #[test]
    fn missing_swapped_and_foreign_links_are_told_apart() {
        let now = OffsetDateTime::now_utc();
        let authorities = authorities(now);
        let root = [authorities.customer_server_root().clone()];
        let [leaf, intermediate] = authorities.customer_server().chain.as_slice() else { panic!("two certificates") };
        let verified = |chain: &[&CertificateDer]| {
            let chain: Vec<CertificateDer> = chain.iter().copied().cloned().collect();
            chain_verifies(&chain, &root, Some(HOST), now)
        };
        assert_eq!(verified(&[]), Err(ChainFault::Empty));
        assert_eq!(verified(&[leaf, intermediate]), Ok(()));
        let expected = name::text(parse(leaf).expect("a certificate").issuer());
        assert_eq!(verified(&[leaf]), Err(ChainFault::Incomplete { missing: expected.clone() }));
        assert_eq!(
            verified(&[leaf, &root[0]]),
            Err(ChainFault::OutOfOrder { position: 1, expected: expected.clone() })
        );
        let twice = verified(&[leaf, leaf, intermediate]);
        assert_eq!(twice, Err(ChainFault::OutOfOrder { position: 1, expected }));
        assert!(matches!(verified(&[intermediate, leaf]), Err(ChainFault::OutOfOrder { position: 1, .. })));
        assert_eq!(verified(&[intermediate]), Err(ChainFault::LeafIsAuthority));
        assert_eq!(chain_verifies(std::slice::from_ref(leaf), &[], None, now), Err(ChainFault::NoAnchor));
        let cut = CertificateDer(leaf.0[..leaf.0.len() - 1].to_vec());
        assert!(matches!(verified(&[&cut]), Err(ChainFault::Unreadable { position: Some(0), .. })));
    }

    #[test]
    fn each_defect_of_a_leaf_has_its_fault() {
        let now = OffsetDateTime::now_utc();
        let authorities = authorities(now);
        let anchors: Vec<CertificateDer> = authorities.trust().into_iter().cloned().collect();
        let host = "api.example.com";
        let wrong_host = ChainFault::WrongHost { host: host.to_owned() };
        for (recipe, fault) in [
            (ServerCertificate::Trusted, None),
            (ServerCertificate::OddCn, None),
            (ServerCertificate::WrongHost, Some(wrong_host.clone())),
            (ServerCertificate::WrongSan, Some(wrong_host.clone())),
            (ServerCertificate::CnOnly, Some(wrong_host)),
            (ServerCertificate::LookAlikeCa, Some(ChainFault::BadSignature)),
            (ServerCertificate::Expired, Some(ChainFault::Expired)),
            (ServerCertificate::NotYetValid, Some(ChainFault::NotYetValid)),
            (ServerCertificate::WrongEku, Some(ChainFault::NotForServers)),
        ] {
            let identity = authorities.server(recipe, KeyKind::P256).expect("the recipe can be made");
            let verified = chain_verifies(&identity.chain, &anchors, Some(host), now);
            assert_eq!(verified.err(), fault, "{recipe:?}");
        }
        for recipe in [ServerCertificate::UnknownCa, ServerCertificate::SelfSigned] {
            let identity = authorities.server(recipe, KeyKind::P256).expect("the recipe can be made");
            let verified = chain_verifies(&identity.chain, &anchors, Some(host), now);
            assert!(matches!(verified, Err(ChainFault::Incomplete { .. })), "{recipe:?}: {verified:?}");
        }
        let expired = authorities.server(ServerCertificate::Expired, KeyKind::P256).expect("the recipe can be made");
        let then = now - Duration::days(3);
        assert_eq!(chain_verifies(&expired.chain, &anchors, Some(host), then), Ok(()));
        let verified = chain_verifies(&expired.chain, &anchors, Some("a b"), then);
        assert_eq!(verified, Err(ChainFault::Host { host: "a b".to_owned() }));
    }
}
