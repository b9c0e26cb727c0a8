//! Real ClientHellos: what is read from them, whole, cut, spoilt, and spread over records.

use std::sync::Arc;

use mock_thales::legacy::Client;
use mock_thales::observe::{ClientHello, TlsVersion};
use mock_thales::plan::KeyExchange;
use mock_thales::wire::hello::{Reading, read};

use crate::identities::{Authority, HOST};
use crate::peers::{accept, curl, dial, hello, listener, python_client, s_client};

use TlsVersion as V;

pub(crate) async fn curl_offers_everything_down_to_1_0() {
    let authority = Authority::new();
    let (listener, address) = listener().await;
    let _curl = curl(&authority, address, &[]);
    let (bytes, hello) = hello(&mut accept(&listener).await).await;
    assert_eq!(hello.supported_versions, Some(vec![V::V1_3, V::V1_2, V::V1_1, V::V1_0]));
    assert_eq!((hello.sni.as_deref(), &hello.alpn[..]), (Some(HOST), &["http/1.1".to_owned()][..]));
    assert_eq!((hello.legacy_version, hello.resumes), (V::V1_2, false));
    assert!(hello.ciphers.contains(&0x1301) && hello.ciphers.contains(&0x002f));
    assert!(hello.groups.contains(&29) && hello.signature_schemes.contains(&0x0403));
    endure(&bytes, &hello);
}

pub(crate) async fn python_offers_1_2_and_1_3() {
    let authority = Authority::new();
    let (listener, address) = listener().await;
    let _python = python_client(&authority, address, "");
    let (bytes, hello) = hello(&mut accept(&listener).await).await;
    assert_eq!(hello.supported_versions, Some(vec![V::V1_3, V::V1_2]));
    assert_eq!((hello.sni.as_deref(), hello.alpn.len()), (Some(HOST), 0));
    endure(&bytes, &hello);
}

pub(crate) async fn s_client_offers_what_it_is_told() {
    let (listener, address) = listener().await;
    let _client = s_client(address, "-tls1_2 -alpn h2,http/1.1");
    let (bytes, hello) = hello(&mut accept(&listener).await).await;
    assert_eq!((hello.highest(), hello.offers(V::V1_2), hello.resumes), (V::V1_2, true, false));
    assert_eq!(hello.alpn, ["h2", "http/1.1"]);
    endure(&bytes, &hello);
}

pub(crate) async fn our_own_old_client_is_read() {
    let client = Client::new(V::V1_0, KeyExchange::Any, None, HOST).expect("a client");
    let (listener, address) = listener().await;
    let handshake = tokio::spawn(async move { client.connect(dial(address).await).await.map(drop) });
    let mut stream = accept(&listener).await;
    let (bytes, hello) = hello(&mut stream).await;
    assert_eq!(hello.highest(), V::V1_0);
    endure(&bytes, &hello);
    drop(stream);
    handshake.await.expect("no panic").expect_err("no handshake");
}

/// Post-quantum key shares make it longer than a TCP segment.
pub(crate) fn a_long_hello_of_rustls_is_read() {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![vec![b'p'; 200]; 8];
    let mut connection =
        rustls::ClientConnection::new(Arc::new(config), HOST.try_into().expect("a name")).expect("a client");
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).expect("memory");
    assert!(bytes.len() > 1460, "{}", bytes.len());
    let Reading::Hello(hello) = read(&bytes) else { panic!("no ClientHello") };
    assert_eq!(hello.supported_versions, Some(vec![V::V1_3]));
    endure(&bytes, &hello);
}

pub(crate) fn any_bytes_are_survived() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..20_000 {
        let length = next() as usize % 300;
        let mut bytes: Vec<u8> = (0..length).map(|_| next() as u8).collect();
        let begun = [0x16, 3, 1, 0, (next() % 250) as u8, 1, 0, 0, (next() % 240) as u8, 3, 3];
        let known = (next() as usize % (begun.len() + 1)).min(bytes.len());
        bytes[..known].copy_from_slice(&begun[..known]);
        let _ = read(&bytes);
    }
}

/// Cut anywhere it is incomplete; in records of any size it is the same; with any bit changed it is survived.
fn endure(bytes: &[u8], expected: &ClientHello) {
    for cut in 1..bytes.len() {
        assert_eq!(read(&bytes[..cut]), Reading::Incomplete, "cut at {cut} of {}", bytes.len());
    }
    let whole = Reading::Hello(Box::new(expected.clone()));
    assert_eq!(read(&[bytes, b"\x14\x03\x03\x00\x01\x01 and more"].concat()), whole);
    let message = &bytes[5..];
    for size in [1, 2, 3, 4, 5, 7, 64, 511] {
        let records: Vec<u8> = message
            .chunks(size)
            .flat_map(|piece| [&[22, 3, 1][..], &(piece.len() as u16).to_be_bytes(), piece].concat())
            .collect();
        assert_eq!(read(&records), whole, "in records of {size}");
        for cut in (1..records.len()).step_by(97) {
            assert_eq!(read(&records[..cut]), Reading::Incomplete, "cut at {cut}, in records of {size}");
        }
    }
    for bit in 0..bytes.len() * 8 {
        let mut spoilt = bytes.to_vec();
        spoilt[bit / 8] ^= 1 << (bit % 8);
        let reading = read(&spoilt);
        // The random stands after two headers and the version, and says nothing.
        if (11..43).contains(&(bit / 8)) {
            assert_eq!(reading, whole, "bit {bit}");
        }
    }
}
