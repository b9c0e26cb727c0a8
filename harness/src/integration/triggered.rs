//! A caller that is a service: what makes it call, and what its call comes to. The service goes on between the calls, as
//! do its pools and caches; how long it lives is [`service`](super::service)'s business.

use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Claim, ConnectionId, Event, Fact, Recorder};
use tokio::time::{Instant, timeout_at};

use super::local_http::{self, LocalHttpError};
use super::service::{self, Service, ServicePart, Stage};
use super::{command, process};
use crate::model::{Caller, Signal, Trigger, TriggerRequest};

/// The status with which a trigger says that it has only begun what was asked (RFC 9110 section 15.3.3).
const ACCEPTED: u16 = 202;

/// A caller that is a service.
#[derive(Debug, Clone)]
pub struct ServiceCaller {
    /// The service.
    pub service: Arc<ServicePart>,
    /// What makes it call.
    pub trigger: ServiceTrigger,
    /// What it needs after a call that did not go through until it calls again: a circuit breaker closes.
    pub settle: Duration,
}

/// What makes a service call.
#[derive(Debug, Clone)]
pub enum ServiceTrigger {
    /// A request from within the world.
    Http(TriggerRequest),
    /// A command in the world.
    Command(Vec<String>),
    /// It calls by itself.
    Wait,
}

impl ServiceCaller {
    /// As the table of its file says; `None` where that names no trigger, which the loader refuses.
    pub(super) fn new(keys: &Caller, service: Arc<ServicePart>) -> Option<Self> {
        let trigger = match &keys.trigger {
            Some(Trigger::Http(request)) => ServiceTrigger::Http(request.clone()),
            Some(Trigger::Command(words)) => ServiceTrigger::Command(words.clone()),
            None if keys.wait => ServiceTrigger::Wait,
            None => return None,
        };
        let settle = keys.settle.map_or(Duration::ZERO, |settle| settle.duration());
        Some(Self { service, trigger, settle })
    }
}

impl ServiceCaller {
    /// The commands that it is started and triggered by, each with the part that it belongs to.
    pub(super) fn commands<'a>(&'a self, caller: &'a str) -> Vec<(&'a str, &'a [String])> {
        let mut commands = Vec::new();
        if !self.service.running {
            commands.push((self.service.name.as_str(), self.service.words.as_slice()));
        }
        if let ServiceTrigger::Command(words) = &self.trigger {
            commands.push((caller, words));
        }
        commands
    }
}

/// A service that runs, ready to be triggered.
pub(super) struct Triggered {
    caller: ServiceCaller,
    /// `None` where it runs already.
    service: Option<Service>,
    /// When the last call of one that runs already ended without going through.
    troubled: Option<Instant>,
}

impl Triggered {
    pub(super) async fn start(caller: &ServiceCaller, stage: &Stage<'_>) -> Result<Self, String> {
        if caller.service.running {
            caller.service.found_ready(stage).await?;
            return Ok(Self { caller: caller.clone(), service: None, troubled: None });
        }
        let port = match &caller.trigger {
            ServiceTrigger::Http(request) => Some(local_http::address(&request.url)),
            // The only one that is known of it.
            ServiceTrigger::Command(_) => caller.service.serves.then_some(stage.portal.listen),
            ServiceTrigger::Wait => None,
        };
        let service = Service::begin(&caller.service, port.as_slice(), stage).await?;
        Ok(Self { caller: caller.clone(), service: Some(service), troubled: None })
    }

    /// Makes it call once.
    pub(super) async fn call(&mut self, stage: &Stage<'_>, within: Duration) -> Claim {
        let mark = stage.recorder.read(|facts| facts.len() as u64);
        let deadline = Instant::now() + within;
        let work = triggered(&self.caller.trigger, stage, mark, within, deadline);
        let done = match &mut self.service {
            Some(service) => service.unless_it_ends(work).await,
            None => Ok(work.await),
        };
        let (claim, fault) = match done {
            Ok(Outcome { claim, fault, broken }) => {
                let ended = match &mut self.service {
                    Some(service) if broken => service.ended().await,
                    _ => None,
                };
                (claim, ended.map(|status| format!("has ended ({status})")).or(fault))
            }
            Err(status) => {
                let error = format!("service `{}` has ended ({status})", self.caller.service.name);
                (Claim::Failed { error }, Some(format!("has ended ({status})")))
            }
        };
        if let Some(why) = fault {
            match &mut self.service {
                Some(service) => service.failed(&why),
                None => service::failed(stage.recorder, stage.actor, &self.caller.service.name, &why),
            }
        }
        let went_through = stage
            .recorder
            .read(|facts| facts.iter().any(|fact| fact.seq > mark && matches!(fact.event, Event::Request(_))));
        if !went_through || !matches!(claim, Claim::Completed { .. }) {
            *self.troubled() = Some(Instant::now());
        }
        claim
    }

    /// When it is to be asked again at the earliest, where its last trouble has not settled yet.
    pub(super) fn settles_at(&mut self) -> Option<Instant> {
        let settle = self.caller.settle;
        self.troubled().take().map(|ended| ended + settle)
    }

    /// A service that is kept takes its trouble along to the next scenario.
    fn troubled(&mut self) -> &mut Option<Instant> {
        match &mut self.service {
            Some(service) => &mut service.troubled,
            None => &mut self.troubled,
        }
    }

