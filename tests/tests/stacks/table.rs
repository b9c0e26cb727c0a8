//! The table: each stack with the requirements that it fails and those that stay inconclusive. Every other requirement
//! has the verdict of a right stack in the same role.

/// A configuration of a real stack, and what the harness has to say of it.
pub(super) struct Stack {
    /// Its name, which is the test's.
    pub(super) name: &'static str,
    /// Programs that it needs.
    pub(super) tools: &'static [&'static str],
    /// The part that is tested.
    pub(super) party: Party,
    /// The host that its server certificate names.
    pub(super) host: &'static str,
    /// The file with the server's chain as handed over.
    pub(super) chain: &'static str,
    /// The scenarios that are played; all of its role, if empty. Each is `inbound/*`, `dns/*` or `outbound/*`.
    pub(super) only: &'static [&'static str],
    /// How it is told of its renewed certificate, as `[renewal]` says; empty: its file says nothing of it.
    pub(super) renewal: &'static str,
    /// Requirements that fail.
    pub(super) fail: &'static [&'static str],
    /// Requirements that stay inconclusive.
    pub(super) inconclusive: &'static [&'static str],
    /// Requirements with what their findings say first: the meaning of a violation, or a warning.
    pub(super) says: &'static [(&'static str, &'static str)],
}

