//! Requests for client certificates: `sign` as a process, and what a run makes of `client-csr`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::process::{Command, Output};

use conformance_tests::Directory;
use mock_thales::pki::{Applicant, CertificateFacts, CustomerAuthority, PublicKey, issued_by};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder, X509Req, X509ReqBuilder};
use thales_harness::integration::{Materials, OwnIdentity, Subject};
use thales_harness::load::{Library, load_integration};
use thales_harness::reference;
use time::OffsetDateTime;

fn harness(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test")).args(words).output().unwrap()
}

/// What a call that ends with that code says, on both streams.
fn says(code: i32, words: &[&str]) -> String {
    let output = harness(words);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {text}");
    text
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

struct Files(Directory);

impl Deref for Files {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        &self.0
    }
}

impl Files {
    fn new() -> Self {
        Self(Directory::make())
    }

    /// `sign` of a request, with the words that every good call has.
    fn sign(&self, code: i32, request: &X509Req, more: &[&str]) -> String {
        let request = self.write("a.csr", request.to_pem().unwrap());
        let (authority, out) = (self.path("thales"), self.path("client.pem"));
        let fixed = ["sign", &request, "--authority", &authority, "--out", &out, "--customer-id", "MGW_000001"];
        says(code, &[&fixed, more].concat())
    }
}

fn on_curve(curve: Nid) -> PKey<Private> {
    PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(curve).unwrap()).unwrap()).unwrap()
}

fn p256() -> PKey<Private> {
    on_curve(Nid::X9_62_PRIME256V1)
}

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

const COMMON_NAME: &str = "TLSMA-ECDSA/MGW_000001-PPR";

/// The subject that Thales asks for, with that CN.
fn subject(common_name: &str) -> Vec<(&str, &str)> {
    vec![("C", "FR"), ("ST", "IDF"), ("L", "Meudon"), ("O", "Acme"), ("OU", "Pay"), ("CN", common_name)]
}

fn request_with(key: &PKey<Private>, subject: &[(&str, &str)], hash: MessageDigest) -> X509Req {
    let mut name = X509NameBuilder::new().unwrap();
    for (kind, value) in subject {
        name.append_entry_by_text(kind, value).unwrap();
    }
    let mut builder = X509ReqBuilder::new().unwrap();
    builder.set_subject_name(&name.build()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, hash).unwrap();
    builder.build()
}

fn request(key: &PKey<Private>, common_name: &str) -> X509Req {
    request_with(key, &subject(common_name), MessageDigest::sha256())
}

