//! The harness's own lag: a timer that is due every 100 ms, and how late it fires. A verdict about time that hangs on
//! less than the lag is none.

use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Event, Recorder};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

const EVERY: Duration = Duration::from_millis(100);
/// Below this nothing is recorded: schedulers and timers are that coarse.
const NOTABLE: Duration = Duration::from_millis(50);

/// Measures until it is dropped.
pub(super) struct Lag(JoinHandle<()>);

impl Lag {
    pub(super) fn measure(recorder: Arc<Recorder>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                let due = Instant::now() + EVERY;
                sleep_until(due).await;
                let late = due.elapsed();
                if late > NOTABLE {
                    let by_us = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
                    recorder.record(Actor::Runner, Event::Lagged { by_us });
                }
            }
        }))
    }
}

impl Drop for Lag {
    fn drop(&mut self) {
        self.0.abort();
    }
}
