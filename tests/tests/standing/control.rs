//! The control interface, against its description, curl and a server that is not ours.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use thales_harness::standing::{DESCRIPTION, ROUTES};

use super::ground::{NONE, Running, Standing, curl, directory, only, query};
use super::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("every_route_answers_as_described", &[], every_route_answers_as_described),
        trial("a_wrong_request_is_told_what_was_expected", &[], a_wrong_request_is_told_what_was_expected),
        trial("nobody_gets_in_without_the_token", &[], nobody_gets_in_without_the_token),
        trial("curl_meets_what_was_told", &["curl", "openssl"], curl_meets_what_was_told),
        trial("the_name_server_answers_what_was_told", &[], the_name_server_answers_what_was_told),
        trial("the_customer_is_called_on_demand", &["python3"], the_customer_is_called_on_demand),
        trial("it_stops_when_it_is_told_to", &["curl", "openssl"], it_stops_when_it_is_told_to),
        trial("the_example_in_the_paper_works", &["python3"], the_example_in_the_paper_works),
    ]
}

fn every_route_answers_as_described() {
    let files = directory();
    let standing = Standing::start(&files.path().join("portal"), &[]);
    let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
    let closed = "https://127.0.0.1:1/";
    let bodies = [
        ("PATCH /v1/endpoint", only("expired")),
        ("PATCH /v1/zone", json!({ "ttl-s": 5 })),
        ("PUT /v1/answers", json!({ "answers": [{ "path": "/", "status": 404, "body": "{}" }] })),
        ("POST /v1/calls", json!({ "url": closed })),
    ];
    let kinds =
        description["paths"]["/v1/history/{kind}"]["get"]["parameters"][0]["schema"]["enum"].as_array().unwrap();
    // Something of every kind is seen first.
    query(standing.address("dns"), "api.example.com");
    drop(TcpStream::connect(standing.address("endpoint")).unwrap());
    for (method, path) in ROUTES {
        let operation = &description["paths"][path][method.to_lowercase()];
        let body =
            bodies.iter().find(|(of, _)| *of == format!("{method} {path}")).map_or(NONE, |(_, body)| body.clone());
        assert_eq!(operation["requestBody"].is_object(), !body.is_null(), "{method} {path}");
        if let Some(schema) = operation["requestBody"].pointer("/content/application~1json/schema") {
            valid(&description, schema, &body, &format!("order {method} {path}"));
        }
        let paths: Vec<String> = match path.split_once('{') {
            Some((front, _)) => kinds.iter().map(|kind| format!("{front}{}", kind.as_str().unwrap())).collect(),
            None => vec![path.to_owned()],
        };
        for path in paths {
            let answer = standing.told(method, &path, &body);
            let schema = operation.pointer("/responses/200/content/application~1json/schema").unwrap();
            valid(&description, schema, &answer, &format!("{method} {path}"));
        }
        // What is not open says so in its description, and is.
        let (status, _) = standing.raw(method, &path.replace("{kind}", "facts"), "", "");
        let is_open = operation["security"].as_array().is_some_and(Vec::is_empty);
        assert_eq!(status, if is_open { 200 } else { 401 }, "{method} {path}");
    }
}

/// Holds a document against a schema of the description.
fn valid(description: &Value, schema: &Value, document: &Value, of: &str) {
    let mut schema = schema.clone();
    schema["components"] = description["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<_> = validator.iter_errors(document).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{of}: {faults:#?}\n{document:#}");
}

