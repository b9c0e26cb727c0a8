//! Distinguished names: as strings (RFC 4514) and in DER.

use std::fmt::Write as _;

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::PkiError;
use super::der::element;
use crate::observe::CertificateDer;

/// The subject of a certificate in DER.
pub fn subject_der(certificate: &CertificateDer) -> Result<Vec<u8>, PkiError> {
    Ok(parse(certificate)?.subject().as_raw().to_vec())
}

/// The subject of a certificate signing request in DER.
pub fn request_subject_der(request: &[u8]) -> Result<Vec<u8>, PkiError> {
    match X509CertificationRequest::from_der(request) {
        Ok((_, request)) => Ok(request.certification_request_info.subject.as_raw().to_vec()),
        Err(error) => Err(PkiError::Request { why: error.to_string() }),
    }
}

/// The issuer of a certificate in DER.
pub fn issuer_der(certificate: &CertificateDer) -> Result<Vec<u8>, PkiError> {
    Ok(parse(certificate)?.issuer().as_raw().to_vec())
}

/// A distinguished name in DER as an RFC 4514 string: last part first, types without a short name as numbers.
pub fn rfc4514(name_der: &[u8]) -> Result<String, PkiError> {
    match X509Name::from_der(name_der) {
        Ok(([], name)) => Ok(text(&name)),
        Ok(_) => Err(PkiError::Certificate { why: "bytes follow a distinguished name".to_owned() }),
        Err(error) => Err(PkiError::Certificate { why: format!("no distinguished name: {error}") }),
    }
}

/// One certificate and nothing after it.
pub(super) fn parse(certificate: &CertificateDer) -> Result<X509Certificate<'_>, PkiError> {
    match X509Certificate::from_der(&certificate.0) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(PkiError::Certificate { why: "bytes follow it".to_owned() }),
        Err(error) => Err(PkiError::Certificate { why: error.to_string() }),
    }
}

/// A parsed name as an RFC 4514 string.
pub(super) fn text(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> =
        name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    parts.join(",")
}

/// A parsed name's attributes in the order of the DN: short name or dotted number, and text; what is no text comes in
/// hexadecimal.
pub(super) fn parts(name: &X509Name<'_>) -> Vec<(String, String)> {
    name.iter_attributes()
        .map(|attribute| {
            let oid = attribute.attr_type().to_id_string();
            let value = attribute.attr_value();
            (short(&oid).map_or(oid.clone(), str::to_owned), string(value).unwrap_or_else(|| hexadecimal(value)))
        })
        .collect()
}

/// The text of a string value, whatever its encoding; `None` where it is no string or badly encoded.
pub(super) fn string(value: &Any<'_>) -> Option<String> {
    let data = value.data;
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            String::from_utf8(data.to_vec()).ok()
        }
        // In practice Latin-1, whatever T.61 says.
        Tag::T61String => Some(data.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (pairs, []) = data.as_chunks::<2>() else { return None };
            let units: Vec<u16> = pairs.iter().copied().map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok()
        }
        Tag::UniversalString => {
            let (words, []) = data.as_chunks::<4>() else { return None };
            words.iter().copied().map(|word| char::from_u32(u32::from_be_bytes(word))).collect()
        }
        _ => None,
    }
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let value = attribute.attr_value();
    let Some(short) = short(&oid) else { return format!("{oid}={}", hexadecimal(value)) };
    match string(value) {
        Some(text) => format!("{short}={}", escaped(&text)),
        None => format!("{short}={}", hexadecimal(value)),
    }
}

/// The table of RFC 4514 section 3.
fn short(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.6" => "C",
        "2.5.4.9" => "STREET",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        _ => return None,
    })
}

/// RFC 4514 section 2.4. Control characters are escaped too, since these strings go into reports.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (position, character) in text.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => escaped.extend(['\\', character]),
            '#' if position == 0 => escaped.push_str("\\#"),
            ' ' if position == 0 || position == last => escaped.push_str("\\ "),
            _ if character.is_control() => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    // Writing to a string does not fail.
                    let _ = write!(escaped, "\\{byte:02x}");
                }
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// `#` and the value's DER in hexadecimal (RFC 4514 section 2.4).
fn hexadecimal(value: &Any<'_>) -> String {
    let constructed = if value.header.is_constructed() { 0x20 } else { 0 };
    // Attribute values are of universal types, whose numbers fit into five bits.
    let tag = u8::try_from(value.tag().0 & 0x1f).unwrap_or(0) | constructed;
    element(tag, value.data).iter().fold("#".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};

    use super::*;

    fn subject(parts: &[(DnType, DnValue)]) -> String {
        let mut name = DistinguishedName::new();
        for (kind, value) in parts {
            name.push(kind.clone(), value.clone());
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = name;
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        rfc4514(&subject_der(&CertificateDer(certificate.der().to_vec())).expect("a subject")).expect("a name")
    }

    #[test]
    fn last_part_comes_first_and_special_characters_are_escaped() {
        let text = subject(&[
            (DnType::CountryName, DnValue::PrintableString("FR".try_into().expect("printable"))),
            (DnType::OrganizationName, "A, B + C".into()),
            (DnType::CommonName, " #x\\/y\u{7}é ".into()),
        ]);
        assert_eq!(text, "CN=\\ #x\\\\/y\\07é\\ ,O=A\\, B \\+ C,C=FR");
    }

    #[test]
    fn types_without_short_name_are_written_as_numbers() {
        let email = DnType::CustomDnType(vec![1, 2, 840, 113549, 1, 9, 1]);
        let value = DnValue::Ia5String("a@b".try_into().expect("ascii"));
        assert_eq!(subject(&[(email, value)]), "1.2.840.113549.1.9.1=#1603614062");
    }

    #[test]
    fn wide_strings_are_read_as_text() {
        let value = DnValue::BmpString("é1".try_into().expect("in the basic plane"));
        assert_eq!(subject(&[(DnType::CommonName, value)]), "CN=é1");
    }

    #[test]
    fn what_is_no_name_is_an_error() {
        assert!(rfc4514(&[]).is_err());
        assert!(rfc4514(&[0x30, 0x00, 0x00]).is_err());
        assert_eq!(rfc4514(&[0x30, 0x00]), Ok(String::new()));
    }
}
