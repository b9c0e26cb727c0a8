//! What Thales' authority for customers makes of a request, as the `openssl` command line sees it, and the directory
//! where an authority is kept.

use std::fs;

use mock_thales::pki::{Applicant, CustomerAuthority, RequestFacts, certificates_der, request_der, subject_der};
use time::{Duration, OffsetDateTime};

use super::openssl::{OpenSsl, Outcome};

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn authority() -> CustomerAuthority {
    CustomerAuthority::new(now()).expect("it can be made")
}

/// A request as `openssl req` makes it, in DER.
fn request(openssl: &OpenSsl, words: &[&str]) -> Vec<u8> {
    let [key, der] = ["key.pem", "request.der"].map(|name| openssl.file(name, ""));
    openssl.run(&[&["req", "-new", "-nodes", "-keyout", &key, "-outform", "DER", "-out", &der], words].concat());
    fs::read(&der).expect("the request")
}

/// Signs a request and writes the certificate as PEM; with it the authority's.
fn signed(openssl: &OpenSsl, request: &[u8]) -> (String, String) {
    let authority = authority();
    let certificate = authority.sign(request, now()).expect("it can be signed");
    let der = openssl.file("certificate.der", &certificate.0);
    let pem = openssl.run(&["x509", "-inform", "DER", "-in", &der]);
    (openssl.file("certificate.pem", pem), openssl.file("authority.pem", authority.certificate_pem()))
}

const SUBJECT: &str = "/C=FR/ST=IDF/L=Meudon/O=Acme, Inc/OU=Pay/CN=TLSMA-ECDSA\\/MGW_000001-PPR";
const P_256: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

