//! Objects in DER: what they are, by their outer structure, and what they hold.

use mock_thales::observe::CertificateDer;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::nom;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::ber::{BIT_STRING, CONTEXT_0, Element, Elements, Fault, INTEGER, OCTET_STRING, OID, SEQUENCE};
use super::{Contents, Entry, KeyEncoding, Kind, ParseError, Remark, key, pkcs7, pkcs12};

/// Entries of one file, beyond which no store goes.
pub(super) const MOST_ENTRIES: usize = 10_000;

/// UTCTime and GeneralizedTime, with which a revocation list goes on where a request does not.
const TIMES: [u8; 2] = [0x17, 0x18];

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Certificate,
    Request,
    RevocationList,
    Pkcs7,
    Pkcs12,
    PrivateKey(KeyEncoding),
    EncryptedPrivateKey,
    PublicKey,
    Pkcs1PublicKey,
    BouncyCastle,
}

/// A file of one object, or of several in a row.
pub(super) fn parse(bytes: &[u8], password: Option<&str>) -> Result<Contents, ParseError> {
    let mut elements = Elements::new(bytes);
    let first = elements.expect(SEQUENCE).map_err(|fault| match fault {
        Fault::CutShort { said, there } => ParseError::CutShort { what: "DER", said, there },
        Fault::Malformed(why) => damaged(why),
    })?;
    let shape = shape(&first).ok_or_else(|| ParseError::Stranger {
        found: "DER of an unknown structure".to_owned(),
        remedy: Some("expected a certificate, a request, a key, PKCS#7 or PKCS#12"),
    })?;
    let mut contents = match shape {
        Shape::Pkcs12 => pkcs12::parse(&first, password)?,
        Shape::Pkcs7 => Contents { kind: Kind::Pkcs7, entries: pkcs7::entries(&first)?, remarks: Vec::new() },
        _ => Contents { kind: Kind::Der, entries: vec![entry(shape, first.whole, "the file")?], remarks: Vec::new() },
    };
    let mut rest = elements.rest();
    // Some tools write a bundle as certificates in a row.
    while let Some(Ok(next)) = elements.next() {
        if contents.kind != Kind::Der || self::shape(&next) != Some(Shape::Certificate) {
            break;
        }
        contents.entries.push(entry(Shape::Certificate, next.whole, "behind the first object")?);
        bounded(&contents.entries, contents.kind)?;
        rest = elements.rest();
    }
    if !rest.is_empty() {
        contents.remarks.push(Remark::BytesAfter { count: rest.len() });
    }
    Ok(contents)
}

/// What an object is, by its outer structure; `None` where it is nothing known.
pub(super) fn shape(object: &Element<'_>) -> Option<Shape> {
    let tags = tags(object);
    match tags.as_slice() {
        [SEQUENCE, SEQUENCE, BIT_STRING] => {
            let inner = self::tags(&object.inside().next()?.ok()?);
            match inner.as_slice() {
                [INTEGER, SEQUENCE, SEQUENCE] | [INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0] => Some(Shape::Request),
                [INTEGER, SEQUENCE, SEQUENCE, time, ..] | [SEQUENCE, SEQUENCE, time, ..] if TIMES.contains(time) => {
                    Some(Shape::RevocationList)
                }
                [CONTEXT_0, INTEGER, SEQUENCE, ..] | [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, ..] => {
                    Some(Shape::Certificate)
                }
                _ => None,
            }
        }
        [OID, CONTEXT_0] => Some(Shape::Pkcs7),
        [INTEGER, SEQUENCE] | [INTEGER, SEQUENCE, SEQUENCE] => Some(Shape::Pkcs12),
        [INTEGER, SEQUENCE, OCTET_STRING, ..] => Some(Shape::PrivateKey(KeyEncoding::Pkcs8)),
        [INTEGER, OCTET_STRING, ..] => Some(Shape::PrivateKey(KeyEncoding::Sec1)),
        [INTEGER, INTEGER] => Some(Shape::Pkcs1PublicKey),
        tags if tags == [INTEGER; 9] => Some(Shape::PrivateKey(KeyEncoding::Pkcs1)),
        tags if tags == [INTEGER; 6] => Some(Shape::PrivateKey(KeyEncoding::Other)),
        [SEQUENCE, OCTET_STRING] => Some(Shape::EncryptedPrivateKey),
        [SEQUENCE, BIT_STRING] => Some(Shape::PublicKey),
        [SEQUENCE, SEQUENCE] => Some(Shape::BouncyCastle),
        _ => None,
    }
}

