//! What onboarding exchanges: the assets of a run, under the names that the portal gives them, the same in every world.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use mock_thales::endpoint::AssertionKey;
use mock_thales::observe::CertificateDer;
use mock_thales::pki::{Authorities, Identity, Names, certificates_pem, pkcs12, pkcs12_trust};
use rustls_pki_types::pem::PemObject;
use time::OffsetDateTime;

use super::shown::{self, ClientFiles, MaterialsError, Shown, without_root};
use super::subject::Subject;
use crate::model::assets::{
    ASSETS, CLIENT_CA, CLIENT_CHAIN, CLIENT_KEY, CLIENT_P12, CLIENT_PEM, CUSTOMER_CA, CUSTOMER_ID, SERVER_CHAIN,
    SERVER_KEY, SERVER_P12, SERVER_PEM, THALES_LEAF, TOKEN_URL, TRUST, TRUST_P12,
};
use crate::model::{Context, Environment, EnvironmentValues, HostPort, Issuance, Profile};
use crate::world::Asset;

/// Password of the PKCS#12 stores. They live as long as the run, in a directory that only their owner reads; the JVM
/// insists on a password.
pub const STORE_PASSWORD: &str = "changeit";

/// Everything that lives for the run: authorities, the customer's certificates, the assets.
pub struct Materials {
    /// Thales' authorities.
    pub authorities: Authorities,
    /// Files of the portal directory.
    pub assets: Vec<Asset>,
    /// Those that change when the client certificate is renewed, in the order of their replacement.
    pub renewed: Vec<Asset>,
    /// What checks compare with.
    pub context: Context,
    /// The key with which the caller's assertions verify, where onboarding said it.
    pub assertion_key: Option<AssertionKey>,
    /// The client certificate is the harness's: rows about it are untested.
    pub client_is_issued: bool,
    /// The server certificate is the harness's: rows about it are untested.
    pub server_is_issued: bool,
}

impl fmt::Debug for Materials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Materials").field("context", &self.context).finish_non_exhaustive()
    }
}

/// The CN where the integration file says none: the harness issues the certificate, and no row judges it.
pub(super) const ISSUED_NAME: &str = "TEST customer";

/// The receiver's host where the integration file says none.
pub(super) const ISSUED_HOST: &str = "issuer.customer.example";

