//! What surrounds a caller: a driver that is probed and whose messages follow the published schema, forwards to what else
//! it needs, a proxy through which it calls, and a key that only the caller has.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitCode};

use conformance_tests::needs;
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use tempfile::TempDir;

const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");
const DRIVER: &str = include_str!("../../../examples/stdio-python/driver.py");
const EXAMPLE: &str = include_str!("../../../examples/stdio-python/integration.toml");
const SCHEMA: &str = include_str!("../../../docs/stdio.schema.json");
const FILES: [(&str, &str); 4] = [
    ("driver.py", DRIVER),
    ("proxy.py", include_str!("proxy.py")),
    ("needs.py", include_str!("needs.py")),
    ("identity.sh", include_str!("../stacks/files/identity.sh")),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("the_example_driver_is_probed_and_does_nothing_wrong", &["python3"], the_example_driver),
        trial("the_messages_of_both_sides_follow_the_schema", &["python3", "tee"], the_messages),
        trial("a_driver_that_claims_whatever_is_wanted_is_told_so", &["python3"], a_driver_that_claims),
        trial("forwards_lead_where_they_say_and_nothing_else_leads_anywhere", &["python3"], forwards),
        trial("a_forward_leads_not_to_thales", &["python3"], a_forward_to_thales),
        trial("a_proxy_that_asks_each_time_is_right", &["python3", "curl"], a_proxy),
        trial("a_proxy_that_looks_up_once_is_wrong", &["python3", "curl"], a_caching_proxy),
        trial("a_certificate_is_judged_without_its_key", &["curl", "openssl"], a_key_elsewhere),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &'static str, tools: &'static [&'static str], test: fn()) -> Trial {
    Trial::ignorable_test(name, move || needs::met(needs::programs(tools).or_else(|| needs::private(HARNESS)), test))
}

struct Place(TempDir);

struct Ran {
    code: Option<i32>,
    said: String,
    report: Value,
    logs: String,
}

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::Builder::new().prefix("thales-ways-").tempdir().unwrap());
        for (name, text) in FILES {
            fs::write(place.path().join(name), text).unwrap();
        }
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, parts: &str, only: &[&str]) -> Ran {
        let (file, report) = (self.path().join("integration.toml"), self.path().join("report"));
        fs::write(&file, parts).unwrap();
        let mut command = Command::new(HARNESS);
        command.env_remove("GITHUB_STEP_SUMMARY").env_remove("GITHUB_ACTIONS");
        command.args(["run", "--network", "private", "--integration"]).arg(&file).arg("--report").arg(&report);
        let output = command.args(only.iter().flat_map(|only| ["--only", only])).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let text = fs::read(report.join("report.json")).unwrap_or_else(|_| b"null".to_vec());
        let logs = fs::read_dir(report.join("logs")).into_iter().flatten();
        let logs = logs.map(|log| fs::read_to_string(log.unwrap().path()).unwrap()).collect();
        Ran { code: output.status.code(), said, report: serde_json::from_slice(&text).unwrap(), logs }
    }
}

impl Ran {
    fn notes(&self) -> String {
        let notes = self.report["notes"].as_array().into_iter().flatten();
        notes.map(|note| note.as_str().unwrap().to_owned() + "\n").collect()
    }

    fn verdict(&self, id: &str) -> &str {
        let rows = self.report["requirements"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == id).and_then(|row| row["verdict"].as_str()).unwrap()
    }
}

fn file(parts: &str) -> String {
    format!("name = \"acme\"\nprofile = \"classic-tokenization\"\n{parts}")
}

fn the_example_driver() {
    let ran = Place::new().run(EXAMPLE, &["inbound/expired", "dns/asks-first"]);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert_eq!(ran.notes(), "");
    assert_eq!(ran.logs.matches("{\"probed\":{\"faults\":[]}}").count(), 1, "once a run");
}

