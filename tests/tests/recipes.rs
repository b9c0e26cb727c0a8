//! The recipes of CONTRIBUTING.md that touch one file are carried out as they stand there, and do what they promise.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One example: the file that it is about, whether it is new, and what goes into it.
struct Example {
    path: PathBuf,
    is_new: bool,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn examples() -> Vec<Example> {
    let paper = fs::read_to_string(root().join("CONTRIBUTING.md")).expect("the paper can be read");
    let blocks = paper.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("\n```"));
    blocks
        .filter_map(|(block, _)| {
            let (head, text) = block.split_once('\n')?;
            let (is_new, path) = match (head.strip_prefix("# new file: "), head.strip_prefix("# appended to: ")) {
                (Some(path), _) => (true, path),
                (None, Some(path)) => (false, path),
                (None, None) => return None,
            };
            Some(Example { path: path.into(), is_new, text: text.to_owned() })
        })
        .collect()
}

/// A copy of the scenarios with one example carried out.
fn library_with(holds: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    copy(&root().join("scenarios"), &directory.path().join("scenarios"));
    let found: Vec<_> = examples().into_iter().filter(|example| example.text.contains(holds)).collect();
    let [example] = found.as_slice() else { panic!("{} examples hold `{holds}`", found.len()) };
    let path = directory.path().join(&example.path);
    assert_eq!(path.exists(), !example.is_new, "{}", path.display());
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, format!("{before}\n{}", example.text)).expect("the example can be written");
    directory
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(from).expect("a directory can be read") {
        let entry = entry.expect("an entry can be read");
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a file can be copied");
        }
    }
}

fn run(library: &Path, words: &[&str]) -> String {
    let scenarios = library.join("scenarios");
    let mut command = Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test"));
    command.args(words).arg("--scenarios").arg(&scenarios);
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    // In the shared network a selection passes as well.
    assert_eq!(status.code(), Some(0), "{words:?}\n{text}");
    text
}

fn holds(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{text}");
    }
}

#[test]
fn a_scenario_is_one_file() {
    let library = library_with("inbound/renewed-on-p-384");
    holds(&run(library.path(), &["list"]), &["inbound/renewed-on-p-384", "TSH-IN-03"]);
    let report = run(library.path(), &["run", "--only", "inbound/renewed-on-p-384"]);
    holds(&report, &["1 scenario", "TSH-IN-03"]);
}

#[test]
fn a_requirement_on_facts_that_are_there_is_one_file() {
    let library = library_with("TSH-NEW-01");
    holds(&run(library.path(), &["explain", "TSH-NEW-01"]), &["stay the same", "inbound/leaf-rotation"]);
    let report = run(library.path(), &["run", "--only", "TSH-NEW-01"]);
    holds(&report, &["1 scenario", "TSH-NEW-01"]);
    let row = report.lines().find(|line| line.contains("TSH-NEW-01")).unwrap_or_default();
    assert!(row.contains("pass"), "{report}");
}

#[test]
fn an_environment_is_one_file() {
    let library = library_with("rehearsal");
    let report = run(library.path(), &["run", "--environment", "rehearsal", "--only", "inbound/host"]);
    holds(&report, &["rehearsal", "TSH-IN-12"]);
}

#[test]
fn a_profile_is_one_file() {
    let library = library_with("another-product");
    let report = run(library.path(), &["run", "--profile", "another-product", "--only", "inbound/tls-1.*"]);
    holds(&report, &["Another product", "ANO-IN-01"]);
    let row = report.lines().find(|line| line.contains("ANO-IN-01")).unwrap_or_default();
    assert!(row.contains("pass"), "{report}");
}