fn a_wrong_request_is_told_what_was_expected() {
    let files = directory();
    let standing = Standing::start(&files.path().join("portal"), &[]);
    let before = standing.told("GET", "/v1/state", &NONE);
    let wrong = [
        ("GET", "/v1/nothing", NONE, 404, "openapi.json"),
        ("PUT", "/v1/zone", NONE, 405, "GET, PATCH"),
        ("GET", "/v1/history/thoughts", NONE, 404, "questions"),
        ("GET", "/v1/history/facts?since=x", NONE, 400, "no number"),
        ("GET", "/v1/history/facts?wait-ms=999999", NONE, 400, "at most 60000"),
        ("GET", "/v1/history/facts?till=1", NONE, 400, "expected since or wait-ms"),
        ("GET", "/v1/state?a=b", NONE, 400, "query"),
        ("PATCH", "/v1/endpoint", json!([]), 400, "map"),
        ("PATCH", "/v1/endpoint", only("stolen"), 400, "unknown variant `stolen`"),
        ("PATCH", "/v1/endpoint", json!({ "versions": ["1.1", "1.3"] }), 400, "never mixed"),
        ("PATCH", "/v1/endpoint", json!({ "versions": [] }), 400, "versions"),
        ("PATCH", "/v1/endpoint", json!({ "colour": "red" }), 400, "colour"),
        ("PATCH", "/v1/endpoint", json!({ "oauth": null }), 400, "the profile says it"),
        ("PATCH", "/v1/endpoint", json!({ "answers-status": [99] }), 400, "99"),
        ("PATCH", "/v1/endpoint", only("root-5"), 400, "root 5"),
        ("PATCH", "/v1/zone", json!({ "ttl-s": -1 }), 400, "-1"),
        ("PATCH", "/v1/zone", json!({ "mode": "never" }), 400, "never"),
        ("PATCH", "/v1/zone", json!({ "addresses": ["here"] }), 400, "address"),
        ("PATCH", "/v1/zone", json!({ "subdomain": "a.b" }), 400, "a.b"),
        ("PUT", "/v1/answers", json!({ "answers": [{ "path": "card" }] }), 400, "card"),
        ("PUT", "/v1/answers", json!({ "answers": [{ "path": "/", "status": 99 }] }), 400, "99"),
        ("POST", "/v1/reset", json!({ "all": true }), 400, "no body"),
        ("POST", "/v1/calls", json!({}), 400, "url"),
        ("POST", "/v1/calls", json!({ "url": "http://127.0.0.1/" }), 400, "https://"),
        ("POST", "/v1/calls", json!({ "url": "https://127.0.0.1/", "method": "G E T" }), 400, "method"),
        ("POST", "/v1/calls", json!({ "url": "https://127.0.0.1/", "headers": { "a": "b\r\nc: d" } }), 400, "headers"),
        ("POST", "/v1/calls", json!({ "url": "https://127.0.0.1/", "connect": "nowhere:x" }), 400, "host"),
    ];
    for (method, path, body, status, expected) in wrong {
        let (found, answer) = standing.ask(method, path, &body);
        assert_eq!(found, status, "{method} {path} {body}: {answer}");
        let why = answer["error"].as_str().unwrap();
        assert!(why.contains(expected), "`{expected}` is missing in `{why}`");
    }
    let token = format!("Authorization: Bearer {}\r\n", standing.token());
    let (status, _) = standing.raw("PATCH", "/v1/zone", "{ no json", &token);
    assert_eq!(status, 400);
    let (status, _) = standing.raw("PATCH", "/v1/zone", &" ".repeat(2 << 20), &token);
    assert_eq!(status, 413);
    assert_eq!(standing.told("GET", "/v1/state", &NONE), before, "nothing has changed");
}

fn nobody_gets_in_without_the_token() {
    let files = directory();
    let portal = files.path().join("portal");
    let standing = Standing::start(&portal, &[]);
    for headers in
        ["", "Authorization: Bearer wrong\r\n", "Authorization: Basic dGhhbGVz\r\n", "Authorization: Bearer \r\n"]
    {
        let (status, answer) = standing.raw("POST", "/v1/reset", "", headers);
        assert_eq!((status, answer["error"].is_string()), (401, true), "{headers}");
    }
    let file = standing.line["token-file"].as_str().unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file).unwrap().permissions()) & 0o777;
    assert_eq!(mode, 0o600);
    standing.told("GET", "/v1/state", &NONE);
    let words = fs::read(format!("/proc/{}/cmdline", standing.child.id())).unwrap();
    let log = fs::read_to_string(portal.with_extension("log")).unwrap();
    assert!(!String::from_utf8_lossy(&words).contains(standing.token()));
    assert!(log.contains("/v1/state") && !log.contains(standing.token()));
    assert!(!standing.line.to_string().contains(standing.token()));
}

