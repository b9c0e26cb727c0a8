//! nginx, in front of an issuer's service and as the way out to Thales.

use super::super::stack::{CN_ONLY, Party, Stack, caller, receiver};

const TOOLS: &[&str] = &["nginx", "openssl"];

const EGRESS: &str = include_str!("../files/egress.conf");
const PROXY_FAMILY: &str = "nginx 1.22 as egress proxy (OpenSSL 3)";

/// The address is asked for as its TTL says. The variable keeps nginx from looking it up once, at its start.
const ASKED: &[&str] = &[
    "resolver         192.0.2.1 ipv6=off;",
    "set              $thales api.dbp-stg.thalescloud.io;",
    "proxy_pass       https://$thales;",
];
/// Looked up at the start.
const LITERAL: &[&str] = &["proxy_pass       https://api.dbp-stg.thalescloud.io;"];
const NAMED: &[&str] =
    &["proxy_ssl_name   api.dbp-stg.thalescloud.io;", "proxy_ssl_server_name on;", "proxy_ssl_session_reuse off;"];
const VERIFIED: &[&str] = &["proxy_ssl_verify on;", "proxy_ssl_verify_depth 3;"];
const MODERN: &[&str] = &["proxy_ssl_protocols TLSv1.2 TLSv1.3;"];

fn egress(name: &'static str, configuration: &'static str, lines: &[&[&str]]) -> Stack {
    let lines: Vec<_> = lines.iter().copied().flatten().map(|line| format!("            {line}")).collect();
    let words = vec!["nginx", "-e", "stderr", "-c", "{dir}/egress.conf", "-g", "daemon off;"];
    let trigger = "GET http://127.0.0.1:8080/gtep/igwapi/v2.0/getCardInfo";
    Stack {
        family: PROXY_FAMILY,
        configuration,
        files: vec![("egress.conf", EGRESS.replace("@PROXY@", &lines.join("\n")))],
        refuses: "a close without an alert after the handshake",
        fail: &[CN_ONLY],
        ..caller(name, TOOLS, Party::Service { words, trigger })
    }
}

pub(super) fn callers() -> Vec<Stack> {
    vec![
        egress(
            "nginx-egress",
            "`resolver` and a variable in `proxy_pass`, `proxy_ssl_verify on`, `proxy_ssl_server_name on`, \
             `proxy_ssl_protocols TLSv1.2 TLSv1.3`",
            &[ASKED, NAMED, VERIFIED, MODERN],
        ),
        Stack {
            only: &["dns/*"],
            fail: &["TSH-DNS-02", "TSH-DNS-03", "TSH-ADV-08"],
            inconclusive: &["TSH-DNS-04", "TSH-ADV-07"],
            refuses: "",
            ..egress(
                "nginx-egress-literal",
                "a literal `proxy_pass https://…`: the address is that of the start",
                &[LITERAL, NAMED, VERIFIED, MODERN],
            )
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-04", CN_ONLY],
            refuses: "",
            ..egress("nginx-egress-unverified", "as it comes: `proxy_ssl_verify off`", &[ASKED, NAMED, MODERN])
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-02", "TSH-ADV-01", CN_ONLY],
            inconclusive: &["TSH-ADV-02"],
            ..egress(
                "nginx-egress-default-versions",
                "as it comes: `proxy_ssl_protocols TLSv1 TLSv1.1 TLSv1.2`",
                &[ASKED, NAMED, VERIFIED],
            )
        },
    ]
}

const NGINX: &str = include_str!("../files/nginx.conf");
const FAMILY: &str = "nginx 1.22 (OpenSSL 3)";

const CHAIN: &str = "ssl_certificate /etc/acme/server.pem;";
const AUTHORITY: &str = "ssl_client_certificate /etc/acme/thales-ca.pem;";
const VERSIONS: &str = "ssl_protocols TLSv1.2 TLSv1.3;";
const OLD_VERSIONS: &str = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;";
const VERIFY: &str = "ssl_verify_client on;";

fn configured(server: &[&str], location: &str) -> Vec<(&'static str, String)> {
    vec![("nginx.conf", NGINX.replace("@SERVER@", &server.join("\n")).replace("@LOCATION@", location))]
}

fn nginx(name: &'static str, configuration: &'static str, server: &[&str]) -> Stack {
    Stack {
        family: FAMILY,
        configuration,
        files: configured(server, ""),
        refuses: "nginx's page with status 400",
        ..receiver(name, TOOLS, &["nginx", "-e", "stderr", "-c", "{dir}/nginx.conf", "-g", "daemon off;"], "20s")
    }
}

