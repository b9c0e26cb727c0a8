//! A certificate or a CSR, as far as the rules look at it.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{
    CertificateFacts, ExtendedKeyUsage, KeyUsage, PkiError, PublicKey, RequestFacts, SignatureHash, issued_by,
};
use time::OffsetDateTime;

/// What a certificate or a CSR says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The subject's attributes in the order of the DN: short name (`CN`) or dotted number, and text.
    pub subject: Vec<(String, String)>,
    /// RFC 4514; `None` for a CSR.
    pub issuer: Option<String>,
    /// The subject's common names, as bytes.
    pub common_names: Vec<Vec<u8>>,
    /// The key.
    pub key: PublicKey,
    /// Hash under the signature.
    pub signature_hash: SignatureHash,
    /// Whether its own key signed it; `None` where the algorithm cannot be verified here.
    pub self_signed: Option<bool>,
    /// First and last second; `None` for a CSR.
    pub validity: Option<(OffsetDateTime, OffsetDateTime)>,
    /// The cA flag, as present or asked for.
    pub is_ca: Option<bool>,
    /// Extended key usage, as present or asked for.
    pub extended_key_usage: Option<ExtendedKeyUsage>,
    /// Key usage, as present or asked for.
    pub key_usage: Option<KeyUsage>,
    /// Its bytes and those that came with it, leaf first: what leads to its issuer.
    pub chain: Vec<CertificateDer>,
}

/// Longest way from a client certificate to Thales' authority.
const DEPTH: usize = 4;

impl Document {
    /// Reads a certificate that came with `chain`, itself first.
    ///
    /// # Errors
    /// The chain is empty or its leaf cannot be read.
    pub fn certificate(chain: &[CertificateDer]) -> Result<Self, PkiError> {
        let leaf = chain.first().ok_or_else(|| PkiError::Certificate { why: "there is none".to_owned() })?;
        let facts = CertificateFacts::read(leaf)?;
        Ok(Self {
            subject: facts.subject_parts,
            issuer: Some(facts.issuer),
            common_names: facts.common_names,
            key: facts.key,
            signature_hash: facts.signature_hash,
            self_signed: facts.self_signed,
            validity: Some((facts.not_before, facts.not_after)),
            is_ca: facts.is_ca,
            extended_key_usage: facts.extended_key_usage,
            key_usage: facts.key_usage,
            chain: chain.to_vec(),
        })
    }

    /// Reads a certificate signing request in DER. It has no dates and nobody issued it; what it asks for stands in the
    /// place of what a certificate holds.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn request(der: &[u8]) -> Result<Self, PkiError> {
        let facts = RequestFacts::read(der)?;
        Ok(Self {
            subject: facts.subject_parts,
            issuer: None,
            common_names: facts.common_names,
            key: facts.key,
            signature_hash: facts.signature_hash,
            self_signed: facts.self_signed,
            validity: None,
            is_ca: None,
            extended_key_usage: facts.extended_key_usage,
            key_usage: None,
            chain: Vec::new(),
        })
    }

    /// Whether one of `authorities` signed it, perhaps through certificates that came with it. `None` where a signature
    /// cannot be verified here.
    pub(super) fn is_issued_under(&self, authorities: &[CertificateDer]) -> Option<bool> {
        let Some(mut current) = self.chain.first() else { return Some(false) };
        for _ in 0..DEPTH {
            for authority in authorities {
                match issued_by(current, authority) {
                    Ok(Some(false)) | Err(_) => {}
                    Ok(known) => return known,
                }
            }
            // A customer's certificate signs no other, although Thales signed it.
            let is_authority =
                |der: &CertificateDer| CertificateFacts::read(der).is_ok_and(|it| it.is_ca == Some(true));
            let above = self
                .chain
                .iter()
                .find(|other| *other != current && issued_by(current, other) == Ok(Some(true)) && is_authority(other));
            match above {
                Some(above) => current = above,
                None => return Some(false),
            }
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    /// A certificate and what it signs with.
    fn made(
        name: &str,
        is_ca: IsCa,
        above: Option<&Issuer<'_, KeyPair>>,
    ) -> (CertificateDer, Issuer<'static, KeyPair>) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = is_ca;
        let key = KeyPair::generate().expect("a key");
        let certificate = match above {
            Some(above) => params.signed_by(&key, above),
            None => params.self_signed(&key),
        };
        let der = certificate.expect("a certificate").der().to_vec();
        (CertificateDer(der), Issuer::new(params, key))
    }

    fn authority() -> IsCa {
        IsCa::Ca(BasicConstraints::Unconstrained)
    }

    #[test]
    fn only_an_authority_hands_its_issuance_on() {
        let (root, root_signs) = made("root", authority(), None);
        let is_issued = |chain: &[CertificateDer]| {
            let document = Document::certificate(chain).expect("a certificate");
            document.is_issued_under(std::slice::from_ref(&root))
        };
        let (between, between_signs) = made("intermediate", authority(), Some(&root_signs));
        let (leaf, _) = made("customer", IsCa::NoCa, Some(&between_signs));
        assert_eq!(is_issued(&[leaf.clone(), between]), Some(true));
        assert_eq!(is_issued(&[leaf]), Some(false), "the way to the root is not shown");
        let (direct, customer_signs) = made("customer", IsCa::NoCa, Some(&root_signs));
        assert_eq!(is_issued(std::slice::from_ref(&direct)), Some(true));
        // Thales signed the customer; the customer signs nobody.
        let (forged, _) = made("another customer", IsCa::NoCa, Some(&customer_signs));
        assert_eq!(is_issued(&[forged, direct]), Some(false));
        let (explicit, explicit_signs) = made("customer", IsCa::ExplicitNoCa, Some(&root_signs));
        let (forged, _) = made("another customer", IsCa::NoCa, Some(&explicit_signs));
        assert_eq!(is_issued(&[forged, explicit]), Some(false));
    }
}
