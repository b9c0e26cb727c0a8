//! A caller put together from parts of which one is wrong. It serves as the reference does.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use thales_harness::reference::Reference;
use thales_harness::{Integration, Portal, Reply, Request};

use super::tls::{Own, Rustls, Stream, Tls, own, verifier};

/// Longest wait for Thales.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How an address is found.
pub(super) type Lookup = Box<dyn FnMut(&str, u16) -> io::Result<SocketAddr> + Send>;

/// What is done with a call that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterFailure {
    /// Its error is told.
    Tell,
    /// It is made again at once, up to so many times.
    Again(u32),
    /// The call waits, where it was Thales that refused.
    Hang(Duration),
}

/// A caller.
pub(super) struct Caller {
    tls: Box<dyn Tls>,
    lookup: Lookup,
    host_header: Option<&'static str>,
    path: Option<&'static str>,
    keeps: bool,
    kept: Option<Box<dyn Stream>>,
    after_failure: AfterFailure,
    twice: bool,
    serving: Option<Reference>,
}

impl Caller {
    /// The reference's conduct over another TLS.
    pub(super) fn over(portal: &Portal, tls: impl Tls + 'static) -> Self {
        Self {
            tls: Box::new(tls),
            lookup: Box::new(system),
            host_header: None,
            path: None,
            keeps: false,
            kept: None,
            after_failure: AfterFailure::Tell,
            twice: false,
            // Some keys are none that the reference could read.
            serving: Reference::new(portal).ok(),
        }
    }

    /// The reference's conduct with the reference's TLS.
    pub(super) fn new(portal: &Portal) -> Result<Self, String> {
        Self::showing(portal, Some(own(portal)?))
    }

    /// The same with another identity, or none.
    pub(super) fn showing(portal: &Portal, own: Option<Own>) -> Result<Self, String> {
        Ok(Self::over(portal, Rustls::new(verifier(portal)?, own)?))
    }

    /// Finds addresses in another way.
    pub(super) fn looking_up(mut self, lookup: Lookup) -> Self {
        self.lookup = lookup;
        self
    }

    /// Sends another Host header.
    pub(super) fn host_header(mut self, host: &'static str) -> Self {
        self.host_header = Some(host);
        self
    }

    /// Asks for another path.
    pub(super) fn path(mut self, path: &'static str) -> Self {
        self.path = Some(path);
        self
    }

    /// Keeps its connection for as long as it lives.
    pub(super) fn keeping(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Makes two connections, and two requests, for each call.
    pub(super) fn twice(mut self) -> Self {
        self.twice = true;
        self
    }

    /// Treats failures in another way.
    pub(super) fn after_failure(mut self, after: AfterFailure) -> Self {
        self.after_failure = after;
        self
    }

    fn dial(&mut self, host: &str, port: u16) -> io::Result<Box<dyn Stream>> {
        let address = (self.lookup)(host, port)?;
        let socket = TcpStream::connect_timeout(&address, TIMEOUT)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        socket.set_write_timeout(Some(TIMEOUT))?;
        self.tls.secure(host, socket)
    }

    fn once(&mut self, url: &str, method: &str) -> io::Result<u16> {
        let (host, port, path) = split(url)?;
        if let Some(mut kept) = self.kept.take()
            && let Ok(status) = self.exchange(kept.as_mut(), &host, &path, method)
        {
            self.kept = Some(kept);
            return Ok(status);
        }
        let mut stream = self.dial(&host, port)?;
        let status = self.exchange(stream.as_mut(), &host, &path, method)?;
        if self.keeps {
            self.kept = Some(stream);
        }
        Ok(status)
    }

    fn exchange(&self, stream: &mut dyn Stream, host: &str, path: &str, method: &str) -> io::Result<u16> {
        let host = self.host_header.unwrap_or(host);
        let path = self.path.unwrap_or(path);
        let connection = if self.keeps { "keep-alive" } else { "close" };
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n\r\n")?;
        stream.flush()?;
        read_answer(stream)
    }
}

impl Integration for Caller {
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        let mut left = match self.after_failure {
            AfterFailure::Again(times) => times,
            _ => 0,
        };
        let status = loop {
            match self.once(&request.url, &request.method) {
                Ok(status) => break status,
                Err(_) if left > 0 => left -= 1,
                Err(error) => {
                    if let AfterFailure::Hang(time) = self.after_failure
                        && error.to_string().contains("received fatal alert")
                    {
                        std::thread::park_timeout(time);
                    }
                    return Err(error.to_string());
                }
            }
        };
        if self.twice {
            let _ = self.once(&request.url, &request.method);
        }
        Ok(Reply { status })
    }

    fn serve(&mut self, at: SocketAddr) -> Result<(), String> {
        self.serving.as_mut().ok_or("the reference cannot serve with this identity")?.serve(at)
    }
}

/// The system's resolver.
pub(super) fn system(host: &str, port: u16) -> io::Result<SocketAddr> {
    (host, port).to_socket_addrs()?.next().ok_or_else(|| io::Error::other("the name has no address"))
}

/// Host, port and path of a URL.
pub(super) fn split(url: &str) -> io::Result<(String, u16, String)> {
    let rest = url.strip_prefix("https://").ok_or_else(|| io::Error::other("no https URL"))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(io::Error::other)?),
        None => (authority, 443),
    };
    Ok((host.to_owned(), port, format!("/{path}")))
}

/// Status of an answer, read to the end of its body.
fn read_answer(stream: &mut dyn Stream) -> io::Result<u16> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    let head = loop {
        if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::Error::other("the answer is no HTTP")),
            read => answer.extend_from_slice(&buffer[..read]),
        }
    };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    while answer.len() < head + length {
        match stream.read(&mut buffer)? {
            0 => break,
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
    text.split_ascii_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::other("the answer has no status"))
}
