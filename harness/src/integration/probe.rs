//! Asks a driver what only a working one answers, before anything is played: an order that it cannot know, a call to a
//! host that does not exist, and a call whose answer holds a word that nobody can guess. What it gets wrong is told to
//! its author; no verdict depends on it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Claim, Event, Recorder};

use super::in_process::Request;
use super::portal::Portal;
use super::stdio::Driver;
use crate::world::World;

/// No such host exists, by RFC 6761 section 6.4.
const NOWHERE: &str = "https://nowhere.invalid/";

/// Where a driver is probed: a world of its own, in which Thales answers every call.
pub struct Bench<'a> {
    /// The driver's words.
    pub words: &'a [String],
    /// Longest time of an answer.
    pub within: Duration,
    /// Where its relative paths begin.
    pub dir: &'a Path,
    /// The portal.
    pub portal: &'a Portal,
    /// The world.
    pub world: &'a World,
    /// What Thales sees there.
    pub recorder: &'a Arc<Recorder>,
    /// The driver.
    pub actor: &'a Actor,
    /// The number of the first order.
    pub first: u32,
    /// What Thales' answer holds.
    pub word: &'a str,
}

impl Bench<'_> {
    /// What the driver does wrong, to follow its name. A driver that does not start is none of this: its calls show it.
    pub async fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let Some(mut driver) = self.start() else { return faults };
        let claim = driver.probe(self.within).await.0;
        let is_silent = claim == Claim::TimedOut;
        faults.extend(self.unknown(claim));
        if is_silent {
            // It would be waited for as long again and again, and its calls show what it is.
            driver.stop().await;
            return faults;
        }
        if !faults.is_empty() {
            // One that has left, or is out of step, is none for the rest.
            driver.stop().await;
            match self.start() {
                Some(fresh) => driver = fresh,
                None => return faults,
            }
        }
        faults.extend(self.nowhere(&mut driver).await);
        faults.extend(self.brought_back(&mut driver).await);
        driver.stop().await;
        faults
    }

    fn start(&self) -> Option<Driver> {
        let Self { words, dir, portal, world, recorder, actor, first, .. } = self;
        Some(Driver::start(words, dir, portal, world, recorder, actor).ok()?.counting_from(u64::from(*first)))
    }

    fn unknown(&self, claim: Claim) -> Option<String> {
        let got = match claim {
            Claim::Unsupported => return None,
            Claim::Completed { .. } => "`completed`".to_owned(),
            Claim::Failed { error } => format!("`failed` ({error})"),
            Claim::TimedOut => format!("nothing with the order's id within {:?}", self.within),
        };
        Some(format!("answers {got} to an order that it cannot know, expected `unsupported`"))
    }

    async fn nowhere(&self, driver: &mut Driver) -> Option<String> {
        let request = Request { url: NOWHERE.to_owned(), method: "GET".to_owned() };
        match driver.exchange(&request, self.within).await.0 {
            Claim::Completed { .. } => {
                Some(format!("answers `completed` to a call of {NOWHERE}, a host that does not exist"))
            }
            Claim::Failed { .. } | Claim::Unsupported | Claim::TimedOut => None,
        }
    }

    async fn brought_back(&self, driver: &mut Driver) -> Option<String> {
        let seen = |recorder: &Recorder| {
            recorder.read(|facts| facts.iter().filter(|fact| matches!(fact.event, Event::Request(_))).count())
        };
        let before = seen(self.recorder);
        let request = Request { url: self.portal.url.clone(), method: "GET".to_owned() };
        match driver.exchange(&request, self.within).await {
            (Claim::Completed { .. }, _) if seen(self.recorder) == before => {
                Some("answers `completed` to a call that never arrived at Thales".to_owned())
            }
            (Claim::Completed { .. }, Some(body)) if !body.contains(self.word) => {
                Some("brings back another body than the one that Thales answered".to_owned())
            }
            _ => None,
        }
    }
}
