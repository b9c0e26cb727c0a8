//! Probes a driver in a world of its own, in which Thales is as it ought to be. What is found goes into the log of the
//! first scenario that the driver plays.

use std::sync::Arc;

use mock_thales::dns::{NameServer, Zone};
use mock_thales::endpoint::{Answers, Conduct, Endpoint, RandomError, Stage, Tokens};
use mock_thales::observe::{Actor, Recorder};
use mock_thales::plan::{ZoneMode, ZonePlan};

use super::ground::{Ground, PATIENCE, Setting, ipv4};
use super::surroundings::Surroundings;
use super::{RunError, plan, scene};
use crate::integration::{Bench, CallerPart, CallerWay};
use crate::model::{DEFAULT_ADDRESS, EndpointConduct};
use crate::world;

/// What a driver does wrong; `None` for a caller that is no driver.
///
/// # Errors
/// The harness's own failures.
pub(super) async fn faults(setting: &Arc<Setting>, part: &CallerPart) -> Result<Option<Vec<String>>, RunError> {
    let CallerWay::Stdio(words) = &part.way else { return Ok(None) };
    let world = Arc::new(scene::open(setting, false)?);
    let recorder = Recorder::new();
    let ground =
        Ground { setting: Arc::clone(setting), world: Arc::clone(&world), recorder: Arc::clone(&recorder), stay: None };
    let around = Surroundings::start(&world, &setting.subject.forwards, true, &recorder)?;
    let materials = &setting.materials;
    let mut random = [0; 12];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| RunError::from(RandomError))?;
    let word: String = random[4..].iter().map(|byte| format!("{byte:02x}")).collect();
    // Small enough for every language's numbers.
    let first = u32::from_be_bytes([random[0] & 0x0f, random[1], random[2], random[3]]);

    let mut answers = Answers::default();
    answers.insert(&materials.context.base_path, 200, format!("{{\"nonce\":\"{word}\"}}").into_bytes());
    let ought = plan::endpoint(&EndpointConduct::default(), setting.profile.oauth.as_ref());
    let conduct = Conduct::new(&ought, &materials.authorities, &[], Arc::new(answers))?
        .sharing(Tokens::new(materials.assertion_key.clone())?);
    let address = ipv4(DEFAULT_ADDRESS);
    let published = world.published(address, world::HTTPS)?.ip();
    let stage = Stage::new(Arc::clone(&recorder));
    stage.publish(published, Endpoint::new("probe", Arc::new(conduct), PATIENCE));
    for listener in world.thales_listeners(&[address], world::HTTPS)? {
        stage.listen(listener)?;
    }
    let zone_plan = ZonePlan { addresses: vec![published], ttl_s: 1, mode: ZoneMode::Normal, subdomain: None };
    let mut zone = Zone::new(&materials.context.inbound_host, zone_plan)?;
    for (name, ip) in around.names() {
        zone = zone.with_static(name, ip)?;
    }
    let sockets = world.name_server()?;
    let name_server = NameServer::start(Arc::new(zone), Arc::clone(&recorder), sockets.udp, vec![sockets.tcp])?;

    let portal = ground.portal(address)?;
    let (dir, actor) = (ground.dir(), Actor::Integration(part.name.clone()));
    let bench = Bench {
        words,
        within: part.within,
        dir: &dir,
        portal: &portal,
        world: &world,
        recorder: &recorder,
        actor: &actor,
        first,
        word: &word,
    };
    let faults = bench.faults().await;
    stage.stop_listening().await;
    name_server.stop().await;
    drop((ground, around));
    scene::close(world, false).await?;
    Ok(Some(faults))
}
