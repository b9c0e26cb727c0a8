//! `run --key-log`: the secrets of the counterpart's connections, compared with what a foreign program, Python's `ssl`,
//! wrote of the same connections in both roles. Without the option nothing is written.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use conformance_tests::needs;
use libtest_mimic::{Arguments, Trial};
use tempfile::TempDir;

const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");

/// Caller and receiver that write their own key logs, and speak whatever version they are asked to.
const PROGRAM: &str = r#"
import os, socket, ssl, sys, urllib.parse

def context(side):
    made = ssl.SSLContext(side)
    made.keylog_filename = sys.argv[2]
    made.minimum_version = ssl.TLSVersion.TLSv1
    made.set_ciphers("ALL:@SECLEVEL=0")
    return made

if sys.argv[1] == "call":
    url = urllib.parse.urlsplit(os.environ["THALES_URL"])
    client = context(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(os.environ["TSH_TLS_SERVER_CERTIFICATE_CHAIN"])
    client.load_cert_chain(os.environ["CUSTOMER_TLS_CLIENT_CERTIFICATE"], os.environ["CUSTOMER_TLS_CLIENT_KEY"])
    with socket.create_connection((url.hostname, url.port or 443)) as plain:
        with client.wrap_socket(plain, server_hostname=url.hostname) as stream:
            stream.sendall(f"GET {url.path} HTTP/1.1\r\nHost: {url.hostname}\r\nConnection: close\r\n\r\n".encode())
            while stream.recv(4096):
                pass
else:
    server = context(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(os.environ["CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN"], os.environ["CUSTOMER_TLS_SERVER_KEY"])
    server.load_verify_locations(os.environ["THALES_CLIENT_CA"])
    server.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("0.0.0.0", 443))
    while True:
        plain, _ = listener.accept()
        try:
            plain.settimeout(5)
            with server.wrap_socket(plain, server_side=True) as stream:
                stream.recv(4096)
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        except OSError:
            pass
"#;

const INTEGRATION: &str = r#"
name    = "talkative"
version = "1"
profile = "classic-tokenization"

[[caller]]
name    = "batch"
command = ["python3", "{dir}/program.py", "call", "{dir}/caller.log"]

[[receiver]]
name    = "edge"
command = ["python3", "{dir}/program.py", "serve", "{dir}/receiver.log"]
[[receiver.request]]
method = "GET"
path   = "/"
status = [200]
"#;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("the_secrets_are_those_that_the_peer_has", the_secrets_are_those_that_the_peer_has),
        trial("it_replaces_no_file_and_is_written_on_request_alone", on_request_alone),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &'static str, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || {
        needs::met(needs::programs(&["python3"]).or_else(|| needs::private(HARNESS)), test)
    })
}

fn ground() -> TempDir {
    // Not below /tmp, which a world hides.
    let ground = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::write(ground.path().join("program.py"), PROGRAM).unwrap();
    fs::write(ground.path().join("integration.toml"), INTEGRATION).unwrap();
    ground
}

fn run(directory: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(HARNESS);
    // The variable by which other programs are asked for the same.
    command.current_dir(directory).env("SSLKEYLOGFILE", directory.join("never.log")).env_remove("GITHUB_ACTIONS");
    command.args(["run", "--integration", "integration.toml"]).args(words).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Label, random and secret of each line.
fn secrets(path: &Path) -> BTreeSet<(String, String, String)> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        // Of static RSA, an OpenSSL client also writes what it encrypted, by the beginning of the result.
        .filter(|line| !line.starts_with('#') && !line.starts_with("RSA "))
        .map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            let [label, random, secret] = words[..] else { panic!("{line}") };
            assert_eq!(random.len(), 64, "{line}");
            assert!([random, secret].iter().all(|word| word.bytes().all(|byte| byte.is_ascii_hexdigit())), "{line}");
            (label.to_owned(), random.to_lowercase(), secret.to_lowercase())
        })
        .collect()
}

fn the_secrets_are_those_that_the_peer_has() {
    let ground = ground();
    let root = ground.path();
    let scenarios =
        ["inbound/tls-1.1", "inbound/tls-1.2-alone", "inbound/tls-1.3-alone", "outbound/tls-1.1", "outbound/control"];
    let words: Vec<_> = scenarios.iter().flat_map(|id| ["--only", id]).chain(["--key-log", "keys.log"]).collect();
    let output = run(root, &words);
    // It speaks TLS 1.1.
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("warning: keys.log holds the session secrets"), "{}", said(&output));
    let path = root.join("keys.log");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let known = secrets(&path);
    let labels: BTreeSet<_> = known.iter().map(|(label, ..)| label.as_str()).collect();
    for label in ["CLIENT_RANDOM", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"] {
        assert!(labels.contains(label), "{labels:?}");
    }
    for peer in ["caller.log", "receiver.log"] {
        let own = secrets(&root.join(peer));
        assert!(own.iter().any(|(label, ..)| label == "CLIENT_RANDOM"), "{peer}: no TLS 1.2 or older");
        assert!(own.iter().any(|(label, ..)| label == "CLIENT_TRAFFIC_SECRET_0"), "{peer}: no TLS 1.3");
        let missing: Vec<_> = own.difference(&known).map(|(label, random, _)| (label, random)).collect();
        assert!(missing.is_empty(), "{peer} knows of what the key log does not: {missing:?}");
    }
    assert!(!root.join("never.log").exists(), "what other programs are asked by is not heard");
}

fn on_request_alone() {
    let ground = ground();
    let root = ground.path();
    let before =
        |root: &Path| -> BTreeSet<_> { fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect() };
    let files = before(root);
    let words = ["--only", "inbound/tls-1.2-alone", "--only", "outbound/control"];
    let output = run(root, &words);
    assert!(!said(&output).contains("session secrets"), "{}", said(&output));
    let made: Vec<_> = before(root)
        .difference(&files)
        .filter(|name| *name != "caller.log" && *name != "receiver.log")
        .cloned()
        .collect();
    assert_eq!(made, Vec::<std::ffi::OsString>::new(), "written without being asked for");
    fs::write(root.join("keys.log"), "mine").unwrap();
    let output = run(root, &[&words[..], &["--key-log", "keys.log"]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("keys.log: the key log cannot be made"), "{}", said(&output));
    assert_eq!(fs::read_to_string(root.join("keys.log")).unwrap(), "mine");
}
