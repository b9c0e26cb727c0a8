//! Reads one HTTP/1.1 answer as far as a verdict needs it: the status, and whether the page is a known refusal.

use crate::observe::RefusalPage;

/// Bytes of an answer that are kept.
const LIMIT: usize = 64 << 10;

/// An answer while it arrives.
#[derive(Debug, Default)]
pub(super) struct Answer {
    bytes: Vec<u8>,
}

/// What is known of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Its head is not complete.
    Partial,
    /// Its head is complete, its body is not.
    Head,
    /// Nothing more is to come, or nothing more is kept.
    Complete,
    /// It is no HTTP.
    Garbage,
}

impl Answer {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Progress {
        let room = LIMIT.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.progress()
    }

    fn progress(&self) -> Progress {
        let mut headers = [httparse::EMPTY_HEADER; 96];
        let mut response = httparse::Response::new(&mut headers);
        let head = match response.parse(&self.bytes) {
            Ok(httparse::Status::Complete(head)) => head,
            Ok(httparse::Status::Partial) if self.bytes.len() < LIMIT => return Progress::Partial,
            _ => return Progress::Garbage,
        };
        let header = |wanted: &str| {
            response
                .headers
                .iter()
                .find(|header| header.name.eq_ignore_ascii_case(wanted))
                .and_then(|header| std::str::from_utf8(header.value).ok())
        };
        let body = &self.bytes[head..];
        let complete = match (header("content-length"), header("transfer-encoding")) {
            (Some(length), _) => length.trim().parse::<usize>().is_ok_and(|length| body.len() >= length),
            (None, Some(_)) => body.ends_with(b"0\r\n\r\n"),
            // Without a length the body ends with the connection (RFC 9112 section 6.3).
            (None, None) => matches!(response.code, Some(204 | 304)),
        };
        if complete || self.bytes.len() >= LIMIT { Progress::Complete } else { Progress::Head }
    }

    /// The status, once the head is complete.
    pub(super) fn status(&self) -> Option<u16> {
        let mut headers = [httparse::EMPTY_HEADER; 96];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&self.bytes) {
            Ok(httparse::Status::Complete(_)) => response.code,
            _ => None,
        }
    }

    /// The body, as far as it was read.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut headers = [httparse::EMPTY_HEADER; 96];
        let mut response = httparse::Response::new(&mut headers);
        let Ok(httparse::Status::Complete(head)) = response.parse(&self.bytes) else { return Vec::new() };
        let mut fields = response.headers.iter();
        let is_chunked = fields.any(|field| {
            field.name.eq_ignore_ascii_case("transfer-encoding") && field.value.eq_ignore_ascii_case(b"chunked")
        });
        let body = &self.bytes[head..];
        if is_chunked { unchunked(body) } else { body.to_vec() }
    }

    pub(super) fn page(&self) -> Option<RefusalPage> {
        let contains = |text: &str| self.bytes.windows(text.len()).any(|window| window == text.as_bytes());
        if contains("No required SSL certificate was sent") {
            Some(RefusalPage::NoRequiredCertificate)
        } else if contains("The SSL certificate error") {
            Some(RefusalPage::CertificateError)
        } else {
            None
        }
    }
}

/// The content of chunks (RFC 9112 section 7.1), as far as they are complete.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Ok(httparse::Status::Complete((begin, length))) = httparse::parse_chunk_size(body) {
        let chunk = usize::try_from(length).ok().filter(|length| *length > 0);
        let Some(end) = chunk.and_then(|length| begin.checked_add(length)) else { break };
        let Some(chunk) = body.get(begin..end) else { break };
        content.extend_from_slice(chunk);
        body = body.get(end..).and_then(|rest| rest.strip_prefix(b"\r\n")).unwrap_or_default();
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&str], progress: Progress, status: Option<u16>, page: Option<RefusalPage>) {
        let mut answer = Answer::default();
        let mut last = Progress::Partial;
        for piece in pieces {
            last = answer.push(piece.as_bytes());
        }
        assert_eq!((last, answer.status(), answer.page()), (progress, status, page), "{pieces:?}");
    }

    #[test]
    fn reads_an_answer_in_pieces() {
        check(&["HTTP/1.1 20"], Progress::Partial, None, None);
        check(&["HTTP/1.1 20", "0 OK\r\nContent-Length: 2\r\n\r\na"], Progress::Head, Some(200), None);
        check(&["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "b"], Progress::Complete, Some(200), None);
        check(&["HTTP/1.1 204 No Content\r\n\r\n"], Progress::Complete, Some(204), None);
        check(&["SSH-2.0-x\r\n\r\n"], Progress::Garbage, None, None);
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
        check(&[chunked], Progress::Head, Some(200), None);
        check(&[chunked, "0\r\n\r\n"], Progress::Complete, Some(200), None);
    }

    #[test]
    fn a_body_is_put_together_from_its_chunks() {
        let body = |text: &str| {
            let mut answer = Answer::default();
            answer.push(text.as_bytes());
            String::from_utf8(answer.body()).expect("text")
        };
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(body(&format!("{head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")), "abcde");
        assert_eq!(body(&format!("{head}3\r\nabc\r\nff\r\nde")), "abc");
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"), "ab");
        assert_eq!(body("HTTP/1.1 200"), "");
    }

    #[test]
    fn knows_the_two_pages_of_nginx() {
        let page = |text| format!("HTTP/1.1 400 Bad Request\r\n\r\n<center><h1>{text}</h1></center>");
        let none = page("No required SSL certificate was sent");
        check(&[&none], Progress::Head, Some(400), Some(RefusalPage::NoRequiredCertificate));
        let wrong = page("The SSL certificate error");
        check(&[&wrong], Progress::Head, Some(400), Some(RefusalPage::CertificateError));
        check(&[&page("customer not found")], Progress::Head, Some(400), None);
    }
}
