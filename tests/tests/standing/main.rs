//! Thales standing by itself, told what to do over HTTP; and integrations that run already, which keep one configuration
//! from a portal that lasts.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod control;
mod ground;
mod running;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use conformance_tests::needs;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use ground::{directory, harness, portal, said};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        trial("a_portal_is_made_once", &[], a_portal_is_made_once),
        trial("a_portal_is_made_anew_where_that_is_said", &["openssl"], a_portal_is_made_anew_where_that_is_said),
        trial("what_is_no_portal_is_a_fault", &[], what_is_no_portal_is_a_fault),
    ];
    trials.extend(control::trials());
    trials.extend(running::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &'static str, tools: &'static [&'static str], test: fn()) -> Trial {
    Trial::ignorable_test(name, move || -> Result<Completion, Failed> { needs::met(needs::programs(tools), test) })
}

fn a_portal_is_made_once() {
    let files = directory();
    let (path, listen, _) = portal(files.path(), &["--issuer-host", "issuer.acme.example:8443", "--days", "30"]);
    let keys = [
        "CUSTOMER_TLS_CLIENT_KEY",
        "CUSTOMER_TLS_SERVER_KEY",
        "CUSTOMER_TLS_CLIENT_P12",
        "authorities/authorities.json",
    ];
    for key in keys {
        let mode = fs::metadata(path.join(key)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{key}");
    }
    assert_eq!(fs::metadata(path.join("authorities")).unwrap().permissions().mode() & 0o777, 0o700);
    let settings = fs::read_to_string(path.join("portal.toml")).unwrap();
    assert!(settings.contains(&format!("listen = \"{listen}\"")), "{settings}");
    let before = contents(&path);
    let again = harness(&["portal", "init", path.to_str().unwrap()], &["--profile", "classic-tokenization"]);
    assert_eq!(again.status.code(), Some(3), "{}", said(&again));
    assert!(said(&again).contains("nothing is overwritten"), "{}", said(&again));
    assert_eq!(contents(&path), before);
}

fn a_portal_is_made_anew_where_that_is_said() {
    let files = directory();
    let (path, ..) = portal(files.path(), &["--days", "5"]);
    let ends = |name: &str, within: u32| {
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-noout", "-checkend", &within.to_string(), "-in"]).arg(path.join(name));
        !openssl.output().unwrap().status.success()
    };
    let day = 86_400;
    assert!(!ends("THALES_CLIENT_CA", 4 * day) && ends("THALES_CLIENT_CA", 6 * day));
    let before = contents(&path);
    let renewed = harness(&["portal", "init", path.to_str().unwrap()], &["--renew", "--days", "40"]);
    assert!(renewed.status.success(), "{}", said(&renewed));
    let after = contents(&path);
    let same: Vec<_> = before.iter().filter(|file| after.contains(file)).map(|(name, _)| name.as_str()).collect();
    assert_eq!(same, ["portal.toml"], "everything else is another one");
    assert_eq!(after.len(), before.len());
    assert!(!ends("THALES_CLIENT_CA", 39 * day) && !ends("TSH_TLS_CLIENT_CERTIFICATE", 39 * day));
}

fn what_is_no_portal_is_a_fault() {
    let files = directory();
    let refused = |words: &[&str], expected: &str| {
        let output = harness(words, &[]);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {}", said(&output));
        assert!(said(&output).contains(expected), "`{expected}` is missing in:\n{}", said(&output));
    };
    let missing = files.path().join("missing");
    let missing = missing.to_str().unwrap();
    refused(&["portal", "init", missing, "--renew"], "there is no portal to renew");
    refused(&["portal", "init", missing, "--profile", "none"], "no profile is called `none`");
    refused(&["portal", "init", missing, "--profile", "d1-ecom", "--listen", "127.0.0.1:0"], "the same in every run");
    refused(&["portal", "init", missing, "--profile", "d1-ecom", "--listen", "0.0.0.0:8443"], "--address");
    refused(&["serve", "--portal", missing], "there is no portal yet");
    refused(&["run", "--portal", missing], "portal init");
    assert!(!Path::new(missing).exists());
    let (path, ..) = portal(files.path(), &[]);
    let path = path.to_str().unwrap();
    refused(&["serve", "--portal", path, "--profile", "d1-ecom"], "was made for classic-tokenization");
    refused(&["serve", "--portal", path, "--control", "0.0.0.0:0"], "for this machine alone");
    let file = files.path().join("integration.toml");
    let text = "name = \"acme\"\nprofile = \"classic-tokenization\"\n[[receiver]]\nname = \"edge\"\n\
                connect = \"127.0.0.1:9\"\n[[receiver.request]]\nmethod = \"GET\"\npath = \"/\"\nstatus = [200]\n";
    fs::write(&file, text).unwrap();
    let run = ["run", "--integration", file.to_str().unwrap(), "--portal", path];
    refused(&[&run[..], &["--network", "private"]].concat(), "shared network alone");
    let other = "was made for classic-tokenization in pre-production";
    refused(&[&run[..], &["--environment", "production"]].concat(), other);
}

/// Every file of a portal with its content.
fn contents(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in [path.to_owned(), path.join("authorities")] {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_file() {
                found.push((entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}
