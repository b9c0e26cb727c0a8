//! What a starting integration file says of each stack: how it is driven, the files that it looks for, and the one or
//! two settings that are commonly wrong there.

use clap::ValueEnum;

/// What an integration is built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StackWord {
    /// curl; a server is something else
    Curl,
    /// requests, aiohttp, http.server
    Python,
    /// node:https, fetch
    Node,
    /// HttpClient, HttpsURLConnection, Spring, Tomcat
    Java,
    /// net/http
    Go,
    /// nginx, as the way in or out
    Nginx,
    /// Apache httpd, as the way in or out
    Apache,
    /// HAProxy, as the way in or out
    Haproxy,
    /// rustls, reqwest, hyper; or the trait, see examples/rust
    Rust,
    /// Any program
    Other,
}

/// Parts of a file, each with comments of its own.
pub(super) struct Parts {
    /// A service that caller or receiver names, if any.
    pub(super) service: &'static str,
    pub(super) caller: &'static str,
    pub(super) receiver: &'static str,
    /// Paths with their assets.
    pub(super) caller_files: &'static [(&'static str, &'static str)],
    pub(super) receiver_files: &'static [(&'static str, &'static str)],
    /// Where more is to be seen.
    pub(super) example: &'static str,
}

const TRUST: (&str, &str) = ("/etc/acme/thales-server-ca.pem", "TSH_TLS_SERVER_CERTIFICATE_CHAIN");
const CLIENT_CA: (&str, &str) = ("/etc/acme/thales-ca.pem", "THALES_CLIENT_CA");

const CLIENT_PEM: &[(&str, &str)] = &[
    TRUST,
    ("/etc/acme/client.pem", "CUSTOMER_TLS_CLIENT_CERTIFICATE"),
    ("/etc/acme/client.key", "CUSTOMER_TLS_CLIENT_KEY"),
];
const SERVER_PEM: &[(&str, &str)] = &[
    CLIENT_CA,
    ("/etc/acme/server.pem", "CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN"),
    ("/etc/acme/server.key", "CUSTOMER_TLS_SERVER_KEY"),
];

impl StackWord {
    pub(super) fn parts(self) -> Parts {
        let pem = Parts {
            service: "",
            caller: "",
            receiver: "",
            caller_files: CLIENT_PEM,
            receiver_files: SERVER_PEM,
            example: "",
        };
        match self {
            Self::Curl => Parts {
                caller: CURL,
                receiver: OTHER_RECEIVER,
                example: "an example of both: examples/curl-nginx",
                ..pem
            },
            Self::Python => Parts {
                caller: PYTHON_CALLER,
                receiver: PYTHON_RECEIVER,
                example: "an example of both: examples/python",
                ..pem
            },
            Self::Node => Parts {
                caller: NODE_CALLER,
                receiver: NODE_RECEIVER,
                example: "an example of both: examples/node",
                ..pem
            },
            Self::Java => Parts {
                service: JAVA_SERVICE,
                caller: JAVA_CALLER,
                receiver: JAVA_RECEIVER,
                caller_files: &[
                    ("/etc/acme/client.p12", "CUSTOMER_TLS_CLIENT_P12"),
                    ("/etc/acme/thales-trust.p12", "THALES_TRUST_P12"),
                ],
                receiver_files: &[("/etc/acme/server.p12", "CUSTOMER_TLS_SERVER_P12"), CLIENT_CA],
                example: "an example of both: examples/java",
            },
            Self::Go => {
                Parts { caller: GO_CALLER, receiver: GO_RECEIVER, example: "an example of both: examples/go", ..pem }
            }
            Self::Nginx => Parts {
                caller: NGINX_CALLER,
                receiver: NGINX_RECEIVER,
                example: "examples: examples/nginx-egress as caller, examples/curl-nginx as receiver",
                ..pem
            },
            Self::Apache => Parts {
                caller: APACHE_CALLER,
                receiver: APACHE_RECEIVER,
                example: "an example as receiver: examples/apache",
                ..pem
            },
            Self::Haproxy => Parts {
                caller: HAPROXY_CALLER,
                receiver: HAPROXY_RECEIVER,
                caller_files: &[TRUST, ("/etc/acme/client-bundle.pem", "CUSTOMER_TLS_CLIENT_PEM")],
                receiver_files: &[CLIENT_CA, ("/etc/acme/server-bundle.pem", "CUSTOMER_TLS_SERVER_PEM")],
                example: "an example as receiver: examples/haproxy",
                ..pem
            },
            Self::Rust => Parts {
                caller: RUST_CALLER,
                receiver: RUST_RECEIVER,
                example: "without a file, under cargo test: examples/rust",
                ..pem
            },
            Self::Other => Parts {
                caller: OTHER_CALLER,
                receiver: OTHER_RECEIVER,
                example: "examples of many stacks: examples/",
                ..pem
            },
        }
    }
}