/// What an object of that shape holds, stores aside; `place` says where it stands.
pub(super) fn entry(shape: Shape, der: &[u8], place: &str) -> Result<Entry, ParseError> {
    Ok(match shape {
        Shape::Certificate => Entry::Certificate { alias: None, der: certificate(der, place)? },
        Shape::Request => Entry::Request { der: request(der, place)? },
        Shape::PrivateKey(encoding) => {
            Entry::PrivateKey { encoding, encrypted: false, public_key_sha256: key::public_sha256(encoding, der) }
        }
        Shape::EncryptedPrivateKey => {
            Entry::PrivateKey { encoding: KeyEncoding::Pkcs8, encrypted: true, public_key_sha256: None }
        }
        Shape::PublicKey => Entry::PublicKey { sha256: Some(key::sha256(der)) },
        Shape::Pkcs1PublicKey => Entry::PublicKey { sha256: None },
        Shape::RevocationList => Entry::Ignored { what: shape.name().to_owned() },
        Shape::BouncyCastle => {
            return Err(ParseError::Stranger {
                found: "a store of Bouncy Castle (BCFKS)".to_owned(),
                remedy: Some("convert it to PKCS#12"),
            });
        }
        Shape::Pkcs7 | Shape::Pkcs12 => {
            return Err(ParseError::Stranger { found: format!("{place}: {}", shape.name()), remedy: None });
        }
    })
}

/// One certificate and nothing after it.
pub(super) fn certificate(der: &[u8], place: &str) -> Result<CertificateDer, ParseError> {
    let why = match X509Certificate::from_der(der) {
        Ok(([], _)) => return Ok(CertificateDer(der.to_vec())),
        Ok((rest, _)) => format!("{} bytes follow it", rest.len()),
        Err(error) => cause(&error),
    };
    Err(ParseError::Certificate { place: place.to_owned(), why })
}

/// Fails where there are more entries than any file has.
pub(super) fn bounded<T>(entries: &[T], kind: Kind) -> Result<(), ParseError> {
    match entries.len() {
        0..=MOST_ENTRIES => Ok(()),
        _ => Err(ParseError::Unsupported { kind, what: format!("more than {MOST_ENTRIES} entries") }),
    }
}

impl Shape {
    /// What it is, with its article.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Certificate => "a certificate",
            Self::Request => "a certificate signing request",
            Self::RevocationList => "a revocation list",
            Self::Pkcs7 => "PKCS#7",
            Self::Pkcs12 => "a PKCS#12 store",
            Self::PrivateKey(_) => "a private key",
            Self::EncryptedPrivateKey => "an encrypted private key",
            Self::PublicKey | Self::Pkcs1PublicKey => "a public key",
            Self::BouncyCastle => "a store of Bouncy Castle (BCFKS)",
        }
    }
}

fn request(der: &[u8], place: &str) -> Result<Vec<u8>, ParseError> {
    let why = match X509CertificationRequest::from_der(der) {
        Ok(([], _)) => return Ok(der.to_vec()),
        Ok((rest, _)) => format!("{} bytes follow it", rest.len()),
        Err(error) => cause(&error),
    };
    Err(damaged(&format!("{place}: no readable certificate signing request: {why}")))
}

/// The tags of the first elements inside; none where one of them is faulty.
fn tags(object: &Element<'_>) -> Vec<u8> {
    if !object.is_constructed() {
        return Vec::new();
    }
    // Nine numbers make an RSA key, and no other structure is told by more.
    let tags: Result<Vec<u8>, Fault> = object.inside().take(9).map(|element| element.map(|found| found.tag)).collect();
    tags.unwrap_or_default()
}

fn cause(error: &nom::Err<x509_parser::error::X509Error>) -> String {
    match error {
        nom::Err::Incomplete(_) => "it is cut short".to_owned(),
        nom::Err::Error(error) | nom::Err::Failure(error) => error.to_string(),
    }
}

fn damaged(why: &str) -> ParseError {
    ParseError::Damaged { kind: Kind::Der, why: why.to_owned() }
}
