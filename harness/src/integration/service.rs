//! A service: a program of the integration that stands in a scenario's world for as long as the scenario lasts, or in a
//! world of its own for the run, whichever of its roles is played. Starting it, waiting until it is ready, going on in the
//! next scenario, and its end; what makes it call is [`triggered`](super::triggered)'s business.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Event, Recorder};
use tokio::process::Child;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

use super::berth::Berth;
use super::local_http;
use super::portal::Portal;
use super::process::{self, Output};
use super::receiver::covers;
use crate::model::{IntegrationFile, Keep, LocalUrl, Ready, ServiceKeys, Signal};
use crate::world::{Network, World};

/// How often the socket table is read while a service starts.
const LOOK: Duration = Duration::from_millis(10);

/// How often a page is asked whether the service is ready.
const ASK: Duration = Duration::from_millis(50);

/// Longest time of one such request: a page may hang while the service behind it starts.
const ANSWER: Duration = Duration::from_secs(5);

/// Longest time until a former process, of the scenario before or of a restart, has left the ports of the service.
const VACATED: Duration = Duration::from_secs(5);

/// Longest time between the end of a process's connections and its own.
const DYING: Duration = Duration::from_secs(1);

/// A service as its file describes it.
#[derive(Debug, Clone)]
pub struct ServicePart {
    /// Its name.
    pub name: String,
    /// The command that starts it.
    pub words: Vec<String>,
    /// What says that it is ready, beside the port that it is asked or called on.
    pub ready: Ready,
    /// Longest time until it is ready.
    pub within: Duration,
    /// How long it lives.
    pub keep: Keep,
    /// Whether it is a receiver, too.
    pub serves: bool,
    /// It runs already, and is neither started nor ended.
    pub running: bool,
}

impl ServicePart {
    /// As the table of its file says. `serves`: whether a receiver names it.
    fn new(keys: &ServiceKeys, serves: bool) -> Self {
        Self {
            name: keys.name.clone(),
            words: keys.command.clone(),
            ready: keys.ready.clone(),
            within: keys.within.duration(),
            keep: keys.keep,
            serves,
            running: keys.running,
        }
    }

    /// Waits until one that runs already says that it is ready, where a page tells.
    ///
    /// # Errors
    /// In words: the page does not say so in time. That is recorded, too.
    pub(super) async fn found_ready(&self, stage: &Stage<'_>) -> Result<(), String> {
        let Ready::Page(page) = &self.ready else { return Ok(()) };
        answers(stage.world, page, Instant::now() + self.within).await.map_err(|why| {
            let why = format!("was not ready within {:?}: {why}", self.within);
            failed(stage.recorder, stage.actor, &self.name, &why);
            format!("service `{}` {why}", self.name)
        })
    }
}

/// The services of an integration file, by their names.
pub(super) fn services(file: &IntegrationFile) -> BTreeMap<String, Arc<ServicePart>> {
    let serves = |name: &str| file.receivers.iter().any(|receiver| receiver.service.as_deref() == Some(name));
    file.services.iter().map(|keys| (keys.name.clone(), Arc::new(ServicePart::new(keys, serves(&keys.name))))).collect()
}

/// Where a service is started, and who writes down what becomes of it.
pub(super) struct Stage<'a> {
    pub(super) dir: &'a Path,
    pub(super) portal: &'a Portal,
    pub(super) world: &'a World,
    pub(super) recorder: &'a Arc<Recorder>,
    pub(super) actor: &'a Actor,
    /// Where it stays, if it is kept for the run.
    pub(super) berth: Option<&'a Arc<Berth>>,
}

/// A service that was ready.
pub(super) struct Service {
    name: String,
    child: Box<Child>,
    output: Option<Output>,
    recorder: Arc<Recorder>,
    actor: Actor,
    berth: Option<Arc<Berth>>,
    /// Where it was seen to listen.
    ports: Vec<SocketAddr>,
    /// Until when it may take to listen.
    deadline: Instant,
    /// It has gone on since an earlier scenario.
    pub(super) goes_on: bool,
    /// When the last call that did not go through ended.
    pub(super) troubled: Option<Instant>,
    /// Its end is written down.
    told: bool,
}

