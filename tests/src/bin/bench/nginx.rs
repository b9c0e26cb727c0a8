//! nginx as a plain mTLS server, with everything off that the endpoint does not do either: log, keep-alive, tickets,
//! session cache. Its listener is handed to it, so that it is there before nginx is.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use tempfile::TempDir;

use crate::failure::Failure;
use crate::papers::Papers;

/// Where it is looked for. `/usr/sbin` is not in everybody's path.
const PROGRAMS: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

/// An nginx of this machine.
pub(crate) struct Program {
    program: &'static str,
    /// What it says of itself: version and build.
    build: String,
}

impl Program {
    /// The one that is installed.
    pub(crate) fn find() -> Option<Self> {
        PROGRAMS.into_iter().find_map(|program| {
            let said = Command::new(program).arg("-V").output().ok()?;
            Some(Self { program, build: String::from_utf8_lossy(&said.stderr).into_owned() })
        })
    }

    /// Its version and that of its TLS library, in words.
    pub(crate) fn version(&self) -> String {
        let after = |words: &str| {
            let line = self.build.lines().find_map(|line| line.strip_prefix(words))?;
            Some(line.split("  ").next().unwrap_or(line).to_owned())
        };
        let version = after("nginx version: ").unwrap_or_else(|| "nginx".to_owned());
        match after("built with ") {
            Some(library) => format!("{version} built with {library}"),
            None => version,
        }
    }

    /// Starts it as the server of these papers.
    pub(crate) fn start(&self, papers: &Papers) -> Result<Nginx, Failure> {
        let directory = tempfile::tempdir().map_err(|error| Failure::Io("make a directory for nginx", error))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (at, listener) = bound.map_err(|error| Failure::Io("listen for nginx", error))?;
        fcntl(&listener, FcntlArg::F_SETFD(FdFlag::empty()))
            .map_err(|error| Failure::Kernel("hand nginx its listener", error))?;
        self.write(&directory, at, papers).map_err(|error| Failure::Io("write nginx's files", error))?;
        let child = Command::new(self.program)
            .args(["-e", "stderr", "-c", "nginx.conf", "-p"])
            .arg(directory.path())
            // How a new nginx is given the listeners of the one that it replaces.
            .env("NGINX", format!("{};", listener.as_raw_fd()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| Failure::Io("start nginx", error))?;
        Ok(Nginx { child, at, _directory: directory })
    }

    fn write(&self, directory: &TempDir, at: SocketAddr, papers: &Papers) -> io::Result<()> {
        let file = |name: &str, text: &str| fs::write(directory.path().join(name), text);
        file("server.pem", &papers.server_chain)?;
        file("server.key", &papers.server_key)?;
        file("client.pem", &papers.client_chain)?;
        // Its master reads the key as root and its worker must not be refused the directory.
        let user = if geteuid().is_root() { "user root;" } else { "" };
        let mut folders = "client_body_temp_path body;".to_owned();
        for module in ["proxy", "fastcgi", "uwsgi", "scgi"] {
            if !self.build.contains(&format!("--without-http_{module}_module")) {
                folders.push_str(&format!(" {module}_temp_path {module};"));
            }
        }
        file(
            "nginx.conf",
            &format!(
                "{user}
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr crit;
events {{ worker_connections 512; }}
http {{
    access_log off;
    {folders}
    keepalive_timeout 0;
    server {{
        listen {at} ssl;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        ssl_client_certificate client.pem;
        ssl_verify_client on;
        ssl_protocols TLSv1.3;
        ssl_session_cache off;
        ssl_session_tickets off;
        ssl_conf_command NumTickets 0;
        location / {{ return 200; }}
    }}
}}
"
            ),
        )
    }
}

/// A running nginx. It ends with this.
pub(crate) struct Nginx {
    child: Child,
    /// Where it listens.
    pub(crate) at: SocketAddr,
    _directory: TempDir,
}

impl Nginx {
    /// Its master process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its master ends its worker. Where it has ended by itself there is nothing to end.
        if let Ok(id) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}
