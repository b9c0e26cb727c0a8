//! What the counterpart issues, seen by the `openssl` command line: each recipe verifies, or fails for the one reason
//! that its word names.

use mock_thales::pki::{pkcs12, pkcs12_trust};
use mock_thales::plan::{ClientCertificate, KeyKind, ServerCertificate};

use super::openssl::{OpenSsl, Outcome};
use super::setting::{HOST, ISSUER, authorities, with_roots};

const SERVERS: [ServerCertificate; 17] = [
    ServerCertificate::Trusted,
    ServerCertificate::Renewed,
    ServerCertificate::WrongHost,
    ServerCertificate::WrongSan,
    ServerCertificate::UnknownCa,
    ServerCertificate::LookAlikeCa,
    ServerCertificate::SelfSigned,
    ServerCertificate::Expired,
    ServerCertificate::NotYetValid,
    ServerCertificate::WrongEku,
    ServerCertificate::OddCn,
    ServerCertificate::CnOnly,
    ServerCertificate::NewIntermediate,
    ServerCertificate::Root2,
    ServerCertificate::Root3,
    ServerCertificate::Root4,
    ServerCertificate::Root5,
];

const CLIENTS: [ClientCertificate; 13] = [
    ClientCertificate::Trusted,
    ClientCertificate::OtherCa,
    ClientCertificate::LookAlikeCa,
    ClientCertificate::SelfSigned,
    ClientCertificate::Expired,
    ClientCertificate::NotYetValid,
    ClientCertificate::WrongEku,
    ClientCertificate::SameKey,
    ClientCertificate::NewKey,
    ClientCertificate::OtherKeyType,
    ClientCertificate::NewSubject,
    ClientCertificate::NewIntermediate,
    ClientCertificate::CustomerAuthority,
];

/// Numbers of `X509_V_ERR_…` in OpenSSL's `x509_vfy.h`.
fn server_outcome(recipe: ServerCertificate) -> Outcome {
    match recipe {
        // Without alternative names OpenSSL looks at the CN, as most stacks do.
        ServerCertificate::Trusted
        | ServerCertificate::Renewed
        | ServerCertificate::OddCn
        | ServerCertificate::CnOnly
        | ServerCertificate::NewIntermediate
        | ServerCertificate::Root2
        | ServerCertificate::Root3
        | ServerCertificate::Root4
        | ServerCertificate::Root5 => Outcome::Ok,
        ServerCertificate::WrongHost | ServerCertificate::WrongSan => Outcome::Error(62),
        ServerCertificate::UnknownCa => Outcome::Error(20),
        ServerCertificate::LookAlikeCa => Outcome::Error(7),
        ServerCertificate::SelfSigned => Outcome::Error(18),
        ServerCertificate::Expired => Outcome::Error(10),
        ServerCertificate::NotYetValid => Outcome::Error(9),
        ServerCertificate::WrongEku => Outcome::Error(26),
    }
}

fn client_outcome(recipe: ClientCertificate) -> Outcome {
    match recipe {
        ClientCertificate::OtherCa | ClientCertificate::CustomerAuthority => Outcome::Error(20),
        ClientCertificate::LookAlikeCa => Outcome::Error(7),
        ClientCertificate::SelfSigned => Outcome::Error(18),
        ClientCertificate::Expired => Outcome::Error(10),
        ClientCertificate::NotYetValid => Outcome::Error(9),
        ClientCertificate::WrongEku => Outcome::Error(26),
        _ => Outcome::Ok,
    }
}

pub(crate) fn each_server_recipe_fails_for_its_one_reason() {
    let (openssl, authorities) = (OpenSsl::new(), with_roots(5));
    let trust = openssl.file("trust.pem", authorities.trust_pem());
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        for recipe in SERVERS {
            let identity = authorities.server(recipe, kind).expect("the recipe can be made");
            let chain = openssl.file("chain.pem", identity.chain_pem());
            let arguments = ["-purpose", "sslserver", "-verify_hostname", HOST];
            let seen = openssl.verify(&trust, &chain, &arguments);
            assert_eq!(seen, server_outcome(recipe), "{recipe:?} {kind:?}");
        }
    }
}

