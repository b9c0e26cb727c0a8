//! A sweep that is ended at twenty random moments by SIGKILL, and resumed each time.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use thales_harness::sweep::{History, Record};

use crate::ground::HARNESS;

/// How often it is killed.
const KILLS: usize = 20;

/// Enough cases that it is far from its end when it was killed for the last time.
const WORDS: [&str; 11] =
    ["sweep", "--seed", "7", "--jobs", "2", "--only", "inbound/*", "--dimension", "leaf", "--dimension", "ca-list"];

pub(crate) fn killed_and_resumed() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let (disturbed, whole) = (directory.path().join("disturbed.sqlite"), directory.path().join("whole.sqlite"));
    let mut moment = Moments(u64::from(std::process::id()) | 1);
    let mut kills = 0;
    let mut runs = 0;
    while kills < KILLS && runs < 3 * KILLS {
        runs += 1;
        if until_killed(&disturbed, &mut moment)? {
            kills += 1;
        }
    }
    // The test would prove nothing if it had come to its end before.
    assert!(kills >= KILLS, "{kills} kills in {runs} runs");
    let known = records(&disturbed)?.len();
    for path in [&disturbed, &whole] {
        let output = Command::new(HARNESS).args(WORDS).arg("--resume").arg("--history").arg(path).output()?;
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (disturbed_records, whole_records) = (records(&disturbed)?, records(&whole)?);
    assert!(known < whole_records.len(), "killed {kills} times, and all {known} cases were known");
    assert!(whole_records.len() > 100, "{} cases", whole_records.len());
    let told = |records: &[Record]| {
        records.iter().map(|record| (record.key.to_string(), record.state, record.verdict)).collect::<Vec<_>>()
    };
    assert_eq!(told(&disturbed_records), told(&whole_records));
    let history = History::open(&disturbed)?;
    assert!(history.is_whole()?);
    assert_eq!(history.runs()?.len(), 1, "one sweep, however often it was killed");
    Ok(())
}

fn records(path: &Path) -> Result<Vec<Record>, Failed> {
    let history = History::open(path)?;
    let Some(run) = history.latest()? else { return Ok(Vec::new()) };
    Ok(history.records(run.id)?)
}

/// Starts it, kills it at some moment, and says whether it was still alive then.
fn until_killed(history: &Path, moment: &mut Moments) -> Result<bool, Failed> {
    let mut child = Command::new(HARNESS)
        .args(WORDS)
        .arg("--resume")
        .arg("--history")
        .arg(history)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let errors = child.stderr.take().ok_or("a pipe")?;
    let (sender, told) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(errors).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    // Some cases, and then a moment that no line marks: before, during or after a transaction.
    let mut cases = moment.below(4);
    let give_up = Instant::now() + Duration::from_secs(60);
    while cases > 0 && Instant::now() < give_up {
        match told.recv_timeout(Duration::from_secs(60)) {
            Ok(line) if line.contains('/') => cases -= 1,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    let deadline = Instant::now() + Duration::from_micros(moment.below(90_000));
    while let Some(left) = deadline.checked_duration_since(Instant::now()) {
        if told.recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
            break;
        }
    }
    let was_alive = child.try_wait()?.is_none();
    child.kill()?;
    child.wait()?;
    drop(told);
    reader.join().map_err(|_| "the reader of its errors")?;
    Ok(was_alive)
}

/// Moments that differ from one run of the test to the next (xorshift).
struct Moments(u64);

impl Moments {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
