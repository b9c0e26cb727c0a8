//! The counterpart standing by itself, for manual work: an endpoint and a name server on loopback, the portal's assets
//! in a directory, and every fact as a line of JSON on standard output.

use std::fmt;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::dns::{DnsError, NameServer, Zone};
use mock_thales::endpoint::{Conduct, ConductError, Endpoint, Stage};
use mock_thales::observe::Recorder;
use mock_thales::pki::{Authorities, Names, PkiError};
use mock_thales::plan::{EndpointPlan, ZoneMode, ZonePlan};
use time::OffsetDateTime;

const HELP: &str = "\
Plays Thales on loopback, for manual work.

Usage: mock-thales --portal DIR [--host NAME] [--listen IP:PORT] [--dns IP:PORT]

  --portal DIR      where the portal's assets are written; made if missing
  --host NAME       Thales' host name            [api.dbp-stg.thalescloud.io]
  --listen IP:PORT  the mTLS endpoint            [127.0.0.1:8443]
  --dns IP:PORT     the name server, UDP and TCP [127.0.0.1:5353]

Every fact is written to standard output, one JSON object a line. It runs until it is interrupted.
";

/// How long a connection may stay silent.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            let _ = io::stdout().write_all(HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            let _ = writeln!(io::stderr(), "error: {wrong}\n\n{HELP}");
            return ExitCode::from(3);
        }
    };
    let served =
        tokio::runtime::Runtime::new().map_err(ServeError::Io).and_then(|runtime| runtime.block_on(serve(&options)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: failed to {error}");
            ExitCode::from(4)
        }
    }
}

struct Options {
    portal: PathBuf,
    host: String,
    listen: SocketAddr,
    dns: SocketAddr,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            portal: PathBuf::new(),
            host: "api.dbp-stg.thalescloud.io".to_owned(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            dns: SocketAddr::from((Ipv4Addr::LOCALHOST, 5353)),
        };
        while let Some(word) = words.next() {
            if matches!(word.as_str(), "--help" | "-h") {
                return Ok(None);
            }
            let value = words.next().ok_or_else(|| format!("`{word}` wants a value"))?;
            let address = || value.parse().map_err(|_| format!("`{value}` is no address with a port"));
            match word.as_str() {
                "--portal" => options.portal = PathBuf::from(&value),
                "--host" => options.host = value,
                "--listen" => options.listen = address()?,
                "--dns" => options.dns = address()?,
                _ => return Err(format!("`{word}` is no option")),
            }
        }
        if options.portal.as_os_str().is_empty() {
            return Err("--portal DIR is missing".to_owned());
        }
        if !options.listen.ip().is_loopback() || !options.dns.ip().is_loopback() {
            return Err("it listens on loopback only".to_owned());
        }
        Ok(Some(options))
    }
}

async fn serve(options: &Options) -> Result<(), ServeError> {
    let names = Names {
        inbound_host: options.host.clone(),
        other_host: None,
        issuer_host: "issuer.customer.example".to_owned(),
        common_name: "TEST customer".to_owned(),
    };
    let authorities = Authorities::new(OffsetDateTime::now_utc(), &names)?;
    write_portal(&options.portal, &authorities)?;
    let recorder = Recorder::new();
    let plan = EndpointPlan { keep_alive: true, ..EndpointPlan::default() };
    let conduct = Arc::new(Conduct::new(&plan, &authorities, &[], Arc::default())?);
    let stage = Stage::new(Arc::clone(&recorder));
    stage.publish(options.listen.ip(), Endpoint::new("main", conduct, PATIENCE));
    stage.listen(TcpListener::bind(options.listen)?)?;
    let address = match options.listen.ip() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let zone = ZonePlan { addresses: vec![address], ttl_s: 1, mode: ZoneMode::Normal, subdomain: None };
    let (udp, tcp) = (UdpSocket::bind(options.dns)?, TcpListener::bind(options.dns)?);
    udp.set_nonblocking(true)?;
    tcp.set_nonblocking(true)?;
    let zone = Arc::new(Zone::new(&options.host, zone)?);
    let name_server = NameServer::start(zone, Arc::clone(&recorder), vec![udp], vec![tcp])?;
    writeln!(
        io::stderr(),
        "https://{}:{} on {}, name server on {}, assets in {}",
        options.host,
        options.listen.port(),
        options.listen.ip(),
        options.dns,
        options.portal.display()
    )?;
    tokio::select! {
        told = tell(&recorder) => told?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    name_server.stop().await;
    Ok(())
}

/// Writes each fact when it comes.
async fn tell(recorder: &Recorder) -> io::Result<()> {
    const LONG: Duration = Duration::from_secs(3600);
    let mut told = 0;
    loop {
        recorder.wait_for(std::time::Instant::now() + LONG, |facts| facts.len() > told).await;
        let fresh = recorder.read(|facts| facts[told..].to_vec());
        told += fresh.len();
        let mut out = io::stdout().lock();
        for fact in fresh {
            serde_json::to_writer(&mut out, &fact)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
    }
}

fn write_portal(directory: &Path, authorities: &Authorities) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let client = authorities.customer_client();
    let server = authorities.customer_server();
    let files = [
        ("TSH_TLS_SERVER_CERTIFICATE_CHAIN", authorities.trust_pem(), false),
        ("THALES_CLIENT_CA", authorities.client_ca_pem(), false),
        ("TSH_TLS_CLIENT_CERTIFICATE", authorities.client_leaf_pem(), false),
        ("CUSTOMER_TLS_CLIENT_CERTIFICATE", client.chain_pem(), false),
        ("CUSTOMER_TLS_CLIENT_KEY", client.key_pem(), true),
        ("CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN", server.chain_pem(), false),
        ("CUSTOMER_TLS_SERVER_KEY", server.key_pem(), true),
    ];
    for (name, content, secret) in files {
        write_file(&directory.join(name), &content, secret)?;
    }
    Ok(())
}

/// A key is readable by its owner alone from its first byte.
fn write_file(path: &Path, content: &str, secret: bool) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let mode = if secret { 0o600 } else { 0o644 };
        options.mode(mode);
        let mut file = options.open(path)?;
        // The file may be an old one with another mode.
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.write_all(content.as_bytes())
    }
    #[cfg(not(unix))]
    {
        let _ = secret;
        options.open(path)?.write_all(content.as_bytes())
    }
}

#[derive(Debug)]
enum ServeError {
    Io(io::Error),
    Pki(PkiError),
    Conduct(ConductError),
    Dns(DnsError),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "serve: {error}"),
            Self::Pki(error) => write!(f, "{error}"),
            Self::Conduct(error) => write!(f, "{error}"),
            Self::Dns(error) => write!(f, "{error}"),
        }
    }
}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<PkiError> for ServeError {
    fn from(error: PkiError) -> Self {
        Self::Pki(error)
    }
}

impl From<ConductError> for ServeError {
    fn from(error: ConductError) -> Self {
        Self::Conduct(error)
    }
}

impl From<DnsError> for ServeError {
    fn from(error: DnsError) -> Self {
        Self::Dns(error)
    }
}
