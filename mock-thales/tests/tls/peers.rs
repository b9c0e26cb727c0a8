//! The real peers, started as processes. A test whose entry in the list lacks one fails without it, and says which.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::identities::{Authority, HOST};

/// Nothing here takes a second; only a defect meets it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what}: nothing came within {DEADLINE:?}"))
}

pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("a bound socket has an address");
    (listener, address)
}

pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = within("accept", listener.accept()).await.expect("accept");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    stream
}

pub(crate) async fn dial(address: SocketAddr) -> TcpStream {
    let stream = within("connect", TcpStream::connect(address)).await.expect("connect");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    stream
}

/// A child that ends with the test.
pub(crate) struct Peer {
    program: String,
    child: Child,
}

impl Peer {
    pub(crate) fn start<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Self {
        let child = Command::new(program)
            .args(arguments)
            .env_remove("OPENSSL_CONF")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs `{program}`, which cannot be started: {error}"));
        Self { program: program.to_owned(), child }
    }

    pub(crate) async fn end(self) -> Output {
        within(&self.program, self.child.wait_with_output()).await.expect("a started child has an end")
    }

    pub(crate) fn lines(&mut self) -> Lines<BufReader<ChildStdout>> {
        BufReader::new(self.child.stdout.take().expect("stdout is piped")).lines()
    }
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// curl as it is on this machine, told only whom to trust and where the host is.
pub(crate) fn curl(authority: &Authority, address: SocketAddr, more: &[&OsStr]) -> Peer {
    let port = address.port();
    let mut arguments: Vec<std::ffi::OsString> =
        ["-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--http1.1", "--cacert"]
            .map(Into::into)
            .to_vec();
    arguments.push(authority.pem().into());
    arguments.extend(["--resolve".into(), format!("{HOST}:{port}:127.0.0.1").into()]);
    arguments.extend(more.iter().map(Into::into));
    arguments.push(format!("https://{HOST}:{port}/downgraded").into());
    Peer::start("curl", arguments)
}

pub(crate) fn s_client(address: SocketAddr, more: &str) -> Peer {
    let connect = address.to_string();
    let fixed = ["s_client", "-connect", &connect, "-servername", HOST];
    Peer::start("openssl", fixed.into_iter().chain(more.split_whitespace()))
}

/// A Python client that trusts the authority; `settings` are statements about the context `c`.
pub(crate) fn python_client(authority: &Authority, address: SocketAddr, settings: &str) -> Peer {
    let script = format!(
        "import socket, ssl\n\
         c = ssl.create_default_context(cafile={ca:?})\n\
         c.minimum_version = ssl.TLSVersion.TLSv1_2\n\
         {settings}\n\
         c.wrap_socket(socket.create_connection(('127.0.0.1', {port})), server_hostname={HOST:?})\n",
        ca = authority.pem(),
        port = address.port(),
    );
    Peer::start("python3", ["-c", &script])
}

/// A Python server that serves one connection and echoes what it reads. Gives its address.
pub(crate) async fn python_server(leaf: &crate::identities::Leaf, settings: &str) -> (Peer, SocketAddr) {
    let script = format!(
        "import socket, ssl\n\
         c = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)\n\
         c.minimum_version = ssl.TLSVersion.TLSv1_2\n\
         c.load_cert_chain({certificate:?}, {key:?})\n\
         {settings}\n\
         l = socket.create_server(('127.0.0.1', 0))\n\
         print(l.getsockname()[1], flush=True)\n\
         s = c.wrap_socket(l.accept()[0], server_side=True)\n\
         s.sendall(s.recv(100))\n\
         s.unwrap()\n",
        certificate = leaf.certificate,
        key = leaf.key,
    );
    let mut peer = Peer::start("python3", ["-c", &script]);
    let line = within("python3", peer.lines().next_line()).await.expect("a line").expect("its port");
    let port: u16 = line.trim().parse().expect("a port");
    (peer, ([127, 0, 0, 1], port).into())
}

/// `openssl s_server` with that leaf. Gives its address.
pub(crate) async fn s_server(leaf: &crate::identities::Leaf, more: &str) -> (Peer, SocketAddr) {
    let fixed: [&OsStr; 8] = [
        "s_server".as_ref(),
        "-accept".as_ref(),
        "127.0.0.1:0".as_ref(),
        "-cert".as_ref(),
        leaf.certificate.as_os_str(),
        "-key".as_ref(),
        leaf.key.as_os_str(),
        "-rev".as_ref(),
    ];
    let mut peer = Peer::start("openssl", fixed.into_iter().chain(more.split_whitespace().map(OsStr::new)));
    let mut lines = peer.lines();
    loop {
        let line = within("openssl s_server", lines.next_line()).await.expect("a line").expect("its address");
        if let Some(address) = line.strip_prefix("ACCEPT ") {
            let address = address.trim().parse().expect("an address");
            // The rest of its words go nowhere, but somebody has to take them.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (peer, address);
        }
    }
}

/// Reads the head of a request, answers it with an empty 200 and closes.
pub(crate) async fn answer(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within("a request", stream.read_u8()).await.expect("a whole head"));
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.expect("an answer");
    stream.shutdown().await.expect("a close");
    String::from_utf8(head).expect("a request is ASCII")
}

/// The first bytes of a connection up to a whole ClientHello.
pub(crate) async fn hello(stream: &mut TcpStream) -> (Vec<u8>, mock_thales::observe::ClientHello) {
    let mut bytes = Vec::new();
    loop {
        let count = within("a ClientHello", stream.read_buf(&mut bytes)).await.expect("bytes");
        assert_ne!(count, 0, "the peer closed before its ClientHello was complete");
        match mock_thales::wire::hello::read(&bytes) {
            mock_thales::wire::hello::Reading::Incomplete => {}
            mock_thales::wire::hello::Reading::Hello(hello) => return (bytes, *hello),
            mock_thales::wire::hello::Reading::Other { why } => panic!("{why}"),
        }
    }
}
