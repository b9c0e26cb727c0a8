//! Single objects and bundles: PEM, DER, PKCS#7.

use libtest_mimic::Trial;
use thales_harness::inspect::{Entry, KeyEncoding, Kind, Remark};

use super::openssl;
use super::samples::{certificate, contents, samples};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        openssl("single::certificates_in_pem_come_in_their_order", certificates_in_pem_come_in_their_order),
        openssl("single::der_is_told_by_its_structure", der_is_told_by_its_structure),
        openssl("single::bundles_say_that_they_are_pkcs_7", bundles_say_that_they_are_pkcs_7),
        openssl("single::unusual_forms_are_read_and_remarked_upon", unusual_forms_are_read_and_remarked_upon),
        openssl("single::keys_are_known_by_their_public_half", keys_are_known_by_their_public_half),
    ]
}

fn certificates_in_pem_come_in_their_order() {
    let samples = samples();
    let text = samples.text("leaf.pem") + &samples.text("root.pem") + &samples.text("leaf.csr");
    let expected = [
        certificate(&samples.leaf()),
        certificate(&samples.root()),
        Entry::Request { der: samples.bytes("request.der") },
    ];
    for text in [text.clone(), text.replace('\n', "\r\n"), text.replace('\n', "\r"), text.trim_end().to_owned()] {
        let found = contents(text.as_bytes(), None);
        assert_eq!((found.kind, found.entries.as_slice()), (Kind::Pem, &expected[..]));
        assert_eq!(found.remarks, []);
        assert_eq!(found.summary(), "PEM with 2 certificates, 1 certificate signing request");
        assert_eq!(found.certificates().map(|(_, der)| der).collect::<Vec<_>>(), [&samples.leaf(), &samples.root()]);
    }
}

fn der_is_told_by_its_structure() {
    let samples = samples();
    let found = contents(&samples.bytes("leaf.der"), None);
    assert_eq!((found.kind, found.entries, found.remarks), (Kind::Der, vec![certificate(&samples.leaf())], vec![]));
    let request = samples.bytes("request.der");
    assert_eq!(contents(&request, None).entries, [Entry::Request { der: request }]);
    // In a row, and with a line feed behind.
    let row = [samples.leaf().0, samples.root().0, b"\n".to_vec()].concat();
    let found = contents(&row, None);
    assert_eq!(found.entries, [certificate(&samples.leaf()), certificate(&samples.root())]);
    assert_eq!(found.remarks, [Remark::BytesAfter { count: 1 }]);
}

fn bundles_say_that_they_are_pkcs_7() {
    let samples = samples();
    for name in ["bundle.p7b", "bundle.pem"] {
        let found = contents(&samples.bytes(name), None);
        assert_eq!(found.kind, Kind::Pkcs7, "{name}");
        assert_eq!(found.entries, [certificate(&samples.leaf()), certificate(&samples.root())], "{name}");
        assert_eq!(found.remarks, []);
    }
}

fn unusual_forms_are_read_and_remarked_upon() {
    let samples = samples();
    let root = samples.text("root.pem");
    let indented: String = root.lines().map(|line| format!("  {line}\n")).collect();
    let label = |label: &str, usual| Remark::Label { line: 1, label: label.to_owned(), usual };
    for (text, remarks) in [
        (format!("\u{feff}{root}"), vec![Remark::ByteOrderMark]),
        (format!("\nsubject=O = Acme\n{root}issuer=x\n"), vec![Remark::TextOutside { line: 2 }]),
        (format!("0 s:CN = root\n{root}"), vec![Remark::TextOutside { line: 1 }]),
        (indented, vec![Remark::Indented { line: 1 }, Remark::Indented { line: root.lines().count() }]),
        (root.replace(" CERT", " X509 CERT"), vec![label("X509 CERTIFICATE", "CERTIFICATE")]),
        (samples.text("trusted.pem"), vec![label("TRUSTED CERTIFICATE", "CERTIFICATE")]),
    ] {
        let found = contents(text.as_bytes(), None);
        assert_eq!(found.entries, [certificate(&samples.root())], "{text}");
        assert_eq!(found.remarks, remarks, "{text}");
    }
    let request = samples.text("leaf.csr").replace(" CERT", " NEW CERT");
    let found = contents(request.as_bytes(), None);
    assert_eq!(found.entries, [Entry::Request { der: samples.bytes("request.der") }]);
    assert_eq!(found.remarks, [label("NEW CERTIFICATE REQUEST", "CERTIFICATE REQUEST")]);
}

fn keys_are_known_by_their_public_half() {
    let samples = samples();
    let key = |name: &str| match contents(&samples.bytes(name), None).entries.remove(0) {
        Entry::PrivateKey { encoding, encrypted, public_key_sha256 } => (encoding, encrypted, public_key_sha256),
        other => panic!("{other:?}"),
    };
    let digest = Some(samples.leaf_key());
    assert_eq!(key("leaf.key"), (KeyEncoding::Pkcs8, false, digest.clone()));
    samples.openssl("ec -in leaf.key -out sec1.key");
    assert_eq!(key("sec1.key"), (KeyEncoding::Sec1, false, digest.clone()));
    samples.openssl("ec -in leaf.key -aes128 -passout pass:geheim -out sec1-encrypted.key");
    assert_eq!(key("sec1-encrypted.key"), (KeyEncoding::Sec1, true, None));
    samples.openssl("pkcs8 -topk8 -in leaf.key -passout pass:geheim -out encrypted.key");
    assert_eq!(key("encrypted.key"), (KeyEncoding::Pkcs8, true, None));
    for (form, encoding) in [("pkcs8 -topk8 -nocrypt", KeyEncoding::Pkcs8), ("ec", KeyEncoding::Sec1)] {
        samples.openssl(&format!("{form} -in leaf.key -outform DER -out key.der"));
        assert_eq!(key("key.der"), (encoding, false, digest.clone()));
    }
    samples.openssl("genrsa -traditional -out rsa.key 2048");
    samples.openssl("rsa -in rsa.key -pubout -out rsa.pub");
    let (encoding, encrypted, private) = key("rsa.key");
    assert_eq!((encoding, encrypted), (KeyEncoding::Pkcs1, false));
    let public = contents(&samples.bytes("rsa.pub"), None).entries;
    assert!(private.is_some());
    assert_eq!(public, [Entry::PublicKey { sha256: private }]);
    assert_eq!(contents(&samples.text("leaf.key").repeat(2).into_bytes(), None).summary(), "PEM with 2 private keys");
    // Nothing of the key itself is kept.
    let shown = format!("{:?}", contents(&samples.bytes("leaf.key"), None));
    assert!(shown.len() < 250, "{shown}");
}
