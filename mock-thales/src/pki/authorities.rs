//! All authorities of a run, made once from one captured moment, and the identities that they issue.
//!
//! An identity is made when first asked for and is the same for the rest of the run: a pin must meet the leaf that it
//! knows.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use super::authority::Authority;
use super::client::ClientSide;
use super::customer::{CustomerSide, foreign_subject};
use super::dates::Dates;
use super::facts::hex;
use super::leaf::random;
use super::names::Hosts;
use super::server::ServerSide;
use super::{CustomerAuthority, Identity, Names, PkiError, pem};
use crate::observe::CertificateDer;
use crate::plan::{ChainShape, ClientCertificate, KeyKind, ServerCertificate};

/// All authorities of a run and what they issue. Shared by the scenarios of the run.
pub struct Authorities {
    pub(super) suffix: String,
    pub(super) dates: Dates,
    pub(super) server: ServerSide,
    pub(super) client: ClientSide,
    pub(super) customer: CustomerSide,
    pub(super) client_ca_subject: Vec<u8>,
    pub(super) foreign_subject: Vec<u8>,
    pub(super) servers: Mutex<HashMap<(ServerCertificate, KeyKind, ChainShape), Arc<Identity>>>,
    pub(super) others: Mutex<HashMap<(String, KeyKind), Arc<Identity>>>,
    pub(super) clients: Mutex<HashMap<ClientCertificate, Arc<Identity>>>,
}

impl Authorities {
    /// Makes the authorities. Their names end in a random suffix, so that no DN is that of another run.
    /// One root stands behind the endpoint.
    ///
    /// # Errors
    /// A name is no host, or a key cannot be made.
    pub fn new(now: OffsetDateTime, names: &Names) -> Result<Self, PkiError> {
        Self::with_roots(now, names, 1)
    }

