//! Both environments of an integration file as a process sees them: what is read, what is refused, what is judged of
//! files alone. Checks on topics that the first profile does not have are played with a profile of the test's own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;
use std::process::Command;

use mock_thales::observe::CertificateDer;
use mock_thales::pki::pkcs12_trust;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509NameBuilder, X509ReqBuilder};
use serde_json::Value;
use tempfile::TempDir;
use thales_harness::integration::Subject;
use thales_harness::load::{Library, load_integration};
use thales_harness::reference;

const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");

/// A directory with an integration file and what it names.
struct Files(TempDir);

impl Files {
    /// The reference's certificates of both environments, and those of a stranger.
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let library = Library::built_in().unwrap();
        let (profile, _) = &library.profiles["classic-tokenization"];
        let [played, other] = profile.environments.as_slice() else { panic!("two environments") };
        let identities = [
            ("own", reference::own_identity(profile, played).unwrap()),
            ("other", reference::own_identity(profile, other).unwrap()),
            ("stranger", reference::own_identity(profile, played).unwrap()),
        ];
        for (name, identity) in identities {
            files.write(&format!("{name}.pem"), identity.client_certificate.unwrap());
            files.write(&format!("{name}.key"), identity.client_key.unwrap());
            let chain = identity.server_chain.unwrap();
            // The last of three is the root.
            let text = String::from_utf8(chain.clone()).unwrap();
            let root = text.rfind("-----BEGIN").unwrap();
            files.write(&format!("{name}-root.pem"), &text[root..]);
            files.write(&format!("{name}-chain.pem"), chain);
        }
        files
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What a run of the files' scenarios says, and its exit code.
    fn run(&self, integration: &str, more: &[&str]) -> (Option<i32>, String) {
        let path = self.write("a.toml", format!("name = \"acme\"\n{integration}{PARTS}"));
        let report = self.0.path().join("report");
        let output = Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test"))
            .args(["run", "--integration", &path, "--only", "files/*", "--report", report.to_str().unwrap()])
            .args(more)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), text)
    }

    /// The verdict on a topic, with what was said of it.
    fn verdict(&self, topic: &str) -> (String, String) {
        let report: Value =
            serde_json::from_slice(&fs::read(self.0.path().join("report/report.json")).unwrap()).unwrap();
        let rows = report["requirements"].as_array().unwrap();
        let row = rows.iter().find(|row| row["topic"] == topic).unwrap_or_else(|| panic!("no row about {topic}"));
        (row["verdict"].as_str().unwrap().to_owned(), row.to_string())
    }

    fn judges(&self, topic: &str, verdict: &str, words: &str) {
        let (found, row) = self.verdict(topic);
        assert_eq!(found, verdict, "{row}");
        assert!(row.contains(words), "`{words}` is missing in {row}");
    }

    fn refuses(&self, integration: &str, words: &[&str]) {
        let (code, text) = self.run(integration, &[]);
        assert_eq!(code, Some(3), "{text}");
        for word in words {
            assert!(text.contains(word), "`{word}` is missing in:\n{text}");
        }
    }
}

const PARTS: &str = "\n[[caller]]\nname = \"batch\"\ncommand = [\"/bin/true\"]\n\n[[receiver]]\nname = \"edge\"\n\
                     command = [\"/bin/true\"]\n[[receiver.request]]\nmethod = \"GET\"\npath = \"/\"\nstatus = [200]\n";

const CLASSIC: &str = "profile = \"classic-tokenization\"\n";

const BOTH: &str = "environment = \"pre-production\"\n\
    [portal]\ncommon-name = \"reference.customer.example\"\n\
    [identity]\nclient-certificate = \"own.pem\"\nclient-key = \"own.key\"\n\
    [environments.production.portal]\ncommon-name = \"reference.production.customer.example\"\n\
    [environments.production.identity]\nclient-certificate = \"other.pem\"\n";

fn pem_der(pem: &[u8]) -> Vec<u8> {
    openssl::x509::X509::from_pem(pem).unwrap().to_der().unwrap()
}

fn classic(more: &str) -> String {
    format!("{CLASSIC}{more}")
}

#[test]
fn both_environments_are_read_and_compared() {
    let files = Files::new();
    let (code, text) = files.run(&classic(BOTH), &[]);
    assert_eq!(code, Some(0), "{text}");
    files.judges("general.environments", "pass", "\"reach\":\"file\"");
    files.judges("inbound.certificate.common-name", "pass", "\"phase\":\"production\"");
    files.run(&classic(&BOTH.replace("other.pem", "stranger.pem")), &[]);
    files.judges("general.environments", "fail", "is the common name for pre-production and for production");
    files.judges("inbound.certificate.common-name", "fail", "\"phase\":\"production\"");
}

