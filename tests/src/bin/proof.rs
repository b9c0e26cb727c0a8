//! Prints the table of requirements and the defects that break them; with `--write`, into `docs/proof.md`.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use conformance_tests::{proof, zoo};
use thales_harness::load::Library;

fn main() -> ExitCode {
    let library = match Library::built_in() {
        Ok(library) => library,
        Err(faults) => {
            let _ = writeln!(std::io::stderr(), "{faults}");
            return ExitCode::FAILURE;
        }
    };
    let table = proof::table(&library, &zoo::all());
    let written = if std::env::args().any(|word| word == "--write") {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/proof.md"), table)
    } else {
        std::io::stdout().write_all(table.as_bytes())
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "docs/proof.md: cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}
