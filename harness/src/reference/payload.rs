//! The body of the reference's API requests: card data, encrypted as the product wants it (RFC 7516, RFC 5652 section 6),
//! so that nobody on the way can read it. The recipient's keys stand for those that Thales hands over; nobody here holds
//! their private halves for longer than it takes to make them.

use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::ReferenceError;

/// Card data as the pages of D1 show it, with a number that is nobody's.
const CARD: &[u8] = br#"{"pan":"4111111111111111","exp":"1230"}"#;
/// The name of the recipient's key.
const KEY_ID: &str = "thales-1";

/// The JSON body of a request in that profile; empty where the product's payloads are not known.
///
/// # Errors
/// The system has no random numbers.
pub fn payload(profile: &str) -> Result<String, ReferenceError> {
    let made = match profile {
        "d1-ecom" => agreed(),
        "merchant-tokenization" => transported(),
        "classic-tokenization" => enveloped(),
        _ => return Ok(String::new()),
    };
    let encrypted = made.map_err(|Unspecified| ReferenceError::Http("the payload cannot be encrypted".to_owned()))?;
    Ok(json!({ "encryptedData": encrypted }).to_string())
}

/// ECDH-ES directly (RFC 7518 section 4.6), on P-256.
fn agreed() -> Result<String, Unspecified> {
    let random = SystemRandom::new();
    let recipient = EphemeralPrivateKey::generate(&ECDH_P256, &random)?.compute_public_key()?;
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &random)?;
    let point = own.compute_public_key()?;
    // An uncompressed point: 4, then both coordinates.
    let (x, y) = point.as_ref().get(1..).ok_or(Unspecified)?.split_at(32);
    let header = json!({
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "kid": KEY_ID,
        "epk": { "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) },
    });
    let peer = UnparsedPublicKey::new(&ECDH_P256, recipient.as_ref());
    let key = agree_ephemeral(own, peer, Unspecified, |shared| Ok(derived(shared)))?;
    compact(&header.to_string(), &[], &key)
}

/// The Concat KDF for 256 bits (RFC 7518 section 4.6.2), with nothing said of either party.
fn derived(shared: &[u8]) -> [u8; 32] {
    let algorithm = b"A256GCM";
    Sha256::new()
        .chain_update(1u32.to_be_bytes())
        .chain_update(shared)
        .chain_update(7u32.to_be_bytes())
        .chain_update(algorithm)
        .chain_update([0; 8])
        .chain_update(256u32.to_be_bytes())
        .finalize()
        .into()
}

/// RSA-OAEP-256 (RFC 7518 section 4.3).
fn transported() -> Result<String, Unspecified> {
    let mut key = [0; 32];
    fill(&mut key)?;
    let header = json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": KEY_ID });
    compact(&header.to_string(), &under_rsa(&key)?, &key)
}

/// Compact serialization (RFC 7516 section 5.1).
fn compact(header: &str, encrypted_key: &[u8], key: &[u8]) -> Result<String, Unspecified> {
    let header = URL_SAFE_NO_PAD.encode(header);
    let mut nonce = [0; 12];
    fill(&mut nonce)?;
    let mut content = CARD.to_vec();
    let tag = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?).seal_in_place_separate_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(header.as_bytes()),
        &mut content,
    )?;
    let rest = [encrypted_key, &nonce, &content, tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
    Ok(format!("{header}.{}", rest.join(".")))
}

/// A key for Thales, of 2048 bits.
fn under_rsa(key: &[u8]) -> Result<Vec<u8>, Unspecified> {
    static RECIPIENT: OnceLock<Option<PublicEncryptingKey>> = OnceLock::new();
    let made = || PrivateDecryptingKey::generate(KeySize::Rsa2048).ok().map(|key| key.public_key());
    let recipient = RECIPIENT.get_or_init(made).clone().ok_or(Unspecified)?;
    let recipient = OaepPublicEncryptingKey::new(recipient)?;
    let mut encrypted = vec![0; recipient.ciphertext_size()];
    recipient.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut encrypted, None)?;
    Ok(encrypted)
}

/// Enveloped data in hex (RFC 5652 section 6.1), for one recipient that is known by its key's identifier.
fn enveloped() -> Result<String, Unspecified> {
    let mut key = [0; 32];
    fill(&mut key)?;
    let mut content = CARD.to_vec();
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &key)?)?;
    let DecryptionContext::Iv128(iv) = cipher.encrypt(&mut content)? else { return Err(Unspecified) };
    let rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
    let (oaep, mgf1) = ([&rsa[..], &[7]].concat(), [&rsa[..], &[8]].concat());
    let sha256 = sequence(&[&oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1])]);
    let mask = sequence(&[&oid(&mgf1), &sha256]);
    let parameters = sequence(&[&element(0xa0, &sha256), &element(0xa1, &mask)]);
    let recipient = sequence(&[
        &element(2, &[2]),
        &element(0x80, KEY_ID.as_bytes()),
        &sequence(&[&oid(&oaep), &parameters]),
        &element(4, &under_rsa(&key)?),
    ]);
    let aes = sequence(&[&oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a]), &element(4, iv.as_ref())]);
    let pkcs7 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];
    let encrypted = sequence(&[&oid(&[&pkcs7[..], &[1]].concat()), &aes, &element(0x80, &content)]);
    let data = sequence(&[&element(2, &[2]), &element(0x31, &recipient), &encrypted]);
    let whole = sequence(&[&oid(&[&pkcs7[..], &[3]].concat()), &element(0xa0, &data)]);
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    Ok(whole.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect())
}

fn oid(content: &[u8]) -> Vec<u8> {
    element(6, content)
}

fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    element(0x30, &elements.concat())
}

/// One element in DER; nothing here takes more than 64 KiB.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let length = match (high, low) {
        (0, 0..0x80) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag], length.as_slice(), content].concat()
}
