//! What is read from certificates that others made: here OpenSSL, with keys and hashes that this crate never issues.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, Identity, KeyUsage, PublicKey, RequestFacts, SignatureHash};
use mock_thales::plan::{ClientCertificate, KeyKind, ServerCertificate};
use time::{Duration, OffsetDateTime};

use super::openssl::OpenSsl;
use super::setting::{HOST, authorities};

/// A self-signed certificate made by `openssl req` with these words for key and hash.
fn made(openssl: &OpenSsl, words: &[&str]) -> CertificateDer {
    let key = openssl.file("key.pem", "");
    let certificate = openssl.file("certificate.pem", "");
    let fixed = ["req", "-x509", "-nodes", "-keyout", &key, "-out", &certificate, "-days", "30"];
    openssl.run(&[&fixed[..], &["-subj", "/O=Acme/CN=TLSMA-RSA\\/ACME_00001/CN=second"], words].concat());
    Identity::from_pem(&read(&certificate), &read(&key)).expect("a pair in PEM").leaf().clone()
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).expect("the file is there")
}

pub(crate) fn keys_hashes_and_own_signatures_of_every_kind_are_recognised() {
    let openssl = OpenSsl::new();
    let ec = |curve: &str| PublicKey::Ec { curve: curve.to_owned() };
    for (words, key, hash, self_signed) in [
        ("-newkey rsa:1024 -sha1", PublicKey::Rsa { bits: 1024 }, SignatureHash::Sha1, Some(true)),
        ("-newkey rsa:1024 -sha256", PublicKey::Rsa { bits: 1024 }, SignatureHash::Sha256, Some(true)),
        ("-newkey rsa:1024 -sha384", PublicKey::Rsa { bits: 1024 }, SignatureHash::Sha384, None),
        ("-newkey rsa:2048 -md5", PublicKey::Rsa { bits: 2048 }, SignatureHash::Md5, None),
        ("-newkey rsa:2047 -sha384", PublicKey::Rsa { bits: 2047 }, SignatureHash::Sha384, None),
        ("-newkey rsa:2048 -sha384", PublicKey::Rsa { bits: 2048 }, SignatureHash::Sha384, Some(true)),
        ("-newkey rsa:3072 -sha512", PublicKey::Rsa { bits: 3072 }, SignatureHash::Sha512, Some(true)),
        (
            "-newkey rsa:2048 -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32",
            PublicKey::Rsa { bits: 2048 },
            SignatureHash::Sha256,
            Some(true),
        ),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha1", ec("P-256"), SignatureHash::Sha1, Some(true)),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha512", ec("P-256"), SignatureHash::Sha512, Some(true)),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-384 -sha256", ec("P-384"), SignatureHash::Sha256, Some(true)),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-521 -sha384", ec("P-521"), SignatureHash::Sha384, Some(true)),
        ("-newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -sha256", ec("secp256k1"), SignatureHash::Sha256, Some(true)),
        (
            "-newkey ec -pkeyopt ec_paramgen_curve:brainpoolP256r1 -sha256",
            ec("1.3.36.3.3.2.8.1.1.7"),
            SignatureHash::Sha256,
            None,
        ),
        ("-newkey ed25519", PublicKey::Ed25519, SignatureHash::Other, Some(true)),
        ("-newkey ed448", PublicKey::Other { oid: "1.3.101.113".to_owned() }, SignatureHash::Other, None),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let facts = CertificateFacts::read(&made(&openssl, &words)).expect("it can be read");
        assert_eq!((facts.key, facts.signature_hash, facts.self_signed), (key, hash, self_signed), "{words:?}");
        assert_eq!(facts.common_names, [b"TLSMA-RSA/ACME_00001".to_vec(), b"second".to_vec()]);
        assert_eq!(facts.subject, "CN=second,CN=TLSMA-RSA/ACME_00001,O=Acme");
        assert_eq!(facts.not_after - facts.not_before, Duration::days(30));
        assert_eq!((facts.is_ca, facts.key_usage, facts.extended_key_usage), (Some(true), None, None));
    }
}