impl Materials {
    /// Makes the authorities and assets of a run.
    ///
    /// # Errors
    /// The customer's own files hold no certificates, or keys of others.
    pub fn new(subject: &Subject, profile: &Profile, environment: &Environment) -> Result<Self, MaterialsError> {
        let inbound_host = subject.portal.inbound_host.clone().unwrap_or_else(|| environment.host.clone());
        let base_path = subject.portal.base_path.clone().unwrap_or_else(|| environment.base_path.clone());
        let (issuer_host, issuer_port) = match &subject.portal.issuer_host {
            Some(HostPort { host, port }) => (host.clone(), *port),
            None => (ISSUED_HOST.to_owned(), 443),
        };
        let common_name = subject.portal.common_name.clone();
        let names = Names {
            inbound_host: inbound_host.clone(),
            other_host: None,
            issuer_host: issuer_host.clone(),
            common_name: common_name.clone().unwrap_or_else(|| ISSUED_NAME.to_owned()),
        };
        let now = OffsetDateTime::now_utc();
        let authorities = match &subject.lasting {
            Some(portal) => portal.authorities(now)?,
            None => Authorities::with_roots(now, &names, profile.server_authority.roots)?,
        };
        let own = &subject.identity;
        let issuance = profile.client_certificate.issuance;
        let signed_by = authorities.customer_authority();
        let client = Shown::client(&ClientFiles::of_identity(own), issuance, signed_by, now)?;
        let server = Shown::new(
            own.server_chain.as_deref(),
            own.server_key.as_deref(),
            ("[identity] server-chain", "[identity] server-key"),
        )?;
        for (environment, (_, identity)) in &subject.others {
            let files =
                [("client-certificate", &identity.client_certificate), ("server-chain", &identity.server_chain)];
            for (file, content) in files {
                let is_good = |pem: &Vec<u8>| rustls_pki_types::CertificateDer::from_pem_slice(pem).is_ok();
                if !content.as_ref().is_none_or(is_good) {
                    return Err(MaterialsError::NoCertificateThere { environment: environment.clone(), file });
                }
            }
        }
        let client_is_issued = client.is_none();
        let server_is_issued = server.is_none();
        let customer_authority = match (issuance, &own.client_certificate) {
            (Issuance::SelfSigned, _) => Vec::new(),
            // A certificate that `sign` made of a request, with the portal's own authority.
            (Issuance::Thales, Some(_)) if subject.lasting.is_some() && own.customer_authority.is_none() => {
                vec![authorities.customer_authority().certificate().clone()]
            }
            (Issuance::Thales, Some(_)) => shown::customer_authority(own)?,
            (Issuance::Thales, None) => vec![authorities.customer_authority().certificate().clone()],
        };
        let client = client.unwrap_or_else(|| {
            Shown::issued(match issuance {
                Issuance::SelfSigned => authorities.customer_client(),
                Issuance::Thales => authorities.customer_client_issued(),
            })
        });
        let mut server = server.unwrap_or_else(|| Shown::issued(authorities.customer_server()));
        if server_is_issued {
            server.declared.push(authorities.customer_server_root().clone());
        }
        let mut assets = assets(&authorities, &client, &server)?;
        if !customer_authority.is_empty() {
            assets.push(open(CUSTOMER_CA, certificates_pem(&customer_authority)));
        }
        let renewed = match &subject.renewal {
            None => None,
            Some(_) if client_is_issued => Some(Shown::issued(match issuance {
                Issuance::SelfSigned => authorities.customer_client_renewed(),
                Issuance::Thales => authorities.customer_client_issued_renewed(),
            })),
            Some(renewal) => Shown::client(&ClientFiles::of_renewal(renewal), issuance, signed_by, now)?,
        };
        if let (Some(renewed), Some(former)) = (&renewed, client.declared.first())
            && renewed.declared.first() == Some(former)
        {
            return Err(MaterialsError::NotRenewed);
        }
        let context = Context {
            inbound_host,
            base_path,
            issuer_host,
            issuer_port,
            common_name,
            cn_template: subject.portal.cn_template.clone(),
            customer_id: subject.portal.customer_id.clone(),
            customer_id_form: profile.customer_id.clone(),
            word: environment.word.clone(),
            words: profile.environments.iter().filter_map(|environment| environment.word.clone()).collect(),
            customer_authority,
            client_ca: Some(authorities.client_ca().clone()),
            endorsed: client.declared.first().cloned(),
            renewed: renewed.as_ref().and_then(|renewed| renewed.declared.first().cloned()),
            server_chain: server.declared.clone(),
            client_certificate: profile.client_certificate.clone(),
            environments: environments(subject, profile, environment),
            published: profile.server_authority.published.clone(),
            fields: profile.fields.clone(),
            payload: profile.payload.clone(),
        };
        let assertion_key = subject.jwt_key.as_deref().map(AssertionKey::from_pem).transpose()?;
        let mut renewed = renewed.map_or(Ok(Vec::new()), |renewed| assets_of(&renewed, CLIENT))?;
        // The key first: whoever looks for a certificate with a new date finds its key there.
        renewed.sort_by_key(|asset| asset.name != CLIENT_KEY);
        Ok(Self { authorities, assets, renewed, context, assertion_key, client_is_issued, server_is_issued })
    }
}

/// The profile's environments, the one that is played first.
fn environments(subject: &Subject, profile: &Profile, played: &Environment) -> Vec<EnvironmentValues> {
    let others = profile.environments.iter().filter(|other| other.id != played.id);
    [played]
        .into_iter()
        .chain(others)
        .map(|environment| {
            let own = if environment.id == played.id {
                Some((&subject.portal, &subject.identity))
            } else {
                subject.others.get(&environment.id).map(|(portal, identity)| (portal, identity))
            };
            let portal = own.map(|(portal, _)| portal);
            let certificate = own.and_then(|(_, identity)| identity.client_certificate.as_deref());
            EnvironmentValues {
                id: environment.id.clone(),
                described: own.is_some(),
                published_host: environment.host.clone(),
                published_path: environment.base_path.clone(),
                host: portal.and_then(|portal| portal.inbound_host.clone()).unwrap_or_else(|| environment.host.clone()),
                common_name: portal.and_then(|portal| portal.common_name.clone()),
                cn_template: portal.and_then(|portal| portal.cn_template.clone()),
                customer_id: portal.and_then(|portal| portal.customer_id.clone()),
                word: environment.word.clone(),
                client_certificate: certificate
                    .and_then(|pem| rustls_pki_types::CertificateDer::from_pem_slice(pem).ok())
                    .map(|der| CertificateDer(der.to_vec())),
            }
        })
        .collect()
}

