//! Client certificates in all three profiles.

use super::forge::forge;
use super::row::{Row, compare};

const TSH: &str = "pass TSH-IN-05 TSH-IN-07 TSH-IN-08 TSH-IN-09 TSH-IN-10 TSH-IN-11 TSH-IN-14";
const TMG: &str = "pass TMG-IN-05 TMG-IN-07 TMG-IN-08 TMG-IN-09 TMG-IN-10 TMG-IN-11 TMG-IN-14";
const D1E: &str = "pass D1E-IN-05 D1E-IN-06 D1E-IN-07 D1E-IN-08 D1E-IN-09 D1E-IN-10 D1E-IN-11 D1E-IN-12 D1E-ADV-16 \
    D1E-GEN-02; note D1E-IN-14";

const CN: &str = "shop.acme.example";

/// Name, recipe, exit code, what differs: for TSH, and the same for TMG.
const SELF_SIGNED: [(&str, &str, i32, &str); 39] = [
    ("good", "p256 /CN=shop.acme.example", 0, ""),
    ("p384", "p384 /CN=shop.acme.example -sha256", 0, ""),
    ("p384-sha384", "p384 /CN=shop.acme.example -sha384", 0, "warn IN-09"),
    ("p256-sha384", "p256 /CN=shop.acme.example -sha384", 0, "warn IN-09"),
    ("p256-sha512", "p256 /CN=shop.acme.example -sha512", 1, "fail IN-09"),
    ("p256-sha1", "p256 /CN=shop.acme.example -sha1", 1, "fail IN-09"),
    ("p521", "p521 /CN=shop.acme.example", 1, "fail IN-08"),
    ("secp256k1", "secp256k1 /CN=shop.acme.example", 1, "fail IN-08"),
    ("explicit", "explicit /CN=shop.acme.example", 1, "fail IN-08; note IN-05"),
    ("ed25519", "ed25519 /CN=shop.acme.example", 1, "fail IN-08 IN-09"),
    ("rsa1024", "rsa1024 /CN=shop.acme.example", 1, "fail IN-08; warn IN-10"),
    ("rsa2048", "rsa2048 /CN=shop.acme.example", 0, "warn IN-10"),
    ("rsa3072", "rsa3072 /CN=shop.acme.example", 0, "warn IN-08 IN-10"),
    ("rsa4096", "rsa4096 /CN=shop.acme.example", 0, "warn IN-08 IN-10"),
    ("rsa2048-sha1", "rsa2048 /CN=shop.acme.example -sha1", 1, "fail IN-09; warn IN-10"),
    ("rsa2048-md5", "rsa2048 /CN=shop.acme.example -md5", 1, "fail IN-09; warn IN-10; note IN-05"),
    ("rsa2048-sha384", "rsa2048 /CN=shop.acme.example -sha384", 1, "fail IN-09; warn IN-10"),
    ("rsa2048-pss-long", "rsa2048 /CN=shop.acme.example -sigopt rsa_padding_mode:pss", 0, "warn IN-10; note IN-05"),
    (
        "rsa2048-pss",
        "rsa2048 /CN=shop.acme.example -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest",
        0,
        "warn IN-10",
    ),
    ("days-729", "p256 /CN=shop.acme.example -days 729", 0, ""),
    ("days-730", "p256 /CN=shop.acme.example -days 730", 0, ""),
    ("days-732", "p256 /CN=shop.acme.example -days 732", 1, "fail IN-07"),
    ("days-1096", "p256 /CN=shop.acme.example -days 1096", 1, "fail IN-07"),
    ("days-30", "p256 /CN=shop.acme.example -days 30", 0, "warn IN-07"),
    ("cn-case", "p256 /CN=Shop.acme.example", 1, "fail IN-11"),
    ("cn-space-after", "p256 /CN=shop.acme.example%20", 1, "fail IN-11"),
    ("cn-space-before", "p256 /CN=%20shop.acme.example", 1, "fail IN-11"),
    ("cn-backslash", r"p256 /CN=shop\\.acme.example", 1, "fail IN-11"),
    ("cn-localhost", "p256 /CN=localhost", 1, "fail IN-11"),
    ("cn-twice", "p256 /CN=shop.acme.example/CN=shop.acme.example", 1, "fail IN-11"),
    ("cn-none", "p256 /O=Acme", 1, "fail IN-11"),
    ("cn-utf8", "p256 /CN=shöp.acme.example", 1, "fail IN-11"),
    ("cn-among-others", "p256 /C=DE/O=Acme/CN=shop.acme.example", 0, ""),
    ("bare", "p256 /CN=shop.acme.example bare", 0, "warn IN-14"),
    (
        "eku-server",
        "p256 /CN=shop.acme.example -addext basicConstraints=CA:FALSE -addext extendedKeyUsage=serverAuth",
        0,
        "warn IN-14",
    ),
    (
        "eku-both",
        "p256 /CN=shop.acme.example -addext basicConstraints=CA:FALSE -addext extendedKeyUsage=serverAuth,clientAuth",
        0,
        "",
    ),
    (
        "usage-encipherment",
        "p256 /CN=shop.acme.example -addext basicConstraints=CA:FALSE -addext keyUsage=keyEncipherment",
        0,
        "warn IN-14",
    ),
    ("usage-sign", "p256 /CN=shop.acme.example -addext keyUsage=keyCertSign", 0, "warn IN-14"),
    (
        "san",
        "p256 /CN=shop.acme.example -addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:shop.acme.example",
        0,
        "",
    ),
];