#[test]
fn what_thales_would_sign_is_signed() {
    let files = Files::new();
    let template = ["--cn-template", "TLSMA-{algorithm}/{customer-id}-{environment}"];
    for (key, common_name, more) in [
        (p256(), COMMON_NAME, &[][..]),
        (p256(), COMMON_NAME, &template),
        (rsa(4096), "TLSMA-RSA/MGW_000001-PPR", &template),
        (p256(), "TLSMA-ECDSA/MGW_000001-PRD", &["--environment", "production"]),
    ] {
        let request = request(&key, common_name);
        let text = files.sign(0, &request, more);
        assert_eq!(text.contains("tail not verified"), !more.contains(&template[0]), "{text}");
        let certificate = X509::from_pem(&fs::read(files.path("client.pem")).unwrap()).unwrap();
        let authority = X509::from_pem(&fs::read(files.path("thales/customer-authority.pem")).unwrap()).unwrap();
        assert!(certificate.verify(&authority.public_key().unwrap()).unwrap());
        assert!(certificate.public_key().unwrap().public_eq(&key));
        assert_eq!(certificate.subject_name().to_der().unwrap(), request.subject_name().to_der().unwrap());
    }
    // One authority for all, in a directory that is its owner's.
    let made = files.path("a.csr");
    let (request, authority) = (files.write("b.csr", fs::read(&made).unwrap()), files.path("thales"));
    let output = harness(&["sign", &request, "--authority", &authority, "--environment", "production"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(X509::from_pem(&output.stdout).is_ok(), "the certificate alone stands on standard output");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    holds(&said, &["TEST, NOT THALES", "D1E-IN-10 not checked"]);
    assert!(!said.contains("made just now"));
}

#[test]
fn what_thales_would_send_back_is_refused_by_requirement() {
    let (p256, sha256) = (p256(), MessageDigest::sha256());
    let named = |common_name| request(&p256, common_name);
    let without = |short| {
        let parts: Vec<_> = subject(COMMON_NAME).into_iter().filter(|(kind, _)| *kind != short).collect();
        request_with(&p256, &parts, sha256)
    };
    let hashed = |hash| request_with(&p256, &subject(COMMON_NAME), hash);
    let mut of_no_key = named(COMMON_NAME).to_der().unwrap();
    let place = of_no_key.windows(6).position(|window| window == b"Meudon").unwrap();
    of_no_key[place] = b'N';
    let cases: Vec<(&str, X509Req, &[&str])> = vec![
        ("RSA 2048", request(&rsa(2048), "TLSMA-RSA/MGW_000001-PPR"), &["D1E-IN-06", "D1E-IN-07"]),
        ("RSA 3072", request(&rsa(3072), "TLSMA-RSA/MGW_000001-PPR"), &["D1E-IN-06"]),
        ("P-384", request(&on_curve(Nid::SECP384R1), COMMON_NAME), &["D1E-IN-06"]),
        ("SHA-1", hashed(MessageDigest::sha1()), &["D1E-IN-08"]),
        ("SHA-384", hashed(MessageDigest::sha384()), &["D1E-IN-08"]),
        ("no OU", without("OU"), &["D1E-IN-09"]),
        ("no country", without("C"), &["D1E-IN-09"]),
        ("a changed request", X509Req::from_der(&of_no_key).unwrap(), &["D1E-IN-09"]),
        ("a backslash", named("TLSMA-ECDSA\\/MGW_000001-PPR"), &["D1E-IN-10"]),
        ("another customer", named("TLSMA-ECDSA/MGW_000002-PPR"), &["D1E-GEN-02", "D1E-IN-10"]),
        ("Production", named("TLSMA-ECDSA/MGW_000001-PRD"), &["D1E-IN-11"]),
        ("no environment", named("TLSMA-ECDSA/MGW_000001-ppr"), &["D1E-IN-11"]),
        ("the other algorithm", named("TLSMA-RSA/MGW_000001-PPR"), &["D1E-IN-12"]),
    ];
    for (case, request, ids) in cases {
        let files = Files::new();
        let text = files.sign(1, &request, &[]);
        let mut refused: Vec<_> = text.lines().filter_map(|line| line.strip_suffix(" refused")).collect();
        refused.sort();
        assert_eq!(refused, ids, "{case}: {text}");
        holds(&text, &["  expected  ", "  seen      ", "nothing was signed"]);
        assert!(!Path::new(&files.path("client.pem")).exists(), "{case}");
        assert!(!Path::new(&files.path("thales")).exists(), "{case}: the authority is made when it signs");
    }
    let files = Files::new();
    let template = ["--cn-template", "TLSMA-{algorithm}/{environment}/{customer-id}"];
    holds(&files.sign(1, &named(COMMON_NAME), &template), &["D1E-IN-10 refused", template[1]]);
}

#[test]
fn a_renewal_keeps_its_subject() {
    let files = Files::new();
    let key = p256();
    let (first, renewed) = (request(&key, COMMON_NAME), request(&p256(), COMMON_NAME));
    files.sign(0, &first, &[]);
    let certificate = files.write("before.pem", fs::read(files.path("client.pem")).unwrap());
    let in_der = files.write("before.der", X509::from_pem(&fs::read(&certificate).unwrap()).unwrap().to_der().unwrap());
    let asked = files.write("before.csr", first.to_der().unwrap());
    for previous in [&certificate, &in_der, &asked] {
        let text = files.sign(0, &renewed, &["--previous", previous]);
        assert!(!text.contains("D1E-IN-15"), "{text}");
        let text = files.sign(0, &first, &["--previous", previous]);
        holds(&text, &["D1E-IN-15 warning: the key is that of before"]);
        for other in [
            [("C", "FR"), ("ST", "IDF"), ("L", "Paris"), ("O", "Acme"), ("OU", "Pay"), ("CN", COMMON_NAME)],
            [("ST", "IDF"), ("C", "FR"), ("L", "Meudon"), ("O", "Acme"), ("OU", "Pay"), ("CN", COMMON_NAME)],
        ] {
            let other = request_with(&p256(), &other, MessageDigest::sha256());
            holds(&files.sign(1, &other, &["--previous", previous]), &["D1E-IN-15 refused", "L=Meudon"]);
        }
    }
    // What is a matter of encoding alone is no other subject.
    let applicant = Applicant::new(&subject(COMMON_NAME)).unwrap();
    let printable = files.write("printable.csr", applicant.request_der());
    let text = files.sign(0, &renewed, &["--previous", &printable]);
    assert_eq!(text.contains("encoded in another way"), !is_same_name(&renewed, &applicant), "{text}");
}

fn is_same_name(request: &X509Req, applicant: &Applicant) -> bool {
    let other = X509Req::from_der(applicant.request_der()).unwrap();
    request.subject_name().to_der().unwrap() == other.subject_name().to_der().unwrap()
}

#[test]
fn bad_usage_is_no_refusal() {
    let files = Files::new();
    let request = files.write("a.csr", request(&p256(), COMMON_NAME).to_pem().unwrap());
    let (none, authority) = (files.write("none.csr", "nothing"), files.path("thales"));
    let sign = |request: &str, more: &[&str]| says(3, &[&["sign", request, "--authority", &authority], more].concat());
    holds(&sign(&files.path("gone.csr"), &[]), &["gone.csr: cannot be read"]);
    holds(&sign(&none, &[]), &["none.csr: failed to read a certificate signing request"]);
    holds(&sign(&request, &["--profile", "classic-tokenization"]), &["signs its client certificate itself"]);
    holds(&sign(&request, &["--profile", "d1"]), &["no profile is called `d1`"]);
    holds(&sign(&request, &["--environment", "staging"]), &["no environment `staging`"]);
    holds(&sign(&request, &["--previous", &none]), &["none.csr: failed to"]);
    holds(&says(3, &["sign", &request]), &["--authority"]);
    let taken = files.write("taken", "");
    holds(&says(3, &["sign", &request, "--authority", &taken]), &["taken"]);
}

/// An integration file with a caller, and these words about its certificates.
fn integration(profile: &str, more: &str) -> String {
    format!(
        "name = \"acme\"\nprofile = \"{profile}\"\n{more}\n[[caller]]\nname = \"batch\"\ncommand = [\"/bin/true\"]\n"
    )
}

#[test]
fn faults_about_requests_are_one_line_each() {
    let files = Files::new();
    let key = p256();
    files.write("a.csr", request(&key, COMMON_NAME).to_pem().unwrap());
    files.write("a.key", key.private_key_to_pem_pkcs8().unwrap());
    files.write("other.key", p256().private_key_to_pem_pkcs8().unwrap());
    files.write("none.pem", "nothing");
    files.write("empty.pem", "");
    let fault = |profile: &str, more: &str, part: &str| {
        let path = files.write("a.toml", integration(profile, more));
        let text = says(3, &["run", "--integration", &path, "--only", "inbound/control"]);
        holds(&text, &[part]);
        assert_eq!(text.matches("client-csr").count().max(1), 1, "said once:\n{text}");
    };
    let asked = "[identity]\nclient-csr = \"a.csr\"\n";
    fault("classic-tokenization", asked, "signs its client certificate itself, expected `client-certificate`");
    fault("d1-ecom", &format!("{asked}client-certificate = \"none.pem\""), "client-csr and client-certificate");
    fault(
        "d1-ecom",
        &format!("{asked}client-key = \"other.key\""),
        "client-key is not the key of [identity] client-csr",
    );
    fault("d1-ecom", "[identity]\nclient-csr = \"none.pem\"", "client-csr: failed to read a certificate signing");
    fault("d1-ecom", "[identity]\nclient-csr = \"empty.pem\"", "client-csr: failed to read a certificate signing");
    fault("d1-ecom", "[identity]\nclient-csr = \"gone.csr\"", "gone.csr: cannot be read");
    fault("d1-ecom", "[portal]\ncustomer-authority = \"gone.pem\"", "gone.pem: cannot be read");
    let portal = "[portal]\ncustomer-authority = \"none.pem\"\n";
    fault("classic-tokenization", portal, "[portal] customer-authority: with classic-tokenization");
    fault("d1-ecom", &format!("{portal}{asked}"), "customer-authority belongs to client-certificate");
    // Where the integration file's own profile is another one than that of the run.
    let path = files.write("a.toml", integration("d1-ecom", asked));
    let text = says(3, &["run", "--integration", &path, "--profile", "classic-tokenization"]);
    holds(&text, &["in this profile the customer signs its client certificate itself"]);
}

fn materials(profile: &str, identity: OwnIdentity) -> Materials {
    let library = Library::built_in().unwrap();
    let (profile, _) = &library.profiles[profile];
    let environment = &profile.environments[0];
    let mut subject = reference::subject(profile, environment).unwrap().into_subject();
    subject.identity = identity;
    Materials::new(&subject, profile, environment).unwrap()
}

fn asset(materials: &Materials, name: &str) -> Option<Vec<u8>> {
    materials.assets.iter().find(|asset| asset.name == name).map(|asset| asset.content.clone())
}

#[test]
fn a_run_signs_the_request_and_hands_back_the_certificate() {
    let key = rsa(4096);
    let asked = request(&key, "TLSMA-RSA/MGW_000001-PPR");
    let client_key = Some(key.private_key_to_pem_pkcs8().unwrap());
    for file in [asked.to_pem().unwrap(), asked.to_der().unwrap()] {
        let made = materials(
            "d1-ecom",
            OwnIdentity { client_csr: Some(file), client_key: client_key.clone(), ..OwnIdentity::default() },
        );
        assert!(!made.client_is_issued, "the certificate is of the customer's own key");
        let endorsed = made.context.endorsed.as_ref().unwrap();
        let facts = CertificateFacts::read(endorsed).unwrap();
        assert_eq!(facts.key, PublicKey::Rsa { bits: 4096 });
        assert!((facts.not_after - facts.not_before).whole_days() == 1826);
        assert_eq!(issued_by(endorsed, &made.context.customer_authority[0]), Ok(Some(true)));
        let shown = X509::from_pem(&asset(&made, "CUSTOMER_TLS_CLIENT_CERTIFICATE").unwrap()).unwrap();
        assert_eq!(shown.to_der().unwrap(), endorsed.0);
        for name in ["CUSTOMER_TLS_CLIENT_KEY", "CUSTOMER_TLS_CLIENT_PEM", "CUSTOMER_TLS_CLIENT_P12"] {
            assert!(asset(&made, name).is_some(), "{name}");
        }
    }
    // Where the integration holds its key itself, the certificate alone is handed back.
    let identity = OwnIdentity { client_csr: Some(asked.to_pem().unwrap()), ..OwnIdentity::default() };
    let made = materials("d1-ecom", identity);
    assert!(asset(&made, "CUSTOMER_TLS_CLIENT_CERTIFICATE").is_some());
    assert!(asset(&made, "CUSTOMER_TLS_CLIENT_KEY").is_none());
}

#[test]
fn the_authority_for_customers_is_the_one_that_signed() {
    let files = Files::new();
    let authority = CustomerAuthority::new(OffsetDateTime::now_utc()).unwrap();
    let key = p256();
    let asked = request(&key, COMMON_NAME).to_der().unwrap();
    let certificate = authority.sign(&asked, OffsetDateTime::now_utc()).unwrap();
    files.write("client.pem", X509::from_der(&certificate.0).unwrap().to_pem().unwrap());
    files.write("client.key", key.private_key_to_pem_pkcs8().unwrap());
    files.write("thales.der", &authority.certificate().0);
    let own = "[portal]\ncustomer-authority = \"thales.der\"\n[identity]\n\
               client-certificate = \"client.pem\"\nclient-key = \"client.key\"";
    let library = Library::built_in().unwrap();
    let made = |more: &str| {
        let path = files.write("a.toml", integration("d1-ecom", more));
        let path = Path::new(&path);
        let subject = Subject::from_file(load_integration(path, &library).unwrap(), path, None).unwrap();
        let (profile, _) = &library.profiles["d1-ecom"];
        Materials::new(&subject, profile, &profile.environments[0]).unwrap()
    };
    let handed_over = made(own);
    assert_eq!(handed_over.context.customer_authority, [authority.certificate().clone()]);
    assert_eq!(handed_over.context.endorsed.as_ref(), Some(&certificate));
    let shared = X509::from_pem(&asset(&handed_over, "THALES_CUSTOMER_CA").unwrap()).unwrap();
    assert_eq!(shared.to_der().unwrap(), authority.certificate().0);
    // Nobody said who it was: then nothing can be compared.
    let (_, unsaid) = own.split_once('\n').unwrap();
    let unsaid = made(unsaid.split_once('\n').unwrap().1);
    assert!(unsaid.context.customer_authority.is_empty());
    // The harness issues: rows about the certificate are untested, and it is of the kind that Thales would sign.
    let issued = made("");
    assert!(issued.client_is_issued);
    let (endorsed, of_run) = (issued.context.endorsed.unwrap(), &issued.context.customer_authority[0]);
    assert_eq!(issued_by(&endorsed, of_run), Ok(Some(true)));

    let own = materials("classic-tokenization", OwnIdentity::default());
    assert!(own.context.customer_authority.is_empty());
    assert!(asset(&own, "THALES_CUSTOMER_CA").is_none(), "it signs nobody there");
    assert_eq!(CertificateFacts::read(&own.context.endorsed.unwrap()).unwrap().self_signed, Some(true));
    let trusted = |made: &[u8]| X509::stack_from_pem(made).unwrap().len();
    let trust = |profile: &str| {
        trusted(&asset(&materials(profile, OwnIdentity::default()), "TSH_TLS_SERVER_CERTIFICATE_CHAIN").unwrap())
    };
    assert_eq!(
        (trust("classic-tokenization"), trust("d1-ecom")),
        (2, 6),
        "root and intermediate in use, further roots"
    );
}
