//! Stores: PKCS#12 as OpenSSL and Java write it, JKS and JCEKS.

use std::path::Path;

use libtest_mimic::Trial;
use thales_harness::inspect::{Entry, Kind, Remark, parse, read};

use super::samples::{PASSWORD, contents, fault, java, samples};
use super::{keytool, openssl};

const WRONG: &str = "the password does not open this PKCS#12 store: it is wrong, or the store was damaged";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        openssl("stores::pkcs_12_is_read_in_every_scheme", pkcs_12_is_read_in_every_scheme),
        openssl("stores::a_wrong_password_is_told_from_none", a_wrong_password_is_told_from_none),
        openssl("stores::an_empty_password_and_none_are_one", an_empty_password_and_none_are_one),
        openssl("stores::a_certificate_without_javas_mark_is_not_trusted", a_certificate_without_mark_is_not_trusted),
        openssl("stores::indefinite_lengths_are_read", indefinite_lengths_are_read),
        openssl("stores::too_many_rounds_are_refused", too_many_rounds_are_refused),
        keytool("stores::java_stores_hold_keys_and_trust", java_stores_hold_keys_and_trust),
        keytool("stores::a_wrong_password_of_jks_is_told", a_wrong_password_of_jks_is_told),
        keytool("stores::a_secret_key_of_jceks_ends_the_reading", a_secret_key_of_jceks_ends_the_reading),
        keytool("stores::the_machines_own_trust_is_read", the_machines_own_trust_is_read),
    ]
}

fn identity() -> Entry {
    Entry::KeyEntry { alias: "identity".to_owned(), chain: vec![samples().leaf(), samples().root()] }
}

fn pkcs_12_is_read_in_every_scheme() {
    for name in ["modern", "legacy", "aes-128", "aes-192", "des-3", "rc2-128", "des-2", "plain"] {
        let found = contents(&samples().bytes(&format!("{name}.p12")), Some(PASSWORD));
        assert_eq!((found.kind, found.entries), (Kind::Pkcs12, vec![identity()]), "{name}");
        assert_eq!(found.remarks, [], "{name}");
    }
    for bytes in [samples().bytes("open.p12"), without_mac("modern"), without_mac("legacy")] {
        let found = contents(&bytes, Some(PASSWORD));
        assert_eq!((found.entries, found.remarks), (vec![identity()], vec![unchecked("it has no MAC")]));
    }
    let unsupported = "a PKCS#12 file with encryption by 1.2.840.113549.1.12.1.1, which is not read here";
    assert_eq!(fault(&samples().bytes("rc4.p12"), Some(PASSWORD)), unsupported);
}

fn a_wrong_password_is_told_from_none() {
    let needed = "a PKCS#12 store that is encrypted; its password is needed";
    let stores = ["modern.p12", "legacy.p12"].map(|name| samples().bytes(name));
    for bytes in stores.into_iter().chain(["modern", "legacy"].map(without_mac)) {
        assert_eq!(fault(&bytes, Some("secret")), WRONG);
        assert_eq!(fault(&bytes, Some("")), WRONG);
        assert_eq!(fault(&bytes, None), needed);
    }
    // Plain certificates are read without a password, unchecked, but never with a wrong one.
    let plain = samples().bytes("plain.p12");
    let found = contents(&plain, None);
    assert_eq!((found.entries, found.remarks), (vec![identity()], vec![unchecked("no password was given")]));
    assert_eq!(fault(&plain, Some("secret")), WRONG);
}

fn an_empty_password_and_none_are_one() {
    for password in [None, Some("")] {
        let found = contents(&samples().bytes("empty.p12"), password);
        assert_eq!((found.entries, found.remarks), (vec![identity()], vec![]), "{password:?}");
        let found = contents(&samples().bytes("open.p12"), password);
        assert_eq!(found.entries, [identity()], "{password:?}");
    }
    assert_eq!(fault(&samples().bytes("empty.p12"), Some("x")), WRONG);
}

fn a_certificate_without_mark_is_not_trusted() {
    let found = contents(&samples().bytes("loose.p12"), Some(PASSWORD));
    assert_eq!(found.entries, [Entry::Certificate { alias: None, der: samples().root() }]);
    // The counterpart's own stores have the mark.
    let store = mock_thales::pki::pkcs12_trust([&samples().root()], PASSWORD).unwrap();
    let trusted = Entry::TrustedCertificate { alias: "trusted-1".to_owned(), der: samples().root() };
    assert_eq!(contents(&store, Some(PASSWORD)).entries, [trusted]);
}

/// As NSS and Bouncy Castle write: the outer layers with indefinite lengths, the content in pieces.
fn indefinite_lengths_are_read() {
    let bytes = indefinite(&samples().bytes("modern.p12"));
    let found = contents(&bytes, Some(PASSWORD));
    assert_eq!((found.entries, found.remarks), (vec![identity()], vec![]));
    // OpenSSL takes it, too: the re-encoding is sound.
    std::fs::write(samples().path("indefinite.p12"), bytes).unwrap();
    samples().openssl(&format!("pkcs12 -in indefinite.p12 -nokeys -passin pass:{PASSWORD}"));
}

