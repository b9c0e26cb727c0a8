//! ASN.1 as bytes (X.690): elements one after another, in DER and in as much of BER as stores use (indefinite lengths,
//! octet strings in pieces). Knows no types beyond these.

use std::borrow::Cow;
use std::fmt;

/// Universal tags, with the bit of constructed encoding where there is one.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const BMP_STRING: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// The context-specific tag 0: constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// The bit of a tag that says that the content is elements.
const CONSTRUCTED: u8 = 0x20;
/// Elements within elements that are followed where lengths are indefinite or strings in pieces.
const DEEPEST: usize = 24;

/// One element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    /// Class, constructed bit and number.
    pub(super) tag: u8,
    /// Without header and end mark.
    pub(super) content: &'a [u8],
    /// With them.
    pub(super) whole: &'a [u8],
}

/// What is wrong with an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends within an element.
    CutShort {
        /// Bytes that the element says it has, header included.
        said: usize,
        /// Bytes that are there.
        there: usize,
    },
    /// It is no such encoding.
    Malformed(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutShort { said, there } => write!(f, "an element of {said} bytes has {there}"),
            Self::Malformed(what) => f.write_str(what),
        }
    }
}

/// Elements one after another; ends after the first fault.
pub(super) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next element, which has to have that tag.
    pub(super) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Fault> {
        match self.next() {
            Some(Ok(element)) if element.tag == tag => Ok(element),
            Some(Ok(_)) => Err(Fault::Malformed("an element is of another type than expected")),
            Some(Err(fault)) => Err(fault),
            None => Err(Fault::Malformed("an element is missing")),
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match element(self.rest, 0) {
            Ok(element) => {
                self.rest = &self.rest[element.whole.len()..];
                Some(Ok(element))
            }
            Err(fault) => {
                self.rest = &[];
                Some(Err(fault))
            }
        }
    }
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub(super) fn inside(&self) -> Elements<'a> {
        Elements::new(self.content)
    }

    /// Whether the content is elements.
    pub(super) fn is_constructed(&self) -> bool {
        self.tag & CONSTRUCTED != 0
    }

    /// The value of an octet string, whose pieces are put together, whatever its own tag.
    pub(super) fn octets(&self) -> Result<Cow<'a, [u8]>, Fault> {
        if !self.is_constructed() {
            return Ok(Cow::Borrowed(self.content));
        }
        let mut whole = Vec::new();
        pieces(self, 0, &mut whole)?;
        Ok(Cow::Owned(whole))
    }

    /// A number that is not negative and fits.
    pub(super) fn number(&self) -> Result<u32, Fault> {
        let bytes = match self.content {
            [first, ..] if first & 0x80 != 0 => return Err(Fault::Malformed("a number is negative")),
            [0, rest @ ..] => rest,
            rest => rest,
        };
        if self.tag != INTEGER || bytes.len() > 4 {
            return Err(Fault::Malformed("a number is too large"));
        }
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// An object identifier with dots.
    pub(super) fn oid(&self) -> Result<String, Fault> {
        let malformed = Fault::Malformed("an object identifier is malformed");
        if self.tag != OID || self.content.is_empty() || self.content.len() > 64 {
            return Err(malformed);
        }
        let (mut arcs, mut arc) = (Vec::new(), 0_u64);
        for byte in self.content {
            arc = arc.checked_mul(128).ok_or(malformed)? | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                if arcs.is_empty() {
                    let first = (arc / 40).min(2);
                    arcs.push(first.to_string());
                    arc -= first * 40;
                }
                arcs.push(arc.to_string());
                arc = 0;
            }
        }
        Ok(arcs.join("."))
    }
}

/// The element at the beginning of `bytes`.
fn element(bytes: &[u8], depth: usize) -> Result<Element<'_>, Fault> {
    let (tag, length, header) = match bytes {
        [tag, _, ..] if tag & 0x1f == 0x1f => return Err(Fault::Malformed("an element has a long tag")),
        [tag, 0x80, ..] => return indefinite(*tag, bytes, depth),
        [tag, short @ 0..0x80, ..] => (*tag, usize::from(*short), 2),
        [tag, long, rest @ ..] => {
            let count = usize::from(long & 0x7f);
            if count > 4 {
                return Err(Fault::Malformed("a length has more than four bytes"));
            }
            let Some(length) = rest.get(..count) else {
                return Err(Fault::CutShort { said: 2 + count, there: bytes.len() });
            };
            (*tag, length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), 2 + count)
        }
        _ => return Err(Fault::CutShort { said: 2, there: bytes.len() }),
    };
    let said = header.saturating_add(length);
    match bytes.get(..said) {
        Some(whole) => Ok(Element { tag, content: &whole[header..], whole }),
        None => Err(Fault::CutShort { said, there: bytes.len() }),
    }
}

/// An element whose content ends with two zeros in place of an element.
fn indefinite(tag: u8, bytes: &[u8], depth: usize) -> Result<Element<'_>, Fault> {
    if tag & CONSTRUCTED == 0 || depth >= DEEPEST {
        return Err(Fault::Malformed("an indefinite length where none may be"));
    }
    let mut end = 2;
    loop {
        match bytes.get(end..) {
            Some([0, 0, ..]) => {
                return Ok(Element { tag, content: &bytes[2..end], whole: &bytes[..end + 2] });
            }
            Some(rest) => end += element(rest, depth + 1)?.whole.len(),
            None => return Err(Fault::CutShort { said: end + 2, there: bytes.len() }),
        }
    }
}

fn pieces(element: &Element<'_>, depth: usize, whole: &mut Vec<u8>) -> Result<(), Fault> {
    if !element.is_constructed() {
        whole.extend(element.content);
        return Ok(());
    }
    if depth >= DEEPEST {
        return Err(Fault::Malformed("a string is nested too deeply"));
    }
    for piece in element.inside() {
        pieces(&piece?, depth + 1, whole)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indefinite_lengths_and_pieces_read_like_definite_ones() {
        let bytes = [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, b'a', 0x04, 0x01, b'b', 0, 0, 0, 0, 0x05];
        let mut elements = Elements::new(&bytes);
        let outer = elements.expect(SEQUENCE).expect("a sequence");
        assert_eq!((outer.whole.len(), elements.rest()), (14, &[0x05][..]));
        let inner = outer.inside().next().expect("one").expect("sound");
        assert_eq!(inner.octets().expect("octets").as_ref(), b"ab");
    }

    #[test]
    fn object_identifiers_and_numbers() {
        let one = |bytes| Elements::new(bytes).next().expect("one").expect("sound");
        assert_eq!(one(&[6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]).oid().expect("an OID"), "1.2.840.113549");
        assert_eq!(one(&[6, 3, 0x88, 0x37, 0x03]).oid().expect("an OID"), "2.999.3");
        assert_eq!(one(&[2, 3, 0, 0x80, 1]).number(), Ok(0x8001));
        assert!(one(&[2, 1, 0x80]).number().is_err());
        assert!(one(&[2, 5, 1, 0, 0, 0, 0]).number().is_err());
        assert!(one(&[6, 11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).oid().is_err());
    }

    #[test]
    fn what_is_announced_and_missing_is_said() {
        let cut = Elements::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1]).next().expect("one");
        assert!(matches!(cut, Err(Fault::CutShort { there: 7, .. })), "{cut:?}");
        let nested = [0x30, 0x80].repeat(100_000);
        assert!(Elements::new(&nested).next().expect("one").is_err());
    }
}