pub(crate) fn each_wrong_server_recipe_is_wrong_in_one_thing_only() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let trust = openssl.file("trust.pem", authorities.trust_pem());
    for (recipe, excuse) in [
        (ServerCertificate::WrongHost, vec!["-purpose", "sslserver", "-verify_hostname", "wrong.example.com"]),
        (ServerCertificate::WrongSan, vec!["-purpose", "sslserver", "-verify_hostname", "wrong.example.com"]),
        (ServerCertificate::Expired, vec!["-purpose", "sslserver", "-verify_hostname", HOST, "-no_check_time"]),
        (ServerCertificate::NotYetValid, vec!["-purpose", "sslserver", "-verify_hostname", HOST, "-no_check_time"]),
        (ServerCertificate::WrongEku, vec!["-purpose", "sslclient", "-verify_hostname", HOST]),
    ] {
        let identity = authorities.server(recipe, KeyKind::P256).expect("the recipe can be made");
        let chain = openssl.file("chain.pem", identity.chain_pem());
        assert_eq!(openssl.verify(&trust, &chain, &excuse), Outcome::Ok, "{recipe:?}");
    }
    for recipe in [ServerCertificate::UnknownCa, ServerCertificate::LookAlikeCa] {
        let identity = authorities.server(recipe, KeyKind::P256).expect("the recipe can be made");
        let chain = identity.chain_pem();
        let issuer = openssl.file("issuer.pem", &chain[chain.rfind("-----BEGIN").expect("two blocks")..]);
        let chain = openssl.file("chain.pem", chain);
        let excuse = ["-partial_chain", "-purpose", "sslserver", "-verify_hostname", HOST];
        assert_eq!(openssl.verify(&issuer, &chain, &excuse), Outcome::Ok, "{recipe:?}");
    }
    let identity = authorities.server(ServerCertificate::SelfSigned, KeyKind::P256).expect("the recipe can be made");
    let chain = openssl.file("chain.pem", identity.chain_pem());
    let excuse = ["-partial_chain", "-purpose", "sslserver", "-verify_hostname", HOST];
    assert_eq!(openssl.verify(&chain, &chain, &excuse), Outcome::Ok);
}

pub(crate) fn root_alone_and_intermediate_alone_are_enough_to_trust() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let identity = authorities.server(ServerCertificate::Trusted, KeyKind::P256).expect("the recipe can be made");
    let chain = openssl.file("chain.pem", identity.chain_pem());
    let trust = authorities.trust_pem();
    let second = trust.rfind("-----BEGIN").expect("two blocks");
    let root = openssl.file("root.pem", &trust[..second]);
    let intermediate = openssl.file("intermediate.pem", &trust[second..]);
    let strict = ["-x509_strict", "-purpose", "sslserver", "-verify_hostname", HOST];
    assert_eq!(openssl.verify(&root, &chain, &strict), Outcome::Ok);
    assert_eq!(openssl.verify(&intermediate, &chain, &["-partial_chain"]), Outcome::Ok);
    // An intermediate is no root: without the flag OpenSSL looks further up.
    assert_eq!(openssl.verify(&intermediate, &chain, &[]), Outcome::Error(2));
    let leaf = openssl.text(&chain, &["-fingerprint", "-noout"]);
    for anchor in [&root, &intermediate] {
        assert_ne!(openssl.text(anchor, &["-fingerprint", "-noout"]), leaf);
    }
}