fn curl_meets_what_was_told() {
    let files = directory();
    let portal = files.path().join("portal");
    let standing = Standing::start(&portal, &[]);
    assert!(curl(&standing, &portal));
    let wrong = [
        only("expired"),
        only("wrong-host"),
        only("unknown-ca"),
        json!({ "versions": ["1.1"], "leaf": "rsa-2048" }),
        json!({ "refuses": "not-endorsed" }),
        json!({ "answers-status": [503] }),
    ];
    let answered = |status: u16| {
        let path = "/gtep/igwapi/v2.0";
        standing.told("PUT", "/v1/answers", &json!({ "answers": [{ "path": path, "status": status, "body": "{}" }] }));
        curl(&standing, &portal)
    };
    assert!(!answered(404) && answered(201));
    for change in wrong {
        standing.told("PATCH", "/v1/endpoint", &change);
        assert!(!curl(&standing, &portal), "{change}");
        let first = change.as_object().unwrap().keys().map(|key| (key.clone(), Value::Null)).collect();
        standing.told("PATCH", "/v1/endpoint", &Value::Object(first));
        assert!(curl(&standing, &portal), "after {change}");
    }
    // The caller shows its certificate, and its request stands in the history with the answer.
    let mark = standing.mark();
    assert!(curl(&standing, &portal));
    let request = &standing.seen("requests", mark)[0];
    assert_eq!((&request["method"], &request["status"]), (&json!("GET"), &json!(201)), "{request:#}");
    let certificate = &standing.seen("certificates", mark)[0];
    assert_eq!((&certificate["shown-by"], &certificate["proved"]), (&json!("caller"), &json!(true)));
    let own = fs::read_to_string(portal.join("CUSTOMER_TLS_CLIENT_CERTIFICATE")).unwrap();
    assert_eq!(certificate["pem"].as_str().unwrap().trim(), own.trim());
    let connection = &standing.seen("connections", mark)[0];
    assert_eq!(connection["requests"], 1, "{connection:#}");
    // Each renewal is another leaf, which the same trust verifies.
    let mut leaves = BTreeSet::new();
    for _ in 0..2 {
        standing.told("POST", "/v1/endpoint/renewals", &NONE);
        assert!(curl(&standing, &portal));
        leaves.insert(served(&standing));
    }
    standing.told("POST", "/v1/reset", &NONE);
    leaves.insert(served(&standing));
    assert_eq!(leaves.len(), 3);
    let (_, history) = standing.ask("GET", "/v1/history/requests", &NONE);
    assert_eq!(history["items"], json!([]), "a reset forgets");
}

/// The leaf that the endpoint shows, as a client of another make sees it.
fn served(standing: &Standing) -> Vec<u8> {
    let at = standing.address("endpoint").to_string();
    let shown = Command::new("openssl").args(["s_client", "-showcerts", "-connect", &at]).output().unwrap();
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    let begin = text.find("-----BEGIN CERTIFICATE-----").unwrap_or_else(|| panic!("{text}"));
    let end = text.find("-----END CERTIFICATE-----").unwrap();
    text.as_bytes()[begin..end].to_vec()
}

fn the_name_server_answers_what_was_told() {
    const HOST: &str = "api.dbp-stg.thalescloud.io";
    let files = directory();
    let standing = Standing::start(&files.path().join("portal"), &[]);
    let at = standing.address("dns");
    let asked = || query(at, HOST);
    assert_eq!(asked(), Some((0, Ipv4Addr::LOCALHOST)));
    let tell = |change: Value| standing.told("PATCH", "/v1/zone", &change);
    tell(json!({ "addresses": ["127.0.0.9"], "ttl-s": 30, "subdomain": "pod-1" }));
    assert_eq!(asked(), Some((0, Ipv4Addr::new(127, 0, 0, 9))));
    let mark = standing.mark();
    tell(json!({ "mode": "nxdomain" }));
    assert_eq!(asked().map(|(code, _)| code), Some(3));
    tell(json!({ "mode": "servfail" }));
    assert_eq!(asked().map(|(code, _)| code), Some(2));
    tell(json!({ "mode": "silence" }));
    assert_eq!(asked(), None);
    let answers: Vec<_> = standing.seen("questions", mark).iter().map(|question| question["answer"].clone()).collect();
    assert_eq!(answers, [json!("no-such-name"), json!("failure"), json!("silence")]);
    let first = tell(json!({ "addresses": null, "ttl-s": null, "mode": null, "subdomain": null }));
    assert_eq!(first, json!({ "addresses": ["127.0.0.1"], "ttl-s": 1, "mode": "normal", "subdomain": null }));
    assert_eq!(asked(), Some((0, Ipv4Addr::LOCALHOST)));
}

