//! The history of sweeps: an SQLite database in one file. A case is one transaction: a process that is killed at any moment
//! leaves behind every case that was recorded, each once.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::record::{CaseKey, Record, State};
use crate::model::Variation;
use crate::verdict::Verdict;

/// What the database holds. A file of another version is refused.
const SCHEMA: &str = "
CREATE TABLE run (
    id          INTEGER PRIMARY KEY,
    name        TEXT UNIQUE,
    started     TEXT NOT NULL,
    ended       TEXT,
    seed        TEXT NOT NULL,
    plan        TEXT NOT NULL,
    planned     INTEGER NOT NULL,
    harness     TEXT NOT NULL,
    profile     TEXT NOT NULL,
    environment TEXT NOT NULL,
    integration TEXT NOT NULL,
    version     TEXT NOT NULL
) STRICT;
CREATE TABLE result (
    run       INTEGER NOT NULL REFERENCES run (id),
    scenario  TEXT NOT NULL,
    subject   TEXT NOT NULL,
    variation TEXT NOT NULL,
    state     TEXT NOT NULL,
    verdict   TEXT,
    took_ms   INTEGER NOT NULL,
    lost      INTEGER NOT NULL,
    rulings   TEXT NOT NULL,
    fault     TEXT,
    PRIMARY KEY (run, scenario, subject, variation)
) STRICT, WITHOUT ROWID;
";

/// The version of [`SCHEMA`].
const VERSION: i64 = 1;

/// How long another process may hold the file before it counts as in use.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open history.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
}

/// A run in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What a run is, when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its name, if it is to be found again by one.
    pub name: Option<String>,
    /// When, RFC 3339.
    pub started: String,
    /// The seed of its order.
    pub seed: u64,
    /// The digest of its plan.
    pub plan: String,
    /// Number of cases.
    pub planned: u64,
    /// Version of the harness.
    pub harness: String,
    /// The profile.
    pub profile: String,
    /// The environment.
    pub environment: String,
    /// The integration.
    pub integration: String,
    /// Its version.
    pub version: String,
}

/// A run as the history knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its number.
    pub id: RunId,
    /// What it was when it began.
    pub began: Started,
    /// When it ended, RFC 3339; absent of a run that was killed or goes on.
    pub ended: Option<String>,
}

impl RunRow {
    /// Whether both are about the same integration, profile and environment.
    pub fn is_like(&self, other: &Self) -> bool {
        is_alike(&self.began, &other.began)
    }
}