fn the_messages() {
    let place = Place::new();
    let words = "tee -a orders | python3 driver.py | tee -a answers";
    let parts = file(&format!("[[caller]]\nname = \"driver\"\nstdio = [\"sh\", \"-c\", \"{words}\"]\n"));
    let ran = place.run(&parts, &["inbound/expired"]);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for (kind, other) in [("order", "answer"), ("answer", "order")] {
        let of = |kind: &str| {
            let mut schema = schema.clone();
            let members = schema.as_object_mut().unwrap();
            members.remove("oneOf");
            members.insert("$ref".to_owned(), format!("#/$defs/{kind}").into());
            jsonschema::validator_for(&schema).unwrap()
        };
        let (own, others) = (of(kind), of(other));
        let text = fs::read_to_string(place.path().join(format!("{kind}s"))).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.len() > 4, "{text}");
        for line in &lines {
            assert!(own.is_valid(line), "{line} is no {kind}");
            assert!(!others.is_valid(line), "{line} is no {other}");
        }
        let verbs = lines.iter().filter(|line| line.get("probe").or(line.get("unsupported")).is_some());
        assert_eq!(verbs.count(), 1, "{text}");
    }
}

fn a_driver_that_claims() {
    let place = Place::new();
    let liar = "import json, sys\nfor line in sys.stdin:\n    \
                print(json.dumps({'id': json.loads(line)['id'], 'completed': {'status': 200}}), flush=True)\n";
    fs::write(place.path().join("driver.py"), liar).unwrap();
    let ran = place.run(EXAMPLE, &["inbound/expired"]);
    assert_eq!(ran.code, Some(2), "{}", ran.said);
    for words in [
        "driver `driver` answers `completed` to an order that it cannot know, expected `unsupported`",
        "answers `completed` to a call of https://nowhere.invalid/, a host that does not exist",
        "answers `completed` to a call that never arrived at Thales",
        "`driver` claims success of ",
    ] {
        assert!(ran.notes().contains(words) && ran.said.contains(words), "`{words}` is missing in:\n{}", ran.said);
    }
    let findings = ran.report["requirements"].as_array().unwrap().iter().flat_map(|row| row["findings"].as_array());
    assert!(findings.flatten().all(|finding| finding["ruling"] != "met"), "{}", ran.said);
}

/// A service of this machine that answers what it heard.
fn machine() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut heard = b"heard ".to_vec();
            if stream.read_to_end(&mut heard).is_ok() {
                let _ = stream.write_all(&heard);
            }
        }
    });
    at
}

fn forwards() {
    let at = machine();
    let forward = |name: &str, port: u16| format!("[[forward]]\nname = \"{name}\"\nport = {port}\nto = \"{at}\"\n");
    let parts = forward("vault.internal", 8200)
        + &forward("login.internal", 443)
        + &forward("localhost", 5432)
        + &forward("10.1.2.3", 6379)
        + "[[caller]]\nname = \"needy\"\ncommand = [\"python3\", \"needs.py\"]\n";
    let ran = Place::new().run(&file(&parts), &["inbound/expired", "dns/asks-first"]);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    let notes = ran.notes();
    assert!(notes.contains("203.0.113.7:1521") && notes.contains("db.internal"), "{notes}");
    assert!(["vault", "login", "6379", "8200", "localhost"].iter().all(|word| !notes.contains(word)), "{notes}");
    for name in ["vault.internal", "login.internal", "localhost", "10.1.2.3"] {
        assert!(ran.logs.contains(&format!("{{\"forwarded\":{{\"name\":\"{name}\"")), "{name}");
    }
    let unpublished = ran.logs.matches("\"actor\":\"unpublished\"").count();
    assert_eq!(unpublished, 0, "a forward is no contact with Thales");
}

