//! Files of a world that a later one takes the place of, while programs may be reading them. Whoever opens a path finds
//! the former file whole or the later one whole: in a directory of the world's own by a rename, at a path of the machine
//! by another mount on top. Writing into the file that lies there would let a reader see half a key.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::mounts::{PORTAL, bind_path, write_new};
use super::place::{Placed, Way};
use crate::world::error::WorldError;
use crate::world::setup::{Asset, Setup};

/// Where the later files of mounts lie, in the world's own `/tmp`. They stay when later ones follow: nothing can be
/// mounted on a file that is gone.
const STORE: &str = "/tmp/.thales-renewed";

/// The placed files by the assets that lie there.
#[derive(Default)]
pub(super) struct Renewable {
    placed: Vec<(String, Way)>,
    stored: usize,
}

impl Renewable {
    pub(super) fn new(placed: Vec<Placed>, setup: &Setup) -> Self {
        let named = |placed: Placed| Some((setup.files.get(&placed.target)?.clone(), placed.way));
        Self { placed: placed.into_iter().filter_map(named).collect(), stored: 0 }
    }

    /// Replaces files in the portal directory and in directories of the world's own, and mounts the later ones in the
    /// calling thread's mount namespace. Returns the mounts, which every other namespace of the world needs as well.
    pub(super) fn replace(&mut self, assets: &[Asset]) -> Result<Mounts, WorldError> {
        let mut mounts = Vec::new();
        for asset in assets {
            asset.replace(&Path::new(PORTAL).join(&asset.name))?;
            for (_, way) in self.placed.iter().filter(|(name, _)| *name == asset.name) {
                match way {
                    Way::Made(path) => asset.replace(path)?,
                    Way::Mounted(path) => {
                        self.stored += 1;
                        mounts.push((store(asset, self.stored)?, path.clone()));
                    }
                }
            }
        }
        let mounts = Mounts(mounts);
        mounts.raise()?;
        Ok(mounts)
    }
}

fn store(asset: &Asset, number: usize) -> Result<PathBuf, WorldError> {
    let directory = Path::new(STORE);
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    created.map_err(WorldError::path("create", directory))?;
    let path = directory.join(number.to_string());
    write_new(&path, &asset.content, asset.mode()).map_err(WorldError::path("create", &path))?;
    Ok(path)
}

/// Files of the store, and the paths over which they are to be mounted.
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
