//! One HTTP request to a program on the customer's side of the world, from within it: readiness and triggers. It leaves
//! to its caller what a status means, and how long to wait.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::model::LocalUrl;
use crate::world::World;

/// Longest head that is read, in bytes.
const HEAD_LIMIT: u64 = 64 << 10;

/// Bytes of a body that are kept.
const BODY_LIMIT: usize = 4 << 10;

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LocalResponse {
    /// The status.
    pub(super) status: u16,
    /// The beginning of the body.
    pub(super) body: String,
}

impl LocalResponse {
    /// Whether the status is one of 200 to 299.
    pub(super) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why nothing came back.
#[derive(Debug)]
pub(super) enum LocalHttpError {
    /// No connection came about.
    Connect(String),
    /// It ended without a whole answer.
    Broken(String),
}

impl fmt::Display for LocalHttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::Broken(error) => write!(f, "no whole answer: {error}"),
        }
    }
}

impl std::error::Error for LocalHttpError {}

impl From<std::io::Error> for LocalHttpError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Where a page of the customer's own side is served.
pub(super) fn address(url: &LocalUrl) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, url.port))
}

/// Makes one request without a body and reads its answer to the end. Waits without an end of its own.
///
/// # Errors
/// Nobody listens there, or the answer is not whole.
pub(super) async fn request(world: &World, method: &str, url: &LocalUrl) -> Result<LocalResponse, LocalHttpError> {
    let refused = |error: String| LocalHttpError::Connect(error);
    let socket = world.customer_dialer().map_err(|error| refused(error.to_string()))?;
    let stream = socket.connect(address(url)).await.map_err(|error| refused(error.to_string()))?;
    converse(stream, method, url).await
}

async fn converse(mut stream: TcpStream, method: &str, url: &LocalUrl) -> Result<LocalResponse, LocalHttpError> {
    let host = address(url);
    let head = format!(
        "{method} {} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        url.path
    );
    stream.write_all(head.as_bytes()).await?;
    let mut reader = BufReader::new(stream);
    loop {
        let (status, length) = read_head(&mut reader).await?;
        // Interim answers precede the one that counts (RFC 9110 section 15.2).
        if (100..200).contains(&status) {
            continue;
        }
        let length = if method == "HEAD" || status == 204 || status == 304 { Some(0) } else { length };
        let body = read_body(&mut reader, length).await?;
        return Ok(LocalResponse { status, body });
    }
}

/// The status, and the length of the body where the answer names one.
async fn read_head(reader: &mut BufReader<TcpStream>) -> Result<(u16, Option<u64>), LocalHttpError> {
    let broken = |why: &str| LocalHttpError::Broken(why.to_owned());
    let mut head = reader.take(HEAD_LIMIT);
    let (mut status, mut length) = (None, None);
    loop {
        let mut line = Vec::new();
        head.read_until(b'\n', &mut line).await?;
        if line.last() != Some(&b'\n') {
            return Err(broken(if head.limit() == 0 { "its head is too long" } else { "it ended within its head" }));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']);
        if status.is_none() {
            status = Some(status_of(line).ok_or_else(|| broken("it is no HTTP"))?);
        } else if line.is_empty() {
            return Ok((status.unwrap_or_default(), length));
        } else if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
}

/// The status of a status line (RFC 9112 section 4).
fn status_of(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("HTTP/1.")?;
    let status = rest.split(' ').nth(1)?;
    (status.len() == 3).then(|| status.parse().ok()).flatten()
}

/// Reads the body to its end: that of its length, or of the connection, which was asked to close.
async fn read_body(reader: &mut BufReader<TcpStream>, length: Option<u64>) -> Result<String, LocalHttpError> {
    let mut rest = reader.take(length.unwrap_or(u64::MAX));
    let mut kept = Vec::new();
    let mut read = 0;
    loop {
        let some = rest.fill_buf().await?;
        if some.is_empty() {
            break;
        }
        let (count, room) = (some.len(), BODY_LIMIT.saturating_sub(kept.len()));
        kept.extend_from_slice(&some[..count.min(room)]);
        read += count as u64;
        rest.consume(count);
    }
    if length.is_some_and(|length| read < length) {
        return Err(LocalHttpError::Broken("it ended within its body".to_owned()));
    }
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What is read of an answer, after which its connection is closed.
    async fn read(answer: &'static [u8]) -> Result<LocalResponse, LocalHttpError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a port");
        let at = listener.local_addr().expect("a listener has an address");
        let url = LocalUrl { port: at.port(), path: "/refresh".to_owned() };
        let server = async {
            let (stream, _) = listener.accept().await.expect("somebody connects");
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.expect("a request comes");
            assert_eq!(line, "POST /refresh HTTP/1.1\r\n");
            while line != "\r\n" {
                line.clear();
                stream.read_line(&mut line).await.expect("its head ends");
            }
            stream.get_mut().write_all(answer).await.expect("the answer is taken");
            stream.get_mut().shutdown().await.expect("the connection is closed");
        };
        let client = async {
            let stream = TcpStream::connect(at).await.expect("it listens");
            converse(stream, "POST", &url).await
        };
        tokio::join!(server, client).1
    }

    #[tokio::test]
    async fn answers_are_read_to_their_end() {
        let good = |answer| async move { read(answer).await.map(|response| (response.status, response.body)).ok() };
        let plain = good(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokbeyond").await;
        assert_eq!(plain, Some((200, "ok".to_owned())));
        let old = good(b"HTTP/1.0 503 Service Unavailable\n\nnot yet").await;
        assert_eq!(old, Some((503, "not yet".to_owned())));
        let interim = good(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204\r\n\r\n").await;
        assert_eq!(interim, Some((204, String::new())));
    }

    #[tokio::test]
    async fn what_is_no_whole_answer_is_an_error() {
        for answer in
            [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", b"SSH-2.0\r\n"]
        {
            let read = read(answer).await;
            assert!(matches!(read, Err(LocalHttpError::Broken(_))), "{answer:?}: {read:?}");
        }
    }
}