pub(crate) fn a_request_reads_as_openssl_made_it() {
    let openssl = OpenSsl::new();
    let [key, der] = ["key.pem", "request.der"].map(|name| openssl.file(name, ""));
    let subject = "/C=FR/ST=IDF/L=Meudon/O=Acmé, Inc/OU=Pay/CN=TLSMA-ECDSA\\/MGW_000001-PPR/emailAddress=a@b";
    let fixed = ["req", "-new", "-nodes", "-utf8", "-keyout", &key, "-outform", "DER", "-out", &der, "-subj", subject];
    let words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"];
    let asked =
        ["-addext", "subjectAltName=DNS:a.example,IP:192.0.2.1", "-addext", "extendedKeyUsage=clientAuth,codeSigning"];
    openssl.run(&[&fixed[..], &words, &asked].concat());
    let mut bytes = read(&der);
    let facts = RequestFacts::read(&bytes).expect("it can be read");
    let parts: Vec<_> = facts.subject_parts.iter().map(|(kind, value)| (kind.as_str(), value.as_str())).collect();
    let common_name = "TLSMA-ECDSA/MGW_000001-PPR";
    assert_eq!(
        parts,
        [
            ("C", "FR"),
            ("ST", "IDF"),
            ("L", "Meudon"),
            ("O", "Acmé, Inc"),
            ("OU", "Pay"),
            ("CN", common_name),
            ("1.2.840.113549.1.9.1", "a@b"),
        ]
    );
    assert_eq!(facts.common_names, [common_name.as_bytes()]);
    assert!(facts.subject.ends_with("CN=TLSMA-ECDSA/MGW_000001-PPR,OU=Pay,O=Acmé\\, Inc,L=Meudon,ST=IDF,C=FR"));
    assert_eq!(facts.key, PublicKey::Ec { curve: "P-384".to_owned() });
    assert_eq!((facts.signature_hash, facts.self_signed), (SignatureHash::Sha384, Some(true)));
    assert_eq!(facts.dns_names, ["a.example"]);
    assert_eq!(facts.ip_addresses, [std::net::IpAddr::from([192, 0, 2, 1])]);
    let extended = facts.extended_key_usage.expect("requested");
    assert!(extended.allows_client() && !extended.allows_server() && extended.others);

    *bytes.last_mut().expect("bytes") ^= 1;
    assert_eq!(RequestFacts::read(&bytes).expect("it can be read").self_signed, Some(false));
    bytes.push(0);
    assert!(RequestFacts::read(&bytes).is_err_and(|error| error.to_string().ends_with("bytes follow it")));
    assert!(RequestFacts::read(&bytes[..100]).is_err());

    // Without extensions, and for a certificate of the same key and subject.
    openssl.run(&["req", "-new", "-key", &key, "-outform", "DER", "-out", &der, "-subj", "/CN=a"]);
    let plain = RequestFacts::read(&read(&der)).expect("it can be read");
    assert_eq!((plain.extended_key_usage, plain.dns_names.len()), (None, 0));
    openssl.run(&["req", "-x509", "-key", &key, "-outform", "DER", "-out", &der, "-subj", "/CN=a"]);
    let certificate = CertificateFacts::read(&CertificateDer(read(&der))).expect("it can be read");
    assert_eq!(certificate.public_key_sha256, plain.public_key_sha256);
    assert_eq!(certificate.subject_parts, plain.subject_parts);
    // The extensions that `openssl req -x509` adds by itself: a self-signed certificate names its own key twice.
    assert!(certificate.subject_key_id.as_ref().is_some_and(|id| id.len() == 40));
    assert_eq!(certificate.subject_key_id, certificate.authority_key_id);
    assert!(RequestFacts::read(&read(&der)).is_err());
}

pub(crate) fn a_signature_that_does_not_fit_is_no_own_signature() {
    let openssl = OpenSsl::new();
    let mut certificate = made(&openssl, &["-newkey", "rsa:2048", "-sha256"]);
    *certificate.0.last_mut().expect("bytes") ^= 1;
    let facts = CertificateFacts::read(&certificate).expect("it can be read");
    assert_eq!((facts.self_signed, facts.issuer), (Some(false), facts.subject));
}

pub(crate) fn facts_agree_with_what_openssl_prints() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let identity = authorities.server(ServerCertificate::Trusted, KeyKind::Rsa2048).expect("it can be made");
    let path = openssl.file("leaf.pem", identity.chain_pem());
    let facts = CertificateFacts::read(identity.leaf()).expect("it can be read");
    let printed = |option: &[&str]| openssl.text(&path, &[option, &["-noout"]].concat());
    assert_eq!(format!("serial={}\n", facts.serial.to_uppercase()), printed(&["-serial"]));
    let name = ["-nameopt", "RFC2253", "-subject"];
    assert_eq!(format!("subject={}\n", facts.subject), printed(&name));
    let fingerprint = printed(&["-fingerprint", "-sha256"]).replace(':', "").to_lowercase();
    assert_eq!(format!("sha256 fingerprint={}\n", facts.sha256), fingerprint);
    assert_eq!(facts.dns_names, [HOST]);
    let usage = facts.key_usage.expect("key usage");
    let expected = KeyUsage {
        digital_signature: true,
        key_encipherment: true,
        key_agreement: false,
        key_cert_sign: false,
        crl_sign: false,
    };
    assert_eq!(usage, expected);
    let extended = facts.extended_key_usage.expect("extended key usage");
    assert!(extended.allows_server() && !extended.allows_client() && !extended.any && !extended.others);
    assert_eq!((facts.is_ca, facts.self_signed), (Some(false), Some(false)));
    let now = OffsetDateTime::now_utc();
    assert!(facts.not_before < now && now < facts.not_after);
}

