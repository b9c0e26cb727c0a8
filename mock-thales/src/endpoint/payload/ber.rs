//! Reading BER (X.690), as much of it as enveloped data needs: definite and indefinite lengths, since some libraries
//! write the one and some the other.

/// Depth of nesting that is followed.
const DEEPEST: usize = 16;

/// One element: its tag and what it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside, as far as they can be read.
    pub(super) fn inside(&self) -> Elements<'a> {
        Elements(self.content)
    }
}

/// Elements in a row; ends where one is faulty.
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element, if it has that tag. Another one stays.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        let (element, rest) = read(self.0, 0)?;
        if element.tag != tag {
            return None;
        }
        self.0 = rest;
        Some(element)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (element, rest) = read(self.0, 0)?;
        self.0 = rest;
        Some(element)
    }
}

/// The first element and what follows it.
fn read(bytes: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    // Tags of several bytes stand nowhere in enveloped data, and 0 ends an indefinite length.
    if tag == 0 || tag & 0x1f == 0x1f || depth > DEEPEST {
        return None;
    }
    match first {
        0x80 => {
            let mut left = rest;
            while !left.starts_with(&[0, 0]) {
                left = read(left, depth + 1)?.1;
            }
            let content = &rest[..rest.len() - left.len()];
            Some((Element { tag, content }, &left[2..]))
        }
        short @ 0..0x80 => split(tag, rest, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let length = rest.get(..count).filter(|_| count <= 4)?;
            let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            split(tag, &rest[count..], length)
        }
    }
}

fn split(tag: u8, bytes: &[u8], length: usize) -> Option<(Element<'_>, &[u8])> {
    Some((Element { tag, content: bytes.get(..length)? }, bytes.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_length() {
        let definite = [0x30, 3, 2, 1, 5];
        let indefinite = [0x30, 0x80, 2, 1, 5, 0, 0];
        for bytes in [&definite[..], &indefinite] {
            let sequence = Elements(bytes).expect(0x30).expect("a sequence");
            assert_eq!(sequence.inside().next().map(|number| number.content), Some(&[5][..]));
        }
    }

    #[test]
    fn what_is_cut_short_is_no_element() {
        assert!(Elements(&[0x30, 4, 2, 1, 5]).next().is_none());
        assert!(Elements(&[0x30, 0x80, 2, 1, 5]).next().is_none());
        assert!(Elements(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).next().is_none());
        assert!(Elements(&[0x30; 48]).next().is_none());
        assert!(Elements(&[0xb0, 0x80].repeat(64)).next().is_none(), "too deep");
        assert!(Elements(&[]).next().is_none());
    }
}
