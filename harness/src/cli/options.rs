//! The words of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::sweep_words::{HistoryWords, SWEEP_EXIT_CODES, SweepWords};

const EXIT_CODES: &str = "Exit codes:
  0  ready, or a selection that passed
  1  not ready: a MUST failed
  2  incomplete: a MUST is inconclusive or untested, or the network is shared
  3  bad usage or a bad file
  4  the harness itself failed, or a report could not be written; a failed MUST stays 1";

const CERTIFY_EXIT_CODES: &str = "Exit codes:
  0  ready, and certified so
  1  not ready, and the bundle says so; or a bundle that was not countersigned
  2  incomplete, and the bundle says so; or no private network, and no bundle
  3  bad usage, a bad file, or a run that could not end in a certificate: nothing was played
  4  the harness itself failed: no certificate";

const VERIFY_EXIT_CODES: &str = "Exit codes:
  0  a certificate, and it says ready
  1  refused: the first thing that is wrong is named; or a certificate that says not-ready
  2  a certificate that says incomplete
  3  bad usage or a bad file";

const SIGN_EXIT_CODES: &str = "Exit codes:
  0  signed
  1  refused, as Thales would refuse it
  3  bad usage or a bad file";

const INSPECT_EXIT_CODES: &str =
    "The password of a store is the first line of --password-file, or stands in the variable
THALES_STORE_PASSWORD; without one, none and `changeit` are tried.

Exit codes:
  0  nothing found against a MUST
  1  a MUST is violated
  3  bad usage, or a file that cannot be read or judged; the other files are shown all the same
  4  the harness itself failed";

/// Connectivity conformance harness for integrations with Thales payment services. Unofficial.
#[derive(Debug, Parser)]
#[command(name = "thales-harness", version, about, after_help = EXIT_CODES)]
pub(super) struct Options {
    #[command(subcommand)]
    pub(super) words: Words,
}

#[derive(Debug, Subcommand)]
pub(super) enum Words {
    /// Play the scenarios to an integration and report the verdict per requirement
    #[command(after_help = EXIT_CODES)]
    Run(RunWords),
    /// Print the scenarios, or the requirements of a profile
    List(ListWords),
    /// Explain a requirement or a scenario
    Explain(ExplainWords),
    /// Judge recorded logs again
    #[command(after_help = EXIT_CODES)]
    Judge(JudgeWords),
    /// Play every scenario for one environment and sign a bundle of what came of it
    #[command(after_help = CERTIFY_EXIT_CODES)]
    Certify(CertifyWords),
    /// Verify a bundle that `certify` wrote, from the bundle alone
    #[command(after_help = VERIFY_EXIT_CODES)]
    Verify(VerifyWords),
    /// Play the scenarios with what Thales leaves unspecified, and say what would break
    #[command(after_help = SWEEP_EXIT_CODES)]
    Sweep(SweepWords),
    /// Print the sweeps so far and draw their trend
    History(HistoryWords),
    /// Sign a request for a client certificate, as Thales' authority for customers would, or say why not
    #[command(after_help = SIGN_EXIT_CODES)]
    Sign(SignWords),
    /// Read certificates, requests and stores, and say which requirements they break
    #[command(after_help = INSPECT_EXIT_CODES)]
    Inspect(InspectWords),
    /// Write an integration file to begin with, by these flags or by asking
    Init(super::init::InitWords),
    /// Say which networks this machine allows, and how to allow more
    Doctor,
    /// Make a portal that lasts: for integrations that run already, and for `serve`
    Portal(super::portal::PortalWords),
    /// Play Thales until it is told to stop: endpoint, name server, client
    Serve(super::serve::ServeWords),
}

