//! The command line as a process: what it says of bad input, its exit codes, and logs that are judged again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use conformance_tests::Directory;
use mock_thales::observe::Log;
use serde_json::Value;
use thales_harness::integration::OwnIdentity;
use thales_harness::load::Library;
use thales_harness::model::Header;
use thales_harness::reference;
use thales_harness::verdict::{self, Finding};

const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");

fn harness(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test"));
    // What these tests provoke is nothing that the job they run in should show.
    command.env_remove("GITHUB_STEP_SUMMARY").env_remove("GITHUB_ACTIONS");
    command.args(words).output().unwrap()
}

/// What a call that ends with that code says, on both streams.
fn says(code: i32, words: &[&str]) -> String {
    let output = harness(words);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {text}");
    text
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

/// An identity as the reference makes it for itself.
fn own_identity() -> OwnIdentity {
    let library = Library::built_in().unwrap();
    let (profile, _) = &library.profiles["classic-tokenization"];
    reference::own_identity(profile, &profile.environments[0]).unwrap()
}

/// A directory with integration files.
struct Files(Directory);

impl Deref for Files {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        &self.0
    }
}

impl Files {
    fn new() -> Self {
        Self(Directory::make())
    }

    /// The released scenarios, to be spoiled.
    fn scenarios(&self) -> PathBuf {
        let root = PathBuf::from(self.path("scenarios"));
        copy(Path::new(SCENARIOS), &root);
        root
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

const CALLER: &str = "\n[[caller]]\nname = \"batch\"\ncommand = [\"/bin/true\"]\n";

/// An integration file with more in it.
fn integration(more: &str) -> String {
    format!("name = \"acme\"\nprofile = \"classic-tokenization\"\n{more}{CALLER}")
}

#[test]
fn a_fault_in_a_scenario_is_pointed_at() {
    let files = Files::new();
    let root = files.scenarios();
    let path = root.join("inbound/expired.toml");
    replace(&path, "[[refuse]]\ncertificate", "[[refuse]]\ncertficate");
    let place = format!("{}:8:1", path.display());
    for words in [["list", "--scenarios"], ["run", "--scenarios"]] {
        let text = says(3, &[words[0], words[1], root.to_str().unwrap()]);
        holds(&text, &[&place, "unknown field `certficate`", "expected one of", "`certificate`", "1 fault found"]);
    }
}

#[test]
fn a_further_root_is_for_rows() {
    let files = Files::new();
    let root = files.scenarios();
    let path = root.join("inbound/expired.toml");
    replace(&path, "[[refuse]]", "[endpoint]\ncertificate = \"root-2\"\n\n[[refuse]]");
    let text = says(3, &["list", "--scenarios", root.to_str().unwrap()]);
    holds(&text, &[&format!("{}:7:1", path.display()), "a further root belongs to a row"]);
}

#[test]
fn a_fault_in_a_profile_is_pointed_at() {
    let files = Files::new();
    let root = files.scenarios();
    let path = root.join("profiles/classic-tokenization.toml");
    replace(&path, "level = \"must\"", "level = \"shall\"");
    let text = says(3, &["list", "--scenarios", root.to_str().unwrap()]);
    holds(&text, &[&format!("{}:76:9", path.display()), "unknown variant `shall`", "expected one of", "`must`"]);
    assert!(text.contains("1 fault found"), "faults that only follow from it are noise:\n{text}");
}

#[test]
fn a_fault_in_an_integration_file_is_pointed_at() {
    let files = Files::new();
    let path = files.write("a.toml", integration("enviroment = \"pre-production\"\n"));
    let text = says(3, &["run", "--integration", &path]);
    holds(&text, &[&format!("{path}:3:1"), "unknown field `enviroment`", "`environment`", "1 fault found"]);
    let path = files.write("b.toml", "name = \"acme\"\nprofile = \n");
    holds(&says(3, &["run", "--integration", &path]), &[&format!("{path}:2:")]);
}

#[test]
fn all_bad_files_are_shown_at_once() {
    let files = Files::new();
    let root = files.scenarios();
    replace(&root.join("inbound/expired.toml"), "certificate =", "certficate =");
    replace(&root.join("outbound/port.toml"), "{ port", "{ prot");
    fs::write(root.join("dns/asks-first.toml"), "id = ").unwrap();
    let path = files.write("a.toml", integration("enviroment = \"x\"\n"));
    let text = says(3, &["run", "--scenarios", root.to_str().unwrap(), "--integration", &path]);
    holds(&text, &["inbound/expired.toml:", "outbound/port.toml:", "dns/asks-first.toml:1:", &path, "4 faults found"]);
}

#[test]
fn unknown_names_are_answered_with_the_known_ones() {
    let profile = "no profile is called `tsh`, expected `classic-tokenization`, `d1-ecom`, `merchant-tokenization`";
    holds(&says(3, &["run", "--profile", "tsh"]), &[profile]);
    holds(&says(3, &["list", "--profile", "tsh"]), &[profile]);
    holds(&says(3, &["explain", "TSH-IN-02", "--profile", "tsh"]), &[profile]);
    let known = ["`staging`", "`pre-production` or `production`"];
    holds(&says(3, &["run", "--environment", "staging"]), &known);

    let files = Files::new();
    let answered = |more: &str, parts: &[&str]| {
        let path = files.write("a.toml", integration(more));
        holds(&says(3, &["run", "--integration", &path]), &[&[path.as_str()], parts].concat());
    };
    answered("environment = \"staging\"\n", &known);
    let declared = "[declares]\n\"TSH-IN-99\" = { by = \"me\", on = 2026-11-20, grounds = \"none\" }\n";
    answered(declared, &["no requirement `TSH-IN-99`"]);
    answered("[files]\n\"/etc/acme/ca.pem\" = \"THALES_CA\"\n", &["`THALES_CA`", "THALES_CLIENT_CA"]);
    let path = files.write("b.toml", integration("").replace("classic-tokenization", "tsh"));
    holds(&says(3, &["run", "--integration", &path]), &[profile]);

    let root = files.scenarios();
    let scenario = root.join("dns/address-change.toml");
    replace(&scenario, "answer = [\"new\"]", "answer = [\"knew\"]");
    let text = says(3, &["list", "--scenarios", root.to_str().unwrap()]);
    holds(&text, &[&format!("{}:22:24", scenario.display()), "`knew`"]);
}

#[test]
fn explanations_are_for_what_exists() {
    holds(&says(3, &["explain", "TSH-IN-99"]), &["`TSH-IN-99`", "list --requirements"]);
    holds(&says(0, &["explain", "TSH-IN-02"]), &["TSH-IN-02", "inbound/tls-1.1", "remedy", "source", "nginx"]);
    holds(&says(0, &["explain", "inbound/tls-1.1"]), &["only TLS 1.1", "TSH-IN-02", "between two controls"]);
    let list = says(0, &["list"]);
    holds(&list, &["inbound/tls-1.1", "dns/address-change", "outbound/port", "TSH-OUT-03"]);
    let counts = |words: &[&str]| {
        let rows = says(0, words);
        let of = |prefix: &str| rows.lines().filter(|row| row.starts_with(prefix)).count();
        (of("TSH-"), of("TMG-"), of("D1E-"), of("SUP-"), rows.lines().filter(|row| row.contains(" MUST ")).count())
    };
    assert_eq!(counts(&["list", "--requirements"]), (44, 40, 54, 15, 81));
    assert_eq!(counts(&["list", "--requirements", "--profile", "d1-ecom"]), (0, 0, 54, 6, 33));
    holds(&says(0, &["list", "--requirements", "--markdown"]), &["# Requirements", "## D1E-OUT-09 (MUST)"]);
    let own = says(0, &["explain", "D1E-OUT-10"]);
    holds(&own, &["d1-ecom", "any of    D1E-OUT-09, D1E-OUT-10", "decided   A13:", "by reading the files"]);
    let everywhere = says(0, &["explain", "SUP-TOLERANT"]);
    holds(&everywhere, &["classic-tokenization, d1-ecom, merchant-tokenization"]);
    let one = says(0, &["explain", "SUP-TOLERANT", "--profile", "d1-ecom"]);
    assert!(one.contains("\nd1-ecom\n") && !one.contains("classic-tokenization"), "{one}");
    holds(&says(3, &["explain", "TSH-IN-02", "--profile", "d1-ecom"]), &["`TSH-IN-02`", "of profile `d1-ecom`"]);
    holds(&says(0, &["explain", "TMG-DNS-01"]), &["dns.resolves, dns.ttl, dns.subdomains, dns.pool", "dns/kept-alive"]);
}

#[test]
fn the_exit_codes_are_explained() {
    for words in [&["--help"][..], &["run", "--help"], &["judge", "--help"]] {
        let text = says(0, words);
        holds(&text, &["Exit codes:", "0  ready", "1  not ready", "2  incomplete", "3  bad usage", "4  the harness"]);
    }
    holds(&says(3, &["admit"]), &["unrecognized subcommand 'admit'"]);
    holds(&says(3, &["run", "--jobs", "0"]), &["--jobs"]);
    holds(&says(3, &["judge"]), &["<LOG>"]);
}

#[test]
fn doctor_says_what_this_machine_allows() {
    let output = harness(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout);
    holds(&text, &["user namespace", "network namespace", "veth pair", "network:"]);
    let code = if text.contains("network: private") { 0 } else { 2 };
    assert_eq!(output.status.code(), Some(code), "{text}");
}

#[test]
fn a_selection_that_fits_nothing_is_refused() {
    holds(&says(3, &["run", "--only", "nothing/*"]), &["--only nothing/*", "no scenario fits"]);
    holds(&says(3, &["run", "--only", "in[bound"]), &["--only"]);
}

#[test]
fn a_missing_program_and_missing_files_are_told_together() {
    let files = Files::new();
    let more = "[identity]\nclient-certificate = \"no.pem\"\nclient-key = \"no.key\"\n";
    let path = files.write("a.toml", integration(more).replace("/bin/true", "no-such-program-here"));
    let text = says(3, &["run", "--integration", &path]);
    holds(&text, &["no.pem", "no.key", "`batch` starts `no-such-program-here`"]);
    let gone = files.path("gone.toml");
    holds(&says(3, &["run", "--integration", &gone]), &[&gone, "cannot be read"]);
}

#[test]
fn identities_that_do_not_fit_are_refused() {
    let files = Files::new();
    let [one, other] = [(); 2].map(|()| own_identity());
    files.write("client.pem", one.client_certificate.unwrap());
    files.write("client.key", one.client_key.unwrap());
    files.write("other.key", other.client_key.unwrap());
    files.write("server.pem", one.server_chain.unwrap());
    files.write("server.key", other.server_key.unwrap());
    files.write("empty.pem", "");
    let refused = |more: &str, part: &str| {
        let path = files.write("a.toml", integration(&format!("[identity]\n{more}\n")));
        holds(&says(3, &["run", "--integration", &path]), &[part]);
    };
    refused("client-certificate = \"client.pem\"\nclient-key = \"other.key\"", "client-key is not the key of");
    refused("server-chain = \"server.pem\"\nserver-key = \"server.key\"", "server-key is not the key of");
    refused("client-certificate = \"client.key\"\nclient-key = \"client.key\"", "client-certificate: no certificate");
    refused("client-certificate = \"empty.pem\"", "client-certificate: no certificate");
    refused("client-certificate = \"client.pem\"\nclient-key = \"client.pem\"", "private key");
}

/// Exit 0 for a selection that passed and 1 for a MUST that failed; 2 where nothing was to be seen.
#[test]
fn exit_codes_follow_the_verdict() {
    let files = Files::new();
    says(0, &["run", "--only", "inbound/control"]);
    let path = files.write("a.toml", integration(""));
    let text = says(2, &["run", "--integration", &path, "--only", "inbound/control"]);
    holds(&text, &["TSH-IN-03", "inconclusive"]);
    let port = "[portal]\nissuer-host = \"issuer.acme.example:9443\"\n";
    let receiver = "\n[[receiver]]\nname = \"edge\"\nwithin = \"200ms\"\ncommand = [\"/bin/sleep\", \"60\"]\n\
                    [[receiver.request]]\nmethod = \"GET\"\npath = \"/\"\nstatus = [200]\n";
    let path = files.write("b.toml", integration(port) + receiver);
    // In a shared network the scenario is left out: nothing is selected then.
    if harness(&["doctor"]).status.success() {
        holds(&says(1, &["run", "--integration", &path, "--only", "outbound/port"]), &["TSH-OUT-03", "fail"]);
    }
}

/// A run with its report, for the tests that read it.
fn reported(files: &Files) -> PathBuf {
    let report = files.path("report");
    says(0, &["run", "--only", "inbound/*", "--only", "outbound/leaf-rotation", "--report", &report]);
    PathBuf::from(report)
}

fn logs(report: &Path) -> Vec<PathBuf> {
    let mut logs: Vec<_> = fs::read_dir(report.join("logs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.sort();
    assert!(logs.len() > 15, "{logs:?}");
    logs
}

#[test]
fn logs_judged_again_say_the_same() {
    let files = Files::new();
    let root = reported(&files);
    let mut left: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["junit.xml", "logs", "report.html", "report.json", "summary.md"]);

    let report: Value = serde_json::from_slice(&fs::read(root.join("report.json")).unwrap()).unwrap();
    let rows = ["requirements", "optional"].map(|pack| report[pack].as_array().unwrap());
    assert!(
        rows[0].iter().all(|row| row["level"] != "optional") && rows[1].iter().all(|row| row["level"] == "optional")
    );
    let mut reported: Vec<Finding> = rows
        .into_iter()
        .flatten()
        .flat_map(|row| row["findings"].as_array().unwrap())
        .map(|finding| serde_json::from_value(finding.clone()).unwrap())
        .collect();
    let logs = logs(&root);
    let read = |path: &PathBuf| Log::<Header>::read(fs::read(path).unwrap().as_slice()).unwrap();
    let mut again: Vec<_> = logs.iter().map(read).flat_map(|log| verdict::judge(&log.header, &log.facts)).collect();
    let order = |finding: &Finding| format!("{finding:?}");
    reported.sort_by_key(order);
    again.sort_by_key(order);
    assert!(reported.len() > 40);
    assert_eq!(again, reported);

    let words: Vec<_> = ["judge"].into_iter().chain(logs.iter().map(|log| log.to_str().unwrap())).collect();
    let text = says(0, &words);
    for finding in &reported {
        let line = format!("{} [{}] {}", finding.requirement, finding.phase, finding.seen);
        assert!(text.contains(&line), "{line} is missing in:\n{text}");
    }
}

#[test]
fn logs_that_were_touched_are_refused() {
    let files = Files::new();
    let log = logs(&reported(&files)).into_iter().find(|path| path.ends_with("inbound.expired.reference.jsonl"));
    let text = fs::read_to_string(log.unwrap()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let last = lines.len();
    let path = files.path("touched.jsonl");
    let refused = |lines: &[&str], part: &str| {
        fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        holds(&says(3, &["judge", &path]), &[&path, part]);
    };
    refused(&[], "the log is empty");
    refused(&lines[1..], "line 1 is not part of a log");
    refused(&lines[..last - 1], &format!("line {last} is missing"));
    let without = |index: usize| [&lines[..index], &lines[index + 1..]].concat();
    refused(&without(4), "line 5: expected fact 4, found fact 5");
    // The last fact: nothing follows it that could be out of order.
    refused(&without(last - 2), &format!("line {}:", last - 1));
    let changed = lines[7].replacen("\"at_us\":", "\"at_us\":1", 1);
    let mut with = lines.clone();
    with[7] = &changed;
    refused(&with, &format!("line {last}: the lines above"));
    let broken = lines[7].replacen('"', "", 1);
    with[7] = &broken;
    refused(&with, "line 8 is not part of a log");
    let header = lines[0].replacen("thales-harness-log/", "another-log/", 1);
    if header != lines[0] {
        with = lines.clone();
        with[0] = &header;
        refused(&with, "");
    }
    refused(&[lines.as_slice(), &[lines[1]]].concat(), &format!("line {}", last + 1));
}

/// An integration that prints all it is given, but not what is in its key.
#[test]
fn no_key_is_ever_written_down() {
    let files = Files::new();
    let own = own_identity();
    let keys = [own.client_key.unwrap(), own.server_key.unwrap()].map(|key| String::from_utf8(key).unwrap());
    files.write("certs/client.pem", own.client_certificate.unwrap());
    files.write("certs/client.key", &keys[0]);
    files.write("certs/server.pem", own.server_chain.unwrap());
    files.write("certs/server.key", &keys[1]);
    let more = "[portal]\ncommon-name = \"reference.customer.example\"\n[identity]\n\
                client-certificate = \"certs/client.pem\"\nclient-key = \"certs/client.key\"\n\
                server-chain = \"certs/server.pem\"\nserver-key = \"certs/server.key\"\n";
    let path = files.write(
        "a.toml",
        integration(more).replace("[\"/bin/true\"]", "[\"/bin/sh\", \"-c\", \"env; ls -l $$0 >&2\", \"{portal}\"]"),
    );
    let report = files.path("report");
    let said = says(2, &["run", "--integration", &path, "--only", "inbound/control", "--report", &report]);
    let mut written = vec![said.into_bytes(), fs::read(Path::new(&report).join("report.json")).unwrap()];
    let logs: Vec<_> = fs::read_dir(Path::new(&report).join("logs")).unwrap().collect();
    assert_eq!(logs.len(), 1);
    for name in ["report.html", "junit.xml", "summary.md"] {
        written.push(fs::read(Path::new(&report).join(name)).unwrap());
    }
    written.extend(logs.into_iter().map(|log| fs::read(log.unwrap().path()).unwrap()));
    holds(&String::from_utf8_lossy(written.last().unwrap()), &["CUSTOMER_TLS_CLIENT_KEY"]);
    for bytes in &written {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("PRIVATE KEY"));
        for key in &keys {
            let lines: Vec<_> = key.lines().filter(|line| !line.starts_with("-----")).collect();
            // The first two lines hold all of the private key; the public one follows.
            assert!(lines[..2].iter().all(|line| !text.contains(line)), "a line of a key was written down:\n{text}");
            let der = BASE64_STANDARD.decode(lines.concat()).unwrap();
            let secret = &der[36..68];
            let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!text.to_ascii_lowercase().contains(&hex) && !text.contains(&BASE64_STANDARD.encode(secret)));
        }
    }
}

#[test]
fn files_that_a_shared_network_does_not_bind_are_told() {
    let files = Files::new();
    let more = "[files]\n\"/etc/acme/ca.pem\" = \"THALES_CLIENT_CA\"\n";
    let path = files.write("acme.toml", integration(more));
    let (out, note) = (files.path("out"), "a shared network binds no [files]");
    let words = ["run", "--integration", &path, "--only", "inbound/control", "--report", &out, "--network", "shared"];
    holds(&says(2, &words), &[&format!("note: {note}"), "/etc/acme/ca.pem"]);
    let report: Value = serde_json::from_slice(&fs::read(files.path("out/report.json")).unwrap()).unwrap();
    assert!(report["notes"][0].as_str().unwrap().starts_with(note));
    // Without any there is nothing to say.
    let path = files.write("plain.toml", integration(""));
    let words = ["run", "--integration", &path, "--only", "inbound/control", "--network", "shared"];
    assert!(!says(2, &words).contains(note));
}

#[test]
fn a_renewal_that_does_not_fit_is_a_fault() {
    let files = Files::new();
    let refused = |more: &str, why: &str| {
        let path = files.write("acme.toml", integration(more));
        holds(&says(3, &["run", "--integration", &path, "--only", "inbound/own-renewal"]), &[why]);
    };
    refused("", "[renewal] says how the integration changes over");
    refused("[renewal]\nby = { signal = \"HUP\" }\n", "no process to signal");
    refused("[renewal]\nby = { command = [] }\n", "the command is empty");
    refused("[renewal]\nby = { command = [\"./no-deploy.sh\"] }\n", "no-deploy.sh");
    refused("[renewal]\nby = { signal = \"KILL\" }\n", "`HUP`");
    refused("[renewal]\nby = \"asked\"\n", "`restart`");
    refused("[renewal]\nby = \"files\"\nclient-certificate = \"new.pem\"\n", "[identity] has none");
    let own = own_identity();
    files.write("client.pem", own.client_certificate.unwrap());
    files.write("client.key", own.client_key.unwrap());
    let identity = "[identity]\nclient-certificate = \"client.pem\"\nclient-key = \"client.key\"\n";
    refused(&format!("{identity}[renewal]\nby = \"files\"\n"), "[renewal] needs `client-certificate`");
    let same = "client-certificate = \"client.pem\"\nclient-key = \"client.key\"\n";
    refused(&format!("{identity}[renewal]\nby = \"files\"\n{same}"), "the same certificate as that of [identity]");
    let keyless = "client-certificate = \"client.pem\"\n";
    refused(&format!("{identity}[renewal]\nby = \"files\"\n{keyless}"), "[renewal] needs `client-key`");
}

#[test]
fn a_scenario_that_renews_nothing_is_a_fault() {
    let files = Files::new();
    let root = files.scenarios();
    replace(&root.join("inbound/own-renewal.toml"), ", renewal = {}", "");
    let text = says(3, &["list", "--scenarios", root.to_str().unwrap()]);
    holds(&text, &["there is no renewed certificate yet", "2 faults found"]);
}
