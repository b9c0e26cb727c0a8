//! What a world is to hold when it opens: the assets of onboarding, the paths where Production expects them, the
//! directories that stay visible. What the assets are for is the portal's business.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::error::WorldError;

/// One file of the portal directory, under the name that the portal gives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Asset {
    /// The file's name, which is also the variable's.
    pub name: String,
    /// The file's bytes.
    pub content: Vec<u8>,
    /// A key or a password: readable by its owner only (mode 0600 instead of 0644), and never printed.
    pub secret: bool,
}

impl Asset {
    /// The file's mode.
    pub(super) fn mode(&self) -> u32 {
        if self.secret { 0o600 } else { 0o644 }
    }

    /// Puts the asset in the place of the file at a path, in one step: whoever opens the path finds the former file
    /// whole or this one whole.
    pub(super) fn replace(&self, path: &Path) -> Result<(), WorldError> {
        let mut name = OsString::from(".renewed-");
        name.push(path.file_name().unwrap_or_default());
        let beside = path.with_file_name(name);
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(self.mode()).open(&beside)?;
            file.write_all(&self.content)?;
            // The mode of `open` is subject to the umask.
            file.set_permissions(fs::Permissions::from_mode(self.mode()))?;
            fs::rename(&beside, path)
        };
        write().map_err(WorldError::path("replace", path))
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asset")
            .field("name", &self.name)
            .field("bytes", &self.content.len())
            .field("secret", &self.secret)
            .finish()
    }
}

/// What a world holds from its first moment.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The files of the portal directory.
    pub assets: Vec<Asset>,
    /// Absolute path, as Production uses it → name of the asset that lies there. A private network only; see
    /// [`unplaced`](super::World::unplaced).
    pub files: BTreeMap<PathBuf, String>,
    /// Directories that stay visible although they lie under `/tmp`: the integration's own, those of its programs. The
    /// process's current directory is kept unasked.
    pub keep: Vec<PathBuf>,
    /// Further lines of the customer's `/etc/hosts`, without line ends. A private network only.
    pub hosts: Vec<String>,
    /// Addresses that outlive the world. A shared network only.
    pub standing: Option<Standing>,
    /// Only threads of this process are to come in, and no command. Such a world has no process of its own: no PID
    /// namespace and no process group, which are forks of this process and cost it a copy of every page that it writes
    /// while they live. Whoever starts a command all the same has them made then, and is told then of a refusal.
    pub threads_only: bool,
}

/// What stands for longer than a world, so that who runs already finds it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where the one endpoint listens, whatever address is published.
    pub listen: SocketAddr,
    /// Where it is reached.
    pub address: Ipv4Addr,
    /// Where the name server listens.
    pub name_server: SocketAddr,
}
