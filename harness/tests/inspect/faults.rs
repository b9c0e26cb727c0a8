//! Files as people break them: what is said about each.

use std::fs;

use base64::Engine as _;
use libtest_mimic::Trial;
use thales_harness::inspect::{LONGEST, read};

use super::openssl;
use super::samples::{fault, samples};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        openssl("faults::blocks_that_a_stack_would_skip_are_told", blocks_that_a_stack_would_skip_are_told),
        openssl("faults::a_block_that_holds_something_else_is_told", a_block_that_holds_something_else_is_told),
        openssl("faults::der_that_is_cut_or_unknown_is_told", der_that_is_cut_or_unknown_is_told),
        openssl("faults::strangers_are_named", strangers_are_named),
        openssl("faults::files_that_cannot_be_read_are_named", files_that_cannot_be_read_are_named),
    ]
}

fn blocks_that_a_stack_would_skip_are_told() {
    let pem = samples().text("leaf.pem");
    let last = pem.lines().count();
    let body = pem.lines().nth(2).unwrap();
    let end = "-----END CERTIFICATE-----\n";
    for (text, expected) in [
        (pem.replace(end, ""), "line 1: `CERTIFICATE` begins and has no END line".to_owned()),
        (pem.replace(end, "") + &pem, format!("line {last}: a block begins, and that of line 1 has no END line")),
        (
            pem.trim_end().to_owned() + &pem,
            format!("line {last}: a boundary stands behind another one; expected a line break between them"),
        ),
        (end.to_owned() + &pem, "line 1: an END line, and no BEGIN line before it".to_owned()),
        (
            pem.replace("END CERTIFICATE", "END X509 CERTIFICATE"),
            format!("line {last}: the end of `X509 CERTIFICATE`, and line 1 began `CERTIFICATE`"),
        ),
        (
            pem.replace('\n', "\\n"),
            "line 1: its line breaks are written as `\\n`, two characters; expected real ones".to_owned(),
        ),
        (
            pem.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE----"),
            "line 1: a boundary that does not end its line with five dashes".to_owned(),
        ),
        (
            pem.replace("-----BEGIN", "---BEGIN"),
            "line 1: a boundary whose dashes are not five times `-` on each side".to_owned(),
        ),
        (
            pem.replace("-----BEGIN", "–––––BEGIN"),
            "line 1: a boundary whose dashes are not five times `-` on each side".to_owned(),
        ),
        (format!("cert: {pem}"), "line 1: a boundary that does not begin its line".to_owned()),
        (
            pem.replace(body, &format!("{}*{}", &body[..5], &body[6..])),
            "line 3: a character that is no base64 (*)".to_owned(),
        ),
        (pem.replace(body, &body[1..]), format!("line {last}: {}", missing(&pem, 1))),
        (
            pem.replace(&format!("{body}\n"), ""),
            "line 1: `CERTIFICATE` holds no whole DER; expected a certificate (is a line of it missing?)".to_owned(),
        ),
        (format!("-----BEGIN CERTIFICATE-----\n{end}"), "line 1: `CERTIFICATE` holds nothing".to_owned()),
    ] {
        assert_eq!(fault(text.as_bytes(), None), expected, "{text}");
    }
}

fn missing(pem: &str, less: usize) -> String {
    let count: usize = pem.lines().filter(|line| !line.starts_with('-')).map(str::len).sum();
    format!("{} characters of base64, no multiple of four: some are missing, or the padding is", count - less)
}

