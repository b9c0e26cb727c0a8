//! How long a full run on the reference lasts beyond its longest scenario, which mostly waits for a TTL.

use std::time::{Duration, Instant};

use thales_harness::run::{Exam, Selection};
use thales_harness::world::Host;
use tokio::runtime::Runtime;

use crate::failure::Failure;
use crate::ratio::{Comparison, Part};
use crate::scenario::subject;
use crate::{PROFILE, setting};

/// Scenarios at once: what the command line takes unasked.
const JOBS: usize = 16;
const ROUNDS: usize = 3;
/// Seconds that a run may last beyond its longest scenario.
const TARGET: f64 = 1.0;

/// Wall time of the run less that of its longest scenario.
pub(crate) fn measure(host: &Host) -> Result<Comparison, Failure> {
    let runtime = Runtime::new().map_err(|error| Failure::Io("start a runtime", error))?;
    let (mut beyond, mut walls) = (Vec::new(), Vec::new());
    let (mut longest, mut sums) = (Vec::new(), Vec::new());
    let mut scenarios = 0;
    for _ in 0..ROUNDS {
        let (library, profile, environment) = setting()?;
        let everything = Selection::new(&[]).map_err(|error| Failure::Harness(error.to_string()))?;
        let subject = subject(&profile, &environment)?;
        // The clock starts where the authorities of the run are made: that is part of what a person waits for.
        let began = Instant::now();
        let exam = Exam::new(host.clone(), &library, subject, PROFILE, &environment, (&everything, &[]), Some(JOBS))
            .map_err(|error| Failure::Harness(error.to_string()))?;
        let outcome = runtime.block_on(exam.run(&|_| ()));
        let wall = began.elapsed();
        if let Some((id, error)) = outcome.scenarios.iter().find_map(|run| Some((&run.id, run.log.as_ref().err()?))) {
            return Err(Failure::Harness(format!("{id}: {error}")));
        }
        scenarios = outcome.scenarios.len();
        let most = outcome.scenarios.iter().map(|run| run.took).max().unwrap_or_default();
        beyond.push(wall.saturating_sub(most).as_secs_f64());
        walls.push(wall.as_secs_f64());
        longest.push(most.as_secs_f64());
        sums.push(outcome.scenarios.iter().map(|run| run.took).sum::<Duration>().as_secs_f64());
    }
    Ok(Comparison {
        title: format!("full run on the reference, {scenarios} scenarios, {JOBS} at once − its longest scenario"),
        measure: "wall",
        values: beyond,
        target: TARGET,
        unit: "s",
        parts: vec![
            Part { name: "full run, s wall".to_owned(), values: walls },
            Part { name: "its longest scenario, s wall".to_owned(), values: longest },
            Part { name: "all its scenarios added up, s wall".to_owned(), values: sums },
        ],
        missing: None,
    })
}
