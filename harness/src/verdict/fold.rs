//! From findings to the verdict of a requirement, of a scenario, and to readiness.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Outcome, Reason};
use crate::model::{Declaration, Level, Network, Proof, Requirement, RequirementId, Side};

/// Verdict of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every planned expectation was decided, none was violated.
    Pass,
    /// An expectation was violated.
    Fail,
    /// An expectation is unwitnessed.
    Inconclusive,
    /// The integration has no such role.
    NotApplicable,
    /// The proof lies beyond the run's reach, and a person answers for it.
    Declared,
    /// Nothing was planned.
    Untested,
    /// Thales' own conduct.
    Informational,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NotApplicable => "not applicable",
            Self::Declared => "declared",
            Self::Untested => "untested",
            Self::Informational => "informational",
        })
    }
}

/// A requirement with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct RequirementVerdict {
    /// The row.
    pub requirement: Requirement,
    /// Its verdict.
    pub verdict: Verdict,
    /// How far the verdict reaches.
    pub reach: String,
    /// Why, where the findings do not say it.
    pub note: Option<String>,
    /// The known deviation that all of its failures are, in words.
    pub deviation: Option<String>,
    /// What was ruled.
    pub findings: Vec<Finding>,
}

/// Whether the integration may go live, as far as the run can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    /// Every MUST passed, is declared or does not apply.
    Ready,
    /// A MUST failed.
    NotReady,
    /// A MUST is inconclusive or untested, or the network was shared.
    Incomplete,
    /// A selection was run; it is judged by itself.
    Partial,
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::NotReady => "not-ready",
            Self::Incomplete => "incomplete",
            Self::Partial => "partial",
        })
    }
}

/// What a fold needs to know of a run beside its findings.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The catalogue.
    pub requirements: &'a [Requirement],
    /// Roles that the integration has.
    pub sides: BTreeSet<Side>,
    /// The network.
    pub network: Network,
    /// What persons declare.
    pub declares: &'a BTreeMap<RequirementId, Declaration>,
    /// Only some scenarios were run.
    pub selection: bool,
    /// Expectations that could not be planned: requirement and reason.
    pub unplanned: &'a [(RequirementId, String)],
}

/// Verdicts of all requirements in the catalogue's order, and readiness.
pub fn fold(run: &Run<'_>, findings: &[Finding]) -> (Vec<RequirementVerdict>, Readiness) {
    let mut rows: Vec<_> = run.requirements.iter().map(|requirement| row(run, requirement, findings)).collect();
    share(run, &mut rows);
    let musts = || rows.iter().filter(|row| row.requirement.level == Level::Must);
    let has = |verdict: Verdict| musts().any(|row| row.verdict == verdict);
    let readiness = if run.selection {
        Readiness::Partial
    } else if has(Verdict::Fail) {
        Readiness::NotReady
    } else if has(Verdict::Inconclusive) || has(Verdict::Untested) || run.network == Network::Shared {
        Readiness::Incomplete
    } else {
        Readiness::Ready
    };
    (rows, readiness)
}

