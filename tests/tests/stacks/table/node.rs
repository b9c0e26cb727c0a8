//! Node: https, fetch, and a server on https.

use super::super::stack::{CN_ONLY, Stack, driver, receiver};

const TOOLS: &[&str] = &["node", "openssl"];
/// Measured where both versions are spoken: in TLS 1.2 Node ends the handshake first.
const SILENT: &str = "a close without an alert before the handshake ends";

pub(super) fn callers() -> Vec<Stack> {
    let node = |name, configuration, words: &[&'static str]| Stack {
        family: "Node 20, `https`",
        configuration,
        refuses: SILENT,
        fail: &[CN_ONLY],
        ..driver(name, TOOLS, &[&["node", "caller.mjs"], words].concat())
    };
    vec![
        node("node", "`https.request` with `ca`, `cert`, `key`, an agent without `keepAlive`", &[]),
        Stack {
            only: &["dns/*"],
            fail: &["TSH-DNS-04"],
            refuses: "",
            ..node("node-keeping-alive", "`new https.Agent({ keepAlive: true })`", &["keep-alive"])
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-04", CN_ONLY],
            refuses: "",
            ..node("node-insecure", "`rejectUnauthorized: false`", &["insecure"])
        },
        Stack {
            // One session of HTTP/2 for all calls: a pool of one connection.
            family: "Node 20, `http2`",
            refuses: SILENT,
            configuration: "`http2.connect` with `ca`, `cert`, `key`, one session until Thales closes it",
            fail: &["TSH-DNS-04", CN_ONLY],
            ..driver("node-http-2", TOOLS, &["node", "caller-http2.mjs"])
        },
        Stack {
            family: "Node 20, `fetch` (undici 5)",
            fail: &["TSH-DNS-04", CN_ONLY],
            ..node("node-fetch", "`fetch` with a dispatcher that has `connect: { ca, cert, key }`", &["fetch"])
        },
    ]
}

pub(super) fn receivers() -> Vec<Stack> {
    let node = |name, configuration, words: &[&'static str]| Stack {
        family: "Node 20, `https` server",
        configuration,
        ..receiver(name, TOOLS, &[&["node", "issuer.mjs"], words].concat(), "20s")
    };
    vec![
        Stack {
            refuses: "alert 116, or a close without an alert after the handshake",
            ..node("node-server", "`requestCert` and `rejectUnauthorized: true`", &[])
        },
        Stack {
            fail: &["TSH-OUT-01", "TSH-OUT-06", "TSH-ADV-11"],
            refuses: "a close without an alert after the handshake",
            ..node("node-server-insecure", "`requestCert` and `rejectUnauthorized: false`", &["insecure"])
        },
    ]
}
