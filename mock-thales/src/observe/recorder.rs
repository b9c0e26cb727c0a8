//! The recorder numbers facts, keeps them and wakes those who wait for one.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Actor, ConnectionId, Event, Fact, KeyLog, PhaseId};

/// Appends facts to one log. Shared by every actor of a world.
#[derive(Debug)]
pub struct Recorder {
    began: Instant,
    facts: Mutex<Kept>,
    /// Facts that are kept at least; older ones may be forgotten.
    limit: usize,
    count: watch::Sender<u64>,
    phase: AtomicU32,
    connections: AtomicU32,
    keys: Option<Arc<KeyLog>>,
}

/// What is kept of a log.
#[derive(Debug, Default)]
struct Kept {
    facts: Vec<Fact>,
    /// Facts before the first of these.
    forgotten: u64,
}

/// No phase has begun yet.
const NO_PHASE: u32 = u32::MAX;

impl Recorder {
    /// An empty log whose time begins now.
    pub fn new() -> Arc<Self> {
        Self::made(usize::MAX, None)
    }

    /// An empty log, and beside it a place for the secrets of its connections, which no fact holds.
    pub fn with_keys(keys: Option<Arc<KeyLog>>) -> Arc<Self> {
        Self::made(usize::MAX, keys)
    }

    /// The same for who stands for a long time: of older facts than the last so many some are forgotten. Numbers go on.
    pub fn bounded(limit: usize) -> Arc<Self> {
        Self::made(limit, None)
    }

    fn made(limit: usize, keys: Option<Arc<KeyLog>>) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            facts: Mutex::default(),
            limit,
            count: watch::Sender::new(0),
            phase: AtomicU32::new(NO_PHASE),
            connections: AtomicU32::new(0),
            keys,
        })
    }

    /// Records a fact of the current phase that belongs to no connection.
    pub fn record(&self, actor: Actor, event: Event) -> u64 {
        self.append(actor, None, self.phase(), event)
    }

    /// Begins a phase: what is accepted or recorded from now on belongs to it.
    pub fn begin_phase(&self, phase: PhaseId, name: &str) {
        self.phase.store(phase.0, Ordering::SeqCst);
        self.append(Actor::Runner, None, Some(phase), Event::PhaseBegan { name: name.to_owned() });
    }

    /// The current phase.
    pub fn phase(&self) -> Option<PhaseId> {
        match self.phase.load(Ordering::SeqCst) {
            NO_PHASE => None,
            phase => Some(PhaseId(phase)),
        }
    }

    /// A recorder for a new connection, which belongs to the current phase for good.
    pub fn connection(self: &Arc<Self>, actor: Actor) -> ConnectionRecorder {
        let id = ConnectionId(self.connections.fetch_add(1, Ordering::SeqCst) + 1);
        ConnectionRecorder { recorder: Arc::clone(self), actor, id, phase: self.phase() }
    }

    /// Time since the log began.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The facts so far.
    pub fn snapshot(&self) -> Vec<Fact> {
        self.lock().facts.clone()
    }

    /// Reads the facts so far without copying them.
    pub fn read<T>(&self, reader: impl FnOnce(&[Fact]) -> T) -> T {
        reader(&self.lock().facts)
    }

    /// Forgets all facts. Numbers go on; the number of the last one is returned.
    pub fn forget(&self) -> u64 {
        let mut kept = self.lock();
        kept.forgotten += kept.facts.len() as u64;
        kept.facts.clear();
        kept.forgotten
    }

    /// The number of the last fact; 0 before the first.
    pub fn last(&self) -> u64 {
        let kept = self.lock();
        kept.forgotten + kept.facts.len() as u64
    }

    /// Waits until `wanted` says yes to the facts so far, or the deadline passes (`false`). A deadline that passed is
    /// not recorded here: the caller knows what it waited for.
    pub async fn wait_for(&self, deadline: Instant, mut wanted: impl FnMut(&[Fact]) -> bool) -> bool {
        let mut count = self.count.subscribe();
        loop {
            count.borrow_and_update();
            if wanted(&self.lock().facts) {
                return true;
            }
            let changed = tokio::time::timeout_at(deadline.into(), count.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                return wanted(&self.lock().facts);
            }
        }
    }

    fn append(&self, actor: Actor, connection: Option<ConnectionId>, phase: Option<PhaseId>, event: Event) -> u64 {
        let mut kept = self.lock();
        // The time is taken under the lock, so that numbers and times rise together.
        let at_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let seq = kept.forgotten + kept.facts.len() as u64 + 1;
        kept.facts.push(Fact { seq, at_us, actor, connection, phase, event });
        // Many at a time: to take one from the front moves all others.
        if kept.facts.len() / 2 >= self.limit {
            let many = kept.facts.len() - self.limit;
            kept.facts.drain(..many);
            kept.forgotten += many as u64;
        }
        drop(kept);
        self.count.send_replace(seq);
        seq
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic between lock and unlock leaves a whole vector: an append is the only change.
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records the facts of one connection.
#[derive(Debug, Clone)]
pub struct ConnectionRecorder {
    recorder: Arc<Recorder>,
    actor: Actor,
    id: ConnectionId,
    phase: Option<PhaseId>,
}

impl ConnectionRecorder {
    /// Records a fact of this connection.
    pub fn record(&self, event: Event) -> u64 {
        self.recorder.append(self.actor.clone(), Some(self.id), self.phase, event)
    }

    /// Where its secrets go, if anywhere.
    pub fn keys(&self) -> Option<&Arc<KeyLog>> {
        self.recorder.keys.as_ref()
    }

    /// The connection's number.
    pub fn id(&self) -> ConnectionId {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_log_forgets_its_beginning_and_counts_on() {
        let recorder = Recorder::bounded(4);
        for _ in 0..9 {
            recorder.record(Actor::Runner, Event::PhaseEnded);
        }
        let kept: Vec<u64> = recorder.snapshot().iter().map(|fact| fact.seq).collect();
        assert_eq!(kept, [5, 6, 7, 8, 9]);
        assert_eq!(recorder.forget(), 9);
        assert_eq!(recorder.record(Actor::Runner, Event::PhaseEnded), 10);
        assert_eq!((recorder.last(), recorder.snapshot().len()), (10, 1));
    }
}