fn row(run: &Run<'_>, requirement: &Requirement, findings: &[Finding]) -> RequirementVerdict {
    let own: Vec<_> = findings.iter().filter(|finding| finding.requirement == requirement.id).cloned().collect();
    let declared = run.declares.get(&requirement.id);
    let unplanned = run.unplanned.iter().find(|(id, _)| *id == requirement.id).map(|(_, why)| why.clone());
    let applies = side_of(requirement).is_none_or(|side| run.sides.contains(&side));
    let (verdict, note) = if requirement.proof == Proof::None || requirement.level == Level::Informational {
        (Verdict::Informational, None)
    } else if !applies {
        (Verdict::NotApplicable, Some("the integration has no such role".to_owned()))
    } else {
        let seen = outcome(&own);
        match (seen, requirement.proof) {
            (Some(Outcome::Violated), _) => (Verdict::Fail, None),
            (Some(Outcome::Unwitnessed), _) => (Verdict::Inconclusive, None),
            (_, Proof::Declaration) => match declared {
                Some(declaration) => (Verdict::Declared, Some(words(declaration))),
                None => (Verdict::Untested, Some("its proof reaches beyond a run: expected in [declares]".to_owned())),
            },
            // Files prove a row as a whole or not at all: what could not be compared is for a person to answer. What the
            // wire shows of such a row may break it, and does not prove it.
            (Some(Outcome::Met), Proof::File) if unplanned.is_none() && own.iter().any(is_of_files) => {
                (Verdict::Pass, None)
            }
            (Some(Outcome::Met), Proof::Shown) if unplanned.is_none() => (Verdict::Pass, None),
            (_, Proof::File | Proof::Shown) => match (declared, unplanned) {
                (Some(declaration), _) => (Verdict::Declared, Some(words(declaration))),
                (None, Some(why)) => (Verdict::Untested, Some(why)),
                (None, None) if run.selection => (Verdict::Untested, Some("not selected".to_owned())),
                (None, None) => (Verdict::Untested, Some("nothing shows it: expected in [declares]".to_owned())),
            },
            (Some(Outcome::Met), _) => (Verdict::Pass, None),
            (None, _) => (
                Verdict::Untested,
                Some(unplanned.unwrap_or_else(|| {
                    if run.selection { "not selected".to_owned() } else { "no scenario verifies it".to_owned() }
                })),
            ),
        }
    };
    let reach = reach(run, verdict, &own);
    RequirementVerdict { requirement: requirement.clone(), verdict, reach, note, deviation: None, findings: own }
}

/// Whether a finding rests on files that were read.
fn is_of_files(finding: &Finding) -> bool {
    finding.side == Side::Files
}

/// What speaks for a group of rows of which one suffices, in this order. A row that failed beside one that nobody tried
/// decides nothing: the other might hold.
const OF_A_GROUP: [Verdict; 5] =
    [Verdict::Pass, Verdict::Declared, Verdict::Inconclusive, Verdict::Untested, Verdict::Fail];

/// Lets the rows of each any-of group show the group's verdict, with the reach of the row that decided it. Where files are
/// judged, one row has to hold in each environment, and not each row in some.
fn share(run: &Run<'_>, rows: &mut [RequirementVerdict]) {
    let groups: BTreeSet<String> = rows.iter().filter_map(|row| row.requirement.any_of.clone()).collect();
    for group in groups {
        let is_in = |row: &&RequirementVerdict| row.requirement.any_of.as_ref() == Some(&group);
        let decided = OF_A_GROUP
            .into_iter()
            .find_map(|verdict| rows.iter().filter(is_in).find(|row| row.verdict == verdict))
            .map(|row| (row.verdict, row.reach.clone()));
        let Some((mut verdict, mut reach)) = decided else { continue };
        if verdict == Verdict::Pass
            && let Some(left) = left_open(rows.iter().filter(is_in))
        {
            let is_declared = rows.iter().filter(is_in).any(|row| run.declares.contains_key(&row.requirement.id));
            (verdict, reach) = match left {
                Verdict::Fail => (Verdict::Fail, reach),
                _ if is_declared => (Verdict::Declared, "declaration".to_owned()),
                _ => (Verdict::Untested, "none".to_owned()),
            };
        }
        let own: Vec<_> =
            rows.iter().filter(is_in).map(|row| format!("{} {}", row.requirement.id, row.verdict)).collect();
        let one_suffices = format!("one of these suffices: {}", own.join(", "));
        for row in rows.iter_mut().filter(|row| is_in(&&**row)) {
            row.note = Some(match row.note.take() {
                Some(note) => format!("{one_suffices}; {note}"),
                None => one_suffices.clone(),
            });
            row.verdict = verdict;
            row.reach.clone_from(&reach);
        }
    }
}

