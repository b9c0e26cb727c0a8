//! Plays the cases of a plan: in its order, so many at once, until all are played or the budget is spent. What was played
//! is handed over at once, and nothing of it is kept.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::case::{Case, Plan};
use super::record::CaseKey;
use crate::run::{Exam, ScenarioRun};

/// Cases that mostly wait, at once. Each holds a network, a thread and some processes.
const WAITING: usize = 48;

/// How far a sweep has got.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Cases that were played, now or before.
    pub played: usize,
    /// Cases of the plan.
    pub planned: usize,
}

/// Plays what is not `done` yet; hands each over to `record` and ends early where that fails. Returns the cases for which
/// there was no time.
///
/// # Errors
/// What `record` says.
pub async fn play<E>(
    exam: &Arc<Exam>,
    plan: &Plan,
    done: &BTreeSet<CaseKey>,
    (jobs, budget): (usize, Option<Duration>),
    record: &mut dyn FnMut(&Case, ScenarioRun, Progress) -> Result<(), E>,
) -> Result<Vec<CaseKey>, E> {
    let began = Instant::now();
    let mut queue: VecDeque<&Case> = plan.cases.iter().filter(|case| !done.contains(&case.key)).collect();
    let mut progress = Progress { played: plan.cases.len() - queue.len(), planned: plan.cases.len() };
    let mut tasks = JoinSet::new();
    let mut running: HashMap<tokio::task::Id, &Case> = HashMap::new();
    let (mut busy, mut waiting) = (0, 0);
    let mut late = Vec::new();
    loop {
        loop {
            let has_room = |case: &&Case| if case.waits.is_some() { waiting < WAITING } else { busy < jobs };
            let Some(next) = queue.iter().position(has_room) else { break };
            let Some(case) = queue.remove(next) else { break };
            let left = budget.map(|budget| budget.saturating_sub(began.elapsed()));
            if left.is_some_and(|left| left <= case.waits.unwrap_or_default()) {
                late.push(case.key.clone());
                continue;
            }
            *(if case.waits.is_some() { &mut waiting } else { &mut busy }) += 1;
            let (exam, index, settings) = (Arc::clone(exam), case.index, case.settings.clone());
            let task = tasks.spawn(async move { exam.play_varied(index, &settings).await });
            running.insert(task.id(), case);
        }
        let Some(ended) = tasks.join_next_with_id().await else { break };
        let (id, run) = match ended {
            Ok((id, run)) => (id, Some(run)),
            // The scene's own panic is a fault of its run; this one would be of the task around it.
            Err(error) => (error.id(), None),
        };
        let Some(case) = running.remove(&id) else { continue };
        *(if case.waits.is_some() { &mut waiting } else { &mut busy }) -= 1;
        match run {
            Some(run) => {
                progress.played += 1;
                record(case, run, progress)?;
            }
            None => late.push(case.key.clone()),
        }
    }
    late.sort();
    Ok(late)
}
