//! An authority for customers that outlives a process: kept in a directory that belongs to its owner.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use time::OffsetDateTime;

use super::leaf::random;
use super::{CustomerAuthority, Identity, PkiError, facts};

/// Key and certificate, for the owner alone. That it is there makes the directory an authority's.
const KEY: &str = "customer-authority.key";
/// The certificate alone, to be handed on.
const CERTIFICATE: &str = "customer-authority.pem";

impl CustomerAuthority {
    /// The authority of a directory, and whether it was made just now, together with the directory. Of two processes that
    /// make it at once, both get the same.
    ///
    /// # Errors
    /// The directory cannot be made, read or written, or holds something else under the authority's names.
    pub fn open(directory: &Path, now: OffsetDateTime) -> Result<(Self, bool), PkiError> {
        if let Some(found) = Self::load(directory)? {
            found.publish(directory)?;
            return Ok((found, false));
        }
        make_directory(directory).map_err(|error| failed(directory, &error))?;
        let made = Self::new(now)?;
        if made.save(directory)? {
            return Ok((made, true));
        }
        match Self::load(directory)? {
            Some(other) => Ok((other, false)),
            None => Err(failed(&directory.join(KEY), &io::Error::from(io::ErrorKind::NotFound))),
        }
    }

    /// The authority of a directory, if it holds one.
    ///
    /// # Errors
    /// It holds something else under the key's name.
    pub fn load(directory: &Path) -> Result<Option<Self>, PkiError> {
        let path = directory.join(KEY);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        };
        let wrong = |error: PkiError| PkiError::Directory { path: path.clone(), why: error.to_string() };
        let identity = Identity::from_pem(&text, &text).map_err(wrong)?;
        Self::from_parts(identity.key_pkcs8(), identity.leaf().clone()).map(Some).map_err(wrong)
    }

    /// Writes it into a directory that is there: the key readable by its owner only, whole or not at all. `false` where
    /// the directory already holds an authority, which stays.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn save(&self, directory: &Path) -> Result<bool, PkiError> {
        let path = directory.join(KEY);
        // Unlike a renaming, a link never replaces what is there.
        let named = draft(&path, self.key_and_certificate_pem().as_bytes(), 0o600, |draft| fs::hard_link(draft, &path));
        match named {
            Ok(()) => self.publish(directory).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    /// The files of an authority in a directory.
    pub(super) fn files(directory: &Path) -> [std::path::PathBuf; 2] {
        [directory.join(KEY), directory.join(CERTIFICATE)]
    }

    /// Writes the certificate beside the key, where it does not stand already.
    fn publish(&self, directory: &Path) -> Result<(), PkiError> {
        let (path, content) = (directory.join(CERTIFICATE), self.certificate_pem().into_bytes());
        if fs::read(&path).is_ok_and(|found| found == content) {
            return Ok(());
        }
        draft(&path, &content, 0o644, |draft| fs::rename(draft, &path)).map_err(|error| failed(&path, &error))
    }
}

/// Writes a file under another name, and has it named when it is whole.
pub(super) fn draft(
    path: &Path,
    content: &[u8],
    mode: u32,
    name: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let suffix = random::<8>().map_err(|error| io::Error::other(error.to_string()))?;
    let draft = path.with_extension(format!("{}.tmp", facts::hex(&suffix)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(&draft)?;
    let named = file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| name(&draft));
    // It is gone where it was renamed.
    let _ = fs::remove_file(&draft);
    named
}

/// For the owner alone, however open the directory above it is.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

pub(super) fn failed(path: &Path, error: &io::Error) -> PkiError {
    PkiError::Directory { path: path.to_owned(), why: error.to_string() }
}
