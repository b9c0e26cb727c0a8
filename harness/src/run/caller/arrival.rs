//! Before a scenario begins with a service that has gone on since an earlier one: it is asked to call until it shows that
//! nothing of the earlier one stands between it and this one. What it remembers of addresses has expired, what it kept of
//! connections is gone, a circuit breaker has closed, an access token that Thales has forgotten is replaced. None of these
//! calls belongs to a phase, so that none is judged as part of one.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{CallerScene, SETTLE};
use crate::model::Scenario;
use crate::run::stay::{has_arrived, is_about_addresses};

/// Beyond the time to live, as in `moves`: resolvers count whole seconds.
const GRACE: Duration = Duration::from_secs(5);

/// Least time between the beginnings of two calls.
const PACE: Duration = Duration::from_millis(250);

impl CallerScene {
    /// Waits until the service has arrived in the scenario.
    ///
    /// # Errors
    /// It has not: why it is to be started anew, in words.
    pub(super) async fn arrive(&mut self, scenario: &Scenario) -> Result<(), String> {
        let (Some(settle), Some(stay)) = (self.carrier.goes_on(), self.ground.stay.clone()) else { return Ok(()) };
        let left = stay.left();
        if !left.has_met {
            // Nothing of it was ever seen: what keeps it away is no earlier scenario.
            return Ok(());
        }
        let asks = is_about_addresses(scenario) && left.has_asked;
        self.rest().await;
        let deadline = Instant::now() + Duration::from_millis(left.ttl_ms) + GRACE + settle;
        loop {
            let due = Instant::now() + PACE;
            self.call().await;
            if self.ground.recorder.read(|facts| has_arrived(facts, asks, left.has_token)) {
                break;
            }
            if self.hung || Instant::now() >= deadline {
                let why = if asks {
                    "it went on with the address that an earlier scenario had left"
                } else {
                    "it did not come back after an earlier scenario"
                };
                return Err(why.to_owned());
            }
            self.rest().await;
            sleep_until(due).await;
        }
        if !asks {
            self.end_connections(None).await;
        }
        if left.has_token {
            // What is judged is to begin with a token of its own, as after a start.
            self.tokens.forget();
        }
        Ok(())
    }

    /// Waits for the connections of a phase to end; those that do not are ended, and `false` says so.
    pub(super) async fn end_connections(&self, phase: Option<mock_thales::observe::PhaseId>) -> bool {
        let keeps = self.endpoints.values().any(|standing| standing.plan.keep_alive);
        let ended = keeps || self.ground.settle(phase, SETTLE).await;
        if !ended {
            for standing in self.endpoints.values() {
                standing.endpoint.cut();
            }
        }
        ended
    }
}