    /// The same with so many roots behind the endpoint: the one in use, and others that may be used without notice.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn with_roots(now: OffsetDateTime, names: &Names, roots: u8) -> Result<Self, PkiError> {
        Self::with_dates(Dates::around(now)?, names, roots)
    }

    pub(super) fn with_dates(dates: Dates, names: &Names, roots: u8) -> Result<Self, PkiError> {
        let hosts = Hosts::check(names)?;
        let suffix = hex(&random::<8>()?);
        let client = ClientSide::new(dates, &suffix)?;
        let foreign = Authority::root(foreign_subject(&suffix), dates.authority())?;
        Ok(Self {
            customer: CustomerSide::new(dates, &suffix, &names.common_name, &hosts.issuer)?,
            client_ca_subject: client.authority().subject_der()?,
            foreign_subject: foreign.subject_der()?,
            server: ServerSide::new(dates, &suffix, hosts, roots)?,
            client,
            suffix,
            dates,
            servers: Mutex::default(),
            others: Mutex::default(),
            clients: Mutex::default(),
        })
    }

    /// What the endpoint shows: the leaf and its intermediate, or the leaf alone where it signed itself. The same all
    /// run. An RSA key takes up to a quarter of a second the first time.
    pub fn server(&self, certificate: ServerCertificate, key: KeyKind) -> Result<Arc<Identity>, PkiError> {
        self.server_with(certificate, key, ChainShape::Usual)
    }

    /// The same with another chain sent along. A leaf that signed itself has none.
    ///
    /// # Errors
    /// A certificate cannot be made.
    pub fn server_with(
        &self,
        certificate: ServerCertificate,
        key: KeyKind,
        shape: ChainShape,
    ) -> Result<Arc<Identity>, PkiError> {
        let mut made = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = made.get(&(certificate, key, shape)) {
            return Ok(Arc::clone(identity));
        }
        let identity = Arc::new(self.server.identity(certificate, key, shape)?);
        made.insert((certificate, key, shape), Arc::clone(&identity));
        Ok(identity)
    }

    /// Another renewed leaf on that kind of key than the last one: [`ServerCertificate::Renewed`] is it from now on.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn renew(&self, key: KeyKind) -> Result<Arc<Identity>, PkiError> {
        let identity = Arc::new(self.server.identity(ServerCertificate::Renewed, key, ChainShape::Usual)?);
        let mut made = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert((ServerCertificate::Renewed, key, ChainShape::Usual), Arc::clone(&identity));
        Ok(identity)
    }

    /// A good certificate of the trusted authority for another host, and the intermediate. The same all run.
    pub fn server_for(&self, host: &str, key: KeyKind) -> Result<Arc<Identity>, PkiError> {
        let mut made = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = made.get(&(host.to_owned(), key)) {
            return Ok(Arc::clone(identity));
        }
        let identity = Arc::new(self.server.identity_for(host, key)?);
        made.insert((host.to_owned(), key), Arc::clone(&identity));
        Ok(identity)
    }

    /// Today's leaf of Thales' client.
    pub fn client_leaf(&self) -> &CertificateDer {
        self.client.today().leaf()
    }

    /// What Thales' client shows; `None` where it shows none. The same all run.
    pub fn client(&self, certificate: ClientCertificate) -> Result<Option<Arc<Identity>>, PkiError> {
        let mut made = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = made.get(&certificate) {
            return Ok(Some(Arc::clone(identity)));
        }
        let identity = match certificate {
            ClientCertificate::CustomerAuthority => Some(Arc::new(self.customer.another(self.dates, &self.suffix)?)),
            other => self.client.identity(other)?,
        };
        if let Some(identity) = &identity {
            made.insert(certificate, Arc::clone(identity));
        }
        Ok(identity)
    }

    /// `TSH_TLS_SERVER_CERTIFICATE_CHAIN`: root and intermediate in use behind the endpoint, never its leaf; then the
    /// further roots.
    pub fn trust_pem(&self) -> String {
        pem::certificates(self.trust())
    }

    /// Root and intermediate in use behind the endpoint, then the further roots.
    pub fn trust(&self) -> Vec<&CertificateDer> {
        self.server.trust()
    }

    /// `THALES_CLIENT_CA`: the authority that a receiver is to trust.
    pub fn client_ca_pem(&self) -> String {
        pem::certificates([self.client_ca()])
    }

    /// The authority that a receiver is to trust.
    pub fn client_ca(&self) -> &CertificateDer {
        self.client.authority().certificate()
    }

    /// `TSH_TLS_CLIENT_CERTIFICATE`: today's leaf of Thales' client, without the authority.
    pub fn client_leaf_pem(&self) -> String {
        pem::certificates([self.client.today().leaf()])
    }

    /// Subject of the Client CA in DER, as a CertificateRequest names it (RFC 8446 section 4.2.4).
    pub fn client_ca_subject_der(&self) -> &[u8] {
        &self.client_ca_subject
    }

    /// Subject in DER of an authority that issued nothing here.
    pub fn foreign_subject_der(&self) -> &[u8] {
        &self.foreign_subject
    }

    /// The customer's client certificate in its own place: self-signed on P-256, with the exact CN, for one year.
    pub fn customer_client(&self) -> &Arc<Identity> {
        &self.customer.self_signed.former
    }

    /// Thales' authority for customers.
    pub fn customer_authority(&self) -> &CustomerAuthority {
        &self.customer.authority
    }

    /// The customer's client certificate, issued by [`Self::customer_authority`], as where a CSR is handed in.
    pub fn customer_client_issued(&self) -> &Arc<Identity> {
        &self.customer.issued.former
    }

    /// What follows [`Self::customer_client`] when the customer renews it: the same subject, another key.
    pub fn customer_client_renewed(&self) -> &Arc<Identity> {
        &self.customer.self_signed.renewed
    }

    /// What follows [`Self::customer_client_issued`].
    pub fn customer_client_issued_renewed(&self) -> &Arc<Identity> {
        &self.customer.issued.renewed
    }

    /// The customer's server certificate for the issuer host: leaf, then intermediate.
    pub fn customer_server(&self) -> &Arc<Identity> {
        &self.customer.server
    }

    /// The root above [`Self::customer_server`].
    pub fn customer_server_root_pem(&self) -> String {
        pem::certificates([self.customer_server_root()])
    }

    /// The root above [`Self::customer_server`].
    pub fn customer_server_root(&self) -> &CertificateDer {
        &self.customer.server_root
    }
}

/// Without any key.
impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorities").field("suffix", &self.suffix).finish_non_exhaustive()
    }
}
