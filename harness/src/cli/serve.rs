//! `serve`: Thales standing by itself, for manual work and for other test suites.

use std::io::{Write, stderr};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use serde_json::json;

use super::portal::{DAYS, ValueWords, opened};
use super::run::environment_of;
use super::{Exit, Refused, library, profile_of, say};
use crate::integration::{LastingPortal, Materials, NewPortal};
use crate::load::Library;
use crate::standing::{Control, Counterpart, Log, Stands, Token, VARIABLE};

const ABOUT: &str = "The first line on standard output is JSON: where everything stands, once it does.
It runs until SIGINT or SIGTERM. The control interface is described at /openapi.json; its token
stands in the file that the first line names, or is the one in the variable THALES_CONTROL_TOKEN.

Exit codes:
  0  it stood until it was told to stop
  3  bad usage, a bad file, or an address that is taken
  4  the harness itself failed";

/// Plays Thales, standing by itself. Unofficial.
#[derive(Debug, Parser)]
#[command(name = "mock-thales", version, about)]
struct Options {
    #[command(subcommand)]
    words: Words,
}

#[derive(Debug, Subcommand)]
enum Words {
    /// Play Thales until it is told to stop: endpoint, name server, client
    #[command(after_help = ABOUT)]
    Serve(ServeWords),
}

#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(super) struct ServeWords {
    /// The portal's directory: one that `portal init` made, or a missing one, which is made
    #[arg(long, value_name = "DIR")]
    portal: PathBuf,
    /// The profile [default: the portal's]
    #[arg(long)]
    profile: Option<String>,
    /// The environment [default: the portal's, or the profile's first]
    #[arg(long)]
    environment: Option<String>,
    #[command(flatten)]
    values: ValueWords,
    /// The endpoint [default: the portal's, or 127.0.0.1 with a port of the kernel's choice]
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// The IPv4 address that the name server answers [default: that of --listen]
    #[arg(long, value_name = "IP")]
    address: Option<Ipv4Addr>,
    /// The name server, UDP and TCP [default: as for --listen]
    #[arg(long, value_name = "IP:PORT")]
    dns: Option<SocketAddr>,
    /// The control interface, on loopback
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Write the log there [default: standard error]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Profiles of this directory, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
}

/// The command line of the program that does nothing else.
pub fn mock_thales() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ready };
            let _ = error.print();
            return ExitCode::from(exit as u8);
        }
    };
    let Words::Serve(words) = &options.words;
    match serve(words) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(refused) => {
            let _ = writeln!(stderr(), "{refused}");
            ExitCode::from(Exit::Usage as u8)
        }
    }
}

pub(super) fn serve(words: &ServeWords) -> Result<Exit, Refused> {
    let refused = |error: &dyn std::fmt::Display| Refused::Words(error.to_string());
    let library = library(words.scenarios.as_deref())?;
    let portal = portal(words, &library)?;
    let settings = &portal.settings;
    let profile = profile_of(&settings.profile, &library)?;
    let environment = environment_of(profile, Some(&settings.environment))?;
    let subject = portal.subject().map_err(|error| refused(&error))?;
    let materials = Materials::new(&subject, profile, environment).map_err(|error| refused(&error))?;
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let stands = Stands {
        listen: words.listen.or(settings.listen).unwrap_or(any),
        address: words.address.or(settings.address.filter(|_| words.listen.is_none())),
        dns: words.dns.or(settings.dns).unwrap_or(any),
    };
    let log = match &words.log {
        Some(path) => Log::at(path).map_err(|error| Refused::Words(format!("{}: {error}", path.display())))?,
        None => Log::on_stderr(),
    };
    // Of this process alone: nothing that it starts is to inherit it.
    let token = match std::env::var(VARIABLE) {
        Ok(given) => Token::given(&given),
        Err(_) => Token::made(&portal.directory),
    };
    let token = token.map_err(|error| refused(&error))?;
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return Ok(Exit::Fault) };
    runtime.block_on(async {
        let mut told = Told::listen().map_err(|error| refused(&error))?;
        let counterpart = Counterpart::start(materials, subject.answers, profile, &environment.id, &stands);
        let counterpart = Arc::new(counterpart.map_err(|error| Refused::Words(format!("failed to {error}")))?);
        let file = token.file().map(std::path::Path::to_path_buf);
        let control = Control::start(words.control, Arc::clone(&counterpart), token, Arc::clone(&log));
        let control = control.map_err(|error| Refused::Words(format!("--control {}: {error}", words.control)))?;
        let following = tokio::spawn(Arc::clone(&log).follow(Arc::clone(counterpart.recorder())));
        let line = json!({
            "ready": true,
            "profile": settings.profile,
            "environment": settings.environment,
            "portal": portal.directory,
            "url": counterpart.url(),
            "endpoint": counterpart.listen(),
            "dns": counterpart.dns(),
            "control": format!("http://{}", control.address()),
            "token-file": file,
        });
        say(&format!("{line}\n"));
        told.stop().await;
        control.stop().await;
        counterpart.stop().await;
        following.abort();
        let _ = following.await;
        // Whoever else held it has ended by now; if not, dropping it closes the name server as well.
        if let Ok(counterpart) = Arc::try_unwrap(counterpart) {
            counterpart.end().await;
        }
        Ok(Exit::Ready)
    })
}

/// The portal of the directory, which is made where it is missing.
fn portal(words: &ServeWords, library: &Library) -> Result<LastingPortal, Refused> {
    let refused = |error: crate::integration::LastingError| Refused::Words(error.to_string());
    if let Some(portal) = opened(&words.portal)? {
        let settings = &portal.settings;
        let said = [
            ("profile", &words.profile, &settings.profile),
            ("environment", &words.environment, &settings.environment),
        ];
        for (key, said, made_for) in said {
            if said.as_ref().is_some_and(|said| said != made_for) {
                let directory = words.portal.display();
                return Err(Refused::Words(format!("--{key}: the portal in {directory} was made for {made_for}")));
            }
        }
        portal.values(&words.values.values()).map_err(refused)?;
        return Ok(portal);
    }
    let Some(profile) = &words.profile else {
        let directory = words.portal.display();
        return Err(Refused::Words(format!(
            "{directory}: there is no portal yet, and --profile says for what to make one"
        )));
    };
    let profile = profile_of(profile, library)?;
    let environment = environment_of(profile, words.environment.as_deref())?;
    let values = words.values.values();
    // Where it stands is chosen anew each time, unless it is said.
    let new = NewPortal { profile, environment, values: &values, listen: None, address: None, dns: None, days: DAYS };
    LastingPortal::make(&words.portal, &new).map_err(refused)?;
    opened(&words.portal)?.ok_or_else(|| Refused::Words(format!("{}: it is gone again", words.portal.display())))
}

/// The signals that end it, listened for from the start on: one that comes early counts as well.
struct Told {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Told {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
