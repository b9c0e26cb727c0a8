//! What ARCHITECTURE.md and CONTRIBUTING.md say of the source, checked: which module may know which, that the pure parts
//! are pure, that files are headed and short, that the papers name what exists. It reads text and compiles nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use thales_harness::load::Library;
use thales_harness::model::{Proof, Shape, Topic};

/// Lines after which a file is two things.
const LONGEST: usize = 500;

/// Who may know whom inside the harness, with what of it: `""` is everything. What is not listed is forbidden.
const HARNESS: [(&str, &[(&str, &str)]); 12] = [
    ("model", &[]),
    ("world", &[]),
    ("inspect", &[("model", ""), ("verdict", "")]),
    ("verdict", &[("model", "")]),
    ("load", &[("model", "")]),
    ("integration", &[("model", ""), ("world", "")]),
    ("run", &[("model", ""), ("load", ""), ("inspect", ""), ("integration", ""), ("world", ""), ("verdict", "")]),
    // The outcome and the events of a run, and nothing of how it is run.
    ("report", &[("model", ""), ("verdict", ""), ("run", "Event|Outcome|ScenarioRun|Onboarding")]),
    // A run seen from its logs, and nothing that plays.
    (
        "certify",
        &[
            ("model", ""),
            ("load", "Library|parse_integration"),
            ("verdict", "Readiness|Verdict"),
            ("run", "Again|Onboarding|scenarios_digest"),
            ("report", "document|html|row"),
        ],
    ),
    // Plays scenarios of an exam and reads what was found: no wire, no world.
    (
        "sweep",
        &[("model", ""), ("load", "Library"), ("run", "Exam|ScenarioRun|waits"), ("verdict", ""), ("report", "plain")],
    ),
    // How an endpoint's plan is made ready, and nothing that plays scenarios.
    ("standing", &[("model", ""), ("integration", ""), ("run", "conduct|others|ought")]),
    // Written as a customer would write it: against the public trait.
    ("reference", &[("model", ""), ("integration", "")]),
];

/// What of the counterpart each of them may know.
const COUNTERPART: [(&str, &[&str]); 10] = [
    ("model", &["observe", "plan"]),
    ("world", &[]),
    ("inspect", &["observe", "pki"]),
    ("verdict", &["observe", "pki"]),
    ("load", &["observe", "plan"]),
    ("integration", &["endpoint", "observe", "pki"]),
    ("report", &["observe", "pki"]),
    ("certify", &["observe"]),
    ("sweep", &["observe"]),
    ("reference", &["pki"]),
];

/// Who may know whom inside the counterpart.
const MOCK: [(&str, &[&str]); 4] =
    [("observe", &[]), ("plan", &["observe"]), ("pki", &["observe", "plan"]), ("dns", &["observe", "plan"])];

/// Words of clocks, of input and output, and of asynchronous code.
const IMPURE: [&str; 13] = [
    "async ",
    "tokio::",
    "Instant::",
    "SystemTime",
    "now_utc",
    "now_local",
    "std::env",
    "std::fs",
    "std::io",
    "std::process",
    "std::thread",
    "TcpStream",
    "UdpSocket",
];
/// Contradictions and gaps in Thales' documents, numbered from 1, each decided in the rows that it touches.
const PLACES: usize = 22;

/// Where unsafe code is allowed.
const UNSAFE: [&str; 2] = ["harness/src/world/", "mock-thales/src/legacy/"];

