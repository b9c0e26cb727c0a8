//! Plays a scenario to a caller: Thales is the endpoint and the name server.

mod arrival;
mod steps;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::dns::{NameServer, Zone};
use mock_thales::endpoint::{Conduct as EndpointConductReady, Endpoint, Stage, Tokens};
use mock_thales::observe::{Actor, CallId, Claim, ClientHello, Event, PhaseId};
use mock_thales::plan::{EndpointPlan, ZoneMode, ZonePlan};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout};

use super::RunError;
use super::conduct::others;
use super::expand;
use super::ground::{Ground, PATIENCE, ipv4, main_endpoint};
use super::plan;
use super::surroundings::Surroundings;
use super::table::{self, Player};
use crate::integration::{CallerPart, CallerWay, Carrier};
use crate::model::{
    Addresses, BESIDE_V6, Beside, Change, Conduct, DEFAULT_ADDRESS, EndpointName, Expectation, OAuth, Phase, PhaseKind,
    Scenario, Script, Shape, Topic, Unplanned,
};
use crate::world;

/// Time to live of a zone that no scenario changes. Short, so that a caller asks anew in each phase.
const TTL_MS: u64 = 1000;
/// A virtual machine on a busy processor has made its first call by then.
const WARM_UP: Duration = Duration::from_secs(5);
/// Tries of a call that met only connections of an earlier phase.
const TRIES: u32 = 3;
/// A caller that reads at all has read by then that it is to leave a connection.
const FAREWELL: Duration = Duration::from_secs(1);
/// Margin above the endpoint's patience for a phase's connections to end.
const SETTLE: Duration = Duration::from_secs(PATIENCE.as_secs() + 2);

/// A caller and everything that it may meet.
pub(super) struct CallerScene {
    ground: Ground,
    script: Script,
    carrier: Carrier,
    stage: Arc<Stage>,
    endpoints: BTreeMap<EndpointName, Standing>,
    /// Access tokens that were issued, whichever endpoint did.
    tokens: Arc<Tokens>,
    zone: Arc<Zone>,
    beside: Beside,
    name_server: NameServer,
    _around: Arc<Surroundings>,
    /// Addresses to which there is no route any more.
    unreachable: Vec<Ipv4Addr>,
    calls: u32,
    /// The last claim was that of a call which had to be ended.
    hung: bool,
}

/// An endpoint with its address.
struct Standing {
    endpoint: Arc<Endpoint>,
    plan: EndpointPlan,
    /// As the scenario says.
    address: Ipv4Addr,
    /// As the world has it.
    published: IpAddr,
}

