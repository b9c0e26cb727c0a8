//! What stands in `deploy/`, `Dockerfile` and `.devcontainer/`, as far as it can be judged without an engine: that it is
//! well formed and has the shape that its engine expects, and that every command in it is one that the programs know.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

/// Programs of this workspace.
const PROGRAMS: [&str; 2] = ["thales-harness", "mock-thales"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}");
    documents.remove(0)
}

fn words(list: &Yaml) -> Vec<&str> {
    list.as_vec().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn compose_gives_the_customers_container_the_counterpart_as_its_name_server() {
    let file = yaml("deploy/compose.yaml");
    let (thales, customer) = (&file["services"]["thales"], &file["services"]["integration"]);
    let address = thales["networks"]["customer"]["ipv4_address"].as_str().unwrap();
    assert_eq!(words(&customer["dns"]), [address]);
    assert_eq!(words(&customer["networks"]), ["customer"]);
    let network = &file["networks"]["customer"];
    assert_eq!(network["internal"].as_bool(), Some(true), "a way out");
    let subnet = network["ipam"]["config"][0]["subnet"].as_str().unwrap();
    assert_eq!(address.rsplit_once('.').unwrap().0, subnet.rsplit_once('.').unwrap().0);
    let command = words(&thales["command"]);
    for (option, port) in [("--listen", 443), ("--dns", 53)] {
        let at = command.iter().position(|word| *word == option).unwrap();
        assert_eq!(command[at + 1], format!("{address}:{port}"));
    }
    let portal = command[command.iter().position(|word| *word == "--portal").unwrap() + 1];
    for service in [thales, customer] {
        assert!(words(&service["volumes"]).iter().any(|volume| volume.split(':').nth(1) == Some(portal)));
    }
    assert_eq!(customer["depends_on"]["thales"]["condition"].as_str(), Some("service_healthy"));
    assert_eq!(words(&thales["healthcheck"]["test"]).last().copied(), Some(health(&command).as_str()));
    assert_eq!(customer["user"].as_str(), last_user(&read("Dockerfile")), "keys are readable by their owner alone");
    assert!(!file["volumes"]["portal"].is_badvalue());
}

/// The page of the control interface that says whether the counterpart serves.
fn health(command: &[&str]) -> String {
    let at = command.iter().position(|word| *word == "--control").unwrap();
    format!("http://{}/health", command[at + 1])
}

fn last_user(dockerfile: &str) -> Option<&str> {
    dockerfile.lines().rev().find_map(|line| line.strip_prefix("USER "))
}

#[test]
fn the_sidecar_is_the_pods_only_name_server() {
    let file = yaml("deploy/kubernetes/sidecar.yaml");
    assert_eq!((file["apiVersion"].as_str(), file["kind"].as_str()), (Some("v1"), Some("Pod")));
    let pod = &file["spec"];
    assert_eq!(pod["dnsPolicy"].as_str(), Some("None"));
    assert_eq!(words(&pod["dnsConfig"]["nameservers"]), ["127.0.0.1"]);
    assert_eq!(pod["securityContext"]["runAsNonRoot"].as_bool(), Some(true));
    let sidecar = &pod["initContainers"][0];
    assert_eq!(sidecar["restartPolicy"].as_str(), Some("Always"), "a sidecar goes on");
    let arguments = words(&sidecar["args"]);
    let probe = words(&sidecar["startupProbe"]["exec"]["command"]);
    assert_eq!(probe.last().copied(), Some(health(&arguments).as_str()), "the integration starts once it serves");
    assert!(arguments.contains(&"127.0.0.1:443") && arguments.contains(&"127.0.0.1:53"), "{arguments:?}");
    let sysctl = &pod["securityContext"]["sysctls"][0];
    assert_eq!(sysctl["name"].as_str(), Some("net.ipv4.ip_unprivileged_port_start"));
    assert_eq!(sysctl["value"].as_str(), Some("0"), "a string: the engine takes no number");
    for container in [sidecar, &pod["containers"][0]] {
        assert_eq!(container["securityContext"]["allowPrivilegeEscalation"].as_bool(), Some(false));
        assert_eq!(mounted(container), ["portal"]);
    }
    assert_eq!(pod["volumes"][0]["name"].as_str(), Some("portal"));
}

#[test]
fn the_cron_job_is_one() {
    let file = yaml("deploy/kubernetes/cronjob.yaml");
    assert_eq!((file["apiVersion"].as_str(), file["kind"].as_str()), (Some("batch/v1"), Some("CronJob")));
    assert_eq!(file["spec"]["schedule"].as_str().unwrap().split(' ').count(), 5);
    assert_eq!(file["spec"]["concurrencyPolicy"].as_str(), Some("Forbid"));
    let job = &file["spec"]["jobTemplate"]["spec"];
    assert_eq!(job["backoffLimit"].as_i64(), Some(0));
    let pod = &job["template"]["spec"];
    assert_eq!(pod["restartPolicy"].as_str(), Some("Never"));
    assert_eq!(mounted(&pod["containers"][0]), [pod["volumes"][0]["name"].as_str().unwrap()]);
}

fn mounted(container: &Yaml) -> Vec<&str> {
    container["volumeMounts"].as_vec().unwrap().iter().map(|mount| mount["name"].as_str().unwrap()).collect()
}

#[test]
fn the_workflows_have_the_shape_of_their_engines() {
    let github = yaml("deploy/github/conformance.yml");
    for event in ["push", "pull_request", "schedule"] {
        assert!(!github["on"][event].is_badvalue(), "{event}");
    }
    assert_eq!(github["on"]["schedule"][0]["cron"].as_str().unwrap().split(' ').count(), 5);
    for job in ["run", "sweep"] {
        let job = &github["jobs"][job];
        assert!(job["runs-on"].as_str().is_some() && job["timeout-minutes"].as_i64().is_some());
        for step in job["steps"].as_vec().unwrap() {
            assert!(step["uses"].is_badvalue() != step["run"].is_badvalue(), "{step:?}");
        }
    }
    let gitlab = yaml("deploy/gitlab/conformance.yml");
    let stages = words(&gitlab["stages"]);
    assert!(stages.contains(&gitlab[".conformance"]["stage"].as_str().unwrap()));
    for job in ["conformance", "sweep"] {
        assert_eq!(gitlab[job]["extends"].as_str(), Some(".conformance"));
        assert!(!words(&gitlab[job]["script"]).is_empty() && !gitlab[job]["rules"].is_badvalue());
    }
    let script = words(&gitlab["conformance"]["script"]).join("\n");
    let junit = gitlab["conformance"]["artifacts"]["reports"]["junit"].as_str().unwrap();
    let report = Path::new(junit).parent().unwrap().to_str().unwrap();
    assert!(script.contains(&format!("--report {report}")), "the report lies elsewhere");
}

#[test]
fn the_images_are_bare_and_their_user_has_no_rights() {
    for (path, user) in [("Dockerfile", "10001:10001"), (".devcontainer/Dockerfile", "developer")] {
        let text = read(path);
        let instructions: Vec<_> = joined(&text).into_iter().filter(|line| !line.starts_with('#')).collect();
        let first_words = instructions.iter().map(|line| line.split(' ').next().unwrap());
        let known = ["FROM", "ARG", "RUN", "ENV", "WORKDIR", "COPY", "USER", "ENTRYPOINT", "CMD"];
        for word in first_words {
            assert!(known.contains(&word), "{path}: {word}");
        }
        let bases: BTreeSet<_> = instructions.iter().filter_map(|line| line.strip_prefix("FROM ")).collect();
        assert!(bases.iter().all(|base| base.starts_with("debian:bookworm-slim")), "{path}: {bases:?}");
        assert_eq!(last_user(&text), Some(user), "{path}");
    }
    // What the build needs and what the tests need is one list: that of `.ci/run`.
    let needs = read(".ci/run");
    let lists = ["needs=(", "needs+=("].into_iter().flat_map(|start| needs.split(start).skip(1));
    let needs: Vec<_> = lists.filter_map(|rest| rest.split(')').next()).collect();
    assert!(!needs.is_empty());
    let container = read(".devcontainer/Dockerfile");
    for package in needs.iter().flat_map(|list| list.split_whitespace()).filter_map(|need| need.split(':').nth(1)) {
        assert!(container.split_whitespace().any(|word| word == package), ".devcontainer/Dockerfile lacks {package}");
    }
    let file: serde_json::Value = serde_json::from_str(&read(".devcontainer/devcontainer.json")).unwrap();
    assert!(root().join(".devcontainer").join(file["build"]["dockerfile"].as_str().unwrap()).is_file());
    assert!(container.contains(&format!(
        "useradd --uid 1000 --user-group --create-home --shell /bin/bash {}",
        file["remoteUser"].as_str().unwrap()
    )));
}

/// Lines with those that they go on in.
fn joined(text: &str) -> Vec<String> {
    let whole = text.replace("\\\n", " ");
    whole.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_units_are_sound() {
    let service = read("deploy/systemd/thales-sweep.service");
    let timer = read("deploy/systemd/thales-sweep.timer");
    for (text, sections) in [(&service, vec!["Unit", "Service"]), (&timer, vec!["Unit", "Timer", "Install"])] {
        let found: Vec<_> =
            text.lines().filter_map(|line| line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))).collect();
        assert_eq!(found, sections);
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '['])) {
            assert!(line.contains('='), "{line}");
        }
    }
    assert!(service.contains("Type=oneshot"), "a timer starts what ends");
    // The machine's own judge, where there is one. It wants the program to be where the unit says.
    let directory = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_thales-harness-under-test");
    for (name, text) in [("thales-sweep.service", service), ("thales-sweep.timer", timer)] {
        fs::write(directory.path().join(name), text.replace("/usr/local/bin/thales-harness", program)).unwrap();
    }
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(["thales-sweep.service", "thales-sweep.timer"].map(|name| directory.path().join(name)))
        .output();
    if let Ok(verified) = verified {
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success() && !said.contains("thales-sweep"), "{said}");
    }
}

