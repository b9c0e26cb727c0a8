//! Apache httpd and HAProxy in front of an issuer's service.

use super::super::stack::{Stack, receiver};

pub(super) fn receivers() -> Vec<Stack> {
    apaches().into_iter().chain(haproxies()).collect()
}

const HTTPD: &str = include_str!("../files/httpd.conf");
const HAPROXY: &str = include_str!("../files/haproxy.cfg");

/// As OpenSSL does.
const REFUSES: &str = "alert 42, 43, 45, 48, 51, 116";

fn apache(name: &'static str, configuration: &'static str, lines: &[&str]) -> Stack {
    let lines: Vec<_> = lines.iter().map(|line| format!("    {line}")).collect();
    Stack {
        family: "Apache httpd 2.4 (OpenSSL 3)",
        configuration,
        files: vec![("httpd.conf", HTTPD.replace("@SERVER@", &lines.join("\n")))],
        refuses: REFUSES,
        ..receiver(name, &["apache2", "openssl"], &["apache2", "-f", "{dir}/httpd.conf", "-D", "FOREGROUND"], "20s")
    }
}

fn apaches() -> Vec<Stack> {
    const VERSIONS: &str = "SSLProtocol -all +TLSv1.2 +TLSv1.3";
    vec![
        apache("apache", "`SSLVerifyClient require`", &[VERSIONS, "SSLVerifyClient require", "SSLVerifyDepth 3"]),
        Stack {
            refuses: "alert 42, 43, 45, 48, 51",
            fail: &["TSH-OUT-01"],
            ..apache(
                "apache-optional",
                "`SSLVerifyClient optional`",
                &[VERSIONS, "SSLVerifyClient optional", "SSLVerifyDepth 3"],
            )
        },
        Stack {
            refuses: "alert 42, 43, 45, 51",
            fail: &["TSH-OUT-01", "TSH-OUT-06"],
            ..apache(
                "apache-optional-no-ca",
                "`SSLVerifyClient optional_no_ca`",
                &[VERSIONS, "SSLVerifyClient optional_no_ca", "SSLVerifyDepth 3"],
            )
        },
        Stack {
            says: &[("TSH-OUT-02", "refused by other policy than the version")],
            ..apache(
                "apache-old-versions-under-policy",
                "`SSLProtocol all`: OpenSSL's security level refuses the old versions",
                &["SSLProtocol all", "SSLVerifyClient require", "SSLVerifyDepth 3"],
            )
        },
        Stack {
            fail: &["TSH-ADV-10"],
            ..apache("apache-depth-1", "as it comes: `SSLVerifyDepth 1`", &[VERSIONS, "SSLVerifyClient require"])
        },
    ]
}

fn haproxy(name: &'static str, configuration: &'static str, bind: &str) -> Stack {
    Stack {
        family: "HAProxy 2.6 (OpenSSL 3)",
        configuration,
        files: vec![("haproxy.cfg", HAPROXY.replace("@BIND@", bind))],
        refuses: REFUSES,
        ..receiver(name, &["haproxy", "openssl"], &["haproxy", "-db", "-f", "{dir}/haproxy.cfg"], "20s")
    }
}

fn haproxies() -> Vec<Stack> {
    vec![
        haproxy("haproxy", "`verify required`", "verify required"),
        Stack {
            refuses: "alert 42, 43, 45, 48, 51",
            fail: &["TSH-OUT-01"],
            ..haproxy("haproxy-optional", "`verify optional`", "verify optional")
        },
        Stack {
            fail: &["TSH-OUT-01", "TSH-OUT-06", "TSH-ADV-11"],
            refuses: "",
            ..haproxy(
                "haproxy-ignoring-errors",
                "`verify optional crt-ignore-err all ca-ignore-err all`",
                "verify optional crt-ignore-err all ca-ignore-err all",
            )
        },
        Stack {
            fail: &["TSH-OUT-02"],
            ..haproxy(
                "haproxy-old-versions",
                "`ssl-min-ver TLSv1.0` and ciphers of security level 0",
                "verify required ssl-min-ver TLSv1.0 ciphers ALL:@SECLEVEL=0",
            )
        },
    ]
}
