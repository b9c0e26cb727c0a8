//! Distinguished names as RFC 4514 strings, for people to read.

use x509_parser::der_parser::asn1_rs::FromDer as _;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A distinguished name in DER as a string of RFC 4514: the last part first, special characters escaped. Of a type
/// without a short name the value stays readable, where the RFC would have its bytes. What is no name at all is shown
/// as `#` and its bytes.
pub fn distinguished_name(der: &[u8]) -> String {
    let Ok((_, name)) = X509Name::from_der(der) else { return hex(der) };
    let mut parts: Vec<String> =
        name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let kind = oid2abbrev(attribute.attr_type(), oid_registry())
        .map_or_else(|_| attribute.attr_type().to_id_string(), str::to_owned);
    match attribute.as_str() {
        Ok(value) => format!("{kind}={}", escaped(value)),
        Err(_) => format!("{kind}={}", hex(attribute.attr_value().data)),
    }
}

/// RFC 4514 section 2.4.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(value.len());
    for (index, character) in value.chars().enumerate() {
        match character {
            '\0' => out.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', character]),
            '#' if index == 0 => out.push_str("\\#"),
            ' ' if index == 0 || index == last => out.push_str("\\ "),
            other => out.push(other),
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("#{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name of one-attribute parts, as `(last byte of the 2.5.4 type, value)`.
    fn name(parts: &[(u8, &str)]) -> Vec<u8> {
        let tagged = |tag: u8, content: &[u8]| [&[tag, content.len() as u8][..], content].concat();
        let part = |(kind, value): &(u8, &str)| {
            let attribute = [tagged(6, &[0x55, 4, *kind]), tagged(12, value.as_bytes())].concat();
            tagged(0x31, &tagged(0x30, &attribute))
        };
        tagged(0x30, &parts.iter().flat_map(part).collect::<Vec<_>>())
    }

    #[test]
    fn the_last_part_stands_first_and_special_characters_are_escaped() {
        let der = name(&[(6, "FR"), (10, "A, B+C"), (3, "#1 \\ \"x\" "), (97, "id")]);
        assert_eq!(distinguished_name(&der), r#"2.5.4.97=id,CN=\#1 \\ \"x\"\ ,O=A\, B\+C,C=FR"#);
        assert_eq!(distinguished_name(&name(&[])), "");
        assert_eq!(distinguished_name(b"\x01\x02"), "#0102");
    }
}
