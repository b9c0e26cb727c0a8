//! Names and spans of time, checked where they enter.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a word is no such name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    word: String,
    expected: &'static str,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.word, self.expected)
    }
}

impl std::error::Error for NameError {}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(word: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(word) {
                    Ok(Self(word.to_owned()))
                } else {
                    Err(NameError { word: word.to_owned(), expected: $expected })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// `TSH-IN-02`.
    RequirementId,
    "a requirement id such as `TSH-IN-02`",
    |word| !word.is_empty() && word.contains('-') && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
);
name!(
    /// `inbound.tls-version`: what a requirement is about, whatever the product.
    Topic,
    "a topic such as `inbound.tls-version`",
    |word| word.contains('.') && word.split('.').all(is_label)
);
name!(
    /// `inbound/tls-1.1`: path of the scenario's file below `scenarios/`, without its ending.
    ScenarioId,
    "a scenario id such as `inbound/tls-1.1`",
    |word| word.contains('/') && word.split('/').all(|part| part.split('.').all(is_label))
);
name!(
    /// `main`, `old`: an endpoint of a scenario.
    EndpointName,
    "an endpoint's name in lower case",
    is_label
);

fn is_label(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A host with its port, written `issuer.acme.example:443`; 443 where no port is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// The host in lower case.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl FromStr for HostPort {
    type Err = NameError;

    fn from_str(word: &str) -> Result<Self, NameError> {
        let wrong =
            || NameError { word: word.to_owned(), expected: "a host with a port such as `issuer.acme.example:443`" };
        let (host, port) = match word.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (word, 443),
        };
        let is_name =
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        if is_name { Ok(Self { host: host.to_ascii_lowercase(), port }) } else { Err(wrong()) }
    }
}

impl<'de> Deserialize<'de> for HostPort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A span of time, written `250ms`, `9s`, `2m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Millis {
    /// As the standard library's duration.
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl FromStr for Millis {
    type Err = NameError;

    fn from_str(word: &str) -> Result<Self, NameError> {
        let digits = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = match &word[digits.len()..] {
            "ms" => Some(1),
            "s" => Some(1000),
            "m" => Some(60_000),
            _ => None,
        };
        unit.and_then(|unit| digits.parse::<u64>().ok()?.checked_mul(unit)).map(Self).ok_or_else(|| NameError {
            word: word.to_owned(),
            expected: "a span of time such as `250ms`, `9s` or `2m`",
        })
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1000) { write!(f, "{}s", self.0 / 1000) } else { write!(f, "{}ms", self.0) }
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!("TSH-IN-02".parse::<RequirementId>().is_ok());
        assert!("TSHIN02".parse::<RequirementId>().is_err());
        assert!("inbound.tls-version".parse::<Topic>().is_ok());
        assert!("inbound".parse::<Topic>().is_err());
        assert!("inbound/tls-1.1".parse::<ScenarioId>().is_ok());
        assert!("../inbound".parse::<ScenarioId>().is_err());
        assert_eq!("250ms".parse(), Ok(Millis(250)));
        assert_eq!("9s".parse(), Ok(Millis(9000)));
        assert!("9".parse::<Millis>().is_err());
        assert!("-1s".parse::<Millis>().is_err());
    }
}
