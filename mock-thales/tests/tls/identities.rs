//! An authority and leaves of each kind, made afresh for a test.

use std::fs;
use std::path::PathBuf;

use mock_thales::observe::CertificateDer;
use mock_thales::pki::Identity;
use mock_thales::plan::KeyKind;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, RsaKeySize,
};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

pub(crate) const HOST: &str = "endpoint.test";

/// Issues for [`HOST`]; its files live as long as it does.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut params = dated(Vec::new());
        let unique = directory.path().file_name().expect("it has a name").to_string_lossy().into_owned();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "TEST, NOT THALES");
        params.distinguished_name.push(DnType::CommonName, format!("authority {unique}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        // RSA, so that its signatures are no reason for an old stack to stop.
        let issuer = CertifiedIssuer::self_signed(params, key(KeyKind::Rsa2048)).expect("a self-signed authority");
        fs::write(directory.path().join("ca.pem"), issuer.pem()).expect("the directory is ours");
        Self { issuer, directory }
    }

    pub(crate) fn pem(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.issuer.der().to_vec()
    }

    /// Its subject in DER.
    pub(crate) fn subject(&self) -> Vec<u8> {
        use x509_parser::prelude::FromDer as _;
        let (_, certificate) =
            x509_parser::certificate::X509Certificate::from_der(self.issuer.der()).expect("rcgen writes DER");
        certificate.subject().as_raw().to_vec()
    }

    pub(crate) fn subject_text(&self) -> String {
        let unique = self.directory.path().file_name().expect("it has a name").to_string_lossy();
        format!("CN=authority {unique},O=TEST\\, NOT THALES")
    }

    /// A leaf for both roles, and the files `<name>.pem` and `<name>.key`.
    pub(crate) fn issue(&self, name: &str, kind: KeyKind) -> Leaf {
        let mut params = dated(vec![HOST.to_owned()]);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, HOST);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = key(kind);
        let certificate = params.signed_by(&key, &self.issuer).expect("a leaf");
        let leaf = Leaf {
            identity: Identity::new(vec![CertificateDer(certificate.der().to_vec())], key.serialize_der())
                .expect("a chain of one"),
            certificate: self.directory.path().join(format!("{name}.pem")),
            key: self.directory.path().join(format!("{name}.key")),
        };
        fs::write(&leaf.certificate, certificate.pem()).expect("the directory is ours");
        fs::write(&leaf.key, key.serialize_pem()).expect("the directory is ours");
        leaf
    }
}

/// A certificate with its key, in memory and as files.
pub(crate) struct Leaf {
    pub(crate) identity: Identity,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

fn dated(names: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("valid names");
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - Duration::days(1), now + Duration::days(2));
    params.use_authority_key_identifier_extension = true;
    params
}

fn key(kind: KeyKind) -> KeyPair {
    match kind {
        KeyKind::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        KeyKind::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
        KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
    }
    .expect("a key")
}
