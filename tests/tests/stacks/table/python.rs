//! Python: the standard library, requests, aiohttp, and a server on `ssl`.

use super::super::stack::{CN_ONLY, RENEWAL, Stack, driver, receiver};

const PLAIN: &[&str] = &["python3", "openssl"];
const REQUESTS: &[&str] = &["python:requests", "openssl"];
const AIOHTTP: &[&str] = &["python:aiohttp", "openssl"];

const REFUSES: &str = "alert 42, 43, 45, 48, 51";
const SILENT: &str = "a close without an alert before the handshake ends";

pub(super) fn callers() -> Vec<Stack> {
    [plain(), requests(), aiohttp()].into_iter().flatten().collect()
}

fn plain() -> Vec<Stack> {
    let plain = |name, configuration, word| Stack {
        family: "Python 3, `urllib` or `http.client`, `minimum_version = TLSv1_2` (OpenSSL 3)",
        configuration,
        refuses: REFUSES,
        fail: &[CN_ONLY],
        ..driver(name, PLAIN, &["python3", "caller.py", word])
    };
    vec![
        Stack { renewal: r#""restart""#, ..plain("python", "a connection for each call", "fresh") },
        Stack {
            only: &["inbound/*"],
            renewal: r#"{ signal = "HUP" }"#,
            ..plain("python-reloading", "reads its certificate again after SIGHUP", "fresh")
        },
        Stack {
            only: &["inbound/*"],
            renewal: r#""files""#,
            fail: &[CN_ONLY, RENEWAL],
            says: &[(RENEWAL, "read its certificate and key when it started")],
            ..plain("python-reading-its-files-once", "reads its certificate when it starts", "fresh")
        },
        Stack {
            fail: &["TSH-DNS-02", "TSH-DNS-03", CN_ONLY, "TSH-ADV-08"],
            inconclusive: &["TSH-DNS-04", "TSH-ADV-07"],
            ..plain("python-caching-the-address", "keeps the first address for ever", "cached-address")
        },
        Stack {
            fail: &["TSH-DNS-04", CN_ONLY],
            ..plain("python-keeping-alive", "one connection for as long as it lasts", "kept-alive")
        },
    ]
}

fn requests() -> Vec<Stack> {
    let requests = |name, configuration, word| Stack {
        family: "requests 2.28 on Debian's Python 3.11 (OpenSSL 3)",
        configuration,
        // urllib3 compares the host by itself.
        refuses: "alert 42, 43, 45, 48, 51, or a close without an alert after the handshake",
        fail: &[CN_ONLY],
        ..driver(name, REQUESTS, &["/usr/bin/python3", "caller_requests.py", word])
    };
    vec![
        requests("requests-tls-1.2", "`verify`, `cert`, and an adapter with `minimum_version = TLSv1_2`", "modern"),
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-02", CN_ONLY],
            ..requests("requests", "`requests.get(…, verify=CHAIN, cert=(…, …))`", "fresh")
        },
        Stack {
            only: &["dns/*"],
            fail: &["TSH-DNS-04"],
            refuses: "",
            ..requests("requests-session", "the same in a `Session`, which keeps its connection", "session")
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-02", "TSH-IN-04", CN_ONLY],
            refuses: "",
            ..requests("requests-insecure", "`verify=False`", "insecure")
        },
    ]
}

fn aiohttp() -> Vec<Stack> {
    let aiohttp = |name, configuration, word| Stack {
        family: "aiohttp 3.8 on Debian's Python 3.11 (OpenSSL 3)",
        configuration,
        refuses: SILENT,
        fail: &[CN_ONLY],
        ..driver(name, AIOHTTP, &["/usr/bin/python3", "caller_aiohttp.py", word])
    };
    vec![
        Stack {
            fail: &["TSH-DNS-04", CN_ONLY],
            ..aiohttp(
                "aiohttp-no-dns-cache",
                "`TCPConnector(use_dns_cache=False)`, `minimum_version = TLSv1_2`",
                "no-dns-cache",
            )
        },
        Stack {
            only: &["dns/*"],
            fail: &["TSH-DNS-04"],
            refuses: "",
            ..aiohttp("aiohttp-dns-cache-1-s", "`TCPConnector(ttl_dns_cache=1)`", "ttl")
        },
        Stack {
            only: &["dns/*"],
            fail: &["TSH-DNS-02", "TSH-DNS-03", "TSH-DNS-04", "TSH-ADV-08"],
            // It still knows the address when the name server answers again.
            inconclusive: &["TSH-ADV-07"],
            refuses: "",
            ..aiohttp("aiohttp", "as it comes: keeps addresses for 10 s", "default")
        },
        Stack {
            only: &["inbound/*"],
            fail: &["TSH-IN-04", CN_ONLY],
            refuses: "",
            ..aiohttp("aiohttp-insecure", "`verify_mode = ssl.CERT_NONE`", "insecure")
        },
    ]
}

pub(super) fn receivers() -> Vec<Stack> {
    vec![Stack {
        family: "Python 3, `http.server` on `ssl` (OpenSSL 3)",
        configuration: "`CERT_REQUIRED` with the Thales Client CA, `minimum_version = TLSv1_2`",
        refuses: "alert 42, 43, 45, 48, 51, 116",
        ..receiver("python-server", PLAIN, &["python3", "issuer.py"], "20s")
    }]
}
