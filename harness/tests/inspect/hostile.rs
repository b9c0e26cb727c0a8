//! Files that are cut and bent: whatever comes of it, an answer comes, and soon.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use thales_harness::inspect::{LONGEST, parse};

use super::samples::{PASSWORD, java, samples};
use super::{keytool, openssl};

/// Far above what anything here takes, and far below what a hostile length would.
const SOON: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        openssl("hostile::cut_and_bent_files_of_openssl_are_answered", || {
            let names = ["leaf.pem", "leaf.csr", "leaf.der", "request.der", "leaf.key", "bundle.p7b", "bundle.pem"];
            let stores = ["plain.p12", "open.p12", "loose.p12", "trusted.pem"];
            for (name, bytes) in samples().files(&[&names[..], &stores].concat()) {
                bend(&name, &bytes, PASSWORD);
            }
        }),
        keytool("hostile::cut_and_bent_files_of_java_are_answered", || {
            for (name, bytes) in java().files(&["store.jks", "store.jceks", "java-open.p12"]) {
                bend(&name, &bytes, "changeit");
            }
        }),
        openssl("hostile::long_nonsense_is_answered_soon", long_nonsense_is_answered_soon),
    ]
}

/// Cuts a sample at every length, and turns some of its bytes, the same ones in each run.
fn bend(name: &str, bytes: &[u8], password: &str) {
    for length in 0..bytes.len() {
        let cut = &bytes[..length];
        // What is cut within the last line of a text may be whole all the same.
        if parse(cut, None).is_ok() && !name.ends_with(".pem") && !name.ends_with(".csr") && !name.ends_with(".key") {
            panic!("{name} is read although it ends after {length} bytes");
        }
        let _ = parse(cut, Some(password));
    }
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    for _ in 0..400 {
        let mut bent = bytes.to_vec();
        for _ in 0..=next(3) {
            let place = next(bent.len());
            bent[place] = u8::try_from(next(256)).unwrap();
        }
        let _ = (parse(&bent, None), parse(&bent, Some(password)));
    }
}

fn long_nonsense_is_answered_soon() {
    let started = Instant::now();
    for pattern in [
        &b"-----BEGIN CERTIFICATE-----\n"[..],
        b"-----BEGIN X-----\nAAAA\n-----END X-----\n",
        b"-",
        b"A",
        b"\n",
        b"\xfe\xed\xfe\xed\0\0\0\x02\xff\xff\xff\xff",
        b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0",
        b"\x30\x80",
        b"\x30\x84\x00\x7f\xff\xfa\x30\x84",
        b"\x24\x80",
        b"\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x24\x80",
        b"\0",
    ] {
        let bytes: Vec<u8> = pattern.iter().copied().cycle().take(LONGEST).collect();
        assert!(parse(&bytes, Some("")).is_err());
    }
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}