impl Service {
    /// Goes on with the service that is kept, or starts it; `ports` are where it is to listen.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(super) async fn begin(part: &ServicePart, ports: &[SocketAddr], stage: &Stage<'_>) -> Result<Self, String> {
        if let Some(service) = stage.berth.and_then(|berth| berth.take()) {
            return service.go_on(ports, stage).await;
        }
        if let Some(why) = stage.berth.and_then(|berth| berth.why_given_up()) {
            failed(stage.recorder, stage.actor, &part.name, &why);
            return Err(format!("service `{}` {why}", part.name));
        }
        let shared = || {
            let is_short = part.keep == Keep::Run && stage.world.network() == Network::Shared;
            is_short.then(|| "in a shared network none outlives its scenario".to_owned())
        };
        if let Some(why) = stage.berth.and_then(|berth| berth.why_anew()).or_else(shared) {
            let anew = Event::ServiceStartedAnew { service: part.name.clone(), why };
            stage.recorder.record(stage.actor.clone(), anew);
        }
        let started = Self::start(part, ports, stage).await;
        if let Some(berth) = stage.berth {
            match &started {
                Ok(_) => berth.ready(),
                Err(words) => {
                    let why = words.strip_prefix(&format!("service `{}` ", part.name)).unwrap_or(words);
                    berth.lose(format!("it {why}"));
                }
            }
        }
        started
    }

    /// Goes on in another scenario, whose part may ask or call it on another port.
    async fn go_on(mut self, ports: &[SocketAddr], stage: &Stage<'_>) -> Result<Self, String> {
        (self.recorder, self.actor) = (Arc::clone(stage.recorder), stage.actor.clone());
        (self.goes_on, self.told) = (true, false);
        let deadline = self.deadline;
        let why = match self.unless_it_ends(listening(stage.world, ports, deadline)).await {
            Ok(Ok(addresses)) => {
                self.listens(addresses);
                return Ok(self);
            }
            Ok(Err(why)) => format!("cannot go on: {why}"),
            Err(status) => format!("has ended ({status})"),
        };
        self.failed(&why);
        let words = format!("service `{}` {why}", self.name);
        if let Some(berth) = &self.berth {
            berth.lose(format!("it {why}"));
        }
        self.stop().await;
        Err(words)
    }

    fn listens(&mut self, addresses: Vec<SocketAddr>) {
        if addresses.is_empty() {
            return;
        }
        self.ports.extend(addresses.iter().filter(|address| !self.ports.contains(address)).collect::<Vec<_>>());
        self.recorder.record(self.actor.clone(), Event::Listening { addresses });
    }

    /// Whether it can go on: its process has not failed, and it listens wherever it did.
    ///
    /// # Errors
    /// What became of it, in words that follow its name.
    pub(super) fn look(&mut self, world: &World) -> Result<(), String> {
        if let Some(status) = self.has_failed() {
            return Err(format!("it had ended ({status})"));
        }
        let sockets = world.listening().map_err(|error| error.to_string())?;
        match self.ports.iter().find(|port| !sockets.contains(port)) {
            Some(missing) => Err(format!("it did not listen on port {} any more", missing.port())),
            None => Ok(()),
        }
    }

    /// The status of a process that has ended in failure. A daemon that went to the background goes on without its first
    /// process.
    fn has_failed(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten().filter(|status| !status.success())
    }

    /// Writes down that its process has failed, where it has and nobody did yet.
    pub(super) fn watch(&mut self) {
        if !self.told
            && let Some(status) = self.has_failed()
        {
            self.failed(&format!("has ended ({status})"));
        }
    }

    /// The scenario is over: the service ends, or stays for the next one. Its last words, if it ends.
    pub(super) async fn leave(mut self) -> String {
        self.watch();
        let Some(berth) = self.berth.clone() else { return self.stop().await };
        if let Some(status) = self.has_failed() {
            berth.lose(format!("it had ended ({status})"));
            return self.stop().await;
        }
        if let Some(output) = &self.output {
            output.turn(&self.recorder, &self.actor);
        }
        berth.put(self);
        String::new()
    }

    /// Starts a service and waits until it listens on `ports` and its page says that it is ready.
    ///
    /// # Errors
    /// In words: it did not start, ended, or is not ready within its time. That is recorded, too.
    async fn start(part: &ServicePart, ports: &[SocketAddr], stage: &Stage<'_>) -> Result<Self, String> {
        let fail = |why: String| {
            failed(stage.recorder, stage.actor, &part.name, &why);
            format!("service `{}` {why}", part.name)
        };
        let page = match &part.ready {
            Ready::Page(url) => Some(url),
            Ready::Listening => None,
        };
        let ports: Vec<_> = ports.iter().copied().chain(page.map(local_http::address)).collect();
        let deadline = Instant::now() + part.within;
        vacant(stage.world, &ports, deadline.min(Instant::now() + VACATED)).await.map_err(fail)?;
        let started = process::expand(&part.words, stage.dir, stage.portal).and_then(|words| {
            let command = process::command(&words, stage.dir, stage.portal);
            stage.world.spawn(command).map_err(|error| error.to_string())
        });
        let mut child = started.map_err(|error| fail(format!("was not started: {error}")))?;
        let output = Some(Output::of(&mut child));
        let (recorder, actor) = (Arc::clone(stage.recorder), stage.actor.clone());
        let mut service = Self {
            name: part.name.clone(),
            child: Box::new(child),
            output,
            recorder,
            actor,
            berth: stage.berth.cloned(),
            ports: Vec::new(),
            deadline,
            goes_on: false,
            troubled: None,
            told: false,
        };
        let ready = async {
            let listening = listening(stage.world, &ports, deadline).await;
            match (listening, page) {
                (Ok(addresses), Some(page)) => answers(stage.world, page, deadline).await.map(|()| addresses),
                (listening, _) => listening,
            }
        };
        let why = match service.unless_it_ends(ready).await {
            Ok(Ok(addresses)) => {
                service.listens(addresses);
                return Ok(service);
            }
            Ok(Err(why)) => format!("was not ready within {:?}: {why}", part.within),
            Err(status) => format!("ended before it was ready ({status})"),
        };
        let last_words = service.stop().await;
        let said = if last_words.is_empty() { String::new() } else { format!("; it says: {last_words}") };
        Err(fail(why) + &said)
    }

    /// Goes on with some work for as long as the service runs; `Err` where its process failed meanwhile, or before.
    pub(super) async fn unless_it_ends<T>(&mut self, work: impl Future<Output = T>) -> Result<T, ExitStatus> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            status = failure(&mut self.child) => Err(status),
        }
    }

    /// The status with which its process has ended, be it in failure or for the background. Of one whose connections
    /// just broke it may come to be known a little later.
    pub(super) async fn ended(&mut self) -> Option<ExitStatus> {
        timeout(DYING, self.child.wait()).await.ok()?.ok()
    }

    /// Writes down what went wrong with it, in the harness's words.
    pub(super) fn failed(&mut self, why: &str) {
        self.told = true;
        failed(&self.recorder, &self.actor, &self.name, why);
    }

    /// Sends a signal to its process.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), String> {
        process::signal(&self.child, signal).map_err(|error| format!("service `{}`: {error}", self.name))
    }

    /// Ends it and records what it printed; returns its last words. What it has started ends with the world.
    pub(super) async fn stop(mut self) -> String {
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
        match self.output.take() {
            Some(output) => output.finish(&self.recorder, &self.actor).await,
            None => String::new(),
        }
    }
}

