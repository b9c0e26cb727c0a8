//! Steps in time, played to a caller: what changes on Thales' side, the calls that follow, and how the customer's own
//! certificate is changed over.

use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Event, Fact};
use tokio::time::{Instant, sleep_until};

use super::{CallerScene, TTL_MS, conduct, zone_plan};
use crate::model::{Change, Dead, EndpointName, Expectation, PhaseKind, Step};
use crate::run::table::Player as _;
use crate::run::{RunError, plan};
use crate::world;

/// Time for a command that changes the integration over to be ended, once it is out of its own.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) async fn play(scene: &mut CallerScene, zone: &Change, steps: &[Step]) -> Result<(), RunError> {
    let mut ttl_ms = zone.ttl.map_or(TTL_MS, |ttl| ttl.0);
    let mut gave_up = false;
    // Where something changes, a step is the ground of those after it.
    let are_apart = steps.iter().all(|step| step.change == Change::default());
    for (index, step) in steps.iter().enumerate() {
        if are_apart && !plan::tells(step, &scene.ground.setting.profile) {
            continue;
        }
        scene.rest().await;
        ttl_ms = step.change.ttl.map_or(ttl_ms, |ttl| ttl.0);
        let every_ms = step.traffic.every.map_or(0, |every| every.0);
        scene.endorse(&step.change)?;
        answer_otherwise(scene, &step.change)?;
        let phase = scene.begin(PhaseKind::Step, &format!("step {}", index + 1), ttl_ms, every_ms);
        // A caller that hung would hang in every step: the rest is planned, so that it is inconclusive, and not played.
        if !gave_up {
            apply(scene, &step.change).await?;
            let told = renew(scene, &step.change).await?;
            traffic(scene, step).await;
            if told {
                gave_up = !overlap(scene, step).await;
            }
            scene.settle(phase).await;
        }
        if let Some(topic) = &step.verifies {
            for check in &step.expect {
                scene.expect(Expectation {
                    topic: topic.clone(),
                    subject: format!("step {}", index + 1),
                    check: check.clone(),
                    phases: vec![phase],
                    controls: Vec::new(),
                    means: step.means.clone(),
                    any_of: None,
                });
            }
        }
        gave_up |= scene.hung && step.traffic.lasts.is_none();
    }
    Ok(())
}

/// Replaces the customer's files by those of its renewed certificate and tells it; says whether that was the change.
async fn renew(scene: &mut CallerScene, change: &Change) -> Result<bool, RunError> {
    let setting = Arc::clone(&scene.ground.setting);
    let Some(renewal) = setting.subject.renewal.as_ref().filter(|_| change.renewal) else { return Ok(false) };
    let assets = &setting.materials.renewed;
    scene.ground.world.replace(assets)?;
    let names = assets.iter().map(|asset| asset.name.clone()).collect();
    scene.ground.recorder.record(Actor::Runner, Event::FilesRenewed { assets: names });
    scene.carrier.change_over(renewal).await;
    Ok(true)
}

/// Lets traffic go on until the integration was told and a call has shown its renewed certificate, or the time for that
/// is over. `false`: it could not be told, and what follows would say nothing of it.
async fn overlap(scene: &mut CallerScene, step: &Step) -> bool {
    let setting = Arc::clone(&scene.ground.setting);
    let recorder = Arc::clone(&scene.ground.recorder);
    let Some(renewal) = &setting.subject.renewal else { return false };
    let renewed = setting.materials.context.renewed.as_ref();
    let every = step.traffic.every.map_or(Duration::ZERO, |every| every.duration());
    let deadline = Instant::now() + renewal.within;
    let is_told = |facts: &[Fact]| facts.iter().any(|fact| matches!(fact.event, Event::ToldOfRenewal { .. }));
    let is_shown = |facts: &[Fact]| {
        facts.iter().any(|fact| {
            matches!(&fact.event, Event::PeerCertificate { chain, .. } if chain.first().is_some_and(|leaf| Some(leaf) == renewed))
        })
    };
    while !scene.hung && !recorder.read(|facts| is_told(facts) && (is_shown(facts) || could_not(facts))) {
        if Instant::now() >= deadline {
            let wait = "a call to show the renewed certificate".to_owned();
            recorder.record(Actor::Runner, Event::DeadlinePassed { wait });
            break;
        }
        let due = Instant::now() + every;
        scene.call().await;
        sleep_until(due.min(deadline)).await;
    }
    // A command that is out of time is being ended.
    recorder.wait_for((Instant::now() + FAREWELL).into_std(), is_told).await && !recorder.read(could_not)
}

