//! The structure of enveloped data (RFC 5652 section 6; PKCS#7, RFC 2315 section 10).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::ber::{Element, Elements};
use crate::observe::{Encoding, Enveloped, KeyTransport};

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;

/// id-envelopedData, 1.2.840.113549.1.7.3.
const ENVELOPED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3];
/// Bytes at the beginning in which its identifier stands, whatever form the length before it has.
const HEAD: usize = 20;

/// Object identifiers that rules speak of, in their encoding.
const NAMES: [(&[u8], &str); 12] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], "rsa-pkcs1"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 7], "rsa-oaep"),
    (&[0x2b, 0x0e, 3, 2, 0x1a], "sha-1"),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], "sha-256"),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2], "sha-384"),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3], "sha-512"),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2], "aes-128-cbc"),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x16], "aes-192-cbc"),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a], "aes-256-cbc"),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2e], "aes-256-gcm"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7], "des-ede3-cbc"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 2], "rc2-cbc"),
];

/// Enveloped data in hex, as Thales wants it; in base64 or PEM, as some libraries write it.
pub(super) fn read(text: &str) -> Option<Enveloped> {
    let (encoding, bytes) = decoded(text)?;
    let head = &bytes[..bytes.len().min(HEAD)];
    let is_enveloped = bytes.first() == Some(&SEQUENCE)
        && head.windows(ENVELOPED_DATA.len()).any(|window| window == ENVELOPED_DATA.as_slice());
    if !is_enveloped {
        return None;
    }
    let mut found = Enveloped { encoding, ..Enveloped::default() };
    if content_info(&bytes, &mut found).is_none() {
        found.fault = Some("it is cut short, or not built as RFC 5652 section 6 says".to_owned());
    }
    Some(found)
}

fn decoded(text: &str) -> Option<(Encoding, Vec<u8>)> {
    if let Some(body) = text.strip_prefix("-----BEGIN ") {
        let (_, body) = body.split_once("-----")?;
        let (body, _) = body.split_once("-----END")?;
        return Some((Encoding::Pem, base64(body)?));
    }
    if let Some(bytes) = hex(text) {
        return Some((Encoding::Hex, bytes));
    }
    // A sequence whose length takes a byte or more begins so in base64.
    text.starts_with('M').then(|| base64(text)).flatten().map(|bytes| (Encoding::Base64, bytes))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    let pairs = text.as_bytes().chunks_exact(2);
    (pairs.remainder().is_empty() && !text.is_empty()).then(|| pairs.map(pair).collect())?
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    let text = text.trim_end_matches('=');
    STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()
}

fn content_info(bytes: &[u8], found: &mut Enveloped) -> Option<()> {
    let mut inside = Elements(bytes).expect(SEQUENCE)?.inside();
    inside.expect(OID)?;
    let mut enveloped = inside.expect(CONTEXT_0)?.inside().expect(SEQUENCE)?.inside();
    enveloped.expect(INTEGER)?;
    // Certificates of the sender; may be absent.
    enveloped.expect(CONTEXT_0);
    for recipient in enveloped.expect(SET)?.inside() {
        found.recipients += 1;
        // Other kinds of recipients are tagged by context.
        if recipient.tag == SEQUENCE {
            found.transports.push(transport(&recipient)?);
        }
    }
    let mut content = enveloped.expect(SEQUENCE)?.inside();
    content.expect(OID)?;
    found.content_encryption = Some(algorithm(&content.expect(SEQUENCE)?)?.0);
    content.next().map(|_| ())
}

fn transport(recipient: &Element<'_>) -> Option<KeyTransport> {
    let mut inside = recipient.inside();
    inside.expect(INTEGER)?;
    // Who it is for: an issuer with a serial number, or a key's identifier.
    inside.next()?;
    let (name, parameters) = algorithm(&inside.expect(SEQUENCE)?)?;
    let key = inside.expect(OCTET_STRING)?;
    let (hash, mask_hash) = match name.as_str() {
        "rsa-oaep" => {
            let (hash, mask_hash) = oaep(parameters);
            (Some(hash), Some(mask_hash))
        }
        _ => (None, None),
    };
    let key_bits = u32::try_from(key.content.len() * 8).ok()?;
    Some(KeyTransport { algorithm: name, hash, mask_hash, key_bits })
}

/// The hashes of RSAES-OAEP-params (RFC 4055 section 4.1). What is absent is SHA-1.
fn oaep(parameters: Option<Element<'_>>) -> (String, String) {
    let sha1 = || "sha-1".to_owned();
    let Some(mut inside) = parameters.map(|parameters| parameters.inside()) else { return (sha1(), sha1()) };
    let hash = inside.expect(CONTEXT_0).and_then(named).map(|(name, _)| name);
    let mask = inside.expect(CONTEXT_1).and_then(named).and_then(|(_, hash)| algorithm(&hash?)).map(|(name, _)| name);
    (hash.unwrap_or_else(sha1), mask.unwrap_or_else(sha1))
}

/// The same of an AlgorithmIdentifier that stands in a tag of its own.
fn named(tagged: Element<'_>) -> Option<(String, Option<Element<'_>>)> {
    algorithm(&tagged.inside().expect(SEQUENCE)?)
}

/// Name and parameters of an AlgorithmIdentifier.
fn algorithm<'a>(identifier: &Element<'a>) -> Option<(String, Option<Element<'a>>)> {
    let mut inside = identifier.inside();
    let oid = inside.expect(OID)?.content;
    let name = NAMES.iter().find(|(known, _)| *known == oid).map(|(_, name)| (*name).to_owned());
    Some((name.unwrap_or_else(|| dotted(oid)), inside.next()))
}

/// An object identifier in numbers (X.690 section 8.19).
fn dotted(oid: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number: u64 = 0;
    for byte in oid {
        number = number.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            match numbers.is_empty() {
                true => numbers.extend([(number / 40).min(2), number - 40 * (number / 40).min(2)]),
                false => numbers.push(number),
            }
            number = 0;
        }
    }
    let words: Vec<_> = numbers.iter().take(16).map(ToString::to_string).collect();
    words.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_an_identifier() {
        assert_eq!(dotted(&ENVELOPED_DATA), "1.2.840.113549.1.7.3");
        assert_eq!(dotted(&[0x60, 0x86, 0x48]), "2.16.840");
        assert_eq!(dotted(&[]), "");
    }

    #[test]
    fn other_texts_are_none() {
        assert_eq!(read("3082"), None);
        assert_eq!(read("MIIB"), None);
        assert_eq!(read("4111111111111111"), None);
        assert_eq!(read("-----BEGIN CERTIFICATE-----"), None);
        assert_eq!(read(""), None);
        assert_eq!(read("ää"), None);
    }

    #[test]
    fn what_is_cut_short_is_told_so() {
        let found = read("308006092a864886f70d010703a0803080020100").expect("it begins as enveloped data");
        assert!(found.fault.is_some());
        assert_eq!((found.encoding, found.recipients), (Encoding::Hex, 0));
    }
}