impl CallerScene {
    pub(super) async fn open(
        ground: Ground,
        part: &CallerPart,
        scenario: &Scenario,
        mut script: Script,
    ) -> Result<Self, RunError> {
        let stage = Stage::new(Arc::clone(&ground.recorder));
        let tokens = match ground.stay.as_ref().and_then(|stay| stay.left().tokens) {
            Some(former) => Tokens::after(&former)?,
            None => Tokens::new(ground.setting.materials.assertion_key.clone())?,
        };
        let mut endpoints = BTreeMap::new();
        for (name, address, plan) in planned_endpoints(scenario, ground.setting.profile.oauth.as_ref()) {
            let address = ipv4(address);
            let published = ground.world.published(address, world::HTTPS)?.ip();
            let endpoint = Endpoint::new(name.as_str(), conduct(&ground, &tokens, &plan)?, PATIENCE);
            stage.publish(published, Arc::clone(&endpoint));
            script.endpoints.insert(name.clone(), published);
            endpoints.insert(name, Standing { endpoint, plan, address, published });
        }
        let addresses: Vec<_> = endpoints.values().map(|standing| standing.address).collect();
        for listener in ground.world.thales_listeners(&addresses, world::HTTPS)? {
            stage.listen(listener)?;
        }
        let first = match &scenario.shape {
            Shape::Table { .. } => Change::default(),
            Shape::Steps { zone, .. } => zone.clone(),
        };
        let zone_plan = zone_plan(None, &first, &endpoints, scenario.beside);
        let context = &ground.setting.materials.context;
        let mut zone = Zone::new(&context.inbound_host, zone_plan)?;
        // The other environments exist as well: contact with them is to be seen, and not to end at the name server.
        if let Some(first) = endpoints.values().next() {
            for host in others(context) {
                zone = zone.with_static(&host, first.published)?;
            }
        }
        let (world, recorder, setting) =
            (Arc::clone(&ground.world), Arc::clone(&ground.recorder), Arc::clone(&ground.setting));
        let around = ground.surroundings(true)?;
        for (name, ip) in around.names() {
            zone = zone.with_static(name, ip)?;
        }
        let zone = Arc::new(zone);
        let sockets = ground.world.name_server()?;
        let name_server =
            NameServer::start(Arc::clone(&zone), Arc::clone(&ground.recorder), sockets.udp, vec![sockets.tcp])?;
        let entry = addresses.first().copied().unwrap_or(ipv4(DEFAULT_ADDRESS));
        let portal = ground.portal(entry)?;
        // A service warms up before it is ready. The semaphore is never closed.
        let is_service = matches!(part.way, CallerWay::Service(_));
        let start = if is_service { setting.starts.acquire().await.ok() } else { None };
        let berth = ground.stay.as_ref().map(|stay| Arc::clone(&stay.berth));
        let carrier = Carrier::start(part, ground.dir(), portal, world, recorder, berth).await;
        drop(start);
        Ok(Self {
            ground,
            script,
            carrier,
            stage,
            endpoints,
            tokens,
            zone,
            beside: scenario.beside,
            name_server,
            _around: around,
            unreachable: Vec::new(),
            calls: 0,
            hung: false,
        })
    }

    async fn close(self) -> Result<Script, RunError> {
        for standing in self.endpoints.values() {
            standing.endpoint.cut();
        }
        self.stage.stop_listening().await;
        for standing in self.endpoints.values() {
            // A service that stays may have come back at once, and would go on in this scenario.
            standing.endpoint.cut();
        }
        self.carrier.leave().await;
        self.name_server.stop().await;
        if let Some(stay) = &self.ground.stay {
            let ttl_ms = u64::from(self.zone.plan().ttl_s) * 1000;
            self.ground.recorder.read(|facts| stay.leave(facts, &self.tokens, ttl_ms));
            for address in self.unreachable {
                self.ground.world.make_reachable(address)?;
            }
        }
        Ok(self.script)
    }

    /// Gives a caller the time that it needs after a call that did not go through, before Thales changes again.
    async fn rest(&mut self) {
        if let Some(settled) = self.carrier.settles_at() {
            sleep_until(settled).await;
        }
    }

    /// Makes one call and records it.
    async fn call(&mut self) -> Claim {
        self.calls += 1;
        let call = CallId(self.calls);
        let recorder = Arc::clone(&self.ground.recorder);
        let setting = Arc::clone(&self.ground.setting);
        // The semaphore is never closed.
        let start = if self.calls == 1 { setting.starts.acquire().await.ok() } else { None };
        recorder.record(Actor::Runner, Event::CallBegan { call });
        let began = Instant::now();
        let claim = warmed_up(self.carrier.call(), start).await;
        let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        recorder.record(Actor::Runner, Event::CallEnded { call, claim: claim.clone(), took_us });
        self.hung = claim == Claim::TimedOut;
        // A call that began before would be made on a connection that is about to end.
        if !self.ground.farewells(FAREWELL).await {
            let wait = "the caller to leave a connection of HTTP/2 that it was sent away from".to_owned();
            recorder.record(Actor::Runner, Event::DeadlinePassed { wait });
        }
        claim
    }

    /// Whether a connection of an earlier phase carried data in this one.
    fn keeps_connections(&self, phase: PhaseId) -> bool {
        self.ground.recorder.read(|facts| {
            let began = facts
                .iter()
                .find(|fact| fact.phase == Some(phase) && matches!(fact.event, Event::PhaseBegan { .. }))
                .map_or(u64::MAX, |fact| fact.seq);
            facts.iter().any(|fact| {
                fact.seq > began
                    && fact.phase != Some(phase)
                    && matches!(fact.event, Event::Request(_) | Event::Ended(_))
            })
        })
    }

