//! The words of `sweep` and `history`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::options::NetworkWord;
use crate::model::Millis;

pub(super) const SWEEP_EXIT_CODES: &str = "What Thales may do and the integration does not survive is a line of the \
pre-mortem, and no failure.

Exit codes:
  0  every MUST that was played holds as Thales is today
  1  a MUST failed as Thales is today; with --deviations, one that is not known, or a deviation that is stale
  2  a MUST is undecided as Thales is today, or its scenario did not fit into the budget
  3  bad usage, a bad file, or a history that cannot be used
  4  the harness itself failed";

#[derive(Debug, Args)]
pub(super) struct SweepWords {
    /// The integration file; without one, the built-in reference integration
    #[arg(long, value_name = "FILE")]
    pub(super) integration: Option<PathBuf>,
    /// The profile, in place of the integration file's
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// The environment, in place of the integration file's
    #[arg(long)]
    pub(super) environment: Option<String>,
    /// Only scenarios that fit, as for `run`; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(super) only: Vec<String>,
    /// Vary only this dimension; may be repeated
    #[arg(long, value_name = "ID")]
    pub(super) dimension: Vec<String>,
    /// Begin no case after this time: `2h`, `30m`, `90s`
    #[arg(long, value_name = "SPAN", value_parser = budget)]
    pub(super) budget: Option<Duration>,
    /// The order of cases and the choice of combinations [default: another one each time, printed]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Cases at once; those that mostly wait do not count [default: twice the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) jobs: Option<u16>,
    /// The history: a file that every sweep adds to
    #[arg(long, value_name = "FILE", default_value = "sweeps.sqlite")]
    pub(super) history: PathBuf,
    /// Go on with the latest sweep where it was killed; begin one where there is none
    #[arg(long)]
    pub(super) resume: bool,
    /// A name for this sweep, so that later ones can be compared with it
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Compare with the sweep of this name, too
    #[arg(long, value_name = "NAME")]
    pub(super) since: Option<String>,
    /// Write report.json, pre-mortem.md and the logs of what did not pass there
    #[arg(long, value_name = "DIR")]
    pub(super) report: Option<PathBuf>,
    /// Known deviations: a failed MUST that is one fails no job, one that is stale does
    #[arg(long, value_name = "FILE")]
    pub(super) deviations: Option<PathBuf>,
    /// The network: private where it can be had, or shared
    #[arg(long, value_enum, default_value_t = NetworkWord::Auto)]
    pub(super) network: NetworkWord,
    /// Profiles, scenarios and dimensions of this directory, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// Print the cases in the order of the seed, and play nothing
    #[arg(long)]
    pub(super) list: bool,
}

#[derive(Debug, Args)]
pub(super) struct HistoryWords {
    /// The history
    #[arg(long, value_name = "FILE", default_value = "sweeps.sqlite")]
    pub(super) history: PathBuf,
    /// Cases one by one, as far as their names fit, such as `dns/*` or `*ttl=1s*`
    #[arg(long, value_name = "GLOB")]
    pub(super) case: Option<String>,
    /// The latest runs, so many
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(super) runs: usize,
    /// Draw the trend into that file, as one HTML page
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
}

/// `2h`, `30m`, `90s`, `500ms`.
fn budget(word: &str) -> Result<Duration, String> {
    let wrong = || "expected a span of time such as `2h`, `30m` or `90s`".to_owned();
    match word.strip_suffix('h') {
        Some(hours) => {
            let hours = hours.parse::<u64>().map_err(|_| wrong())?;
            hours.checked_mul(3600).map(Duration::from_secs).ok_or_else(wrong)
        }
        None => word.parse::<Millis>().map(Millis::duration).map_err(|_| wrong()),
    }
}
