//! Plays a scenario to a receiver: Thales is the client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::client::{Call, Caller, claims};
use mock_thales::dns::{NameServer, Zone};
use mock_thales::endpoint::ConductError;
use mock_thales::observe::{Actor, Event, PhaseId};
use mock_thales::plan::{ClientCertificate, ClientPlan, ZoneMode, ZonePlan};

use super::RunError;
use super::desk::{self, Desk};
use super::expand;
use super::ground::{Ground, PATIENCE, ipv4};
use super::plan;
use super::surroundings::Surroundings;
use super::table::{self, Player};
use crate::integration::{ReceiverPart, Serving};
use crate::model::{
    Check, ClientConduct, Conduct, DEFAULT_ADDRESS, Expectation, Phase, PhaseKind, RequestShape, Scenario, Script,
    Shape, Topic, Unplanned,
};
use crate::world::{Network, World};

/// A receiver that listens, or why it does not.
pub(super) struct ReceiverScene {
    ground: Ground,
    script: Script,
    serving: Option<Serving>,
    around: Option<Around>,
    /// Every address behind its name is called.
    at: Vec<SocketAddr>,
    requests: Vec<RequestShape>,
    caller: Caller,
    desk: Desk,
}

impl ReceiverScene {
    pub(super) async fn open(ground: Ground, part: &ReceiverPart, script: Script) -> Result<Self, RunError> {
        let portal = ground.portal(ipv4(DEFAULT_ADDRESS))?;
        let given = portal.listen;
        let world: &Arc<World> = &ground.world;
        let setting = Arc::clone(&ground.setting);
        let around = Around::start(&ground)?;
        // The semaphore is never closed.
        let start = setting.starts.acquire().await.ok();
        let berth = ground.stay.as_ref().map(|stay| &stay.berth);
        let dir = ground.dir();
        let started = match Serving::start(part, &dir, &portal, given, world, &ground.recorder, berth).await {
            Ok(serving) => Serving::addresses(part, given).await.map(|at| (Some(serving), at)),
            Err(error) => Err(error),
        };
        let (serving, at) = match started {
            Ok(started) => started,
            // The integration's conduct: every call will show it.
            Err(error) => {
                let actor = Actor::Integration(part.name.clone());
                let output = Event::Output { stream: "start".to_owned(), text: error.to_string(), dropped: 0 };
                ground.recorder.record(actor, output);
                (None, vec![given])
            }
        };
        drop(start);
        let caller = Caller::new(Arc::clone(&ground.recorder), PATIENCE);
        let statuses = part.requests.iter().flat_map(|request| at.iter().map(|_| request.status.clone()));
        let script = Script { statuses: statuses.collect(), ..script };
        Ok(Self {
            ground,
            script,
            serving,
            around,
            at,
            requests: part.requests.clone(),
            caller,
            desk: Desk::new(part.access.clone()),
        })
    }

    async fn close(self) -> Script {
        if let Some(serving) = self.serving {
            serving.stop().await;
        }
        if let Some(around) = self.around {
            // The next scenario of a world that is kept has a name server of its own.
            around.name_server.stop().await;
        }
        self.script
    }

    /// Asks the receiver for an access token, as it ought to be asked: a phase by itself, which no row is judged by.
    async fn fetch(&mut self) -> Result<(), RunError> {
        let host = self.ground.setting.materials.context.issuer_host.clone();
        let Some(call) = self.desk.question(host) else { return Ok(()) };
        let (plan, setting) = (ClientPlan::default(), Arc::clone(&self.ground.setting));
        let identity = setting
            .materials
            .authorities
            .client(plan.certificate)
            .map_err(|error| RunError::Conduct(ConductError::Pki(error)))?;
        let phase = Phase {
            id: PhaseId(0),
            name: "access token".to_owned(),
            kind: PhaseKind::Control,
            endpoints: Default::default(),
            client: Some(plan.clone()),
            ttl_ms: 0,
            every_ms: 0,
        };
        let phase = self.ground.begin(&mut self.script, phase);
        // One that issues tokens does so at each of its addresses.
        let Some(at) = self.at.first().copied() else { return Ok(()) };
        let socket = self.ground.world.thales_dialer_to(at, None)?;
        let answered = self.caller.call(socket, at, &plan, identity.as_deref(), &call).await;
        let told = self.desk.take(answered);
        self.ground.recorder.record(Actor::Client, Event::TokenFetched(told));
        self.ground.settle(Some(phase), Duration::ZERO).await;
        self.ground.recorder.record(Actor::Runner, Event::PhaseEnded);
        Ok(())
    }
}

/// What a receiver may need beside Thales, and the name server that names it.
struct Around {
    _surroundings: Arc<Surroundings>,
    name_server: NameServer,
}

impl Around {
    /// `None` in a shared network, where the machine's own is there.
    fn start(ground: &Ground) -> Result<Option<Self>, RunError> {
        let Ground { world, recorder, setting, .. } = ground;
        if world.network() == Network::Shared {
            return Ok(None);
        }
        let surroundings = ground.surroundings(false)?;
        // Thales is not to be called here: its host exists and has no address.
        let plan = ZonePlan { addresses: Vec::new(), ttl_s: 1, mode: ZoneMode::Normal, subdomain: None };
        let mut zone = Zone::new(&setting.materials.context.inbound_host, plan)?;
        for (name, ip) in surroundings.names() {
            zone = zone.with_static(name, ip)?;
        }
        let sockets = world.name_server()?;
        let server = NameServer::start(Arc::new(zone), Arc::clone(recorder), sockets.udp, vec![sockets.tcp])?;
        Ok(Some(Self { _surroundings: surroundings, name_server: server }))
    }
}