    /// Changes which of the caller's certificates every endpoint insists on.
    fn endorse(&mut self, change: &Change) -> Result<(), RunError> {
        let Some(endorses) = change.endorses else { return Ok(()) };
        for standing in self.endpoints.values_mut() {
            standing.plan.endorses = Some(endorses);
            standing.endpoint.behave(conduct(&self.ground, &self.tokens, &standing.plan)?);
        }
        Ok(())
    }

    fn begin(&mut self, kind: PhaseKind, words: &str, ttl_ms: u64, every_ms: u64) -> PhaseId {
        let plans = self.endpoints.iter().map(|(name, standing)| (name.clone(), standing.plan.clone())).collect();
        let phase = Phase {
            id: PhaseId(0),
            name: plan::phase_name(kind, words),
            kind,
            endpoints: plans,
            client: None,
            ttl_ms,
            every_ms,
        };
        self.ground.begin(&mut self.script, phase)
    }

    /// Waits for the phase's connections to end; those that do not are ended.
    async fn settle(&mut self, phase: PhaseId) {
        if !self.end_connections(Some(phase)).await {
            self.ground
                .recorder
                .record(Actor::Runner, Event::DeadlinePassed { wait: "the phase's connections to end".to_owned() });
        }
        self.ground.recorder.record(Actor::Runner, Event::PhaseEnded);
    }

    /// The ClientHello of the latest connection with one.
    fn last_hello(&self) -> Option<ClientHello> {
        self.ground.recorder.read(|facts| {
            facts.iter().rev().find_map(|fact| match &fact.event {
                Event::ClientHello(hello) => Some(hello.clone()),
                _ => None,
            })
        })
    }
}

impl Player for CallerScene {
    type Plan = EndpointPlan;

    fn plan(&self, conduct: &Conduct) -> Option<EndpointPlan> {
        match conduct {
            Conduct::Endpoint(conduct) => Some(plan::endpoint(conduct, self.ground.setting.profile.oauth.as_ref())),
            Conduct::Client(_) => None,
        }
    }

    /// One call, repeated while it met only connections of an earlier phase.
    async fn play_once(&mut self, kind: PhaseKind, words: &str, plan: &EndpointPlan) -> Result<PhaseId, RunError> {
        self.rest().await;
        let conduct = conduct(&self.ground, &self.tokens, plan)?;
        // There is one, at one address or at several.
        for standing in self.endpoints.values_mut() {
            standing.endpoint.behave(Arc::clone(&conduct));
            standing.plan = plan.clone();
        }
        let phase = self.begin(kind, words, TTL_MS, 0);
        for _ in 0..TRIES {
            self.call().await;
            let met = self.ground.recorder.read(|facts| {
                facts.iter().any(|fact| fact.phase == Some(phase) && matches!(fact.event, Event::Accepted { .. }))
            });
            if met || self.hung || !self.keeps_connections(phase) {
                break;
            }
        }
        self.settle(phase).await;
        Ok(phase)
    }

    fn attempts(&self, plan: &EndpointPlan, row: &str) -> Vec<(String, EndpointPlan)> {
        expand::of_endpoint(plan, row, self.last_hello().as_ref())
    }

    fn after_token(&self, (name, plan): &(String, EndpointPlan)) -> Option<(String, EndpointPlan)> {
        expand::after_token(name, plan, &self.ground.recorder)
    }

    fn has(&self, topic: &Topic) -> bool {
        self.ground.setting.profile.about(topic).is_some()
    }

    fn lacks(&self, plan: &EndpointPlan) -> Option<String> {
        let roots = self.ground.setting.profile.server_authority.roots;
        let further = plan.certificate.further_root().filter(|number| *number > roots)?;
        Some(format!("root {further} is not played: the profile's server authority has {roots}"))
    }

    fn leave_out(&mut self, unplanned: Unplanned) {
        self.script.unplanned.push(unplanned);
    }

