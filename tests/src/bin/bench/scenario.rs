//! What a scenario without waiting costs beside its handshakes: the CPU time of the whole process while it is played
//! over and over, less that of opening and closing as many worlds, against the bare loop.

use std::time::Duration;

use mock_thales::observe::Event;
use thales_harness::integration::{Materials, Subject};
use thales_harness::model::{Environment, Profile};
use thales_harness::reference;
use thales_harness::run::{Exam, Selection};
use thales_harness::verdict::Verdict;
use thales_harness::world::{Host, Network, Setup, World};
use tokio::runtime::Runtime;

use crate::bare::Loop;
use crate::failure::Failure;
use crate::papers::Papers;
use crate::ratio::{Comparison, Part};
use crate::{PROFILE, processor, setting};

/// Scenarios without waiting. Each has three handshakes; in the first one the middle one is refused, so that it has two
/// requests, in the second one all three are finished.
const SCENARIOS: [&str; 2] = ["inbound/wrong-host", "inbound/tls-1.3-alone"];
pub(crate) const HANDSHAKES: usize = 3;
/// Plays of a scenario a round.
const PLAYS: usize = 100;
const ROUNDS: usize = 5;
/// The most that a scenario may cost, in bare loops.
const TARGET: f64 = 2.0;

/// One comparison for each scenario and kind of network.
pub(crate) fn measure(host: &Host) -> Result<Vec<Comparison>, Failure> {
    let (papers, _authorities) = Papers::new()?;
    let bare = Loop::new(&papers)?;
    let runtime = Runtime::new().map_err(|error| Failure::Io("start a runtime", error))?;
    let setup = setup()?;
    let shared = Host { network: Network::Shared, ..host.clone() };
    let mut comparisons = Vec::new();
    for (host, network) in [(host, "private"), (&shared, "shared")] {
        if network == "private" && host.network == Network::Shared {
            continue;
        }
        for id in SCENARIOS {
            let exam = exam(host, id)?;
            let world = || open_and_close(host, &setup);
            comparisons.push(compare(&format!("`{id}`, {network} network"), || play(&runtime, &exam), world, &bare)?);
        }
    }
    Ok(comparisons)
}

fn compare(
    name: &str,
    play: impl Fn() -> Result<(), Failure>,
    world: impl Fn() -> Result<(), Failure>,
    bare: &Loop,
) -> Result<Comparison, Failure> {
    let (mut ratios, mut played, mut networks) = (Vec::new(), Vec::new(), Vec::new());
    let (mut alone, mut loops) = (Vec::new(), Vec::new());
    // The first ones fill caches, pools and the allocator.
    for _ in 0..PLAYS / 10 {
        play()?;
        world()?;
        bare.turn(HANDSHAKES)?;
    }
    for _ in 0..ROUNDS {
        let whole = each(|| (0..PLAYS).try_for_each(|_| play()))?;
        let network = each(|| (0..PLAYS).try_for_each(|_| world()))?;
        let bare = each(|| bare.turn(PLAYS * HANDSHAKES))?;
        ratios.push((whole - network) / bare);
        played.push(whole);
        networks.push(network);
        alone.push(whole - network);
        loops.push(bare);
    }
    let part = |name: String, values| Part { name, values };
    Ok(Comparison {
        title: format!("{name}, without making that network ÷ bare loop of {HANDSHAKES} handshakes"),
        measure: "CPU",
        values: ratios,
        target: TARGET,
        unit: "×",
        parts: vec![
            part(format!("{name}: one play, µs CPU"), played),
            part("– its network alone: world opened and closed, µs CPU".to_owned(), networks),
            part("– the play without it, µs CPU".to_owned(), alone),
            part(format!("– bare loop of {HANDSHAKES} handshakes, both sides, µs CPU"), loops),
        ],
        missing: None,
    })
}

/// Microseconds of CPU time that a play's share of some work costs.
fn each(work: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let before = processor::own()?;
    work()?;
    let used: Duration = processor::own()?.saturating_sub(before);
    Ok(used.as_secs_f64() * 1e6 / PLAYS as f64)
}

/// Plays the scenario once and makes sure that it was the right thing.
pub(crate) fn play(runtime: &Runtime, exam: &Exam) -> Result<(), Failure> {
    let run = runtime.block_on(exam.play(0));
    let log = run.log.map_err(|error| Failure::Harness(error.to_string()))?;
    let hellos = log.facts.iter().filter(|fact| matches!(fact.event, Event::ClientHello(_))).count();
    if hellos == HANDSHAKES && run.verdict == Some(Verdict::Pass) {
        return Ok(());
    }
    Err(Failure::Harness(format!("{} had {hellos} handshakes and the verdict {:?}", run.id, run.verdict)))
}

/// What a play does for its network alone. A play's own thread and runtime stay on the play's account.
pub(crate) fn open_and_close(host: &Host, setup: &Setup) -> Result<(), Failure> {
    let closed = World::open(host, setup).and_then(World::close);
    closed.map_err(|error| Failure::Harness(error.to_string()))
}

pub(crate) fn exam(host: &Host, id: &str) -> Result<Exam, Failure> {
    let (library, profile, environment) = setting()?;
    let patterns = [id.to_owned()];
    let selection = Selection::new(&patterns).map_err(|error| Failure::Harness(error.to_string()))?;
    Exam::new(
        host.clone(),
        &library,
        subject(&profile, &environment)?,
        PROFILE,
        &environment,
        (&selection, &patterns),
        Some(1),
    )
    .map_err(|error| Failure::Harness(error.to_string()))
}

/// The reference in this process.
pub(crate) fn subject(profile: &Profile, environment: &Environment) -> Result<Subject, Failure> {
    let subject = reference::subject(profile, environment).map_err(|error| Failure::Harness(error.to_string()))?;
    Ok(subject.into_subject())
}

/// What the world of a play holds.
pub(crate) fn setup() -> Result<Setup, Failure> {
    let (_, profile, environment) = setting()?;
    let subject = subject(&profile, &environment)?;
    let materials =
        Materials::new(&subject, &profile, &environment).map_err(|error| Failure::Harness(error.to_string()))?;
    Ok(Setup {
        assets: materials.assets,
        files: subject.files.clone(),
        keep: subject.directories(),
        hosts: Vec::new(),
        threads_only: true,
        standing: None,
    })
}
