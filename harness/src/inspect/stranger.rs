//! Files that are none of what is read here, named so that their owner knows what to do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ber::Elements;
use super::{ParseError, der};

/// A file of another format that is known by its first bytes.
pub(super) fn by_magic(bytes: &[u8]) -> Option<ParseError> {
    let (found, remedy) = match bytes {
        [b'P', b'K', 3, 4, ..] => ("a ZIP archive", "take the file out of it first"),
        [0x1f, 0x8b, ..] => ("a gzip archive", "take the file out of it first"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'-', 0, b'-', 0, ..] | [0, b'-', 0, b'-', ..] => {
            ("text in UTF-16", "save it as ASCII or UTF-8 without a byte order mark")
        }
        // Version, then the length of the salt.
        [0, 0, 0, 1 | 2, 0, 0, 0, 20, ..] => {
            ("a store of Bouncy Castle (BKS)", "convert it to PKCS#12 with keytool -importkeystore")
        }
        _ => return None,
    };
    Some(ParseError::Stranger { found: found.to_owned(), remedy: Some(remedy) })
}

/// A file that has none of the known formats, by what it looks like.
pub(super) fn by_look(bytes: &[u8]) -> ParseError {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    if let Some(name) = bare_base64(text) {
        return ParseError::Stranger {
            found: format!("{name} in base64 without its BEGIN and END lines"),
            remedy: Some("put them around it, as in PEM"),
        };
    }
    let begins = |words: &[&str]| {
        words.iter().any(|word| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes())))
    };
    let (found, remedy) = if begins(&["<!doctype html", "<html"]) {
        ("a web page", Some("download the file itself"))
    } else if begins(&["ssh-", "ecdsa-sha2-", "PuTTY-User-Key-File"]) {
        ("a key for SSH", None)
    } else if begins(&["{", "["]) && is_text(text) {
        ("JSON", None)
    } else if is_text(text) {
        ("text without a PEM block", None)
    } else {
        let start: Vec<String> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        return ParseError::Stranger {
            found: format!("binary data that begins with {}", start.join(" ")),
            remedy: None,
        };
    };
    ParseError::Stranger { found: found.to_owned(), remedy }
}

/// What a text of nothing but base64 holds, if it is anything known.
fn bare_base64(text: &[u8]) -> Option<&'static str> {
    // 0x30 0x82 and so on.
    if !text.starts_with(b"M") {
        return None;
    }
    let dense: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = STANDARD.decode(dense).ok()?;
    let object = Elements::new(&decoded).next()?.ok()?;
    der::shape(&object).map(der::Shape::name)
}

fn is_text(bytes: &[u8]) -> bool {
    !bytes.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace())
        && std::str::from_utf8(bytes).is_ok()
}