impl History {
    /// Opens a history, which is made where there is none.
    ///
    /// # Errors
    /// The file cannot be opened, is no history, or is one of another version.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let failed = |error| HistoryError::Database { path: path.to_owned(), error };
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let mut history = Self { path: path.to_owned(), connection };
        history.prepare()?;
        Ok(history)
    }

    fn prepare(&mut self) -> Result<(), HistoryError> {
        let path = self.path.clone();
        let failed = |error| HistoryError::Database { path: path.clone(), error };
        self.connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let version: i64 = transaction
            .query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))
            .map_err(failed)?;
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
        match (version, tables) {
            (VERSION, _) => {}
            (0, 0) => {
                transaction.execute_batch(SCHEMA).map_err(failed)?;
                transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
            }
            (version, _) => return Err(HistoryError::Foreign { path, version }),
        }
        transaction.commit().map_err(failed)
    }

    /// Keeps every other process from writing until this one ends: two sweeps would play the same cases.
    ///
    /// # Errors
    /// Another one does.
    pub fn claim(&self) -> Result<(), HistoryError> {
        let failed = |error| HistoryError::Database { path: self.path.clone(), error };
        self.connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(failed)?;
        // The lock is taken by the next write.
        self.connection.execute("UPDATE run SET id = id WHERE id = 0", []).map(|_| ()).map_err(|error| {
            let is_taken = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
            if is_taken { HistoryError::Taken { path: self.path.clone() } } else { failed(error) }
        })
    }

    /// Begins a run.
    ///
    /// # Errors
    /// The name is taken, or the database fails.
    pub fn begin(&self, run: &Started) -> Result<RunId, HistoryError> {
        let sql =
            "INSERT INTO run (name, started, seed, plan, planned, harness, profile, environment, integration, version)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let done = self.connection.execute(
            sql,
            params![
                run.name,
                run.started,
                run.seed.to_string(),
                run.plan,
                count(run.planned),
                run.harness,
                run.profile,
                run.environment,
                run.integration,
                run.version
            ],
        );
        match (done, &run.name) {
            (Ok(_), _) => Ok(RunId(self.connection.last_insert_rowid())),
            (Err(error), Some(name)) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                Err(HistoryError::Name { name: name.clone() })
            }
            (Err(error), _) => Err(self.failed(error)),
        }
    }

    /// Writes down a case, in one transaction.
    ///
    /// # Errors
    /// It is there already, or the database fails.
    pub fn record(&self, run: RunId, record: &Record) -> Result<(), HistoryError> {
        let sql =
            "INSERT INTO result (run, scenario, subject, variation, state, verdict, took_ms, lost, rulings, fault)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let rulings = serde_json::to_string(&record.rulings).map_err(|error| self.damaged(&error.to_string()))?;
        let verdict = record.verdict.and_then(|verdict| word(&verdict));
        let done = self.connection.execute(
            sql,
            params![
                run.0,
                record.key.scenario.as_str(),
                record.key.subject,
                variation(&record.key.variation),
                record.state.word(),
                verdict,
                count(record.took_ms),
                record.lost,
                rulings,
                record.fault
            ],
        );
        done.map(|_| ()).map_err(|error| self.failed(error))
    }

    /// Ends a run.
    ///
    /// # Errors
    /// The database fails.
    pub fn end(&self, run: RunId, at: &str) -> Result<(), HistoryError> {
        let done = self.connection.execute("UPDATE run SET ended = ? WHERE id = ?", params![at, run.0]);
        done.map(|_| ()).map_err(|error| self.failed(error))
    }

    /// The latest run of an integration in a profile and environment that has not ended.
    ///
    /// # Errors
    /// The database fails.
    pub fn unfinished(&self, like: &Started) -> Result<Option<RunRow>, HistoryError> {
        let latest = self.runs()?.into_iter().rfind(|row| is_alike(&row.began, like));
        Ok(latest.filter(|row| row.ended.is_none()))
    }

    /// The ended run before that one of the same integration, profile and environment.
    ///
    /// # Errors
    /// The database fails.
    pub fn before(&self, run: RunId) -> Result<Option<RunRow>, HistoryError> {
        let runs = self.runs()?;
        let Some(own) = runs.iter().find(|row| row.id == run) else { return Ok(None) };
        Ok(runs.iter().rfind(|row| row.id < run && row.ended.is_some() && is_alike(&row.began, &own.began)).cloned())
    }

    /// The run of that name.
    ///
    /// # Errors
    /// The database fails.
    pub fn named(&self, name: &str) -> Result<Option<RunRow>, HistoryError> {
        Ok(self.runs()?.into_iter().find(|row| row.began.name.as_deref() == Some(name)))
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn runs(&self) -> Result<Vec<RunRow>, HistoryError> {
        let sql =
            "SELECT id, name, started, ended, seed, plan, planned, harness, profile, environment, integration, version
                   FROM run ORDER BY id";
        let mut statement = self.connection.prepare(sql).map_err(|error| self.failed(error))?;
        let rows = statement.query_map([], run_row).map_err(|error| self.failed(error))?;
        rows.collect::<Result<_, _>>().map_err(|error| self.failed(error))
    }

    /// The cases that a run has recorded.
    ///
    /// # Errors
    /// The database fails.
    pub fn recorded(&self, run: RunId) -> Result<BTreeSet<CaseKey>, HistoryError> {
        Ok(self.records(run)?.into_iter().map(|record| record.key).collect())
    }

    /// What a run has recorded, in the order of the cases' names.
    ///
    /// # Errors
    /// The database fails, or holds what this version did not write.
    pub fn records(&self, run: RunId) -> Result<Vec<Record>, HistoryError> {
        let sql = "SELECT scenario, subject, variation, state, verdict, took_ms, lost, rulings, fault
                   FROM result WHERE run = ? ORDER BY scenario, subject, variation";
        let mut statement = self.connection.prepare(sql).map_err(|error| self.failed(error))?;
        let mut rows = statement.query([run.0]).map_err(|error| self.failed(error))?;
        let mut records = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.failed(error))? {
            records.push(self.record_of(row)?);
        }
        Ok(records)
    }

    fn record_of(&self, row: &Row<'_>) -> Result<Record, HistoryError> {
        let text = |index: usize| row.get::<_, String>(index).map_err(|error| self.failed(error));
        let maybe = |index: usize| row.get::<_, Option<String>>(index).map_err(|error| self.failed(error));
        let number = |index: usize| {
            let value: i64 = row.get(index).map_err(|error| self.failed(error))?;
            u64::try_from(value).map_err(|_| self.damaged("a negative number"))
        };
        let json = |text: &str| serde_json::from_str(text).map_err(|error| self.damaged(&error.to_string()));
        let state = text(3)?;
        Ok(Record {
            key: CaseKey {
                scenario: text(0)?
                    .parse()
                    .map_err(|error: crate::model::NameError| self.damaged(&error.to_string()))?,
                subject: text(1)?,
                variation: read_variation(&text(2)?),
            },
            state: State::of(&state).ok_or_else(|| self.damaged(&format!("the state `{state}`")))?,
            verdict: maybe(4)?
                .map(|word| serde_json::from_value::<Verdict>(word.into()))
                .transpose()
                .map_err(|error| self.damaged(&error.to_string()))?,
            took_ms: number(5)?,
            lost: u32::try_from(number(6)?).unwrap_or(u32::MAX),
            rulings: json(&text(7)?)?,
            fault: maybe(8)?,
        })
    }

    /// The latest run of all, if there is any.
    ///
    /// # Errors
    /// The database fails.
    pub fn latest(&self) -> Result<Option<RunRow>, HistoryError> {
        Ok(self.runs()?.pop())
    }

    /// Whether the file was whole when SQLite looked.
    ///
    /// # Errors
    /// The database fails.
    pub fn is_whole(&self) -> Result<bool, HistoryError> {
        let said: Option<String> = self
            .connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .optional()
            .map_err(|error| self.failed(error))?;
        Ok(said.as_deref() == Some("ok"))
    }

    fn failed(&self, error: rusqlite::Error) -> HistoryError {
        HistoryError::Database { path: self.path.clone(), error }
    }

    fn damaged(&self, why: &str) -> HistoryError {
        HistoryError::Damaged { path: self.path.clone(), why: why.to_owned() }
    }
}