pub(crate) fn certificates() {
    let forge = forge();
    let mut rows = Vec::new();
    for (name, recipe, code, differs) in SELF_SIGNED {
        forge.self_signed(name, recipe);
        // For servers alone its content says something else.
        let said = if name == "eku-server" { "--as client-certificate" } else { "" };
        for (prefix, profile, environment, good) in
            [("TSH", "classic-tokenization", "pre-production", TSH), ("TMG", "merchant-tokenization", "sandbox", TMG)]
        {
            let words = format!("{name}.pem --profile {profile} --environment {environment} --common-name {CN} {said}");
            rows.push(Row::new(words, code, good, &differs.replace("IN-", &format!("{prefix}-IN-"))));
        }
    }
    let plain = "--profile classic-tokenization --environment production";
    let given = format!("{plain} --common-name {CN}");
    rows.push(Row::new(format!("good.pem {plain}"), 0, TSH, "note TSH-IN-11"));
    // What another authority signed is no certificate of one's own.
    forge.root("company", "other", "/CN=Company%20CA");
    forge.issued("by-company", ("p256", "/CN=shop.acme.example"), ("company", "other"), "extendedKeyUsage=clientAuth");
    rows.push(Row::new(format!("by-company.pem {given}"), 1, TSH, "fail TSH-IN-05"));
    forge.join("by-company-chain.pem", &["by-company.pem", "company.pem"]);
    rows.push(Row::new(format!("by-company-chain.pem {given}"), 1, TSH, "fail TSH-IN-05; warn :file"));
    forge.join("company-first.pem", &["company.pem", "by-company.pem"]);
    rows.push(Row::new(format!("company-first.pem {given}"), 1, TSH, "fail TSH-IN-05; warn :file :order"));
    // Keys beside it.
    forge.join("with-key.pem", &["good.pem", "p256.key"]);
    rows.push(Row::new(format!("with-key.pem {given}"), 0, TSH, "note :private-key"));
    forge.join("with-other-key.pem", &["good.pem", "other.key"]);
    rows.push(Row::new(format!("with-other-key.pem {given}"), 1, TSH, "fail TSH-IN-01; note :private-key"));
    // Other formats.
    forge.openssl("x509 -in good.pem -outform DER -out good.der");
    rows.push(Row::new(format!("good.der {given}"), 0, TSH, ""));
    forge.openssl("pkcs12 -export -in good.pem -inkey p256.key -passout pass:changeit -out good.p12");
    rows.push(Row::new(format!("good.p12 {given}"), 0, TSH, ""));
    forge.openssl("pkcs12 -export -legacy -in good.pem -inkey p256.key -passout pass:changeit -out legacy.p12");
    rows.push(Row::new(format!("legacy.p12 {given}"), 0, TSH, ""));
    // What stood there before.
    for (before, differs) in [("good", "note :previous"), ("p384", "note :previous"), ("cn-case", "note :previous")] {
        rows.push(Row::new(format!("good.pem {given} --previous {before}.pem"), 0, TSH, differs));
    }
    rows.extend(issued());
    compare(&rows);
}

