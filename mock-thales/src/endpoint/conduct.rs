//! A plan made ready: certificates loaded, TLS contexts built. One conduct is never shared by two phases, so that no
//! session of one can be resumed in another.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::NoServerSessionStorage;
use rustls::{DistinguishedName, ServerConfig, SupportedProtocolVersion};

use super::admission::{Admission, Verifier};
use super::http2;
use super::shown::Shown;
use super::tokens::{RandomError, Tokens};
#[cfg(feature = "legacy-tls")]
use crate::legacy;
use crate::observe::{CertificateDer, TlsVersion};
use crate::pki::{Authorities, Identity, PkiError, issuer_der};
use crate::plan::{Alpn, AskClient, AuthorityList, EndpointPlan, KeyKind, Refusal};

/// What the endpoint answers, by the request's path; an empty 200 where none fits.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    entries: Vec<(String, u16, Vec<u8>)>,
}

impl Answers {
    /// Adds an answer for a path.
    pub fn insert(&mut self, path: &str, status: u16, body: Vec<u8>) {
        self.entries.push((path.to_owned(), status, body));
    }

    /// Status and body for a path.
    pub fn find(&self, path: &str) -> (u16, Vec<u8>) {
        self.entries
            .iter()
            .find(|(known, _, _)| known == path)
            .map_or((200, Vec::new()), |(_, status, body)| (*status, body.clone()))
    }
}

/// An endpoint's plan made ready.
pub struct Conduct {
    pub(super) plan: EndpointPlan,
    pub(super) modern: Option<Modern>,
    /// What it is until it has issued a token, where its plan begins only then.
    before: Option<Modern>,
    issued: AtomicBool,
    #[cfg(feature = "legacy-tls")]
    pub(super) legacy: Vec<(TlsVersion, legacy::Server)>,
    pub(super) key: KeyKind,
    pub(super) answers: Arc<Answers>,
    pub(super) tokens: Arc<Tokens>,
    /// API requests answered so far.
    pub(super) answered: AtomicUsize,
}

impl fmt::Debug for Conduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conduct").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Conduct {
    /// Makes a plan ready. `endorsed` are the caller's certificates that the portal holds.
    ///
    /// # Errors
    /// A certificate cannot be made, or an engine refuses what the plan asks for.
    pub fn new(
        plan: &EndpointPlan,
        authorities: &Authorities,
        endorsed: &[CertificateDer],
        answers: Arc<Answers>,
    ) -> Result<Self, ConductError> {
        let identity = authorities.server_with(plan.certificate, plan.leaf, plan.chain)?;
        let hints = match plan.ca_list {
            AuthorityList::Empty => Vec::new(),
            AuthorityList::Own => endorsed.iter().map(issuer_der).collect::<Result<_, _>>()?,
            AuthorityList::Foreign => vec![authorities.foreign_subject_der().to_vec()],
        };
        let modern_versions: Vec<_> = plan.versions.iter().copied().filter(|version| !version.is_legacy()).collect();
        let modern = if modern_versions.is_empty() {
            None
        } else {
            let held = |endorsed: &[CertificateDer], other_common_name| Admission {
                endorsed: endorsed.to_vec(),
                other_common_name,
            };
            let admission = match (plan.refuses, plan.endorses) {
                (Some(Refusal::NotEndorsed), _) => Some(held(&[], false)),
                (Some(Refusal::WrongCommonName), _) => Some(held(endorsed, true)),
                (None, Some(_)) => Some(held(endorsed, false)),
                (None, None) => None,
            };
            Some(Modern::new(plan, &modern_versions, &identity, hints.clone(), admission)?)
        };
        #[cfg(feature = "legacy-tls")]
        let legacy = plan
            .versions
            .iter()
            .copied()
            .filter(|version| version.is_legacy())
            .map(|version| {
                legacy::Server::new(version, plan.exchange, plan.client_certificate, &hints, &identity)
                    .map(|server| (version, server))
                    .map_err(ConductError::Legacy)
            })
            .collect::<Result<_, _>>()?;
        let before = match plan.after_token {
            true => {
                let ought = EndpointPlan::default();
                let identity = authorities.server(ought.certificate, ought.leaf)?;
                Some(Modern::new(&ought, &ought.versions, &identity, Vec::new(), None)?)
            }
            false => None,
        };
        Ok(Self {
            plan: plan.clone(),
            modern,
            before,
            issued: AtomicBool::new(false),
            #[cfg(feature = "legacy-tls")]
            legacy,
            key: plan.leaf,
            answers,
            tokens: Tokens::new(None)?,
            answered: AtomicUsize::new(0),
        })
    }

    /// Shares the tokens of a scenario; alone, it knows only those that it has issued itself.
    #[must_use]
    pub fn sharing(mut self, tokens: Arc<Tokens>) -> Self {
        self.tokens = tokens;
        self
    }

    /// What it is until it has issued a token, if it has not.
    pub(super) fn before_token(&self) -> Option<&Modern> {
        self.before.as_ref().filter(|_| !self.issued.load(Ordering::SeqCst))
    }

    /// A token was issued.
    pub(super) fn has_issued(&self) {
        self.issued.store(true, Ordering::SeqCst);
    }

    /// The status of the next answer to an API request, where the plan says one.
    pub(super) fn next_status(&self) -> Option<u16> {
        let answered = self.answered.fetch_add(1, Ordering::SeqCst);
        self.plan.answers_status.get(answered).or(self.plan.answers_status.last()).copied()
    }
}

