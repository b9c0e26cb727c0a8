//! No configuration file of OpenSSL has a say in a legacy handshake.

use std::env;
use std::fs;

use tokio::process::Command;

use crate::endings::pair;
use crate::peers::{text, within};

/// Forbids old versions, weak levels, and even the algorithms themselves.
const HOSTILE: &str = "
openssl_conf = init
[init]
providers = providers
ssl_conf = ssl
[providers]
base = base
[base]
activate = 1
[ssl]
system_default = policy
[policy]
MinProtocol = TLSv1.3
CipherString = DEFAULT:@SECLEVEL=5
Options = -SessionTicket
";

pub(crate) async fn a_hostile_configuration_changes_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("openssl.cnf");
    fs::write(&file, HOSTILE).expect("the directory is ours");
    let mut control = Command::new("openssl");
    control.args(["dgst", "-sha256", "/dev/null"]).env("OPENSSL_CONF", &file);
    let control = control.output().await.unwrap_or_else(|error| panic!("this test needs `openssl`: {error}"));
    assert!(!control.status.success(), "OpenSSL's own tool minds the file: {}", text(&control));

    let mut again = Command::new(env::current_exe().expect("this test"));
    again.args(["--exact", "configuration::a_handshake_in_this_process"]).env("OPENSSL_CONF", &file);
    let again = within("the same test in another process", again.output()).await.expect("this test can be started");
    let said = text(&again);
    assert!(again.status.success() && said.contains("1 passed"), "{said}");
}

pub(crate) async fn a_handshake_in_this_process() {
    let (server, client) = pair(|stream| stream).await;
    assert_eq!((server.version, server.cipher), (client.version, client.cipher));
    assert_eq!((server.proved, client.proved), (Some(true), None));
    assert_eq!(client.requested, Some(Vec::new()));
}