pub(crate) fn other_intermediates_and_roots_differ_in_what_they_stand_under_only() {
    let (openssl, authorities) = (OpenSsl::new(), with_roots(5));
    let trust = authorities.trust_pem();
    let parts: Vec<_> = trust.match_indices("-----BEGIN").map(|(at, _)| at).collect();
    assert_eq!(parts.len(), 6, "five roots and the intermediate in use");
    let first = openssl.file("first.pem", &trust[..parts[1]]);
    let intermediate = openssl.file("intermediate.pem", &trust[parts[1]..parts[2]]);
    let read = |recipe| {
        let identity = authorities.server(recipe, KeyKind::P256).expect("it can be made");
        let chain = openssl.file("chain.pem", identity.chain_pem());
        (openssl.text(&chain, &["-pubkey", "-subject", "-noout"]), chain)
    };
    let (today, _) = read(ServerCertificate::Trusted);
    let (shown, chain) = read(ServerCertificate::NewIntermediate);
    assert_eq!(shown, today);
    assert_eq!(openssl.verify(&first, &chain, &[]), Outcome::Ok);
    assert_eq!(openssl.verify(&intermediate, &chain, &["-partial_chain"]), Outcome::Error(20));
    let further = [2, 3, 4, 5];
    let recipes =
        [ServerCertificate::Root2, ServerCertificate::Root3, ServerCertificate::Root4, ServerCertificate::Root5];
    for (number, recipe) in further.into_iter().zip(recipes) {
        assert_eq!(recipe.further_root(), Some(number));
        let (shown, chain) = read(recipe);
        assert_eq!(shown, today);
        let end = parts.get(usize::from(number) + 1).copied().unwrap_or(trust.len());
        let own = openssl.file("own.pem", &trust[parts[usize::from(number)]..end]);
        assert_eq!(openssl.verify(&own, &chain, &["-purpose", "sslserver"]), Outcome::Ok, "{recipe:?}");
        assert_eq!(openssl.verify(&first, &chain, &[]), Outcome::Error(20), "{recipe:?}");
    }
    // The intermediate is one for all kinds of key: two of one name would confuse whoever keeps them.
    let other = authorities.server(ServerCertificate::NewIntermediate, KeyKind::P384).expect("it can be made");
    let same = authorities.server(ServerCertificate::NewIntermediate, KeyKind::P256).expect("it can be made");
    assert_eq!(other.chain[1], same.chain[1]);
    let none = with_roots(1).server(ServerCertificate::Root2, KeyKind::P256);
    assert!(none.is_err_and(|error| error.to_string() == "issue under root 2: the server authority has 1 root(s)"));
}

pub(crate) fn each_client_recipe_fails_for_its_one_reason() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let trust = openssl.file("ca.pem", authorities.client_ca_pem());
    for recipe in CLIENTS {
        let identity = authorities.client(recipe).expect("the recipe can be made").expect("it is a certificate");
        let chain = openssl.file("chain.pem", identity.chain_pem());
        assert_eq!(openssl.verify(&trust, &chain, &["-purpose", "sslclient"]), client_outcome(recipe), "{recipe:?}");
    }
    for (recipe, excuse) in [
        (ClientCertificate::Expired, vec!["-purpose", "sslclient", "-no_check_time"]),
        (ClientCertificate::NotYetValid, vec!["-purpose", "sslclient", "-no_check_time"]),
        (ClientCertificate::WrongEku, vec!["-purpose", "sslserver"]),
    ] {
        let identity = authorities.client(recipe).expect("the recipe can be made").expect("it is a certificate");
        let chain = openssl.file("chain.pem", identity.chain_pem());
        assert_eq!(openssl.verify(&trust, &chain, &excuse), Outcome::Ok, "{recipe:?}");
    }
}

pub(crate) fn rotations_change_what_they_say_and_nothing_else() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let read = |recipe| {
        let identity = authorities.client(recipe).expect("the recipe can be made").expect("it is a certificate");
        let chain = openssl.file("chain.pem", identity.chain_pem());
        let part = |option| openssl.text(&chain, &[option, "-noout"]);
        [part("-subject"), part("-issuer"), part("-pubkey"), part("-serial"), part("-enddate")]
    };
    let today = read(ClientCertificate::Trusted);
    for (recipe, same) in [
        (ClientCertificate::Trusted, [true, true, true, true, true]),
        (ClientCertificate::SameKey, [true, true, true, false, false]),
        (ClientCertificate::NewKey, [true, true, false, false, false]),
        (ClientCertificate::OtherKeyType, [true, true, false, false, false]),
        (ClientCertificate::NewSubject, [false, true, false, false, false]),
        (ClientCertificate::NewIntermediate, [true, false, false, false, false]),
    ] {
        let rotated = read(recipe);
        assert_eq!(std::array::from_fn(|part| today[part] == rotated[part]), same, "{recipe:?}");
    }
    assert!(read(ClientCertificate::OtherKeyType)[2].len() > today[2].len(), "an RSA key is longer than one on P-256");
}

