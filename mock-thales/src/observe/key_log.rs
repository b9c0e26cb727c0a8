//! Session secrets, for whoever reads a capture of the run: one line a secret in the format that Wireshark and others
//! read (NSS key log). They are no facts: they stand in a file of their own, which is made only where it is asked for.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A file of session secrets, shared by every connection of a run.
pub struct KeyLog {
    file: Mutex<File>,
    failed: Mutex<Option<io::Error>>,
}

impl KeyLog {
    /// Makes the file, open to its owner alone.
    ///
    /// # Errors
    /// The file exists (its rights, and who has it open, are not known), or cannot be made.
    pub fn create(path: &Path) -> io::Result<Arc<Self>> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Arc::new(Self { file: Mutex::new(file), failed: Mutex::default() }))
    }

    /// Adds a line, which ends as one: lines of two connections never mix.
    pub fn line(&self, line: &str) {
        let line = format!("{line}\n");
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    /// The first failure to write, once: a handshake does not end for it.
    pub fn take_failure(&self) -> Option<io::Error> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLog")
    }
}

impl rustls::KeyLog for KeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.line(&format!("{label} {} {}", hex(client_random), hex(secret)));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_the_owners_alone_and_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.log");
        let keys = KeyLog::create(&path).unwrap();
        rustls::KeyLog::log(&*keys, "CLIENT_RANDOM", &[0xab, 1], &[0, 0xff]);
        keys.line("CLIENT_RANDOM 02 03");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "CLIENT_RANDOM ab01 00ff\nCLIENT_RANDOM 02 03\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(KeyLog::create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(keys.take_failure().is_none());
    }
}
