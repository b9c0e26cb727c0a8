//! The plan of a sweep: each scenario as it stands, with one value of each dimension, and with pairs of values, in the
//! order of a seed.

use std::collections::BTreeSet;
use std::time::Duration;

use globset::{Glob, GlobMatcher};
use sha2::{Digest as _, Sha256};

use super::pairwise::{self, Dice};
use super::record::CaseKey;
use crate::load::Library;
use crate::model::{Dimension, DimensionValue, Network, Profile, Scenario, Setting, Variation};
use crate::run::{Exam, waits};

/// One scenario with values of what it leaves open, for one part of the integration.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What names it.
    pub key: CaseKey,
    /// Its scenario's place in the exam's plan.
    pub index: usize,
    /// What it sets.
    pub settings: Vec<Setting>,
    /// How long it mostly waits, if it does.
    pub waits: Option<Duration>,
}

/// Which dimensions vary; empty: all of them.
#[derive(Debug, Clone, Default)]
pub struct Sifting {
    /// Ids of dimensions.
    pub dimensions: Vec<String>,
}

/// The cases in the order of play: scenarios as they stand, then single values, then pairs; within each the seed's order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// The cases.
    pub cases: Vec<Case>,
    /// SHA-256 in hex over what decides whether two sweeps are one: cases in their order, files, version.
    pub digest: String,
}

impl Plan {
    /// Plans a sweep of what the exam has planned.
    pub fn new(exam: &Exam, library: &Library, sifting: &Sifting, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let is_wanted =
            |dimension: &&Dimension| sifting.dimensions.is_empty() || sifting.dimensions.contains(&dimension.id);
        let dimensions: Vec<_> =
            library.dimensions.iter().filter(is_wanted).map(|dimension| (dimension, globs(dimension))).collect();
        let (mut bases, mut singles, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (scenario, subject)) in exam.planned().enumerate() {
            let open: Vec<_> = dimensions
                .iter()
                .filter(|(dimension, globs)| {
                    scenario.leaves_open(dimension.axis) && globs.iter().any(|glob| glob.is_match(scenario.id.as_str()))
                })
                .map(|(dimension, _)| (*dimension, values(dimension, exam.profile(), exam.network())))
                .filter(|(_, values)| !values.is_empty())
                .collect();
            let case = |set: &[(&Dimension, &DimensionValue)]| Case {
                key: CaseKey {
                    scenario: scenario.id.clone(),
                    subject: subject.to_owned(),
                    variation: Variation(
                        set.iter().map(|(dimension, value)| (dimension.id.clone(), value.word.clone())).collect(),
                    ),
                },
                index,
                settings: set.iter().map(|(_, value)| value.setting).collect(),
                waits: waiting(scenario, set),
            };
            bases.push(case(&[]));
            for (dimension, values) in &open {
                singles.extend(values.iter().map(|value| case(&[(*dimension, *value)])));
            }
            // The last index of each dimension stands for the base.
            let sizes: Vec<_> = open.iter().map(|(_, values)| values.len() + 1).collect();
            let mut known = BTreeSet::new();
            for row in pairwise::rows(&sizes, &mut dice) {
                let set: Vec<_> = open
                    .iter()
                    .zip(&row)
                    .filter_map(|((dimension, values), index)| Some((*dimension, *values.get(*index)?)))
                    .collect();
                if set.len() > 1 && known.insert(row) {
                    pairs.push(case(&set));
                }
            }
        }
        for part in [&mut bases, &mut singles, &mut pairs] {
            dice.shuffle(part);
        }
        let cases: Vec<_> = bases.into_iter().chain(singles).chain(pairs).collect();
        let digest = digest(&cases, exam, library);
        Self { seed, cases, digest }
    }
}

fn globs(dimension: &Dimension) -> Vec<GlobMatcher> {
    // The loader has seen that each is a glob.
    dimension.scenarios.iter().filter_map(|glob| Some(Glob::new(glob).ok()?.compile_matcher())).collect()
}

/// The values that this profile and network can play.
fn values<'a>(dimension: &'a Dimension, profile: &Profile, network: Network) -> Vec<&'a DimensionValue> {
    let can = |value: &&DimensionValue| {
        value.setting.needs_roots() <= profile.server_authority.roots
            && (network == Network::Private || !value.setting.needs_private())
    };
    dimension.values.iter().filter(can).collect()
}

fn waiting(scenario: &Scenario, set: &[(&Dimension, &DimensionValue)]) -> Option<Duration> {
    waits(&scenario.varied(set.iter().map(|(_, value)| &value.setting)))
}

fn digest(cases: &[Case], exam: &Exam, library: &Library) -> String {
    let mut digest = Sha256::new();
    let onboarding = exam.onboarding();
    digest.update(format!("{}\n{}\n{:?}\n", env!("CARGO_PKG_VERSION"), onboarding.scenarios_digest, exam.network()));
    digest.update(format!("{}\n{:?}\n", onboarding.profile_digest, onboarding.configuration_digest));
    digest.update(format!("{:?}\n{}\n{:?}\n", exam.integration(), exam.environment(), library.dimensions));
    for case in cases {
        digest.update(format!("{}\n", case.key));
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
