//! Integrations that run already: a server behind nginx, and a Python program with both roles. Each is configured once,
//! from the portal, and played to at the portal's one endpoint.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;
use std::process::{Command, Output};

use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::TempDir;

use super::ground::{Running, Standing, directory, free, harness, portal, said};
use super::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("nginx_that_runs_already_is_called", &["nginx"], nginx_that_runs_already_is_called),
        trial("a_program_that_runs_already_calls", &["python3"], a_program_that_runs_already_calls),
        trial(
            "every_way_to_make_it_call_gets_the_same_verdicts",
            &["python3"],
            every_way_to_make_it_call_gets_the_same_verdicts,
        ),
        trial(
            "a_part_that_is_started_has_its_own_certificate",
            &["curl", "openssl"],
            a_part_that_is_started_has_its_own_certificate,
        ),
        trial(
            "a_run_does_not_begin_where_thales_stands_already",
            &[],
            a_run_does_not_begin_where_thales_stands_already,
        ),
        trial("one_that_asks_nobody_leaves_names_open", &["python3"], one_that_asks_nobody_leaves_names_open),
        trial("what_needs_more_than_a_portal_stays_open", &["python3"], what_needs_more_than_a_portal_stays_open),
        trial("what_does_not_fit_a_running_part_is_a_fault", &[], what_does_not_fit_a_running_part_is_a_fault),
    ]
}

const NGINX: &str = r#"
daemon off;
user root;
pid @DIR@/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path @DIR@/body;
    proxy_temp_path @DIR@/proxy;
    fastcgi_temp_path @DIR@/fastcgi;
    uwsgi_temp_path @DIR@/uwsgi;
    scgi_temp_path @DIR@/scgi;
    server {
        listen @AT@ ssl;
        ssl_certificate @PORTAL@/CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN;
        ssl_certificate_key @PORTAL@/CUSTOMER_TLS_SERVER_KEY;
        ssl_client_certificate @PORTAL@/THALES_CLIENT_CA;
        ssl_verify_client @VERIFY@;
        location / { default_type application/json; return 200 "{}"; }
    }
}
"#;

const REQUEST: &str = r#"
[[receiver.request]]
method = "POST"
path   = "/issuer/igwapi/v2.0/checkCardEligibility"
status = [200]
"#;

/// What a run said.
struct Ran {
    code: Option<i32>,
    said: String,
    report: Value,
}

