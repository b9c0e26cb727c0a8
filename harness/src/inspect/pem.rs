//! Text with blocks (RFC 7468), read as strictly as the strictest consumers: a block that some stack would skip or cut
//! is a fault with its line, never a block left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::{memchr2, memmem};

use super::ber::{Elements, SEQUENCE};
use super::der::{Shape, bounded, entry, shape};
use super::{Contents, Entry, KeyEncoding, Kind, ParseError, Remark, pkcs7, stranger};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// Whether the bytes hold anything that was to be a BEGIN or END line.
pub(super) fn is_likely(bytes: &[u8]) -> bool {
    has(bytes, BEGIN) || has(bytes, END) || has(bytes, b"BEGIN CERTIFICATE") || has(bytes, b"PRIVATE KEY")
}

/// A whole text.
pub(super) fn parse(bytes: &[u8]) -> Result<Contents, ParseError> {
    let mut contents = Contents { kind: Kind::Pem, entries: Vec::new(), remarks: Vec::new() };
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.len() < bytes.len() {
        contents.remarks.push(Remark::ByteOrderMark);
    }
    let mut open: Option<Block> = None;
    let mut is_outside_told = false;
    for (number, raw) in lines(text) {
        let line = raw.trim_ascii();
        if has(line, DASHES) || has(line, b"BEGIN ") {
            whole_boundary(number, line, open.is_some())?;
        }
        let boundary = boundary(line);
        if boundary.is_some() && raw.first().is_some_and(u8::is_ascii_whitespace) {
            contents.remarks.push(Remark::Indented { line: number });
        }
        match (boundary, open.take()) {
            (Some(Boundary::Begin(label)), None) => open = Some(Block::new(label, number)),
            (Some(Boundary::Begin(_)), Some(block)) => {
                return Err(at(number, format!("a block begins, and that of line {} has no END line", block.line)));
            }
            (Some(Boundary::End(label)), Some(block)) if label == block.label => {
                close(block, number, &mut contents)?;
                bounded(&contents.entries, Kind::Pem)?;
            }
            (Some(Boundary::End(label)), Some(block)) => {
                let why = format!("the end of `{label}`, and line {} began `{}`", block.line, block.label);
                return Err(at(number, why));
            }
            (Some(Boundary::End(_)), None) => {
                return Err(at(number, "an END line, and no BEGIN line before it".to_owned()));
            }
            (None, Some(mut block)) => {
                block.add(number, raw)?;
                open = Some(block);
            }
            (None, None) if line.is_empty() || is_outside_told => {}
            (None, None) => {
                is_outside_told = true;
                contents.remarks.push(Remark::TextOutside { line: number });
            }
        }
    }
    if let Some(block) = open {
        return Err(at(block.line, format!("`{}` begins and has no END line", block.label)));
    }
    if contents.entries.is_empty() {
        return Err(stranger::by_look(bytes));
    }
    Ok(contents)
}

enum Boundary {
    Begin(String),
    End(String),
}

/// The boundary that a line is.
fn boundary(line: &[u8]) -> Option<Boundary> {
    let label = |rest: &[u8]| Some(shown(rest.strip_suffix(DASHES)?));
    match (line.strip_prefix(BEGIN), line.strip_prefix(END)) {
        (Some(rest), _) => label(rest).map(Boundary::Begin),
        (_, Some(rest)) => label(rest).map(Boundary::End),
        _ => None,
    }
}

/// Fails for a line that was to be a boundary and that no consumer, or not every one, takes for it.
fn whole_boundary(number: usize, line: &[u8], is_inside: bool) -> Result<(), ParseError> {
    let words = [&b"BEGIN "[..], b"END "].iter().map(|word| count(line, word)).sum::<usize>();
    let why = if has(line, BEGIN) && has(line, b"\\n") {
        "its line breaks are written as `\\n`, two characters; expected real ones"
    } else if count(line, BEGIN) + count(line, END) > 1 {
        "a boundary stands behind another one; expected a line break between them"
    } else if boundary(line).is_some() {
        return Ok(());
    } else if line.starts_with(BEGIN) || line.starts_with(END) {
        "a boundary that does not end its line with five dashes"
    } else if has(line, BEGIN) || has(line, END) {
        "a boundary that does not begin its line"
    } else if words > 0 && line.first().is_some_and(|first| *first == b'-' || !first.is_ascii()) {
        "a boundary whose dashes are not five times `-` on each side"
    } else if is_inside {
        "dashes inside a block; expected base64 or its END line"
    } else {
        return Ok(());
    };
    Err(at(number, why.to_owned()))
}

/// A block that has begun.
struct Block {
    label: String,
    line: usize,
    base64: Vec<u8>,
    /// Header lines (RFC 1421) have begun and not ended.
    in_headers: bool,
    encrypted: bool,
}

impl Block {
    fn new(label: String, line: usize) -> Self {
        Self { label, line, base64: Vec::new(), in_headers: false, encrypted: false }
    }

