//! Files with one byte wrong, judged in every profile: an answer, whatever it is, and never a panic.

use std::path::PathBuf;

use thales_harness::inspect::{Conclusion, Ground, ReadError, ReadFault, inspect, parse};
use thales_harness::load::Library;
use time::OffsetDateTime;

use super::forge::forge;
use super::request::element;

pub(crate) fn bytes() {
    let forge = forge();
    forge.self_signed("v", "p256 /C=DE/O=Acme/CN=shop.acme.example");
    forge.openssl("x509 -in v.pem -outform DER -out v.der");
    forge.request("v", "p256 /C=DE/ST=BY/L=Munich/O=Acme/OU=Pay/CN=TLSMA-ECDSA\\/MGW_000001-PPR");
    forge.openssl("req -in v.csr -outform DER -out v-request.der");
    let library = Library::built_in().unwrap();
    let profiles: Vec<_> = library.profiles.values().map(|(profile, _)| profile).collect();
    for (name, id) in [("v.der", "classic-tokenization"), ("v-request.der", "d1-ecom")] {
        let profile = library.profiles.get(id).map(|(profile, _)| profile).unwrap();
        let ground = Ground {
            profile,
            profiles: profiles.clone(),
            environment: &profile.environments[0],
            common_name: Some("shop.acme.example"),
            cn_template: Some("TLSMA-{algorithm}/{customer-id}-{environment}"),
            customer_id: Some("MGW_000001"),
            host: Some("issuer.acme.example"),
            authority: Vec::new(),
            trust_store: None,
            previous: None,
            stated: None,
            at: OffsetDateTime::now_utc(),
        };
        let conclude = |bytes: &[u8]| {
            let path = PathBuf::from(name);
            let fault = |error| ReadError { path: path.clone(), fault: ReadFault::Parse(error) };
            inspect(&ground, vec![(path.clone(), parse(bytes, None).map_err(fault))]).conclusion()
        };
        let good = forge.read(name);
        assert_eq!(conclude(&good), Conclusion::Sound, "{name}");
        let mut sound = Vec::new();
        for at in 0..good.len() {
            for mask in [0x01, 0x20, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] ^= mask;
                if conclude(&bytes) == Conclusion::Sound {
                    sound.push((at, mask));
                }
            }
        }
        // The signature, which is by the file's own key, covers all but what names its algorithm. A certificate names it
        // twice, a request once.
        if name == "v-request.der" {
            let (_, body, _) = element(&good, 0);
            let (_, _, signed_end) = element(&good, body);
            sound.retain(|(at, _)| *at < signed_end);
        }
        assert_eq!(sound, [], "{name}: sound with a wrong byte");
    }
}
