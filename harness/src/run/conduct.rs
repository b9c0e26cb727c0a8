//! An endpoint's plan made ready with the materials of a run: which certificates the portal holds, which other hosts
//! Thales answers for. Whoever plays Thales, for a scenario or standing by itself, does it by this.

use std::collections::BTreeSet;
use std::sync::Arc;

use mock_thales::endpoint::{Answers, Conduct, ConductError, Tokens};
use mock_thales::plan::{Endorsed, EndpointPlan};
use rustls_pki_types::ServerName;

use super::plan;
use crate::integration::Materials;
use crate::model::{Context, EndpointConduct, Profile};

/// Thales as it ought to be, which demands what the profile says.
pub(crate) fn ought(profile: &Profile) -> EndpointPlan {
    plan::endpoint(&EndpointConduct::default(), profile.oauth.as_ref())
}

/// A plan made ready.
pub(crate) fn conduct(
    materials: &Materials,
    answers: &Arc<Answers>,
    tokens: &Arc<Tokens>,
    plan: &EndpointPlan,
) -> Result<Arc<Conduct>, ConductError> {
    let (former, renewed) = (&materials.context.endorsed, &materials.context.renewed);
    let endorsed: Vec<_> = match plan.endorses {
        None | Some(Endorsed::Former) => former.iter().cloned().collect(),
        Some(Endorsed::Both) => former.iter().chain(renewed).cloned().collect(),
        Some(Endorsed::Renewed) => renewed.iter().cloned().collect(),
    };
    let mut conduct = Conduct::new(plan, &materials.authorities, &endorsed, Arc::clone(answers))?;
    for host in others(&materials.context) {
        conduct = conduct.beside(&host, &materials.authorities)?;
    }
    Ok(Arc::new(conduct.sharing(Arc::clone(tokens))))
}

/// Thales' hosts in other environments, published ones and those that onboarding gave, as far as they are others.
pub(crate) fn others(context: &Context) -> BTreeSet<String> {
    let own = context.inbound_host.to_ascii_lowercase();
    let given = context.environments.iter().skip(1).flat_map(|other| [&other.published_host, &other.host]);
    given
        .map(|host| host.to_ascii_lowercase())
        .filter(|host| *host != own && !host.ends_with(&format!(".{own}")) && !own.ends_with(&format!(".{host}")))
        .filter(|host| matches!(ServerName::try_from(host.as_str()), Ok(ServerName::DnsName(_))))
        .collect()
}
