//! `certify`: the whole set of scenarios for one profile and environment, and a signed bundle of what came of it. What
//! cannot end in a certificate is refused before anything is played.

use std::fs;
use std::io::{self, Write, stderr};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use super::options::CertifyWords;
use super::run::{environment_of, exit, from_file};
use super::verify::describe;
use super::{Exit, Refused, library, profile_of, say};
use crate::certify::{self, Certificate, Demands, Manifest, Sealing, SigningKey};
use crate::load::{Library, load_integration};
use crate::model::{IntegrationFile, Profile};
use crate::report::document::Report;
use crate::report::files::Files;
use crate::report::html::Html;
use crate::report::progress::Progress;
use crate::report::reporter::{Ended, Reporters};
use crate::report::screen::Screen;
use crate::run::{Exam, Selection};
use crate::world::{self, Network, Wanted};

pub(super) fn certify(words: &CertifyWords) -> Result<Exit, Refused> {
    let key = SigningKey::read(&words.key).map_err(refused)?;
    let library = library(None)?;
    match (&words.countersign, &words.integration, &words.environment, &words.out) {
        (Some(bundle), ..) => countersign(bundle, &library, &key),
        (None, Some(integration), Some(environment), Some(out)) => {
            Run { words, library, key, integration, environment, out }.certify()
        }
        // The command line asks for them.
        (None, ..) => Err(Refused::Words("expected --integration, --environment and --out".to_owned())),
    }
}

fn refused(error: impl std::fmt::Display) -> Refused {
    Refused::Words(error.to_string())
}

/// Who signs beside the customer signs what is true.
fn countersign(bundle: &Path, library: &Library, key: &SigningKey) -> Result<Exit, Refused> {
    let demands = Demands { keys: &[], challenge: None, max_age: None, now: OffsetDateTime::now_utc() };
    let certificate = match certify::verify(bundle, library, &demands) {
        Ok(certificate) => certificate,
        Err(flaw) => {
            let _ = writeln!(stderr(), "{}: refused, and not signed: {flaw}", bundle.display());
            return Ok(Exit::NotReady);
        }
    };
    certify::countersign(bundle, key).map_err(refused)?;
    say(&format!("{}signed by   {} (added)\n", describe(&certificate), key.public().id()));
    Ok(Exit::Ready)
}

struct Run<'a> {
    words: &'a CertifyWords,
    library: Library,
    key: SigningKey,
    integration: &'a Path,
    environment: &'a str,
    out: &'a Path,
}

impl Run<'_> {
    fn certify(self) -> Result<Exit, Refused> {
        let Self { words, library, integration, environment, out, .. } = &self;
        if !words.only.is_empty() {
            return Err(refused("--only: a certificate is about the whole set of scenarios"));
        }
        if words.deviations.is_some() {
            return Err(refused("--deviations: a known deviation makes nothing pass, and a certificate bears none"));
        }
        let text = fs::read(integration).map_err(|error| refused(format!("{}: {error}", integration.display())))?;
        let file = load_integration(integration, library)?;
        let profile = profile_of(&file.profile, library)?;
        let played = environment_of(profile, Some(environment))?;
        described(&file, profile, environment)?;
        empty(out)?;
        let before = match &words.after {
            Some(bundle) => Some(before(bundle, library, &file, environment)?),
            None => None,
        };
        let subject = from_file(integration, Some(environment), library)?;
        let dir = subject.dir.clone();
        // Before any thread: a user namespace can be entered by a process of one thread only.
        let host = world::enter(Wanted { in_process: false, allow_private: true });
        if host.network == Network::Shared {
            let why = host.refusal.as_ref().map_or_else(String::new, |why| format!(": {why}; {}", why.fix()));
            let _ = writeln!(stderr(), "no certificate without a private network{why}");
            return Ok(Exit::Incomplete);
        }
        let selection = Selection::new(&[]).map_err(refused)?;
        let jobs = words.jobs.map(usize::from);
        let exam = Exam::new(host, library, subject, &profile.id, played, (&selection, &[]), jobs).map_err(refused)?;
        let Ok(runtime) = tokio::runtime::Runtime::new() else { return Ok(Exit::Fault) };
        issued(&exam, &file)?;
        let undeclared = runtime.block_on(exam.undeclared());
        if !undeclared.is_empty() {
            let lines: Vec<_> = undeclared.iter().map(|(id, why)| format!("{id} is not answered for: {why}")).collect();
            return Err(refused(lines.join("\n       ")));
        }
        let artefacts =
            || certify::artefacts(&file, &dir).map_err(|(path, error)| refused(format!("{}: {error}", path.display())));
        let manifest = Manifest::new(&self.repeat(), artefacts()?);
        let unwritable = |error: io::Error| refused(format!("{}: cannot be written: {error}", out.display()));
        let mut reporters = Reporters::default();
        reporters.add(Progress::new());
        reporters.add(Screen);
        reporters.add(Files::below(out).map_err(unwritable)?);
        reporters.add(Html::at(&out.join("report.html"), None));
        let reporters = Mutex::new(reporters);
        let outcome = runtime.block_on(exam.run(&|event| {
            reporters.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
        }));
        runtime.shutdown_background();
        let report = Report::of(&outcome);
        let ended = Ended { outcome: &outcome, report: &report, repeat: &manifest.repeat };
        let failed = reporters.into_inner().unwrap_or_else(PoisonError::into_inner).ended(&ended);
        for failed in &failed {
            let _ = writeln!(stderr(), "{failed}");
        }
        let exit = exit(&outcome);
        if exit == Exit::Fault || !failed.is_empty() {
            let _ = writeln!(stderr(), "no certificate: the harness itself failed");
            return Ok(Exit::Fault);
        }
        let is_same = artefacts()? == manifest.artefacts && fs::read(integration).is_ok_and(|now| now == text);
        if !is_same {
            return Err(refused("no certificate: files of the integration changed while the run went on"));
        }
        let now = OffsetDateTime::now_utc();
        let after = before.map(|certificate| certificate.before(&manifest));
        let challenge = words.challenge.as_deref();
        let sealing = Sealing { report: &report, integration: &text, manifest: &manifest, challenge, after, now };
        if let Err(error) = certify::seal(out, sealing, &self.key) {
            let _ = writeln!(stderr(), "no certificate: {error}");
            return Ok(Exit::Fault);
        }
        // Nobody is handed a bundle that would be refused.
        let keys = [self.key.public().clone()];
        let demands = Demands { keys: &keys, challenge, max_age: None, now };
        match certify::verify(out, library, &demands) {
            Ok(certificate) => {
                say(&format!("\n{}bundle      {}\n", describe(&certificate), out.display()));
                Ok(exit)
            }
            Err(flaw) => {
                let _ = writeln!(stderr(), "no certificate, since its own verification refuses it: {flaw}");
                Ok(Exit::Fault)
            }
        }
    }

    fn repeat(&self) -> String {
        format!("thales-harness run --integration {} --environment {}", self.integration.display(), self.environment)
    }
}