/// The same file, played in the other environment: what is described of it is in use, and the keys of the first one are
/// not even looked for.
#[test]
fn the_command_line_turns_the_environments_round() {
    let files = Files::new();
    let keyed = classic(BOTH).replace("\"other.pem\"\n", "\"other.pem\"\nclient-key = \"other.key\"\n");
    let gone = keyed.replace("own.key", "gone.key");
    files.refuses(&gone, &["gone.key", "cannot be read"]);
    let (code, text) = files.run(&gone, &["--environment", "production"]);
    assert_eq!(code, Some(0), "{text}");
    let log = fs::read_to_string(files.0.path().join("report/logs/files.environments.files.jsonl")).unwrap();
    let header: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    let environments = &header["context"]["environments"];
    assert_eq!(environments[0]["id"], "production");
    assert_eq!(environments[0]["common-name"], "reference.production.customer.example");
    assert_eq!(environments[1]["id"], "pre-production");
    assert_eq!(environments[1]["common-name"], "reference.customer.example");
}

#[test]
fn one_environment_alone_is_for_a_person_to_answer() {
    let files = Files::new();
    let alone = BOTH.split("[environments").next().unwrap();
    files.run(&classic(alone), &[]);
    files.judges("general.environments", "untested", "the integration file describes one environment only");
    let declared = "[declares]\n\"TSH-GEN-01\" = { by = \"owner\", on = 2026-11-20, grounds = \"compared by hand\" }\n";
    files.run(&classic(&format!("{alone}{declared}")), &[]);
    files.judges("general.environments", "declared", "compared by hand");
    // Half a description is none, and what it breaks is broken whatever is declared.
    let half = format!("{alone}[environments.production.portal]\ncommon-name = \"elsewhere.example\"\n{declared}");
    files.run(&classic(&half), &[]);
    files.judges("general.environments", "declared", "compared by hand");
    let broken = half.replace("elsewhere.example", "reference.customer.example");
    files.run(&classic(&broken), &[]);
    files.judges("general.environments", "fail", "is the common name for");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let files = Files::new();
    let with = |more: &str| classic(&format!("{BOTH}{more}"));
    files.refuses(
        &with("[environments.staging.portal]\n"),
        &["[environments.staging]", "has no environment `staging`, expected `pre-production` or `production`"],
    );
    files.refuses(&with("[environments.pre-production.portal]\n"), &["[portal] and [identity] are about it"]);
    files.refuses(&with("[stores.staging]\n"), &["[stores.staging]", "has no environment `staging`"]);
    files.refuses(&with("[stores.production]\nCUSTOMER_TLS_CLIENT_KEY = \"own.key\"\n"), &["is no store"]);
    files.refuses(&with("[stores]\nTRUST = \"own.pem\"\n"), &["`TRUST` in [stores] is no store"]);
    files.refuses(&with("[stores]\nTHALES_CLIENT_CA = 7\n"), &["expected a file, or a table of files by asset"]);
    files.refuses(&with("[stores.production]\nTHALES_CLIENT_CA = \"gone.pem\"\n"), &["gone.pem", "cannot be read"]);
    files.refuses(
        &with("[stores]\nTHALES_CLIENT_CA = \"own.pem\"\n[stores.pre-production]\nTHALES_CLIENT_CA = \"own.pem\"\n"),
        &["which are about the same environment"],
    );
    files.refuses(
        &with("").replace("other.pem", "other.key"),
        &["[environments.production.identity] client-certificate: no certificate in PEM found"],
    );
}