impl Ran {
    fn verdict(&self, id: &str) -> &str {
        let rows = self.report["requirements"].as_array().unwrap();
        let row = rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no {id}: {:#}", self.report));
        row["verdict"].as_str().unwrap()
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.report["requirements"].as_array().unwrap().iter().flat_map(|row| row["findings"].as_array().unwrap())
    }
}

fn run(files: &TempDir, parts: &str, only: &[&str]) -> Ran {
    let report = files.path().join("report");
    let mut words = vec!["--report", report.to_str().unwrap()];
    words.extend(only.iter().flat_map(|only| ["--only", only]));
    let output = told(files.path(), parts, &words);
    let said = said(&output);
    let text = fs::read(report.join("report.json")).unwrap_or_else(|error| panic!("{error}: {said}"));
    Ran { code: output.status.code(), said, report: serde_json::from_slice(&text).unwrap() }
}

fn told(directory: &Path, parts: &str, words: &[&str]) -> Output {
    let path = directory.join("integration.toml");
    fs::write(&path, format!("name = \"acme\"\nprofile = \"classic-tokenization\"\n{parts}")).unwrap();
    harness(&["run", "--integration", path.to_str().unwrap()], words)
}

fn nginx_that_runs_already_is_called() {
    let files = directory();
    let (portal, ..) = portal(files.path(), &[]);
    let serve = |verify: &str| {
        let at = free();
        let configuration = NGINX
            .replace("@DIR@", files.path().to_str().unwrap())
            .replace("@PORTAL@", portal.to_str().unwrap())
            .replace("@AT@", &at.to_string())
            .replace("@VERIFY@", verify);
        let path = files.path().join("nginx.conf");
        fs::write(&path, configuration).unwrap();
        let path_of_programs = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        let mut nginx = Command::new("nginx");
        nginx.env("PATH", path_of_programs).arg("-c").arg(path).arg("-p").arg(files.path());
        (Running::listening(&mut nginx, at), at)
    };
    let parts = |at: SocketAddr| {
        format!("[portal]\ndir = \"portal\"\n[[receiver]]\nname = \"edge\"\nconnect = \"{at}\"\n{REQUEST}")
    };
    let only = ["outbound/client-certificate", "outbound/only-client-ca", "outbound/leaf-rotation"];
    let (nginx, at) = serve("on");
    let right = run(&files, &parts(at), &only);
    assert_eq!(right.code, Some(0), "{}", right.said);
    assert_eq!(right.verdict("TSH-OUT-01"), "pass", "{}", right.said);
    assert!(right.said.contains("the portal lasts"), "{}", right.said);
    assert_eq!(right.report["network"], "shared");
    drop(nginx);
    let (nginx, at) = serve("optional_no_ca");
    let wrong = run(&files, &parts(at), &only);
    assert_eq!(wrong.code, Some(1), "{}", wrong.said);
    assert_eq!(wrong.verdict("TSH-OUT-01"), "fail", "{}", wrong.said);
    drop(nginx);
    // Every address behind the name is called, and nobody is there.
    let parts = parts(at).replace("127.0.0.1:", "localhost:");
    let gone = run(&files, &parts, &["outbound/client-certificate"]);
    assert_eq!(gone.code, Some(2), "{}", gone.said);
    assert!(gone.findings().all(|finding| finding["ruling"] == "unwitnessed"), "{}", gone.said);
    let logs = fs::read_dir(files.path().join("report/logs")).unwrap();
    let logs: String = logs.map(|log| fs::read_to_string(log.unwrap().path()).unwrap()).collect();
    for address in ("localhost", at.port()).to_socket_addrs().unwrap() {
        assert!(logs.contains(&format!("\"remote\":\"{address}\"")), "{address} was not dialled");
    }
}

/// The program as it runs already, and the parts that it plays.
fn program(files: &TempDir, faults: &[&str]) -> (Running, String) {
    let (portal, listen, dns) = portal(files.path(), &[]);
    let url = format!("https://api.dbp-stg.thalescloud.io:{}/gtep/igwapi/v2.0", listen.port());
    let mut command = Command::new("python3");
    command.args(["-c", include_str!("running.py")]).arg(portal).args([url, dns.to_string()]).args(faults);
    let (running, line) = Running::start(&mut command);
    let (control, issuer) = line.trim().split_once(' ').unwrap();
    let parts = format!(
        r#"
[portal]
dir = "portal"

[[service]]
name    = "backend"
running = true
ready   = "http://127.0.0.1:{control}/health"

[[caller]]
name    = "caller"
service = "backend"
trigger = {{ http = "POST http://127.0.0.1:{control}/refresh" }}

[[receiver]]
name    = "edge"
connect = "127.0.0.1:{issuer}"
{REQUEST}"#
    );
    (running, parts)
}

fn a_program_that_runs_already_calls() {
    let only = ["inbound/expired", "inbound/leaf-rotation", "dns/asks-first", "outbound/client-certificate"];
    let files = directory();
    let (running, parts) = program(&files, &[]);
    for _ in 0..2 {
        let right = run(&files, &parts, &only);
        assert_eq!(right.code, Some(0), "{}", right.said);
        assert!(right.findings().count() > 4, "{}", right.said);
        assert!(right.findings().all(|finding| finding["ruling"] == "met"), "{}", right.said);
    }
    drop(running);
    let files = directory();
    let (_running, parts) = program(&files, &["trusts-anybody"]);
    let wrong = run(&files, &parts, &only);
    assert_eq!(wrong.code, Some(1), "{}", wrong.said);
    assert_eq!(wrong.verdict("TSH-IN-04"), "fail", "{}", wrong.said);
}

fn every_way_to_make_it_call_gets_the_same_verdicts() {
    let files = directory();
    let (running, parts) = program(&files, &[]);
    let url = parts.split("POST ").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let http = parts.lines().find(|line| line.starts_with("trigger")).unwrap();
    let command = format!(
        "trigger = {{ command = [\"python3\", \"-c\", \"import urllib.request as r; r.urlopen('{url}', data=b'')\"] }}"
    );
    let only = ["inbound/expired", "inbound/client-certificate"];
    let rulings = |parts: &str| {
        let ran = run(&files, parts, &only);
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        let word = |finding: &Value| format!("{} {}: {}", finding["scenario"], finding["phase"], finding["ruling"]);
        ran.findings().map(word).collect::<BTreeSet<_>>()
    };
    let expected = rulings(&parts);
    assert!(expected.len() > 2);
    assert_eq!(rulings(&parts.replace(http, &command)), expected);
    drop(running);
    let files = directory();
    let (_running, parts) = program(&files, &["polls"]);
    let ran = run(&files, &parts.replace(http, "wait = true"), &only);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
}

/// A part that is started beside one that runs finds its own certificate among its assets, and not the portal's.
fn a_part_that_is_started_has_its_own_certificate() {
    let files = directory();
    let (_portal, listen, _) = portal(files.path(), &[]);
    let at = |name: &str| files.path().join(name).display().to_string();
    let subject =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90"];
    let mut openssl = Command::new("openssl");
    openssl.args(subject).args(["-subj", "/CN=acme.example", "-keyout", &at("own.key"), "-out", &at("own.pem")]);
    assert!(openssl.output().unwrap().status.success());
    let host = format!("api.dbp-stg.thalescloud.io:{}:127.0.0.1", listen.port());
    let parts = format!(
        "[portal]\ndir = \"portal\"\ncommon-name = \"acme.example\"\n\
         [identity]\nclient-certificate = \"own.pem\"\nclient-key = \"own.key\"\n\
         [[caller]]\nname = \"once\"\ncommand = [\"curl\", \"--tlsv1.2\", \"--fail\", \"--silent\", \"--noproxy\", \"*\", \
         \"--resolve\", \"{host}\", \"--cacert\", \"$TSH_TLS_SERVER_CERTIFICATE_CHAIN\", \
         \"--cert\", \"$CUSTOMER_TLS_CLIENT_CERTIFICATE\", \"--key\", \"$CUSTOMER_TLS_CLIENT_KEY\", \"$THALES_URL\"]\n"
    );
    let ran = run(&files, &parts, &["TSH-IN-06"]);
    assert_eq!(ran.verdict("TSH-IN-06"), "pass", "{}", ran.said);
}

fn a_run_does_not_begin_where_thales_stands_already() {
    let files = directory();
    let (path, listen, _) = portal(files.path(), &[]);
    let standing = Standing::start(&path, &[]);
    assert_eq!(standing.address("endpoint"), listen, "where the portal says");
    let parts =
        format!("[portal]\ndir = \"portal\"\n[[receiver]]\nname = \"edge\"\nconnect = \"127.0.0.1:9\"\n{REQUEST}");
    let output = told(files.path(), &parts, &[]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(&listen.to_string()) && said.contains("mock-thales serve"), "{said}");
}

fn one_that_asks_nobody_leaves_names_open() {
    let files = directory();
    let (_running, parts) = program(&files, &["asks-nobody"]);
    let ran = run(&files, &parts, &["dns/asks-first"]);
    assert_eq!(ran.code, Some(2), "{}", ran.said);
    let open: Vec<_> = ran.findings().filter(|finding| finding["ruling"] == "unwitnessed").collect();
    assert!(!open.is_empty() && ran.findings().all(|finding| finding["ruling"] != "violated"), "{}", ran.said);
    assert!(open.iter().any(|finding| finding["seen"].as_str().unwrap().contains("another name server")), "{open:#?}");
}

fn what_needs_more_than_a_portal_stays_open() {
    let files = directory();
    let (_running, parts) = program(&files, &[]);
    let ran =
        run(&files, &parts, &["inbound/expired", "dns/address-change", "outbound/port", "outbound/source-addresses"]);
    assert_eq!(ran.code, Some(2), "{}", ran.said);
    let why = |scenario: &str| {
        let finding = ran.findings().find(|finding| finding["scenario"] == scenario);
        let finding = finding.unwrap_or_else(|| panic!("nothing of {scenario}: {}", ran.said));
        assert_eq!(finding["ruling"], "unwitnessed", "{finding:#}");
        finding["seen"].as_str().unwrap().to_owned()
    };
    assert!(why("dns/address-change").contains("one endpoint"));
    assert!(why("outbound/port").contains("private network"));
    assert!(why("outbound/source-addresses").contains("source addresses"));
}

fn what_does_not_fit_a_running_part_is_a_fault() {
    let files = directory();
    portal(files.path(), &[]);
    let receiver = |keys: &str| format!("[[receiver]]\nname = \"edge\"\n{keys}\n{REQUEST}");
    let service = |keys: &str| format!("[[service]]\nname = \"backend\"\n{keys}\n");
    let caller = "[[caller]]\nname = \"caller\"\nservice = \"backend\"\nwait = true\n";
    let dir = "[portal]\ndir = \"portal\"\n";
    let cases = [
        (receiver("connect = \"127.0.0.1:9\""), "`edge` runs already: expected [portal] dir or --portal"),
        (
            format!("{dir}{}", receiver("connect = \"127.0.0.1\"\ncommand = [\"sh\"]")),
            "one of `command`, `service` and `connect`",
        ),
        (format!("{dir}{}", receiver("connect = \"127.0.0.1:9\"\nwithin = \"1s\"")), "it runs already"),
        (format!("{dir}{}", receiver("connect = \"https://a\"")), "a host with a port"),
        (format!("{dir}{}{caller}", service("running = true\ncommand = [\"sh\"]")), "exclude each other"),
        (format!("{dir}{}{caller}", service("")), "or `running = true`"),
        (
            format!("{dir}{}{caller}{}", service("running = true"), receiver("service = \"backend\"")),
            "expected `connect",
        ),
        (
            format!("{dir}[renewal]\nby = \"restart\"\n{}{caller}", service("running = true")),
            "cannot be signalled or started anew",
        ),
        (format!("{}{caller}", service("running = true")), "`caller` runs already: expected [portal] dir"),
        (format!("[portal]\ndir = \"elsewhere\"\n{}", receiver("connect = \"127.0.0.1:9\"")), "no portal is there"),
        (
            format!("{dir}inbound-host = \"api.other.example\"\n{}", receiver("connect = \"127.0.0.1:9\"")),
            "was made for `api.dbp-stg.thalescloud.io`",
        ),
    ];
    for (parts, expected) in cases {
        let output = told(files.path(), &parts, &[]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(3), "{parts}\n{said}");
        assert!(said.contains(expected), "`{expected}` is missing in:\n{said}");
    }
}
