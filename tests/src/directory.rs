//! A directory of one test's own, which ends with it, and the files that the test writes into it.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

/// A directory that ends with its test.
#[derive(Debug)]
pub struct Directory(TempDir);

impl Directory {
    /// A new one, empty.
    ///
    /// # Panics
    /// The machine has no place for it: the test cannot go on.
    #[must_use]
    pub fn make() -> Self {
        Self(tempfile::tempdir().expect("a place for temporary files"))
    }

    /// The path of a file in it, whether there is one or not, as the words of a command line take it.
    ///
    /// # Panics
    /// The place for temporary files has a name that is no UTF-8.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// Writes a file, with the directories that it stands in, and says its path.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = PathBuf::from(self.path(name));
        if let Some(above) = path.parent() {
            fs::create_dir_all(above).expect("a directory");
        }
        fs::write(&path, content).expect("a file");
        self.path(name)
    }
}
