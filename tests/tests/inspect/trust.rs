//! Trust in Thales' servers and in its client: bundles and stores.

use std::fs;
use std::path::Path;

use super::forge::forge;
use super::row::{Row, compare};

/// The authority as it was handed over stands for the real one, which cannot be made.
const SERVER: &str = "pass TSH-IN-03 TSH-IN-03a; note :store";
const CLIENT: &str = "pass TSH-OUT-05 TSH-OUT-06 TSH-OUT-07";

const CA: &str = "basicConstraints=critical,CA:TRUE;keyUsage=critical,keyCertSign";

fn tsh(words: &str) -> String {
    format!("{words} --profile classic-tokenization --environment production")
}

/// Two authorities with an intermediate and a leaf each.
fn authorities() {
    let forge = forge();
    forge.root("b-root", "p384", "/O=Example/CN=Server%20root");
    forge.issued("b-int", ("other", "/O=Example/CN=Server%20intermediate"), ("b-root", "p384"), CA);
    forge.issued("b-leaf", ("p256", "/O=Example/CN=a%20leaf"), ("b-int", "other"), "extendedKeyUsage=serverAuth");
    forge.root("b-other", "p521", "/O=Example/CN=Another%20root");
    forge.join("b-both.pem", &["b-root.pem", "b-int.pem"]);
    forge.join("b-with-leaf.pem", &["b-root.pem", "b-leaf.pem"]);
    forge.join("b-two.pem", &["b-root.pem", "b-other.pem"]);
    forge.openssl("x509 -in b-root.pem -outform DER -out b-root.der");
    forge.openssl("crl2pkcs7 -nocrl -certfile b-both.pem -outform DER -out b-both.p7b");
    forge.openssl("crl2pkcs7 -nocrl -certfile b-both.pem -out b-both-p7b.pem");
    for (name, more) in [("b-modern", ""), ("b-legacy", "-legacy")] {
        forge.openssl(&format!("pkcs12 -export -nokeys {more} -in b-both.pem -passout pass:changeit -out {name}.p12"));
    }
    forge.openssl("pkcs12 -export -nokeys -in b-both.pem -passout pass:known -out b-known.p12");
    forge.write("password", "known\n");
    forge.openssl("pkcs12 -export -in b-leaf.pem -inkey p256.key -passout pass:changeit -out b-key.p12");
    let text = String::from_utf8(forge.read("b-root.pem")).unwrap();
    forge.write("b-crlf.pem", text.replace('\n', "\r\n"));
    forge.write("b-bom.pem", format!("\u{feff}{text}"));
    forge.write("b-text.pem", format!("Subject: the root\n{text}and more\n"));
    forge.write("b-indented.pem", format!("  {text}"));
}