pub(crate) fn a_renewed_server_leaf_keeps_the_subject_and_no_key_of_any_kind() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let [before, after] = [ServerCertificate::Trusted, ServerCertificate::Renewed].map(|recipe| {
            let identity = authorities.server(recipe, kind).expect("the recipe can be made");
            let chain = openssl.file("chain.pem", identity.chain_pem());
            ["-subject", "-issuer", "-pubkey", "-serial", "-enddate"]
                .map(|part| openssl.text(&chain, &[part, "-noout"]))
        });
        let same: [bool; 5] = std::array::from_fn(|part| before[part] == after[part]);
        assert_eq!(same, [true, true, false, false, false], "{kind:?}");
    }
}

pub(crate) fn keys_belong_to_their_leaves() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let mut identities: Vec<_> = CLIENTS
        .into_iter()
        .map(|recipe| authorities.client(recipe).expect("it can be made").expect("it is a certificate"))
        .collect();
    for kind in [KeyKind::P384, KeyKind::Rsa2048] {
        identities.push(authorities.server(ServerCertificate::Trusted, kind).expect("it can be made"));
    }
    identities.extend([authorities.customer_client(), authorities.customer_client_issued()].map(Clone::clone));
    identities.push(authorities.customer_server().clone());
    for identity in identities {
        let both = openssl.file("both.pem", identity.chain_and_key_pem());
        let of_leaf = openssl.text(&both, &["-pubkey", "-noout"]);
        assert_eq!(openssl.run(&["pkey", "-in", &both, "-pubout"]), of_leaf);
    }
}

pub(crate) fn leaves_and_authorities_carry_the_extensions_of_their_role() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let shown = |pem: &str| openssl.text(&openssl.file("one.pem", pem), &["-text", "-noout"]);
    let rsa = authorities.server(ServerCertificate::Trusted, KeyKind::Rsa2048).expect("it can be made");
    let leaf = shown(&rsa.chain_pem());
    for part in [
        "Version: 3",
        "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n",
        "X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n",
        "X509v3 Subject Alternative Name: \n                DNS:api.example.com\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
        "Public-Key: (2048 bit)",
        "O = \"TEST, NOT THALES\"",
    ] {
        assert!(leaf.contains(part), "no {part:?} in {leaf}");
    }
    let client = shown(&authorities.client_leaf_pem());
    assert!(client.contains("Digital Signature\n") && client.contains("TLS Web Client Authentication\n"), "{client}");
    for authority in [authorities.trust_pem(), authorities.client_ca_pem()] {
        let text = shown(&authority);
        assert!(text.contains("CA:TRUE") && text.contains("Certificate Sign, CRL Sign"), "{text}");
        assert!(text.contains("TEST, NOT THALES"), "{text}");
    }
}

