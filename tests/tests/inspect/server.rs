//! Chains of the customer's server.

use super::forge::forge;
use super::row::{Row, compare};

const HOST: &str = "--host issuer.acme.example";
const TSH: &str = "pass TSH-OUT-08 TSH-OUT-09; note :authority";
const TMG: &str = "pass TMG-OUT-08 TMG-OUT-09; note :authority";
/// A private authority, and no trust store named.
const D1E: &str = "pass D1E-OUT-08 D1E-ADV-17; note D1E-OUT-09 D1E-OUT-10";

const LEAF: &str = "extendedKeyUsage=serverAuth;subjectAltName=DNS:issuer.acme.example";
const CA: &str = "basicConstraints=critical,CA:TRUE;keyUsage=critical,keyCertSign";

fn tsh(files: &str) -> String {
    format!("{files} --profile classic-tokenization --environment production {HOST}")
}

pub(crate) fn chains() {
    let forge = forge();
    let root = ("s-root", "p384");
    let intermediate = ("s-int", "other");
    forge.root("s-root", "p384", "/O=Acme/CN=Root");
    forge.issued("s-int", ("other", "/O=Acme/CN=Issuing"), root, CA);
    forge.issued("s-leaf", ("p256", "/O=Acme/CN=issuer"), intermediate, LEAF);
    forge.issued(
        "s-both",
        ("p256", "/O=Acme/CN=issuer"),
        intermediate,
        &LEAF.replace("serverAuth", "serverAuth,clientAuth"),
    );
    forge.issued("s-no-eku", ("p256", "/O=Acme/CN=issuer"), intermediate, "subjectAltName=DNS:issuer.acme.example");
    forge.issued("s-client", ("p256", "/O=Acme/CN=issuer"), intermediate, &LEAF.replace("serverAuth", "clientAuth"));
    forge.issued("s-host", ("p256", "/O=Acme/CN=issuer"), intermediate, &LEAF.replace("issuer.", "www."));
    forge.issued("s-cn", ("p256", "/CN=issuer.acme.example"), intermediate, "extendedKeyUsage=serverAuth");
    forge.issued("s-bare", ("p256", "/CN=issuer.acme.example"), intermediate, "basicConstraints=CA:FALSE");
    forge.issued("s-wild", ("p256", "/O=Acme/CN=issuer"), intermediate, &LEAF.replace("issuer.", "*."));
    forge.self_signed(
        "s-self",
        &format!("p256 /CN=issuer -addext basicConstraints=CA:FALSE -addext {}", LEAF.replace(';', " -addext ")),
    );
    forge.issued(
        "s-thales",
        ("p256", "/O=x/CN=x"),
        intermediate,
        &LEAF.replace("issuer.acme.example", "api.dbp.thalescloud.io"),
    );
    for (name, parts) in [
        ("c-full", ["s-leaf.pem", "s-int.pem", "s-root.pem"].as_slice()),
        ("c-no-root", &["s-leaf.pem", "s-int.pem"]),
        ("c-no-int", &["s-leaf.pem", "s-root.pem"]),
        ("c-order", &["s-leaf.pem", "s-root.pem", "s-int.pem"]),
        ("c-reverse", &["s-root.pem", "s-int.pem", "s-leaf.pem"]),
        ("c-both", &["s-both.pem", "s-int.pem", "s-root.pem"]),
        ("c-no-eku", &["s-no-eku.pem", "s-int.pem", "s-root.pem"]),
        ("c-client", &["s-client.pem", "s-int.pem", "s-root.pem"]),
        ("c-host", &["s-host.pem", "s-int.pem", "s-root.pem"]),
        ("c-cn", &["s-cn.pem", "s-int.pem", "s-root.pem"]),
        ("c-bare", &["s-bare.pem", "s-int.pem", "s-root.pem"]),
        ("c-wild", &["s-wild.pem", "s-int.pem", "s-root.pem"]),
        ("c-foreign", &["s-leaf.pem", "s-int.pem", "s-root.pem", "s-self.pem"]),
        ("c-key", &["s-leaf.pem", "s-int.pem", "s-root.pem", "p256.key"]),
    ] {
        forge.join(&format!("{name}.pem"), parts);
    }
    forge.openssl("crl2pkcs7 -nocrl -certfile c-full.pem -outform DER -out c-full.p7b");
    forge.openssl(
        "pkcs12 -export -in s-leaf.pem -inkey p256.key -certfile s-int.pem -passout pass:changeit -out c-no-root.p12",
    );
    let expired = "2036-06-01T00:00:00Z";
    let mut rows = vec![
        Row::new(tsh("c-full.pem"), 0, TSH, ""),
        Row::new(tsh("c-full.p7b"), 0, TSH, ""),
        Row::new(tsh("c-no-root.pem"), 0, TSH, "warn TSH-OUT-08"),
        Row::new(tsh("c-no-root.p12"), 0, TSH, "warn TSH-OUT-08"),
        Row::new(tsh("s-leaf.pem"), 1, TSH, "fail TSH-OUT-08"),
        Row::new(tsh("c-no-int.pem"), 1, TSH, "fail TSH-OUT-08"),
        Row::new(tsh("c-order.pem"), 0, TSH, "warn TSH-OUT-08"),
        // A store with a leaf in it, or a chain the wrong way round.
        Row::unjudged(tsh("c-reverse.pem")),
        Row::new(tsh("c-reverse.pem --as server-chain"), 1, TSH, "fail TSH-OUT-08 TSH-OUT-09"),
        Row::new(tsh("c-both.pem"), 0, TSH, ""),
        Row::new(tsh("c-no-eku.pem"), 0, TSH, ""),
        Row::new(tsh("c-client.pem --as server-chain"), 1, TSH, "fail TSH-OUT-08"),
        Row::new(tsh("c-host.pem"), 1, TSH, "fail TSH-OUT-09"),
        Row::new(tsh("c-cn.pem"), 1, TSH, "fail TSH-OUT-09"),
        Row::unjudged(tsh("c-bare.pem")),
        Row::new(tsh("c-wild.pem"), 0, TSH, ""),
        Row::new(tsh("s-self.pem"), 0, TSH, ""),
        Row::new(tsh("c-foreign.pem"), 0, TSH, "warn TSH-OUT-08"),
        Row::new(tsh("c-key.pem"), 0, TSH, ""),
        Row::new(format!("{} --at {expired}", tsh("c-full.pem")), 1, TSH, "fail TSH-OUT-08"),
        Row::new(format!("{} --at 2020-01-01T00:00:00Z", tsh("c-full.pem")), 1, TSH, "fail TSH-OUT-08"),
        Row::new(tsh("c-full.pem").replace(HOST, ""), 0, TSH, "note TSH-OUT-09"),
        Row::new(tsh("c-no-root.pem --trust-store s-root.pem"), 0, TSH, ""),
        Row::new(format!("c-full.pem --profile merchant-tokenization --environment sandbox {HOST}"), 0, TMG, ""),
        Row::new(
            format!("c-no-int.pem --profile merchant-tokenization --environment sandbox {HOST}"),
            1,
            TMG,
            "fail TMG-OUT-08",
        ),
        // What Thales itself shows is trust, not a chain of one's own.
        Row::new(
            "s-thales.pem --profile classic-tokenization --environment production",
            1,
            "",
            "fail TSH-IN-03; pass TSH-IN-03a; note :store",
        ),
    ];
    rows.extend(in_d1());
    rows.push(stray());
    rows.push(expired_intermediate());
    compare(&rows);
}

