//! What whoever controls a standing counterpart has to show. It is never written anywhere but into the file of its owner.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The variable that may hold the token. A command line would show it to everybody on the machine.
pub const VARIABLE: &str = "THALES_CONTROL_TOKEN";

/// The token's file in the portal's directory.
const FILE: &str = "control-token";

/// Characters that cannot be guessed.
const SHORTEST: usize = 16;

/// A token of the control interface.
pub struct Token {
    text: String,
    /// Removed at the end.
    file: Option<PathBuf>,
}

impl Token {
    /// One that was given.
    ///
    /// # Errors
    /// It is too short, or nothing that a header carries.
    pub fn given(text: &str) -> Result<Self, TokenError> {
        if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Weak);
        }
        Ok(Self { text: text.to_owned(), file: None })
    }

    /// A random one, in a file of a directory that only its owner reads.
    ///
    /// # Errors
    /// The file cannot be written, or the system has no random numbers.
    pub fn made(directory: &Path) -> Result<Self, TokenError> {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| TokenError::Random)?;
        let text = URL_SAFE_NO_PAD.encode(bytes);
        let (path, draft) = (directory.join(FILE), directory.join(format!(".{FILE}.new")));
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.write_all(text.as_bytes())?;
            fs::rename(&draft, &path)
        };
        write().map_err(|error| TokenError::File { path: path.clone(), error })?;
        Ok(Self { text, file: Some(path) })
    }

    /// Where it was written.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether a header's value is the token (RFC 6750 section 2.1). The time that it takes says nothing of the token.
    pub(super) fn admits(&self, authorization: Option<&[u8]>) -> bool {
        let Some((scheme, shown)) = authorization.and_then(|value| value.split_at_checked(7)) else { return false };
        scheme.eq_ignore_ascii_case(b"bearer ")
            && aws_lc_rs::constant_time::verify_slices_are_equal(shown.trim_ascii(), self.text.as_bytes()).is_ok()
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            let _ = fs::remove_file(file);
        }
    }
}

/// Without the token.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Why there is no token.
#[derive(Debug)]
pub enum TokenError {
    /// The one that was given.
    Weak,
    /// The system has no random numbers.
    Random,
    /// Its file.
    File {
        /// Which.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weak => write!(f, "{VARIABLE} is no token: expected {SHORTEST} and more characters without spaces"),
            Self::Random => f.write_str("failed to draw random numbers from the system"),
            Self::File { path, error } => write!(f, "failed to write {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for TokenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_admitted() {
        let token = Token::given("0123456789abcdef").expect("long enough");
        assert!(token.admits(Some(b"Bearer 0123456789abcdef")));
        assert!(token.admits(Some(b"bearer 0123456789abcdef")));
        for wrong in [&b"Bearer 0123456789abcde"[..], b"Basic 0123456789abcdef", b"Bearer ", b"", b"0123456789abcdef"] {
            assert!(!token.admits(Some(wrong)), "{wrong:?}");
        }
        assert!(!token.admits(None));
        assert!(matches!(Token::given("short"), Err(TokenError::Weak)));
    }

    #[test]
    fn the_file_is_for_its_owner_and_goes_with_the_token() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let token = Token::made(directory.path()).expect("it can be written");
        let path = token.file().expect("it has a file").to_owned();
        let mode = fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        drop(token);
        assert!(!path.exists());
    }
}
