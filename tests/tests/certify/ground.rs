//! What the tests of certificates stand on: the example with certificates and keys of its own, the bundles of its runs,
//! and copies of them to be spoiled.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use conformance_tests::needs;
use serde_json::{Value, json};
use tempfile::TempDir;
use thales_harness::certify::{self, Demands, Envelope, PublicKey, SigningKey};
use thales_harness::load::Library;
use time::OffsetDateTime;

pub(crate) const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");
pub(crate) const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/curl-nginx");
pub(crate) const ENVELOPES: &str = "report.intoto.jsonl";
pub(crate) const NONCE: &str = "nonce-4711";

/// What the example lacks to be played in both environments.
pub(crate) const PRODUCTION: &str = "\n[environments.production.portal]\ncommon-name = \"acme.production.example\"\n\
    issuer-host = \"issuer.acme.example:443\"\n[environments.production.identity]\n\
    client-certificate = \"certs/production.pem\"\nclient-key = \"certs/production.key\"\n\
    server-chain = \"certs/server-chain.pem\"\nserver-key = \"certs/server.key\"\n";

/// Servers lie in directories that an ordinary user's `PATH` may lack.
pub(crate) fn run(program: &str, words: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.env("PATH", needs::path()).env_remove("GITHUB_STEP_SUMMARY").env_remove("GITHUB_ACTIONS");
    command.args(words).output().unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What the harness says, where it has to end with that code.
pub(crate) fn says(code: i32, words: &[&str]) -> String {
    let output = run(HARNESS, words);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", text(&output));
    text(&output)
}

pub(crate) fn openssl(words: &[&str]) {
    let output = run("openssl", words);
    assert!(output.status.success(), "{words:?}: {}", text(&output));
}

/// The example with its certificates, the keys that sign, and the bundles of its runs.
pub(crate) struct Ground(TempDir);

pub(crate) static GROUND: LazyLock<Ground> = LazyLock::new(Ground::new);
/// Ready in Pre-Production, signed on P-256.
pub(crate) static READY: LazyLock<PathBuf> = LazyLock::new(|| {
    let words = ["--environment", "pre-production", "--challenge", NONCE];
    GROUND.certify("ready", 0, "integration.toml", &words)
});

impl Ground {
    pub(crate) fn new() -> Self {
        let ground = Self(tempfile::tempdir().unwrap());
        for entry in fs::read_dir(EXAMPLE).unwrap() {
            let from = entry.unwrap().path();
            if from.is_file() {
                fs::copy(&from, ground.0.path().join(from.file_name().unwrap())).unwrap();
            }
        }
        let output = run("sh", &[&ground.path("identity.sh")]);
        assert!(output.status.success(), "{}", text(&output));
        let (certificate, key) = (ground.path("certs/production.pem"), ground.path("certs/production.key"));
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-sha256",
            "-nodes",
            "-days",
            "700",
            "-subj",
            "/CN=acme.production.example",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-addext",
            "keyUsage=critical,digitalSignature",
            "-addext",
            "extendedKeyUsage=clientAuth",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ]);
        let file = ground.path("integration.toml");
        let own = fs::read_to_string(&file).unwrap() + PRODUCTION;
        fs::write(&file, &own).unwrap();
        // Takes whatever certificate it is shown: it trusts nobody's authority in particular.
        fs::write(ground.path("careless.toml"), own.replace("\"--fail\"", "\"--insecure\", \"--fail\"")).unwrap();
        for (name, kind) in [("p256", "EC"), ("ed25519", "ED25519"), ("other", "EC")] {
            let (key, public) = (ground.path(&format!("{name}.pem")), ground.path(&format!("{name}.pub")));
            let mut words = vec!["genpkey", "-algorithm", kind, "-out", &key];
            if kind == "EC" {
                words.extend(["-pkeyopt", "ec_paramgen_curve:P-256"]);
            }
            openssl(&words);
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
            openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]);
        }
        ground
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn certify(&self, out: &str, code: i32, file: &str, more: &[&str]) -> PathBuf {
        let (file, key, out) = (self.path(file), self.path("p256.pem"), self.path(out));
        let words = ["certify", "--integration", &file, "--key", &key, "--out", &out];
        let said = says(code, &[&words, more].concat());
        assert!(said.contains("certificate sha256:"), "{said}");
        out.into()
    }

    pub(crate) fn key(&self, name: &str) -> SigningKey {
        SigningKey::read(Path::new(&self.path(&format!("{name}.pem")))).unwrap()
    }

    pub(crate) fn public(&self, name: &str) -> PublicKey {
        PublicKey::read(Path::new(&self.path(&format!("{name}.pub")))).unwrap()
    }
}