/// Certificates of D1, which Thales signs.
fn issued() -> Vec<Row> {
    const CLIENT: &str = "basicConstraints=CA:FALSE;keyUsage=digitalSignature;extendedKeyUsage=clientAuth";
    let forge = forge();
    let good = "/C=DE/ST=BY/L=Munich/O=Acme/OU=Pay/CN=TLSMA-ECDSA\\/MGW_000001-PPR";
    forge.root("customers", "p384", "/O=Thales/CN=CA%20for%20customers");
    forge.root("stand-in", "p384", "/O=TEST,%20NOT%20THALES/CN=TEST,%20NOT%20THALES%20CA%20for%20customers");
    let thales = ("customers", "p384");
    let rest = format!("{CLIENT}|-sha256 -days 1826");
    let template = "TLSMA-{algorithm}/{customer-id}-{environment}";
    let words = |name: &str, environment: &str| {
        format!(
            "{name}.pem --profile d1-ecom --environment {environment} --customer-id MGW_000001 --cn-template {template} \
             --authority customers.pem"
        )
    };
    for (name, key, subject, issuer) in [
        ("d1-good", "p256", good, thales),
        ("d1-rsa4096", "rsa4096", &good.replace("ECDSA", "RSA"), thales),
        ("d1-rsa2048", "rsa2048", &good.replace("ECDSA", "RSA"), thales),
        ("d1-rsa3072", "rsa3072", &good.replace("ECDSA", "RSA"), thales),
        ("d1-p384", "p384", good, thales),
        ("d1-ed25519", "ed25519", good, thales),
        ("d1-production", "p256", &good.replace("PPR", "PRD"), thales),
        ("d1-word", "p256", &good.replace("ECDSA", "RSA"), thales),
        ("d1-id", "p256", &good.replace("MGW_000001", "MGW_000002"), thales),
        ("d1-company", "p256", good, ("company-2", "other")),
        ("d1-stand-in", "p256", &good.replace("PPR", "PRD"), ("stand-in", "p384")),
    ] {
        if issuer.0 == "company-2" {
            forge.root("company-2", "other", "/CN=Company%20CA%202");
        }
        forge.issued(name, (key, subject), issuer, &rest);
    }
    forge.self_signed("d1-self-signed", &format!("p256 {good}"));
    let sha384 = format!("{CLIENT}|-sha384 -days 1826");
    forge.issued("d1-sha384", ("p256", good), thales, &sha384);
    let row = |name: &str, code, differs: &str| Row::new(words(name, "pre-production"), code, D1E, differs);
    vec![
        row("d1-good", 0, ""),
        row("d1-rsa4096", 0, ""),
        row("d1-rsa2048", 1, "fail D1E-IN-06 D1E-IN-07"),
        row("d1-rsa3072", 1, "fail D1E-IN-06"),
        row("d1-p384", 1, "fail D1E-IN-06"),
        row("d1-ed25519", 1, "fail D1E-IN-06 D1E-IN-12"),
        row("d1-production", 1, "fail D1E-IN-11"),
        row("d1-word", 1, "fail D1E-IN-12"),
        row("d1-id", 1, "fail D1E-IN-10 D1E-GEN-02"),
        row("d1-company", 1, "fail D1E-IN-05"),
        row("d1-self-signed", 1, "fail D1E-IN-05"),
        row("d1-sha384", 1, "fail D1E-IN-08"),
        Row::new(words("d1-good", "production"), 1, D1E, "fail D1E-IN-11"),
        Row::new(words("d1-production", "production"), 0, D1E, ""),
        Row::new(words("d1-stand-in", "production").replace("customers.pem", "stand-in.pem"), 1, D1E, "fail D1E-IN-05"),
        Row::new(
            words("d1-production", "production").replace("--authority customers.pem", ""),
            0,
            D1E,
            "note D1E-IN-05",
        ),
        Row::new(
            "d1-good.pem --profile d1-ecom --environment pre-production --authority customers.pem",
            0,
            D1E,
            "note D1E-IN-10; none D1E-GEN-02",
        ),
        Row::new(words("d1-good", "pre-production") + " --previous d1-rsa4096.pem", 1, D1E, "fail D1E-IN-15"),
        Row::new(words("d1-good", "pre-production") + " --previous d1-p384.pem", 0, D1E, "pass D1E-IN-15"),
        Row::new(words("d1-good", "pre-production") + " --previous d1-sha384.pem", 0, D1E, "warn D1E-IN-15"),
    ]
}

