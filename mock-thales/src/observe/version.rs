//! A version of TLS by its number on the wire, and as people write it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A TLS version by its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsVersion(pub u16);

impl TlsVersion {
    /// SSL 3.0.
    pub const SSL_3: Self = Self(0x0300);
    /// TLS 1.0 (RFC 2246).
    pub const V1_0: Self = Self(0x0301);
    /// TLS 1.1 (RFC 4346).
    pub const V1_1: Self = Self(0x0302);
    /// TLS 1.2 (RFC 5246).
    pub const V1_2: Self = Self(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const V1_3: Self = Self(0x0304);

    /// Older than TLS 1.2.
    pub fn is_legacy(self) -> bool {
        self < Self::V1_2
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SSL_3 => f.write_str("SSL 3.0"),
            Self::V1_0 => f.write_str("TLS 1.0"),
            Self::V1_1 => f.write_str("TLS 1.1"),
            Self::V1_2 => f.write_str("TLS 1.2"),
            Self::V1_3 => f.write_str("TLS 1.3"),
            Self(other) => write!(f, "TLS {other:#06x}"),
        }
    }
}

/// In files: `"1.0"` to `"1.3"`.
impl Serialize for TlsVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::V1_0 => serializer.serialize_str("1.0"),
            Self::V1_1 => serializer.serialize_str("1.1"),
            Self::V1_2 => serializer.serialize_str("1.2"),
            Self::V1_3 => serializer.serialize_str("1.3"),
            Self(other) => serializer.serialize_str(&format!("{other:#06x}")),
        }
    }
}

impl<'de> Deserialize<'de> for TlsVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "1.0" => Ok(Self::V1_0),
            "1.1" => Ok(Self::V1_1),
            "1.2" => Ok(Self::V1_2),
            "1.3" => Ok(Self::V1_3),
            other => {
                other.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok()).map(Self).ok_or_else(|| {
                    serde::de::Error::custom(format!("`{other}` is no TLS version, expected 1.0, 1.1, 1.2 or 1.3"))
                })
            }
        }
    }
}