fn the_customer_is_called_on_demand() {
    let files = directory();
    let portal = files.path().join("portal");
    let standing = Standing::start(&portal, &[]);
    let (_running, port) = issuer(&standing, &portal);
    let url = format!("https://issuer.customer.example:{port}/issuer");
    let call = |certificate: &str| {
        let order = json!({ "url": url, "connect": format!("127.0.0.1:{port}"), "method": "POST", "body": "{}",
                            "certificate": certificate });
        let answers = standing.told("POST", "/v1/calls", &order);
        assert_eq!(answers["answers"].as_array().unwrap().len(), 1, "{answers:#}");
        answers["answers"][0].clone()
    };
    for good in ["trusted", "new-key", "same-key"] {
        let answer = call(good);
        assert_eq!((&answer["outcome"], &answer["status"]), (&json!("answered"), &json!(200)), "{answer:#}");
        assert!(answer["chain"][0].as_str().unwrap().contains("issuer.customer.example"), "{answer:#}");
    }
    for wrong in ["none", "other-ca", "expired", "self-signed"] {
        let answer = call(wrong);
        assert_eq!(answer["outcome"], "ended", "{wrong}: {answer:#}");
        assert!(answer["alert"].is_u64() || answer["end"].is_string(), "{wrong}: {answer:#}");
    }
    let mark = standing.mark();
    let nobody = standing.told("POST", "/v1/calls", &json!({ "url": "https://127.0.0.1:1/" }));
    assert_eq!(nobody["answers"][0]["outcome"], "not-connected", "{nobody:#}");
    assert_eq!(standing.seen("connections", mark)[0]["dialled-by"], "thales");
}

/// A server of the customer's that runs already, and its port.
fn issuer(standing: &Standing, portal: &Path) -> (Running, u16) {
    let mut command = Command::new("python3");
    command.args(["-c", include_str!("running.py")]).arg(portal);
    let dns = standing.address("dns").to_string();
    command.args([standing.line["url"].as_str().unwrap(), &dns]);
    let (running, line) = Running::start(&mut command);
    (running, line.trim().split(' ').nth(1).unwrap().parse().unwrap())
}

fn it_stops_when_it_is_told_to() {
    let files = directory();
    let portal = files.path().join("portal");
    let mut shown = Vec::new();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut standing = Standing::start(&portal, &[]);
        // An idle connection of the control interface does not hold it.
        let _idle = TcpStream::connect(standing.address("control")).unwrap();
        assert!(curl(&standing, &portal));
        shown.push(served(&standing));
        let (file, at) = (standing.line["token-file"].clone(), standing.address("endpoint"));
        assert_eq!(standing.stop(signal), Some(0), "{signal}");
        assert!(!Path::new(file.as_str().unwrap()).exists());
        assert!(TcpStream::connect(at).is_err());
    }
    assert_eq!(shown[0], shown[1], "the same leaf stands again");
    let log = fs::read_to_string(portal.with_extension("log")).unwrap();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["at"].is_string() && line["what"].is_string(), "{line}");
    }
    assert!(log.contains("\"client-hello\""));
}

/// The class of the paper, driven as its test drives it.
fn the_example_in_the_paper_works() {
    let paper = include_str!("../../../docs/standing-mock.md");
    let example = paper.split("```python").nth(1).unwrap().split("```").next().unwrap();
    let files = directory();
    std::os::unix::fs::symlink(super::ground::HARNESS, files.path().join("mock-thales")).unwrap();
    let use_of_it = r#"
import socket
class Client:
    def call(self, url):
        import ssl
        from urllib.parse import urlsplit
        at, tls = urlsplit(url), ssl.create_default_context(cafile="portal/TSH_TLS_SERVER_CERTIFICATE_CHAIN")
        try:
            with socket.create_connection(("127.0.0.1", at.port)) as plain:
                tls.wrap_socket(plain, server_hostname=at.hostname).send(b"GET / HTTP/1.1\r\n\r\n")
                return True
        except ssl.SSLError:
            return False
thales, client = Thales("portal"), Client()
assert client.call(thales.at["url"])
test_an_expired_certificate_is_refused(thales, client)
assert thales.close() == 0
"#;
    let path = format!("{}:{}", files.path().display(), std::env::var("PATH").unwrap());
    let mut python = Command::new("python3");
    python.arg("-c").arg(format!("{example}\n{use_of_it}")).env("PATH", path).current_dir(files.path());
    let output = python.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