#[test]
fn dependencies_point_one_way_in_the_harness() {
    let mut wrong = Vec::new();
    for (module, allowed) in HARNESS {
        for (file, line, path) in uses("harness/src", module, "crate::") {
            let (first, rest) = path.split_once("::").unwrap_or((&path, ""));
            let fits = first == module
                || allowed.iter().any(|(other, of_it)| {
                    let of_rest = names(rest);
                    let is_listed = !of_rest.is_empty() && of_rest.iter().all(|name| one_of(of_it, name));
                    *other == first && (of_it.is_empty() || is_listed)
                });
            if !fits {
                wrong.push(format!("{file}:{line}: `{module}` may not know `{path}`"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn the_harness_knows_of_the_counterpart_what_it_needs() {
    let mut wrong = Vec::new();
    for (module, allowed) in COUNTERPART {
        for (file, line, path) in uses("harness/src", module, "mock_thales::") {
            let first = path.split("::").next().unwrap_or_default();
            if !allowed.contains(&first) {
                wrong.push(format!("{file}:{line}: `{module}` may not know `mock_thales::{path}`"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn dependencies_point_one_way_in_the_counterpart() {
    let mut wrong = Vec::new();
    for (module, allowed) in MOCK {
        for (file, line, path) in uses("mock-thales/src", module, "crate::") {
            let first = path.split("::").next().unwrap_or_default();
            if first != module && !allowed.contains(&first) {
                wrong.push(format!("{file}:{line}: `{module}` may not know `{path}`"));
            }
        }
    }
    for (file, text) in sources(&["mock-thales/src"]) {
        if code(&text).any(|(_, line)| line.contains("thales_harness")) {
            wrong.push(format!("{file}: the counterpart knows of no harness"));
        }
    }
    none(&wrong);
}

#[test]
fn nothing_but_the_program_knows_the_command_line() {
    let mut wrong = Vec::new();
    for (file, text) in sources(&["harness/src"]) {
        if file.starts_with("harness/src/cli/") || file == "harness/src/lib.rs" || file == "harness/src/main.rs" {
            continue;
        }
        wrong.extend(
            code(&text).filter(|(_, line)| line.contains("crate::cli")).map(|(line, _)| format!("{file}:{line}")),
        );
    }
    none(&wrong);
}

#[test]
fn model_and_verdict_are_pure() {
    let mut wrong = Vec::new();
    for (file, text) in sources(&["harness/src/model", "harness/src/verdict"]) {
        for (number, line) in code(&text) {
            wrong.extend(
                IMPURE.iter().filter(|word| line.contains(**word)).map(|word| format!("{file}:{number}: `{word}`")),
            );
        }
    }
    none(&wrong);
}

#[test]
fn what_explains_decides_nothing() {
    let mut wrong = Vec::new();
    for (file, text) in sources(&["harness/src", "mock-thales/src"]) {
        if file.starts_with("harness/src/report/") {
            continue;
        }
        let explains =
            |line: &str| ["stacks.toml", "report::stack", "SeenStack"].iter().any(|word| line.contains(word));
        wrong.extend(code(&text).filter(|(_, line)| explains(line)).map(|(line, _)| {
            format!("{file}:{line}: what is known of stacks explains findings, and only the report reads it")
        }));
    }
    none(&wrong);
}

#[test]
fn nothing_sleeps() {
    let mut wrong = Vec::new();
    for (file, text) in sources(&["harness/src", "mock-thales/src"]) {
        for (number, line) in code(&text) {
            if line.contains("thread::sleep") || line.contains("time::sleep(") || line.contains(" sleep(") {
                wrong.push(format!("{file}:{number}: wait for a fact or a named deadline"));
            }
        }
    }
    none(&wrong);
}

#[test]
fn unsafe_code_has_its_places() {
    let mut wrong = Vec::new();
    for (file, text) in sources(&["harness", "mock-thales", "tests"]) {
        let is_place = UNSAFE.iter().any(|place| file.starts_with(place)) || file.contains("/tests/");
        let found = code(&text).find(|(_, line)| line.contains("unsafe {") || line.contains("unsafe fn"));
        if let (Some((number, _)), false) = (found, is_place) {
            wrong.push(format!("{file}:{number}: no place for unsafe code"));
        }
    }
    none(&wrong);
}

/// The rest is to compile where there is no Linux.
#[test]
fn what_only_linux_has_stands_in_one_place() {
    let words = ["nix::mount", "nix::sched", "rtnetlink", "setns", "CloneFlags", "std::os::linux", "pivot_root"];
    let mut wrong = Vec::new();
    for (file, text) in sources(&["harness/src", "mock-thales/src"]) {
        if file.starts_with("harness/src/world/private/") || file == "harness/src/world/enter.rs" {
            continue;
        }
        for (number, line) in code(&text) {
            wrong.extend(
                words.iter().filter(|word| line.contains(**word)).map(|word| format!("{file}:{number}: `{word}`")),
            );
        }
    }
    none(&wrong);
    let declared = fs::read_to_string(root().join("harness/src/world/mod.rs")).unwrap_or_default();
    assert!(declared.contains("#[cfg(target_os = \"linux\")]\nmod private;"), "elsewhere it is not compiled");
}

#[test]
fn files_are_headed_and_short() {
    let mut wrong = Vec::new();
    for (file, text) in sources(&["harness", "mock-thales", "tests"]) {
        if !text.starts_with("//!") {
            wrong.push(format!("{file}: a file starts with `//!`: what it is for and what it leaves to others"));
        }
        let lines = text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("{file}: {lines} lines, at most {LONGEST}: it is two things"));
        }
    }
    none(&wrong);
}

/// Unknown topics are refused by the loader; here the other way round: what is to be proven by scenarios has some.
#[test]
fn every_requirement_for_scenarios_has_one() {
    let library = Library::built_in().expect("the built-in files are sound");
    let verified: BTreeSet<&Topic> = library
        .scenarios
        .iter()
        .flat_map(|scenario| match &scenario.shape {
            Shape::Table { verifies, rows, .. } => {
                verifies.iter().chain(rows.iter().map(|row| &row.verifies)).collect::<Vec<_>>()
            }
            Shape::Steps { steps, .. } => steps.iter().filter_map(|step| step.verifies.as_ref()).collect(),
        })
        .collect();
    let mut wrong = Vec::new();
    for (profile, _) in library.profiles.values() {
        for requirement in profile.requirements.iter().filter(|requirement| {
            matches!(requirement.proof, Proof::Scenario | Proof::Shown) && requirement.observed.is_empty()
        }) {
            for topic in [&requirement.topic].into_iter().chain(&requirement.also) {
                if !verified.contains(topic) {
                    wrong.push(format!("{}: no scenario verifies {} ({topic})", profile.id, requirement.id));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn every_place_in_the_documents_is_decided() {
    let library = Library::built_in().expect("the built-in files are sound");
    let rows = || library.profiles.values().flat_map(|(profile, _)| &profile.requirements);
    let mut wrong = Vec::new();
    let mut decided = BTreeSet::new();
    for row in rows() {
        for decision in &row.decisions {
            let place =
                decision.strip_prefix('A').and_then(|rest| rest.split_once(": ")).map(|(place, _)| place.parse());
            match place {
                Some(Ok(place)) if (1..=PLACES).contains(&place) => _ = decided.insert(place),
                _ => wrong.push(format!("{}: `{decision}` begins with none of A1 to A{PLACES} and a colon", row.id)),
            }
        }
    }
    wrong.extend((1..=PLACES).filter(|place| !decided.contains(place)).map(|place| format!("A{place} is undecided")));
    none(&wrong);
}

#[test]
fn the_papers_name_what_exists() {
    let mut wrong = Vec::new();
    for paper in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "scenarios/README.md"] {
        let text = fs::read_to_string(root().join(paper)).expect("the paper exists");
        let beside = root().join(paper).parent().map(Path::to_path_buf).unwrap_or_default();
        for (number, name) in named(&text) {
            if !root().join(&name).exists() && !beside.join(&name).exists() {
                wrong.push(format!("{paper}:{number}: `{name}` does not exist"));
            }
        }
    }
    none(&wrong);
}

/// Paths that a paper names outside its code blocks: targets of links, and words in backticks that begin with a folder
/// of the workspace or end like one of its files.
fn named(text: &str) -> Vec<(usize, String)> {
    let folders: Vec<String> = fs::read_dir(root())
        .expect("the workspace can be read")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| root().join(name).is_dir())
        .chain(["examples".to_owned(), "docs".to_owned()])
        .collect();
    let mut found = Vec::new();
    let mut in_block = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            let words = line.split('`').skip(1).step_by(2).filter(|word| {
                let first = word.split('/').next().unwrap_or_default();
                let is_path = word.contains('/') && folders.iter().any(|folder| folder == first);
                let is_file = word.ends_with(".md") || word.ends_with(".rs");
                (is_path || is_file) && !word.contains([' ', '*', '{', '<', '$'])
            });
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            let targets = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
            found.extend(words.chain(targets).map(|name| (index + 1, name.to_owned())));
        }
    }
    found
}

/// Paths behind `prefix` in the code of a module: file, line, path.
fn uses(source: &str, module: &str, prefix: &str) -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    for (file, text) in sources(&[&format!("{source}/{module}")]) {
        for (number, line) in code(&text) {
            for rest in line.split(prefix).skip(1) {
                let end = rest
                    .find(|letter: char| !(letter.is_alphanumeric() || "_:{}, ".contains(letter)))
                    .unwrap_or(rest.len());
                found.push((file.clone(), number, rest[..end].trim().to_owned()));
            }
        }
    }
    found
}

/// The names of `{Event, Outcome}`, or the one name that a path begins with.
fn names(rest: &str) -> Vec<&str> {
    match rest.strip_prefix('{') {
        Some(list) => list.trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
        None => vec![rest.split("::").next().unwrap_or_default()],
    }
}

fn one_of(words: &str, name: &str) -> bool {
    words.split('|').any(|word| word == name)
}

/// Lines of code with their numbers: without comments, and without the unit tests at a file's end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .map(|(index, line)| (index + 1, line.trim_start()))
        .filter(|(_, line)| !line.starts_with("//"))
}

/// Rust files below some folders, or the file of a module that has no folder, by their paths in the workspace.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in folders {
        let path = root().join(folder);
        if path.is_dir() {
            collect(&path, &mut files);
        } else {
            files.push(path.with_extension("rs"));
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no source below {folders:?}");
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
            (name, text)
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
