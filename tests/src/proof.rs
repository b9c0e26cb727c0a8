//! Requirement by requirement: the defects of the zoo that break it. What the zoo's test holds of each defect, this
//! table says of each requirement; a MUST that can be tested and that no defect breaks is a check that nobody has seen
//! fail.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use thales_harness::load::Library;
use thales_harness::model::{CertificateAspect, Check, Level, Profile, Proof, Requirement, Shape, Topic};

use crate::zoo::{Defect, PROFILES};

/// The table of every profile, as Markdown.
pub fn table(library: &Library, defects: &[Defect]) -> String {
    let mut text = String::from(
        "# What proves each requirement\n\n\
         Each defect is an integration, or a set of files, that differs from the reference in one thing. The zoo\n\
         (`cargo test -p conformance-tests --test zoo`) plays it and demands that exactly the requirements named here\n\
         fail. Generated: `cargo run -p conformance-tests --bin proof -- --write` rewrites this file.\n",
    );
    for id in PROFILES {
        let Some((profile, _)) = library.profiles.get(id) else { continue };
        let _ = write!(text, "\n## {}\n\n| requirement | level | proof | broken by |\n|---|---|---|---|\n", profile.id);
        for requirement in &profile.requirements {
            let names: Vec<_> =
                breaking(profile, requirement, defects).map(|defect| format!("`{}`", defect.name)).collect();
            let proof = match requirement.proof {
                Proof::Scenario => "wire",
                Proof::Shown => "wire, where shown",
                Proof::File => "file",
                Proof::Declaration => "declaration",
                Proof::None => "none",
            };
            let broken = match (names.is_empty(), is_testable(requirement), &requirement.beyond) {
                (false, _, _) => names.join(", "),
                (true, false, Some(why)) => format!("none: {why}"),
                (true, _, _) => "none".to_owned(),
            };
            let _ = writeln!(text, "| {} | {} | {proof} | {broken} |", requirement.id, requirement.level);
        }
    }
    text
}

/// MUSTs that can be tested and that no defect breaks, and those that say neither how they are tested nor why not.
pub fn unproven(library: &Library, profile: &Profile, defects: &[Defect]) -> Vec<String> {
    profile
        .requirements
        .iter()
        .filter(|requirement| requirement.level == Level::Must)
        .filter_map(|requirement| {
            let id = &requirement.id;
            if is_testable(requirement) || is_tried(library, profile, requirement) {
                let is_broken = breaking(profile, requirement, defects).next().is_some();
                (!is_broken).then(|| format!("{id}: no defect breaks it"))
            } else {
                requirement.beyond.is_none().then(|| format!("{id}: neither a proof nor a reason why there is none"))
            }
        })
        .collect()
}

/// Topics that a defect names and no profile that it is played in has.
pub fn unknown_topics(library: &Library, defects: &[Defect]) -> BTreeSet<String> {
    let mut unknown = BTreeSet::new();
    for defect in defects {
        for topic in defect.fails.iter().chain(&defect.inconclusive) {
            let is_known = topic
                .parse::<Topic>()
                .is_ok_and(|topic| library.profiles.values().any(|(profile, _)| profile.about(&topic).is_some()));
            if !is_known {
                unknown.insert(format!("{}: {topic}", defect.name));
            }
        }
    }
    unknown
}

fn is_testable(requirement: &Requirement) -> bool {
    matches!(requirement.proof, Proof::Scenario | Proof::Shown | Proof::File)
}

/// Whether a scenario can show a breach of a row that only a person can answer for in the end.
fn is_tried(library: &Library, profile: &Profile, requirement: &Requirement) -> bool {
    let is_about = |topic: &Option<Topic>| topic.as_ref().is_some_and(|topic| requirement.is_about(topic));
    library.scenarios.iter().any(|scenario| match &scenario.shape {
        Shape::Table { rows, .. } => rows.iter().any(|row| requirement.is_about(&row.verifies)),
        Shape::Steps { steps, .. } => {
            steps.iter().filter(|step| is_about(&step.verifies)).flat_map(|step| &step.expect).any(
                |check| match check {
                    // Of a new authority Thales has only to be told here, which files do not show.
                    Check::ServerChainKept => false,
                    // An identifier of any form that the name need not bear cannot be wrong.
                    Check::ClientCertificate(CertificateAspect::CustomerId) => profile.customer_id.length.is_some(),
                    _ => true,
                },
            )
        }
    })
}

fn breaking<'a>(
    profile: &'a Profile,
    requirement: &'a Requirement,
    defects: &'a [Defect],
) -> impl Iterator<Item = &'a Defect> {
    defects.iter().filter(|defect| defect.profiles.contains(&profile.id.as_str())).filter(|defect| {
        defect.fails.iter().any(|topic| topic.parse().is_ok_and(|topic: Topic| requirement.is_about(&topic)))
    })
}
