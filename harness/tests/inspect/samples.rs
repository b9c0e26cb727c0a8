//! One root, one leaf under it, and every file that OpenSSL and Java make of them: made once a process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use base64::Engine as _;
use mock_thales::observe::CertificateDer;
use mock_thales::pki::CertificateFacts;
use tempfile::TempDir;
use thales_harness::inspect::{Contents, Entry, ParseError, parse};

/// The password of every store that has one.
pub(crate) const PASSWORD: &str = "sécret";

/// A directory with files.
pub(crate) struct Samples {
    directory: TempDir,
}

/// What OpenSSL makes.
pub(crate) fn samples() -> &'static Samples {
    static SAMPLES: OnceLock<Samples> = OnceLock::new();
    SAMPLES.get_or_init(Samples::by_openssl)
}

/// What Java makes of them, with the other files.
pub(crate) fn java() -> &'static Samples {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| samples().by_java());
    samples()
}

impl Samples {
    fn by_openssl() -> Self {
        let samples = Self { directory: tempfile::tempdir().unwrap() };
        let ec = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        samples.openssl(&format!("req -x509 {ec} -subj /O=Acme/CN=root -keyout root.key -out root.pem"));
        samples.openssl(&format!("req -new {ec} -subj /O=Acme/CN=leaf -keyout leaf.key -out leaf.csr"));
        samples.openssl("x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -out leaf.pem");
        samples.openssl("x509 -in leaf.pem -outform DER -out leaf.der");
        samples.openssl("req -in leaf.csr -outform DER -out request.der");
        samples.openssl("x509 -in root.pem -trustout -addtrust clientAuth -out trusted.pem");
        samples.openssl("crl2pkcs7 -nocrl -certfile leaf.pem -certfile root.pem -out bundle.pem");
        samples.openssl("crl2pkcs7 -nocrl -certfile leaf.pem -certfile root.pem -outform DER -out bundle.p7b");
        for (name, words) in STORES {
            let identity = "-inkey leaf.key -in leaf.pem -certfile root.pem -name identity";
            let password = format!("pass:{PASSWORD}");
            let words = format!("pkcs12 -export -out {name}.p12 {words}").replace("IDENTITY", identity);
            samples.openssl(&words.replace("PASSWORD", &password));
        }
        samples
    }

    fn by_java(&self) {
        let from = |source: &str, words: &str| {
            self.keytool(&format!("-importkeystore -srckeystore {source} {words} -srcstorepass changeit"));
        };
        // OpenSSL's letters and Java's differ beyond ASCII, so these have a password of their own.
        self.openssl("pkcs12 -export -in leaf.pem -inkey leaf.key -certfile root.pem -name identity -passout pass:changeit -out for-java.p12");
        from("for-java.p12", "-destkeystore store.jks -deststoretype JKS");
        self.keytool("-importcert -noprompt -alias thales-ca -file root.pem -keystore store.jks");
        from("store.jks", "-destkeystore store.jceks -deststoretype JCEKS");
        from("store.jks", "-destkeystore java.p12 -deststoretype PKCS12");
        from("store.jks", "-destkeystore java-legacy.p12 -deststoretype PKCS12 -J-Dkeystore.pkcs12.legacy");
        let plain = "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE";
        from("store.jks", &format!("-destkeystore java-open.p12 -deststoretype PKCS12 {plain}"));
        std::fs::copy(self.path("store.jceks"), self.path("secret.jceks")).unwrap();
        self.keytool("-genseckey -alias hmac -keyalg HmacSHA256 -keysize 256 -keystore secret.jceks -storetype JCEKS");
    }

    /// A path in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    /// Runs `openssl` in the directory, with words that hold no space.
    pub(crate) fn openssl(&self, words: &str) {
        run(Command::new("openssl").args(words.split(' ')), self.directory.path());
    }

    fn keytool(&self, words: &str) {
        let mut command = Command::new("keytool");
        command.args(words.split(' ')).args(["-storepass", "changeit"]);
        // Without these a JVM takes as many threads as the machine has cores, for half a second's work.
        command.args(["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"]);
        run(&mut command, self.directory.path());
    }

    /// Files by their names.
    pub(crate) fn files(&self, names: &[&str]) -> BTreeMap<String, Vec<u8>> {
        names.iter().map(|name| ((*name).to_owned(), self.bytes(name))).collect()
    }

    pub(crate) fn leaf(&self) -> CertificateDer {
        CertificateDer(self.bytes("leaf.der"))
    }

    pub(crate) fn root(&self) -> CertificateDer {
        let text = self.text("root.pem");
        let body: String = text.lines().filter(|line| !line.starts_with("---")).collect();
        CertificateDer(base64::engine::general_purpose::STANDARD.decode(body).unwrap())
    }

    /// The digest of the leaf's public key.
    pub(crate) fn leaf_key(&self) -> String {
        CertificateFacts::read(&self.leaf()).unwrap().public_key_sha256
    }
}

/// Stores in PKCS#12, and the words that make them.
const STORES: [(&str, &str); 12] = [
    ("modern", "IDENTITY -passout PASSWORD"),
    ("legacy", "IDENTITY -passout PASSWORD -legacy"),
    ("aes-128", "IDENTITY -passout PASSWORD -certpbe AES-128-CBC -keypbe AES-128-CBC -macalg sha512"),
    ("aes-192", "IDENTITY -passout PASSWORD -certpbe AES-192-CBC -macalg sha384"),
    ("des-3", "IDENTITY -passout PASSWORD -certpbe DES-EDE3-CBC -macalg sha1"),
    ("rc2-128", "IDENTITY -passout PASSWORD -legacy -certpbe PBE-SHA1-RC2-128"),
    ("des-2", "IDENTITY -passout PASSWORD -legacy -certpbe PBE-SHA1-2DES"),
    ("rc4", "IDENTITY -passout PASSWORD -legacy -certpbe PBE-SHA1-RC4-128"),
    ("empty", "IDENTITY -passout pass:"),
    ("plain", "IDENTITY -passout PASSWORD -certpbe NONE -iter 1 -nomaciter"),
    ("open", "IDENTITY -passout PASSWORD -certpbe NONE -keypbe NONE -nomac"),
    ("loose", "-nokeys -in root.pem -passout PASSWORD -iter 1 -nomaciter"),
];

/// What a sample holds; panics where it cannot be read.
pub(crate) fn contents(bytes: &[u8], password: Option<&str>) -> Contents {
    parse(bytes, password).unwrap_or_else(|error| panic!("{error}"))
}

/// The text of the error that the bytes are read with.
pub(crate) fn fault(bytes: &[u8], password: Option<&str>) -> String {
    let fault: Result<Contents, ParseError> = parse(bytes, password);
    fault.map(|contents| format!("no error: {contents:?}")).unwrap_or_else(|error| error.to_string())
}

/// A certificate outside of a store.
pub(crate) fn certificate(der: &CertificateDer) -> Entry {
    Entry::Certificate { alias: None, der: der.clone() }
}

fn run(command: &mut Command, directory: &Path) {
    let output = command.current_dir(directory).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}
