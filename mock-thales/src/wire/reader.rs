//! A cursor over TLS's presentation language (RFC 8446 section 3): big-endian numbers and vectors with a length prefix.
//!
//! Every method gives `None` where the bytes do not suffice, and then leaves the cursor where it was or short of its
//! end; what is wrong with the structure is for the caller to say.

/// The bytes that are still to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A vector whose length takes one byte.
    pub(crate) fn vector8(&mut self) -> Option<Reader<'a>> {
        let length = self.u8()?;
        self.take(usize::from(length)).map(Reader)
    }

    /// A vector whose length takes two bytes.
    pub(crate) fn vector16(&mut self) -> Option<Reader<'a>> {
        let length = self.u16()?;
        self.take(usize::from(length)).map(Reader)
    }

    /// All that is left, as 16-bit numbers; `None` for an odd count of bytes.
    pub(crate) fn numbers(self) -> Option<Vec<u16>> {
        let (pairs, rest) = self.0.as_chunks::<2>();
        rest.is_empty().then(|| pairs.iter().copied().map(u16::from_be_bytes).collect())
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}
