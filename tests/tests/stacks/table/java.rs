//! Java: HttpClient, HttpsURLConnection, bare sockets, and the JDK's HttpsServer.

use super::super::stack::{Build, CN_ONLY, Stack, driver, receiver};

const TOOLS: &[&str] = &["java", "javac", "openssl"];

const HTTP_CLIENT: &str = "Java 17, `java.net.http.HttpClient`";
const URL_CONNECTION: &str = "Java 17, `HttpsURLConnection`";
const SSL_SOCKET: &str = "Java 17, `SSLSocket`";
const SERVER: &str = "Java 17, `HttpsServer`";

const SILENT: &str = "a close without an alert before the handshake ends";
/// Its key managers heed the list of authorities.
const FOREIGN_LIST: &str = "TSH-ADV-05";
const LIST_IS_THE_CAUSE: &[(&str, &str)] = &[(FOREIGN_LIST, "the list is the cause")];

/// A machine of Java that starts quickly, with the given options and the class that it runs.
fn words(options: &[&'static str], class: &[&'static str]) -> Vec<&'static str> {
    let machine = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-cp", "{built}"];
    [&machine, options, class].concat()
}

const SHORT_CACHE: &[&str] = &["-Djava.security.properties={dir}/dns.security"];

fn java(name: &'static str, family: &'static str, options: &[&'static str], class: &[&'static str]) -> Stack {
    Stack {
        family,
        builds: Some(Build::Java),
        fail: &[CN_ONLY, FOREIGN_LIST],
        says: LIST_IS_THE_CAUSE,
        ..driver(name, TOOLS, &words(options, class))
    }
}

pub(super) fn callers() -> Vec<Stack> {
    vec![
        Stack {
            configuration: "`networkaddress.cache.ttl=1` and `networkaddress.cache.negative.ttl=1`",
            // By HTTP/2 it keeps one connection for all calls; with version(HTTP_1_1) it moves with the answer.
            fail: &["TSH-DNS-04", CN_ONLY, FOREIGN_LIST],
            refuses: SILENT,
            ..java("java-http-client", HTTP_CLIENT, SHORT_CACHE, &["Caller", "HttpClient"])
        },
        Stack {
            configuration: "as it comes: keeps addresses for 30 s",
            only: &["dns/*"],
            // It asks before each request, and moves its pool with the answer: with a stale one, it does not.
            fail: &["TSH-DNS-02", "TSH-DNS-03", "TSH-DNS-04", "TSH-ADV-08"],
            inconclusive: &["TSH-ADV-07"],
            says: &[],
            ..java("java-http-client-default-cache", HTTP_CLIENT, &[], &["Caller", "HttpClient"])
        },
        Stack {
            configuration: "a trust manager that takes everybody",
            only: &["inbound/*"],
            fail: &["TSH-IN-04", CN_ONLY, FOREIGN_LIST],
            ..java("java-http-client-insecure", HTTP_CLIENT, SHORT_CACHE, &["Caller", "HttpClient", "anybody"])
        },
        Stack {
            // Connections are pooled by their socket factory: with one for each call, none is kept.
            configuration: "`networkaddress.cache.ttl=1`, `networkaddress.cache.negative.ttl=1`, a socket \
                            factory for each call",
            refuses: "alert 42, 45, 46",
            ..java("java-url-connection", URL_CONNECTION, SHORT_CACHE, &["Caller", "HttpsURLConnection"])
        },
        Stack {
            configuration: "as it comes: keeps addresses for 30 s",
            only: &["dns/*"],
            fail: &["TSH-DNS-02", "TSH-DNS-03", "TSH-ADV-08"],
            inconclusive: &["TSH-DNS-04", "TSH-ADV-07"],
            says: &[],
            ..java("java-url-connection-default-cache", URL_CONNECTION, &[], &["Caller", "HttpsURLConnection"])
        },
        Stack {
            configuration: "without `setEndpointIdentificationAlgorithm(\"HTTPS\")`",
            only: &["inbound/*"],
            fail: &["TSH-IN-04", CN_ONLY, FOREIGN_LIST],
            refuses: "alert 42, 45, 46",
            ..java("java-socket-without-host", SSL_SOCKET, SHORT_CACHE, &["Caller", "SSLSocket", "any-host"])
        },
    ]
}

pub(super) fn receivers() -> Vec<Stack> {
    let java = |name, configuration, conduct| Stack {
        family: SERVER,
        configuration,
        builds: Some(Build::Java),
        refuses: "a close without an alert after the handshake",
        ..receiver(name, TOOLS, &words(&[], &["Issuer", conduct]), "30s")
    };
    vec![
        java("java-server", "`SSLParameters.setNeedClientAuth(true)`", "need"),
        Stack { fail: &["TSH-OUT-01"], ..java("java-server-want", "`setWantClientAuth(true)`", "want") },
        Stack {
            fail: &["TSH-OUT-01", "TSH-OUT-06", "TSH-ADV-11"],
            ..java("java-server-anybody", "`setNeedClientAuth(true)`, a trust manager that takes everybody", "anybody")
        },
    ]
}