const CURL: &str = r#"# Started once a call. Without --tlsv1.2 the curl of Debian 12 speaks TLS 1.0 and 1.1 as well.
[[caller]]
name    = "curl"
command = ["curl", "--tlsv1.2", "--fail", "--silent", "--show-error", "--cacert", "/etc/acme/thales-server-ca.pem",
           "--cert", "/etc/acme/client.pem", "--key", "/etc/acme/client.key", "$THALES_URL"]
"#;

const PYTHON_CALLER: &str = r#"# Started once a scenario, so that its session, its pool and its addresses live on: reads
# {"id":1,"call":{"url":…,"method":…,"headers":{},"body":""}} a line, answers {"id":1,"completed":{"status":200}} or
# {"id":1,"failed":{"error":…}}. urllib3 before 2.0 wants minimum_version; aiohttp wants ttl_dns_cache=1.
[[caller]]
name  = "client"
stdio = ["python3", "{dir}/thales.py"]
"#;

const PYTHON_RECEIVER: &str = r#"# Started once a scenario. The context wants verify_mode = ssl.CERT_REQUIRED.
[[receiver]]
name    = "server"
command = ["python3", "{dir}/issuer.py"]
"#;

const NODE_CALLER: &str = r#"# Started once a scenario, so that its agent lives on: reads
# {"id":1,"call":{"url":…,"method":…,"headers":{},"body":""}} a line, answers {"id":1,"completed":{"status":200}} or
# {"id":1,"failed":{"error":…}}. fetch takes a client certificate with the Agent of undici only.
[[caller]]
name  = "client"
stdio = ["node", "{dir}/thales.mjs"]
"#;

const NODE_RECEIVER: &str = r#"# Started once a scenario. requestCert alone refuses nobody: rejectUnauthorized has to stay true.
[[receiver]]
name    = "server"
command = ["node", "{dir}/issuer.mjs"]
"#;

const JAVA_SERVICE: &str = r#"# Started once a scenario; what calls and what serves is one program. The JVM keeps an address for 30 s unless
# networkaddress.cache.ttl says 1.
[[service]]
name    = "backend"
command = ["java", "-jar", "{dir}/app.jar"]
ready   = "http://127.0.0.1:8081/health"    # answers 2xx as soon as it is up
within  = "120s"
"#;

const JAVA_CALLER: &str = r#"# The trigger makes the running program call Thales once, and answers 2xx if that went well. A program that calls by
# itself: wait = true.
[[caller]]
name    = "client"
service = "backend"
trigger = { http = "POST http://127.0.0.1:8081/refresh" }
"#;

const JAVA_RECEIVER: &str = r#"# With Tomcat certificateVerification="required", with Spring server.ssl.client-auth=need.
[[receiver]]
name    = "server"
service = "backend"
"#;

const GO_CALLER: &str = r#"# Started once a scenario, so that its transport lives on: reads
# {"id":1,"call":{"url":…,"method":…,"headers":{},"body":""}} a line, answers {"id":1,"completed":{"status":200}} or
# {"id":1,"failed":{"error":…}}. tls.Config.Certificates withholds the certificate where Thales names other authorities.
[[caller]]
name  = "client"
stdio = ["{dir}/bin/caller"]
"#;

