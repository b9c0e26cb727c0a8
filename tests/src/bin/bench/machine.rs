//! On what the numbers were taken: processor, kernel, versions, load.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use time::OffsetDateTime;

use crate::nginx::Program;

/// The versions that this program was built with.
const LOCK: &str = include_str!("../../../../Cargo.lock");
/// The libraries whose work is measured.
const LIBRARIES: [&str; 5] = ["rustls", "aws-lc-rs", "tokio-rustls", "tokio", "hyper"];

/// A list in Markdown. `network` is where the scenarios were played.
pub(crate) fn describe(network: &str) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    let count = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = read("/proc/loadavg");
    let load: Vec<_> = load.split_ascii_whitespace().take(3).collect();
    let libraries: Vec<_> =
        LIBRARIES.iter().filter_map(|name| Some(format!("{name} {}", version(LOCK, name)?))).collect();
    let nginx = Program::find().map_or_else(|| "nginx not installed".to_owned(), |nginx| nginx.version());
    let profile =
        if cfg!(debug_assertions) { "**a debug build: these numbers mean nothing**" } else { "release build" };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "- {}, {network}, {profile}", OffsetDateTime::now_utc().date());
    let _ = writeln!(text, "- {model}, {count} CPUs, Linux {}", read("/proc/sys/kernel/osrelease").trim());
    let _ = writeln!(text, "- {}; {}", compiler(), libraries.join(", "));
    let _ = writeln!(text, "- {nginx}");
    let _ = writeln!(text, "- load average at the end: {} (1, 5 and 15 minutes)", load.join(", "));
    text
}

fn compiler() -> String {
    let said = Command::new("rustc").arg("--version").output().ok();
    said.map_or_else(|| "rustc unknown".to_owned(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("\nname = \"{name}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_has_a_version() {
        for name in LIBRARIES {
            let version = version(LOCK, name).expect("it is in the lock file");
            assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{name}: {version}");
        }
    }
}
