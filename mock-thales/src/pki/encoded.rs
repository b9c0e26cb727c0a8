//! Certificates and requests as they come in files: PEM, or DER as it is.

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer as PemCertificate, CertificateSigningRequestDer as PemRequest};

use super::{PkiError, pem};
use crate::observe::CertificateDer;

/// The certificate signing request of a file: the first in PEM, also with the label that `keytool` writes, or DER.
///
/// # Errors
/// There is none. Whether what is found can be read is not looked at.
pub fn request_der(file: &[u8]) -> Result<Vec<u8>, PkiError> {
    if !is_pem(file) {
        return if file.is_empty() { Err(no_request("the file is empty")) } else { Ok(file.to_vec()) };
    }
    let text = String::from_utf8_lossy(file).replace(" NEW CERTIFICATE REQUEST-----", " CERTIFICATE REQUEST-----");
    let found = PemRequest::from_pem_slice(text.as_bytes());
    found.map(|request| request.to_vec()).map_err(|error| no_request(&error.to_string()))
}

/// The certificates of a file: all in PEM, or one in DER.
///
/// # Errors
/// There is none, or a block cannot be decoded. Whether what is found can be read is not looked at.
pub fn certificates_der(file: &[u8]) -> Result<Vec<CertificateDer>, PkiError> {
    let none = |why: &str| PkiError::Pem { what: "certificate", why: why.to_owned() };
    if !is_pem(file) {
        let found = vec![CertificateDer(file.to_vec())];
        return if file.is_empty() { Err(none("the file is empty")) } else { Ok(found) };
    }
    let found = PemCertificate::pem_slice_iter(file)
        .map(|block| block.map(|der| CertificateDer(der.to_vec())).map_err(|error| none(&error.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() { Err(none("no certificate found")) } else { Ok(found) }
}

/// Certificates in PEM, one block each.
pub fn certificates_pem(certificates: &[CertificateDer]) -> String {
    pem::certificates(certificates)
}

fn is_pem(file: &[u8]) -> bool {
    file.windows(11).any(|window| window == b"-----BEGIN ")
}

fn no_request(why: &str) -> PkiError {
    PkiError::Pem { what: "certificate signing request", why: why.to_owned() }
}
