//! What protects a PKCS#12 store: its MAC, and the encryption of its parts, in the schemes that stores are met with.
//!
//! Old ones are read because old ones are handed over. A store may ask for as many rounds as it likes; [`Work`] bounds
//! those of all its parts together.

use std::num::NonZeroU32;

use aes::{Aes128, Aes192, Aes256};
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA224, SHA256, SHA384, SHA512};
use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA384, PBKDF2_HMAC_SHA512};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use des::{TdesEde2, TdesEde3};
use rc2::Rc2;

use super::ber::{Element, Elements, Fault, INTEGER, OCTET_STRING, OID, SEQUENCE};

/// PBES2 (RFC 8018 section 6.2).
const PBES2: &str = "1.2.840.113549.1.5.13";
/// PBKDF2 (RFC 8018 section 5.2).
const PBKDF2: &str = "1.2.840.113549.1.5.12";
/// The schemes of RFC 7292 appendix C.
const PBE_SHA1: &str = "1.2.840.113549.1.12.1.";
/// Uses of a key that is derived as in RFC 7292 appendix B.3.
const KEY: u8 = 1;
const IV: u8 = 2;
const MAC: u8 = 3;

/// A password in the two forms that schemes take.
pub(super) struct Password {
    utf8: Vec<u8>,
    /// UTF-16, big-endian, with a zero at its end.
    wide: Vec<u8>,
}

/// Rounds of key derivation that are left. OpenSSL asks for 2048, Java for 10 000 a part.
pub(super) struct Work(u64);

/// Why a part could not be decrypted.
pub(super) enum Failure {
    /// A scheme that is not read here.
    Unsupported(String),
    /// More rounds of key derivation than any store has.
    TooMuchWork(u32),
    /// The password is wrong, or the bytes are.
    Wrong,
    /// The parameters contradict themselves.
    Malformed(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Malformed(fault)
    }
}

impl Password {
    /// The password, and for an empty one its absence, too: some tools write the one, some the other.
    pub(super) fn forms(password: Option<&str>) -> Vec<Self> {
        let text = password.unwrap_or_default();
        let wide = text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
        let mut forms = vec![Self { utf8: text.as_bytes().to_vec(), wide }];
        if text.is_empty() {
            forms.push(Self { utf8: Vec::new(), wide: Vec::new() });
        }
        forms
    }
}

impl Work {
    /// What takes a few seconds at most.
    pub(super) fn new() -> Self {
        Self(5_000_000)
    }

    fn spend(&mut self, rounds: u32, times: u64) -> Result<(), Failure> {
        self.0 = self.0.checked_sub(u64::from(rounds) * times).ok_or(Failure::TooMuchWork(rounds))?;
        Ok(())
    }
}

