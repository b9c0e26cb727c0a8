//! Services of an integration: programs that a caller and a receiver share, as the table `[[service]]` says, and what
//! makes a running one call Thales.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::Millis;

/// A program that runs as long as it is needed, named by a caller, a receiver or both.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServiceKeys {
    /// Its name.
    pub name: String,
    /// The command that starts it; none where it runs already.
    #[serde(default)]
    pub command: Vec<String>,
    /// It runs already, and is neither started nor ended.
    #[serde(default)]
    pub running: bool,
    /// What says that it is ready.
    #[serde(default)]
    pub ready: Ready,
    /// Longest time until it is ready.
    #[serde(default = "default_within")]
    pub within: Millis,
    /// How long it lives.
    #[serde(default)]
    pub keep: Keep,
}

fn default_within() -> Millis {
    Millis(30_000)
}

/// What says that a service is ready.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ready {
    /// It listens where it is to be asked: as a caller on its trigger's port, as a receiver on the one that Thales calls.
    #[default]
    Listening,
    /// This page answers with a status of 200 to 299 as well.
    Page(LocalUrl),
}

impl<'de> Deserialize<'de> for Ready {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        if word == "listening" {
            return Ok(Self::Listening);
        }
        word.parse().map(Self::Page).map_err(|error| {
            serde::de::Error::custom(format_args!("{error}; where no page tells, `ready` is \"listening\""))
        })
    }
}

/// How long a service lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// As long as one scenario.
    #[default]
    Scenario,
    /// As long as the run.
    Run,
}

/// What makes a running service call Thales.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A request to the service itself.
    Http(TriggerRequest),
    /// A command beside the service.
    Command(Vec<String>),
}

/// A request without a body, written `POST http://127.0.0.1:8081/refresh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerRequest {
    /// The method.
    pub method: String,
    /// Where it goes.
    pub url: LocalUrl,
}

/// A page of the customer's own side, on 127.0.0.1 and without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalUrl {
    /// The port.
    pub port: u16,
    /// Path and query, with their slash.
    pub path: String,
}

/// Why a word is no URL or request of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalUrlError {
    word: String,
    expected: &'static str,
}

impl fmt::Display for LocalUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.word, self.expected)
    }
}

impl std::error::Error for LocalUrlError {}

impl FromStr for LocalUrl {
    type Err = LocalUrlError;

    fn from_str(word: &str) -> Result<Self, LocalUrlError> {
        let parsed = || {
            let rest = word.strip_prefix("http://127.0.0.1").or_else(|| word.strip_prefix("http://localhost"))?;
            let (port, path) = match rest.split_once('/') {
                Some((port, path)) => (port, format!("/{path}")),
                None => (rest, "/".to_owned()),
            };
            let port = match port.strip_prefix(':') {
                Some(digits) => digits.parse().ok().filter(|port| *port != 0)?,
                None if port.is_empty() => 80,
                None => return None,
            };
            // What could end the line of a request, or never leaves a client.
            path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#').then_some(Self { port, path })
        };
        let expected = "a page of the service itself such as `http://127.0.0.1:8081/health`";
        parsed().ok_or_else(|| LocalUrlError { word: word.to_owned(), expected })
    }
}

impl fmt::Display for LocalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://127.0.0.1:{}{}", self.port, self.path)
    }
}

impl FromStr for TriggerRequest {
    type Err = LocalUrlError;

    fn from_str(word: &str) -> Result<Self, LocalUrlError> {
        let expected = "a method and a page of the service itself such as `POST http://127.0.0.1:8081/refresh`";
        let parsed = || {
            let (method, url) = word.split_once(' ')?;
            let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
            is_method.then(|| url.trim_start().parse().ok()).flatten().map(|url| (method.to_owned(), url))
        };
        let (method, url) = parsed().ok_or_else(|| LocalUrlError { word: word.to_owned(), expected })?;
        Ok(Self { method, url })
    }
}

impl<'de> Deserialize<'de> for TriggerRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_service_itself_are_read() {
        let read = |word: &str| word.parse::<LocalUrl>().map(|url| (url.port, url.path));
        assert_eq!(read("http://127.0.0.1:8081/a?b=c"), Ok((8081, "/a?b=c".to_owned())));
        assert_eq!(read("http://localhost:8081"), Ok((8081, "/".to_owned())));
        assert_eq!(read("http://127.0.0.1/health"), Ok((80, "/health".to_owned())));
        let wrong = ["https://127.0.0.1:8081/", "http://10.0.0.1/", "http://127.0.0.1:0/", "http://127.0.0.1.example/"];
        let forged = ["http://127.0.0.1:80/a b", "http://127.0.0.1:80/a\r\nHost:", "http://127.0.0.1:99999/", ""];
        for word in wrong.into_iter().chain(forged) {
            assert!(read(word).is_err(), "{word}");
        }
    }

    #[test]
    fn a_trigger_is_a_method_and_a_page() {
        let read = |word: &str| word.parse::<TriggerRequest>().map(|request| (request.method, request.url.port));
        assert_eq!(read("POST http://127.0.0.1:8081/refresh"), Ok(("POST".to_owned(), 8081)));
        for word in ["http://127.0.0.1:8081/refresh", "post http://127.0.0.1/", "POST", "POST https://127.0.0.1/"] {
            assert!(read(word).is_err(), "{word}");
        }
    }
}