#[derive(Debug, Args)]
pub(super) struct RunWords {
    /// The integration file; without one, the built-in reference integration
    #[arg(long, value_name = "FILE")]
    pub(super) integration: Option<PathBuf>,
    /// The profile, in place of the integration file's
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// The environment, in place of the integration file's
    #[arg(long)]
    pub(super) environment: Option<String>,
    /// Only scenarios that fit: by id (`dns/*`), requirement (`TSH-OUT-*`) or topic; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(super) only: Vec<String>,
    /// Scenarios at once; those that mostly wait do not count [default: twice the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) jobs: Option<u16>,
    /// Write report.json, report.html, junit.xml, summary.md and the logs there
    #[arg(long, value_name = "DIR")]
    pub(super) report: Option<PathBuf>,
    /// Write the report as one HTML page to that file
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Write the report as JUnit XML to that file
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Known deviations: a failed MUST that is one fails no job, one that is stale does
    #[arg(long, value_name = "FILE")]
    pub(super) deviations: Option<PathBuf>,
    /// Say in page and summary what changed since this earlier report.json
    #[arg(long, value_name = "FILE")]
    pub(super) compare: Option<PathBuf>,
    /// Write the session secrets of the counterpart's connections to that new file, so that a capture can be read; it
    /// holds what protects the traffic, and nothing else writes it
    #[arg(long, value_name = "FILE")]
    pub(super) key_log: Option<PathBuf>,
    /// The network: private where it can be had, or shared
    #[arg(long, value_enum, default_value_t = NetworkWord::Auto)]
    pub(super) network: NetworkWord,
    /// The portal that lasts, in place of the integration file's: for integrations that run already
    #[arg(long, value_name = "DIR")]
    pub(super) portal: Option<PathBuf>,
    /// Profiles and scenarios of this directory, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum NetworkWord {
    /// A private network, or the shared one where it is refused
    Auto,
    /// A private network, or nothing
    Private,
    /// Loopback with explicit addresses
    Shared,
}

