//! Go: net/http in both roles.

use super::super::stack::{Build, CALLER, CN_ONLY, Stack, driver, receiver};

const TOOLS: &[&str] = &["go", "openssl"];
const REFUSES: &str = "alert 42";
/// `Certificates` heeds the list of authorities, `GetClientCertificate` does not have to.
const FOREIGN_LIST: &str = "TSH-ADV-05";

pub(super) fn callers() -> Vec<Stack> {
    let go = |name, configuration, words: &[&'static str]| Stack {
        family: "Go 1.19, `net/http` client",
        configuration,
        builds: Some(Build::Go),
        refuses: REFUSES,
        ..driver(name, TOOLS, &[&["{built}/caller"], words].concat())
    };
    vec![
        go("go", "`RootCAs`, `GetClientCertificate`, `DisableKeepAlives`", &["whatever-is-named", "no-keep-alive"]),
        Stack {
            fail: &["TSH-DNS-04", FOREIGN_LIST],
            says: &[(FOREIGN_LIST, "the list is the cause")],
            ..go("go-certificates", "`RootCAs`, `Certificates`", &[])
        },
        Stack {
            // One session of HTTP/2 for all calls: a pool of one connection.
            fail: &["TSH-DNS-04"],
            ..go(
                "go-http-2",
                "`RootCAs`, `GetClientCertificate`, `ForceAttemptHTTP2`",
                &["whatever-is-named", "http-2"],
            )
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-04", CN_ONLY],
            refuses: "",
            ..go("go-insecure", "`InsecureSkipVerify: true`", &["whatever-is-named", "insecure"])
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-02"],
            ..go("go-old-versions", "`MinVersion: tls.VersionTLS10`", &["whatever-is-named", "tls-1.0"])
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-03"],
            inconclusive: CALLER,
            ..go("go-system-roots", "no `RootCAs`: the machine's own", &["whatever-is-named", "system-roots"])
        },
    ]
}

pub(super) fn receivers() -> Vec<Stack> {
    let go = |name, configuration, words: &[&'static str]| Stack {
        family: "Go 1.19, `net/http` server",
        configuration,
        builds: Some(Build::Go),
        refuses: REFUSES,
        ..receiver(name, TOOLS, &[&["{built}/issuer"], words].concat(), "20s")
    };
    vec![
        go("go-server", "`RequireAndVerifyClientCert`, `ClientCAs`, `MinVersion: tls.VersionTLS12`", &[]),
        Stack {
            fail: &["TSH-OUT-02"],
            ..go("go-server-default-versions", "the same without `MinVersion`", &["default-versions"])
        },
        Stack { fail: &["TSH-OUT-01"], ..go("go-server-if-given", "`VerifyClientCertIfGiven`", &["if-given"]) },
        Stack {
            fail: &["TSH-OUT-01", "TSH-OUT-06", "TSH-ADV-11"],
            ..go("go-server-any", "`RequireAnyClientCert`", &["any"])
        },
    ]
}