pub(crate) fn stores() {
    authorities();
    let server = |files: &str, authority: &str| tsh(&format!("{files} --as server-trust --authority {authority}"));
    let client = |files: &str, authority: &str| tsh(&format!("{files} --as client-trust --authority {authority}"));
    let mut rows = vec![
        Row::new(server("b-both.pem", "b-root.pem"), 0, SERVER, ""),
        Row::new(server("b-root.pem", "b-root.pem"), 0, SERVER, ""),
        Row::new(server("b-int.pem", "b-int.pem"), 0, SERVER, "warn TSH-IN-03"),
        Row::new(server("b-int.pem", "b-both.pem"), 0, SERVER, "warn TSH-IN-03"),
        // The portal gave the intermediate, and the store holds the root above it.
        Row::new(server("b-root.pem", "b-int.pem"), 0, SERVER, ""),
        Row::new(server("b-with-leaf.pem", "b-root.pem"), 1, SERVER, "fail TSH-IN-03"),
        Row::new(server("b-leaf.pem", "b-root.pem"), 1, SERVER, "fail TSH-IN-03"),
        Row::new(server("b-other.pem", "b-root.pem"), 1, SERVER, "fail TSH-IN-03"),
        Row::new(tsh("b-root.pem --as server-trust"), 1, SERVER, "fail TSH-IN-03"),
        Row::new(server("b-root.der", "b-root.pem"), 0, SERVER, ""),
        Row::new(server("b-both.p7b", "b-root.pem"), 0, SERVER, ""),
        Row::new(server("b-both-p7b.pem", "b-root.pem"), 0, SERVER, ""),
        Row::new(server("b-modern.p12", "b-root.pem"), 0, SERVER, "warn :store'"),
        Row::new(server("b-legacy.p12", "b-root.pem"), 0, SERVER, "warn :store'"),
        Row::new(server("b-known.p12 --password-file password", "b-root.pem"), 0, SERVER, "warn :store'"),
        Row::new(server("b-key.p12", "b-root.pem"), 1, SERVER, "fail TSH-IN-03; warn TSH-IN-03a :store"),
        Row::new(server("b-crlf.pem", "b-root.pem"), 0, SERVER, ""),
        Row::new(server("b-bom.pem", "b-root.pem"), 0, SERVER, "warn :form"),
        Row::new(server("b-text.pem", "b-root.pem"), 0, SERVER, "note :form"),
        Row::new(server("b-indented.pem", "b-root.pem"), 0, SERVER, "warn :form"),
        Row::new(
            format!("{} --at 2040-01-01T00:00:00Z", server("b-root.pem", "b-root.pem")),
            0,
            SERVER,
            "warn TSH-IN-03",
        ),
        Row::new(server("b-both.pem", "b-root.pem") + " --previous b-root.pem", 0, SERVER, "note :previous"),
        Row::new(server("b-both.pem", "b-root.pem") + " --previous b-both.pem", 0, SERVER, "note :previous"),
        Row::new(server("b-root.pem", "b-root.pem") + " --previous b-two.pem", 0, SERVER, "note :previous"),
        // The other way round: new and gone.
        Row::new(
            server("b-root.pem", "b-root.pem") + " --previous b-other.pem",
            0,
            SERVER,
            "note :previous :previous'",
        ),
        Row::new(client("b-root.pem", "b-root.pem"), 0, CLIENT, ""),
        Row::new(client("b-both.pem", "b-root.pem"), 0, CLIENT, ""),
        Row::new(client("b-int.pem", "b-int.pem"), 0, CLIENT, "warn TSH-OUT-05"),
        Row::new(client("b-two.pem", "b-root.pem"), 1, CLIENT, "fail TSH-OUT-06"),
        Row::new(client("b-other.pem", "b-root.pem"), 1, CLIENT, "fail TSH-OUT-05"),
        Row::new(client("b-with-leaf.pem", "b-root.pem"), 1, CLIENT, "fail TSH-OUT-07"),
        Row::new(client("b-leaf.pem", "b-root.pem"), 1, CLIENT, "fail TSH-OUT-05 TSH-OUT-06 TSH-OUT-07"),
        Row::new(tsh("b-root.pem --as client-trust"), 0, CLIENT, ""),
        // Merchant Tokenization does not say "only".
        Row::new(
            "b-two.pem --as client-trust --profile merchant-tokenization --environment production",
            0,
            "pass TMG-OUT-05 TMG-OUT-07; warn TMG-OUT-06",
            "",
        ),
        Row::new(
            "b-two.pem --as client-trust --profile d1-ecom --environment production",
            1,
            "pass D1E-OUT-05 D1E-OUT-07; fail D1E-OUT-06",
            "",
        ),
        // Nobody can say what these are for.
        Row::unjudged(tsh("b-root.pem")),
        Row::unjudged(tsh("b-both.pem")),
        Row::unjudged(tsh("b-int.pem")),
        Row::unjudged(tsh("b-with-leaf.pem")),
    ];
    rows.extend(stand_ins());
    compare(&rows);
}

/// Authorities with the names that the harness gives: known by them, and a breach in Production.
fn stand_ins() -> Vec<Row> {
    let forge = forge();
    forge.root("h-server", "p384", "/O=TEST,%20NOT%20THALES/CN=TEST,%20NOT%20THALES%20server%20root");
    forge.root("h-client", "p384", "/O=TEST,%20NOT%20THALES/CN=TEST,%20NOT%20THALES%20client%20CA");
    forge.join("h-mixed.pem", &["h-server.pem", "h-client.pem"]);
    let pre = |file: &str| format!("{file} --profile classic-tokenization --environment pre-production");
    vec![
        Row::new(pre("h-server.pem"), 0, SERVER, "warn TSH-IN-03"),
        Row::new(pre("h-client.pem"), 0, CLIENT, ""),
        Row::new(tsh("h-server.pem"), 1, SERVER, "fail TSH-IN-03"),
        Row::new(tsh("h-client.pem"), 1, CLIENT, "fail TSH-OUT-05"),
        Row::unjudged(tsh("h-mixed.pem")),
        Row::new(
            "h-server.pem --profile d1-ecom --environment pre-production",
            0,
            "warn D1E-IN-03; note D1E-ADV-14 :store; pass D1E-ADV-19",
            "",
        ),
    ]
}

/// Real authorities, where this machine has them.
pub(crate) fn public() {
    let root = |name: &str| {
        let path = format!("/etc/ssl/certs/{name}.pem");
        Path::new(&path).is_file().then(|| fs::read(path).unwrap())
    };
    let forge = forge();
    let mut rows = Vec::new();
    if let Some(digicert) = root("DigiCert_High_Assurance_EV_Root_CA") {
        forge.write("digicert.pem", digicert);
        rows.push(Row::new(tsh("digicert.pem"), 0, SERVER, ""));
        rows.push(Row::new(
            "digicert.pem --profile merchant-tokenization --environment production",
            0,
            "pass TMG-IN-03 TMG-IN-03a; note :store",
            "",
        ));
        rows.push(Row::new(tsh("digicert.pem --as client-trust"), 1, CLIENT, "fail TSH-OUT-05"));
        // The store of one product taken along to another.
        rows.push(Row::new(
            "digicert.pem --profile d1-ecom --environment production",
            1,
            "fail D1E-IN-03; warn D1E-ADV-14; pass D1E-ADV-19; note :store",
            "",
        ));
    }
    if let Some(amazon) = root("Amazon_Root_CA_1") {
        forge.write("amazon.pem", amazon);
        rows.push(Row::new(
            "amazon.pem --profile d1-ecom --environment production",
            0,
            "pass D1E-IN-03 D1E-ADV-19; warn D1E-ADV-14; note :store",
            "",
        ));
        rows.push(Row::new(tsh("amazon.pem"), 1, SERVER, "fail TSH-IN-03"));
        rows.push(Row::new(tsh("amazon.pem --as client-trust"), 0, CLIENT, "warn TSH-OUT-05"));
    }
    let bundle = "/etc/ssl/certs/ca-certificates.crt";
    if Path::new(bundle).is_file() {
        rows.push(Row::new(tsh(&format!("{bundle} --as client-trust")), 1, CLIENT, "warn TSH-OUT-05; fail TSH-OUT-06"));
    }
    if !rows.is_empty() {
        compare(&rows);
    }
}