pub(crate) fn customer_identities_are_what_onboarding_asks_for() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let client = openssl.file("client.pem", authorities.customer_client().chain_pem());
    assert_eq!(openssl.verify(&client, &client, &["-purpose", "sslclient"]), Outcome::Ok);
    let text = openssl.text(&client, &["-text", "-noout"]);
    for part in ["CN = the exact CN", "CA:FALSE", "ecdsa-with-SHA256", "NIST CURVE: P-256"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    // Beyond eleven months and not beyond a year.
    assert!(openssl.lives(&client, 330 * 86_400) && !openssl.lives(&client, 366 * 86_400));

    let server = openssl.file("server.pem", authorities.customer_server().chain_pem());
    let root = openssl.file("root.pem", authorities.customer_server_root_pem());
    let arguments = ["-x509_strict", "-purpose", "sslserver", "-verify_hostname", ISSUER];
    assert_eq!(openssl.verify(&root, &server, &arguments), Outcome::Ok);
    // Neither side's authority vouches for the other side.
    let thales = openssl.file("thales.pem", authorities.trust_pem());
    assert_eq!(openssl.verify(&thales, &server, &[]), Outcome::Error(20));
    let issued = openssl.file("issued.pem", authorities.customer_client_issued().chain_pem());
    let client_ca = openssl.file("client-ca.pem", authorities.client_ca_pem());
    assert_eq!(openssl.verify(&client_ca, &issued, &[]), Outcome::Error(20));
    let own = openssl.file("own.pem", authorities.customer_authority().certificate_pem());
    assert_eq!(openssl.verify(&own, &issued, &["-x509_strict", "-purpose", "sslclient"]), Outcome::Ok);
    let other = authorities.client(ClientCertificate::CustomerAuthority).expect("it can be made");
    let other = openssl.file("other.pem", other.expect("a certificate").chain_pem());
    assert_eq!(openssl.verify(&own, &other, &["-x509_strict", "-purpose", "sslclient"]), Outcome::Ok);
}

pub(crate) fn an_rsa_leaf_under_these_authorities_serves_static_rsa_in_old_versions() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let identity = authorities.server(ServerCertificate::Trusted, KeyKind::Rsa2048).expect("it can be made");
    let served = openssl.file("served.pem", identity.chain_and_key_pem());
    let trust = openssl.file("trust.pem", authorities.trust_pem());
    for version in ["-tls1", "-tls1_1", "-tls1_2"] {
        let report = openssl.handshake(&served, version, &["-CAfile", &trust, "-verify_hostname", HOST]);
        assert!(
            report.contains("Verify return code: 0 (ok)") && report.contains("Cipher is AES256-SHA"),
            "{version}: {report}"
        );
    }
}

pub(crate) fn stores_open_in_openssl() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let rest = [authorities.customer_server_root().clone()];
    let store = pkcs12(authorities.customer_server(), &rest, "changeit").expect("it can be written");
    let store = openssl.file("server.p12", store);
    let certificates = openssl.run(&["pkcs12", "-in", &store, "-passin", "pass:changeit", "-nokeys"]);
    assert_eq!(certificates.matches("BEGIN CERTIFICATE").count(), 3);
    let key = openssl.run(&["pkcs12", "-in", &store, "-passin", "pass:changeit", "-nocerts", "-nodes"]);
    assert!(key.contains(&authorities.customer_server().key_pem()), "the key is the identity's");
    let trust = pkcs12_trust(authorities.trust(), "changeit").expect("it can be written");
    let trust = openssl.file("trust.p12", trust);
    let certificates = openssl.run(&["pkcs12", "-in", &trust, "-passin", "pass:changeit", "-nokeys"]);
    assert_eq!(certificates.matches("BEGIN CERTIFICATE").count(), 2);
}

pub(crate) fn stores_open_in_a_jvm() {
    let (openssl, authorities) = (OpenSsl::new(), authorities());
    let rest = [authorities.customer_server_root().clone()];
    let store = pkcs12(authorities.customer_server(), &rest, "changeit").expect("it can be written");
    let listed = openssl.keytool(&openssl.file("server.p12", store));
    assert!(listed.contains("Your keystore contains 1 entry"), "{listed}");
    assert!(listed.contains("PrivateKeyEntry") && listed.contains("Certificate chain length: 3"), "{listed}");
    let trust = pkcs12_trust(authorities.trust(), "changeit").expect("it can be written");
    let listed = openssl.keytool(&openssl.file("trust.p12", trust));
    assert!(listed.contains("Your keystore contains 2 entries"), "{listed}");
    assert_eq!(listed.matches("Entry type: trustedCertEntry").count(), 2, "{listed}");
}
