//! One word over the ways to make a caller call.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Claim, Event, Recorder};

use super::command;
use super::in_process::{Request, Tenant};
use super::portal::Portal;
use super::stdio::Driver;
use super::subject::{CallerPart, CallerWay};
use crate::world::World;

/// A caller in a world, ready to be asked.
pub struct Carrier {
    way: Way,
    world: Arc<World>,
    recorder: Arc<Recorder>,
    actor: Actor,
    portal: Portal,
    dir: PathBuf,
    within: Duration,
}

enum Way {
    Command(Vec<String>),
    Stdio(Box<Driver>),
    InProcess(Tenant),
    /// It could not be started: each call fails with these words.
    Broken(String),
}

impl Carrier {
    /// Starts what has to run before the first call. A caller that does not start is the integration's conduct: its
    /// calls fail.
    pub async fn start(
        part: &CallerPart,
        dir: PathBuf,
        portal: Portal,
        world: Arc<World>,
        recorder: Arc<Recorder>,
    ) -> Self {
        let actor = Actor::Integration(part.name.clone());
        let started = match &part.way {
            CallerWay::Command(words) => Ok(Way::Command(words.clone())),
            CallerWay::Stdio(words) => Driver::start(words, &dir, &portal, &world, &recorder, &actor)
                .map(|driver| Way::Stdio(Box::new(driver))),
            CallerWay::InProcess(factory) => {
                Tenant::start(Arc::clone(&world), Arc::clone(factory), portal.clone(), part.within)
                    .await
                    .map(Way::InProcess)
            }
        };
        let way = started.unwrap_or_else(|error| {
            recorder
                .record(actor.clone(), Event::Output { stream: "start".to_owned(), text: error.clone(), dropped: 0 });
            Way::Broken(error)
        });
        Self { way, world, recorder, actor, portal, dir, within: part.within }
    }

    /// Makes one call and returns what the integration says of it.
    pub async fn call(&mut self) -> Claim {
        let request = Request { url: self.portal.url.clone(), method: "GET".to_owned() };
        match &mut self.way {
            Way::Command(words) => {
                command::call(words, &self.dir, &self.portal, &self.world, &self.recorder, &self.actor, self.within)
                    .await
            }
            Way::Stdio(driver) => driver.call(&request, self.within).await,
            Way::InProcess(tenant) => tenant.call(request, self.within).await,
            Way::Broken(error) => Claim::Failed { error: error.clone() },
        }
    }

    /// Lets the integration leave.
    pub async fn stop(self) {
        if let Way::Stdio(driver) = self.way {
            driver.stop().await;
        }
    }
}
