//! All profiles and scenarios: those built in, or those of a directory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

use super::diagnostic::{Diagnostic, Diagnostics, Place};
use super::{dimensions, profile, scenario};
use crate::model::{Dimension, Profile, Scenario, Topic};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../scenarios");

/// Profiles by id with the digest of their files, and scenarios in the order of their ids.
#[derive(Debug, Clone)]
pub struct Library {
    /// Profiles by id, each with the SHA-256 of its file in hex.
    pub profiles: BTreeMap<String, (Profile, String)>,
    /// Scenarios in the order of their ids.
    pub scenarios: Vec<Scenario>,
    /// What Thales leaves unspecified, in the file's order; none where there is no such file.
    pub dimensions: Vec<Dimension>,
}

impl Library {
    /// The released set, which is part of the program.
    ///
    /// # Errors
    /// Faults in the files it was built from.
    pub fn built_in() -> Result<Self, Diagnostics> {
        let mut files = Vec::new();
        collect_built_in(&BUILT_IN, &mut files);
        Self::from_files(files, Path::new("scenarios"))
    }

    /// The files of a directory of the same layout.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn from_directory(root: &Path) -> Result<Self, Diagnostics> {
        let mut files = Vec::new();
        collect_directory(root, root, &mut files)
            .map_err(|error| Diagnostic::file(root, format!("cannot be read: {error}")))?;
        Self::from_files(files, root)
    }

    fn from_files(mut files: Vec<(PathBuf, String)>, root: &Path) -> Result<Self, Diagnostics> {
        files.sort();
        let mut faults = Diagnostics::default();
        let mut profiles = BTreeMap::new();
        let (dimension_files, files): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(path, _)| path == Path::new(dimensions::FILE));
        let (profile_files, scenario_files): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(path, _)| path.starts_with("profiles"));
        for (path, text) in profile_files {
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            let place = Place { path: root.join(&path), text };
            match profile::read(&place, &name) {
                Ok(profile) => {
                    profiles.insert(name, (profile, scenario::digest(&place.text)));
                }
                Err(found) => faults.0.extend(found.0),
            }
        }
        let topics: BTreeSet<Topic> = profiles
            .values()
            .flat_map(|(profile, _)| &profile.requirements)
            .flat_map(|requirement| [&requirement.topic].into_iter().chain(&requirement.also).cloned())
            .collect();
        // With a broken profile its topics are unknown; faults about them would only be noise.
        let profiles_are_whole = faults.0.is_empty();
        let mut scenarios = Vec::new();
        for (path, text) in scenario_files {
            let place = Place { path: root.join(&path), text };
            let Some(id) = scenario::id_of(&path) else {
                faults
                    .push(Diagnostic::file(&place.path, "the path is no scenario id: lower case, digits, `-` and `.`"));
                continue;
            };
            match scenario::read(&place, &id, &topics) {
                Ok(scenario) => scenarios.push(scenario),
                Err(found) => faults.0.extend(
                    found
                        .0
                        .into_iter()
                        .filter(|fault| profiles_are_whole || !fault.message().starts_with("no profile")),
                ),
            }
        }
        // With a broken scenario its id is unknown; a fault about it would only be noise.
        let scenarios_are_whole = faults.0.is_empty();
        for (name, (profile, _)) in profiles.iter().filter(|_| scenarios_are_whole) {
            let observed = profile.requirements.iter().flat_map(|row| row.observed.iter().map(move |seen| (row, seen)));
            for (requirement, observed) in observed {
                if !scenarios.iter().any(|scenario| scenario.id == observed.scenario) {
                    let path = root.join("profiles").join(format!("{name}.toml"));
                    let message =
                        format!("{} is judged on `{}`, which is no scenario", requirement.id, observed.scenario);
                    faults.push(Diagnostic::file(path, message));
                }
            }
        }
        let mut dimensions = Vec::new();
        for (path, text) in dimension_files.into_iter().filter(|_| scenarios_are_whole) {
            match dimensions::read(&Place { path: root.join(&path), text }, &scenarios) {
                Ok(read) => dimensions = read,
                Err(found) => faults.0.extend(found.0),
            }
        }
        faults.finish(Self { profiles, scenarios, dimensions })
    }
}

fn collect_built_in(dir: &Dir<'_>, files: &mut Vec<(PathBuf, String)>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => collect_built_in(dir, files),
            DirEntry::File(file) if is_toml(file.path()) => {
                let text = String::from_utf8_lossy(file.contents()).into_owned();
                files.push((file.path().to_owned(), text));
            }
            DirEntry::File(_) => {}
        }
    }
}

fn collect_directory(root: &Path, dir: &Path, files: &mut Vec<(PathBuf, String)>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_directory(root, &path, files)?;
        } else if is_toml(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_owned();
            files.push((relative, fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}
