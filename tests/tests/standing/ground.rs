//! What tests of things that stand need: a portal, Thales standing, requests to its control interface, programs that
//! run already. Everything is on loopback, at ports of the kernel's choice.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");

/// Thales standing, as its program plays it. Ended with the test.
pub(crate) struct Standing {
    pub(crate) child: Child,
    pub(crate) line: Value,
    token: String,
}

impl Standing {
    /// Stands on a portal's directory, which is made where it is missing.
    pub(crate) fn start(portal: &Path, words: &[&str]) -> Self {
        let log = portal.with_extension("log");
        let mut child = Command::new(HARNESS)
            .args(["serve", "--profile", "classic-tokenization", "--environment", "pre-production", "--portal"])
            .arg(portal)
            .arg("--log")
            .arg(log)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let line = first_line(&mut child);
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let token = fs::read_to_string(line["token-file"].as_str().unwrap()).unwrap();
        Self { child, line, token }
    }

    pub(crate) fn address(&self, of: &str) -> SocketAddr {
        let text = self.line[of].as_str().unwrap();
        text.strip_prefix("http://").unwrap_or(text).parse().unwrap()
    }

    /// Makes a request and returns status and body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(method, path, &body, &format!("Authorization: Bearer {}\r\n", self.token))
    }

    /// The same with headers and a body of the test's own making.
    pub(crate) fn raw(&self, method: &str, path: &str, body: &str, headers: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.address("control")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: control\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        // What is refused before its end may have its connection closed.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {method} {path}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}")))
    }

    /// Makes a request that has to be carried out.
    pub(crate) fn told(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert_eq!(status, 200, "{method} {path} {body}: {answer:#}");
        answer
    }

    /// What was seen since a mark, once there is something of it.
    pub(crate) fn seen(&self, kind: &str, since: u64) -> Vec<Value> {
        let history = self.told("GET", &format!("/v1/history/{kind}?since={since}&wait-ms=20000"), &Value::Null);
        history["items"].as_array().unwrap().clone()
    }

    pub(crate) fn mark(&self) -> u64 {
        self.told("GET", "/v1/mark", &Value::Null)["mark"].as_u64().unwrap()
    }

    /// Tells it to stop, and returns its exit code.
    pub(crate) fn stop(&mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
        self.child.wait().unwrap().code()
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of the customer's that runs already.
pub(crate) struct Running(
    Child,
    #[expect(dead_code, reason = "closed, it would break the program's own printing")] Option<ChildStdout>,
);

impl Running {
    /// Starts it, and returns what it says first.
    pub(crate) fn start(command: &mut Command) -> (Self, String) {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let line = first_line(&mut child);
        let out = child.stdout.take();
        (Self(child, out), line)
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn listening(command: &mut Command, at: SocketAddr) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(at).is_err() {
            assert!(std::time::Instant::now() < deadline, "nobody listens on {at}");
            std::thread::yield_now();
        }
        Self(child, None)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A server with workers ends them where it is asked to end.
        let _ = kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

fn first_line(child: &mut Child) -> String {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    child.stdout = Some(out.into_inner());
    line
}

/// A directory of the test's own.
pub(crate) fn directory() -> TempDir {
    tempfile::Builder::new().prefix("thales-standing-").tempdir().unwrap()
}

/// An address that was free a moment ago, for UDP and TCP alike.
pub(crate) fn free() -> SocketAddr {
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = tcp.local_addr().unwrap();
        if UdpSocket::bind(at).is_ok() {
            return at;
        }
    }
}

/// Makes a portal that stands at free addresses.
pub(crate) fn portal(within: &Path, words: &[&str]) -> (PathBuf, SocketAddr, SocketAddr) {
    let (path, listen, dns) = (within.join("portal"), free(), free());
    let made = harness(
        &["portal", "init", path.to_str().unwrap()],
        &[&["--profile", "classic-tokenization", "--listen", &listen.to_string(), "--dns", &dns.to_string()], words]
            .concat(),
    );
    assert!(made.status.success(), "{}", said(&made));
    (path, listen, dns)
}

pub(crate) fn harness(command: &[&str], words: &[&str]) -> Output {
    let mut harness = Command::new(HARNESS);
    harness.env_remove("GITHUB_STEP_SUMMARY").env_remove("GITHUB_ACTIONS");
    harness.args(command).args(words).output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Calls the endpoint by curl with the portal's assets; says whether it went through.
pub(crate) fn curl(standing: &Standing, portal: &Path) -> bool {
    let (at, url) = (standing.address("endpoint"), standing.line["url"].as_str().unwrap());
    let host = url.strip_prefix("https://").unwrap().split(':').next().unwrap();
    let asset = |name: &str| portal.join(name);
    let status = Command::new("curl")
        .args([
            "--tlsv1.2",
            "--fail",
            "--silent",
            "--output",
            "/dev/null",
            "--max-time",
            "20",
            "--noproxy",
            "*",
            "--resolve",
        ])
        .arg(format!("{host}:{}:{}", at.port(), at.ip()))
        .arg("--cacert")
        .arg(asset("TSH_TLS_SERVER_CERTIFICATE_CHAIN"))
        .arg("--cert")
        .arg(asset("CUSTOMER_TLS_CLIENT_CERTIFICATE"))
        .arg("--key")
        .arg(asset("CUSTOMER_TLS_CLIENT_KEY"))
        .arg(url)
        .status()
        .unwrap();
    status.success()
}

/// Asks the name server for an A record; the code of the answer (RFC 1035 section 4.1.1) and the last address in it.
pub(crate) fn query(at: SocketAddr, host: &str) -> Option<(u8, Ipv4Addr)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut question = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in host.split('.') {
        question.push(u8::try_from(label.len()).unwrap());
        question.extend(label.bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    socket.send_to(&question, at).unwrap();
    let mut answer = [0; 512];
    let (length, _) = socket.recv_from(&mut answer).ok()?;
    let last: [u8; 4] = answer[length - 4..length].try_into().unwrap();
    Some((answer[3] & 15, Ipv4Addr::from(last)))
}

/// `null`: no body.
pub(crate) const NONE: Value = Value::Null;

pub(crate) fn only(certificate: &str) -> Value {
    json!({ "certificate": certificate })
}
