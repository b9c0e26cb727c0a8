//! Keys, certificates, requests and stores made by `openssl` and `keytool`, in one directory for the whole process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use tempfile::TempDir;

/// What a good client certificate has beside a name and a key.
const CLIENT: &str = "-addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature \
    -addext extendedKeyUsage=clientAuth";

const KEYS: [(&str, &str); 11] = [
    ("p256", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("other", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("p384", "EC -pkeyopt ec_paramgen_curve:P-384"),
    ("p521", "EC -pkeyopt ec_paramgen_curve:P-521"),
    ("secp256k1", "EC -pkeyopt ec_paramgen_curve:secp256k1"),
    ("explicit", "EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"),
    ("ed25519", "ED25519"),
    ("rsa1024", "RSA -pkeyopt rsa_keygen_bits:1024"),
    ("rsa2048", "RSA -pkeyopt rsa_keygen_bits:2048"),
    ("rsa3072", "RSA -pkeyopt rsa_keygen_bits:3072"),
    ("rsa4096", "RSA -pkeyopt rsa_keygen_bits:4096"),
];

pub(crate) struct Forge(TempDir);

/// The directory with its keys, made once.
pub(crate) fn forge() -> &'static Forge {
    static FORGE: OnceLock<Forge> = OnceLock::new();
    FORGE.get_or_init(|| {
        let forge = Forge(tempfile::tempdir().unwrap());
        thread::scope(|scope| {
            for (name, words) in KEYS {
                let forge = &forge;
                scope.spawn(move || forge.openssl(&format!("genpkey -algorithm {words} -out {name}.key")));
            }
        });
        forge
    })
}

impl Forge {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Files one after the other.
    pub(crate) fn join(&self, name: &str, parts: &[&str]) {
        let content: Vec<u8> = parts.iter().flat_map(|part| self.read(part)).collect();
        self.write(name, content);
    }

    /// Runs `openssl` in the directory; `%20` is a space.
    pub(crate) fn openssl(&self, words: &str) {
        let words = words.split_whitespace().map(|word| word.replace("%20", " "));
        run(Command::new("openssl").args(words), self.directory());
    }

    pub(crate) fn keytool(&self, words: &str) {
        let mut command = Command::new("keytool");
        command.args(words.split_whitespace()).args(["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"]);
        run(&mut command, self.directory());
    }

    /// A self-signed certificate: `KEY SUBJECT OPTIONS…`. With an extension of its own it has only that; `bare` leaves
    /// all to OpenSSL.
    pub(crate) fn self_signed(&self, name: &str, recipe: &str) {
        let (key, rest) = recipe.split_once(' ').unwrap();
        let (subject, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let extensions = if more.contains("-addext") || more.contains("bare") { "" } else { CLIENT };
        let more = more.replace("bare", "");
        self.openssl(&format!(
            "req -x509 -new -utf8 -key {key}.key -subj {subject} -days 700 {extensions} {more} -out {name}.pem"
        ));
    }

    /// A request: `KEY SUBJECT OPTIONS…`.
    pub(crate) fn request(&self, name: &str, recipe: &str) {
        let (key, rest) = recipe.split_once(' ').unwrap();
        let (subject, more) = rest.split_once(' ').unwrap_or((rest, ""));
        self.openssl(&format!("req -new -utf8 -key {key}.key -subj {subject} {more} -out {name}.csr"));
    }

    /// A root: `KEY SUBJECT`.
    pub(crate) fn root(&self, name: &str, key: &str, subject: &str) {
        let usage = "-addext keyUsage=critical,keyCertSign,cRLSign";
        self.openssl(&format!("req -x509 -new -key {key}.key -subj {subject} -days 3000 {usage} -out {name}.pem"));
    }

    /// A certificate below another one, with the extensions `;` apart.
    pub(crate) fn issued(
        &self,
        name: &str,
        (key, subject): (&str, &str),
        (issuer, issuer_key): (&str, &str),
        rest: &str,
    ) {
        let (extensions, more) = rest.split_once('|').unwrap_or((rest, ""));
        self.request(name, &format!("{key} {subject}"));
        self.write(&format!("{name}.ext"), extensions.replace(';', "\n"));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer_key}.key -days 300 -extfile {name}.ext \
             -set_serial 0x{} {more} -out {name}.pem",
            hex(name)
        ));
    }

    /// A self-signed certificate of P-256 with these first and last seconds: `20260301000000Z`.
    pub(crate) fn dated(&self, name: &str, subject: &str, (from, to): (&str, &str)) {
        self.request(name, &format!("p256 {subject}"));
        self.write(&format!("{name}.index"), "");
        self.write(
            &format!("{name}.cnf"),
            format!(
                "[ca]\ndefault_ca=d\n[d]\ndatabase={name}.index\npolicy=p\ndefault_md=sha256\nrand_serial=yes\n\
                 new_certs_dir=.\nx509_extensions=e\n[p]\ncommonName=optional\n[e]\n\
                 basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n"
            ),
        );
        self.openssl(&format!(
            "ca -batch -notext -selfsign -preserveDN -config {name}.cnf -keyfile p256.key -in {name}.csr \
             -startdate {from} -enddate {to} -out {name}.pem"
        ));
    }
}

fn hex(text: &str) -> String {
    text.bytes().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn run(command: &mut Command, directory: &Path) {
    let output = command.current_dir(directory).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
