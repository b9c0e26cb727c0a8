//! Files that cannot be judged, each with one line; what is never printed; and the text for people.

use std::fs;

use super::forge::forge;
use super::row::{Row, compare, inspect};

const TSH: &str = "--profile classic-tokenization --environment production --common-name shop.acme.example";

/// Name and a part of the line that it gets.
const FAULTS: [(&str, &str); 22] = [
    ("missing.pem", "it cannot be read: No such file"),
    ("f-empty", "an empty file"),
    ("f-space", "an empty file"),
    ("f-directory", "a directory"),
    ("f-huge", "more than 8 MiB"),
    ("f-noise", "expected"),
    ("f-words", "expected"),
    ("p256.key", "nothing to judge"),
    ("f-locked.key", "nothing to judge"),
    ("f-public.pem", "nothing to judge"),
    ("f-half.pem", "has no END line"),
    ("f-begin.pem", "has no END line"),
    ("f-letters.pem", "line"),
    ("f-half.der", "cut short"),
    ("f-head.der", "cut short"),
    ("f-half.p12", "cut short"),
    ("f-known.p12", "password"),
    ("f-wrong.pem", "certificate"),
    ("f-crl.pem", "nothing to judge"),
    ("f-ssh.key", "nothing to judge"),
    ("f-end.pem", "no BEGIN line"),
    ("f-version.jks", "version"),
];

pub(crate) fn files() {
    let forge = forge();
    forge.self_signed("f", "p256 /CN=shop.acme.example");
    forge.openssl("x509 -in f.pem -outform DER -out f.der");
    let (pem, der) = (String::from_utf8(forge.read("f.pem")).unwrap(), forge.read("f.der"));
    forge.write("f-empty", "");
    forge.write("f-space", " \n\n");
    fs::create_dir(forge.path("f-directory")).unwrap();
    forge.write("f-huge", vec![b'A'; 9 << 20]);
    forge.write("f-noise", (0..4096_u32).map(|number| ((number * 7919) >> 5) as u8 | 0x80).collect::<Vec<_>>());
    forge.write("f-words", "the certificate is in the other mail\n");
    forge.openssl("pkcs8 -topk8 -in p256.key -passout pass:hidden -out f-locked.key");
    forge.openssl("pkey -in p256.key -pubout -out f-public.pem");
    forge.write("f-half.pem", &pem[..pem.len() / 2]);
    forge.write("f-begin.pem", "-----BEGIN CERTIFICATE-----\n");
    forge.write("f-end.pem", "-----END CERTIFICATE-----\n");
    forge.write("f-letters.pem", pem.replacen('M', "*", 1));
    forge.write("f-half.der", &der[..der.len() / 2]);
    forge.write("f-head.der", &der[..5]);
    forge.openssl("pkcs12 -export -in f.pem -inkey p256.key -passout pass:known -out f-known.p12");
    let store = forge.read("f-known.p12");
    forge.write("f-half.p12", &store[..store.len() / 2]);
    forge.write("f-wrong.pem", pem.replace("\nMII", "\nMIJ"));
    forge.write("f.index", "");
    forge.write("f.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=f.index\ndefault_md=sha256\ndefault_crl_days=9\n");
    forge.openssl("ca -gencrl -config f.cnf -keyfile p256.key -cert f.pem -out f-crl.pem");
    forge.write(
        "f-ssh.key",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----\n",
    );
    forge.write("f-version.jks", [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 9, 0, 0, 0, 0]);
    let rows: Vec<_> = FAULTS.iter().map(|(name, _)| Row::unjudged(format!("{name} {TSH}"))).collect();
    for ((name, part), text) in FAULTS.iter().zip(compare(&rows)) {
        assert!(text.contains(part) && text.lines().count() == 1, "{name}: `{part}` is not in `{text}`");
    }
    // A store cut at any place is told, and never a panic; so is what stands beside one that is not judged.
    for (name, content) in [("cut.der", &der), ("cut.p12", &store), ("cut.pem", &pem.clone().into_bytes())] {
        for part in 1..12 {
            forge.write(name, &content[..content.len() * part / 12]);
            let output = inspect(&format!("{name} f.pem {TSH}"), &[("THALES_STORE_PASSWORD", "known")]);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(output.status.code(), Some(3), "{name} {part}: {text}");
            assert!(text.contains("not judged") && text.contains("pass TSH-IN-11"), "{name} {part}: {text}");
        }
    }
    // Bad words.
    for words in [
        "f.pem --profile nobody --environment production",
        "f.pem --profile classic-tokenization --environment nowhere",
        "f.pem --profile classic-tokenization",
        "--profile classic-tokenization --environment production",
        &format!("f.pem {TSH} --as something"),
        &format!("f.pem {TSH} --previous missing.pem"),
        &format!("f.pem {TSH} --password-file missing"),
        &format!("f.pem {TSH} --password known"),
    ] {
        assert_eq!(inspect(words, &[]).status.code(), Some(3), "{words}");
    }
}

pub(crate) fn secrets() {
    let forge = forge();
    forge.self_signed("x", "p256 /CN=shop.acme.example");
    forge.openssl("pkcs12 -export -in x.pem -inkey p256.key -passout pass:Zq7-known -out x.p12");
    forge.join("x-key.pem", &["x.pem", "p256.key"]);
    let key = String::from_utf8(forge.read("p256.key")).unwrap();
    let line = key.lines().nth(1).unwrap();
    for (json, password) in [("", "Zq7-known"), ("--json", "Zq7-known"), ("", "Zq7-other"), ("--json", "Zq7-other")] {
        let output = inspect(&format!("x.p12 x-key.pem {TSH} {json}"), &[("THALES_STORE_PASSWORD", password)]);
        assert_eq!(output.status.code(), Some(if password == "Zq7-known" { 0 } else { 3 }));
        for stream in [output.stdout, output.stderr] {
            let text = String::from_utf8(stream).unwrap();
            assert!(!text.contains("Zq7") && !text.contains(line), "{text}");
        }
    }
}

pub(crate) fn text() {
    let forge = forge();
    forge.self_signed("y", r"rsa1024 /CN=shop\\.acme.example");
    forge.self_signed("z", "p256 /CN=shop.acme.example");
    let output = inspect(&format!("y.pem z.pem {TSH}"), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [
        "y.pem: PEM with 1 certificate; client certificate: it is one self-signed certificate\n",
        "  FAIL TSH-IN-08 (MUST) key: RSA 1024; expected: its key is one of EC P-256, EC P-384, RSA 2048\n         remedy: ",
        r"byte 5 is `\` (0x5c), expected `.` (0x2e): a literal backslash",
        "  pass TSH-IN-09 (MUST) signature hash: SHA-256\n",
        "\ncalendar\n",
        "699 days left  CN=shop.acme.example  z.pem\n",
        "2 file(s): 2 failed, 1 warning(s), 11 passed, 0 note(s), 0 file(s) not judged\n",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}
