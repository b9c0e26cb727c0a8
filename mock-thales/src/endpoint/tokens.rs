//! Access tokens of one scenario: random, known to all its endpoints for as long as they live, and forgotten on demand.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::assertion::AssertionKey;
use crate::observe::TokenState;

/// Bytes of a token: too many to be guessed.
const TOKEN_LENGTH: usize = 32;
/// Bytes of a digest in the log: enough to tell the values of a log apart.
const DIGEST_LENGTH: usize = 8;

/// The tokens that the endpoints of a scenario share, and the key that their assertions are to be signed with.
pub struct Tokens {
    key: Option<AssertionKey>,
    /// Never recorded: without it nobody finds a value by trying digests.
    salt: [u8; 16],
    issued: Mutex<HashMap<String, Issued>>,
}

struct Issued {
    until: Instant,
    forgotten: bool,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("key", &self.key.is_some()).finish_non_exhaustive()
    }
}

impl Tokens {
    /// None yet. With a `key`, only assertions that it verifies are answered with a token.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(key: Option<AssertionKey>) -> Result<Arc<Self>, RandomError> {
        let mut salt = [0; 16];
        aws_lc_rs::rand::fill(&mut salt).map_err(|_| RandomError)?;
        Ok(Arc::new(Self { key, salt, issued: Mutex::default() }))
    }

    /// Those of a scenario that follows another one, to a caller that has gone on meanwhile: what was issued then was
    /// issued, and is not known any more. Digests are others.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn after(former: &Self) -> Result<Arc<Self>, RandomError> {
        let tokens = Self::new(former.key.clone())?;
        for (token, issued) in former.lock().iter() {
            tokens.lock().insert(token.clone(), Issued { forgotten: true, ..*issued });
        }
        Ok(tokens)
    }

    /// Knows none of the tokens that were issued so far any more.
    pub fn forget(&self) {
        for issued in self.lock().values_mut() {
            issued.forgotten = true;
        }
    }

    /// A new token, and its digest.
    pub(super) fn issue(&self, lifetime: Duration) -> Result<(String, String), RandomError> {
        let mut bytes = [0; TOKEN_LENGTH];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| RandomError)?;
        let token = URL_SAFE_NO_PAD.encode(bytes);
        self.lock().insert(token.clone(), Issued { until: Instant::now() + lifetime, forgotten: false });
        let digest = self.digest(token.as_bytes());
        Ok((token, digest))
    }

    /// What is known of a token.
    pub(super) fn state(&self, token: &str) -> TokenState {
        match self.lock().get(token) {
            None => TokenState::Unknown,
            Some(issued) if issued.until <= Instant::now() => TokenState::Expired,
            Some(Issued { forgotten: true, .. }) => TokenState::Forgotten,
            Some(_) => TokenState::Known,
        }
    }

    /// The key of assertions.
    pub(super) fn key(&self) -> Option<&AssertionKey> {
        self.key.as_ref()
    }

    /// A digest that is the same for the same value, in this scenario only.
    pub(super) fn digest(&self, value: &[u8]) -> String {
        let digest = Sha256::new().chain_update(self.salt).chain_update(value).finalize();
        digest.iter().take(DIGEST_LENGTH).map(|byte| format!("{byte:02x}")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Issued>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The system has no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomError;

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("draw random numbers from the system")
    }
}

impl std::error::Error for RandomError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_until_its_end_or_until_it_is_forgotten() {
        let tokens = Tokens::new(None).expect("random numbers");
        let (good, digest) = tokens.issue(Duration::from_secs(900)).expect("random numbers");
        let (ended, _) = tokens.issue(Duration::ZERO).expect("random numbers");
        assert_eq!(tokens.state(&good), TokenState::Known);
        assert_eq!(tokens.state(&ended), TokenState::Expired);
        assert_eq!(tokens.state("made-up"), TokenState::Unknown);
        assert_eq!(tokens.digest(good.as_bytes()), digest);
        tokens.forget();
        let (fresh, _) = tokens.issue(Duration::from_secs(900)).expect("random numbers");
        assert_eq!(tokens.state(&good), TokenState::Forgotten);
        assert_eq!(tokens.state(&ended), TokenState::Expired);
        assert_eq!(tokens.state(&fresh), TokenState::Known);
    }

    #[test]
    fn a_later_scenario_has_forgotten_what_an_earlier_one_issued() {
        let former = Tokens::new(None).expect("random numbers");
        let (token, digest) = former.issue(Duration::from_secs(900)).expect("random numbers");
        let later = Tokens::after(&former).expect("random numbers");
        assert_eq!(later.state(&token), TokenState::Forgotten);
        assert_eq!(former.state(&token), TokenState::Known);
        assert_ne!(later.digest(token.as_bytes()), digest);
    }

    #[test]
    fn a_digest_tells_nothing_in_another_scenario() {
        let (one, other) = (Tokens::new(None).expect("random"), Tokens::new(None).expect("random"));
        assert_eq!(one.digest(b"4111111111111111"), one.digest(b"4111111111111111"));
        assert_ne!(one.digest(b"4111111111111111"), other.digest(b"4111111111111111"));
    }
}