    /// What it needs after a call that did not go through, if it has gone on since an earlier scenario.
    pub(super) fn goes_on(&self) -> Option<Duration> {
        self.service.as_ref().is_some_and(|service| service.goes_on).then_some(self.caller.settle)
    }

    pub(super) fn signal(&self, signal: Signal) -> Result<(), String> {
        match &self.service {
            Some(service) => service.signal(signal),
            None => Err(format!("service `{}` runs already: no signal", self.caller.service.name)),
        }
    }

    /// The scenario is over.
    pub(super) async fn leave(self) {
        if let Some(service) = self.service {
            service.leave().await;
        }
    }

    pub(super) async fn stop(self) {
        if let Some(service) = self.service {
            service.stop().await;
        }
    }
}

/// What came of a trigger.
struct Outcome {
    claim: Claim,
    /// What the service failed to do, in the harness's words.
    fault: Option<String>,
    /// There was no connection for the trigger, or none until the end of its answer: the service may have ended.
    broken: bool,
}

impl From<Claim> for Outcome {
    fn from(claim: Claim) -> Self {
        Self { claim, fault: None, broken: false }
    }
}

async fn triggered(
    trigger: &ServiceTrigger,
    stage: &Stage<'_>,
    mark: u64,
    within: Duration,
    deadline: Instant,
) -> Outcome {
    match trigger {
        ServiceTrigger::Http(request) => match timeout_at(deadline, asked(request, stage)).await {
            Ok(Asked::Begun) => by_its_connection(stage.recorder, mark, within, deadline).await,
            Ok(Asked::Ended(outcome)) => outcome,
            Err(_) => Outcome {
                fault: Some(format!("did not answer its trigger within {within:?}")),
                ..Claim::TimedOut.into()
            },
        },
        ServiceTrigger::Command(words) => {
            let Stage { dir, portal, world, recorder, actor, .. } = stage;
            let claim = command::call(words, dir, portal, world, recorder, actor, within).await;
            let fault = (claim == Claim::TimedOut).then(|| format!("did not end its trigger within {within:?}"));
            Outcome { fault, ..claim.into() }
        }
        ServiceTrigger::Wait => by_its_connection(stage.recorder, mark, within, deadline).await,
    }
}

/// What a request to the service came to.
enum Asked {
    /// The call goes on.
    Begun,
    Ended(Outcome),
}

async fn asked(request: &TriggerRequest, stage: &Stage<'_>) -> Asked {
    let answer = local_http::request(stage.world, &request.method, &request.url).await;
    let fault = match &answer {
        Err(LocalHttpError::Connect(_)) => Some("takes no connection for its trigger".to_owned()),
        Err(LocalHttpError::Broken(_)) => Some("gave its trigger no whole answer".to_owned()),
        Ok(_) => None,
    };
    let error = match answer {
        Ok(response) if response.status == ACCEPTED => return Asked::Begun,
        // The status is the service's own and not Thales'.
        Ok(response) if response.is_good() => return Asked::Ended(Claim::Completed { status: None }.into()),
        Ok(response) => format!("the trigger was answered with HTTP {}: {}", response.status, response.body),
        Err(error) => format!("the trigger {}: {error}", request.url),
    };
    Asked::Ended(Outcome { broken: fault.is_some(), fault, ..Claim::Failed { error: process::bounded(&error) }.into() })
}

/// Waits for the service's next connection and its end. What is claimed then is what the wire shows, since the service
/// says nothing of it.
async fn by_its_connection(recorder: &Recorder, mark: u64, within: Duration, deadline: Instant) -> Outcome {
    let mut went_through = false;
    let is_over = |facts: &[Fact]| {
        let seen = after(facts, mark);
        went_through = seen == Some(true);
        seen.is_some()
    };
    if !recorder.wait_for(deadline.into_std(), is_over).await {
        let fault = format!("made no connection of which an end was seen within {within:?}");
        return Outcome { fault: Some(fault.clone()), ..Claim::Failed { error: format!("it {fault}") }.into() };
    }
    if went_through {
        Claim::Completed { status: None }.into()
    } else {
        Claim::Failed { error: "its connection ended without an answer".to_owned() }.into()
    }
}

/// Whether a call was answered, or ended without that, on a connection after the mark. A connection that only fetched an
/// access token is not the call yet.
fn after(facts: &[Fact], mark: u64) -> Option<bool> {
    let new = facts.iter().filter(|fact| fact.seq > mark);
    let of = |id: ConnectionId, is: fn(&Event) -> bool| {
        new.clone().filter(|fact| fact.connection == Some(id) && is(&fact.event)).count()
    };
    let is_token = |event: &Event| matches!(event, Event::TokenAsked(_));
    for fact in new.clone() {
        let Some(id) = fact.connection else { continue };
        match fact.event {
            Event::Answered { .. } if of(id, |event| matches!(event, Event::Answered { .. })) > of(id, is_token) => {
                return Some(true);
            }
            Event::Ended(_)
                if of(id, |event| matches!(event, Event::Accepted { .. } | Event::Request(_))) > 0
                    && of(id, is_token) == 0 =>
            {
                return Some(false);
            }
            _ => {}
        }
    }
    None
}
