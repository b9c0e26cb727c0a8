//! A directory as a customer would have it: certificates made by openssl, configuration, the integration file.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use libtest_mimic::Failed;
use tempfile::TempDir;

use super::stack::{Party, Stack};

/// Files that any stack may use, by their names in the directory.
const FILES: [(&str, &str); 14] = [
    ("identity.sh", include_str!("files/identity.sh")),
    ("pinning-nginx.sh", include_str!("files/pinning-nginx.sh")),
    ("pinning-curl.sh", include_str!("files/pinning-curl.sh")),
    ("deployed-curl.sh", include_str!("files/deployed-curl.sh")),
    ("deploy.sh", include_str!("files/deploy.sh")),
    ("caller.mjs", include_str!("files/caller.mjs")),
    ("caller-http2.mjs", include_str!("files/caller-http2.mjs")),
    ("issuer.mjs", include_str!("files/issuer.mjs")),
    ("caller.py", include_str!("files/caller.py")),
    ("caller_requests.py", include_str!("files/caller_requests.py")),
    ("caller_aiohttp.py", include_str!("files/caller_aiohttp.py")),
    ("issuer.py", include_str!("files/issuer.py")),
    ("closing.py", include_str!("files/closing.py")),
    ("dns.security", include_str!("files/dns.security")),
];

const INTEGRATION: &str = r#"
profile     = "classic-tokenization"
environment = "pre-production"

[portal]
common-name = "acme.customer.example"
issuer-host = "issuer.acme.example:443"

[identity]
client-certificate = "client.pem"
client-key         = "client.key"
server-chain       = "@HANDED-OVER@"
server-key         = "server.key"

[files]
"/etc/acme/thales-ca.pem"        = "THALES_CLIENT_CA"
"/etc/acme/thales-server-ca.pem" = "TSH_TLS_SERVER_CERTIFICATE_CHAIN"
"/etc/acme/client.pem"           = "CUSTOMER_TLS_CLIENT_CERTIFICATE"
"/etc/acme/client.key"           = "CUSTOMER_TLS_CLIENT_KEY"
"/etc/acme/server.pem"           = "CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN"
"/etc/acme/server.key"           = "CUSTOMER_TLS_SERVER_KEY"
"/etc/acme/server-bundle.pem"    = "CUSTOMER_TLS_SERVER_PEM"

[declares]
"TSH-GEN-01" = { by = "release owner", on = 2026-11-20, grounds = "values compared" }
"TSH-GEN-02" = { by = "portal owner", on = 2026-11-20, grounds = "one identifier" }
"TSH-IN-13"  = { by = "network team", on = 2026-11-20, grounds = "egress by name" }
"TSH-OUT-04" = { by = "network team", on = 2026-11-20, grounds = "open to any source" }
"#;

/// The directory of one stack.
pub(super) struct Setting {
    directory: Mutex<Option<TempDir>>,
    path: PathBuf,
}

impl Setting {
    /// Writes everything and makes the certificates.
    pub(super) fn new(stack: &Stack, built: Option<&Path>) -> Result<Self, Failed> {
        let directory = tempfile::Builder::new().prefix("thales-stack-").tempdir()?;
        let path = directory.path().to_owned();
        for (name, text) in FILES {
            fs::write(path.join(name), text)?;
        }
        for (name, text) in &stack.files {
            fs::write(path.join(name), text)?;
        }
        let built = built.map_or_else(String::new, |built| built.display().to_string());
        fs::write(path.join("integration.toml"), integration(stack).replace("{built}", &built))?;
        make_identity(&path, stack.host)?;
        Ok(Self { directory: Mutex::new(Some(directory)), path })
    }

    pub(super) fn integration(&self) -> PathBuf {
        self.path.join("integration.toml")
    }

    pub(super) fn report(&self) -> PathBuf {
        self.path.join("report")
    }

    /// Leaves the directory behind and says where the logs are.
    pub(super) fn keep(&self) -> String {
        let taken = self.directory.lock().ok().and_then(|mut directory| directory.take());
        let kept = taken.map_or_else(|| self.path.clone(), TempDir::keep);
        format!("report and logs: {}", kept.join("report").display())
    }
}

fn integration(stack: &Stack) -> String {
    let mut text =
        format!("name = {:?}\nversion = \"1\"\n{}\n", stack.name, INTEGRATION.replace("@HANDED-OVER@", stack.chain));
    if !stack.renewal.is_empty() {
        text.push_str(
            "[renewal]\nclient-certificate = \"renewed.pem\"\nclient-key = \"renewed.key\"\nwithin = \"4s\"\n",
        );
        let _ = writeln!(text, "by = {}", stack.renewal);
    }
    let (part, key, words, within) = match &stack.party {
        Party::Command { words } => ("caller", "command", words, "20s"),
        // A virtual machine on a busy processor needs its time.
        Party::Driver { words } => ("caller", "stdio", words, if stack.is_java() { "60s" } else { "20s" }),
        Party::Service { words, .. } => ("caller", "", words, "20s"),
        Party::Receiver { words, within } => ("receiver", "command", words, *within),
    };
    let _ = write!(text, "[[{part}]]\nname = \"{part}\"\nwithin = {within:?}\n");
    // A list of strings is written alike in both languages.
    if let Party::Service { trigger, .. } = &stack.party {
        let _ = write!(text, "service = \"service\"\ntrigger = {{ http = {trigger:?} }}\n");
        let _ = write!(text, "[[service]]\nname = \"service\"\ncommand = {words:?}\nwithin = {within:?}\n");
    } else {
        let _ = writeln!(text, "{key} = {words:?}");
    }
    if part == "receiver" {
        text.push_str("[[receiver.request]]\nmethod = \"POST\"\npath = \"/issuer/igwapi/v2.0/checkCardEligibility\"\n");
        text.push_str("status = [200]\n");
    }
    text
}

fn make_identity(directory: &Path, host: &str) -> Result<(), Failed> {
    let made = Command::new("sh").args(["identity.sh", host]).current_dir(directory).output()?;
    if made.status.success() {
        return Ok(());
    }
    Err(format!("openssl failed to make the certificates: {}", String::from_utf8_lossy(&made.stderr)).into())
}
