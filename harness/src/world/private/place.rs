//! Files at the paths that Production uses. One that exists is covered by a bind mount. One that does not gets its
//! folder extended for this world: by an overlay, or, where the kernel refuses that or something is mounted beneath, by
//! a new directory into which everything is bound that the old one holds. The machine's own files are never touched.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns};

use super::mounts::{bind_path, handle, path_of, write_new};
use crate::world::error::WorldError;

/// More entries than this are not bound one by one.
const MOST_ENTRIES: usize = 4096;

/// Where the kernel speaks, and files cannot be.
const KERNELS: [&str; 2] = ["/proc", "/sys"];

/// A file to be placed.
pub(super) struct Placement {
    pub(super) target: PathBuf,
    pub(super) content: Vec<u8>,
    pub(super) mode: u32,
}

/// A file that was placed, and how a later one can take its place.
pub(super) struct Placed {
    pub(super) target: PathBuf,
    pub(super) way: Way,
}

/// How a placed file lies at its path.
pub(super) enum Way {
    /// It is mounted over the machine's own, at this path free of links.
    Mounted(PathBuf),
    /// It is a file at this path, in a directory of the world's own.
    Made(PathBuf),
}

/// Where a target lies.
enum Found {
    /// At this path, free of links.
    File(PathBuf),
    /// Nowhere yet: this directory exists, the rest does not, or is a link that leads nowhere.
    Missing { ancestor: PathBuf, rest: PathBuf },
}

/// The store of a world's placed files, and the directories where files can simply be made.
pub(super) struct Places {
    store: OwnedFd,
    stored: usize,
    ours: HashSet<PathBuf>,
}

impl Places {
    /// The store is a directory of the world's own.
    pub(super) fn new(store: OwnedFd) -> Self {
        Self { store, stored: 0, ours: HashSet::new() }
    }

    /// Remembers that files can be made in this directory without touching the machine's.
    pub(super) fn own(&mut self, directory: PathBuf) {
        self.ours.insert(directory);
    }

    pub(super) fn disown(&mut self, directory: &Path) {
        self.ours.remove(directory);
    }

    pub(super) fn is_ours(&self, directory: &Path) -> bool {
        self.ours.contains(directory)
    }

    /// Places all. Folders come first, the shallow before the deep: extending one covers what is mounted beneath it.
    pub(super) fn place(&mut self, placements: Vec<Placement>) -> Result<Vec<Placed>, WorldError> {
        let mut placed = Vec::new();
        let mut missing = Vec::new();
        let mut present = Vec::new();
        for placement in placements {
            match self.find(&placement.target)? {
                Found::File(_) => present.push(placement),
                Found::Missing { ancestor, .. } => missing.push((ancestor.components().count(), placement)),
            }
        }
        missing.sort_by_key(|(depth, _)| *depth);
        for (_, placement) in missing {
            let way = match self.find(&placement.target)? {
                Found::Missing { ancestor, rest } => Way::Made(self.make(&ancestor, &rest, &placement)?),
                // Another placement's folder or link has made it.
                Found::File(real) => self.cover(real, &placement)?,
            };
            placed.push(Placed { target: placement.target, way });
        }
        for placement in present {
            let Found::File(real) = self.find(&placement.target)? else {
                return Err(WorldError::NotAFile(placement.target));
            };
            let way = self.cover(real, &placement)?;
            placed.push(Placed { target: placement.target, way });
        }
        Ok(placed)
    }