fn could_not(facts: &[Fact]) -> bool {
    facts.iter().any(|fact| matches!(fact.event, Event::ToldOfRenewal { failed: Some(_), .. }))
}

/// What the endpoints answer from now on, where a change says so: a conduct of its own.
fn answer_otherwise(scene: &mut CallerScene, change: &Change) -> Result<(), RunError> {
    if change.answers_status.is_none() && change.extras.is_none() {
        return Ok(());
    }
    for standing in scene.endpoints.values_mut() {
        let plan = &mut standing.plan;
        plan.answers_status = change.answers_status.clone().unwrap_or_else(|| plan.answers_status.clone());
        plan.extras = change.extras.unwrap_or(plan.extras);
        standing.endpoint.behave(conduct(&scene.ground, &scene.tokens, plan)?);
    }
    Ok(())
}

/// Carries out a change of Thales' side: first what dies or drains, then what is answered.
async fn apply(scene: &mut CallerScene, change: &Change) -> Result<(), RunError> {
    let recorder = Arc::clone(&scene.ground.recorder);
    for name in &change.drain {
        if let Some(standing) = scene.endpoints.get(name) {
            standing.endpoint.drain();
            recorder.record(Actor::Runner, Event::Draining { endpoint: name.to_string() });
        }
    }
    if let Some((name, how)) = &change.dead {
        die(scene, name, *how).await?;
        let how = match how {
            Dead::Refused => "refused",
            Dead::Unreachable => "unreachable",
        };
        recorder.record(Actor::Runner, Event::Died { endpoint: name.to_string(), how: how.to_owned() });
    }
    if change.forgets_tokens {
        scene.tokens.forget();
        recorder.record(Actor::Runner, Event::TokensForgotten);
    }
    if change.answer.is_some() || change.ttl.is_some() || change.mode.is_some() {
        let plan = zone_plan(Some(&scene.zone.plan()), change, &scene.endpoints, scene.beside);
        let (addresses, ttl_s, mode) = (plan.addresses.clone(), plan.ttl_s, format!("{:?}", plan.mode).to_lowercase());
        scene.zone.set(plan)?;
        recorder.record(Actor::Runner, Event::ZoneChanged { addresses, ttl_s, mode });
    }
    Ok(())
}

async fn die(scene: &mut CallerScene, name: &EndpointName, how: Dead) -> Result<(), RunError> {
    let Some(dead) = scene.endpoints.get(name) else { return Ok(()) };
    match how {
        Dead::Refused => {
            scene.stage.stop_listening().await;
            for (other, standing) in &scene.endpoints {
                if other != name {
                    let at = scene.ground.world.published(standing.address, world::HTTPS)?;
                    scene.stage.listen(scene.ground.world.thales_listener_at(at)?)?;
                }
            }
            // Nothing listens: who dials all the same is seen by its packets alone.
            if let Some(packets) = scene.ground.world.packets_at(dead.address)? {
                scene.stage.watch_refusals(packets, world::HTTPS, &dead.endpoint);
            }
        }
        Dead::Unreachable => {
            scene.ground.world.make_unreachable(dead.address)?;
            scene.unreachable.push(dead.address);
        }
    }
    dead.endpoint.cut();
    Ok(())
}

/// Closed-loop traffic: a call starts when the one before has ended, and not before its turn.
async fn traffic(scene: &mut CallerScene, step: &Step) {
    let began = Instant::now();
    let every = step.traffic.every.map_or(Duration::ZERO, |every| every.duration());
    let mut made = 0;
    let mut due = began;
    loop {
        let more = match (step.traffic.calls, step.traffic.lasts) {
            (Some(calls), _) => made < calls,
            (None, Some(lasts)) => began.elapsed() < lasts.duration(),
            (None, None) => false,
        };
        if !more {
            return;
        }
        sleep_until(due).await;
        due = Instant::now() + every;
        scene.call().await;
        made += 1;
        if scene.hung {
            return;
        }
    }
}
