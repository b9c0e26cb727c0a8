//! The stacks that a run probably saw, one for each part of the integration, and what that explains of a requirement.

use std::collections::{BTreeMap, BTreeSet};

use mock_thales::observe::{Log, Role, connections};
use serde::Serialize;

use super::entry::{Entry, Traits, fitting};
use super::shape::{Shape, cause, phase_of};
use crate::model::{Header, Side};
use crate::run::Outcome;
use crate::verdict::{Finding, Outcome as Ruling};

/// What a part of the integration probably is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SeenStack {
    /// The caller or receiver.
    pub integration: String,
    /// Which of both it is.
    pub side: Side,
    /// Names of the stacks that send what it sends; none where no known one does.
    pub probably: Vec<String>,
    /// What its refusals of a certificate look like on the wire; absent where it refused none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuses: Option<String>,
    /// What a refusal looks like there, and where to read the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<String>,
}

/// What a run probably saw.
#[derive(Debug, Default)]
pub struct SeenStacks(Vec<Part>);

#[derive(Debug)]
struct Part {
    integration: String,
    side: Side,
    traits: Traits,
    fitting: Vec<&'static Entry>,
    /// Scenarios in which it refused something, with the phases' names.
    refused: BTreeSet<String>,
}

impl SeenStacks {
    /// Reads the logs of a run.
    pub fn of(outcome: &Outcome) -> Self {
        let mut parts: BTreeMap<(Side, String), Part> = BTreeMap::new();
        for log in outcome.scenarios.iter().filter_map(|run| run.log.as_ref().ok()) {
            let script = &log.header.script;
            if script.side == Side::Files {
                continue;
            }
            let part = parts.entry((script.side, script.subject.clone())).or_insert_with(|| Part {
                integration: script.subject.clone(),
                side: script.side,
                traits: Traits::default(),
                fitting: Vec::new(),
                refused: BTreeSet::new(),
            });
            part.read(log);
        }
        let mut parts: Vec<_> = parts.into_values().collect();
        for part in &mut parts {
            part.fitting = fitting(part.side, &part.traits);
        }
        Self(parts)
    }

    /// The parts about which there is something to say, for the report.
    pub fn shown(&self) -> Vec<SeenStack> {
        let has_shown = |part: &&Part| !part.traits.hellos.is_empty() || part.traits.serves;
        self.0.iter().filter(has_shown).map(Part::shown).collect()
    }

    /// What is worth knowing of a requirement's findings: for each part with a finding that a reader has to see and
    /// that rests on a refusal, which stack it probably is and what a refusal looks like there.
    pub fn explain(&self, findings: &[Finding]) -> Vec<String> {
        let mut said = Vec::new();
        for finding in findings.iter().filter(|finding| finding.ruling != Ruling::Met || !finding.warnings.is_empty()) {
            let part = self.0.iter().find(|part| part.side == finding.side && part.integration == finding.integration);
            let Some(part) = part else { continue };
            let is_withheld = finding.ruling == Ruling::Violated && finding.phase == "ca-list = foreign";
            for entry in &part.fitting {
                let words = match &entry.foreign_list {
                    Some(words) if is_withheld => words,
                    _ if part.refused.contains(finding.scenario.as_str()) && !is_withheld => &entry.looks,
                    _ => continue,
                };
                let sentence = format!("probably {}: {words}", entry.name);
                if !said.contains(&sentence) {
                    said.push(sentence);
                }
            }
        }
        said
    }
}

impl Part {
    fn read(&mut self, log: &Log<Header>) {
        for connection in connections(&log.facts) {
            self.traits.serves |= connection.data.is_some() || connection.response.is_some();
            if let Some(hello) = &connection.hello {
                let mut hello = hello.what.clone();
                // What differs from one connection to the next is no trait.
                (hello.sni, hello.resumes) = (None, false);
                hello.extensions.retain(|kind| !PASSING.contains(kind));
                if connection.role == Role::Server && !self.traits.hellos.contains(&hello) {
                    self.traits.hellos.push(hello);
                }
            }
            let cause = phase_of(&log.header, &connection).and_then(cause);
            if let (Some(cause), Some(shape)) = (cause, Shape::of(&connection)) {
                self.refused.insert(log.header.script.scenario.as_str().to_owned());
                // Where today's certificate is not taken, the reason may be any.
                if cause != "trusted" {
                    self.traits.refusals.entry(cause).or_default().insert(shape);
                }
            }
        }
    }

    fn shown(&self) -> SeenStack {
        SeenStack {
            integration: self.integration.clone(),
            side: self.side,
            probably: self.fitting.iter().map(|entry| entry.name.clone()).collect(),
            refuses: self.refuses(),
            looks: self.fitting.iter().map(|entry| entry.looks.clone()).collect(),
        }
    }

    /// `alert 42, 48, or a close without an alert after the handshake`.
    fn refuses(&self) -> Option<String> {
        let shapes: BTreeSet<_> = self.traits.refusals.values().flatten().copied().collect();
        let alerts: Vec<_> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Alert(code) => Some(code.to_string()),
                _ => None,
            })
            .collect();
        let alerts = (!alerts.is_empty()).then(|| format!("alert {}", alerts.join(", ")));
        let others = shapes.iter().filter(|shape| !matches!(shape, Shape::Alert(_))).map(ToString::to_string);
        let words: Vec<_> = alerts.into_iter().chain(others).collect();
        (!words.is_empty()).then(|| words.join(", or "))
    }
}

/// Extensions that come and go: tickets that are resumed, padding.
const PASSING: [u16; 2] = [41, 21];