/// What is certified for an environment has to be what the file says of that one.
fn described(file: &IntegrationFile, profile: &Profile, environment: &str) -> Result<(), Refused> {
    let own = file.environment.as_deref().or_else(|| profile.environments.first().map(|first| first.id.as_str()));
    if own == Some(environment) || file.environments.contains_key(environment) {
        return Ok(());
    }
    let own = own.unwrap_or_default();
    Err(refused(format!(
        "the integration file describes {own} and not {environment}: expected [environments.{environment}.identity]"
    )))
}

/// A file left over from another run would be signed with the others.
fn empty(out: &Path) -> Result<(), Refused> {
    match fs::read_dir(out).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(refused(format!("{}: expected an empty directory, or none", out.display()))),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(format!("{}: {error}", out.display()))),
        _ => Ok(()),
    }
}

/// The certificate that has to come before: true, ready, of the same integration, and of another environment.
fn before(bundle: &Path, library: &Library, file: &IntegrationFile, environment: &str) -> Result<Certificate, Refused> {
    let demands = Demands { keys: &[], challenge: None, max_age: None, now: OffsetDateTime::now_utc() };
    let place = bundle.display();
    let found = certify::verify(bundle, library, &demands)
        .map_err(|flaw| refused(format!("--after {place}: refused: {flaw}")))?;
    let was = &found.conformance;
    let wrong = if !found.is_ready() {
        Some(format!("it says {}, expected ready", was.readiness))
    } else if was.environment == environment {
        Some(format!("it is about {environment} itself, expected another environment"))
    } else if (&was.integration, &was.version, &was.profile) != (&file.name, &file.version, &file.profile) {
        Some(format!("it is about {} {} ({})", was.integration, was.version, was.profile))
    } else {
        None
    };
    match wrong {
        Some(wrong) => Err(refused(format!("--after {place}: {wrong}"))),
        None => Ok(found),
    }
}

/// Certificates that the harness issued are nobody's: rows about them would stay untested.
fn issued(exam: &Exam, file: &IntegrationFile) -> Result<(), Refused> {
    let onboarding = exam.onboarding();
    let client = (!file.callers.is_empty() && onboarding.client_is_issued)
        .then_some("[identity] names no client certificate of your own: the harness would issue one");
    let server = (!file.receivers.is_empty() && onboarding.server_is_issued)
        .then_some("[identity] names no server chain of your own: the harness would issue one");
    let wrong: Vec<_> = client.into_iter().chain(server).collect();
    if wrong.is_empty() { Ok(()) } else { Err(refused(wrong.join("\n       "))) }
}
