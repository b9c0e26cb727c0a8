//! The mounts of a world: a `/tmp` of its own with the portal directory, the directories that stay visible, the name
//! service's files, and what is masked. All of it lies on tmpfs in the world's mount namespace: it ends with the world,
//! however that ends, and leaves no key behind.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::Mode;

use super::nsswitch;
use super::place::{Placed, Placement, Places};
use crate::world::addresses::{CUSTOMER, THALES};
use crate::world::error::WorldError;
use crate::world::refusal::Step;
use crate::world::setup::Setup;

/// The directory of the assets, the same in every world.
pub(in crate::world) const PORTAL: &str = "/tmp/thales-portal";

const TMP: &str = "/tmp";

/// Directories whose sockets lead to name services outside: a path socket crosses network namespaces.
const MASKED: [&str; 3] = ["/run/nscd", "/var/run/nscd", "/run/systemd/resolve"];

/// Mounts everything in the calling thread's own mount namespace; returns the files of [`Setup::files`] as they lie.
pub(super) fn raise(setup: &Setup, current: &Path) -> Result<Vec<Placed>, WorldError> {
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).map_err(WorldError::step(Step::Mounts))?;
    let tmp = fs::canonicalize(TMP).map_err(WorldError::path("find", TMP))?;
    let kept = kept(&tmp, setup, current)?;
    let mut places = Places::new(tmpfs_handle(&tmp)?);
    own_tmp(&tmp, &kept, &mut places)?;
    for directory in MASKED {
        if let Ok(real) = fs::canonicalize(directory)
            && !places.is_ours(&real)
            && real.is_dir()
        {
            tmpfs(&real, "mode=0755")?;
            places.own(real);
        }
    }
    portal(setup)?;
    let mut placed = places.place(placements(setup))?;
    placed.retain(|placed| setup.files.contains_key(&placed.target));
    Ok(placed)
}

/// A directory under `/tmp` that stays visible, opened before it is covered.
struct Kept {
    path: PathBuf,
    handle: OwnedFd,
}

/// Without those that lie within another.
fn kept(tmp: &Path, setup: &Setup, current: &Path) -> Result<Vec<Kept>, WorldError> {
    let mut paths = Vec::new();
    for path in setup.keep.iter().map(PathBuf::as_path).chain([current]) {
        let real = fs::canonicalize(path).map_err(WorldError::path("find", path))?;
        if real.starts_with(tmp) {
            paths.push(real);
        }
    }
    paths.sort();
    paths.dedup_by(|later, earlier| later.starts_with(earlier));
    paths.into_iter().map(|path| Ok(Kept { handle: handle(&path)?, path })).collect()
}

/// Covers `/tmp`, and binds what is kept back to where it was.
fn own_tmp(tmp: &Path, kept: &[Kept], places: &mut Places) -> Result<(), WorldError> {
    if let [Kept { path, handle }] = kept
        && path == tmp
    {
        // `/tmp` itself is to stay visible: it is read through, and written in the world only.
        return places.extend_by_overlay(tmp, handle, 0o1777).map_err(WorldError::path("cover", tmp));
    }
    tmpfs(tmp, "mode=1777")?;
    places.own(tmp.to_owned());
    for Kept { path, handle } in kept {
        let mut made = tmp.to_owned();
        for part in path.strip_prefix(tmp).unwrap_or(path) {
            made.push(part);
            if !made.exists() {
                fs::create_dir(&made).map_err(WorldError::path("create", &made))?;
                places.own(made.clone());
            }
        }
        places.disown(path);
        bind(handle, path).map_err(WorldError::path("keep", path))?;
    }
    // A session may have a directory for temporary files of its own; programs expect it to exist.
    if let Some(directory) = std::env::var_os("TMPDIR").map(PathBuf::from)
        && directory.starts_with(tmp)
        && !directory.exists()
    {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(WorldError::path("create", &directory))?;
    }
    Ok(())
}

fn portal(setup: &Setup) -> Result<(), WorldError> {
    let portal = Path::new(PORTAL);
    fs::DirBuilder::new().mode(0o700).create(portal).map_err(WorldError::path("create", portal))?;
    for asset in &setup.assets {
        let path = portal.join(&asset.name);
        write_new(&path, &asset.content, asset.mode()).map_err(WorldError::path("create", &path))?;
    }
    Ok(())
}

fn placements(setup: &Setup) -> Vec<Placement> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut hosts = String::from("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
    // A server that binds to its machine's name must be where Thales dials.
    if !matches!(name.trim(), "" | "localhost") {
        hosts += &format!("{CUSTOMER} {}\n", name.trim());
    }
    for line in &setup.hosts {
        hosts += line;
        hosts.push('\n');
    }
    let switch = nsswitch::rewritten(&fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default());
    let names =
        [("/etc/resolv.conf", format!("nameserver {THALES}\n")), ("/etc/hosts", hosts), ("/etc/nsswitch.conf", switch)];
    let assets = setup.files.iter().filter_map(|(target, name)| {
        let asset = setup.assets.iter().find(|asset| asset.name == *name)?;
        Some(Placement { target: target.clone(), content: asset.content.clone(), mode: asset.mode() })
    });
    names
        .into_iter()
        .map(|(target, content)| Placement { target: target.into(), content: content.into(), mode: 0o644 })
        .chain(assets)
        .collect()
}

/// Mounts a tmpfs on a directory that will be covered, and returns a handle to it: it is the store of the world's files
/// and has no path.
fn tmpfs_handle(directory: &Path) -> Result<OwnedFd, WorldError> {
    tmpfs(directory, "mode=0755")?;
    handle(directory)
}

fn tmpfs(directory: &Path, options: &str) -> Result<(), WorldError> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), directory, Some("tmpfs"), flags, Some(options)).map_err(WorldError::step(Step::Mounts))
}

/// A handle that names a directory or file without opening it.
pub(super) fn handle(path: &Path) -> Result<OwnedFd, WorldError> {
    open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).map_err(|e| WorldError::path("open", path)(e.into()))
}

/// The path that leads to a handle, whatever is mounted over the way that it was opened by.
pub(super) fn path_of(handle: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/thread-self/fd/{}", handle.as_raw_fd()))
}

/// Binds what the handle names, and what is mounted beneath it, to a path.
pub(super) fn bind(source: &OwnedFd, target: &Path) -> io::Result<()> {
    bind_path(&path_of(source), target)
}

pub(super) fn bind_path(source: &Path, target: &Path) -> io::Result<()> {
    let none: Option<&str> = None;
    Ok(mount(Some(source), target, none, MsFlags::MS_BIND | MsFlags::MS_REC, none)?)
}

/// Writes a new file with exactly this mode.
pub(super) fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    // The mode of `open` is subject to the umask.
    file.set_permissions(fs::Permissions::from_mode(mode))
}
