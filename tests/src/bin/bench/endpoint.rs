//! What the endpoint costs beside nginx: server CPU for each full mTLS handshake with one GET, seen from outside, both
//! in processes of their own under the same load, one after the other in each round.

use std::io::{BufRead, BufReader, Read, Write, stdin, stdout};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mock_thales::endpoint::{Answers, Conduct, Endpoint, Stage};
use mock_thales::observe::Recorder;
use mock_thales::plan::EndpointPlan;
use tokio::runtime::{Builder, Runtime};

use crate::bare::{Caller, one_thread};
use crate::failure::Failure;
use crate::nginx::Program;
use crate::papers::Papers;
use crate::ratio::{Comparison, Part};
use crate::{SERVE, processor};

/// Calls a round to each server.
const CALLS: usize = 2000;
/// Calls before the first round to each.
const WARMING: usize = 200;
/// Calls open at a time.
const OPEN: usize = 8;
const ROUNDS: usize = 5;
/// The most that the endpoint may cost, in nginxes.
const TARGET: f64 = 0.5;

/// The endpoint against nginx, where there is one.
pub(crate) fn measure() -> Result<Comparison, Failure> {
    let mut comparison = Comparison {
        title: "endpoint, recording everything ÷ nginx, per full mTLS handshake with one GET".to_owned(),
        measure: "server CPU",
        values: Vec::new(),
        target: TARGET,
        unit: "×",
        parts: Vec::new(),
        missing: None,
    };
    let Some(program) = Program::find() else {
        comparison.missing = Some("nginx not installed".to_owned());
        return Ok(comparison);
    };
    let endpoint = Process::start()?;
    let nginx = program.start(&endpoint.papers)?;
    let caller = Arc::new(Caller::new(&endpoint.papers)?);
    let runtime = one_thread()?;
    let load = |at, count| runtime.block_on(caller.load(at, count, OPEN));
    load(endpoint.at, WARMING)?;
    load(nginx.at, WARMING)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(each(endpoint.child.id(), || load(endpoint.at, CALLS))?);
        theirs.push(each(nginx.id(), || load(nginx.at, CALLS))?);
    }
    comparison.values = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
    comparison.parts = vec![
        Part { name: "endpoint, one call, µs CPU".to_owned(), values: ours },
        Part { name: format!("{}, one call, µs CPU", program.version()), values: theirs },
    ];
    Ok(comparison)
}

/// Microseconds of a server's CPU time for one of the calls.
fn each(server: u32, load: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let before = processor::tree(server)?;
    load()?;
    let used = processor::tree(server)?.saturating_sub(before);
    Ok(used.as_secs_f64() * 1e6 / CALLS as f64)
}

/// The endpoint in a process of its own, which ends when its standard input does.
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    at: SocketAddr,
    papers: Papers,
}

impl Process {
    fn start() -> Result<Self, Failure> {
        let broken = |error| Failure::Io("start the endpoint's process", error);
        let mut child = Command::new(std::env::current_exe().map_err(broken)?)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(broken)?;
        let input = child.stdin.take();
        let mut lines = child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines());
        let mut line = || lines.next().and_then(Result::ok);
        let told = line().and_then(|at| Some((at.parse().ok()?, Papers::from_line(&line()?)?)));
        let process = |(at, papers)| Self { child, input, at, papers };
        told.map(process).ok_or_else(|| Failure::Server("the endpoint's process said nothing".to_owned()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Is the endpoint: says where it listens and with which papers, and serves until its standard input ends.
pub(crate) fn serve() -> Result<(), Failure> {
    let (papers, authorities) = Papers::new()?;
    let conduct = Conduct::new(&EndpointPlan::default(), &authorities, &[], Arc::<Answers>::default())
        .map_err(|error| Failure::Harness(error.to_string()))?;
    let runtime = runtime()?;
    let (at, _stage) = {
        let _entered = runtime.enter();
        let stage = Stage::new(Recorder::new());
        let endpoint = Endpoint::new("main", Arc::new(conduct), Duration::from_secs(10));
        stage.publish(IpAddr::from(Ipv4Addr::LOCALHOST), endpoint);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| Failure::Io("listen", error))?;
        let at = listener.local_addr().map_err(|error| Failure::Io("listen", error))?;
        stage.listen(listener).map_err(|error| Failure::Io("listen", error))?;
        (at, stage)
    };
    writeln!(stdout(), "{at}\n{}", papers.to_line()).map_err(|error| Failure::Io("say where it listens", error))?;
    let mut rest = Vec::new();
    stdin().read_to_end(&mut rest).map_err(|error| Failure::Io("wait for the end", error))?;
    Ok(())
}

/// The kind of runtime that the harness has, with one worker, as nginx has one.
fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|error| Failure::Io("start a runtime", error))
}
