//! The `openssl` command line in a directory of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The `openssl` command line in a directory of its own.
pub(crate) struct OpenSsl {
    directory: TempDir,
}

/// What `openssl verify` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// OK.
    Ok,
    /// The first error by its number.
    Error(u32),
}

impl OpenSsl {
    /// Panics where `openssl` is of another release than 3: these tests prove nothing about it.
    pub(crate) fn new() -> Self {
        let version = Command::new("openssl").arg("version").output().expect("the openssl command is in the path");
        assert!(String::from_utf8_lossy(&version.stdout).starts_with("OpenSSL 3"), "{version:?}");
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).expect("the file can be written");
        path.to_str().expect("a path in UTF-8").to_owned()
    }

    /// Standard output of a command that must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// `openssl x509` of the first certificate of a file.
    pub(crate) fn text(&self, pem: &str, arguments: &[&str]) -> String {
        self.run(&[&["x509", "-in", pem], arguments].concat())
    }

    /// Whether the certificate is still valid after so many seconds.
    pub(crate) fn lives(&self, pem: &str, seconds: u64) -> bool {
        self.output(&["x509", "-in", pem, "-noout", "-checkend", &seconds.to_string()]).status.success()
    }

    /// Verifies the first certificate of `chain`, with the others as untrusted ones, against `trust` alone.
    pub(crate) fn verify(&self, trust: &str, chain: &str, arguments: &[&str]) -> Outcome {
        let fixed = ["verify", "-no-CApath", "-no-CAstore", "-CAfile", trust, "-untrusted", chain];
        let output = self.output(&[&fixed, arguments, &[chain]].concat());
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.success() {
            assert!(said.trim_end().ends_with(": OK"), "{said}");
            return Outcome::Ok;
        }
        let (_, number) = said.split_once("\nerror ").unwrap_or_else(|| panic!("no error number in {said}"));
        let number = number.split(' ').next().and_then(|number| number.parse().ok());
        Outcome::Error(number.unwrap_or_else(|| panic!("no error number in {said}")))
    }

    /// What `openssl s_client` reports of a handshake in one version, by static RSA, with a server that serves that
    /// file.
    pub(crate) fn handshake(&self, served: &str, version: &str, arguments: &[&str]) -> String {
        // The version is said on both sides: the distribution's configuration may forbid old ones.
        let cipher = [version, "-cipher", "AES256-SHA:@SECLEVEL=0"];
        let mut server = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert", served, "-cert_chain", served])
            .args(["-key", served])
            .args(cipher)
            // Kept open: at its end the server would leave.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        let output = server.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned)).expect("an address");
        let client = ["s_client", "-connect", &address, "-verify_return_error", "-no-CApath", "-no-CAstore"];
        let report = self.output(&[&client, &cipher[..], arguments].concat());
        // The server ends by itself after one connection, unless none came.
        let _ = server.kill();
        server.wait().expect("the server ends");
        String::from_utf8_lossy(&report.stdout).into_owned()
    }

    /// `keytool -list -v` of a store whose password is `changeit`.
    pub(crate) fn keytool(&self, store: &str) -> String {
        let output = Command::new("keytool")
            .args(["-J-Duser.language=en", "-list", "-v", "-storetype", "PKCS12"])
            .args(["-keystore", store, "-storepass", "changeit"])
            .output()
            .expect("the keytool command is in the path");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn output(&self, arguments: &[&str]) -> Output {
        Command::new("openssl").args(arguments).stdin(Stdio::null()).output().expect("openssl runs")
    }
}