/// Whether an environment is left in which none of the rows was seen to hold: `Fail` where all were seen to be broken.
fn left_open<'a>(rows: impl Iterator<Item = &'a RequirementVerdict>) -> Option<Verdict> {
    let rows: Vec<_> = rows.collect();
    let of_files = || rows.iter().flat_map(|row| &row.findings).filter(|finding| is_of_files(finding));
    let environments: BTreeSet<_> = of_files().map(|finding| finding.phase.as_str()).collect();
    let verdicts = environments.into_iter().filter_map(|environment| {
        let holds = |row: &RequirementVerdict, outcome| {
            row.findings
                .iter()
                .any(|finding| is_of_files(finding) && finding.phase == environment && finding.ruling == outcome)
        };
        match rows.iter().any(|row| holds(row, Outcome::Met)) {
            true => None,
            false if rows.iter().all(|row| holds(row, Outcome::Violated)) => Some(Verdict::Fail),
            false => Some(Verdict::Untested),
        }
    });
    // What is broken weighs more than what nobody tried.
    verdicts.max_by_key(|verdict| *verdict == Verdict::Fail)
}

fn words(declaration: &Declaration) -> String {
    format!("{}, {}: {}", declaration.by, declaration.on, declaration.grounds)
}

/// Any violated, else any unwitnessed, else met; a group of rows of which one suffices counts as one.
fn outcome(findings: &[Finding]) -> Option<Outcome> {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<Outcome>> = BTreeMap::new();
    let mut outcomes = Vec::new();
    for finding in findings {
        match &finding.any_of {
            Some(group) => groups
                .entry((finding.scenario.as_str(), finding.integration.as_str(), group))
                .or_default()
                .push(finding.ruling),
            None => outcomes.push(finding.ruling),
        }
    }
    outcomes.extend(groups.values().map(|group| {
        if group.contains(&Outcome::Met) {
            Outcome::Met
        } else if group.contains(&Outcome::Unwitnessed) {
            Outcome::Unwitnessed
        } else {
            Outcome::Violated
        }
    }));
    [Outcome::Violated, Outcome::Unwitnessed, Outcome::Met].into_iter().find(|outcome| outcomes.contains(outcome))
}

fn side_of(requirement: &Requirement) -> Option<Side> {
    match requirement.topic.as_str().split('.').next() {
        Some("inbound" | "dns") => Some(Side::Caller),
        Some("outbound") => Some(Side::Receiver),
        _ => None,
    }
}

fn reach(run: &Run<'_>, verdict: Verdict, findings: &[Finding]) -> String {
    let network = match run.network {
        Network::Private => "private network",
        Network::Shared => "shared network",
    };
    let from_files = findings.iter().filter(|finding| finding.side == Side::Files).count();
    match verdict {
        Verdict::Pass | Verdict::Fail | Verdict::Inconclusive if from_files == 0 => network.to_owned(),
        Verdict::Pass | Verdict::Fail | Verdict::Inconclusive if from_files == findings.len() => "file".to_owned(),
        Verdict::Pass | Verdict::Fail | Verdict::Inconclusive => format!("{network}, file"),
        Verdict::Declared => "declaration".to_owned(),
        _ => "none".to_owned(),
    }
}

/// Verdict of one scenario, and the first reason that speaks against a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// The first reason that is none of the integration's conduct.
    pub reason: Option<Reason>,
}

/// The fold over a scenario's MUST expectations; without any it passes, with its warnings, where the integration was
/// met at all.
pub fn scenario_verdict(findings: &[Finding], planned: bool) -> ScenarioVerdict {
    if !planned {
        return ScenarioVerdict { verdict: Verdict::Untested, reason: None };
    }
    let musts: Vec<_> = findings.iter().filter(|finding| finding.level == Level::Must).cloned().collect();
    let verdict = match outcome(&musts) {
        Some(Outcome::Violated) => Verdict::Fail,
        Some(Outcome::Unwitnessed) => Verdict::Inconclusive,
        None if !findings.iter().any(is_witnessed) => Verdict::Inconclusive,
        Some(Outcome::Met) | None => Verdict::Pass,
    };
    let reason = findings.iter().find_map(|finding| finding.reason).filter(|_| verdict == Verdict::Inconclusive);
    ScenarioVerdict { verdict, reason }
}

/// Whether the integration was there to be judged, whatever came of it.
fn is_witnessed(finding: &Finding) -> bool {
    !matches!(finding.reason, Some(Reason::NoConnection | Reason::Control))
}