/// First and last second, the moment of judging, exit code, what differs.
const DATES: [(&str, &str, &str, i32, &str); 14] = [
    ("20260301000000Z", "20280301000000Z", "2026-04-01T00:00:00Z", 0, ""),
    ("20260301000000Z", "20280301000001Z", "2026-04-01T00:00:00Z", 1, "fail TSH-IN-07"),
    ("20260301000000Z", "20280229235959Z", "2026-04-01T00:00:00Z", 0, ""),
    ("20250301000000Z", "20270301000000Z", "2025-04-01T00:00:00Z", 0, ""),
    ("20250301000000Z", "20270302000000Z", "2025-04-01T00:00:00Z", 1, "fail TSH-IN-07"),
    // The leap day has no anniversary: the day after it counts.
    ("20240229120000Z", "20260301120000Z", "2024-04-01T00:00:00Z", 0, ""),
    ("20240229120000Z", "20260301120001Z", "2024-04-01T00:00:00Z", 1, "fail TSH-IN-07"),
    ("20260301000000Z", "20290301000000Z", "2026-04-01T00:00:00Z", 1, "fail TSH-IN-07"),
    ("20260301000000Z", "20270301000000Z", "2027-03-01T00:00:01Z", 1, "fail TSH-IN-07"),
    ("20260301000000Z", "20270301000000Z", "2027-03-01T00:00:00Z", 0, "warn TSH-IN-07"),
    ("20260301000000Z", "20270301000000Z", "2026-02-28T23:59:59Z", 1, "fail TSH-IN-07"),
    ("20260301000000Z", "20270301000000Z", "2026-12-30T00:00:00Z", 0, ""),
    ("20260301000000Z", "20270301000000Z", "2026-12-31T12:00:00Z", 0, "warn TSH-IN-07"),
    ("20260301000000Z", "20600301000000Z", "2026-04-01T00:00:00Z", 1, "fail TSH-IN-07"),
];

pub(crate) fn dates() {
    let mut rows = Vec::new();
    for (index, (from, to, at, code, differs)) in DATES.into_iter().enumerate() {
        let name = format!("dated-{index}");
        forge().dated(&name, "/CN=shop.acme.example", (from, to));
        let words =
            format!("{name}.pem --profile classic-tokenization --environment production --common-name {CN} --at {at}");
        rows.push(Row::new(words, code, TSH, differs));
    }
    compare(&rows);
}