pub(crate) fn a_certificate_carries_the_request_and_a_clients_extensions() {
    let openssl = OpenSsl::new();
    let asked = ["-addext", "extendedKeyUsage=serverAuth", "-addext", "basicConstraints=CA:TRUE"];
    let request = request(&openssl, &[&["-subj", SUBJECT], &P_256[..], &asked].concat());
    let (certificate, authority) = signed(&openssl, &request);
    assert_eq!(openssl.verify(&authority, &certificate, &["-x509_strict", "-purpose", "sslclient"]), Outcome::Ok);
    assert_eq!(openssl.verify(&authority, &certificate, &["-purpose", "sslserver"]), Outcome::Error(26));
    let text = openssl.text(&certificate, &["-text", "-noout"]);
    for part in [
        "Version: 3",
        "Signature Algorithm: ecdsa-with-SHA256",
        "Issuer: O = \"TEST, NOT THALES\"",
        "CN = TLSMA-ECDSA/MGW_000001-PPR",
        "NIST CURVE: P-256",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    // What the key identifiers are for: the one names the other.
    let of_issuer = openssl.text(&authority, &["-noout", "-ext", "subjectKeyIdentifier"]);
    let id = of_issuer.lines().nth(1).expect("an identifier").trim();
    assert!(openssl.text(&certificate, &["-noout", "-ext", "authorityKeyIdentifier"]).contains(id));
    let day = 86_400;
    assert!(openssl.lives(&certificate, 1825 * day) && !openssl.lives(&certificate, 1826 * day + 1));
    assert!(openssl.lives(&authority, 1826 * day), "an authority outlives what it signs");
    let late = CustomerAuthority::new(now() - Duration::days(1900)).expect("it can be made");
    assert!(late.sign(&request, now()).is_err_and(|error| error.to_string().contains("itself ends on")));
}

pub(crate) fn a_subject_is_copied_byte_by_byte() {
    let openssl = OpenSsl::new();
    for words in [
        ["-utf8", "-subj", "/C=FR/O=Acmé/O=twice/OU=b/OU=a/CN=x/emailAddress=a@b"],
        // A multi-valued part, which the certificate library does not know.
        ["-multivalue-rdn", "-subj", "/C=FR/O=Acme+OU=Pay/CN=x"],
        ["-utf8", "-subj", "/CN=last/O=first/C=FR"],
    ] {
        let request = request(&openssl, &[&words, &P_256[..]].concat());
        let certificate = authority().sign(&request, now()).expect("it can be signed");
        let subject = subject_der(&certificate).expect("a subject");
        assert!(request.windows(subject.len()).any(|window| window == subject), "{words:?}");
        assert_eq!(
            RequestFacts::read(&request).expect("it can be read").subject,
            mock_thales::pki::rfc4514(&subject).expect("a name")
        );
    }
}

pub(crate) fn every_kind_of_key_is_certified() {
    let openssl = OpenSsl::new();
    for words in [
        vec!["-newkey", "rsa:2048"],
        vec!["-newkey", "rsa:4096", "-sha384"],
        P_256.to_vec(),
        vec!["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha1"],
        vec!["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
        vec!["-newkey", "ed25519"],
    ] {
        let request = request(&openssl, &[words.as_slice(), &["-subj", SUBJECT]].concat());
        let (certificate, authority) = signed(&openssl, &request);
        assert_eq!(openssl.verify(&authority, &certificate, &["-purpose", "sslclient"]), Outcome::Ok, "{words:?}");
        let der = openssl.file("request.der", &request);
        let asked = openssl.run(&["req", "-inform", "DER", "-in", &der, "-noout", "-pubkey"]);
        assert_eq!(openssl.text(&certificate, &["-noout", "-pubkey"]), asked, "{words:?}");
    }
}

pub(crate) fn what_is_no_request_of_its_key_is_refused() {
    let openssl = OpenSsl::new();
    let mut request = request(&openssl, &[&["-subj", SUBJECT], &P_256[..]].concat());
    let refused = |request: &[u8], part: &str| {
        let error = authority().sign(request, now()).expect_err("it is refused").to_string();
        assert!(error.contains(part), "{error}");
    };
    refused(b"no request", "read a certificate signing request");
    refused(&[request.as_slice(), &[0]].concat(), "bytes follow it");
    let middle = request.windows(10).position(|window| window == b"MGW_000001").expect("the subject");
    request[middle] = b'N';
    refused(&request, "not by its own key");
}

pub(crate) fn requests_are_read_from_every_common_encoding() {
    let applicant = Applicant::new(&[("C", "FR"), ("CN", "x")]).expect("it can be made");
    let (der, pem) = (applicant.request_der(), applicant.request_pem());
    let of_keytool = pem.replace(" CERTIFICATE REQUEST", " NEW CERTIFICATE REQUEST");
    for file in [der, pem.as_bytes(), of_keytool.as_bytes(), format!("a title\n{pem}").as_bytes()] {
        assert_eq!(request_der(file).expect("a request"), der);
    }
    for file in ["", &authority().certificate_pem()] {
        assert!(request_der(file.as_bytes()).is_err_and(|error| error.to_string().contains("signing request")));
    }
    let two = [authority(), authority()];
    let pem: String = two.iter().map(CustomerAuthority::certificate_pem).collect();
    let both = two.map(|authority| authority.certificate().clone());
    assert_eq!(certificates_der(pem.as_bytes()).expect("certificates"), both);
    assert_eq!(certificates_der(&both[0].0).expect("a certificate"), both[..1]);
    assert!(certificates_der(applicant.request_pem().as_bytes()).is_err());
    // The request is one that OpenSSL takes.
    let openssl = OpenSsl::new();
    let file = openssl.file("request.pem", applicant.request_pem());
    let text = openssl.run(&["req", "-in", &file, "-verify", "-noout", "-subject"]);
    assert_eq!(text.trim_end(), "subject=C = FR, CN = x");
    assert!(Applicant::new(&[("X", "y")]).is_err_and(|error| error.to_string().contains("`X`")));
}

pub(crate) fn an_authority_is_kept_in_a_directory() {
    let root = tempfile::tempdir().expect("a directory");
    let directory = root.path().join("a/thales");
    assert!(CustomerAuthority::load(&directory).expect("nothing is there").is_none());
    let (made, is_new) = CustomerAuthority::open(&directory, now()).expect("it can be made");
    assert!(is_new);
    let (again, is_new) = CustomerAuthority::open(&directory, now()).expect("it can be read");
    assert!(!is_new);
    assert_eq!(again.certificate(), made.certificate());
    let applicant = Applicant::new(&[("CN", "x")]).expect("it can be made");
    assert!(again.sign(applicant.request_der(), now()).is_ok());

    let [key, certificate] = ["key", "pem"].map(|end| directory.join(format!("customer-authority.{end}")));
    let mut names: Vec<_> =
        fs::read_dir(&directory).expect("a directory").map(|entry| entry.expect("it").path()).collect();
    names.sort();
    assert_eq!(names, [key.clone(), certificate.clone()], "no draft stays behind");
    #[cfg(unix)]
    for (path, mode) in [(&directory, 0o700), (&key, 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(path).expect("it is there").permissions().mode() & 0o777, mode, "{path:?}");
    }
    assert_eq!(fs::read_to_string(&certificate).expect("it is there"), made.certificate_pem());
    // The certificate is written again where it is missing or another's.
    fs::write(&certificate, "another").expect("it can be written");
    CustomerAuthority::open(&directory, now()).expect("it can be read");
    assert_eq!(fs::read_to_string(&certificate).expect("it is there"), made.certificate_pem());
    // It never takes the place of one that is there, nor of what is none.
    assert!(!authority().save(&directory).expect("it can be written"));
    assert_eq!(CustomerAuthority::load(&directory).expect("read").expect("one").certificate(), made.certificate());
    let of_two = fs::read_to_string(&key).expect("it is there").replace(&made.certificate_pem(), "")
        + &authority().certificate_pem();
    for text in ["", &of_two] {
        fs::write(&key, text).expect("it can be written");
        let error = CustomerAuthority::open(&directory, now()).expect_err("it is no authority").to_string();
        assert!(error.contains(key.to_str().expect("a path")), "{error}");
    }
    assert!(!format!("{made:?}").contains("key:"), "{made:?}");
}

pub(crate) fn of_many_that_make_one_all_get_the_same() {
    let root = tempfile::tempdir().expect("a directory");
    let directory = root.path().join("thales");
    let opened: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| CustomerAuthority::open(&directory, now()).expect("opened"))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(opened.iter().filter(|(_, is_new)| *is_new).count(), 1);
    assert!(opened.iter().all(|(authority, _)| authority.certificate() == opened[0].0.certificate()));
}