pub(crate) fn java() {
    let forge = forge();
    forge.root("j-root", "p384", "/O=Example/CN=Java%20root");
    let common = "-noprompt -alias thales -file j-root.pem -storepass changeit";
    forge.keytool(&format!("-importcert {common} -keystore j.jks -storetype JKS"));
    forge.keytool(&format!("-importcert {common} -keystore j.p12 -storetype PKCS12"));
    forge.self_signed("j-client", "p256 /CN=shop.acme.example");
    forge.openssl("pkcs12 -export -in j-client.pem -inkey p256.key -name own -passout pass:changeit -out j-client.p12");
    forge.keytool("-importkeystore -srckeystore j-client.p12 -srcstorepass changeit -destkeystore j-client.jks -deststoretype JKS -deststorepass changeit");
    forge.write("j-password", "changeit");
    forge.write("j-wrong", "not it");
    let server = |store: &str| tsh(&format!("{store} --as server-trust --authority j-root.pem"));
    let own = "pass TSH-IN-05 TSH-IN-07 TSH-IN-08 TSH-IN-09 TSH-IN-10 TSH-IN-11 TSH-IN-14";
    let shop = "--common-name shop.acme.example";
    compare(&[
        Row::new(server("j.jks"), 0, SERVER, "note :form"),
        Row::new(server("j.jks --password-file j-password"), 0, SERVER, ""),
        Row::new(server("j.p12"), 0, SERVER, ""),
        Row::new(tsh(&format!("j-client.jks {shop} --password-file j-password")), 0, own, ""),
        Row::new(tsh(&format!("j-client.p12 {shop}")), 0, own, ""),
        Row::unjudged(server("j.jks --password-file j-wrong")),
        Row::unjudged(server("j.p12 --password-file j-wrong")),
    ]);
}

/// A profile whose published authorities can be made here: what is known by its fingerprint alone.
pub(crate) fn published() {
    let forge = forge();
    forge.root("q-root", "p384", "/O=Example/CN=Published%20root");
    forge.issued("q-int", ("other", "/O=Example/CN=Published%20intermediate"), ("q-root", "p384"), CA);
    forge.issued("q-leaf", ("p256", "/O=Example/CN=leaf"), ("q-int", "other"), "extendedKeyUsage=serverAuth");
    forge.join("q-both.pem", &["q-int.pem", "q-root.pem"]);
    forge.join("q-pinned.pem", &["q-root.pem", "q-leaf.pem"]);
    forge.join("q-chain.pem", &["q-leaf.pem", "q-int.pem", "q-root.pem"]);
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/profiles");
    fs::create_dir_all(forge.path("published/profiles")).unwrap();
    let mut profile = fs::read_to_string(scenarios.join("classic-tokenization.toml")).unwrap();
    for (name, real) in [
        ("q-int", "19400be5b7a31fb733917700789d2f0a2471c0c9d506c0e504c06c16d7cb17c0"),
        ("q-root", "7431e5f4c3c1ce4690774f0b61e05440883ba9a01ed00ba6abd7806ed3b118cf"),
    ] {
        forge.openssl(&format!("x509 -in {name}.pem -outform DER -out {name}.der"));
        forge.openssl(&format!("dgst -sha256 -r -out {name}.sha256 {name}.der"));
        let digest = String::from_utf8(forge.read(&format!("{name}.sha256"))).unwrap();
        assert!(profile.contains(real));
        profile = profile.replace(real, digest.split(' ').next().unwrap());
    }
    forge.write("published/profiles/classic-tokenization.toml", profile);
    let row = |file: &str, code, good: &str, differs: &str| {
        Row::new(tsh(&format!("{file} --scenarios published")), code, good, differs)
    };
    compare(&[
        row("q-root.pem", 0, SERVER, ""),
        row("q-int.pem", 0, SERVER, "warn TSH-IN-03"),
        row("q-both.pem", 0, SERVER, ""),
        row("q-pinned.pem", 1, SERVER, "fail TSH-IN-03"),
        row("q-root.pem --as client-trust", 1, CLIENT, "fail TSH-OUT-05"),
        // A customer's own server may be below the same authority.
        row("q-chain.pem", 0, "pass TSH-OUT-08; note TSH-OUT-09 :authority", ""),
    ]);
}
