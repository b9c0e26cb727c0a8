//! Sweeps: every scenario with what Thales leaves unspecified, one value at a time and in pairs; the pre-mortem that comes
//! of it; and the history of all sweeps in an embedded database.

mod case;
mod document;
mod drawing;
mod history;
mod known;
mod markdown;
pub mod pairwise;
mod play;
mod premortem;
mod record;
mod terminal;
mod trend;

pub use case::{Case, Plan, Sifting};
pub use document::{About, Document, log_of};
pub use drawing::drawing;
pub use history::{History, HistoryError, RunId, RunRow, Started};
pub use known::Known;
pub use markdown::markdown;
pub use play::{Progress, play};
pub use premortem::{Evidence, Kind, Line, premortem};
pub use record::{CaseKey, Record, Ruled, State};
pub use terminal::text;
pub use trend::{Changes, LOOKED_AT, Trend, signs, sparkline};