    fn find(&self, target: &Path) -> Result<Found, WorldError> {
        let mut parts = target.components();
        if parts.next() != Some(Component::RootDir) || target.file_name().is_none() {
            return Err(WorldError::NotAFile(target.to_owned()));
        }
        let mut real = PathBuf::from("/");
        loop {
            let rest = parts.as_path().to_owned();
            let Some(part) = parts.next() else { break };
            match fs::canonicalize(real.join(part)) {
                Ok(next) => real = next,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(self
                        .through_link(&real.join(part), &rest)
                        .unwrap_or(Found::Missing { ancestor: real, rest }));
                }
                Err(source) => return Err(WorldError::path("look for", target)(source)),
            }
        }
        if real.is_dir() { Err(WorldError::NotAFile(target.to_owned())) } else { Ok(Found::File(real)) }
    }

    /// A link that leads into a directory of ours, into a masked one for example, is followed instead of replaced.
    fn through_link(&self, link: &Path, rest: &Path) -> Option<Found> {
        let one_part = rest.components().count() == 1;
        let leads_to = link.parent()?.join(fs::read_link(link).ok()?);
        let ancestor = fs::canonicalize(leads_to.parent()?).ok()?;
        (one_part && self.is_ours(&ancestor))
            .then(|| Some(Found::Missing { ancestor, rest: leads_to.file_name()?.into() }))?
    }

    fn cover(&mut self, real: PathBuf, placement: &Placement) -> Result<Way, WorldError> {
        let source = self.next_in_store();
        write_new(&source, &placement.content, placement.mode)
            .and_then(|()| bind_path(&source, &real))
            .map_err(WorldError::path("cover", &real))?;
        Ok(Way::Mounted(real))
    }

    fn make(&mut self, ancestor: &Path, rest: &Path, placement: &Placement) -> Result<PathBuf, WorldError> {
        if !self.is_ours(ancestor) {
            self.extend(ancestor).map_err(|source| WorldError::NoFolder {
                target: placement.target.clone(),
                ancestor: ancestor.to_owned(),
                source,
            })?;
        }
        let mut path = ancestor.to_owned();
        let mut parts = rest.components().peekable();
        while let Some(part) = parts.next() {
            if !matches!(part, Component::Normal(_)) {
                return Err(WorldError::NotAFile(placement.target.clone()));
            }
            path.push(part);
            if path.is_symlink() {
                fs::remove_file(&path).map_err(WorldError::path("replace the link", &path))?;
            }
            if parts.peek().is_some() {
                fs::create_dir(&path).map_err(WorldError::path("create", &path))?;
                self.own(path.clone());
            }
        }
        write_new(&path, &placement.content, placement.mode).map_err(WorldError::path("create", &path))?;
        Ok(path)
    }

    /// Makes a directory of the machine's one in which this world can make files of its own.
    fn extend(&mut self, directory: &Path) -> io::Result<()> {
        if KERNELS.iter().any(|kernel| directory.starts_with(kernel)) {
            return Err(io::Error::other("it is the kernel's own"));
        }
        let old = handle(directory).map_err(|error| match error {
            WorldError::Path { source, .. } => source,
            other => io::Error::other(other.to_string()),
        })?;
        // An overlay shows nothing of what is mounted beneath the directory that it extends.
        if !has_mounts_beneath(directory)? && self.extend_by_overlay(directory, &old, 0o755).is_ok() {
            return Ok(());
        }
        self.extend_by_binds(directory, &old)
    }

    /// Covers a directory with an overlay: the old one below, one of the store's above, which is ours even where the
    /// old one is root's.
    pub(super) fn extend_by_overlay(&mut self, directory: &Path, old: &OwnedFd, mode: u32) -> io::Result<()> {
        let (upper, work) = (self.next_in_store(), self.next_in_store());
        fs::create_dir(&upper)?;
        fs::create_dir(&work)?;
        fs::set_permissions(&upper, fs::Permissions::from_mode(mode))?;
        let options =
            format!("lowerdir={},upperdir={},workdir={}", path_of(old).display(), upper.display(), work.display());
        let overlay = |options: &str| {
            mount(Some("overlay"), directory, Some("overlay"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some(options))
        };
        // In a user namespace an overlay keeps its notes in attributes of its owner's (Linux 5.11).
        overlay(&format!("{options},userxattr")).or_else(|_| overlay(&options))?;
        self.own(directory.to_owned());
        Ok(())
    }

    fn extend_by_binds(&mut self, directory: &Path, old: &OwnedFd) -> io::Result<()> {
        let new = self.next_in_store();
        fs::create_dir(&new)?;
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(Some("tmpfs"), &new, Some("tmpfs"), flags, Some("mode=0755"))?;
        let old = path_of(old);
        let mut entries = 0;
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            entries += 1;
            if entries > MOST_ENTRIES {
                return Err(io::Error::other(format!("it has more than {MOST_ENTRIES} entries")));
            }
            let (source, target) = (old.join(entry.file_name()), new.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
                continue;
            }
            if kind.is_dir() {
                fs::create_dir(&target)?;
            } else {
                write_new(&target, b"", 0o600)?;
            }
            bind_path(&source, &target)?;
        }
        let none: Option<&str> = None;
        mount(Some(&new), directory, none, MsFlags::MS_MOVE, none)?;
        if directory == Path::new("/") {
            // A root that is covered goes on being the root of whoever stands in it; entering the namespace anew leads
            // to the topmost one.
            setns(fs::File::open("/proc/thread-self/ns/mnt")?, CloneFlags::CLONE_NEWNS)?;
        }
        self.own(directory.to_owned());
        Ok(())
    }

    /// A path in the store that nobody has used.
    fn next_in_store(&mut self) -> PathBuf {
        self.stored += 1;
        path_of(&self.store).join(self.stored.to_string())
    }
}

/// Whether the calling thread's mount table has an entry beneath this directory.
fn has_mounts_beneath(directory: &Path) -> io::Result<bool> {
    let table = fs::read_to_string("/proc/thread-self/mountinfo")?;
    Ok(table
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .any(|point| unescaped(point) != directory && unescaped(point).starts_with(directory)))
}

/// The table writes spaces, tabs, line ends and backslashes as three octal digits.
fn unescaped(point: &str) -> PathBuf {
    let [space, tab, line, backslash] = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    [space, tab, line, backslash].iter().fold(point.to_owned(), |text, (from, to)| text.replace(from, to)).into()
}
