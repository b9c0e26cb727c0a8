//! Certificates of readiness: curl and nginx of the example are certified once for each way in which that can end, and
//! everything else is done to copies of those bundles. What is forged here is forged by the best forger: the customer,
//! who holds the key and may sign anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ground;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use conformance_tests::needs;
use libtest_mimic::{Arguments, Trial};
use mock_thales::observe::Log;
use serde_json::{Value, json};
use thales_harness::certify::{self, Demands, pae};
use thales_harness::model::Header;
use time::{Duration, OffsetDateTime};

use ground::{
    Copy, ENVELOPES, GROUND, HARNESS, NONCE, PRODUCTION, READY, anything, envelopes, library, names, openssl, payload,
    refuses, run, says, sha256, statements, text,
};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Whole runs side by side would only make each other late.
    arguments.test_threads.get_or_insert(1);
    let trials = vec![
        trial("a_ready_integration_is_certified", a_ready_integration_is_certified),
        trial("openssl_verifies_the_signatures", openssl_verifies_the_signatures),
        trial("every_changed_byte_is_named", every_changed_byte_is_named),
        trial("every_file_is_there_and_no_other", every_file_is_there_and_no_other),
        trial("what_is_left_out_is_named", what_is_left_out_is_named),
        trial("a_log_of_another_run_is_named", a_log_of_another_run_is_named),
        trial("what_the_logs_do_not_say_is_named", what_the_logs_do_not_say_is_named),
        trial("challenge_and_age_are_demanded", challenge_and_age_are_demanded),
        trial("another_scenario_set_is_named", another_scenario_set_is_named),
        trial("another_key_is_named", another_key_is_named),
        trial("a_second_signature_leaves_the_first_one", a_second_signature_leaves_the_first_one),
        trial("who_is_not_ready_is_certified_so", who_is_not_ready_is_certified_so),
        trial("production_names_what_was_ready_before", production_names_what_was_ready_before),
        trial("what_cannot_be_certified_is_refused_first", what_cannot_be_certified_is_refused_first),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &'static str, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || {
        needs::met(needs::programs(&["curl", "nginx", "openssl"]).or_else(|| needs::private(HARNESS)), test)
    })
}