fn a_forward_to_thales() {
    let forward = |name: &str| {
        file(&format!(
            "[[forward]]\nname = \"{name}\"\nport = 443\nto = \"127.0.0.1:1\"\n\
             [[caller]]\nname = \"c\"\ncommand = [\"/bin/true\"]\n"
        ))
    };
    for (name, words) in [
        ("api.dbp-stg.thalescloud.io", "this is Thales"),
        ("pod-1.api.dbp-stg.thalescloud.io", "this is Thales"),
        ("two words", "neither a host nor an IPv4 address"),
        ("fe80::1", "neither a host nor an IPv4 address"),
    ] {
        let ran = Place::new().run(&forward(name), &[]);
        assert_eq!(ran.code, Some(3), "{}", ran.said);
        assert!(ran.said.contains(words), "{name}: {}", ran.said);
    }
}

fn through(proxy: &str, option: &str) -> String {
    let certificate = "\"--cert\", \"$CUSTOMER_TLS_CLIENT_CERTIFICATE\", \"--key\", \"$CUSTOMER_TLS_CLIENT_KEY\"";
    file(&format!(
        "[[service]]\nname = \"egress\"\ncommand = [\"python3\", \"proxy.py\"{proxy}]\n\
         [[caller]]\nname = \"curl\"\nproxy = {{ service = \"egress\", port = 3128 }}\n\
         command = [\"curl\", \"--fail\", \"--silent\", \"--show-error\", \"--tlsv1.2\"{option}, \"--cacert\", \
         \"$TSH_TLS_SERVER_CERTIFICATE_CHAIN\", {certificate}, \"$THALES_URL\"]\n"
    ))
}

const THROUGH: [&str; 4] = ["inbound/expired", "inbound/host", "dns/address-change", "dns/asks-first"];

fn a_proxy() {
    let ran = Place::new().run(&through("", ""), &THROUGH);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert_eq!(ran.verdict("TSH-DNS-02"), "pass", "{}", ran.said);
}

fn a_caching_proxy() {
    let option = ", \"--proxy\", \"$HTTPS_PROXY\"";
    let ran = Place::new().run(&through(", \"caching\"", option), &THROUGH);
    assert_eq!(ran.code, Some(1), "{}", ran.said);
    assert_eq!(ran.verdict("TSH-DNS-02"), "fail", "{}", ran.said);
    assert_eq!(ran.verdict("TSH-IN-04"), "pass", "{}", ran.said);
}

/// The harness has the certificate alone; the caller takes its key from where the harness never looks.
fn a_key_elsewhere() {
    let place = Place::new();
    let made = Command::new("sh").args(["identity.sh", "issuer.acme.example"]).current_dir(place.path()).output();
    assert!(made.unwrap().status.success());
    fs::create_dir(place.path().join("hsm")).unwrap();
    fs::rename(place.path().join("client.key"), place.path().join("hsm/key")).unwrap();
    let parts = |key: &str| {
        file(&format!(
            "[portal]\ncommon-name = \"acme.customer.example\"\n[identity]\nclient-certificate = \"client.pem\"\n\
             [[caller]]\nname = \"curl\"\ncommand = [\"curl\", \"--fail\", \"--silent\", \"--tlsv1.2\", \"--cacert\", \
             \"$TSH_TLS_SERVER_CERTIFICATE_CHAIN\", \"--cert\", \"$CUSTOMER_TLS_CLIENT_CERTIFICATE\", \"--key\", \
             \"{key}\", \"$THALES_URL\"]\n"
        ))
    };
    let ran = place.run(&parts("{dir}/hsm/key"), &["inbound/client-certificate"]);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    for id in ["TSH-IN-01", "TSH-IN-05", "TSH-IN-06", "TSH-IN-07", "TSH-IN-08"] {
        assert_eq!(ran.verdict(id), "pass", "{id}: {}", ran.said);
    }
    // There is no such file: the harness has no key to lay there.
    let without = place.run(&parts("$CUSTOMER_TLS_CLIENT_KEY"), &["inbound/client-certificate"]);
    assert_eq!(without.code, Some(2), "{}", without.said);
}