    fn is_gone(&self) -> bool {
        self.hung
    }

    fn expect(&mut self, expectation: Expectation) {
        let setting = Arc::clone(&self.ground.setting);
        plan::expect(&mut self.script, &setting.profile, &setting.materials, expectation);
    }
}

/// Makes a call that holds its start for as long as a slow runtime needs to warm up, and no longer: a caller that hangs
/// must not keep the others from starting.
async fn warmed_up(call: impl Future<Output = Claim>, start: Option<SemaphorePermit<'_>>) -> Claim {
    let mut call = pin!(call);
    if let Some(start) = start {
        if let Ok(claim) = timeout(WARM_UP, &mut call).await {
            return claim;
        }
        drop(start);
    }
    call.await
}

/// Plays the scenario, and says in words why not where the caller is a service that still holds what an earlier one left.
pub(super) async fn play(mut scene: CallerScene, scenario: &Scenario) -> Result<Result<Script, String>, RunError> {
    if let Err(stale) = scene.arrive(scenario).await {
        scene.close().await?;
        return Ok(Err(stale));
    }
    match &scenario.shape {
        Shape::Table { verifies, control, rows } => table::play(&mut scene, verifies.as_ref(), control, rows).await?,
        Shape::Steps { zone, steps, .. } => steps::play(&mut scene, zone, steps).await?,
    }
    scene.close().await.map(Ok)
}

fn conduct(ground: &Ground, tokens: &Arc<Tokens>, plan: &EndpointPlan) -> Result<Arc<EndpointConductReady>, RunError> {
    let setting = &ground.setting;
    Ok(super::conduct::conduct(&setting.materials, &setting.subject.answers, tokens, plan)?)
}

fn planned_endpoints(scenario: &Scenario, oauth: Option<&OAuth>) -> Vec<(EndpointName, IpAddr, EndpointPlan)> {
    let mut planned: Vec<_> = match &scenario.shape {
        Shape::Table { control: Conduct::Endpoint(control), .. } => {
            vec![(main_endpoint(), DEFAULT_ADDRESS, plan::endpoint(control, oauth))]
        }
        Shape::Table { .. } => Vec::new(),
        Shape::Steps { endpoints, .. } => endpoints
            .iter()
            .map(|(name, (address, conduct))| (name.clone(), *address, plan::endpoint(conduct, oauth)))
            .collect(),
    };
    if let [(name, _, plan)] = planned.as_slice() {
        let (name, plan) = (name.clone(), plan.clone());
        planned.extend(scenario.beside.twins().into_iter().enumerate().filter_map(|(index, address)| {
            let twin = format!("{name}-{}", index + 2).parse().ok()?;
            Some((twin, address, plan.clone()))
        }));
    }
    planned
}

fn zone_plan(
    before: Option<&ZonePlan>,
    change: &Change,
    endpoints: &BTreeMap<EndpointName, Standing>,
    beside: Beside,
) -> ZonePlan {
    let mut addresses = match &change.answer {
        Some(names) => names.iter().filter_map(|name| Some(endpoints.get(name)?.published)).collect(),
        None => match before {
            Some(before) => before.addresses.clone(),
            None => endpoints.values().take(1).map(|standing| standing.published).collect(),
        },
    };
    if before.is_none() && !beside.twins().is_empty() {
        addresses = endpoints.values().map(|standing| standing.published).collect();
        if beside.addresses == Addresses::TwoSwapped {
            addresses.reverse();
        }
    }
    if beside.aaaa && !addresses.contains(&BESIDE_V6) {
        addresses.push(BESIDE_V6);
    }
    let ttl_s = change.ttl.map(|ttl| u32::try_from(ttl.0 / 1000).unwrap_or(u32::MAX));
    ZonePlan {
        addresses,
        ttl_s: ttl_s.or(before.map(|before| before.ttl_s)).unwrap_or(1),
        mode: change.mode.or(before.map(|before| before.mode)).unwrap_or(ZoneMode::Normal),
        subdomain: change.subdomain.clone().or(before.and_then(|before| before.subdomain.clone())),
    }
}