fn is_alike(one: &Started, other: &Started) -> bool {
    one.profile == other.profile && one.environment == other.environment && one.integration == other.integration
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let number =
        |index: usize| Ok::<u64, rusqlite::Error>(u64::try_from(row.get::<_, i64>(index)?).unwrap_or_default());
    Ok(RunRow {
        id: RunId(row.get(0)?),
        ended: row.get(3)?,
        began: Started {
            name: row.get(1)?,
            started: row.get(2)?,
            seed: row.get::<_, String>(4)?.parse().unwrap_or_default(),
            plan: row.get(5)?,
            planned: number(6)?,
            harness: row.get(7)?,
            profile: row.get(8)?,
            environment: row.get(9)?,
            integration: row.get(10)?,
            version: row.get(11)?,
        },
    })
}

/// `ca-list=foreign,leaf=rsa-2048`: the loader allows neither sign in a word.
fn variation(variation: &Variation) -> String {
    variation.to_string()
}

fn read_variation(text: &str) -> Variation {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    Variation(pairs.map(|(id, word)| (id.to_owned(), word.to_owned())).collect())
}

fn word(verdict: &Verdict) -> Option<String> {
    serde_json::to_value(verdict).ok()?.as_str().map(str::to_owned)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Why a history cannot be used.
#[derive(Debug)]
pub enum HistoryError {
    /// SQLite's own words.
    Database {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: rusqlite::Error,
    },
    /// It is no history of this version.
    Foreign {
        /// The file.
        path: PathBuf,
        /// The version that it bears.
        version: i64,
    },
    /// Another sweep writes into it.
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// A run of that name is there already.
    Name {
        /// The name.
        name: String,
    },
    /// It holds what no sweep wrote.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { path, error } => write!(f, "{}: the history cannot be used: {error}", path.display()),
            Self::Foreign { path, version } => write!(
                f,
                "{}: no history of this version of the harness (it bears the number {version}, expected {VERSION})",
                path.display()
            ),
            Self::Taken { path } => write!(f, "{}: another sweep writes into this history", path.display()),
            Self::Name { name } => write!(f, "a run is called `{name}` already: a name stays with its run"),
            Self::Damaged { path, why } => {
                write!(f, "{}: the history holds what no sweep wrote: {why}", path.display())
            }
        }
    }
}

impl std::error::Error for HistoryError {}