#[test]
fn what_thales_shows_a_receiver_comes_from_a_file_or_a_variable() {
    let files = Files::new();
    files.write("key.txt", "s3cr3t-notification-key\n");
    files.write("empty.txt", "\n");
    let with = |profile: &str, access: &str| {
        let request = "[[receiver.request]]\nmethod = \"POST\"\npath = \"/\"\nstatus = [200]\n";
        let receiver = "[[receiver]]\nname = \"notified\"\ncommand = [\"/bin/true\"]\n";
        format!("profile = \"{profile}\"\n{receiver}{access}\n{request}")
    };
    let (tmg, d1) = ("merchant-tokenization", "d1-ecom");
    let (code, text) = files.run(&with(tmg, "api-key = { file = \"key.txt\" }"), &[]);
    assert_ne!(code, Some(3), "{text}");
    assert!(!text.contains("s3cr3t"), "{text}");
    let report = fs::read_to_string(files.0.path().join("report/report.json")).unwrap();
    assert!(!report.contains("s3cr3t"), "{report}");
    let oauth = "oauth = { token-path = \"/token\", client-id = \"t\", client-secret = { file = \"key.txt\" } }";
    let (code, text) = files.run(&with(d1, oauth), &[]);
    assert_ne!(code, Some(3), "{text}");

    files.refuses(&with(tmg, "api-key = \"s3cr3t\""), &["api-key"]);
    files.refuses(&with(tmg, "api-key = { file = \"gone.txt\" }"), &["gone.txt", "cannot be read"]);
    files.refuses(&with(tmg, "api-key = { file = \"empty.txt\" }"), &["`notified`", "empty.txt holds no secret"]);
    files.refuses(&with(tmg, "api-key = { env = \"NOBODY_SETS_THIS\" }"), &["the variable NOBODY_SETS_THIS"]);
    files.refuses(&with(d1, "api-key = { file = \"key.txt\" }"), &["with d1-ecom Thales sends no API key"]);
    files.refuses(&with(tmg, oauth), &["with merchant-tokenization Thales asks for no token"]);
    files.refuses(&with(d1, &oauth.replace("/token", "token")), &["token-path is `token`"]);
}

#[test]
fn stores_are_judged_for_the_environment_that_they_are_for() {
    let files = Files::new();
    let stores =
        "[stores]\nTHALES_CLIENT_CA = \"own-root.pem\"\n[stores.production]\nTHALES_CLIENT_CA = \"other.pem\"\n";
    files.run(&classic(&format!("{BOTH}{stores}")), &[]);
    files.judges("outbound.no-pinning", "fail", "holds the leaf");
    files.judges("outbound.no-pinning", "fail", "\"seen\":\"authorities only\"");
    // A store in another format, with the password that such stores have; and one that nobody can open.
    let root = CertificateDer(pem_der(&fs::read(files.0.path().join("own-root.pem")).unwrap()));
    let leaf = CertificateDer(pem_der(&fs::read(files.0.path().join("other.pem")).unwrap()));
    for (password, verdict, words) in
        [("changeit", "fail", "holds the leaf"), ("not so well known", "untested", "cannot be read here")]
    {
        files.write("store.p12", pkcs12_trust([&root, &leaf], password).unwrap());
        files.run(&classic(&format!("{BOTH}[stores]\nTHALES_CLIENT_CA = \"store.p12\"\n")), &[]);
        files.judges("outbound.no-pinning", verdict, words);
    }
}

/// What Thales uses today only the portal says: it goes before what is published.
#[test]
fn stores_are_compared_with_what_the_portal_gave() {
    let files = Files::new();
    let authority = |side: &str, file: &str| {
        classic(BOTH).replacen("[portal]\n", &format!("[portal]\n{side}-authority = \"{file}\"\n"), 1)
    };
    let server = "[stores]\nTSH_TLS_SERVER_CERTIFICATE_CHAIN = \"own-root.pem\"\n";
    files.run(&classic(&format!("{BOTH}{server}")), &[]);
    files.judges("inbound.server-trust", "pass", "a stand-in for Thales' real one");
    files.run(&format!("{}{server}", authority("server", "own-root.pem")), &[]);
    files.judges("inbound.server-trust", "pass", "\"ruling\":\"met\"");
    // The portal may give a chain without its root, and the store hold the root.
    files.run(&format!("{}{server}", authority("server", "own-chain.pem")), &[]);
    files.judges("inbound.server-trust", "pass", "\"ruling\":\"met\"");
    files.run(&format!("{}{server}", authority("server", "stranger-root.pem")), &[]);
    files.judges("inbound.server-trust", "fail", "and not the authority that was handed over");
    let client = "[stores]\nTHALES_CLIENT_CA = \"own-root.pem\"\n";
    files.run(&format!("{}{client}", authority("client", "own-root.pem")), &[]);
    files.judges("outbound.client-ca", "pass", "\"ruling\":\"met\"");
    files.run(&format!("{}{client}", authority("client", "stranger-root.pem")), &[]);
    files.judges("outbound.client-ca", "fail", "and not the authority that was handed over");
}