    fn add(&mut self, number: usize, raw: &[u8]) -> Result<(), ParseError> {
        let line = raw.trim_ascii();
        let continues = self.in_headers && raw.first().is_some_and(u8::is_ascii_whitespace);
        if self.base64.is_empty() && (line.contains(&b':') || continues) {
            self.in_headers = !line.is_empty();
            self.encrypted |= line.starts_with(b"Proc-Type:") && has(line, b"ENCRYPTED");
            return Ok(());
        }
        self.in_headers = false;
        if line.is_empty() {
            return Ok(());
        }
        if self.base64.ends_with(b"=") {
            return Err(at(number, "base64 goes on behind its padding".to_owned()));
        }
        let is_known = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte) || byte.is_ascii_whitespace();
        if let Some(unknown) = line.iter().find(|byte| !is_known(byte)) {
            let unknown = char::from(*unknown);
            let unknown = if unknown.is_ascii() { unknown.escape_debug().to_string() } else { "no ASCII".to_owned() };
            return Err(at(number, format!("a character that is no base64 ({unknown})")));
        }
        self.base64.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        Ok(())
    }

    fn decode(&self, end: usize) -> Result<Vec<u8>, ParseError> {
        let count = self.base64.len();
        if count == 0 {
            return Err(at(self.line, format!("`{}` holds nothing", self.label)));
        }
        if !count.is_multiple_of(4) {
            let why = format!("{count} characters of base64, no multiple of four: some are missing, or the padding is");
            return Err(at(end, why));
        }
        STANDARD.decode(&self.base64).map_err(|_| at(end, "base64 with its padding in the wrong place".to_owned()))
    }
}

/// Takes out what an ended block holds.
fn close(block: Block, end: usize, contents: &mut Contents) -> Result<(), ParseError> {
    use KeyEncoding::{OpenSsh, Other, Pkcs1, Pkcs8, Sec1};

    let (line, label) = (block.line, block.label.as_str());
    if label.starts_with("PGP ") {
        let found = format!("line {line}: an OpenPGP block");
        return Err(ParseError::Stranger { found, remedy: None });
    }
    let der = block.decode(end)?;
    let unusual = |usual| Remark::Label { line, label: label.to_owned(), usual };
    let expected = match label {
        "CERTIFICATE" => Shape::Certificate,
        "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            contents.remarks.push(unusual("CERTIFICATE"));
            Shape::Certificate
        }
        "CERTIFICATE REQUEST" => Shape::Request,
        "NEW CERTIFICATE REQUEST" => {
            contents.remarks.push(unusual("CERTIFICATE REQUEST"));
            Shape::Request
        }
        "PKCS7" | "CMS" => Shape::Pkcs7,
        "PRIVATE KEY" => Shape::PrivateKey(Pkcs8),
        "RSA PRIVATE KEY" => Shape::PrivateKey(Pkcs1),
        "EC PRIVATE KEY" => Shape::PrivateKey(Sec1),
        "OPENSSH PRIVATE KEY" => Shape::PrivateKey(OpenSsh),
        "ENCRYPTED PRIVATE KEY" => Shape::EncryptedPrivateKey,
        "PUBLIC KEY" => Shape::PublicKey,
        "RSA PUBLIC KEY" => Shape::Pkcs1PublicKey,
        _ if label.ends_with("PRIVATE KEY") => Shape::PrivateKey(Other),
        _ => {
            contents.entries.push(Entry::Ignored { what: format!("a block labelled `{label}`") });
            return Ok(());
        }
    };
    if let Shape::PrivateKey(encoding) = expected
        && (block.encrypted || matches!(encoding, OpenSsh | Other))
    {
        // What an OpenSSH key is protected with stands inside; none is of use here.
        let encrypted = block.encrypted || encoding == OpenSsh && !has(&der, b"\0\0\0\x04none");
        contents.entries.push(Entry::PrivateKey { encoding, encrypted, public_key_sha256: None });
        return Ok(());
    }
    let place = format!("line {line}");
    let object = Elements::new(&der).expect(SEQUENCE).map_err(|_| {
        let article = expected.name();
        at(line, format!("`{label}` holds no whole DER; expected {article} (is a line of it missing?)"))
    })?;
    match shape(&object) {
        Some(found) if found == expected => {}
        found => {
            let found = found.map_or("something unknown", Shape::name);
            return Err(at(line, format!("`{label}` holds {found}; expected {}", expected.name())));
        }
    }
    if expected == Shape::Pkcs7 {
        contents.kind = Kind::Pkcs7;
        contents.entries.extend(pkcs7::entries(&object)?);
        return Ok(());
    }
    // Behind a TRUSTED CERTIFICATE stand the uses that OpenSSL trusts it for.
    let der = if label == "TRUSTED CERTIFICATE" { object.whole } else { &der };
    contents.entries.push(entry(expected, der, &place)?);
    Ok(())
}

/// Lines with their numbers from 1, whatever ends them.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut rest = Some(text);
    let mut number = 0;
    std::iter::from_fn(move || {
        let bytes = rest?;
        number += 1;
        let Some(end) = memchr2(b'\n', b'\r', bytes) else {
            rest = None;
            return Some((number, bytes));
        };
        let width = if bytes[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = Some(&bytes[end + width..]);
        Some((number, &bytes[..end]))
    })
}

/// A label as it may be shown: hostile ones are long or not printable.
fn shown(label: &[u8]) -> String {
    String::from_utf8_lossy(&label[..label.len().min(64)]).escape_debug().to_string()
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    memmem::find(bytes, word).is_some()
}

fn count(bytes: &[u8], word: &[u8]) -> usize {
    memmem::find_iter(bytes, word).count()
}

fn at(line: usize, why: String) -> ParseError {
    ParseError::Pem { line, why }
}