/// How the stack takes part.
pub(super) enum Party {
    /// A caller that is started for each call.
    Command { words: Vec<&'static str> },
    /// A caller that lives as long as a scenario.
    Driver { words: Vec<&'static str> },
    /// A server; nginx reads the two parts of its configuration.
    Receiver { words: Vec<&'static str>, within: &'static str, server: String, location: &'static str },
}

/// Never proven by a run.
const DECLARED: [&str; 4] = ["TSH-GEN-01", "TSH-GEN-02", "TSH-IN-13", "TSH-OUT-04"];
/// Proven by files that these stacks do not declare.
const UNTESTED: [&str; 1] = ["TSH-IN-03a"];
/// Proven where a stack says how it is told of its renewed certificate.
const RENEWAL: &str = "TSH-ADV-12";
/// Thales' own conduct.
const INFORMATIONAL: [&str; 1] = ["TSH-GEN-03"];

impl Stack {
    /// The verdict that a requirement has to get.
    pub(super) fn verdict(&self, id: &str, topic: &str) -> &'static str {
        let area = topic.split('.').next().unwrap_or_default();
        // What is said of the environments at run time shows in an inbound scenario.
        let folder = if topic == "general.environments" { "inbound" } else { area };
        let is_selected =
            self.only.is_empty() || self.only.iter().any(|pattern| pattern.strip_suffix("/*") == Some(folder));
        let roles: &[&str] = match self.party {
            Party::Receiver { .. } => &["general", "outbound"],
            Party::Command { .. } | Party::Driver { .. } => &["general", "inbound", "dns"],
        };
        if INFORMATIONAL.contains(&id) {
            "informational"
        } else if !roles.contains(&area) {
            "not-applicable"
        } else if !is_selected {
            if DECLARED.contains(&id) { "declared" } else { "untested" }
        } else if self.fail.contains(&id) {
            "fail"
        } else if self.inconclusive.contains(&id) {
            "inconclusive"
        } else if DECLARED.contains(&id) {
            "declared"
        } else if UNTESTED.contains(&id) || (id == RENEWAL && self.renewal.is_empty()) {
            "untested"
        } else {
            "pass"
        }
    }
}

/// Every row of a caller that a run can decide.
const CALLER: &[&str] = &[
    "TSH-GEN-01",
    "TSH-IN-01",
    "TSH-IN-02",
    "TSH-IN-03",
    "TSH-IN-04",
    "TSH-IN-05",
    "TSH-IN-06",
    "TSH-IN-07",
    "TSH-IN-08",
    "TSH-IN-09",
    "TSH-IN-10",
    "TSH-IN-11",
    "TSH-IN-12",
    "TSH-IN-13",
    "TSH-IN-14",
    "TSH-DNS-01",
    "TSH-DNS-02",
    "TSH-DNS-03",
    "TSH-DNS-04",
    "TSH-ADV-01",
    "TSH-ADV-02",
    "TSH-ADV-03",
    "TSH-ADV-04",
    "TSH-ADV-05",
    "TSH-ADV-06",
    "TSH-ADV-07",
    "TSH-ADV-08",
    "TSH-ADV-13",
];

/// Every row of a receiver that a run can decide.
const RECEIVER: &[&str] = &[
    "TSH-OUT-01",
    "TSH-OUT-02",
    "TSH-OUT-03",
    "TSH-OUT-04",
    "TSH-OUT-05",
    "TSH-OUT-06",
    "TSH-OUT-07",
    "TSH-OUT-08",
    "TSH-OUT-09",
    "TSH-ADV-09",
    "TSH-ADV-10",
    "TSH-ADV-11",
];

/// OpenSSL's clients take the common name where a certificate has no subject alternative name: advisory.
const CN_ONLY: &str = "TSH-ADV-03";
/// Java, Go and GnuTLS show no certificate to a server whose list names another authority: advisory.
const FOREIGN_LIST: &str = "TSH-ADV-05";

/// All stacks.
pub(super) fn stacks() -> Vec<Stack> {
    [curls(), wgets(), constants(), pythons(), nginxes()].into_iter().flatten().collect()
}

fn caller(name: &'static str, tools: &'static [&'static str], party: Party) -> Stack {
    Stack {
        name,
        tools,
        party,
        host: "issuer.acme.example",
        chain: "server-chain.pem",
        only: &[],
        renewal: "",
        fail: &[CN_ONLY],
        inconclusive: &[],
        says: &[],
    }
}

const TRUST: [&str; 2] = ["--cacert", "$TSH_TLS_SERVER_CERTIFICATE_CHAIN"];
const CERTIFICATE: [&str; 4] = ["--cert", "$CUSTOMER_TLS_CLIENT_CERTIFICATE", "--key", "$CUSTOMER_TLS_CLIENT_KEY"];
const MODERN: [&str; 1] = ["--tlsv1.2"];

fn curl(name: &'static str, options: &[&[&'static str]]) -> Stack {
    let mut words = vec!["curl", "--fail", "--silent", "--show-error"];
    words.extend(options.iter().copied().flatten());
    words.push("$THALES_URL");
    caller(name, &["curl", "openssl"], Party::Command { words })
}

fn pinning_curl(name: &'static str, words: Vec<&'static str>) -> Stack {
    caller(name, &["curl", "openssl", "sh", "base64"], Party::Command { words })
}

fn curls() -> Vec<Stack> {
    vec![
        Stack {
            fail: &["TSH-IN-02", CN_ONLY],
            says: &[("TSH-IN-02", "speaks TLS 1.0")],
            ..curl("curl", &[&TRUST, &CERTIFICATE])
        },
        Stack { renewal: r#""files""#, ..curl("curl-tls-1.2", &[&MODERN, &TRUST, &CERTIFICATE]) },
        curl("curl-http-1.1", &[&MODERN, &["--http1.1"], &TRUST, &CERTIFICATE]),
        Stack {
            only: &["inbound/*"],
            renewal: r#"{ command = ["sh", "deploy.sh"] }"#,
            ..caller(
                "curl-deployed",
                &["curl", "openssl", "sh"],
                Party::Command { words: vec!["sh", "deployed-curl.sh"] },
            )
        },
        Stack {
            // Its ClientHello has no supported_versions, and its alert comes in a record of TLS 1.2.
            only: &["inbound/*"],
            fail: &["TSH-ADV-01", CN_ONLY],
            inconclusive: &["TSH-ADV-02"],
            ..curl("curl-tls-1.2-at-most", &[&MODERN, &["--tls-max", "1.2"], &TRUST, &CERTIFICATE])
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-04", CN_ONLY],
            ..curl("curl-insecure", &[&MODERN, &TRUST, &CERTIFICATE, &["--insecure"]])
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
            ..curl("curl-without-certificate", &[&MODERN, &TRUST])
        },
        Stack {
            // .10 is the old address of one scenario and no address at all in the others.
            fail: &["TSH-DNS-01", "TSH-DNS-02", "TSH-DNS-03", CN_ONLY, "TSH-ADV-08"],
            inconclusive: &["TSH-IN-13", "TSH-DNS-04", "TSH-ADV-07"],
            ..curl(
                "curl-fixed-address",
                &[&MODERN, &TRUST, &CERTIFICATE, &["--resolve", "api.dbp-stg.thalescloud.io:443:198.51.100.10"]],
            )
        },
        Stack {
            fail: &["TSH-DNS-01", "TSH-DNS-02", "TSH-DNS-03", "TSH-ADV-08"],
            inconclusive: CALLER,
            ..curl(
                "curl-foreign-address",
                &[&MODERN, &TRUST, &CERTIFICATE, &["--resolve", "api.dbp-stg.thalescloud.io:443:203.0.113.99"]],
            )
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-03"],
            inconclusive: CALLER,
            ..curl("curl-wrong-authority", &[&MODERN, &["--cacert", "{dir}/root.pem"], &CERTIFICATE])
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-03", CN_ONLY],
            ..pinning_curl("curl-pinning-the-key", vec!["sh", "pinning-curl.sh"])
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-03", "TSH-IN-04", CN_ONLY],
            ..pinning_curl("curl-pinning-the-key-alone", vec!["sh", "pinning-curl.sh", "--insecure"])
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
        only: &["inbound/*"],
        fail: &["TSH-IN-02", "TSH-IN-04", CN_ONLY, "TSH-ADV-05"],
        ..caller("wget", &["wget", "openssl"], Party::Command { words })
    }]
}

/// They never speak TLS: nothing may pass.
fn constants() -> Vec<Stack> {
    let constant = |name, tool, word| Stack {
        fail: &[],
        inconclusive: CALLER,
        ..caller(name, tool, Party::Command { words: vec![word] })
    };
    vec![
        constant("true", &["true", "openssl"], "true"),
        constant("false", &["false", "openssl"], "false"),
        Stack {
            inconclusive: RECEIVER,
            ..receiver("closing-server", &["python3", "openssl"], vec!["python3", "closing.py"], "10s")
        },
        Stack { inconclusive: RECEIVER, ..receiver("silent-server", &["sleep", "openssl"], vec!["sleep", "60"], "1s") },
    ]
}

fn pythons() -> Vec<Stack> {
    let driver =
        |name, word| caller(name, &["python3", "openssl"], Party::Driver { words: vec!["python3", "caller.py", word] });
    vec![
        Stack { renewal: r#""restart""#, ..driver("python", "fresh") },
        Stack { only: &["inbound/*"], renewal: r#"{ signal = "HUP" }"#, ..driver("python-reloading", "fresh") },
        Stack {
            only: &["inbound/*"],
            renewal: r#""files""#,
            fail: &[CN_ONLY, RENEWAL],
            says: &[(RENEWAL, "read its certificate and key when it started")],
            ..driver("python-reading-its-files-once", "fresh")
        },
        caller("node", &["node", "openssl"], Party::Driver { words: vec!["node", "caller.mjs"] }),
        Stack {
            // One session of HTTP/2 for all calls: a pool of one connection.
            fail: &["TSH-DNS-04", CN_ONLY],
            ..caller("node-http-2", &["node", "openssl"], Party::Driver { words: vec!["node", "caller-http2.mjs"] })
        },
        Stack { fail: &[FOREIGN_LIST], ..caller("go", &["go", "openssl"], Party::Driver { words: vec!["./caller"] }) },
        Stack {
            fail: &["TSH-DNS-02", "TSH-DNS-03", CN_ONLY, "TSH-ADV-08"],
            inconclusive: &["TSH-DNS-04", "TSH-ADV-07"],
            ..driver("python-caching-the-address", "cached-address")
        },
        Stack { fail: &["TSH-DNS-04", CN_ONLY], ..driver("python-keeping-alive", "kept-alive") },
        receiver("python-server", &["python3", "openssl"], vec!["python3", "issuer.py"], "20s"),
    ]
}

fn receiver(
    name: &'static str,
    tools: &'static [&'static str],
    words: Vec<&'static str>,
    within: &'static str,
) -> Stack {
    Stack { fail: &[], ..caller(name, tools, Party::Receiver { words, within, server: String::new(), location: "" }) }
}

/// Lines of nginx's configuration.
const CHAIN: &str = "ssl_certificate /etc/acme/server.pem;";
const AUTHORITY: &str = "ssl_client_certificate /etc/acme/thales-ca.pem;";
const VERSIONS: &str = "ssl_protocols TLSv1.2 TLSv1.3;";
const OLD_VERSIONS: &str = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;";
const VERIFY: &str = "ssl_verify_client on;";

fn nginx(name: &'static str, server: &[&str]) -> Stack {
    pinning_nginx(
        name,
        server,
        "",
        &["nginx", "openssl"],
        &["nginx", "-e", "stderr", "-c", "{dir}/nginx.conf", "-g", "daemon off;"],
    )
}

fn pinning_nginx(
    name: &'static str,
    server: &[&str],
    location: &'static str,
    tools: &'static [&'static str],
    words: &[&'static str],
) -> Stack {
    let party = Party::Receiver { words: words.to_vec(), within: "20s", server: server.join("\n"), location };
    Stack { fail: &[], ..caller(name, tools, party) }
}

fn nginxes() -> Vec<Stack> {
    let pinning = |name, location| {
        let server = [CHAIN, VERSIONS, AUTHORITY, VERIFY];
        pinning_nginx(name, &server, location, &["nginx", "openssl", "sh"], &["sh", "pinning-nginx.sh"])
    };
    vec![
        nginx("nginx", &[CHAIN, VERSIONS, AUTHORITY, VERIFY]),
        Stack {
            says: &[("TSH-OUT-02", "refused by other policy than the version")],
            ..nginx("nginx-old-versions-under-policy", &[CHAIN, OLD_VERSIONS, AUTHORITY, VERIFY])
        },
        Stack {
            fail: &["TSH-OUT-02"],
            says: &[("TSH-OUT-02", "speaks TLS 1.0")],
            ..nginx("nginx-old-versions", &[CHAIN, OLD_VERSIONS, "ssl_ciphers ALL:@SECLEVEL=0;", AUTHORITY, VERIFY])
        },
        Stack {
            fail: &["TSH-OUT-01"],
            ..nginx("nginx-optional", &[CHAIN, VERSIONS, AUTHORITY, "ssl_verify_client optional;"])
        },
        Stack {
            fail: &["TSH-OUT-01", "TSH-OUT-06"],
            ..nginx("nginx-optional-no-ca", &[CHAIN, VERSIONS, AUTHORITY, "ssl_verify_client optional_no_ca;"])
        },
        Stack {
            fail: &["TSH-OUT-07", "TSH-ADV-09", "TSH-ADV-10"],
            says: &[("TSH-OUT-07", "pins the certificate")],
            ..pinning(
                "nginx-pinning-the-certificate",
                "if ($ssl_client_fingerprint != \"@FINGERPRINT@\") { return 403; }",
            )
        },
        Stack {
            fail: &["TSH-ADV-09"],
            ..pinning("nginx-comparing-the-subject", "if ($ssl_client_s_dn != \"@SUBJECT@\") { return 403; }")
        },
        Stack {
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
            ..nginx("nginx-wrong-authority", &[CHAIN, VERSIONS, "ssl_client_certificate root.pem;", VERIFY])
        },
        Stack {
            fail: &["TSH-OUT-08"],
            ..nginx("nginx-incomplete-chain", &["ssl_certificate server.pem;", VERSIONS, AUTHORITY, VERIFY])
        },
        Stack {
            // The intermediate was neither handed over nor is it served.
            chain: "server-and-root.pem",
            fail: &["TSH-OUT-08"],
            ..nginx("nginx-incomplete-chain-below-the-root", &[CHAIN, VERSIONS, AUTHORITY, VERIFY])
        },
        Stack {
            host: "other.acme.example",
            fail: &["TSH-OUT-09"],
            ..nginx("nginx-other-host", &[CHAIN, VERSIONS, AUTHORITY, VERIFY])
        },
    ]
}