fn a_ready_integration_is_certified() {
    let bundle = READY.to_str().unwrap();
    let public = GROUND.path("p256.pub");
    let said = says(0, &["verify", bundle, "--public-key", &public, "--challenge", NONCE, "--max-age", "90d"]);
    for words in ["readiness   ready\n", "(the key given)", "challenge   nonce-4711", "no statement of Thales"] {
        assert!(said.contains(words), "{said}");
    }
    let [result, conformance] = statements(&READY).try_into().unwrap();
    assert_eq!(result["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(result["predicateType"], "https://in-toto.io/attestation/test-result/v0.1");
    assert_eq!(result["predicate"]["result"], "PASSED");
    assert_eq!(result["predicate"]["failedTests"], json!([]));
    assert!(result["predicate"]["passedTests"].as_array().unwrap().contains(&"TSH-IN-02".into()));
    // A declaration is no pass.
    assert!(!result["predicate"]["passedTests"].as_array().unwrap().contains(&"TSH-OUT-04".into()));
    assert!(conformance["predicate"]["declared"]["TSH-OUT-04"].as_str().unwrap().contains("change 4711"));
    assert_eq!(result["subject"], conformance["subject"]);
    // Every file but the envelopes and the keys that verify them, and of no key the content.
    let signed: Vec<_> =
        result["subject"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let there: Vec<_> =
        names(&READY).into_iter().filter(|name| *name != ENVELOPES && !name.starts_with("keys/")).collect();
    assert_eq!(
        signed.into_iter().collect::<std::collections::BTreeSet<_>>(),
        there.iter().map(String::as_str).collect()
    );
    for name in names(&READY) {
        let content = fs::read(READY.join(&name)).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains("PRIVATE KEY"), "{name} holds a key");
    }
    let manifest: Value = serde_json::from_slice(&fs::read(READY.join("manifest.json")).unwrap()).unwrap();
    let artefacts = manifest["artefacts"].as_array().unwrap();
    let found = |named: &str, end: &str| {
        let is_it = |one: &&Value| one["named"] == named && one["path"].as_str().unwrap().ends_with(end);
        artefacts.iter().find(is_it).unwrap_or_else(|| panic!("{named} {end}: {artefacts:?}"))["sha256"].clone()
    };
    let certificate = fs::read(GROUND.path("certs/client.pem")).unwrap();
    assert_eq!(found("identity client-certificate", "client.pem"), sha256(&certificate));
    assert_eq!(found("receiver edge", "nginx.conf"), sha256(&fs::read(GROUND.path("nginx.conf")).unwrap()));
    assert!(found("caller batch", "/curl").is_string());
    assert_eq!(found("identity client-key", "client.key"), Value::Null);
}

/// Another implementation, over an encoding that is put together here by hand.
fn openssl_verifies_the_signatures() {
    let copy = Copy::ready();
    let key = GROUND.path("ed25519.pem");
    says(0, &["certify", "--countersign", copy.path().to_str().unwrap(), "--key", &key]);
    for envelope in envelopes(copy.path()) {
        let payload = payload(&envelope);
        let mut message = format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len()).into_bytes();
        message.extend(&payload);
        assert_eq!(message, pae("application/vnd.in-toto+json", &payload));
        copy.write("message", &message);
        let signatures = envelope["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 2);
        for signature in signatures {
            copy.write("signature", BASE64_STANDARD.decode(signature["sig"].as_str().unwrap()).unwrap());
        }
        let at = |name: &str| copy.path().join(name).to_str().unwrap().to_owned();
        let (message, signature) = (at("message"), at("signature"));
        let public = GROUND.path("ed25519.pub");
        openssl(&[
            "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", &public, "-in", &message, "-sigfile", &signature,
        ]);
        copy.write("signature", BASE64_STANDARD.decode(signatures[0]["sig"].as_str().unwrap()).unwrap());
        openssl(&["dgst", "-sha256", "-verify", &GROUND.path("p256.pub"), "-signature", &signature, &message]);
    }
}

fn every_changed_byte_is_named() {
    let copy = Copy::ready();
    for name in names(&READY) {
        let whole = copy.read(&name);
        for place in [0, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            copy.write(&name, &changed);
            let flaw = certify::verify(copy.path(), library(), &anything()).expect_err(&name).to_string();
            let words = match name.as_str() {
                ENVELOPES => {
                    vec!["report.intoto.jsonl is not as it was written", "does not fit the statement", "keys/"]
                }
                _ if name.starts_with("keys/") => vec!["is missing, or is not that key"],
                _ => vec!["is not the file that was signed"],
            };
            assert!(words.iter().any(|words| flaw.contains(words)), "{name}, byte {place}: {flaw}");
            assert!(name == ENVELOPES || flaw.contains(&name), "{name}: {flaw}");
        }
        copy.write(&name, whole);
    }
    copy.is_good();
}

fn every_file_is_there_and_no_other() {
    let copy = Copy::ready();
    for name in names(&READY) {
        let whole = copy.read(&name);
        copy.remove(&name);
        let words = match name.as_str() {
            ENVELOPES => "report.intoto.jsonl is missing: nobody signed this bundle".to_owned(),
            _ if name.starts_with("keys/") => format!("{name} is missing, or is not that key"),
            _ => format!("{name} was signed and is missing"),
        };
        copy.refused(&words);
        copy.write(&name, whole);
    }
    for name in ["note.txt", "logs/one-more.jsonl", "keys/one-more.pem"] {
        copy.write(name, "");
        copy.refused(&format!("{name} was not signed"));
        copy.remove(name);
    }
    copy.is_good();
}

fn what_is_left_out_is_named() {
    let copy = Copy::ready();
    copy.remove("logs/inbound.expired.batch.jsonl");
    copy.sign(|_| {});
    copy.refused("the scenario inbound/expired (batch) was left out");
    let copy = Copy::ready();
    let log = copy.read("logs/inbound.expired.batch.jsonl");
    copy.write("logs/inbound.expired.cron.jsonl", log);
    copy.sign(|_| {});
    copy.refused("logs/inbound.expired.cron.jsonl has no place in the bundle");
    // Signed anew and otherwise untouched, it is what it was.
    let copy = Copy::ready();
    copy.sign(|_| {});
    copy.is_good();
}

fn a_log_of_another_run_is_named() {
    let report = GROUND.path("another");
    says(
        0,
        &["run", "--integration", &GROUND.path("integration.toml"), "--only", "inbound/control", "--report", &report],
    );
    let name = "logs/inbound.control.batch.jsonl";
    let copy = Copy::ready();
    copy.write(name, fs::read(Path::new(&report).join(name)).unwrap());
    copy.refused("logs/inbound.control.batch.jsonl is not the file that was signed");
    copy.sign(|_| {});
    copy.refused("logs/inbound.control.batch.jsonl is of another run: its exchange of assets differs");
    // Of the same run, under the name of another scenario.
    let copy = Copy::ready();
    copy.write(name, copy.read("logs/inbound.expired.batch.jsonl"));
    copy.sign(|_| {});
    copy.refused("logs/inbound.control.batch.jsonl is of another run: its scenario differs");
}

fn what_the_logs_do_not_say_is_named() {
    // Facts are taken away, and the log is closed as it ought to be.
    let name = "logs/inbound.expired.batch.jsonl";
    let copy = Copy::ready();
    let mut log = Log::<Header>::read(copy.read(name).as_slice()).unwrap();
    log.facts.truncate(log.facts.len() / 2);
    let mut text = Vec::new();
    log.write(&mut text).unwrap();
    copy.write(name, text);
    copy.sign(|_| {});
    copy.refused("report.json says other than the logs, first at /");
    // Lines are taken away, and it is not.
    let copy = Copy::ready();
    let text = String::from_utf8(copy.read(name)).unwrap();
    let half: Vec<_> = text.lines().take(5).collect();
    copy.write(name, half.join("\n") + "\n");
    copy.sign(|_| {});
    copy.refused("logs/inbound.expired.batch.jsonl is no log: line 6 is missing");
    // A verdict is changed where a reader sees it.
    for (name, from, to) in [
        ("report.json", "\"verdict\": \"declared\"", "\"verdict\": \"pass\""),
        ("report.html", "unofficial", "official"),
        ("REPRODUCE.md", "How to", "Why to"),
    ] {
        let copy = Copy::ready();
        let text = String::from_utf8(copy.read(name)).unwrap();
        assert!(text.contains(from), "{name}");
        copy.write(name, text.replacen(from, to, 1));
        copy.sign(|_| {});
        copy.refused(&format!("{name} says other than the logs"));
    }
    // A known deviation, of the run or of a row.
    for (from, to) in [
        (
            "\"not-proven\": [",
            "\"deviations\": [{ \"of\": { \"requirement\": \"TSH-IN-04\" }, \"state\": \"known\" }],\n  \"not-proven\": [",
        ),
        ("\"id\": \"TSH-IN-04\",", "\"id\": \"TSH-IN-04\",\n      \"deviation\": \"known\","),
    ] {
        let copy = Copy::ready();
        let text = String::from_utf8(copy.read("report.json")).unwrap();
        assert!(text.contains(from), "{from}");
        copy.write("report.json", text.replacen(from, to, 1));
        copy.sign(|_| {});
        copy.refused("report.json bears a known deviation, about TSH-IN-04: a certificate bears none");
    }
    let copy = Copy::ready();
    copy.sign(|statement| {
        if statement["predicate"]["passedTests"].is_array() {
            statement["predicate"]["passedTests"] = json!(["TSH-OUT-04"]);
        }
    });
    copy.refused("the statement says other than the report, first at /predicate/passedTests");
    let copy = Copy::ready();
    copy.sign(|statement| {
        if statement["predicate"]["planned"].is_number() {
            statement["predicate"]["planned"] = 4711.into();
        }
    });
    copy.refused("the statement says other than the report, first at /predicate/planned");
    // Declarations come from the integration file, of which the report holds the digest.
    let copy = Copy::ready();
    let text = String::from_utf8(copy.read("integration.toml")).unwrap();
    copy.write("integration.toml", text.replace("change 4711", "change 4712"));
    copy.sign(|_| {});
    copy.refused("report.json says other than the logs, first at /configuration-digest");
}

fn challenge_and_age_are_demanded() {
    let copy = Copy::ready();
    let demands = Demands { challenge: Some("another"), ..anything() };
    copy.refused_by(library(), &demands, "it answers the challenge `nonce-4711`, expected `another`");
    copy.sign(|statement| {
        if let Some(predicate) = statement["predicate"].as_object_mut() {
            predicate.remove("challenge");
        }
    });
    copy.refused_by(library(), &Demands { challenge: Some(NONCE), ..anything() }, "it answers no challenge");
    let max_age = Some(std::time::Duration::from_secs(90 * 86_400));
    let in_days = |days| Demands { max_age, now: OffsetDateTime::now_utc() + Duration::days(days), ..anything() };
    certify::verify(copy.path(), library(), &in_days(89)).unwrap();
    copy.refused_by(library(), &in_days(91), "more than 2160 hours ago");
    copy.refused_by(library(), &in_days(-1), "a time that cannot be");
    // An old run that is signed today is old.
    let started = statements(copy.path())[1]["predicate"]["started"].clone();
    copy.sign(|statement| {
        if statement["predicate"]["started"].is_string() {
            statement["predicate"]["started"] = statement["predicate"]["created"].clone();
        }
    });
    assert_ne!(statements(copy.path())[1]["predicate"]["started"], started);
    copy.refused("the statement says other than the report, first at /predicate/started");
}

fn another_scenario_set_is_named() {
    let copy = Copy::ready();
    let mut later = library().clone();
    later.scenarios.pop();
    copy.refused_by(&later, &anything(), "measured with the scenario set ");
    let mut later = library().clone();
    later.profiles.get_mut("classic-tokenization").unwrap().1 = "0".repeat(64);
    copy.refused_by(&later, &anything(), "measured with another text of the profile classic-tokenization");
    copy.sign(|statement| {
        if statement["predicate"]["harness"].is_string() {
            statement["predicate"]["harness"] = "0.0.9".into();
        }
    });
    copy.refused("certified by harness 0.0.9");
}

fn another_key_is_named() {
    let copy = Copy::ready();
    let keys = [GROUND.public("other")];
    let demands = Demands { keys: &keys, ..anything() };
    copy.refused_by(library(), &demands, &format!("no signature is by key {}", keys[0].id()));
    // The other key's name over the customer's signature, with the other key beside it.
    let text = String::from_utf8(copy.read(ENVELOPES)).unwrap();
    copy.write(ENVELOPES, text.replace(&GROUND.public("p256").id(), &keys[0].id()));
    copy.write(&format!("keys/{}.pem", keys[0].id()), keys[0].to_pem());
    copy.refused_by(library(), &demands, &format!("the signature by key {} does not fit", keys[0].id()));
}

fn a_second_signature_leaves_the_first_one() {
    let copy = Copy::ready();
    let (bundle, key) = (copy.path().to_str().unwrap(), GROUND.path("ed25519.pem"));
    let before = envelopes(copy.path());
    let said = says(0, &["certify", "--countersign", bundle, "--key", &key]);
    assert!(said.contains("(added)"), "{said}");
    for (before, after) in before.iter().zip(envelopes(copy.path())) {
        assert_eq!((&before["payload"], &before["signatures"][0]), (&after["payload"], &after["signatures"][0]));
    }
    let (first, second) = (GROUND.path("p256.pub"), GROUND.path("ed25519.pub"));
    let said = says(0, &["verify", bundle, "--public-key", &first, "--public-key", &second]);
    assert_eq!(said.matches("(the key given)").count(), 2, "{said}");
    assert!(says(3, &["certify", "--countersign", bundle, "--key", &key]).contains("has signed this bundle already"));
    // Nobody signs what is not true.
    copy.write("report.html", "ready");
    let said = says(1, &["certify", "--countersign", bundle, "--key", &GROUND.path("other.pem")]);
    assert!(said.contains("refused, and not signed: report.html is not the file that was signed"), "{said}");
}

fn who_is_not_ready_is_certified_so() {
    let bundle = GROUND.certify("careless", 1, "careless.toml", &["--environment", "pre-production"]);
    let said = says(1, &["verify", bundle.to_str().unwrap()]);
    assert!(said.contains("readiness   not-ready"), "{said}");
    let result = &statements(&bundle)[0]["predicate"];
    assert_eq!(result["result"], "FAILED");
    assert!(result["failedTests"].as_array().unwrap().contains(&"TSH-IN-04".into()), "{result}");
    let said = refuses("integration.toml", &["--environment", "production", "--after", bundle.to_str().unwrap()]);
    assert!(said.contains("it says not-ready, expected ready"), "{said}");
}

fn production_names_what_was_ready_before() {
    let before = READY.to_str().unwrap();
    let bundle =
        GROUND.certify("production", 0, "integration.toml", &["--environment", "production", "--after", before]);
    let said = says(0, &["verify", bundle.to_str().unwrap()]);
    let digest = sha256(&payload(&envelopes(&READY)[1]));
    assert!(said.contains(&format!("after       pre-production sha256:{digest} (the same programs)")), "{said}");
    let said = refuses("integration.toml", &["--environment", "pre-production", "--after", before]);
    assert!(said.contains("it is about pre-production itself"), "{said}");
}

fn what_cannot_be_certified_is_refused_first() {
    let own = fs::read_to_string(GROUND.path("integration.toml")).unwrap();
    let spoiled = BTreeMap::from([
        ("undeclared.toml", own.replace("\"TSH-OUT-04\" =", "# \"TSH-OUT-04\" =")),
        ("one-environment.toml", own.replace(PRODUCTION, "")),
        ("issued.toml", own.replacen("client-certificate", "# client-certificate", 1).replacen("client-key", "# ", 1)),
    ]);
    for (name, content) in &spoiled {
        assert_ne!(*content, own, "{name}");
        fs::write(GROUND.path(name), content).unwrap();
    }
    let here = ["--environment", "pre-production"];
    let expected = [
        ("undeclared.toml", &here[..], "error: TSH-OUT-04 is not answered for: its proof reaches beyond a run"),
        ("issued.toml", &here, "error: [identity] names no client certificate of your own"),
        ("one-environment.toml", &["--environment", "production"], "describes pre-production and not production"),
        ("integration.toml", &["--environment", "moon"], "has no environment `moon`"),
        ("integration.toml", &[here[0], here[1], "--only", "dns/*"], "error: --only: a certificate is about the whole"),
        ("integration.toml", &[here[0], here[1], "--after", "/nowhere"], "error: --after /nowhere: refused: "),
    ];
    for (file, words, message) in expected {
        let said = refuses(file, words);
        assert!(said.contains(message) && said.lines().count() == 1, "{file}: {said}");
    }
    // The reference has no file.
    let (key, out) = (GROUND.path("other.pem"), GROUND.path("nothing"));
    let said = says(3, &["certify", "--environment", "production", "--key", &key, "--out", &out]);
    assert!(said.contains("--integration <FILE>"), "{said}");
    // A key that others may read, a directory that holds something, a key of another kind.
    let (file, open) = (GROUND.path("integration.toml"), GROUND.path("open.pem"));
    fs::copy(&key, &open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o640)).unwrap();
    let words =
        |key, out| ["certify", "--integration", &file, here[0], here[1], "--key", key, "--out", out].map(str::to_owned);
    let certs = GROUND.path("certs");
    let rsa = GROUND.path("rsa.pem");
    openssl(&["genpkey", "-algorithm", "RSA", "-out", &rsa]);
    fs::set_permissions(&rsa, fs::Permissions::from_mode(0o600)).unwrap();
    for (key, out, message) in [
        (open.as_str(), out.as_str(), "the key is open to others (mode 640)"),
        (key.as_str(), certs.as_str(), "expected an empty directory, or none"),
        (rsa.as_str(), out.as_str(), "no key that signs, expected PKCS#8 in PEM, P-256 or Ed25519"),
    ] {
        let words = words(key, out);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let said = says(3, &words);
        assert!(said.contains(message), "{said}");
    }
    without_a_private_network(&words(&key, &out));
}

/// As on a machine that allows no namespaces, which only root can play.
fn without_a_private_network(words: &[String]) {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && echo 0 > /proc/sys/user/max_net_namespaces && \
                  exec \"$0\" \"$@\"";
    let mut all = vec!["--user", "--map-root-user", "--mount", "sh", "-c", script, HARNESS];
    all.extend(words.iter().map(String::as_str));
    let output = run("unshare", &all);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("no certificate without a private network") && said.lines().count() == 1, "{said}");
}
