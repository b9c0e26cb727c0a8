//! The server's CertificateRequest as it went over the wire: in TLS 1.0 and 1.1 it is in plaintext.
//! Read from the flight that was kept, since the bindings of the engine do not tell the names.

use crate::wire::{Reader, distinguished_name};

/// The authorities that the CertificateRequest of this flight names; `None` if there is no such message.
pub(super) fn authorities(flight: &[u8]) -> Option<Vec<String>> {
    let body = find(flight, CERTIFICATE_REQUEST)?;
    let mut body = Reader::new(&body);
    body.vector8()?; // certificate types
    let mut list = body.vector16()?;
    let mut names = Vec::new();
    while !list.is_empty() {
        names.push(distinguished_name(list.vector16()?.rest()));
    }
    Some(names)
}

/// RFC 4346 section 7.4.4.
const CERTIFICATE_REQUEST: u8 = 13;
const HANDSHAKE: u8 = 22;

/// The body of the first handshake message of that type.
fn find(flight: &[u8], wanted: u8) -> Option<Vec<u8>> {
    let mut records = Reader::new(flight);
    let mut joined = Vec::new();
    // The flight ends with the header of the ChangeCipherSpec, where the watching stopped.
    while let Some((kind, content)) = record(&mut records) {
        if kind == HANDSHAKE {
            joined.extend_from_slice(content.rest());
        }
    }
    let mut messages = Reader::new(&joined);
    while let Some(kind) = messages.u8() {
        let length = usize::from(messages.u8()?) << 16 | usize::from(messages.u16()?);
        let body = messages.take(length)?;
        if kind == wanted {
            return Some(body.to_vec());
        }
    }
    None
}

/// The next whole record of the plaintext: its content type and content.
fn record<'a>(records: &mut Reader<'a>) -> Option<(u8, Reader<'a>)> {
    let kind = records.u8().filter(|kind| *kind != CHANGE_CIPHER_SPEC)?;
    records.u16()?;
    Some((kind, records.vector16()?))
}

const CHANGE_CIPHER_SPEC: u8 = 20;
