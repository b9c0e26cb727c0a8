//! What a report names of the things that onboarding exchanged, and of the files that were the measure. Certificates and
//! digests only: no key leaves the assets.

use sha2::{Digest as _, Sha256};

use crate::integration::{Materials, Subject};
use crate::load::Library;
use crate::model::Context;

/// What onboarding exchanged, as far as a report may name it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Onboarding {
    /// Hosts, names and certificates that checks compare with.
    pub context: Context,
    /// Assets that are no secret: name, and SHA-256 of the file in lower-case hexadecimal.
    pub assets: Vec<(String, String)>,
    /// The client certificate is the harness's own.
    pub client_is_issued: bool,
    /// The server certificate is the harness's own.
    pub server_is_issued: bool,
    /// SHA-256 of the profile's file.
    pub profile_digest: String,
    /// SHA-256 over the lines `id digest` of all scenarios in the order of their ids.
    pub scenarios_digest: String,
    /// SHA-256 of the integration file, where there is one.
    pub configuration_digest: Option<String>,
}

impl Onboarding {
    pub(super) fn of(materials: &Materials, profile_digest: &str, digests: &Digests) -> Self {
        let open = materials.assets.iter().filter(|asset| !asset.secret);
        Self {
            context: materials.context.clone(),
            assets: open.map(|asset| (asset.name.clone(), hex(&Sha256::digest(&asset.content)))).collect(),
            client_is_issued: materials.client_is_issued,
            server_is_issued: materials.server_is_issued,
            profile_digest: profile_digest.to_owned(),
            scenarios_digest: digests.scenarios.clone(),
            configuration_digest: digests.configuration.clone(),
        }
    }
}

/// Digests of what was the measure and of what was set up, taken before the run.
#[derive(Debug)]
pub(super) struct Digests {
    scenarios: String,
    configuration: Option<String>,
}

impl Digests {
    /// Two runs with the same digest of scenarios were measured alike, whatever was selected.
    pub(super) fn of(library: &Library, subject: &Subject) -> Self {
        // It was read before; a file that has gone since has no digest, and the report says none.
        let file = subject.file.as_ref().and_then(|path| std::fs::read(path).ok());
        Self { scenarios: scenarios_digest(library), configuration: file.map(|content| hex(&Sha256::digest(&content))) }
    }
}

/// SHA-256 over the lines `id digest` of all scenarios in the order of their ids, in lower-case hexadecimal.
pub fn scenarios_digest(library: &Library) -> String {
    let mut digest = Sha256::new();
    for scenario in &library.scenarios {
        digest.update(format!("{} {}\n", scenario.id, scenario.digest));
    }
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
