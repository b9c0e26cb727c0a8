//! PKCS#7 (RFC 2315, CMS in RFC 5652): the certificates of a bundle. Signatures are not looked at.

use super::ber::{CONTEXT_0, Element, Fault, INTEGER, OID, SEQUENCE, SET};
use super::der::{bounded, certificate};
use super::{Entry, Kind, ParseError};

/// signedData.
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";

/// The certificates of a bundle, in its order.
pub(super) fn entries(object: &Element<'_>) -> Result<Vec<Entry>, ParseError> {
    let mut outer = object.inside();
    let kind = outer.expect(OID).and_then(|element| element.oid()).map_err(damaged)?;
    if kind != SIGNED_DATA {
        return Err(ParseError::Unsupported { kind: Kind::Pkcs7, what: format!("content of type {kind}") });
    }
    let content = outer.expect(CONTEXT_0).and_then(|content| content.inside().expect(SEQUENCE)).map_err(damaged)?;
    let mut signed = content.inside();
    for tag in [INTEGER, SET, SEQUENCE] {
        signed.expect(tag).map_err(damaged)?;
    }
    let mut entries = Vec::new();
    // Without certificates the next element is another one.
    let Some(bundle) = signed.next().transpose().map_err(damaged)?.filter(|element| element.tag == CONTEXT_0) else {
        return Ok(entries);
    };
    for element in bundle.inside() {
        let element = element.map_err(damaged)?;
        entries.push(if element.tag == SEQUENCE {
            let place = format!("certificate {}", entries.len() + 1);
            Entry::Certificate { alias: None, der: certificate(element.whole, &place)? }
        } else {
            Entry::Ignored { what: "a certificate of another kind than X.509".to_owned() }
        });
        bounded(&entries, Kind::Pkcs7)?;
    }
    Ok(entries)
}

fn damaged(fault: Fault) -> ParseError {
    ParseError::Damaged { kind: Kind::Pkcs7, why: fault.to_string() }
}