/// A profile with the topics of a product whose certificates Thales signs.
fn signed(files: &Files) -> String {
    let root = files.0.path().join("scenarios");
    let row = |id: &str, topic: &str, proof: &str| {
        format!(
            "[[requirement]]\nid = \"{id}\"\ntopic = \"{topic}\"\nlevel = \"must\"\nrule = \"r\"\nsource = \"s\"\n\
             proof = \"{proof}\"\nsymptom = \"s\"\nremedy = \"r\"\n"
        )
    };
    let mut profile = String::from(
        "id = \"signed\"\ntitle = \"Signed\"\nnot-proven = []\n\
         [[environment]]\nid = \"pre-production\"\nhost = \"api.stg.example\"\nbase-path = \"/\"\nword = \"PPR\"\n\
         [[environment]]\nid = \"production\"\nhost = \"api.example\"\nbase-path = \"/\"\nword = \"PRD\"\n\
         [customer-id]\nname = \"id\"\nlength = 10\n\
         [client-certificate]\nissuance = \"thales\"\nkeys = [\"p256\"]\nlonger-rsa = false\n\
         sha384-with-ecdsa = false\ncommon-name = { pattern = { rsa = \"TLSMA-RSA/\", ecdsa = \"TLSMA-ECDSA/\" } }\n\
         subject = [\"C\", \"CN\"]\n[server-authority]\nname = \"CA\"\nroots = 1\n",
    );
    profile += &row("SIG-01", "signed.apart", "file");
    profile += &row("SIG-02", "signed.request", "file");
    profile += &row("SIG-03", "signed.subject", "file");
    profile += &row("SIG-04", "signed.renewal", "file");
    profile += &row("SIG-05", "signed.public", "file");
    profile += &row("SIG-06", "signed.trust-store", "file");
    profile += &row("SIG-07", "signed.notice", "declaration");
    profile += &row("SIG-08", "signed.pinned", "file");
    let write = |name: &str, content: &str| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("profiles/signed.toml", &profile);
    let steps = [
        ("signed.apart", "environments-apart = \"keys\""),
        ("signed.request", "client-request = \"environment-word\""),
        ("signed.subject", "client-request = \"subject\""),
        ("signed.renewal", "renewal-request = {}"),
        ("signed.public", "server-anchor = \"public\""),
        ("signed.trust-store", "server-anchor = \"trust-store\""),
        ("signed.notice", "server-chain-kept = {}"),
        ("signed.pinned", "server-chain-kept = {}"),
    ]
    .map(|(topic, check)| format!("[[step]]\nverifies = \"{topic}\"\nexpect = {{ {check} }}\n"));
    write("files/all.toml", &format!("id = \"files/all\"\ntitle = \"t\"\nrole = \"files\"\n{}", steps.concat()));
    root.to_str().unwrap().to_owned()
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn request(common_name: &str, key: &PKey<Private>) -> Vec<u8> {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COUNTRYNAME, "FR").unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, common_name).unwrap();
    let mut builder = X509ReqBuilder::new().unwrap();
    builder.set_subject_name(&name.build()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build().to_pem().unwrap()
}

const SIGNED: &str = "profile = \"signed\"\n[portal]\ncustomer-id = \"MGW_000001\"\n\
    [identity]\nclient-csr = \"stg.csr\"\nprevious-csr = \"before.csr\"\nserver-chain = \"own-chain.pem\"\n\
    previous-server-chain = \"own-chain.pem\"\ntrust-store = \"own-root.pem\"\n\
    [environments.production.portal]\ncustomer-id = \"MGW_000001\"\n\
    [environments.production.identity]\nclient-csr = \"prd.csr\"\n";

#[test]
fn requests_to_sign_are_judged_in_both_environments() {
    let files = Files::new();
    let root = signed(&files);
    let (one, other) = (key(), key());
    files.write("stg.csr", request("TLSMA-ECDSA/MGW_000001-PPR", &one));
    files.write("before.csr", request("TLSMA-ECDSA/MGW_000001-PPR", &other));
    files.write("prd.csr", request("TLSMA-ECDSA/MGW_000001-PRD", &other));
    let run = |file: &str| files.run(file, &["--scenarios", &root]);
    run(SIGNED);
    for topic in ["signed.apart", "signed.request", "signed.subject", "signed.renewal"] {
        files.judges(topic, "pass", "\"reach\":\"file\"");
    }
    files.write("prd.csr", request("TLSMA-ECDSA/MGW_000001-PPR", &one));
    files.write("before.csr", request("TLSMA-ECDSA/MGW_000001-ppr", &one));
    run(SIGNED);
    files.judges("signed.apart", "fail", "have the same key");
    files.judges("signed.request", "fail", "\"phase\":\"production\"");
    files.judges("signed.renewal", "fail", "MGW_000001-ppr");
    files.write("before.csr", request("TLSMA-ECDSA/MGW_000001-PPR", &one));
    run(SIGNED);
    files.judges("signed.renewal", "pass", "the key is that of before");
    run(&SIGNED.replace("previous-csr = \"before.csr\"\n", ""));
    files.judges("signed.renewal", "untested", "names neither previous-csr nor previous-client-certificate");
    // A request that somebody else signed, and what is none.
    files.write("prd.csr", "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n");
    run(SIGNED);
    files.judges("signed.subject", "fail", "the CSR cannot be read");
}

