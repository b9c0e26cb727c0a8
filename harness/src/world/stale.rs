//! The directory of a shared network's assets, and the removal of those that a killed run left behind. A directory
//! belongs to a living run as long as somebody holds the lock on its lock file; nothing is ever killed here.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use super::error::WorldError;

const PREFIX: &str = "thales-harness-";
const LOCK: &str = "lock";
/// A directory gets its lock before it gets a name that a sweep looks for.
const UNLOCKED: &str = "thales-unlocked-";

/// A directory that only its owner may enter, locked while it lives and removed at its end.
#[derive(Debug)]
pub(super) struct LockedDirectory {
    path: PathBuf,
    _lock: Flock<File>,
}

impl LockedDirectory {
    /// Makes one in the machine's directory for temporary files.
    pub(super) fn make() -> Result<Self, WorldError> {
        let parent = std::env::temp_dir();
        let unlocked = tempfile::Builder::new()
            .prefix(UNLOCKED)
            .rand_bytes(12)
            .tempdir_in(&parent)
            .map_err(WorldError::path("create a directory in", &parent))?;
        let lock = unlocked.path().join(LOCK);
        let file = File::create(&lock).map_err(WorldError::path("create", &lock))?;
        let held = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, errno)| WorldError::path("lock", &lock)(errno.into()))?;
        let name = unlocked.path().file_name().unwrap_or_default().to_string_lossy().replacen(UNLOCKED, PREFIX, 1);
        let path = parent.join(name);
        fs::rename(unlocked.path(), &path).map_err(WorldError::path("rename", unlocked.path()))?;
        // The name is gone already; only its guard is left to forget.
        let _ = unlocked.keep();
        Ok(Self { path, _lock: held })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a directory inside, for its owner only.
    pub(super) fn subdirectory(&self, name: &str) -> Result<PathBuf, WorldError> {
        let path = self.path.join(name);
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(WorldError::path("create", &path))?;
        Ok(path)
    }
}

impl Drop for LockedDirectory {
    fn drop(&mut self) {
        // What cannot be removed now is swept by a later run.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the directories that killed runs of this user left in the machine's directory for temporary files, and
/// returns them. Those of living runs, of other users and of other names stay.
pub fn sweep_stale() -> Vec<PathBuf> {
    sweep(&std::env::temp_dir())
}

fn sweep(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| is_ours(&entry.file_name()))
        .map(|entry| entry.path())
        .filter(|path| remove_if_unlocked(path).is_ok_and(|removed| removed))
        .collect()
}

fn is_ours(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(PREFIX))
}

fn remove_if_unlocked(path: &Path) -> io::Result<bool> {
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_dir() || meta.uid() != nix::unistd::geteuid().as_raw() {
        return Ok(false);
    }
    let file = File::open(path.join(LOCK))?;
    let Ok(_held) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else { return Ok(false) };
    fs::remove_dir_all(path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_removes_what_nobody_holds_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = parent.path().join(name);
            fs::create_dir(&path).unwrap();
            File::create(path.join(LOCK)).unwrap();
            path
        };
        let dead = make("thales-harness-dead");
        let alive = make("thales-harness-alive");
        let foreign = make("something-else");
        let no_lock = make("thales-harness-no-lock");
        fs::remove_file(no_lock.join(LOCK)).unwrap();
        let held = Flock::lock(File::open(alive.join(LOCK)).unwrap(), FlockArg::LockExclusiveNonblock).unwrap();

        assert_eq!(sweep(parent.path()), [dead.as_path()]);
        assert!(!dead.exists());
        assert!(alive.exists() && foreign.exists() && no_lock.exists());
        drop(held);
        assert_eq!(sweep(parent.path()), [alive]);
    }

    #[test]
    fn a_directory_is_locked_while_it_lives_and_gone_after() {
        let directory = LockedDirectory::make().unwrap();
        let path = directory.path().to_owned();
        assert!(!remove_if_unlocked(&path).unwrap());
        drop(directory);
        assert!(!path.exists());
    }
}
