//! One word over the ways to make a caller call.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Claim, Event, Recorder};
use tokio::time::Instant;

use super::berth::Berth;
use super::command;
use super::identity::Renewal;
use super::in_process::{Request, Tenant};
use super::part::{CallerPart, CallerWay};
use super::portal::Portal;
use super::service::{Service, Stage};
use super::stdio::Driver;
use super::triggered::Triggered;
use crate::model::ChangeOver;
use crate::world::World;

/// A caller in a world, ready to be asked.
pub struct Carrier {
    part: CallerPart,
    way: Way,
    /// The proxy through which it calls.
    proxy: Option<Service>,
    world: Arc<World>,
    recorder: Arc<Recorder>,
    actor: Actor,
    portal: Portal,
    dir: PathBuf,
    berth: Option<Arc<Berth>>,
}

enum Way {
    Command(Vec<String>),
    Stdio(Box<Driver>),
    InProcess(Tenant),
    Service(Box<Triggered>),
    /// It could not be started: each call fails with these words.
    Broken(String),
}

impl Carrier {
    /// Starts what has to run before the first call; a service that is kept for the run stays in its berth. A caller that
    /// does not start is the integration's conduct: its calls fail.
    pub async fn start(
        part: &CallerPart,
        dir: PathBuf,
        mut portal: Portal,
        world: Arc<World>,
        recorder: Arc<Recorder>,
        berth: Option<Arc<Berth>>,
    ) -> Self {
        let actor = Actor::Integration(part.name.clone());
        let mut proxy = Ok(None);
        if let Some((service, port)) = &part.proxy {
            let at = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
            // Started for each scenario, whatever the caller is.
            let stage =
                Stage { dir: &dir, portal: &portal, world: &world, recorder: &recorder, actor: &actor, berth: None };
            proxy = Service::begin(service, &[at], &stage).await.map(Some);
            portal.proxy = Some(format!("http://{at}"));
        }
        let stage = Stage {
            dir: &dir,
            portal: &portal,
            world: &world,
            recorder: &recorder,
            actor: &actor,
            berth: berth.as_ref(),
        };
        let (way, proxy) = match proxy {
            Ok(proxy) => (Way::start(part, &stage, &world).await, proxy),
            Err(error) => (Way::Broken(error), None),
        };
        Self { part: part.clone(), way, proxy, world, recorder, actor, portal, dir, berth }
    }

    /// Makes one call and returns what the integration says of it.
    pub async fn call(&mut self) -> Claim {
        let within = self.part.within;
        let request = Request { url: self.portal.url.clone(), method: "GET".to_owned() };
        match &mut self.way {
            Way::Command(words) => {
                command::call(words, &self.dir, &self.portal, &self.world, &self.recorder, &self.actor, within).await
            }
            Way::Stdio(driver) => driver.call(&request, within).await,
            Way::InProcess(tenant) => tenant.call(request, within).await,
            Way::Service(service) => {
                let (dir, portal, world, recorder) = (&self.dir, &self.portal, &self.world, &self.recorder);
                let berth = self.berth.as_ref();
                service.call(&Stage { dir, portal, world, recorder, actor: &self.actor, berth }, within).await
            }
            Way::Broken(error) => Claim::Failed { error: error.clone() },
        }
    }

    /// When it is to be asked again at the earliest, where its last call did not go through and it needs time to settle.
    pub fn settles_at(&mut self) -> Option<Instant> {
        match &mut self.way {
            Way::Service(service) => service.settles_at(),
            _ => None,
        }
    }

    /// What a service that has gone on since an earlier scenario needs after a call that did not go through; `None` for
    /// everything that was started for this one.
    pub fn goes_on(&self) -> Option<Duration> {
        match &self.way {
            Way::Service(service) => service.goes_on(),
            _ => None,
        }
    }

