//! Where a service that is kept for the run stays between two scenarios, and what is known of it there: whether it can go
//! on, and why it was started anew. Which scenario comes next is decided elsewhere.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::service::Service;
use crate::world::World;

/// The place of one service in one world.
#[derive(Default)]
pub struct Berth(Mutex<State>);

#[derive(Default)]
struct State {
    service: Option<Service>,
    /// It was ready here.
    started: bool,
    /// Why it is not here any more.
    lost: Option<String>,
    /// Why it is started anew, until that is recorded.
    anew: Option<String>,
    /// Why it is not to be started at all.
    given_up: Option<String>,
}

impl Berth {
    /// For a service that is started for the first time.
    pub fn new() -> Self {
        Self::default()
    }

    /// For one that could not go on elsewhere.
    pub fn anew(why: String) -> Self {
        Self(Mutex::new(State { anew: Some(why), ..State::default() }))
    }

    /// For one that is not started any more.
    pub fn given_up(why: String) -> Self {
        Self(Mutex::new(State { given_up: Some(why), ..State::default() }))
    }

    /// Whether it was ready here.
    pub fn was_ready(&self) -> bool {
        self.lock().started
    }

    /// Whether the service can go on in its world; why not, otherwise.
    ///
    /// # Errors
    /// It has ended, does not listen any more, or did not come to be ready.
    pub fn look(&self, world: &World) -> Result<(), String> {
        let mut state = self.lock();
        let lost = state.lost.clone();
        let Some(service) = &mut state.service else {
            return Err(lost.unwrap_or_else(|| "it was not ready".to_owned()));
        };
        service.look(world)
    }

    /// The service, to be played with; it is brought back by [`put`](Self::put).
    pub(super) fn take(&self) -> Option<Service> {
        self.lock().service.take()
    }

    pub(super) fn put(&self, service: Service) {
        self.lock().service = Some(service);
    }

    /// It will not be brought back.
    pub(super) fn lose(&self, why: String) {
        self.lock().lost = Some(why);
    }

    pub(super) fn ready(&self) {
        let mut state = self.lock();
        state.started = true;
        state.lost = None;
    }

    /// Why it is started anew: told once.
    pub(super) fn why_anew(&self) -> Option<String> {
        self.lock().anew.take()
    }

    pub(super) fn why_given_up(&self) -> Option<String> {
        self.lock().given_up.clone()
    }

    /// Ends the service, where it is here.
    pub async fn end(&self) {
        if let Some(service) = self.take() {
            service.stop().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whatever a panic left is whole: each change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
