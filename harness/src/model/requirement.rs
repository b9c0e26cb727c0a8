//! One row of a profile's catalogue.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Check, RequirementId, ScenarioId, Topic};

/// What Thales demands, in the project's words, with its source and the way to prove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Requirement {
    /// Its id.
    pub id: RequirementId,
    /// What it is about.
    pub topic: Topic,
    /// Further topics that are the same row here, because this product's documents do not tell them apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Topic>,
    /// Rows of which one suffices: each shows the group's verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_of: Option<String>,
    /// How much it weighs.
    pub level: Level,
    /// The rule in the project's words.
    pub rule: String,
    /// Document and section.
    pub source: String,
    /// How it is proven.
    pub proof: Proof,
    /// What a scenario shows anyway, and how it is judged for this row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Observed>,
    /// What even a proof does not reach, or why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond: Option<String>,
    /// How a contradiction or gap in the documents was decided for this row: `A7: …`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<String>,
    /// What a breach looks like in the field.
    pub symptom: String,
    /// What to do about it.
    pub remedy: String,
    /// What to do about it in a stack: JVM, nginx, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remedies: BTreeMap<String, String>,
}

/// A judgement on the facts of a scenario that is played for the sake of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Observed {
    /// The scenario.
    pub scenario: ScenarioId,
    /// How all that it shows is judged.
    pub check: Check,
}

impl Requirement {
    /// Whether that topic is this row's.
    pub fn is_about(&self, topic: &Topic) -> bool {
        self.topic == *topic || self.also.contains(topic)
    }
}

/// How much a requirement weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Decides readiness.
    Must,
    /// Preferred by Thales.
    Should,
    /// Stated by no document; worth knowing.
    Advisory,
    /// Stated by Thales outside the connectivity documents: a pack of its own that never decides readiness.
    Optional,
    /// Thales' own conduct.
    Informational,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Advisory => "advisory",
            Self::Optional => "optional",
            Self::Informational => "info",
        })
    }
}

/// How a requirement is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// By what happens on the wire.
    Scenario,
    /// By what happens on the wire, where the integration shows it at all. Where it does not, a person declares it.
    Shown,
    /// By reading the files that the integration file names. Where there is nothing to compare, a person declares it.
    File,
    /// Reaches beyond a run: tested as far as the network goes, then declared by a person.
    Declaration,
    /// Thales' own conduct: nothing to prove.
    None,
}
