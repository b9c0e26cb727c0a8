//! A driver that is started once a scenario and speaks JSON lines: one object a line each way.
//!
//! `{"id":1,"call":{"url":…,"method":"GET","headers":{},"body":""}}` is answered by `{"id":1,"completed":{"status":200}}`,
//! `{"id":1,"failed":{"error":…}}` or `{"id":1,"unsupported":{}}`. Any other line is kept as a fact and skipped. The published
//! schema is docs/stdio.schema.json.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Claim, Event, Recorder};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{Instant, timeout, timeout_at};

use super::in_process::Request;
use super::portal::Portal;
use super::process::{self, Output, bounded};
use crate::model::Signal;
use crate::world::World;

/// Time for a driver to leave after the end of its input.
const FAREWELL: Duration = Duration::from_secs(2);

/// Longest line that is read as an answer, in bytes; of a longer one the beginning is kept and the rest thrown away.
const LINE_LIMIT: usize = 1 << 20;

/// Lines that are no answers and are kept as facts; a driver may print without end.
const STRAYS: u32 = 50;

#[derive(Debug, Serialize)]
struct Order<'a> {
    id: u64,
    #[serde(flatten)]
    verb: Verb<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verb<'a> {
    Call(OrderedCall<'a>),
    /// An order that no driver knows.
    Probe {},
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
    #[serde(default)]
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Failed {
    #[serde(default)]
    error: String,
}

/// What is said of an order, and the body of the answer where it is brought back.
pub(super) type Said = (Claim, Option<String>);

/// A driver that runs.
pub(super) struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    lines: BoundedLines<ChildStdout>,
    output: Option<Output>,
    next: u64,
    strays: u32,
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
            lines: BoundedLines::new(stdout),
            strays: 0,
            output,
            next: 1,
            recorder: Arc::clone(recorder),
            actor: actor.clone(),
        })
    }

    /// With another number for its first order than 1.
    pub(super) fn counting_from(mut self, first: u64) -> Self {
        self.next = first;
        self
    }

    /// Makes a call.
    pub(super) async fn call(&mut self, request: &Request, within: Duration) -> Claim {
        self.exchange(request, within).await.0
    }

    /// Makes a call; what is said of it, and the body where the driver brings one back.
    pub(super) async fn exchange(&mut self, request: &Request, within: Duration) -> Said {
        let headers = Default::default();
        let call = OrderedCall { url: &request.url, method: &request.method, headers, body: "" };
        self.order(Verb::Call(call), within).await
    }

    /// Gives an order that it cannot know.
    pub(super) async fn probe(&mut self, within: Duration) -> Said {
        self.order(Verb::Probe {}, within).await
    }

    async fn order(&mut self, verb: Verb<'_>, within: Duration) -> Said {
        let id = self.next;
        self.next += 1;
        let fails = |error: String| (Claim::Failed { error }, None);
        let mut line = match serde_json::to_string(&Order { id, verb }) {
            Ok(line) => line,
            Err(error) => return fails(error.to_string()),
        };
        line.push('\n');
        let deadline = Instant::now() + within;
        let Some(input) = &mut self.input else { return fails("the driver has gone".to_owned()) };
        let sent = timeout_at(deadline, async {
            input.write_all(line.as_bytes()).await?;
            input.flush().await
        });
        match sent.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return fails(format!("the driver takes no input: {error}")),
            Err(_) => return (Claim::TimedOut, None),
        }
        loop {
            match timeout_at(deadline, self.lines.next()).await {
                Ok(Ok(Some(line))) => match self.read(id, &line) {
                    Some(claim) => return claim,
                    None => continue,
                },
                Ok(Ok(None)) => return fails("the driver ended its output".to_owned()),
                Ok(Err(error)) => return fails(format!("the driver's output: {error}")),
                Err(_) => return (Claim::TimedOut, None),
            }
        }
    }

    fn read(&mut self, id: u64, line: &str) -> Option<Said> {
        match serde_json::from_str::<Answer>(line) {
            // An answer to a call that had timed out.
            Ok(answer) if answer.id < id => None,
            Ok(answer) if answer.id == id => match answer {
                Answer { completed: Some(completed), .. } => {
                    Some((Claim::Completed { status: completed.status }, completed.body))
                }
                Answer { failed: Some(failed), .. } => Some((Claim::Failed { error: bounded(&failed.error) }, None)),
                Answer { unsupported: Some(_), .. } => Some((Claim::Unsupported, None)),
                _ => self.stray(line),
            },
            _ => self.stray(line),
        }
    }

    fn stray(&mut self, line: &str) -> Option<Said> {
        self.strays += 1;
        if self.strays > STRAYS {
            return None;
        }
        self.recorder.record(self.actor.clone(), Event::StrayLine { text: bounded(line) });
        None
    }

    /// Sends a signal to the driver's process.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), String> {
        process::signal(&self.child, signal).map_err(|error| format!("the driver: {error}"))
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

/// Lines of a stream, none longer than [`LINE_LIMIT`]. A wait for the next one may be given up at any time.
struct BoundedLines<R> {
    stream: BufReader<R>,
    partial: Vec<u8>,
}

impl<R: AsyncRead + Unpin> BoundedLines<R> {
    fn new(stream: R) -> Self {
        Self { stream: BufReader::new(stream), partial: Vec::new() }
    }

    /// The next line without its end; `None` at the end of the stream. Bytes that are no UTF-8 are replaced.
    async fn next(&mut self) -> std::io::Result<Option<String>> {
        loop {
            let read = self.stream.fill_buf().await?;
            let end = read.iter().position(|byte| *byte == b'\n');
            let content = &read[..end.unwrap_or(read.len())];
            let room = LINE_LIMIT.saturating_sub(self.partial.len()).min(content.len());
            self.partial.extend_from_slice(&content[..room]);
            let is_over = read.is_empty();
            let used = content.len() + usize::from(end.is_some());
            self.stream.consume(used);
            if end.is_some() || (is_over && !self.partial.is_empty()) {
                let line = std::mem::take(&mut self.partial);
                return Ok(Some(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()));
            }
            if is_over {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_whole_and_long_ones_shortened() {
        let long = "x".repeat(LINE_LIMIT + 5);
        let text = format!("one\r\n\n{long}\nlast");
        let mut lines = BoundedLines::new(text.as_bytes());
        let mut lengths = Vec::new();
        while let Some(line) = lines.next().await.expect("a slice can be read") {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [3, 0, LINE_LIMIT, 4]);
    }
}