#[test]
fn assertions_verify_with_the_key_of_the_environment_that_is_played() {
    let files = Files::new();
    files.write("own.pub", "own");
    files.write("other.pub", "other");
    let file = format!(
        "name = \"keyed\"\nversion = \"1\"\n{CLASSIC}[portal]\njwt-key = \"own.pub\"\n\
         [environments.production.portal]\njwt-key = \"other.pub\"\n{PARTS}"
    );
    let path = files.write("keyed.toml", file);
    let library = Library::built_in().unwrap();
    let key = |played: Option<&str>| {
        let path = Path::new(&path);
        Subject::from_file(load_integration(path, &library).unwrap(), path, played).unwrap().jwt_key.unwrap()
    };
    assert_eq!((key(None), key(Some("production"))), (b"own".to_vec(), b"other".to_vec()));
}

#[test]
fn documents_of_the_other_environment_alone_prove_no_row() {
    let files = Files::new();
    let root = signed(&files);
    files.write("prd.csr", request("TLSMA-ECDSA/MGW_000001-PRD", &key()));
    let at = SIGNED.find("[identity]").unwrap();
    let end = SIGNED[at + 1..].find("\n[").unwrap() + at + 1;
    let alone = format!("{}{}", &SIGNED[..at], &SIGNED[end..]);
    files.run(&alone, &["--scenarios", &root]);
    files.judges("signed.subject", "untested", "names no client certificate or CSR for");
    files.write("prd.csr", request("localhost", &key()));
    files.run(&alone, &["--scenarios", &root]);
    files.judges("signed.request", "fail", "without");
}

#[test]
fn server_chains_end_where_they_may() {
    let files = Files::new();
    let root = signed(&files);
    files.write("stg.csr", request("TLSMA-ECDSA/MGW_000001-PPR", &key()));
    files.write("before.csr", request("TLSMA-ECDSA/MGW_000001-PPR", &key()));
    files.write("prd.csr", request("TLSMA-ECDSA/MGW_000001-PRD", &key()));
    let run = |file: &str| files.run(file, &["--scenarios", &root]);
    run(SIGNED);
    // An authority of one's own is none of Mozilla's, and its store was handed over.
    files.judges("signed.public", "fail", "webpki-root-certs");
    files.judges("signed.trust-store", "pass", "1 authorities verify the chain");
    files.judges("signed.notice", "untested", "the same authorities");
    files.judges("signed.pinned", "pass", "the same authorities");
    run(&SIGNED.replace("own-root.pem", "stranger-root.pem"));
    files.judges("signed.trust-store", "fail", "failed to");
    run(&SIGNED.replace("own-root.pem", "stranger.pem"));
    files.judges("signed.trust-store", "fail", "which is no authority");
    files.write("bundle.p7b", "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n");
    run(&SIGNED.replace("own-root.pem", "bundle.p7b"));
    files.judges("signed.trust-store", "fail", "expected PEM");
    run(&SIGNED.replace("previous-server-chain = \"own-chain", "previous-server-chain = \"stranger-chain"));
    files.judges("signed.notice", "untested", "tell Thales before this chain is served");
    files.judges("signed.pinned", "fail", "tell Thales first");
    run(&SIGNED.replace("trust-store = \"own-root.pem\"\n", ""));
    files.judges("signed.trust-store", "untested", "names no trust-store");
}

#[test]
fn a_scenario_about_files_has_no_traffic() {
    let files = Files::new();
    let root = files.0.path().join("scenarios");
    copy(Path::new(SCENARIOS), &root);
    let path = root.join("files/environments.toml");
    let whole = fs::read_to_string(&path).unwrap();
    let refused = |text: String, words: &str| {
        fs::write(&path, text).unwrap();
        let (code, said) = files.run(&classic(BOTH), &["--scenarios", root.to_str().unwrap()]);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains(words), "`{words}` is missing in:\n{said}");
    };
    refused(whole.replacen("[[step]]\n", "[[step]]\ntraffic = { calls = 1 }\n", 1), "neither `change` nor `traffic`");
    refused(whole.replace("environments-apart = \"hosts\"", "addressed = {}"), "what only a connection can show");
    refused(whole.replace("\"files\"\nverifies", "\"caller\"\nverifies"), "what only files can show");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
