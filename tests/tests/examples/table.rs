//! The table: each example with what its README promises.

use super::setting::Setting;
use super::tool::Tool;

/// An example that an integration file describes.
pub(super) struct Example {
    /// The test's name.
    pub(super) name: &'static str,
    /// Its directory.
    pub(super) directory: &'static str,
    /// What it needs of the machine.
    pub(super) tools: &'static [Tool],
    /// What its README says is to be done before the first run.
    pub(super) prepare: fn(&Setting),
    /// Scenarios that are played; all, if empty.
    pub(super) only: &'static [&'static str],
    /// The readiness.
    pub(super) readiness: &'static str,
    /// Requirements that fail, none of them a MUST.
    pub(super) fail: &'static [&'static str],
    /// Requirements that pass, at least.
    pub(super) passes: usize,
}

/// Takes the common name where a certificate has no SAN, as most stacks do.
const CN_ONLY: &str = "TSH-ADV-03";

const OPENSSL: Tool = Tool::Program("openssl");

/// What a virtual machine has to show, which is slow to start: a scenario of each kind.
const SOME: &[&str] = &[
    "inbound/wrong-host",
    "inbound/tls-1.1",
    "inbound/ca-list",
    "dns/address-change",
    "dns/recovery",
    "outbound/client-certificate",
    "outbound/tls-1.1",
    "outbound/control",
];

pub(super) fn examples() -> Vec<Example> {
    vec![
        // The longest ones first.
        Example {
            tools: &[OPENSSL, Tool::Program("java"), Tool::Program("javac")],
            prepare: |setting| {
                setting.identity();
                setting.does("javac", &["-d", "classes", "Backend.java", "Stores.java", "Thales.java"]);
            },
            only: SOME,
            readiness: "partial",
            passes: 9,
            ..both("java", "java")
        },
        Example {
            tools: &[OPENSSL, Tool::Program("node"), Tool::Undici],
            prepare: |setting| {
                setting.identity();
                setting.undici();
            },
            fail: &[CN_ONLY],
            ..both("node", "node")
        },
        Example { tools: &[OPENSSL, Tool::Requests], ..both("python", "python") },
        Example {
            tools: &[OPENSSL, Tool::Program("go")],
            prepare: |setting| {
                setting.identity();
                setting.does("go", &["build", "-o", "bin/", "./..."]);
            },
            ..both("go", "go")
        },
        Example {
            tools: &[OPENSSL, Tool::Program("curl"), Tool::Program("nginx")],
            fail: &[CN_ONLY],
            ..both("curl_nginx", "curl-nginx")
        },
        Example {
            tools: &[OPENSSL, Tool::Program("nginx")],
            fail: &[CN_ONLY],
            passes: 20,
            ..both("nginx_egress", "nginx-egress")
        },
        Example { tools: &[OPENSSL, Tool::Program("apache2")], passes: 11, ..both("apache", "apache") },
        Example { tools: &[OPENSSL, Tool::Program("haproxy")], passes: 11, ..both("haproxy", "haproxy") },
    ]
}

/// An example with both roles that passes everything.
fn both(name: &'static str, directory: &'static str) -> Example {
    Example {
        name,
        directory,
        tools: &[],
        prepare: Setting::identity,
        only: &[],
        readiness: "ready",
        fail: &[],
        passes: 35,
    }
}
