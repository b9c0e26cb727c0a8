//! Plays a table of differences: control, row, control, and so on. The same for callers and receivers, which differ in
//! what a plan is and how one is played.

use std::future::Future;

use mock_thales::observe::PhaseId;

use super::{RunError, plan};
use crate::model::{Check, Conduct, Expectation, PhaseKind, Row, RowKind, Topic, Unplanned};

/// One side of a table: somebody who can be given a plan.
pub(super) trait Player {
    /// What Thales' side is to do in a phase.
    type Plan: Clone + Send + Sync;

    /// The plan of a row's or control's words; `None` where they are for the other side.
    fn plan(&self, conduct: &Conduct) -> Option<Self::Plan>;

    /// Plays one phase.
    fn play_once(
        &mut self,
        kind: PhaseKind,
        words: &str,
        plan: &Self::Plan,
    ) -> impl Future<Output = Result<PhaseId, RunError>> + Send;

    /// The attempts that a row's plan needs, with their names.
    fn attempts(&self, plan: &Self::Plan, row: &str) -> Vec<(String, Self::Plan)>;

    /// The same attempt, made of the call alone: what came before it, to fetch an access token, meets no difference.
    fn after_token(&self, attempt: &(String, Self::Plan)) -> Option<(String, Self::Plan)>;

    /// Whether the profile has a requirement about that topic.
    fn has(&self, topic: &Topic) -> bool;

    /// Why a row's plan cannot be played in this profile.
    fn lacks(&self, plan: &Self::Plan) -> Option<String>;

    /// Says of an expectation that it could not be planned.
    fn leave_out(&mut self, unplanned: Unplanned);

    /// Nothing that is played from now on can tell anything: the integration hangs, or never listened.
    fn is_gone(&self) -> bool;

    /// Plans an expectation.
    fn expect(&mut self, expectation: Expectation);
}

/// Plays every row between two controls. Each expectation is planned, whether its row could be played or not.
pub(super) async fn play<P: Player>(
    player: &mut P,
    verifies: Option<&Topic>,
    control: &Conduct,
    rows: &[Row],
) -> Result<(), RunError> {
    let Some(control) = player.plan(control) else { return Ok(()) };
    let mut before = player.play_once(PhaseKind::Control, "1", &control).await?;
    for (topic, check) in control_checks(verifies, rows) {
        player.expect(Expectation {
            topic,
            subject: "control".to_owned(),
            check,
            phases: vec![before],
            controls: Vec::new(),
            means: None,
            any_of: None,
        });
    }
    for (index, row) in rows.iter().enumerate() {
        let Some(plan) = player.plan(&row.conduct) else { continue };
        // Nobody would judge it, and it costs calls.
        if !player.has(&row.verifies) {
            continue;
        }
        if let Some(why) = player.lacks(&plan) {
            player.leave_out(Unplanned { topic: row.verifies.clone(), subject: row.difference.clone(), why });
            continue;
        }
        let mut phases = Vec::new();
        let mut controls = vec![before];
        if !player.is_gone() {
            let mut attempts = player.attempts(&plan, &row.difference);
            if row.kind == RowKind::Refuse {
                // A caller that refuses the difference where it asks for a token never comes to its call.
                let again: Vec<_> = attempts.iter().filter_map(|attempt| player.after_token(attempt)).collect();
                attempts.extend(again);
            }
            for (name, attempt) in attempts {
                phases.push(player.play_once(PhaseKind::Row, &name, &attempt).await?);
            }
            before = player.play_once(PhaseKind::Control, &(index + 2).to_string(), &control).await?;
            controls.push(before);
        }
        for check in checks(row) {
            player.expect(Expectation {
                topic: row.verifies.clone(),
                subject: row.difference.clone(),
                check,
                phases: phases.clone(),
                controls: controls.clone(),
                means: row.means.clone(),
                any_of: row.any_of.clone(),
            });
        }
    }
    Ok(())
}

/// What is judged of the control: its conduct, where the scenario is about trust or versions; that it is accepted, where
/// the scenario is nothing but a control.
fn control_checks(verifies: Option<&Topic>, rows: &[Row]) -> Vec<(Topic, Check)> {
    let checks = plan::control_expectations(verifies);
    match verifies {
        Some(verifies) if rows.is_empty() && checks.is_empty() => vec![(verifies.clone(), Check::Accepted)],
        _ => checks,
    }
}

fn checks(row: &Row) -> Vec<Check> {
    match &row.kind {
        RowKind::Refuse => vec![Check::Refused],
        RowKind::Accept => vec![Check::Accepted],
        RowKind::Expect(checks) => checks.clone(),
    }
}