impl Conduct {
    /// Plays another host beside the plan's own: who names it, or a subdomain of it, in its SNI is shown a good
    /// certificate of the trusted authority for that host, whatever the plan shows to others. In TLS 1.2 and 1.3 only.
    ///
    /// # Errors
    /// The certificate cannot be made.
    pub fn beside(mut self, host: &str, authorities: &Authorities) -> Result<Self, ConductError> {
        let identity = authorities.server_for(host, self.plan.leaf)?;
        if let Some(modern) = &mut self.modern {
            modern.beside(host, &identity)?;
        }
        Ok(self)
    }
}

/// What every configuration of a conduct shares.
#[derive(Debug)]
pub(super) struct Modern {
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
    certificate: Arc<Shown>,
    ask: AskClient,
    hints: Arc<[DistinguishedName]>,
    admission: Option<Admission>,
    alpn: Alpn,
    tickets: bool,
}

impl Modern {
    /// See [`Conduct::beside`].
    fn beside(&mut self, host: &str, identity: &Identity) -> Result<(), ConductError> {
        let certified = identity.certified().map_err(ConductError::Engine)?;
        self.certificate = Arc::new(self.certificate.beside(host, certified));
        Ok(())
    }

    fn new(
        plan: &EndpointPlan,
        versions: &[TlsVersion],
        identity: &Identity,
        hints: Vec<Vec<u8>>,
        admission: Option<Admission>,
    ) -> Result<Self, ConductError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = versions
            .iter()
            .map(|version| match *version {
                TlsVersion::V1_2 => Ok(&rustls::version::TLS12),
                TlsVersion::V1_3 => Ok(&rustls::version::TLS13),
                other => Err(ConductError::Version(other)),
            })
            .collect::<Result<_, _>>()?;
        let certified = identity.certified().map_err(ConductError::Engine)?;
        Ok(Self {
            provider,
            versions,
            certificate: Arc::new(Shown::new(certified)),
            ask: plan.client_certificate,
            hints: hints.into_iter().map(DistinguishedName::from).collect(),
            admission,
            alpn: plan.alpn,
            tickets: plan.tickets,
        })
    }

    /// A configuration for one connection, and the verifier that takes note of what the caller shows in it. A fresh one
    /// each time: there is no store or ticket that a session could be resumed from.
    pub(super) fn connection(&self) -> Result<(ServerConfig, Option<Arc<Verifier>>), rustls::Error> {
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&self.provider)).with_protocol_versions(&self.versions)?;
        let (builder, verifier) = match self.ask {
            AskClient::Never => (builder.with_no_client_auth(), None),
            AskClient::Request => {
                let verifier = Verifier::new(&self.provider, Arc::clone(&self.hints), self.admission.clone());
                (builder.with_client_cert_verifier(Arc::clone(&verifier) as _), Some(verifier))
            }
        };
        let mut config = builder.with_cert_resolver(Arc::clone(&self.certificate) as _);
        config.alpn_protocols = match self.alpn {
            Alpn::Both => vec![http2::PROTOCOL.to_vec(), b"http/1.1".to_vec()],
            Alpn::Http11 => vec![b"http/1.1".to_vec()],
            Alpn::None => Vec::new(),
        };
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        if self.tickets {
            // A key of this connection's own: nobody can read the ticket again.
            config.ticketer = Ticketer::new()?;
            config.send_tls13_tickets = 2;
        }
        Ok((config, verifier))
    }
}

/// Why a plan cannot be carried out.
#[derive(Debug)]
pub enum ConductError {
    /// A certificate cannot be made.
    Pki(PkiError),
    /// rustls refuses the configuration.
    Engine(rustls::Error),
    /// Tokens need random numbers.
    Random(RandomError),
    /// No engine speaks this version.
    Version(TlsVersion),
    /// The legacy engine refuses the configuration.
    #[cfg(feature = "legacy-tls")]
    Legacy(legacy::LegacyError),
}

impl From<PkiError> for ConductError {
    fn from(error: PkiError) -> Self {
        Self::Pki(error)
    }
}

impl From<RandomError> for ConductError {
    fn from(error: RandomError) -> Self {
        Self::Random(error)
    }
}

impl fmt::Display for ConductError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pki(error) => write!(f, "{error}"),
            Self::Engine(error) => write!(f, "the TLS engine refuses the plan: {error}"),
            Self::Random(error) => write!(f, "{error}"),
            Self::Version(version) => write!(f, "no engine speaks {version}"),
            #[cfg(feature = "legacy-tls")]
            Self::Legacy(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ConductError {}