fn a_block_that_holds_something_else_is_told() {
    let request = samples().text("leaf.csr").replace(" REQUEST", "");
    let expected = "line 1: `CERTIFICATE` holds a certificate signing request; expected a certificate";
    assert_eq!(fault(request.as_bytes(), None), expected);
    let bundle = samples().text("bundle.pem").replace("PKCS7", "CERTIFICATE");
    assert_eq!(fault(bundle.as_bytes(), None), "line 1: `CERTIFICATE` holds PKCS#7; expected a certificate");
    // One byte of the certificate's date.
    let mut der = samples().leaf().0;
    let date = der.windows(2).position(|window| window == [0x17, 0x0d]).unwrap();
    der[date + 3] = b'x';
    let said = fault(&der, None);
    assert!(said.starts_with("the file: no readable certificate: "), "{said}");
    let encoded = base64::engine::general_purpose::STANDARD.encode(&der);
    let said = fault(format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n").as_bytes(), None);
    assert!(said.starts_with("line 1: no readable certificate: "), "{said}");
}

fn der_that_is_cut_or_unknown_is_told() {
    let der = samples().leaf().0;
    let length = der.len();
    let cut = format!("DER is cut short: it goes on to byte {length} at least, and has 100");
    assert_eq!(fault(&der[..100], None), cut);
    let unknown = "DER of an unknown structure; expected a certificate, a request, a key, PKCS#7 or PKCS#12";
    assert_eq!(fault(&[0x30, 0x81, 0x03, 0x01, 0x01, 0xff], None), unknown);
    assert_eq!(fault(&[0x30, 0x03, 0x02, 0x01, 0x00], None), unknown);
}

fn strangers_are_named() {
    let expected = "; expected PEM, DER, PKCS#7, PKCS#12, JKS or JCEKS";
    let base64 = base64::engine::general_purpose::STANDARD.encode(samples().leaf().0);
    let wide: Vec<u8> = samples().text("leaf.pem").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, said) in [
        (b"PK\x03\x04abc".to_vec(), "a ZIP archive; take the file out of it first".to_owned()),
        (wide, "text in UTF-16; save it as ASCII or UTF-8 without a byte order mark".to_owned()),
        (
            b"\0\0\0\x02\0\0\0\x14abc".to_vec(),
            "a store of Bouncy Castle (BKS); convert it to PKCS#12 with keytool -importkeystore".to_owned(),
        ),
        (
            base64.into_bytes(),
            "a certificate in base64 without its BEGIN and END lines; put them around it, as in PEM".to_owned(),
        ),
        (b"<!DOCTYPE html>\n<p>Sign in".to_vec(), "a web page; download the file itself".to_owned()),
        (b"ssh-rsa AAAA".to_vec(), format!("a key for SSH{expected}")),
        (b"{\"certificate\": 1}".to_vec(), format!("JSON{expected}")),
        (b"hello\n".to_vec(), format!("text without a PEM block{expected}")),
        (vec![0x7f, b'E', b'L', b'F', 0], format!("binary data that begins with 7f 45 4c 46{expected}")),
        (
            b"-----BEGIN PGP MESSAGE-----\n\nabcd\n=abcd\n-----END PGP MESSAGE-----\n".to_vec(),
            format!("line 1: an OpenPGP block{expected}"),
        ),
        (b" \r\n\t".to_vec(), "an empty file; expected certificates, a request or a store".to_owned()),
        (vec![b' '; LONGEST + 1], "more than 8 MiB; no certificate, request or store is that long".to_owned()),
    ] {
        assert_eq!(fault(&bytes, None), said);
    }
}

fn files_that_cannot_be_read_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let said = |name: &str| read(&path(name), None).map(|_| ()).unwrap_err().to_string();
    let shown = |name: &str| path(name).display().to_string();
    let expected = format!("{}: a directory; expected a file with certificates, a request or a store", shown(""));
    assert_eq!(said(""), expected);
    assert!(said("none").starts_with(&format!("{}: it cannot be read: ", shown("none"))), "{}", said("none"));
    fs::write(path("empty"), b"").unwrap();
    assert!(said("empty").ends_with("/empty: an empty file; expected certificates, a request or a store"));
    // Sparse: only its length says that it is long.
    fs::File::create(path("long")).unwrap().set_len(1 << 40).unwrap();
    assert!(said("long").ends_with("/long: more than 8 MiB; no certificate, request or store is that long"));
    fs::copy(samples().path("leaf.pem"), path("good")).unwrap();
    assert_eq!(read(&path("good"), None).unwrap().entries.len(), 1);
    // An endless device is left after as many bytes.
    let endless = read(std::path::Path::new("/dev/zero"), None).unwrap_err().to_string();
    assert_eq!(endless, "/dev/zero: more than 8 MiB; no certificate, request or store is that long");
}