#[derive(Debug, Args)]
pub(super) struct ListWords {
    /// Print the requirements
    #[arg(long)]
    pub(super) requirements: bool,
    /// As the document docs/requirements.md, with everything that is known of each
    #[arg(long, requires = "requirements")]
    pub(super) markdown: bool,
    /// Of this profile alone [default: all for requirements, classic-tokenization for scenarios]
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// Profiles and scenarios of this directory, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainWords {
    /// A requirement (`TSH-IN-02`) or a scenario (`inbound/tls-1.1`)
    pub(super) id: String,
    /// As it stands in this profile alone
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// Profiles and scenarios of this directory, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct JudgeWords {
    /// Logs that `run --report` wrote
    #[arg(required = true, value_name = "LOG")]
    pub(super) logs: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct SignWords {
    /// The certificate signing request, PEM or DER
    #[arg(value_name = "CSR")]
    pub(super) request: PathBuf,
    /// Directory of the authority, which plays Thales'; made where it is missing
    #[arg(long, value_name = "DIR")]
    pub(super) authority: PathBuf,
    /// The profile
    #[arg(long, default_value = "d1-ecom")]
    pub(super) profile: String,
    /// The environment [default: the profile's first]
    #[arg(long)]
    pub(super) environment: Option<String>,
    /// The identifier that Thales gave
    #[arg(long, value_name = "ID")]
    pub(super) customer_id: Option<String>,
    /// The full form of the CN, with {algorithm}, {customer-id} and {environment}
    #[arg(long, value_name = "TEMPLATE")]
    pub(super) cn_template: Option<String>,
    /// The certificate or request that it renews, PEM or DER
    #[arg(long, value_name = "FILE")]
    pub(super) previous: Option<PathBuf>,
    /// Write the certificate there [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Profiles of this directory, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct InspectWords {
    /// Files: certificates and bundles (PEM, DER, PKCS#7), requests, stores (PKCS#12, JKS)
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// The profile
    #[arg(long)]
    pub(super) profile: String,
    /// The environment that the files are for
    #[arg(long)]
    pub(super) environment: String,
    /// What the files are for, where their content does not say it
    #[arg(long = "as", value_enum, value_name = "PURPOSE")]
    pub(super) purpose: Option<PurposeWord>,
    /// The CN that onboarding gave
    #[arg(long, value_name = "CN")]
    pub(super) common_name: Option<String>,
    /// The identifier that Thales gave
    #[arg(long, value_name = "ID")]
    pub(super) customer_id: Option<String>,
    /// The full form of the CN, with {algorithm}, {customer-id} and {environment}
    #[arg(long, value_name = "TEMPLATE")]
    pub(super) cn_template: Option<String>,
    /// The host that the server chain is for
    #[arg(long)]
    pub(super) host: Option<String>,
    /// Thales' authority, as it was handed over: for customers, of its servers or of its client, as the files want it
    #[arg(long, value_name = "FILE")]
    pub(super) authority: Option<PathBuf>,
    /// The trust store that Thales holds for the server chain, where its authority is private
    #[arg(long, value_name = "FILE")]
    pub(super) trust_store: Option<PathBuf>,
    /// What stands in the file's place today
    #[arg(long, value_name = "FILE")]
    pub(super) previous: Option<PathBuf>,
    /// A file with the password of the stores
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
    /// As data
    #[arg(long)]
    pub(super) json: bool,
    /// Judge as of this moment (RFC 3339)
    #[arg(long, value_name = "DATE", hide = true)]
    pub(super) at: Option<String>,
    /// Profiles of this directory, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PurposeWord {
    /// The certificate that the integration shows to Thales
    ClientCertificate,
    /// The request for it
    Request,
    /// The chain that the integration's server shows to Thales
    ServerChain,
    /// Trust in Thales' servers
    ServerTrust,
    /// Trust in Thales' client
    ClientTrust,
}

#[derive(Debug, Args)]
pub(super) struct CertifyWords {
    /// The integration file; its own identity, its declarations, and its profile
    #[arg(long, value_name = "FILE", required_unless_present = "countersign")]
    pub(super) integration: Option<PathBuf>,
    /// The environment, which the integration file describes
    #[arg(long, required_unless_present = "countersign")]
    pub(super) environment: Option<String>,
    /// What the receiver of the bundle wants to see signed, so that it is fresh
    #[arg(long, value_name = "NONCE")]
    pub(super) challenge: Option<String>,
    /// The key that signs: PKCS#8 in PEM, P-256 or Ed25519, open to its owner alone
    #[arg(long, value_name = "PEM")]
    pub(super) key: PathBuf,
    /// The bundle's directory: empty, or made here
    #[arg(long, value_name = "DIR", required_unless_present = "countersign")]
    pub(super) out: Option<PathBuf>,
    /// The bundle of another environment, such as pre-production, in which this version was ready
    #[arg(long, value_name = "BUNDLE")]
    pub(super) after: Option<PathBuf>,
    /// Scenarios at once; those that mostly wait do not count [default: twice the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) jobs: Option<u16>,
    /// Play nothing: verify this bundle and add a signature to those that it has
    #[arg(long, value_name = "BUNDLE",
          conflicts_with_all = ["integration", "environment", "out", "challenge", "after", "only"])]
    pub(super) countersign: Option<PathBuf>,
    /// Known here to be refused in words.
    #[arg(long, value_name = "GLOB", hide = true)]
    pub(super) only: Vec<String>,
    /// Known here to be refused in words.
    #[arg(long, value_name = "FILE", hide = true)]
    pub(super) deviations: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyWords {
    /// The bundle's directory
    pub(super) bundle: PathBuf,
    /// A public key (PEM) that has to have signed; may be repeated
    #[arg(long, value_name = "PEM")]
    pub(super) public_key: Vec<PathBuf>,
    /// What has to have been signed with it
    #[arg(long, value_name = "NONCE")]
    pub(super) challenge: Option<String>,
    /// Longest time since the run began: `90d`, `12h`, `30m`
    #[arg(long, value_name = "SPAN", value_parser = super::verify::span)]
    pub(super) max_age: Option<Duration>,
}