impl Player for ReceiverScene {
    type Plan = ClientPlan;

    fn plan(&self, conduct: &Conduct) -> Option<ClientPlan> {
        match conduct {
            Conduct::Client(conduct) => Some(plan::client(conduct)),
            Conduct::Endpoint(_) => None,
        }
    }

    /// Each request once, on a connection of its own.
    async fn play_once(&mut self, kind: PhaseKind, words: &str, plan: &ClientPlan) -> Result<PhaseId, RunError> {
        let setting = Arc::clone(&self.ground.setting);
        let identity = setting
            .materials
            .authorities
            .client(plan.certificate)
            .map_err(|error| RunError::Conduct(ConductError::Pki(error)))?;
        let phase = Phase {
            id: PhaseId(0),
            name: plan::phase_name(kind, words),
            kind,
            endpoints: Default::default(),
            client: Some(plan.clone()),
            ttl_ms: 0,
            every_ms: 0,
        };
        if kind != PhaseKind::Row && self.desk.needs_token() {
            self.fetch().await?;
        }
        let authorization = self.desk.authorization(plan.credentials);
        let phase = self.ground.begin(&mut self.script, phase);
        let claims = match plan.certificate {
            ClientCertificate::ClaimedInHeaders => claims(setting.materials.authorities.client_leaf())
                .map_err(|error| RunError::Conduct(ConductError::Pki(error)))?,
            _ => Vec::new(),
        };
        for request in &self.requests {
            let call = Call {
                method: request.method.clone(),
                path: request.path.clone(),
                host: setting.materials.context.issuer_host.clone(),
                headers: self
                    .desk
                    .headers(&request.headers, authorization.as_deref())
                    .into_iter()
                    .chain(claims.iter().cloned())
                    .collect(),
                body: request.body.clone().into_bytes(),
            };
            for at in &self.at {
                let socket = self.ground.world.thales_dialer_to(*at, plan.source.map(ipv4))?;
                self.caller.call(socket, *at, plan, identity.as_deref(), &call).await;
            }
        }
        self.ground.settle(Some(phase), Duration::ZERO).await;
        if let Some(serving) = &mut self.serving {
            serving.watch();
        }
        self.ground.recorder.record(Actor::Runner, Event::PhaseEnded);
        Ok(phase)
    }

    fn attempts(&self, plan: &ClientPlan, row: &str) -> Vec<(String, ClientPlan)> {
        expand::of_client(plan, row)
    }

    fn after_token(&self, _: &(String, ClientPlan)) -> Option<(String, ClientPlan)> {
        None
    }

    fn has(&self, topic: &Topic) -> bool {
        self.ground.setting.profile.about(topic).is_some()
    }

    fn lacks(&self, plan: &ClientPlan) -> Option<String> {
        if !plan.credentials.are_given() && self.desk.is_idle() {
            return Some(desk::NOTHING_GIVEN.to_owned());
        }
        let materials = &self.ground.setting.materials;
        let own = materials.authorities.customer_authority().certificate();
        let is_beyond = plan.certificate == ClientCertificate::CustomerAuthority
            && !materials.context.customer_authority.contains(own);
        // A receiver cannot trust an authority of which it was given nothing: its refusal would show nothing.
        is_beyond.then(|| "the run holds no key of the authority for customers that was handed over".to_owned())
    }

    fn leave_out(&mut self, unplanned: Unplanned) {
        self.script.unplanned.push(unplanned);
    }

    fn is_gone(&self) -> bool {
        self.serving.is_none()
    }

    fn expect(&mut self, expectation: Expectation) {
        if expectation.check == Check::GrantsToken && self.desk.is_idle() {
            let why = desk::NOTHING_GIVEN.to_owned();
            self.leave_out(Unplanned { topic: expectation.topic, subject: expectation.subject, why });
            return;
        }
        let setting = Arc::clone(&self.ground.setting);
        plan::expect(&mut self.script, &setting.profile, &setting.materials, expectation);
    }
}

pub(super) async fn play(mut scene: ReceiverScene, scenario: &Scenario) -> Result<Script, RunError> {
    match &scenario.shape {
        Shape::Table { verifies, control, rows } => table::play(&mut scene, verifies.as_ref(), control, rows).await?,
        Shape::Steps { steps, .. } => {
            let control = plan::client(&ClientConduct::default());
            for (index, step) in steps.iter().enumerate() {
                if !plan::tells(step, &scene.ground.setting.profile) {
                    continue;
                }
                let name = format!("step {}", index + 1);
                let phase = scene.play_once(PhaseKind::Step, &name, &control).await?;
                let Some(topic) = &step.verifies else { continue };
                for check in &step.expect {
                    scene.expect(Expectation {
                        topic: topic.clone(),
                        subject: name.clone(),
                        check: check.clone(),
                        phases: vec![phase],
                        controls: Vec::new(),
                        means: step.means.clone(),
                        any_of: None,
                    });
                }
            }
        }
    }
    Ok(scene.close().await)
}
