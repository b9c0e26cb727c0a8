//! What is wrong with a bundle: each kind with words of its own, since whoever refuses one has to say why.

use std::fmt;
use std::path::PathBuf;

/// The first thing that is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The bundle cannot be read.
    Unreadable {
        /// File or directory.
        path: PathBuf,
        /// The cause.
        why: String,
    },
    /// There is no envelope.
    Unsigned,
    /// An envelope is not as it was written.
    Envelope {
        /// What is wrong.
        why: String,
    },
    /// A signature is not over this statement, or not by the key that it names.
    Signature {
        /// The key.
        keyid: String,
    },
    /// The bundle does not hold the public key that a signature names.
    Key {
        /// The key.
        keyid: String,
    },
    /// Nobody signed with a key that was demanded.
    NotSignedBy {
        /// The key.
        keyid: String,
    },
    /// A file that was signed is missing.
    Missing {
        /// Its name in the bundle.
        name: String,
    },
    /// A file is not the one that was signed.
    Changed {
        /// Its name in the bundle.
        name: String,
    },
    /// A file that nobody signed.
    Foreign {
        /// Its name in the bundle.
        name: String,
    },
    /// Another challenge than the one demanded.
    Challenge {
        /// The one demanded.
        demanded: String,
        /// The one that was signed.
        signed: Option<String>,
    },
    /// The run is too long ago.
    TooOld {
        /// When it began, RFC 3339.
        started: String,
        /// Longest age, in whole hours.
        hours: i64,
    },
    /// A time that cannot be.
    Time {
        /// What is wrong.
        why: String,
    },
    /// Another version of the harness.
    Harness {
        /// The one that certified.
        found: String,
    },
    /// Another set of scenarios than the released one.
    ScenarioSet {
        /// SHA-256 of the set that was played.
        found: String,
        /// SHA-256 of the released one.
        expected: String,
    },
    /// Another text of the profile than the released one.
    Profile {
        /// The profile.
        profile: String,
    },
    /// The integration file is not what the report is about.
    Configuration {
        /// What is wrong.
        why: String,
    },
    /// A scenario of the set has no place in the report.
    LeftOut {
        /// The scenario, and the part that it drives.
        scenario: String,
    },
    /// A file that was signed and belongs to no bundle, or to no scenario of the run.
    Unplanned {
        /// Its name in the bundle.
        name: String,
    },
    /// A log cannot be read.
    Log {
        /// Its name in the bundle.
        name: String,
        /// The cause.
        why: String,
    },
    /// A log is not of this run.
    OtherRun {
        /// Its name in the bundle.
        name: String,
        /// What differs.
        what: &'static str,
    },
    /// A file says other than the logs.
    Judged {
        /// Its name in the bundle.
        name: String,
        /// Where it first differs.
        place: String,
    },
    /// The report was held against known deviations: a certificate knows none.
    Deviation {
        /// What one of them is about.
        of: String,
    },
    /// The statement says other than the report.
    Statement {
        /// Where it first differs.
        place: String,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, why } => write!(f, "{} cannot be read: {why}", path.display()),
            Self::Unsigned => f.write_str("report.intoto.jsonl is missing: nobody signed this bundle"),
            Self::Envelope { why } => write!(f, "report.intoto.jsonl is not as it was written: {why}"),
            Self::Signature { keyid } => write!(f, "the signature by key {keyid} does not fit the statement"),
            Self::Key { keyid } => write!(f, "keys/{keyid}.pem is missing, or is not that key"),
            Self::NotSignedBy { keyid } => write!(f, "no signature is by key {keyid}"),
            Self::Missing { name } => write!(f, "{name} was signed and is missing"),
            Self::Changed { name } => write!(f, "{name} is not the file that was signed"),
            Self::Foreign { name } => write!(f, "{name} was not signed"),
            Self::Challenge { demanded, signed: Some(signed) } => {
                write!(f, "it answers the challenge `{signed}`, expected `{demanded}`")
            }
            Self::Challenge { demanded, signed: None } => write!(f, "it answers no challenge, expected `{demanded}`"),
            Self::TooOld { started, hours } => write!(f, "the run began at {started}, more than {hours} hours ago"),
            Self::Time { why } => write!(f, "a time that cannot be: {why}"),
            Self::Harness { found } => {
                let own = env!("CARGO_PKG_VERSION");
                write!(f, "certified by harness {found}, and this is {own}: verify it with that release")
            }
            Self::ScenarioSet { found, expected } => {
                write!(f, "measured with the scenario set {found}, and the released one is {expected}")
            }
            Self::Profile { profile } => write!(f, "measured with another text of the profile {profile}"),
            Self::Configuration { why } => write!(f, "integration.toml does not fit the report: {why}"),
            Self::LeftOut { scenario } => write!(f, "the scenario {scenario} was left out"),
            Self::Unplanned { name } => write!(f, "{name} has no place in the bundle: no scenario of the run wrote it"),
            Self::Log { name, why } => write!(f, "{name} is no log: {why}"),
            Self::OtherRun { name, what } => write!(f, "{name} is of another run: its {what} differs"),
            Self::Judged { name, place } => write!(f, "{name} says other than the logs, first at {place}"),
            Self::Deviation { of } => {
                write!(f, "report.json bears a known deviation, about {of}: a certificate bears none")
            }
            Self::Statement { place } => write!(f, "the statement says other than the report, first at {place}"),
        }
    }
}

impl std::error::Error for Flaw {}
