//! What files are judged by.

use mock_thales::observe::CertificateDer;
use time::OffsetDateTime;

use super::super::Contents;
use super::Purpose;
use crate::model::{Environment, Profile};
use crate::verdict::certificate::Rules;
use crate::verdict::store::StoreRules;

/// What files are judged by.
#[derive(Debug, Clone)]
pub struct Ground<'a> {
    /// The product's rules.
    pub profile: &'a Profile,
    /// All products: what is another one's is known, too.
    pub profiles: Vec<&'a Profile>,
    /// The environment that the files are for.
    pub environment: &'a Environment,
    /// The CN that onboarding gave.
    pub common_name: Option<&'a str>,
    /// The full form of the CN.
    pub cn_template: Option<&'a str>,
    /// The identifier that Thales gave.
    pub customer_id: Option<&'a str>,
    /// The host that the customer's server answers for.
    pub host: Option<&'a str>,
    /// Thales' authority as it was handed over: for customers, of its servers or of its client, as the file wants it.
    pub authority: Vec<CertificateDer>,
    /// The trust store that Thales holds for a private server authority.
    pub trust_store: Option<&'a Contents>,
    /// What was in the file's place before.
    pub previous: Option<&'a Contents>,
    /// What the files are for, where it was said.
    pub stated: Option<Purpose>,
    /// The moment of judging.
    pub at: OffsetDateTime,
}

impl Ground<'_> {
    /// Rules for the client certificate and its request.
    pub(super) fn rules(&self) -> Rules<'_> {
        let words = self.profile.environments.iter().filter_map(|environment| environment.word.as_deref());
        Rules {
            policy: &self.profile.client_certificate,
            customer_id_form: &self.profile.customer_id,
            customer_id: self.customer_id,
            common_name: self.common_name,
            cn_template: self.cn_template,
            word: self.environment.word.as_deref(),
            words: words.collect(),
            authority: &self.authority,
            at: Some(self.at),
        }
    }

    /// Rules for trust stores.
    pub(super) fn store_rules(&self) -> StoreRules<'_> {
        StoreRules {
            published: &self.profile.server_authority.published,
            handed_over: &self.authority,
            is_production: self.is_production(),
            at: Some(self.at),
        }
    }

    /// Whether real payments are made there.
    pub(super) fn is_production(&self) -> bool {
        self.environment.id == "production"
    }
}