pub(crate) fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::built_in().unwrap());
    &LIBRARY
}

/// A bundle to be spoiled.
pub(crate) struct Copy(TempDir);

impl Copy {
    pub(crate) fn of(bundle: &Path) -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        for name in names(bundle) {
            copy.write(&name, fs::read(bundle.join(&name)).unwrap());
        }
        copy
    }

    pub(crate) fn ready() -> Self {
        Self::of(&READY)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).unwrap();
    }

    /// Signs what lies there now with the customer's key, after a last change of both statements.
    pub(crate) fn sign(&self, change: impl Fn(&mut Value)) {
        let files = names(self.path()).into_iter().filter(|name| name != ENVELOPES && !name.starts_with("keys/"));
        let subject: Vec<Value> = files
            .map(|name| {
                let digest = sha256(&self.read(&name));
                json!({ "name": name, "digest": { "sha256": digest } })
            })
            .collect();
        let key = GROUND.key("p256");
        let mut lines = String::new();
        for mut statement in statements(self.path()) {
            statement["subject"] = subject.clone().into();
            change(&mut statement);
            let envelope = Envelope::sign(&serde_json::to_vec(&statement).unwrap(), &key);
            lines += &(serde_json::to_string(&envelope).unwrap() + "\n");
        }
        self.write(ENVELOPES, lines);
    }

    pub(crate) fn refused(&self, words: &str) {
        self.refused_by(library(), &anything(), words);
    }

    pub(crate) fn refused_by(&self, library: &Library, demands: &Demands<'_>, words: &str) {
        let flaw = certify::verify(self.path(), library, demands).expect_err(words).to_string();
        assert!(flaw.contains(words), "`{words}` is missing in: {flaw}");
    }

    pub(crate) fn is_good(&self) {
        certify::verify(self.path(), library(), &anything()).unwrap();
    }
}

pub(crate) fn anything() -> Demands<'static> {
    Demands { keys: &[], challenge: None, max_age: None, now: OffsetDateTime::now_utc() }
}

pub(crate) fn names(bundle: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["", "logs/", "keys/"] {
        for entry in fs::read_dir(bundle.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                found.push(format!("{folder}{}", entry.file_name().to_str().unwrap()));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn envelopes(bundle: &Path) -> Vec<Value> {
    let text = fs::read_to_string(bundle.join(ENVELOPES)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn payload(envelope: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap()
}

pub(crate) fn statements(bundle: &Path) -> Vec<Value> {
    envelopes(bundle).iter().map(|envelope| serde_json::from_slice(&payload(envelope)).unwrap()).collect()
}

pub(crate) fn sha256(content: &[u8]) -> String {
    openssl::sha::sha256(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What `certify` says before it plays anything: exit 3, and no directory is made.
pub(crate) fn refuses(file: &str, more: &[&str]) -> String {
    let (file, key, out) = (GROUND.path(file), GROUND.path("p256.pem"), GROUND.path("nothing"));
    let said = says(3, &[&["certify", "--integration", &file, "--key", &key, "--out", &out], more].concat());
    assert!(!Path::new(&out).exists(), "{said}");
    said
}
