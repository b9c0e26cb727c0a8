//! Files and bytes: the one place that reads from the disk, and the choice of the format.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::{Contents, ParseError, ReadError, ReadFault, der, jks, pem, stranger};

/// The most bytes of a file, 8 MiB; the system's own trust stores have less than one.
pub const LONGEST: usize = 8 << 20;

/// Reads a file. The password is a store's; an empty one is tried as "no password" too.
pub fn read(path: &Path, password: Option<&str>) -> Result<Contents, ReadError> {
    let faulty = |fault| ReadError { path: path.to_owned(), fault };
    let bytes = bytes(path).map_err(faulty)?;
    parse(&bytes, password).map_err(|error| faulty(ReadFault::Parse(error)))
}

/// Reads bytes into what they are. Takes bounded time and memory, whatever they say of themselves.
pub fn parse(bytes: &[u8], password: Option<&str>) -> Result<Contents, ParseError> {
    if bytes.len() > LONGEST {
        return Err(too_long());
    }
    if bytes.trim_ascii().is_empty() {
        return Err(ParseError::Empty);
    }
    if let Some(kind) = jks::kind(bytes) {
        return jks::parse(bytes, kind, password);
    }
    if let Some(stranger) = stranger::by_magic(bytes) {
        return Err(stranger);
    }
    let is_text = pem::is_likely(bytes);
    // "0" is the first byte of DER, too; a length that short is no certificate's.
    match bytes {
        [0x30, 0x80..=0xff, ..] => der::parse(bytes, password),
        _ if is_text => pem::parse(bytes),
        [0x30, ..] if bytes.contains(&0) => der::parse(bytes, password),
        _ => Err(stranger::by_look(bytes)),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, ReadFault> {
    let metadata = fs::metadata(path).map_err(ReadFault::Io)?;
    if metadata.is_dir() {
        return Err(ReadFault::Directory);
    }
    // A pipe or a device says no length.
    if metadata.len() > LONGEST as u64 {
        return Err(ReadFault::Parse(too_long()));
    }
    read_bounded(path).map_err(ReadFault::Io)
}

/// One byte more than is allowed tells a file that is too long.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn too_long() -> ParseError {
    ParseError::TooLong { most: LONGEST }
}
