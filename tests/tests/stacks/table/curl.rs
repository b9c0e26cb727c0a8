//! curl, and wget.

use super::super::stack::{CALLER, CN_ONLY, Party, Stack, caller};

const TRUST: [&str; 2] = ["--cacert", "$TSH_TLS_SERVER_CERTIFICATE_CHAIN"];
const CERTIFICATE: [&str; 4] = ["--cert", "$CUSTOMER_TLS_CLIENT_CERTIFICATE", "--key", "$CUSTOMER_TLS_CLIENT_KEY"];
const MODERN: [&str; 1] = ["--tlsv1.2"];

const CURL: &str = "curl 7.88 (OpenSSL 3.0)";
/// As its library does, but for the host, which curl compares by itself after the handshake.
const REFUSES: &str = "alert 42, 43, 45, 48, 51, or a close without an alert after the handshake";

pub(super) fn callers() -> Vec<Stack> {
    [right(), wrong(), pinning(), wgets()].into_iter().flatten().collect()
}

fn curl(name: &'static str, configuration: &'static str, options: &[&[&'static str]]) -> Stack {
    let mut words = vec!["curl", "--fail", "--silent", "--show-error"];
    words.extend(options.iter().copied().flatten());
    words.push("$THALES_URL");
    Stack {
        family: CURL,
        configuration,
        refuses: REFUSES,
        fail: &[CN_ONLY],
        ..caller(name, &["curl", "openssl"], Party::Command { words })
    }
}

fn right() -> Vec<Stack> {
    vec![
        Stack {
            renewal: r#""files""#,
            ..curl("curl-tls-1.2", "`--tlsv1.2 --cacert CHAIN --cert … --key …`", &[&MODERN, &TRUST, &CERTIFICATE])
        },
        curl("curl-http-1.1", "the same with `--http1.1`", &[&MODERN, &["--http1.1"], &TRUST, &CERTIFICATE]),
        Stack {
            family: CURL,
            configuration: "the same, with a certificate that a deployment puts in place",
            refuses: REFUSES,
            only: &["inbound/*"],
            fail: &[CN_ONLY],
            renewal: r#"{ command = ["sh", "deploy.sh"] }"#,
            ..caller(
                "curl-deployed",
                &["curl", "openssl", "sh"],
                Party::Command { words: vec!["sh", "deployed-curl.sh"] },
            )
        },
    ]
}

fn wrong() -> Vec<Stack> {
    vec![
        Stack {
            fail: &["TSH-IN-02", CN_ONLY],
            says: &[("TSH-IN-02", "speaks TLS 1.0")],
            ..curl("curl", "without `--tlsv1.2`", &[&TRUST, &CERTIFICATE])
        },
        Stack {
            // Its ClientHello has no supported_versions, and its alert comes in a record of TLS 1.2.
            only: &["inbound/*"],
            fail: &["TSH-ADV-01", CN_ONLY],
            inconclusive: &["TSH-ADV-02"],
            ..curl("curl-tls-1.2-at-most", "`--tls-max 1.2`", &[&MODERN, &["--tls-max", "1.2"], &TRUST, &CERTIFICATE])
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-04", CN_ONLY],
            refuses: "",
            ..curl("curl-insecure", "`--insecure`", &[&MODERN, &TRUST, &CERTIFICATE, &["--insecure"]])
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-01", CN_ONLY, "TSH-ADV-05"],
            inconclusive: &[
                "TSH-IN-05",
                "TSH-IN-06",
                "TSH-IN-07",
                "TSH-IN-08",
                "TSH-IN-09",
                "TSH-IN-10",
                "TSH-IN-11",
                "TSH-IN-14",
            ],
            ..curl("curl-without-certificate", "no `--cert`", &[&MODERN, &TRUST])
        },
        Stack {
            // .10 is the old address of one scenario and no address at all in the others.
            fail: &["TSH-DNS-01", "TSH-DNS-02", "TSH-DNS-03", CN_ONLY, "TSH-ADV-08"],
            inconclusive: &["TSH-IN-13", "TSH-DNS-04", "TSH-ADV-07"],
            ..curl(
                "curl-fixed-address",
                "`--resolve` with the address of the day",
                &[&MODERN, &TRUST, &CERTIFICATE, &["--resolve", "api.dbp-stg.thalescloud.io:443:198.51.100.10"]],
            )
        },
        Stack {
            fail: &["TSH-DNS-01", "TSH-DNS-02", "TSH-DNS-03", "TSH-ADV-08"],
            inconclusive: CALLER,
            refuses: "",
            ..curl(
                "curl-foreign-address",
                "`--resolve` with an address that is not Thales'",
                &[&MODERN, &TRUST, &CERTIFICATE, &["--resolve", "api.dbp-stg.thalescloud.io:443:203.0.113.99"]],
            )
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-03"],
            inconclusive: CALLER,
            refuses: "alert 48",
            ..curl(
                "curl-wrong-authority",
                "`--cacert` with another authority",
                &[&MODERN, &["--cacert", "{dir}/root.pem"], &CERTIFICATE],
            )
        },
    ]
}

fn pinning() -> Vec<Stack> {
    let pinning = |name, words| caller(name, &["curl", "openssl", "sh", "base64"], Party::Command { words });
    vec![
        Stack {
            family: CURL,
            configuration: "`--pinnedpubkey` beside `--cacert`",
            refuses: REFUSES,
            only: &["inbound/*"],
            fail: &["TSH-IN-03", CN_ONLY],
            ..pinning("curl-pinning-the-key", vec!["sh", "pinning-curl.sh"])
        },
        Stack {
            family: CURL,
            configuration: "`--pinnedpubkey` and `--insecure`",
            only: &["inbound/*"],
            fail: &["TSH-IN-03", "TSH-IN-04", CN_ONLY],
            ..pinning("curl-pinning-the-key-alone", vec!["sh", "pinning-curl.sh", "--insecure"])
        },
    ]
}

/// GnuTLS of Debian 12: speaks old versions, looks at no purpose, and heeds the list of authorities.
fn wgets() -> Vec<Stack> {
    let words = vec![
        "wget",
        "--quiet",
        "--tries=1",
        "--output-document=/dev/null",
        "--ca-certificate",
        "$TSH_TLS_SERVER_CERTIFICATE_CHAIN",
        "--certificate",
        "$CUSTOMER_TLS_CLIENT_CERTIFICATE",
        "--private-key",
        "$CUSTOMER_TLS_CLIENT_KEY",
        "$THALES_URL",
    ];
    vec![Stack {
        family: "wget 1.21 (GnuTLS 3.7)",
        configuration: "`--ca-certificate --certificate --private-key`",
        refuses: "a close without an alert after the handshake",
        only: &["inbound/*"],
        fail: &["TSH-IN-02", "TSH-IN-04", CN_ONLY, "TSH-ADV-05"],
        says: &[("TSH-ADV-05", "the list is the cause")],
        ..caller("wget", &["wget", "openssl"], Party::Command { words })
    }]
}