const GO_RECEIVER: &str = r#"# Started once a scenario. Before Go 1.22 MinVersion is TLS 1.0; ClientAuth is RequireAndVerifyClientCert.
[[receiver]]
name    = "server"
command = ["{dir}/bin/receiver"]
"#;

const NGINX_CALLER: &str = r#"# nginx as the way out; the trigger is a call through it. proxy_pass with a variable and a resolver, else it stays at one
# address; proxy_ssl_verify on, proxy_ssl_server_name on, proxy_ssl_protocols TLSv1.2 TLSv1.3.
[[service]]
name    = "egress"
command = ["nginx", "-e", "stderr", "-c", "{dir}/nginx-egress.conf", "-g", "daemon off;"]

[[caller]]
name    = "client"
service = "egress"
trigger = { http = "GET http://127.0.0.1:8080/" }
"#;

const NGINX_RECEIVER: &str = r#"# ssl_verify_client on, for the whole server; `optional` lets everybody in.
[[receiver]]
name    = "server"
command = ["nginx", "-e", "stderr", "-c", "{dir}/nginx.conf", "-g", "daemon off;"]
"#;

const APACHE_CALLER: &str = r#"# Apache httpd as the way out; the trigger is a call through it. ProxyPass with disablereuse=on or addressttl=1, else
# it stays at one address; SSLProxyVerify require, SSLProxyCheckPeerName on, SSLProxyProtocol -all +TLSv1.2 +TLSv1.3.
[[service]]
name    = "egress"
command = ["apache2", "-f", "{dir}/egress.conf", "-DFOREGROUND"]

[[caller]]
name    = "client"
service = "egress"
trigger = { http = "GET http://127.0.0.1:8080/" }
"#;

const APACHE_RECEIVER: &str = r#"# SSLVerifyClient require for the whole virtual host: in a <Location> TLS 1.3 breaks it.
[[receiver]]
name    = "server"
command = ["apache2", "-f", "{dir}/httpd.conf", "-DFOREGROUND"]
"#;

const HAPROXY_CALLER: &str = r#"# HAProxy as the way out; the trigger is a call through it. The server line wants resolvers, else it stays at one
# address; verify required, verifyhost, sni str(…), ssl-min-ver TLSv1.2.
[[service]]
name    = "egress"
command = ["haproxy", "-f", "{dir}/egress.cfg"]

[[caller]]
name    = "client"
service = "egress"
trigger = { http = "GET http://127.0.0.1:8080/" }
"#;

const HAPROXY_RECEIVER: &str = r#"# The bind line wants verify required; `optional` lets everybody in.
[[receiver]]
name    = "server"
command = ["haproxy", "-f", "{dir}/haproxy.cfg"]
"#;

const RUST_CALLER: &str = r#"# Started once a scenario: reads {"id":1,"call":{"url":…,"method":…,"headers":{},"body":""}} a line, answers
# {"id":1,"completed":{"status":200}} or {"id":1,"failed":{"error":…}}. The trait of the library wants no file at all.
[[caller]]
name  = "client"
stdio = ["{dir}/target/release/client"]
"#;

const RUST_RECEIVER: &str = r#"# Started once a scenario. WebPkiClientVerifier without allow_unauthenticated().
[[receiver]]
name    = "server"
command = ["{dir}/target/release/server"]
"#;

const OTHER_CALLER: &str = r#"# Started once a call: makes one call to $THALES_URL and ends with 0 if it went well. A program that runs on between
# calls is driven by `stdio` or as a `service`.
[[caller]]
name    = "client"
command = ["{dir}/call-thales"]
"#;

const OTHER_RECEIVER: &str = r#"# Started once a scenario: listens on port 443 of all addresses, or on $CUSTOMER_LISTEN, and demands a certificate of
# Thales' Client CA.
[[receiver]]
name    = "server"
command = ["{dir}/serve"]
"#;
