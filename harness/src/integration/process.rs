//! Processes of the integration: their words expanded, their output kept within bounds.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mock_thales::observe::{Actor, Event, Recorder};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::portal::Portal;
use crate::model::Signal;

/// Bytes of one stream that are kept as evidence.
const OUTPUT_LIMIT: usize = 16 << 10;

/// Characters of an error text that are kept.
const TEXT_LIMIT: usize = 1000;

/// Time for the last words of a process that has ended; a grandchild may hold its streams open.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// A command line with `$VARIABLES`, `$$`, `{dir}` and `{portal}` expanded.
///
/// # Errors
/// A variable that is no asset.
pub(super) fn expand(words: &[String], dir: &Path, portal: &Portal) -> Result<Vec<String>, String> {
    words.iter().map(|word| expand_word(word, dir, portal)).collect()
}

fn expand_word(word: &str, dir: &Path, portal: &Portal) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = word;
    while let Some(position) = rest.find(['$', '{']) {
        expanded.push_str(&rest[..position]);
        rest = &rest[position..];
        if let Some(after) = rest.strip_prefix("$$") {
            expanded.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('$') {
            let length = after.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let name = &after[..length];
            let value = portal
                .variable(name)
                .ok_or_else(|| format!("`${name}` in `{word}` is no variable of the portal; `$$` is a dollar"))?;
            expanded.push_str(&value);
            rest = &after[length..];
        } else if let Some(after) = rest.strip_prefix("{dir}") {
            expanded.push_str(&dir.to_string_lossy());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("{portal}") {
            expanded.push_str(&portal.directory.to_string_lossy());
            rest = after;
        } else {
            expanded.push('{');
            rest = &rest[1..];
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// The command for a line of words, with the portal's variables in its environment and its streams piped.
pub(super) fn command(words: &[String], dir: &Path, portal: &Portal) -> Command {
    let (program, arguments) = words.split_first().map_or(("", &[][..]), |(program, rest)| (program.as_str(), rest));
    let mut command = Command::new(locate(program, dir));
    command
        .args(arguments)
        .envs(portal.variables())
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A program with a slash in its name lies relative to the integration file; others are looked up in `PATH`.
pub(super) fn locate(program: &str, dir: &Path) -> PathBuf {
    if program.contains('/') { dir.join(program) } else { PathBuf::from(program) }
}

/// Sends a signal to a process, as a service manager does to the main one of a service.
///
/// # Errors
/// It has ended, or may not be signalled.
pub(super) fn signal(child: &Child, signal: Signal) -> Result<(), String> {
    // Not waited for yet, so that the number is still its own.
    let pid = child.id().ok_or("it has ended")?;
    let signal = match signal {
        Signal::Hup => nix::sys::signal::Signal::SIGHUP,
        Signal::Usr1 => nix::sys::signal::Signal::SIGUSR1,
        Signal::Usr2 => nix::sys::signal::Signal::SIGUSR2,
    };
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.cast_signed()), signal)
        .map_err(|error| format!("it cannot be signalled: {error}"))
}

/// What is kept of a stream.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    dropped: u64,
}

/// One stream of a process while it runs.
struct Stream {
    name: &'static str,
    task: JoinHandle<()>,
    kept: Arc<Mutex<Kept>>,
}

impl Stream {
    fn keep<R: AsyncRead + Unpin + Send + 'static>(name: &'static str, mut stream: R) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let shared = Arc::clone(&kept);
        let task = tokio::spawn(async move {
            let mut buffer = vec![0; 8 << 10];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let room = OUTPUT_LIMIT.saturating_sub(kept.bytes.len()).min(read);
                kept.bytes.extend_from_slice(&buffer[..room]);
                kept.dropped += (read - room) as u64;
            }
        });
        Self { name, task, kept }
    }

    async fn finish(mut self) -> Kept {
        if timeout(LAST_WORDS, &mut self.task).await.is_err() {
            self.task.abort();
        }
        self.take()
    }

    fn take(&self) -> Kept {
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Both streams of a process while it runs.
pub(super) struct Output {
    streams: Vec<Stream>,
}

impl Output {
    /// Begins to keep what a process prints on the streams that are still there.
    pub(super) fn of(child: &mut Child) -> Self {
        let stdout = child.stdout.take().map(|stream| Stream::keep("stdout", stream));
        let stderr = child.stderr.take().map(|stream| Stream::keep("stderr", stream));
        Self { streams: stdout.into_iter().chain(stderr).collect() }
    }

    /// Records what was printed so far, by a process that goes on.
    pub(super) fn turn(&self, recorder: &Recorder, actor: &Actor) {
        for stream in &self.streams {
            record(stream.name, stream.take(), recorder, actor);
        }
    }

    /// Records what was printed; returns the end of stderr, or of stdout where stderr is empty.
    pub(super) async fn finish(self, recorder: &Recorder, actor: &Actor) -> String {
        let mut last = String::new();
        for stream in self.streams {
            let name = stream.name;
            if let Some(words) = record(name, stream.finish().await, recorder, actor) {
                last = words;
            }
        }
        last
    }
}

/// Records what one stream brought; returns its end, unless that is nothing.
fn record(stream: &str, kept: Kept, recorder: &Recorder, actor: &Actor) -> Option<String> {
    if kept.bytes.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(&kept.bytes).into_owned();
    let last = bounded(text.trim());
    recorder.record(actor.clone(), Event::Output { stream: stream.to_owned(), text, dropped: kept.dropped });
    Some(last)
}

/// The end of a text: there stands what a program says last.
pub(super) fn bounded(text: &str) -> String {
    let count = text.chars().count();
    text.chars().skip(count.saturating_sub(TEXT_LIMIT)).collect()
}