/// D1 wants a public authority, or a trust store in PEM.
fn in_d1() -> Vec<Row> {
    let forge = forge();
    let d1 = |words: &str| format!("{words} --profile d1-ecom --environment production {HOST}");
    forge.openssl("x509 -in s-root.pem -outform DER -out s-root.der");
    forge.join("s-store-leaf.pem", &["s-root.pem", "s-leaf.pem"]);
    vec![
        Row::new(d1("c-full.pem"), 0, D1E, ""),
        Row::new(d1("c-no-int.pem"), 1, D1E, "fail D1E-OUT-08"),
        Row::new(d1("c-host.pem"), 0, D1E, "warn D1E-ADV-17"),
        Row::new(d1("c-full.pem --trust-store s-root.pem"), 0, D1E, "note D1E-OUT-09; pass D1E-OUT-10"),
        Row::new(d1("c-full.pem --trust-store s-int.pem"), 0, D1E, "note D1E-OUT-09; pass D1E-OUT-10"),
        Row::new(d1("c-full.pem --trust-store s-root.der"), 1, D1E, "fail D1E-OUT-09 D1E-OUT-10"),
        Row::new(d1("c-full.pem --trust-store s-store-leaf.pem"), 1, D1E, "fail D1E-OUT-09 D1E-OUT-10"),
        Row::new(d1("c-full.pem --trust-store p-root.pem"), 1, D1E, "fail D1E-OUT-09 D1E-OUT-10"),
    ]
    .into_iter()
    .inspect(|_| forge.root("p-root", "p521", "/CN=Another%20root"))
    .collect()
}

