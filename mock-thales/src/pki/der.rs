//! Writing DER (X.690), as much of it as a certificate needs whose subject and key are somebody else's bytes. The
//! certificate library knows a name as a map of attributes and would write it anew.

use time::OffsetDateTime;

/// Tags of universal types (X.690 section 8), and those of a certificate's context.
pub(super) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const SEQUENCE: u8 = 0x30;
    /// `[0]`, primitive: the key identifier of an authority.
    pub(crate) const KEY_IDENTIFIER: u8 = 0x80;
    /// `[0]`, constructed: the version of a certificate.
    pub(crate) const VERSION: u8 = 0xa0;
    /// `[3]`, constructed: the extensions of a certificate.
    pub(crate) const EXTENSIONS: u8 = 0xa3;
}

/// One element.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let mut der = vec![tag];
    match content.len() {
        short @ 0..0x80 => der.extend(u8::try_from(short)),
        long => {
            let zeros = (long.leading_zeros() / 8) as usize;
            der.extend(u8::try_from(0x80 + length.len() - zeros));
            der.extend(&length[zeros..]);
        }
    }
    der.extend(content);
    der
}

/// A sequence of elements.
pub(super) fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    element(tag::SEQUENCE, &elements.concat())
}

/// A bit string of whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    element(tag::BIT_STRING, &[&[0], bytes].concat())
}

/// A moment as a certificate writes it: two digits of the year until 2049 (RFC 5280 section 4.1.2.5).
pub(super) fn time(at: OffsetDateTime) -> Vec<u8> {
    let at = at.to_offset(time::UtcOffset::UTC);
    let rest =
        format!("{:02}{:02}{:02}{:02}{:02}Z", u8::from(at.month()), at.day(), at.hour(), at.minute(), at.second());
    match at.year() {
        year @ 1950..2050 => element(tag::UTC_TIME, format!("{:02}{rest}", year % 100).as_bytes()),
        year => element(tag::GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        assert_eq!(element(4, &[7; 127])[..3], [4, 127, 7]);
        assert_eq!(element(4, &[7; 128])[..4], [4, 0x81, 128, 7]);
        assert_eq!(element(4, &[7; 256])[..5], [4, 0x82, 1, 0, 7]);
    }

    #[test]
    fn years_from_2050_have_four_digits() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a moment");
        assert_eq!(time(at(2_524_607_999)), b"\x17\x0d491231235959Z");
        assert_eq!(time(at(2_524_608_000)), b"\x18\x0f20500101000000Z");
    }
}
