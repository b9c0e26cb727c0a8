//! Files of a world that a later one takes the place of, while programs may be reading them. Whoever opens a path finds
//! the former file whole or the later one whole: in a directory of the world's own by a rename, at a path of the machine
//! by another mount on top. Writing into the file that lies there would let a reader see half a key.

use std::path::{Path, PathBuf};

use super::mounts::{PORTAL, bind_path};
use super::place::{Placed, Way};
use crate::world::error::WorldError;
use crate::world::setup::{Asset, Setup};

/// The placed files by the assets that lie there.
#[derive(Default)]
pub(super) struct Renewable(Vec<(String, Way)>);

impl Renewable {
    pub(super) fn new(placed: Vec<Placed>, setup: &Setup) -> Self {
        let named = |placed: Placed| Some((setup.files.get(&placed.target)?.clone(), placed.way));
        Self(placed.into_iter().filter_map(named).collect())
    }

    /// Replaces files in the portal directory and in directories of the world's own, and mounts the later ones in the
    /// calling thread's mount namespace. Returns the mounts, which every other namespace of the world needs as well.
    pub(super) fn replace(&self, assets: &[Asset]) -> Result<Mounts, WorldError> {
        let mut mounts = Vec::new();
        for asset in assets {
            let source = Path::new(PORTAL).join(&asset.name);
            asset.replace(&source)?;
            for (_, way) in self.0.iter().filter(|(name, _)| *name == asset.name) {
                match way {
                    Way::Made(path) => asset.replace(path)?,
                    Way::Mounted(path) => mounts.push((source.clone(), path.clone())),
                }
            }
        }
        let mounts = Mounts(mounts);
        mounts.raise()?;
        Ok(mounts)
    }
}

/// Files of the portal directory, and the paths over which they are to be mounted.
#[derive(Debug)]
pub(super) struct Mounts(Vec<(PathBuf, PathBuf)>);

impl Mounts {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Mounts them in the calling thread's mount namespace.
    pub(super) fn raise(&self) -> Result<(), WorldError> {
        for (source, target) in &self.0 {
            bind_path(source, target).map_err(WorldError::path("cover", target))?;
        }
        Ok(())
    }
}