fn too_many_rounds_are_refused() {
    let mut bytes = samples().bytes("plain.p12");
    // The MAC's rounds, left out where they are 1, as one of the last elements: 2^31 - 1 of them.
    let more = [0x02, 0x04, 0x7f, 0xff, 0xff, 0xff];
    bytes.extend(more);
    set_outer(&mut bytes);
    let mac = mac(&bytes);
    bytes[mac + 1] += u8::try_from(more.len()).unwrap();
    let expected = "a PKCS#12 file with 2147483647 rounds of key derivation, which is not read here";
    assert_eq!(fault(&bytes, Some(PASSWORD)), expected);
}

fn java_stores_hold_keys_and_trust() {
    let samples = java();
    let trusted = Entry::TrustedCertificate { alias: "thales-ca".to_owned(), der: samples.root() };
    for (name, kind) in [
        ("store.jks", Kind::Jks),
        ("store.jceks", Kind::Jceks),
        ("java.p12", Kind::Pkcs12),
        ("java-legacy.p12", Kind::Pkcs12),
    ] {
        let mut found = contents(&samples.bytes(name), Some("changeit"));
        // JKS has the order of a hash table.
        found.entries.sort_by_key(|entry| !matches!(entry, Entry::KeyEntry { .. }));
        assert_eq!((found.kind, found.remarks.len()), (kind, 0), "{name}");
        assert_eq!(found.summary(), format!("{kind} with 1 key entry, 1 trusted certificate"));
        assert_eq!(found.entries, [identity(), trusted.clone()], "{name}");
    }
    let found = contents(&samples.bytes("java-open.p12"), None);
    assert_eq!(found.entries, [identity(), trusted]);
    assert_eq!(found.remarks, [unchecked("it has no MAC")]);
    let found = contents(&samples.bytes("store.jks"), None);
    assert_eq!((found.entries.len(), found.remarks), (2, vec![unchecked("no password was given")]));
}

fn a_wrong_password_of_jks_is_told() {
    for (name, kind) in [("store.jks", "JKS"), ("store.jceks", "JCEKS")] {
        let mut bytes = java().bytes(name);
        assert_eq!(fault(&bytes, Some("changed")), WRONG.replace("PKCS#12", kind));
        assert_eq!(fault(&bytes, Some("")), WRONG.replace("PKCS#12", kind));
        let length = bytes.len();
        bytes.push(0);
        assert_eq!(fault(&bytes, Some("changeit")), format!("a damaged {kind} file: 1 bytes follow its end"));
        let cut = format!("a {kind} store is cut short: it goes on to byte {length} at least, and has {}", length - 1);
        assert_eq!(fault(&bytes[..length - 1], Some("changeit")), cut);
    }
}

fn a_secret_key_of_jceks_ends_the_reading() {
    let expected = "a JCEKS file with a secret key, `hmac`, whose end cannot be found, which is not read here";
    assert_eq!(fault(&java().bytes("secret.jceks"), Some("changeit")), expected);
}

/// Real certificates, of more authorities than anybody would make for a test, where the machine has them.
fn the_machines_own_trust_is_read() {
    for (path, fewest) in [("/etc/ssl/certs/ca-certificates.crt", 100), ("/etc/ssl/certs/java/cacerts", 1)] {
        if Path::new(path).exists() {
            let found = read(Path::new(path), None).unwrap_or_else(|error| panic!("{error}"));
            assert!(found.certificates().count() >= fewest, "{path}");
            assert!(found.entries.iter().all(|entry| !matches!(entry, Entry::Ignored { .. })), "{path}");
        }
    }
}

fn unchecked(why: &'static str) -> Remark {
    Remark::Unchecked { why }
}

/// Re-encodes a store of two-byte lengths: PFX, ContentInfo and content without lengths.
fn indefinite(store: &[u8]) -> Vec<u8> {
    // 30 82 LL LL, 02 01 03, 30 82 LL LL, 06 09 (9 bytes), a0 82 LL LL, 04 82 LL LL.
    let length = usize::from(store[28]) << 8 | usize::from(store[29]);
    assert_eq!((store[11], store[22], store[26], store[27]), (0x06, 0xa0, 0x04, 0x82));
    let (content, mac) = store[30..].split_at(length);
    let mut bytes = vec![0x30, 0x80];
    bytes.extend(&store[4..7]);
    bytes.extend([0x30, 0x80]);
    bytes.extend(&store[11..22]);
    bytes.extend([0xa0, 0x80, 0x24, 0x80]);
    for piece in content.chunks(100) {
        bytes.extend([0x04, u8::try_from(piece.len()).unwrap()]);
        bytes.extend(piece);
    }
    bytes.extend([0; 6]);
    bytes.extend(mac);
    bytes.extend([0; 2]);
    assert!(parse(&bytes, Some("wrong")).is_err());
    bytes
}

/// One of OpenSSL's stores, whose parts are encrypted, without its MAC.
fn without_mac(name: &str) -> Vec<u8> {
    let mut bytes = samples().bytes(&format!("{name}.p12"));
    bytes.truncate(mac(&bytes));
    set_outer(&mut bytes);
    bytes
}

/// Where the MAC begins: behind outer header, version, header and content of the ContentInfo.
fn mac(bytes: &[u8]) -> usize {
    let mac = 11 + (usize::from(bytes[9]) << 8 | usize::from(bytes[10]));
    assert_eq!((bytes[8], bytes[mac], bytes[mac + 2]), (0x82, 0x30, 0x30));
    mac
}

/// Makes the outermost length, of two bytes, what it is.
fn set_outer(bytes: &mut [u8]) {
    let length = u16::try_from(bytes.len() - 4).unwrap();
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
}
