//! The program that plays Thales standing by itself: one command of the harness, under its own name.

use std::process::Command;

#[test]
fn it_serves_and_does_nothing_else() {
    let mock_thales = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_mock-thales")).args(words).output().expect("it can be started");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    };
    let (code, said) = mock_thales(&["serve", "--help"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("mock-thales serve") && said.contains("--control"), "{said}");
    let (code, said) = mock_thales(&["serve"]);
    assert_eq!(code, Some(3));
    assert!(said.contains("--portal"), "{said}");
    let (code, _) = mock_thales(&["run"]);
    assert_eq!(code, Some(3));
}
