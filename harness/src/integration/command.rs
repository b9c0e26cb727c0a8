//! A command that is started once a call. Exit 0 claims success, 89 that it cannot do what was asked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Claim, Event, Recorder};
use tokio::time::timeout;

use super::portal::Portal;
use super::process::{self, Output};
use crate::world::World;

/// Exit code with which a command says that it cannot do what was asked.
const UNSUPPORTED: i32 = 89;

pub(super) async fn call(
    words: &[String],
    dir: &Path,
    portal: &Portal,
    world: &World,
    recorder: &Arc<Recorder>,
    actor: &Actor,
    within: Duration,
) -> Claim {
    let words = match process::expand(words, dir, portal) {
        Ok(words) => words,
        Err(error) => return Claim::Failed { error },
    };
    let mut child = match world.spawn(process::command(&words, dir, portal)) {
        Ok(child) => child,
        Err(error) => return Claim::Failed { error: error.to_string() },
    };
    let output = Output::of(&mut child);
    let status = timeout(within, child.wait()).await;
    if status.is_err() {
        // Ended already, or about to be by its handle.
        let _ = child.start_kill();
        let _ = child.wait().await;
    }
    let last_words = output.finish(recorder, actor).await;
    let Ok(Ok(status)) = status else { return Claim::TimedOut };
    recorder.record(actor.clone(), Event::Exited { code: status.code(), signal: signal(status) });
    match status.code() {
        Some(0) => Claim::Completed { status: None },
        Some(UNSUPPORTED) => Claim::Unsupported,
        Some(code) => Claim::Failed { error: format!("exit code {code}: {last_words}") },
        None => Claim::Failed { error: format!("ended by signal {}", signal(status).unwrap_or_default()) },
    }
}

#[cfg(unix)]
pub(super) fn signal(status: std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
pub(super) fn signal(_status: std::process::ExitStatus) -> Option<i32> {
    None
}
