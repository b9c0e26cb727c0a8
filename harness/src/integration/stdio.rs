//! A driver that is started once a scenario and speaks JSON lines: one object a line each way.
//!
//! `{"id":1,"call":{"url":…,"method":"GET","headers":{},"body":""}}` is answered by `{"id":1,"completed":{"status":200}}`,
//! `{"id":1,"failed":{"error":…}}` or `{"id":1,"unsupported":{}}`. Any other line is kept as a fact and skipped.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Claim, Event, Recorder};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{Instant, timeout, timeout_at};

use super::in_process::Request;
use super::portal::Portal;
use super::process::{self, Output, bounded};
use crate::world::World;

/// Time for a driver to leave after the end of its input.
const FAREWELL: Duration = Duration::from_secs(2);

#[derive(Debug, Serialize)]
struct Order<'a> {
    id: u64,
    call: OrderedCall<'a>,
}

#[derive(Debug, Serialize)]
struct OrderedCall<'a> {
    url: &'a str,
    method: &'a str,
    headers: std::collections::BTreeMap<String, String>,
    body: &'a str,
}

#[derive(Debug, Deserialize)]
struct Answer {
    id: u64,
    #[serde(default)]
    completed: Option<Completed>,
    #[serde(default)]
    failed: Option<Failed>,
    #[serde(default)]
    unsupported: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Completed {
    #[serde(default)]
    status: Option<u16>,
}

#[derive(Debug, Deserialize)]
struct Failed {
    #[serde(default)]
    error: String,
}

/// A driver that runs.
pub(super) struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    output: Option<Output>,
    next: u64,
    recorder: Arc<Recorder>,
    actor: Actor,
}

impl Driver {
    pub(super) fn start(
        words: &[String],
        dir: &Path,
        portal: &Portal,
        world: &World,
        recorder: &Arc<Recorder>,
        actor: &Actor,
    ) -> Result<Self, String> {
        let words = process::expand(words, dir, portal)?;
        let mut command = process::command(&words, dir, portal);
        command.stdin(Stdio::piped());
        let mut child = world.spawn(command).map_err(|error| error.to_string())?;
        let input = child.stdin.take();
        let Some(stdout) = child.stdout.take() else { return Err("the driver has no standard output".to_owned()) };
        let output = Some(Output::of(&mut child));
        Ok(Self {
            child,
            input,
            lines: BufReader::new(stdout).lines(),
            output,
            next: 1,
            recorder: Arc::clone(recorder),
            actor: actor.clone(),
        })
    }

    pub(super) async fn call(&mut self, request: &Request, within: Duration) -> Claim {
        let id = self.next;
        self.next += 1;
        let call = OrderedCall { url: &request.url, method: &request.method, headers: Default::default(), body: "" };
        let mut line = match serde_json::to_string(&Order { id, call }) {
            Ok(line) => line,
            Err(error) => return Claim::Failed { error: error.to_string() },
        };
        line.push('\n');
        let deadline = Instant::now() + within;
        let Some(input) = &mut self.input else { return Claim::Failed { error: "the driver has gone".to_owned() } };
        let sent = timeout_at(deadline, async {
            input.write_all(line.as_bytes()).await?;
            input.flush().await
        });
        match sent.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Claim::Failed { error: format!("the driver takes no input: {error}") },
            Err(_) => return Claim::TimedOut,
        }
        loop {
            match timeout_at(deadline, self.lines.next_line()).await {
                Ok(Ok(Some(line))) => match self.read(id, &line) {
                    Some(claim) => return claim,
                    None => continue,
                },
                Ok(Ok(None)) => return Claim::Failed { error: "the driver ended its output".to_owned() },
                Ok(Err(error)) => return Claim::Failed { error: format!("the driver's output: {error}") },
                Err(_) => return Claim::TimedOut,
            }
        }
    }

    fn read(&self, id: u64, line: &str) -> Option<Claim> {
        match serde_json::from_str::<Answer>(line) {
            // An answer to a call that had timed out.
            Ok(answer) if answer.id < id => None,
            Ok(answer) if answer.id == id => match answer {
                Answer { completed: Some(completed), .. } => Some(Claim::Completed { status: completed.status }),
                Answer { failed: Some(failed), .. } => Some(Claim::Failed { error: bounded(&failed.error) }),
                Answer { unsupported: Some(_), .. } => Some(Claim::Unsupported),
                _ => self.stray(line),
            },
            _ => self.stray(line),
        }
    }

    fn stray(&self, line: &str) -> Option<Claim> {
        self.recorder.record(self.actor.clone(), Event::StrayLine { text: bounded(line) });
        None
    }

    /// Ends the driver's input, waits for it to leave, records what it printed.
    pub(super) async fn stop(mut self) {
        self.input = None;
        match timeout(FAREWELL, self.child.wait()).await {
            Ok(Ok(status)) => {
                let signal = super::command::signal(status);
                self.recorder.record(self.actor.clone(), Event::Exited { code: status.code(), signal });
            }
            _ => {
                self.recorder.record(
                    self.actor.clone(),
                    Event::DeadlinePassed { wait: "the driver to leave after the end of its input".to_owned() },
                );
                let _ = self.child.start_kill();
            }
        }
        if let Some(output) = self.output.take() {
            output.finish(&self.recorder, &self.actor).await;
        }
    }
}
