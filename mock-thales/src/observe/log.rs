//! The frozen log: JSON Lines in and out. The first line is the writer's header, each further line one fact, and the
//! last one says how many there are and what SHA-256 all lines above have: a log that was cut short or changed is none.

use std::fmt;
use std::io::{self, BufRead, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Fact;

/// A header, which says what the facts are about, and the facts in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Log<H> {
    /// The first line.
    pub header: H,
    /// All facts.
    pub facts: Vec<Fact>,
}

impl<H: Serialize> Log<H> {
    /// Writes the log, one JSON object a line.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let mut digest = Sha256::new();
        let mut line = serde_json::to_vec(&self.header)?;
        for fact in self.facts.iter().map(Some).chain([None]) {
            line.push(b'\n');
            digest.update(&line);
            out.write_all(&line)?;
            line.clear();
            if let Some(fact) = fact {
                serde_json::to_writer(&mut line, fact)?;
            }
        }
        let end = End { facts: self.facts.len() as u64, sha256: hex(&digest.finalize()) };
        serde_json::to_writer(&mut out, &LastLine { end })?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct LastLine {
    end: End,
}

#[derive(Serialize, Deserialize)]
struct End {
    facts: u64,
    sha256: String,
}

/// How the last line begins, and no fact.
const END: &[u8] = b"{\"end\":";

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<H: DeserializeOwned> Log<H> {
    /// Reads a log that [`Log::write`] wrote.
    ///
    /// # Errors
    /// A line that cannot be read or is no fact, a missing header, a number out of order, a missing last line or one
    /// with another digest: facts were lost, moved or changed.
    pub fn read(mut input: impl BufRead) -> Result<Self, LogError> {
        let mut digest = Sha256::new();
        let mut line = Vec::new();
        let mut next = |number: usize, line: &mut Vec<u8>| {
            line.clear();
            input.read_until(b'\n', line).map_err(|error| LogError::Unreadable { line: number, error })
        };
        if next(1, &mut line)? == 0 {
            return Err(LogError::Empty);
        }
        let header = parse(1, &line)?;
        let mut facts: Vec<Fact> = Vec::new();
        for number in 2.. {
            digest.update(&line);
            if next(number, &mut line)? == 0 {
                return Err(LogError::CutShort { line: number });
            }
            if line.starts_with(END) {
                let LastLine { end } = parse(number, &line)?;
                if end.facts != facts.len() as u64 || end.sha256 != hex(&digest.finalize()) {
                    return Err(LogError::Changed { line: number });
                }
                if next(number + 1, &mut line)? != 0 {
                    return Err(LogError::Changed { line: number + 1 });
                }
                break;
            }
            let fact: Fact = parse(number, &line)?;
            let expected = facts.len() as u64 + 1;
            if fact.seq != expected {
                return Err(LogError::OutOfOrder { line: number, expected, found: fact.seq });
            }
            facts.push(fact);
        }
        Ok(Self { header, facts })
    }
}

fn parse<T: DeserializeOwned>(line: usize, text: &[u8]) -> Result<T, LogError> {
    serde_json::from_slice(text).map_err(|error| LogError::NotALog { line, error })
}

/// Why a log cannot be read.
#[derive(Debug)]
pub enum LogError {
    /// There is no first line.
    Empty,
    /// The file could not be read on.
    Unreadable {
        /// Line, from 1.
        line: usize,
        /// The cause.
        error: io::Error,
    },
    /// A line is not what a log holds.
    NotALog {
        /// Line, from 1.
        line: usize,
        /// The cause.
        error: serde_json::Error,
    },
    /// The last line is missing.
    CutShort {
        /// Where it is due, from 1.
        line: usize,
    },
    /// The lines above are not those that were written.
    Changed {
        /// The line that says so, from 1.
        line: usize,
    },
    /// A fact is missing or out of place.
    OutOfOrder {
        /// Line, from 1.
        line: usize,
        /// The number due.
        expected: u64,
        /// The number found.
        found: u64,
    },
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the log is empty"),
            Self::Unreadable { line, error } => write!(f, "line {line}: {error}"),
            Self::NotALog { line, error } => write!(f, "line {line} is not part of a log: {error}"),
            Self::CutShort { line } => write!(f, "line {line} is missing: the log was cut short"),
            Self::Changed { line } => write!(f, "line {line}: the lines above are not those that were written"),
            Self::OutOfOrder { line, expected, found } => {
                write!(f, "line {line}: expected fact {expected}, found fact {found}")
            }
        }
    }
}

impl std::error::Error for LogError {}