#[test]
fn every_command_is_one_that_the_programs_know() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (place, program, words) in commands() {
        let Some((command, words)) = words.split_first().filter(|(first, _)| !first.starts_with('-')) else {
            wrong.push(format!("{place}: {program} without a command"));
            continue;
        };
        seen.insert((program.clone(), command.clone()));
        match known_options(&program, command) {
            None => wrong.push(format!("{place}: {program} knows no command `{command}`")),
            Some(options) => {
                for option in words.iter().filter(|word| word.starts_with("--")) {
                    if !options.contains(option) {
                        wrong.push(format!("{place}: {program} {command} knows no {option}: {options:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for command in ["run", "doctor", "sweep"] {
        assert!(seen.contains(&("thales-harness".to_owned(), command.to_owned())), "{command} is named nowhere");
    }
}

/// Every command line of this workspace's programs: where it stands, the program, its words.
fn commands() -> Vec<(String, String, Vec<String>)> {
    let mut commands = Vec::new();
    let files = [
        "Dockerfile",
        "deploy/systemd/thales-sweep.service",
        "deploy/github/conformance.yml",
        "deploy/gitlab/conformance.yml",
        ".devcontainer/devcontainer.json",
    ];
    for path in files {
        for line in read(path).lines().map(|line| line.trim_start().trim_start_matches("# ")) {
            let starts = ["docker run ", "ExecStart=", "- run: ", "- thales", "\"postCreateCommand\": \""];
            let Some(rest) = starts.iter().find_map(|start| {
                let rest = line.strip_prefix(start)?;
                Some(if *start == "- thales" { format!("thales{rest}") } else { rest.to_owned() })
            }) else {
                continue;
            };
            let words: Vec<String> =
                rest.split_whitespace().map(|word| word.trim_matches(['"', ',']).to_owned()).collect();
            let is_program = |word: &String| PROGRAMS.contains(&word.rsplit('/').next().unwrap());
            let Some(at) = words.iter().rposition(is_program) else { continue };
            // `cargo build -p thales-harness` names a package; `cargo run` starts one behind `--`.
            let mut rest = &words[at + 1..];
            if words[0] == "cargo" {
                let Some(behind) = rest.iter().position(|word| word == "--") else { continue };
                rest = &rest[behind + 1..];
            }
            let ends = rest.iter().position(|word| word == "||").unwrap_or(rest.len());
            let program = words[at].rsplit('/').next().unwrap().to_owned();
            commands.push((path.to_owned(), program, rest[..ends].to_vec()));
        }
    }
    let own = |list: &Yaml| words(list).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let pods = [
        ("deploy/kubernetes/sidecar.yaml", yaml("deploy/kubernetes/sidecar.yaml")["spec"]["initContainers"][0].clone()),
        (
            "deploy/kubernetes/cronjob.yaml",
            yaml("deploy/kubernetes/cronjob.yaml")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
                .clone(),
        ),
    ];
    for (path, container) in pods {
        commands.push((path.to_owned(), own(&container["command"]).remove(0), own(&container["args"])));
    }
    let thales = yaml("deploy/compose.yaml")["services"]["thales"].clone();
    commands.push(("deploy/compose.yaml".to_owned(), own(&thales["entrypoint"]).remove(0), own(&thales["command"])));
    commands
}

/// The options of a command, as its help says; `None` where there is no such command.
fn known_options(program: &str, command: &str) -> Option<BTreeSet<String>> {
    let path = match program {
        "thales-harness" => PathBuf::from(env!("CARGO_BIN_EXE_thales-harness-under-test")),
        // Built beside the tests where the whole workspace is.
        program => Path::new(env!("CARGO_BIN_EXE_thales-harness-under-test")).with_file_name(program),
    };
    let help = Command::new(path).args([command, "--help"]).output().ok().filter(|help| help.status.success())?;
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    // A program without commands answers with its only help.
    if !text.lines().any(|line| line.starts_with("Usage:") && line.split_whitespace().any(|word| word == command)) {
        return None;
    }
    let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    Some(
        text.lines()
            .filter(|line| line.trim_start().starts_with('-'))
            .flat_map(|line| line.split(|letter: char| !letters(letter)))
            .filter(|word| word.starts_with("--") && word.len() > 2)
            .map(str::to_owned)
            .collect(),
    )
}
