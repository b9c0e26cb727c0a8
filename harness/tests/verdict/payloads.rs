//! What is encrypted in requests, judged by its structure.

use mock_thales::observe::{BodyRead, Encoding, Envelope, Enveloped, Event, Jwe, KeyTransport, Marks, Payload};
use thales_harness::model::{Check, JweRule, PayloadRule, PhaseKind, Pkcs7Rule, Side};
use thales_harness::verdict::{Outcome, Reason};

use crate::story::{MET, Story, VIOLATED, ruled, unwitnessed};

fn judged(rule: PayloadRule, bodies: Vec<Option<BodyRead>>) -> (Outcome, Option<Reason>) {
    let mut story = Story::new(Side::Caller);
    story.payload = Some(rule);
    story.begin(PhaseKind::Step);
    for body in bodies {
        story.calls();
        let marked = Event::Marked(Marks::default());
        story.exchange([Some(marked), body.map(Event::BodyRead)].into_iter().flatten().collect());
    }
    ruled(&story.rule(Check::Payload, &[0], &[]))
}

fn body(envelope: Envelope) -> Option<BodyRead> {
    let payloads = vec![Payload { member: Some("encryptedData".to_owned()), envelope }];
    Some(BodyRead { bytes: Some(100), json: true, payloads, clear: Vec::new() })
}

fn agreed() -> PayloadRule {
    let (algorithm, encryption) = ("ECDH-ES".to_owned(), "A256GCM".to_owned());
    PayloadRule::Jwe(JweRule { algorithm, encryption, curve: Some("P-256".to_owned()), key_bits: None })
}

fn sound() -> Jwe {
    Jwe {
        compact: true,
        parts: vec![Some(90), Some(0), Some(12), Some(39), Some(16)],
        algorithm: Some("ECDH-ES".to_owned()),
        encryption: Some("A256GCM".to_owned()),
        key_id: true,
        content_type: None,
        curve: Some("P-256".to_owned()),
    }
}

fn of_jwe(change: fn(&mut Jwe)) -> (Outcome, Option<Reason>) {
    let mut jwe = sound();
    change(&mut jwe);
    judged(agreed(), vec![body(Envelope::Jwe(jwe))])
}

#[test]
fn a_jwe_is_judged_by_its_header_and_its_lengths() {
    assert_eq!(of_jwe(|_| {}), MET);
    assert_eq!(of_jwe(|jwe| jwe.content_type = Some("application/json".to_owned())), MET);
    assert_eq!(of_jwe(|jwe| jwe.algorithm = Some("ECDH-ES+A256KW".to_owned())), VIOLATED);
    assert_eq!(of_jwe(|jwe| jwe.algorithm = None), VIOLATED);
    assert_eq!(of_jwe(|jwe| jwe.encryption = Some("A128GCM".to_owned())), VIOLATED);
    assert_eq!(of_jwe(|jwe| jwe.curve = Some("P-384".to_owned())), VIOLATED);
    assert_eq!(of_jwe(|jwe| jwe.key_id = false), VIOLATED);
    assert_eq!(of_jwe(|jwe| jwe.compact = false), VIOLATED);
    assert_eq!(of_jwe(|jwe| jwe.parts[1] = Some(40)), VIOLATED, "a key where none is needed");
    assert_eq!(of_jwe(|jwe| jwe.parts[2] = Some(16)), VIOLATED);
    assert_eq!(of_jwe(|jwe| jwe.parts[3] = None), VIOLATED);
    assert_eq!(of_jwe(|jwe| jwe.parts.truncate(4)), VIOLATED);
}

#[test]
fn a_transported_key_has_the_size_of_the_recipients() {
    let (algorithm, encryption) = ("RSA-OAEP-256".to_owned(), "A256GCM".to_owned());
    let rule = || {
        let (algorithm, encryption) = (algorithm.clone(), encryption.clone());
        PayloadRule::Jwe(JweRule { algorithm, encryption, curve: None, key_bits: Some(2048) })
    };
    let with = |bytes| {
        let parts = vec![Some(60), Some(bytes), Some(12), Some(39), Some(16)];
        let jwe = Jwe { parts, algorithm: Some(algorithm.clone()), curve: None, ..sound() };
        judged(rule(), vec![body(Envelope::Jwe(jwe))])
    };
    assert_eq!(with(256), MET);
    assert_eq!(with(512), VIOLATED);
    assert_eq!(with(0), VIOLATED);
}

#[test]
fn enveloped_data_is_judged_by_its_algorithms() {
    let judged = |change: fn(&mut Enveloped)| {
        let sha = || Some("sha-256".to_owned());
        let transport =
            KeyTransport { algorithm: "rsa-oaep".to_owned(), hash: sha(), mask_hash: sha(), key_bits: 2048 };
        let mut enveloped = Enveloped {
            encoding: Encoding::Hex,
            recipients: 1,
            transports: vec![transport],
            content_encryption: Some("aes-256-cbc".to_owned()),
            fault: None,
        };
        change(&mut enveloped);
        let rule = PayloadRule::Pkcs7(Pkcs7Rule {
            key_encryption: "rsa-oaep".to_owned(),
            hash: "sha-256".to_owned(),
            key_bits: vec![2048, 4096],
            content_encryption: "aes-256-cbc".to_owned(),
        });
        judged(rule, vec![body(Envelope::Enveloped(enveloped))])
    };
    assert_eq!(judged(|_| {}), MET);
    assert_eq!(judged(|found| found.transports[0].key_bits = 4096), MET);
    assert_eq!(judged(|found| found.transports[0].key_bits = 1024), VIOLATED);
    assert_eq!(judged(|found| found.transports[0].mask_hash = Some("sha-1".to_owned())), VIOLATED);
    assert_eq!(judged(|found| found.transports[0].algorithm = "rsa-pkcs1".to_owned()), VIOLATED);
    assert_eq!(judged(|found| found.content_encryption = Some("aes-128-cbc".to_owned())), VIOLATED);
    assert_eq!(judged(|found| found.encoding = Encoding::Base64), VIOLATED);
    assert_eq!(judged(|found| found.transports.clear()), VIOLATED);
    assert_eq!(judged(|found| found.fault = Some("it is cut short".to_owned())), VIOLATED);
}

#[test]
fn what_nobody_sent_is_not_passed() {
    let empty = Some(BodyRead { bytes: Some(2), json: true, ..BodyRead::default() });
    assert_eq!(judged(agreed(), vec![None, empty.clone()]), unwitnessed(Reason::NotShown));
    assert_eq!(judged(agreed(), vec![Some(BodyRead::default())]), unwitnessed(Reason::NotShown), "too long");
    assert_eq!(judged(agreed(), Vec::new()), unwitnessed(Reason::NoConnection));
    let clear = Some(BodyRead { clear: vec!["pan".to_owned()], ..empty.clone().unwrap_or_default() });
    assert_eq!(judged(agreed(), vec![clear, body(Envelope::Jwe(sound()))]), VIOLATED, "beside one that is right");
    assert_eq!(judged(agreed(), vec![empty, body(Envelope::Jwe(sound()))]), MET);
}