pub(crate) fn the_customers_certificate_reads_as_endorsed() {
    let authorities = authorities();
    let facts = CertificateFacts::read(authorities.customer_client().leaf()).expect("it can be read");
    assert_eq!(facts.common_names, [b"the exact CN".to_vec()]);
    assert_eq!((facts.self_signed, facts.is_ca), (Some(true), Some(false)));
    assert_eq!(facts.signature_hash, SignatureHash::Sha256);
    assert!(facts.extended_key_usage.is_some_and(|usage| usage.allows_client() && !usage.allows_server()));
    let leaf = authorities.client(ClientCertificate::SelfSigned).expect("it can be made").expect("a certificate");
    let facts = CertificateFacts::read(leaf.leaf()).expect("it can be read");
    let today = authorities.client(ClientCertificate::Trusted).expect("it can be made").expect("a certificate");
    let today = CertificateFacts::read(today.leaf()).expect("it can be read");
    assert_eq!((facts.subject, facts.self_signed), (today.subject, Some(true)));
}

pub(crate) fn keys_are_read_from_every_common_encoding() {
    let openssl = OpenSsl::new();
    for (words, encodings) in [
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", "rsa -traditional"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384", "ec"),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let key = openssl.file("key.pem", openssl.run(&words));
        let encodings: Vec<&str> = encodings.split(' ').collect();
        let traditional = openssl.run(&[&encodings[..], &["-in", &key]].concat());
        assert!(traditional.contains("BEGIN RSA PRIVATE KEY") || traditional.contains("BEGIN EC PRIVATE KEY"));
        let certificate = openssl.run(&["req", "-x509", "-new", "-key", &key, "-subj", "/CN=a"]);
        let identity = Identity::from_pem(certificate.as_bytes(), traditional.as_bytes()).expect("a pair in PEM");
        let again = openssl.file("again.pem", identity.key_pem());
        assert!(identity.key_pem().contains("BEGIN PRIVATE KEY"));
        assert_eq!(openssl.run(&["pkey", "-in", &again, "-pubout"]), openssl.run(&["pkey", "-in", &key, "-pubout"]));
    }
}

pub(crate) fn identities_load_into_the_tls_library() {
    let authorities = authorities();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let identity = authorities.server(ServerCertificate::Trusted, kind).expect("it can be made");
        let (chain, key) = (identity.rustls_chain(), identity.rustls_key());
        // Fails where the key is not the leaf's.
        let loaded = rustls::sign::CertifiedKey::from_der(chain, key, &provider).expect("key and leaf fit");
        assert_eq!(loaded.cert.len(), 2, "{kind:?}");
    }
}

pub(crate) fn no_key_shows_in_debug_output() {
    let authorities = authorities();
    let identity = authorities.customer_client();
    let shown = format!("{identity:?}{authorities:?}");
    assert!(shown.starts_with("Identity { chain: [CertificateDer("), "{shown}");
    assert!(!shown.contains("key"), "{shown}");
}

pub(crate) fn an_identity_is_the_same_all_run_and_another_in_the_next() {
    let [first, second] = [authorities(), authorities()];
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let [once, again] = [&first, &first].map(|run| run.server(ServerCertificate::Trusted, kind).expect("made"));
        assert_eq!(once, again);
    }
    let subjects = |run: &mock_thales::pki::Authorities| {
        let mut certificates: Vec<CertificateDer> = run.trust().into_iter().cloned().collect();
        certificates.extend([run.client_ca().clone(), run.customer_server_root().clone()]);
        certificates.push(run.customer_client().leaf().clone());
        certificates.push(run.server(ServerCertificate::UnknownCa, KeyKind::P256).expect("made").leaf().clone());
        let facts = certificates.iter().map(|certificate| CertificateFacts::read(certificate).expect("readable"));
        facts.map(|facts| facts.subject).collect::<Vec<_>>()
    };
    let (first, second) = (subjects(&first), subjects(&second));
    assert!(first.iter().all(|subject| !second.contains(subject)), "{first:?} {second:?}");
}