pub(super) fn failed(recorder: &Recorder, actor: &Actor, service: &str, why: &str) {
    recorder.record(actor.clone(), Event::ServiceFailed { service: service.to_owned(), why: why.to_owned() });
}

/// Waits for the process to end in failure. A daemon that went to the background goes on without its first process.
async fn failure(child: &mut Child) -> ExitStatus {
    match child.wait().await {
        Ok(status) if !status.success() => status,
        _ => std::future::pending().await,
    }
}

/// Waits until nobody listens where the service is to: whoever does is not the service.
async fn vacant(world: &World, ports: &[SocketAddr], deadline: Instant) -> Result<(), String> {
    let mut ticks = ticks(LOOK);
    loop {
        ticks.tick().await;
        let sockets = world.listening().map_err(|error| format!("was not started: {error}"))?;
        let Some(taken) = sockets.iter().find(|socket| ports.iter().any(|port| covers(**socket, *port))) else {
            return Ok(());
        };
        if Instant::now() >= deadline {
            return Err(format!("was not started: another program listens on {taken}"));
        }
    }
}

/// Waits until every port is listened on; returns the sockets.
async fn listening(world: &World, ports: &[SocketAddr], deadline: Instant) -> Result<Vec<SocketAddr>, String> {
    let mut ticks = ticks(LOOK);
    loop {
        ticks.tick().await;
        let sockets = world.listening().map_err(|error| error.to_string())?;
        let Some(missing) = ports.iter().find(|port| !sockets.iter().any(|socket| covers(*socket, **port))) else {
            return Ok(sockets.into_iter().filter(|socket| ports.iter().any(|port| covers(*socket, *port))).collect());
        };
        if Instant::now() >= deadline {
            return Err(format!("it does not listen on port {}", missing.port()));
        }
    }
}

/// Asks a page until it answers with a good status.
async fn answers(world: &World, page: &LocalUrl, deadline: Instant) -> Result<(), String> {
    let mut ticks = ticks(ASK);
    let mut seen = format!("{page} does not answer");
    loop {
        ticks.tick().await;
        let until = deadline.min(Instant::now() + ANSWER);
        seen = match timeout_at(until, local_http::request(world, "GET", page)).await {
            Ok(Ok(response)) if response.is_good() => return Ok(()),
            Ok(Ok(response)) => format!("{page} answers HTTP {}", response.status),
            Ok(Err(error)) => format!("{page}: {error}"),
            // A request that was cut short says less than the one before it.
            Err(_) if until == deadline => seen,
            Err(_) => format!("{page} does not answer"),
        };
        if Instant::now() >= deadline {
            return Err(seen);
        }
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