/// Whether a MAC (RFC 7292 section 4, MacData) is right with that password.
pub(super) fn is_mac(mac: &Element<'_>, content: &[u8], password: &Password, work: &mut Work) -> Result<bool, Failure> {
    let mut data = mac.inside();
    let mut info = data.expect(SEQUENCE)?.inside();
    let algorithm = info.expect(SEQUENCE)?.inside().expect(OID)?.oid()?;
    let value = info.expect(OCTET_STRING)?.content;
    let salt = data.expect(OCTET_STRING)?.content;
    let rounds = data.next().transpose()?.map_or(Ok(1), |element| element.number())?;
    let (hash, mac) = match algorithm.as_str() {
        "1.3.14.3.2.26" => (&SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        "2.16.840.1.101.3.4.2.4" => (&SHA224, HMAC_SHA224),
        "2.16.840.1.101.3.4.2.1" => (&SHA256, HMAC_SHA256),
        "2.16.840.1.101.3.4.2.2" => (&SHA384, HMAC_SHA384),
        "2.16.840.1.101.3.4.2.3" => (&SHA512, HMAC_SHA512),
        _ => return Err(Failure::Unsupported(format!("a MAC by {algorithm}"))),
    };
    work.spend(rounds, 1)?;
    let key = derived(MAC, hash, &password.wide, salt, rounds, hash.output_len());
    Ok(hmac::verify(&hmac::Key::new(mac, &key), content, value).is_ok())
}

/// The plain bytes of an encrypted part; `algorithm` is its AlgorithmIdentifier.
pub(super) fn decrypt(
    algorithm: &Element<'_>,
    encrypted: &[u8],
    password: &Password,
    work: &mut Work,
) -> Result<Vec<u8>, Failure> {
    let mut elements = algorithm.inside();
    let scheme = elements.expect(OID)?.oid()?;
    let mut parameters = elements.expect(SEQUENCE)?.inside();
    if scheme == PBES2 {
        return pbes2(&mut parameters, encrypted, password, work);
    }
    let salt = parameters.expect(OCTET_STRING)?.content;
    let rounds = parameters.expect(INTEGER)?.number()?;
    let length = match scheme.strip_prefix(PBE_SHA1) {
        Some("3") => 24,
        Some("4" | "5") => 16,
        Some("6") => 5,
        _ => return Err(Failure::Unsupported(format!("encryption by {scheme}"))),
    };
    // At most two blocks for the key, and one for the IV.
    work.spend(rounds, 3)?;
    let hash = &SHA1_FOR_LEGACY_USE_ONLY;
    let key = derived(KEY, hash, &password.wide, salt, rounds, length);
    let iv = derived(IV, hash, &password.wide, salt, rounds, 8);
    match scheme.strip_prefix(PBE_SHA1) {
        Some("3") => plain::<TdesEde3>(&key, &iv, encrypted),
        Some("4") => plain::<TdesEde2>(&key, &iv, encrypted),
        _ => plain::<Rc2>(&key, &iv, encrypted),
    }
}

fn pbes2(
    parameters: &mut Elements<'_>,
    encrypted: &[u8],
    password: &Password,
    work: &mut Work,
) -> Result<Vec<u8>, Failure> {
    let mut derivation = parameters.expect(SEQUENCE)?.inside();
    let mut encryption = parameters.expect(SEQUENCE)?.inside();
    let function = derivation.expect(OID)?.oid()?;
    if function != PBKDF2 {
        return Err(Failure::Unsupported(format!("key derivation by {function}")));
    }
    let mut derivation = derivation.expect(SEQUENCE)?.inside();
    let salt = derivation.expect(OCTET_STRING)?.content;
    let rounds = derivation.expect(INTEGER)?.number()?;
    let mut hash = "1.2.840.113549.2.7".to_owned();
    for element in derivation {
        let element = element?;
        if element.tag == SEQUENCE {
            hash = element.inside().expect(OID)?.oid()?;
        }
    }
    let hash = match hash.as_str() {
        "1.2.840.113549.2.7" => PBKDF2_HMAC_SHA1,
        "1.2.840.113549.2.9" => PBKDF2_HMAC_SHA256,
        "1.2.840.113549.2.10" => PBKDF2_HMAC_SHA384,
        "1.2.840.113549.2.11" => PBKDF2_HMAC_SHA512,
        _ => return Err(Failure::Unsupported(format!("key derivation by PBKDF2 with {hash}"))),
    };
    let cipher = encryption.expect(OID)?.oid()?;
    let iv = encryption.expect(OCTET_STRING)?.content;
    let length = match cipher.as_str() {
        "2.16.840.1.101.3.4.1.2" => 16,
        "2.16.840.1.101.3.4.1.22" | "1.2.840.113549.3.7" => 24,
        "2.16.840.1.101.3.4.1.42" => 32,
        _ => return Err(Failure::Unsupported(format!("encryption by {cipher}"))),
    };
    let count = NonZeroU32::new(rounds).ok_or(Fault::Malformed("a key is derived in no round"))?;
    work.spend(rounds, 2)?;
    let mut key = vec![0; length];
    pbkdf2::derive(hash, count, salt, &password.utf8, &mut key);
    match (cipher.as_str(), length) {
        ("1.2.840.113549.3.7", _) => plain::<TdesEde3>(&key, iv, encrypted),
        (_, 16) => plain::<Aes128>(&key, iv, encrypted),
        (_, 24) => plain::<Aes192>(&key, iv, encrypted),
        _ => plain::<Aes256>(&key, iv, encrypted),
    }
}

/// Cipher block chaining with the padding of PKCS#7.
fn plain<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Vec<u8>, Failure> {
    let malformed = |_| Failure::Malformed(Fault::Malformed("an initialisation vector has a wrong length"));
    let cipher = Decryptor::<C>::new_from_slices(key, iv).map_err(malformed)?;
    cipher.decrypt_padded_vec::<Pkcs7>(encrypted).map_err(|_| Failure::Wrong)
}

/// Key material as in RFC 7292 appendix B.2.
fn derived(
    purpose: u8,
    hash: &'static digest::Algorithm,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    length: usize,
) -> Vec<u8> {
    let block = hash.block_len();
    let filled =
        |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().cycle().take(bytes.len().div_ceil(block) * block).collect() };
    let mut input = [filled(salt), filled(password)].concat();
    let mut material = Vec::new();
    while material.len() < length {
        let mut context = digest::Context::new(hash);
        context.update(&vec![purpose; block]);
        context.update(&input);
        let mut value = context.finish();
        for _ in 1..rounds {
            value = digest::digest(hash, value.as_ref());
        }
        material.extend(value.as_ref());
        // Each block of the input, as a number, grows by the value and one.
        let addend: Vec<u8> = value.as_ref().iter().copied().cycle().take(block).collect();
        for chunk in input.chunks_exact_mut(block) {
            let mut carry = 1;
            for (byte, more) in chunk.iter_mut().zip(&addend).rev() {
                let sum = u16::from(*byte) + u16::from(*more) + carry;
                let [high, low] = sum.to_be_bytes();
                (*byte, carry) = (low, u16::from(high));
            }
        }
    }
    material.truncate(length);
    material
}