/// What the harness made has no place in Production.
fn stray() -> Row {
    let forge = forge();
    forge.root("t-root", "p384", "/O=TEST,%20NOT%20THALES/CN=TEST,%20NOT%20THALES%20customer%20server%20root");
    forge.issued("t-leaf", ("p256", "/O=TEST%20CUSTOMER/CN=issuer"), ("t-root", "p384"), LEAF);
    forge.join("t-full.pem", &["t-leaf.pem", "t-root.pem"]);
    Row::new(tsh("t-full.pem"), 1, TSH, "fail TSH-OUT-08")
}

/// The intermediate ends before its leaf.
fn expired_intermediate() -> Row {
    let forge = forge();
    forge.issued("e-int", ("other", "/O=Acme/CN=Issuing%20E"), ("s-root", "p384"), &format!("{CA}|-days 10"));
    forge.issued("e-leaf", ("p256", "/O=Acme/CN=issuer"), ("e-int", "other"), LEAF);
    forge.join("e-full.pem", &["e-leaf.pem", "e-int.pem", "s-root.pem"]);
    let then = (time::OffsetDateTime::now_utc() + time::Duration::days(20)).date();
    Row::new(format!("{} --at {then}T00:00:00Z", tsh("e-full.pem")), 1, TSH, "fail TSH-OUT-08")
}