fn assets(authorities: &Authorities, client: &Shown, server: &Shown) -> Result<Vec<Asset>, MaterialsError> {
    let mut assets = vec![
        open(TRUST, authorities.trust_pem()),
        open(CLIENT_CA, authorities.client_ca_pem()),
        open(THALES_LEAF, authorities.client_leaf_pem()),
        secret(TRUST_P12, pkcs12_trust(authorities.trust(), STORE_PASSWORD)?),
    ];
    assets.extend(assets_of(client, CLIENT)?);
    assets.extend(assets_of(server, SERVER)?);
    Ok(assets)
}

/// Names of chain, key, both in one file, and both as PKCS#12.
type Role = [&'static str; 4];
const CLIENT: Role = [CLIENT_CHAIN, CLIENT_KEY, CLIENT_PEM, CLIENT_P12];
const SERVER: Role = [SERVER_CHAIN, SERVER_KEY, SERVER_PEM, SERVER_P12];

fn assets_of(shown: &Shown, [chain, key, pem, p12]: Role) -> Result<Vec<Asset>, MaterialsError> {
    let Some(identity) = &shown.identity else {
        // The integration holds the key itself: only the chain is an asset.
        let chain_only = Identity::new(without_root(&shown.declared), Vec::new());
        return Ok(chain_only.map(|identity| open(chain, identity.chain_pem())).into_iter().collect());
    };
    Ok(vec![
        open(chain, identity.chain_pem()),
        secret(key, identity.key_pem().into_bytes()),
        secret(pem, identity.chain_and_key_pem().into_bytes()),
        secret(p12, pkcs12(identity, &[], STORE_PASSWORD)?),
    ])
}

fn open(name: &str, text: String) -> Asset {
    Asset { name: name.to_owned(), content: text.into_bytes(), secret: false }
}

fn secret(name: &str, content: Vec<u8>) -> Asset {
    Asset { name: name.to_owned(), content, secret: true }
}

/// The portal as an integration in one world sees it.
#[derive(Debug, Clone)]
pub struct Portal {
    /// Directory of the assets.
    pub directory: PathBuf,
    /// Base URL to call.
    pub url: String,
    /// Thales' host name.
    pub inbound_host: String,
    /// The integration's own host name, under which Thales calls it.
    pub issuer_host: String,
    /// The exact CN of the client certificate, if onboarding said it.
    pub common_name: Option<String>,
    /// The profile: which product the integration talks to.
    pub profile: String,
    /// The identifier that Thales gave the customer, if onboarding said it.
    pub customer_id: Option<String>,
    /// Where an access token is asked for, where the product demands one.
    pub token_url: Option<String>,
    /// A name server to ask instead of the system's: in the shared network only.
    pub resolver: Option<SocketAddr>,
    /// Where the integration's server is to listen.
    pub listen: SocketAddr,
    /// URL of the proxy through which the caller is to call, where it has one.
    pub proxy: Option<String>,
}

impl Portal {
    /// Content of an asset.
    ///
    /// # Errors
    /// There is no such asset, as with the key of an integration that holds it itself.
    pub fn asset(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.directory.join(name))
    }

    /// The variables of an integration's environment.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let mut variables: BTreeMap<String, String> =
            ASSETS.iter().map(|name| ((*name).to_owned(), self.path(name))).collect();
        variables.insert("THALES_URL".to_owned(), self.url.clone());
        variables.insert("TSH_INBOUND_HOST".to_owned(), self.inbound_host.clone());
        variables.insert("ISSUER_HOST".to_owned(), self.issuer_host.clone());
        variables.insert("THALES_STORE_PASSWORD".to_owned(), STORE_PASSWORD.to_owned());
        variables.insert("CUSTOMER_LISTEN".to_owned(), self.listen.to_string());
        let optional = [(TOKEN_URL, &self.token_url), (CUSTOMER_ID, &self.customer_id)];
        variables.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))));
        let proxies = ["HTTPS_PROXY", "https_proxy"].into_iter().zip(std::iter::repeat(&self.proxy));
        variables.extend(proxies.filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))));
        if let Some(resolver) = self.resolver {
            variables.insert("THALES_RESOLVER".to_owned(), resolver.to_string());
        }
        variables
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables().remove(name)
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).to_string_lossy().into_owned()
    }
}