fn pinning(name: &'static str, configuration: &'static str, location: &str) -> Stack {
    Stack {
        family: FAMILY,
        configuration,
        files: configured(&[CHAIN, VERSIONS, AUTHORITY, VERIFY], location),
        refuses: "nginx's page with status 400",
        ..receiver(name, &["nginx", "openssl", "sh"], &["sh", "pinning-nginx.sh"], "20s")
    }
}

pub(super) fn receivers() -> Vec<Stack> {
    [served(), verifying(), trusting()].into_iter().flatten().collect()
}

/// What is served, and in which versions.
fn served() -> Vec<Stack> {
    vec![
        nginx("nginx", "`ssl_verify_client on`", &[CHAIN, VERSIONS, AUTHORITY, VERIFY]),
        Stack {
            says: &[("TSH-OUT-02", "refused by other policy than the version")],
            ..nginx(
                "nginx-old-versions-under-policy",
                "`ssl_protocols TLSv1 TLSv1.1 …`: OpenSSL's security level refuses them",
                &[CHAIN, OLD_VERSIONS, AUTHORITY, VERIFY],
            )
        },
        Stack {
            fail: &["TSH-OUT-02"],
            says: &[("TSH-OUT-02", "speaks TLS 1.0")],
            ..nginx(
                "nginx-old-versions",
                "the same with ciphers of security level 0",
                &[CHAIN, OLD_VERSIONS, "ssl_ciphers ALL:@SECLEVEL=0;", AUTHORITY, VERIFY],
            )
        },
        Stack {
            fail: &["TSH-OUT-08"],
            ..nginx(
                "nginx-incomplete-chain",
                "`ssl_certificate` with the leaf alone",
                &["ssl_certificate server.pem;", VERSIONS, AUTHORITY, VERIFY],
            )
        },
        Stack {
            // The intermediate was neither handed over nor is it served.
            chain: "server-and-root.pem",
            fail: &["TSH-OUT-08"],
            ..nginx(
                "nginx-incomplete-chain-below-the-root",
                "leaf and root without the intermediate",
                &[CHAIN, VERSIONS, AUTHORITY, VERIFY],
            )
        },
        Stack {
            host: "other.acme.example",
            fail: &["TSH-OUT-09"],
            ..nginx("nginx-other-host", "a certificate for another host", &[CHAIN, VERSIONS, AUTHORITY, VERIFY])
        },
    ]
}

/// How callers are verified.
fn verifying() -> Vec<Stack> {
    vec![
        Stack {
            fail: &["TSH-OUT-01"],
            ..nginx(
                "nginx-optional",
                "`ssl_verify_client optional`",
                &[CHAIN, VERSIONS, AUTHORITY, "ssl_verify_client optional;"],
            )
        },
        Stack {
            fail: &["TSH-OUT-01", "TSH-OUT-06"],
            ..nginx(
                "nginx-optional-no-ca",
                "`ssl_verify_client optional_no_ca`",
                &[CHAIN, VERSIONS, AUTHORITY, "ssl_verify_client optional_no_ca;"],
            )
        },
        Stack {
            fail: &["TSH-OUT-07", "TSH-ADV-09", "TSH-ADV-10"],
            says: &[("TSH-OUT-07", "pins the certificate")],
            ..pinning(
                "nginx-pinning-the-certificate",
                "compares `$ssl_client_fingerprint`",
                "if ($ssl_client_fingerprint != \"@FINGERPRINT@\") { return 403; }",
            )
        },
        Stack {
            fail: &["TSH-ADV-09"],
            ..pinning(
                "nginx-comparing-the-subject",
                "compares `$ssl_client_s_dn`",
                "if ($ssl_client_s_dn != \"@SUBJECT@\") { return 403; }",
            )
        },
    ]
}

fn trusting() -> Vec<Stack> {
    vec![Stack {
        fail: &["TSH-OUT-05"],
        inconclusive: &[
            "TSH-OUT-01",
            "TSH-OUT-02",
            "TSH-OUT-04",
            "TSH-OUT-06",
            "TSH-OUT-07",
            "TSH-ADV-09",
            "TSH-ADV-10",
            "TSH-ADV-11",
        ],
        ..nginx(
            "nginx-wrong-authority",
            "`ssl_client_certificate` with another authority",
            &[CHAIN, VERSIONS, "ssl_client_certificate root.pem;", VERIFY],
        )
    }]
}