    /// Tells the integration of its renewed certificate, whose files are there, and records when it was told. A command
    /// goes on beside the calls that follow; everything else is done on return.
    pub async fn change_over(&mut self, renewal: &Renewal) {
        let how = match &renewal.by {
            ChangeOver::Command(words) => {
                self.deploy(words.clone(), renewal.within);
                return;
            }
            ChangeOver::Signal(signal) => format!("signal {signal:?}").to_uppercase(),
            ChangeOver::Restart => "started anew".to_owned(),
            ChangeOver::Files => "its files alone".to_owned(),
            ChangeOver::Asked => "asked to renew".to_owned(),
        };
        let told = match (&mut self.way, &renewal.by) {
            (Way::Broken(error), _) => Err(error.clone()),
            (Way::Stdio(driver), ChangeOver::Signal(signal)) => driver.signal(*signal),
            (Way::Service(service), ChangeOver::Signal(signal)) => service.signal(*signal),
            (Way::Command(_), ChangeOver::Signal(_) | ChangeOver::Restart) => Ok(()),
            (Way::Stdio(_) | Way::InProcess(_) | Way::Service(_), ChangeOver::Restart) => self.restart().await,
            (Way::InProcess(tenant), ChangeOver::Asked) => tenant.renew(self.portal.clone(), renewal.within).await,
            (_, ChangeOver::Files) => Ok(()),
            (Way::InProcess(_), ChangeOver::Signal(_)) => Err("it runs in this process: no signal".to_owned()),
            (_, ChangeOver::Asked) => Err("only an integration in this process can be asked".to_owned()),
            (_, ChangeOver::Command(_)) => Ok(()),
        };
        told_of_renewal(&self.recorder, how, told);
    }

    async fn restart(&mut self) -> Result<(), String> {
        let former = std::mem::replace(&mut self.way, Way::Broken("it is being started anew".to_owned()));
        former.stop().await;
        let stage = Stage {
            dir: &self.dir,
            portal: &self.portal,
            world: &self.world,
            recorder: &self.recorder,
            actor: &self.actor,
            berth: self.berth.as_ref(),
        };
        self.way = Way::start(&self.part, &stage, &self.world).await;
        // One that does not start any more was told: its calls will show it.
        Ok(())
    }

    fn deploy(&self, words: Vec<String>, within: Duration) {
        let (dir, portal) = (self.dir.clone(), self.portal.clone());
        let (world, recorder, actor) = (Arc::clone(&self.world), Arc::clone(&self.recorder), self.actor.clone());
        tokio::spawn(async move {
            let claim = command::call(&words, &dir, &portal, &world, &recorder, &actor, within).await;
            let told = match claim {
                Claim::Completed { .. } => Ok(()),
                Claim::Failed { error } => Err(error),
                Claim::Unsupported => Err("the command says that it cannot".to_owned()),
                Claim::TimedOut => Err(format!("the command did not end within {within:?}")),
            };
            told_of_renewal(&recorder, "a command".to_owned(), told);
        });
    }

    /// Lets the integration leave, but for a service that stays.
    pub async fn leave(self) {
        match self.way {
            Way::Service(service) => service.leave().await,
            way => way.stop().await,
        }
        if let Some(proxy) = self.proxy {
            proxy.stop().await;
        }
    }
}

impl Way {
    async fn start(part: &CallerPart, stage: &Stage<'_>, world: &Arc<World>) -> Self {
        let &Stage { dir, portal, recorder, actor, .. } = stage;
        let started = match &part.way {
            CallerWay::Command(words) => Ok(Self::Command(words.clone())),
            CallerWay::Stdio(words) => {
                Driver::start(words, dir, portal, world, recorder, actor).map(|driver| Self::Stdio(Box::new(driver)))
            }
            CallerWay::InProcess(factory) => {
                Tenant::start(Arc::clone(world), Arc::clone(factory), portal.clone(), part.within)
                    .await
                    .map(Self::InProcess)
            }
            CallerWay::Service(caller) => {
                Triggered::start(caller, stage).await.map(|service| Self::Service(Box::new(service)))
            }
        };
        started.unwrap_or_else(|error| {
            recorder
                .record(actor.clone(), Event::Output { stream: "start".to_owned(), text: error.clone(), dropped: 0 });
            Self::Broken(error)
        })
    }

    async fn stop(self) {
        match self {
            Self::Stdio(driver) => driver.stop().await,
            Self::Service(service) => service.stop().await,
            Self::Command(_) | Self::InProcess(_) | Self::Broken(_) => {}
        }
    }
}

fn told_of_renewal(recorder: &Recorder, how: String, told: Result<(), String>) {
    recorder.record(Actor::Runner, Event::ToldOfRenewal { how, failed: told.err() });
}
