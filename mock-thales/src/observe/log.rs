//! The frozen log: JSON Lines in and out. The first line is the writer's header, each further line one fact.

use std::fmt;
use std::io::{self, BufRead, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

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
        serde_json::to_writer(&mut out, &self.header)?;
        out.write_all(b"\n")?;
        for fact in &self.facts {
            serde_json::to_writer(&mut out, fact)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }
}

impl<H: DeserializeOwned> Log<H> {
    /// Reads a log that [`Log::write`] wrote.
    ///
    /// # Errors
    /// A line that cannot be read or is no fact, a missing header, or a number out of order: facts were lost or moved.
    pub fn read(input: impl BufRead) -> Result<Self, LogError> {
        let mut lines = input.lines().enumerate();
        let (_, first) = lines.next().ok_or(LogError::Empty)?;
        let header = parse(1, &first.map_err(|error| LogError::Unreadable { line: 1, error })?)?;
        let mut facts: Vec<Fact> = Vec::new();
        for (index, line) in lines {
            let number = index + 1;
            let line = line.map_err(|error| LogError::Unreadable { line: number, error })?;
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

fn parse<T: DeserializeOwned>(line: usize, text: &str) -> Result<T, LogError> {
    serde_json::from_str(text).map_err(|error| LogError::NotALog { line, error })
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
            Self::OutOfOrder { line, expected, found } => {
                write!(f, "line {line}: expected fact {expected}, found fact {found}")
            }
        }
    }
}

impl std::error::Error for LogError {}
