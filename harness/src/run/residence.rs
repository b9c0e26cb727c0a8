//! A service that is kept for the run, in one world: the scenarios of everyone who names it are played there one after
//! another. What cannot go on, since it has ended or still holds what an earlier scenario left, is started anew in a world
//! of its own, and the next log says why.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mock_thales::observe::Log;
use tokio::runtime::Builder;

use super::RunError;
use super::ground::Setting;
use super::scene::{self, Part, Played};
use super::stay::{self, Stay};
use crate::integration::Berth;
use crate::model::{Header, Scenario};
use crate::world::World;

/// Times that a service may fail to come to be ready, one after the other, until nobody starts it any more.
const STARTS: u32 = 2;

/// One scenario to be played there, with its place in the plan.
pub(super) struct Scheduled {
    pub(super) index: usize,
    pub(super) scenario: Arc<Scenario>,
    pub(super) part: Part,
}

/// What came of it.
pub(super) type Done = (usize, Result<Log<Header>, RunError>, Duration);

/// Plays scenarios of one service on the calling thread, which must not be one of a runtime's workers, and tells of each
/// when it is over.
pub(super) fn play(setting: Arc<Setting>, mut scenes: Vec<Scheduled>, done: &dyn Fn(Done)) {
    // Who is called needs no name server and no endpoint: while it is, a caller in the same service goes without.
    scenes.sort_by_key(|scene| (matches!(scene.part, Part::Receiver(_)), stay::rank(&scene.scenario), scene.index));
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            for Scheduled { index, scenario, .. } in scenes {
                let lost = RunError::Lost { scenario: scenario.id.clone(), why: error.to_string() };
                done((index, Err(lost), Duration::ZERO));
            }
            return;
        }
    };
    let mut residence = Residence { setting, home: None, unready: 0 };
    for Scheduled { index, scenario, part } in scenes {
        let began = Instant::now();
        // What a panic leaves behind is thrown away with the home.
        let played = catch_unwind(AssertUnwindSafe(|| runtime.block_on(residence.play(&scenario, &part))));
        let log = played.unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let why = words.or(panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned();
            Err(RunError::Lost { scenario: scenario.id.clone(), why })
        });
        if log.is_err() {
            // Its processes end with it.
            residence.home = None;
        }
        done((index, log, began.elapsed()));
    }
    // Nothing is left to be told of it.
    let _ = runtime.block_on(residence.leave());
}

struct Residence {
    setting: Arc<Setting>,
    home: Option<Home>,
    /// How often the service was not ready in time, one after the other.
    unready: u32,
}

/// A world with its service.
struct Home {
    world: Arc<World>,
    stay: Arc<Stay>,
    /// Why no other scenario can be played to a caller there.
    spent: Option<&'static str>,
}

impl Residence {
    async fn play(&mut self, scenario: &Scenario, part: &Part) -> Result<Log<Header>, RunError> {
        let anew = match &self.home {
            None => None,
            Some(home) => home.look(part).err(),
        };
        match self.played(scenario, part, anew).await? {
            Played::Log(log) => Ok(*log),
            Played::Stale(why) => match self.played(scenario, part, Some(why)).await? {
                Played::Log(log) => Ok(*log),
                Played::Stale(why) => Err(RunError::Lost { scenario: scenario.id.clone(), why }),
            },
        }
    }

    /// Plays a scenario where the last one was, or in another world for a reason.
    async fn played(&mut self, scenario: &Scenario, part: &Part, anew: Option<String>) -> Result<Played, RunError> {
        if anew.is_some() {
            self.leave().await?;
        }
        let home = match &mut self.home {
            Some(home) => home,
            vacant => {
                let berth = match anew {
                    Some(why) if self.unready >= STARTS => Berth::given_up(format!("is not started any more: {why}")),
                    Some(why) => Berth::anew(why),
                    None => Berth::new(),
                };
                let world = Arc::new(scene::open(&self.setting, false)?);
                vacant.insert(Home { world, stay: Stay::at(berth), spent: None })
            }
        };
        let played = scene::record(&self.setting, scenario, part, &home.world, Some(&home.stay), None).await?;
        if scenario.renews() {
            home.spent = Some("an earlier scenario had renewed its certificate");
        }
        self.unready = if home.stay.berth.was_ready() { 0 } else { self.unready + 1 };
        Ok(played)
    }

    /// Ends the service and closes its world.
    async fn leave(&mut self) -> Result<(), RunError> {
        let Some(Home { world, stay, .. }) = self.home.take() else { return Ok(()) };
        stay.berth.end().await;
        scene::close(world, false).await
    }
}

impl Home {
    /// Whether a part can be played there; why not, otherwise.
    fn look(&self, part: &Part) -> Result<(), String> {
        match self.spent {
            Some(why) if matches!(part, Part::Caller(_)) => Err(why.to_owned()),
            _ => self.stay.berth.look(&self.world),
        }
    }
}
