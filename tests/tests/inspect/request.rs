//! Requests for client certificates, which only D1 knows.

use super::forge::forge;
use super::row::{Row, compare};

/// `D1E-IN-09` is about the signature, and `D1E-IN-09'` about the subject.
const GOOD: &str = "pass D1E-IN-06 D1E-IN-07 D1E-IN-08 D1E-IN-09 D1E-IN-09' D1E-IN-10 D1E-IN-11 D1E-IN-12 D1E-GEN-02";
const SUBJECT: &str = "/C=DE/ST=BY/L=Munich/O=Acme/OU=Pay";
const PLACE: &str = "--profile d1-ecom --environment pre-production --customer-id MGW_000001";
const TEMPLATE: &str = "--cn-template TLSMA-{algorithm}/{customer-id}-{environment}";

/// Name, key and options, the subject (`SUBJECT` stands for its beginning), exit code, what differs.
const REQUESTS: [(&str, &str, &str, i32, &str); 38] = [
    ("r-good", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 0, ""),
    ("r-rsa4096", "rsa4096", "SUBJECT/CN=TLSMA-RSA\\/MGW_000001-PPR", 0, ""),
    ("r-rsa2048", "rsa2048", "SUBJECT/CN=TLSMA-RSA\\/MGW_000001-PPR", 1, "fail D1E-IN-06 D1E-IN-07"),
    ("r-rsa3072", "rsa3072", "SUBJECT/CN=TLSMA-RSA\\/MGW_000001-PPR", 1, "fail D1E-IN-06"),
    ("r-rsa1024", "rsa1024", "SUBJECT/CN=TLSMA-RSA\\/MGW_000001-PPR", 1, "fail D1E-IN-06"),
    ("r-p384", "p384 -sha256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-06"),
    ("r-p521", "p521 -sha256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-06"),
    ("r-k1", "secp256k1", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-06"),
    ("r-ed25519", "ed25519", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-06 D1E-IN-08 D1E-IN-12"),
    ("r-sha384", "p256 -sha384", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-08"),
    ("r-sha512", "rsa4096 -sha512", "SUBJECT/CN=TLSMA-RSA\\/MGW_000001-PPR", 1, "fail D1E-IN-08"),
    ("r-sha1", "p256 -sha1", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-08"),
    ("r-md5", "rsa4096 -md5", "SUBJECT/CN=TLSMA-RSA\\/MGW_000001-PPR", 1, "fail D1E-IN-08; warn D1E-IN-09"),
    ("r-no-ou", "p256", "/C=DE/ST=BY/L=Munich/O=Acme/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-09'"),
    ("r-no-c", "p256", "/ST=BY/L=Munich/O=Acme/OU=Pay/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-09'"),
    ("r-no-st", "p256", "/C=DE/L=Munich/O=Acme/OU=Pay/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-09'"),
    ("r-two-ou", "p256", "SUBJECT/OU=More/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-09'"),
    ("r-c-lower", "p256", "/C=de/ST=BY/L=Munich/O=Acme/OU=Pay/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-09'"),
    ("r-order", "p256", "/CN=TLSMA-ECDSA\\/MGW_000001-PPR/OU=Pay/O=Acme/L=Munich/ST=BY/C=DE", 0, "warn D1E-IN-09'"),
    ("r-email", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR/emailAddress=a@b.example", 0, "warn D1E-IN-09'"),
    (
        "r-two-cn",
        "p256",
        "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR/CN=x",
        1,
        "fail D1E-IN-09' D1E-IN-10 D1E-IN-11 D1E-IN-12 D1E-GEN-02",
    ),
    (
        "r-no-cn",
        "p256",
        "/C=DE/ST=BY/L=Munich/O=Acme/OU=Pay",
        1,
        "fail D1E-IN-09' D1E-IN-10 D1E-IN-11 D1E-IN-12 D1E-GEN-02",
    ),
    ("r-backslash", "p256", "SUBJECT/CN=TLSMA-ECDSA\\\\\\/MGW_000001-PPR", 1, "fail D1E-IN-10"),
    ("r-no-word", "p256", "SUBJECT/CN=MGW_000001-PPR", 1, "fail D1E-IN-10; note D1E-IN-12"),
    ("r-word-case", "p256", "SUBJECT/CN=tlsma-ecdsa\\/MGW_000001-PPR", 1, "fail D1E-IN-10; note D1E-IN-12"),
    ("r-rsa-word", "p256", "SUBJECT/CN=TLSMA-RSA\\/MGW_000001-PPR", 1, "fail D1E-IN-12"),
    ("r-ecdsa-word", "rsa4096", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 1, "fail D1E-IN-12"),
    ("r-prd", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PRD", 1, "fail D1E-IN-11"),
    ("r-ppr-lower", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-ppr", 1, "fail D1E-IN-10 D1E-IN-11"),
    ("r-prod", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PROD", 1, "fail D1E-IN-10 D1E-IN-11"),
    ("r-both", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR-PRD", 1, "fail D1E-IN-10 D1E-IN-11"),
    ("r-no-environment", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001", 1, "fail D1E-IN-10 D1E-IN-11"),
    ("r-id", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000002-PPR", 1, "fail D1E-IN-10 D1E-GEN-02"),
    ("r-id-case", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/mgw_000001-PPR", 1, "fail D1E-IN-10 D1E-GEN-02"),
    ("r-separator", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001_PPR", 1, "fail D1E-IN-10"),
    ("r-space", "p256", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR%20", 1, "fail D1E-IN-10"),
    ("r-utf8", "p256", "/C=DE/ST=BY/L=München/O=Acme/OU=Pay/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 0, ""),
    ("r-san", "p256 -addext subjectAltName=DNS:a.example", "SUBJECT/CN=TLSMA-ECDSA\\/MGW_000001-PPR", 0, ""),
];

pub(crate) fn requests() {
    let forge = forge();
    let mut rows = Vec::new();
    for (name, key, subject, code, differs) in REQUESTS {
        let (key, more) = key.split_once(' ').unwrap_or((key, ""));
        forge.request(name, &format!("{key} {} {more}", subject.replace("SUBJECT", SUBJECT)));
        rows.push(Row::new(format!("{name}.csr {PLACE} {TEMPLATE}"), code, GOOD, differs));
    }
    // A string of 64 characters is the longest that OpenSSL writes: one more by hand, with its own length and signature.
    let template = "distinguished_name=d\nstring_mask=utf8only\nprompt=no\n[d]\n";
    for (name, length, code, differs) in [("r-64", 64, 0, ""), ("r-65", 65, 1, "fail D1E-IN-10")] {
        let common_name = format!("TLSMA-ECDSA/MGW_000001-PPR{}", "x".repeat(length - 26));
        let names = format!("C=DE\nST=BY\nL=Munich\nO=Acme\nOU=Pay\nCN={}\n", "y".repeat(64));
        forge.write(&format!("{name}.cnf"), format!("[req]\n{template}{names}"));
        forge.openssl(&format!("req -new -key p256.key -config {name}.cnf -outform DER -out {name}.der"));
        with_common_name(name, &common_name);
        rows.push(Row::new(format!("{name}.csr {PLACE}"), code, GOOD, &format!("note D1E-IN-10; {differs}")));
    }
    // Three letters of a country: OpenSSL refuses to write them.
    with_country();
    rows.push(Row::new(format!("r-c3.csr {PLACE} {TEMPLATE}"), 1, GOOD, "fail D1E-IN-09'"));
    let mut der = pem_body("r-good.csr");
    *der.last_mut().unwrap() ^= 1;
    forge.write("r-flipped.csr", &der);
    rows.push(Row::new(format!("r-flipped.csr {PLACE} {TEMPLATE}"), 1, GOOD, "fail D1E-IN-09"));
    // Other forms of the same.
    forge.openssl("req -in r-good.csr -outform DER -out r-good.der");
    rows.push(Row::new(format!("r-good.der {PLACE} {TEMPLATE}"), 0, GOOD, ""));
    let text = String::from_utf8(forge.read("r-good.csr")).unwrap();
    forge.write("r-new.csr", text.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"));
    rows.push(Row::new(format!("r-new.csr {PLACE} {TEMPLATE}"), 0, GOOD, "note :form"));
    forge.join("r-with-key.pem", &["r-good.csr", "p256.key"]);
    rows.push(Row::new(format!("r-with-key.pem {PLACE} {TEMPLATE}"), 0, GOOD, "note :private-key"));
    forge.join("r-other-key.pem", &["r-good.csr", "other.key"]);
    rows.push(Row::new(
        format!("r-other-key.pem {PLACE} {TEMPLATE}"),
        0,
        GOOD,
        "warn :private-key; note :private-key'",
    ));
    forge.self_signed("r-beside", "p256 /CN=shop.acme.example");
    forge.join("r-and-certificate.pem", &["r-good.csr", "r-beside.pem"]);
    rows.push(Row::new(format!("r-and-certificate.pem {PLACE} {TEMPLATE}"), 0, GOOD, "note :file"));
    // What onboarding did not say.
    rows.push(Row::new(format!("r-good.csr {PLACE}"), 0, GOOD, "note D1E-IN-10"));
    rows.push(Row::new(
        "r-good.csr --profile d1-ecom --environment pre-production",
        0,
        GOOD,
        "note D1E-IN-10; none D1E-GEN-02",
    ));
    let short = PLACE.replace("MGW_000001", "MGW_1");
    rows.push(Row::new(format!("r-good.csr {short}"), 1, GOOD, "fail D1E-IN-10 D1E-GEN-02"));
    let production = PLACE.replace("pre-production", "production");
    rows.push(Row::new(format!("r-good.csr {production} {TEMPLATE}"), 1, GOOD, "fail D1E-IN-11"));
    rows.push(Row::new(format!("r-prd.csr {production} {TEMPLATE}"), 0, GOOD, ""));
    // Where the customer signs itself there is no request.
    rows.push(Row::unjudged("r-good.csr --profile classic-tokenization --environment production"));
    rows.push(Row::unjudged("r-good.csr --profile merchant-tokenization --environment sandbox"));
    forge.join("r-two.csr", &["r-good.csr", "r-rsa4096.csr"]);
    rows.push(Row::unjudged(format!("r-two.csr {PLACE}")));
    compare(&rows);
}

pub(crate) fn renewals() {
    let forge = forge();
    let subject = format!("{SUBJECT}/CN=TLSMA-ECDSA\\/MGW_000001-PPR");
    forge.request("n-new", &format!("other {subject}"));
    forge.request("n-same-key", &format!("p256 {subject} -addext subjectAltName=DNS:a.example"));
    forge.request("n-old", &format!("p256 {subject}"));
    forge.request("n-other", &format!("p256 {}", subject.replace("Pay", "Payments")));
    forge.root("n-root", "p384", "/CN=CA%20for%20customers");
    forge.issued("n-cert", ("p256", &subject), ("n-root", "p384"), "extendedKeyUsage=clientAuth");
    forge.write("n-nothing.pem", forge.read("p256.key"));
    let row = |name: &str, previous: &str, code, differs: &str| {
        Row::new(format!("{name}.csr {PLACE} {TEMPLATE} --previous {previous}"), code, GOOD, differs)
    };
    compare(&[
        row("n-new", "n-old.csr", 0, "pass D1E-IN-15"),
        row("n-new", "n-cert.pem", 0, "pass D1E-IN-15"),
        row("n-same-key", "n-old.csr", 0, "warn D1E-IN-15"),
        row("n-same-key", "n-cert.pem", 0, "warn D1E-IN-15"),
        row("n-new", "n-other.csr", 1, "fail D1E-IN-15"),
        row("n-new", "n-nothing.pem", 0, "note D1E-IN-15"),
    ]);
}

/// The DER in a PEM file.
fn pem_body(name: &str) -> Vec<u8> {
    let name_der = format!("{name}.der");
    forge().openssl(&format!("req -in {name} -outform DER -out {name_der}"));
    forge().read(&name_der)
}

/// Puts a CN of any length in place of the 64 letters, and signs again: the request's lengths are written anew.
fn with_common_name(name: &str, common_name: &str) {
    let der = forge().read(&format!("{name}.der"));
    let old = "y".repeat(64);
    let at = der.windows(64).position(|window| window == old.as_bytes()).unwrap();
    resign(name, &der, (at, 64), common_name.as_bytes());
}

fn with_country() {
    let der = pem_body("r-good.csr");
    let at = der.windows(4).position(|window| window == [0x13, 2, b'D', b'E']).unwrap() + 2;
    resign("r-c3", &der, (at, 2), b"DEU");
}

/// Replaces the text of one attribute and signs the request again with OpenSSL.
fn resign(name: &str, der: &[u8], (at, length): (usize, usize), text: &[u8]) {
    let forge = forge();
    // request { info { version, name { … set { attribute { oid, text } } … }, … }, algorithm, signature }
    let (outer, outer_body, _) = element(der, 0);
    let (_, info_body, info_end) = element(der, outer_body);
    let (_, _, version_end) = element(der, info_body);
    let (_, name_body, name_end) = element(der, version_end);
    let (mut set, mut attribute, mut found) = (name_body, 0, 0);
    while found == 0 {
        let (_, set_body, set_end) = element(der, set);
        let (_, attribute_body, attribute_end) = element(der, set_body);
        if (attribute_body..attribute_end).contains(&at) {
            (attribute, found) = (attribute_body, set_end);
        } else {
            set = set_end;
        }
    }
    let (_, _, oid_end) = element(der, attribute);
    assert!(oid_end < at && outer == 0 && at + length <= found);
    let value = wrap(der[oid_end], text);
    let attribute = wrap(0x31, &wrap(0x30, &[&der[attribute..oid_end], &value].concat()));
    let names = wrap(0x30, &[&der[name_body..set], &attribute, &der[found..name_end]].concat());
    let info = wrap(0x30, &[&der[info_body..version_end], &names, &der[name_end..info_end]].concat());
    forge.write(&format!("{name}.tbs"), &info);
    forge.openssl(&format!("dgst -sha256 -sign p256.key -out {name}.sig {name}.tbs"));
    let signature = [&[0], forge.read(&format!("{name}.sig")).as_slice()].concat();
    let (_, _, algorithm_end) = element(der, info_end);
    let request = wrap(0x30, &[&info, &der[info_end..algorithm_end], &wrap(3, &signature)].concat());
    forge.write(&format!("{name}.csr"), request);
}

/// Of an element in DER: its place, beginning and end of the content.
pub(crate) fn element(der: &[u8], at: usize) -> (usize, usize, usize) {
    let (length, header) = match der[at + 1] {
        short @ 0..=0x7f => (usize::from(short), 2),
        0x81 => (usize::from(der[at + 2]), 3),
        _ => (usize::from(der[at + 2]) << 8 | usize::from(der[at + 3]), 4),
    };
    (at, at + header, at + header + length)
}

fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let header = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [header, content.to_vec()].concat()
}
