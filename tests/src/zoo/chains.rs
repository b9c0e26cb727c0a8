//! Server chains that are complete, and others than Thales holds: only where it pins them is that a breach.

use std::sync::{Arc, OnceLock};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use thales_harness::Portal;
use thales_harness::integration::OwnIdentity;
use thales_harness::reference::Reference;

use super::defect::{D1, Defect, own_identity};
use super::receiver::{Receiver, Rustls, Served, verifier};

/// The reference's host.
const HOST: &str = "issuer.reference.example";

pub(super) fn all() -> Vec<Defect> {
    vec![
        Defect::with_identity("a_server_under_a_new_intermediate_of_its_authority", handed_over, |portal: &Portal| {
            Receiver::over(portal, Rustls::new(Arc::clone(&verifier(portal)?), tree()?.served(1))?)
        })
        .only(&["outbound/*"])
        .everywhere()
        .fails(&["outbound.pinned-chain"]),
        Defect::with_identity(
            "a_server_under_the_intermediate_that_was_handed_over",
            handed_over,
            |portal: &Portal| Receiver::over(portal, Rustls::new(Arc::clone(&verifier(portal)?), tree()?.served(0))?),
        )
        .only(&["outbound/*"])
        .in_profiles(&["merchant-tokenization"]),
        // Where Thales has only to be told, a person says that it was.
        Defect::with_identity(
            "a_chain_that_thales_does_not_hold_yet",
            |profile| Ok(OwnIdentity { previous_server_chain: Some(tree()?.pem(1)), ..handed_over(profile)? }),
            Reference::new,
        )
        .only(&["files/*"])
        .in_profiles(&["merchant-tokenization", D1])
        .fails(&["outbound.pinned-chain"]),
    ]
}

fn handed_over(profile: &str) -> Result<OwnIdentity, String> {
    let tree = tree()?;
    let trust_store = Some(tree.root.clone().into_bytes());
    let server_key = Some(tree.key.serialize_pem().into_bytes());
    Ok(OwnIdentity { server_chain: Some(tree.pem(0)), server_key, trust_store, ..own_identity(profile)? })
}

/// One root, two intermediates, and under each a leaf with the same key.
struct Tree {
    root: String,
    key: KeyPair,
    /// Leaf and intermediate, in PEM and in DER.
    branches: [[(String, CertificateDer<'static>); 2]; 2],
}

impl Tree {
    fn made() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let root_key = KeyPair::generate()?;
        let root_params = authority("TEST CUSTOMER Root")?;
        let root = root_params.self_signed(&root_key)?.pem();
        let root_issuer = Issuer::new(root_params, root_key);
        let branch = |name: &str| {
            let own = KeyPair::generate()?;
            let params = authority(name)?;
            let intermediate = params.signed_by(&own, &root_issuer)?;
            let leaf = CertificateParams::new([HOST.to_owned()])?.signed_by(&key, &Issuer::new(params, own))?;
            Ok::<_, rcgen::Error>([leaf, intermediate].map(|made| (made.pem(), made.der().clone())))
        };
        let branches = [branch("TEST CUSTOMER Issuing 1")?, branch("TEST CUSTOMER Issuing 2")?];
        Ok(Self { root, key, branches })
    }

    /// As it is handed over, with its root.
    fn pem(&self, branch: usize) -> Vec<u8> {
        let [leaf, intermediate] = &self.branches[branch];
        [leaf.0.as_str(), &intermediate.0, &self.root].concat().into_bytes()
    }

    fn served(&self, branch: usize) -> Served {
        let chain = self.branches[branch].iter().map(|(_, der)| der.clone()).collect();
        (chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der())))
    }
}

fn tree() -> Result<&'static Tree, String> {
    static TREE: OnceLock<Result<Tree, String>> = OnceLock::new();
    TREE.get_or_init(|| Tree::made().map_err(|error| error.to_string())).as_ref().map_err(Clone::clone)
}

fn authority(name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}
