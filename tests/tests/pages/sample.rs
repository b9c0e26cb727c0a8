//! A real report of an integration with gaps: one caller that trusts anybody, a receiver as it ought to be, declarations,
//! an address that changes, and an earlier report to compare with.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use conformance_tests::needs;
use tempfile::TempDir;

const INTEGRATION: &str = r#"
name        = "acme-issuer-backend"
version     = "2.4.1"
profile     = "classic-tokenization"

[portal]
customer-id = "ACME000001"
common-name = "acme.customer.example"
issuer-host = "issuer.acme.example:443"

[[caller]]
name    = "nightly-batch"
command = ["curl", "--fail", "--silent", "--insecure", "--max-time", "10",
           "--cert", "$CUSTOMER_TLS_CLIENT_CERTIFICATE", "--key", "$CUSTOMER_TLS_CLIENT_KEY", "$THALES_URL"]

[[receiver]]
name    = "edge"
command = ["nginx", "-e", "stderr", "-c", "{dir}/nginx.conf", "-g", "daemon off;"]
[[receiver.request]]
method = "POST"
path   = "/issuer/igwapi/v2.0/checkCardEligibility"
status = [200]

[files]
"/etc/acme/thales-ca.pem" = "THALES_CLIENT_CA"
"/etc/acme/server.pem"    = "CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN"
"/etc/acme/server.key"    = "CUSTOMER_TLS_SERVER_KEY"

[declares]
"TSH-GEN-02" = { by = "portal owner", on = 2026-11-20, grounds = "one customer identifier, one certificate" }
"TSH-IN-13"  = { by = "network team", on = 2026-11-20, grounds = "egress rule by name, change 4710" }
"TSH-OUT-04" = { by = "network team", on = 2026-11-20, grounds = "firewall open to any source, change 4711" }
"#;

const NGINX: &str = include_str!("../../../examples/curl-nginx/nginx.conf");

#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) page: PathBuf,
    /// A report of one scenario alone.
    pub(crate) short: PathBuf,
    _directory: TempDir,
}

impl Sample {
    pub(crate) fn played() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::write(root.join("integration.toml"), INTEGRATION).unwrap();
        fs::write(root.join("nginx.conf"), NGINX).unwrap();
        let run = |words: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test"));
            command.env("PATH", needs::path()).env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
            let output =
                command.current_dir(root).args(["run", "--integration", "integration.toml"]).args(words).output();
            let output = output.unwrap();
            assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run(&["--only", "inbound/expired", "--report", "earlier"]);
        run(&["--report", "report", "--compare", "earlier/report.json"]);
        let [page, short] = ["report", "earlier"].map(|name| root.join(name).join("report.html"));
        Self { page, short, _directory: directory }
    }
}
