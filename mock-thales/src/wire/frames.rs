//! The frames of HTTP/2 as bytes: whether a peer has only begun, or asks for something (RFC 9113 sections 3.4 and 4.1).
//! What a request says is left to the protocol's own engine.

/// What a client sends first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes of a frame's head.
const HEAD: usize = 9;
/// Types of frames that belong to a request: DATA, HEADERS, CONTINUATION.
const OF_REQUESTS: [u8; 3] = [0x0, 0x1, 0x9];

/// Reads what a client sends, in pieces of any length.
#[derive(Debug, Default)]
pub struct Frames {
    /// Bytes of the preface so far.
    greeted: usize,
    head: Vec<u8>,
    /// Bytes of the frame that are still to be passed over.
    rest: usize,
    asked: bool,
}

impl Frames {
    /// Before the first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes. Whether a request has begun in them or before: the head of a frame that belongs to one, or
    /// bytes that are no HTTP/2 at all.
    pub fn feed(&mut self, mut bytes: &[u8]) -> bool {
        while !self.asked && !bytes.is_empty() {
            if let Some(wanted) = PREFACE.get(self.greeted).filter(|_| self.greeted < PREFACE.len()) {
                self.asked = bytes[0] != *wanted;
                self.greeted += 1;
                bytes = &bytes[1..];
            } else if self.rest > 0 {
                let passed = self.rest.min(bytes.len());
                self.rest -= passed;
                bytes = &bytes[passed..];
            } else {
                let taken = (HEAD - self.head.len()).min(bytes.len());
                self.head.extend_from_slice(&bytes[..taken]);
                bytes = &bytes[taken..];
                if let [high, middle, low, kind, ..] = self.head[..]
                    && self.head.len() == HEAD
                {
                    self.asked = OF_REQUESTS.contains(&kind);
                    self.rest = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
                    self.head.clear();
                }
            }
        }
        self.asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];
    const WINDOW_UPDATE: &[u8] = &[0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    const HEADERS: &[u8] = &[0, 0, 1, 1, 5, 0, 0, 0, 1];

    #[test]
    fn a_request_begins_with_its_headers_wherever_the_pieces_end() {
        let opening = [PREFACE, SETTINGS, WINDOW_UPDATE].concat();
        for length in 1..opening.len() {
            let mut frames = Frames::new();
            assert!(opening.chunks(length).all(|piece| !frames.feed(piece)), "in pieces of {length}");
            assert!(!frames.feed(&HEADERS[..HEAD - 1]));
            assert!(frames.feed(&HEADERS[HEAD - 1..]));
            assert!(frames.feed(SETTINGS), "it has begun for good");
        }
        assert!(Frames::new().feed(&[&opening[..], HEADERS].concat()));
    }

    #[test]
    fn what_is_no_http_2_counts_as_asked() {
        assert!(Frames::new().feed(b"GET / HTTP/1.1\r\n"));
        assert!(Frames::new().feed(b"PRI * HTTP/2.1"));
    }
}