pub(crate) fn previous() {
    let forge = forge();
    forge.root("k-root", "p384", "/O=Acme/CN=Root%20K");
    forge.root("k-new-root", "p521", "/O=Acme/CN=New%20root%20K");
    forge.issued("k-int", ("other", "/O=Acme/CN=Issuing%20K"), ("k-root", "p384"), CA);
    forge.issued("k-new-int", ("rsa3072", "/O=Acme/CN=Issuing%20K%202"), ("k-root", "p384"), CA);
    forge.issued("k-leaf", ("p256", "/O=Acme/CN=issuer"), ("k-int", "other"), LEAF);
    forge.issued("k-renewed", ("rsa2048", "/O=Acme/CN=issuer"), ("k-int", "other"), LEAF);
    forge.issued("k-leaf-2", ("p256", "/O=Acme/CN=issuer"), ("k-new-int", "rsa3072"), LEAF);
    forge.issued("k-leaf-3", ("p256", "/O=Acme/CN=issuer"), ("k-new-root", "p521"), LEAF);
    forge.join("k-before.pem", &["k-leaf.pem", "k-int.pem", "k-root.pem"]);
    forge.join("k-same.pem", &["k-renewed.pem", "k-int.pem", "k-root.pem"]);
    forge.join("k-intermediate.pem", &["k-leaf-2.pem", "k-new-int.pem", "k-root.pem"]);
    forge.join("k-other.pem", &["k-leaf-3.pem", "k-new-root.pem"]);
    let mut rows = Vec::new();
    for (name, [(tsh_code, tsh), (tmg_code, tmg), (d1_code, d1)]) in [
        ("k-before", [(0, "pass"), (0, "pass"), (0, "pass")]),
        ("k-same", [(0, "pass"), (0, "pass"), (0, "pass")]),
        ("k-intermediate", [(0, "warn"), (1, "fail"), (0, "warn")]),
        ("k-other", [(1, "fail"), (1, "fail"), (0, "warn")]),
    ] {
        let words = |profile: &str| {
            format!("{name}.pem --profile {profile} --environment production {HOST} --previous k-before.pem")
        };
        rows.push(Row::new(words("classic-tokenization"), tsh_code, TSH, &format!("{tsh} TSH-OUT-08'")));
        rows.push(Row::new(words("merchant-tokenization"), tmg_code, TMG, &format!("{tmg} TMG-OUT-08'")));
        rows.push(Row::new(words("d1-ecom"), d1_code, D1E, &format!("{d1} D1E-OUT-11")));
    }
    // What a file leaves out is known by what it issued.
    forge.join("k-no-root.pem", &["k-leaf.pem", "k-int.pem"]);
    forge.join("k-new-no-root.pem", &["k-leaf-2.pem", "k-new-int.pem"]);
    for (name, key) in [("k-self", "p256"), ("k-other-self", "other")] {
        forge.self_signed(
            name,
            &format!("{key} /CN=issuer -addext basicConstraints=CA:FALSE -addext {}", LEAF.replace(';', " -addext ")),
        );
    }
    // One intermediate, which says whose key signed it, or does not.
    for (name, says) in [("k-says", "keyid:always"), ("k-says-not", "none")] {
        let extensions = format!("{CA};authorityKeyIdentifier={says}");
        forge.issued(&format!("{name}-int"), ("other", "/O=Acme/CN=Issuing%20K"), ("k-root", "p384"), &extensions);
        forge.join(&format!("{name}.pem"), &["k-leaf.pem", &format!("{name}-int.pem")]);
    }
    let against = |name: &str, before: &str, profile: &str| {
        format!("{name}.pem --profile {profile} --environment production {HOST} --previous {before}.pem")
    };
    let pinned = |name: &str, before: &str| against(name, before, "merchant-tokenization");
    rows.extend([
        Row::new(pinned("k-before", "k-no-root"), 0, TMG, "pass TMG-OUT-08'"),
        Row::new(pinned("k-no-root", "k-before"), 0, TMG, "warn TMG-OUT-08; pass TMG-OUT-08'"),
        Row::new(pinned("k-no-root", "k-no-root"), 0, TMG, "warn TMG-OUT-08; pass TMG-OUT-08'"),
        Row::new(pinned("k-new-no-root", "k-no-root"), 1, TMG, "warn TMG-OUT-08; fail TMG-OUT-08'"),
        Row::new(pinned("k-says", "k-says"), 0, TMG, "warn TMG-OUT-08; pass TMG-OUT-08'"),
        Row::new(pinned("k-says-not", "k-says-not"), 0, TMG, "warn TMG-OUT-08; pass TMG-OUT-08'"),
        Row::new(pinned("k-says", "k-says-not"), 0, TMG, "warn TMG-OUT-08; note TMG-OUT-08'"),
        Row::new(pinned("k-says-not", "k-says"), 0, TMG, "warn TMG-OUT-08; note TMG-OUT-08'"),
        // A server's certificate that hangs on no authority is held on to itself.
        Row::new(pinned("k-self", "k-self"), 0, TMG, "pass TMG-OUT-08'"),
        Row::new(pinned("k-self", "k-other-self"), 1, TMG, "fail TMG-OUT-08'"),
        // Below a root that was handed over alone, everything may change.
        Row::new(pinned("k-intermediate", "k-root"), 0, TMG, "pass TMG-OUT-08'"),
        Row::new(pinned("k-other", "k-root"), 1, TMG, "fail TMG-OUT-08'"),
        Row::new(against("k-leaf-3", "k-before", "d1-ecom"), 1, D1E, "fail D1E-OUT-08; warn D1E-OUT-11"),
    ]);
    compare(&rows);
}
