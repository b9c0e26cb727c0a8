//! What Thales' client says of itself above TLS to a receiver that asks for it: an API key, or an access token. The
//! secrets come from a file or a variable, and are shown to nobody but the receiver.

use std::fmt;
use std::path::Path;

use super::from_file::SubjectError;
use crate::model::{Receiver, SecretWord};

/// A secret. It has no form that could be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret of that value.
    pub fn new(value: &str) -> Self {
        Self(value.to_owned())
    }

    /// Its value, for the request that it belongs to.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a receiver wants to hear from Thales beside its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// `authorization: APIKEY …` with every request.
    ApiKey(Secret),
    /// A Bearer token with every request, from the receiver's own token endpoint.
    OAuth {
        /// Its path.
        token_path: String,
        /// The identifier that the receiver gave Thales.
        client_id: String,
        /// The secret that belongs to it.
        client_secret: Secret,
        /// The scope that is asked for.
        scope: Option<String>,
    },
}

impl Access {
    /// What the integration file says of a receiver; secrets are read now. The loader has refused both at once.
    pub(super) fn read(receiver: &Receiver, dir: &Path) -> Result<Option<Self>, SubjectError> {
        if let Some(word) = &receiver.api_key {
            return Ok(Some(Self::ApiKey(secret(word, &receiver.name, dir)?)));
        }
        let Some(oauth) = &receiver.oauth else { return Ok(None) };
        Ok(Some(Self::OAuth {
            token_path: oauth.token_path.clone(),
            client_id: oauth.client_id.clone(),
            client_secret: secret(&oauth.client_secret, &receiver.name, dir)?,
            scope: oauth.scope.clone(),
        }))
    }
}

fn secret(word: &SecretWord, receiver: &str, dir: &Path) -> Result<Secret, SubjectError> {
    let (place, value) = match word {
        SecretWord::Env(name) => (format!("the variable {name}"), std::env::var(name).ok()),
        SecretWord::File(path) => {
            let path = dir.join(path);
            let value = std::fs::read_to_string(&path)
                .map_err(|error| SubjectError::Unreadable { path: path.clone(), error })?;
            (path.display().to_string(), Some(value))
        }
    };
    // What stands there is to go into a header field.
    let is_sound = |value: &&str| !value.is_empty() && value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let value = value.as_deref().map(str::trim_end).filter(is_sound).map(Secret::new);
    value.ok_or_else(|| SubjectError::NoSecret { receiver: receiver.to_owned(), place })
}
