//! The reference's receiver: trusts the Thales Client CA and nothing else, pins nothing, answers every good call.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};

use super::ReferenceError;
use super::client::{certificates, key_of};
use super::door::Door;
use crate::integration::Portal;

/// Longest wait for a caller.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A server that runs until it is dropped.
pub(super) struct Server {
    listener: TcpListener,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(portal: &Portal, at: SocketAddr) -> Result<Self, ReferenceError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates(portal, "THALES_CLIENT_CA")?);
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|_| ReferenceError::Asset("THALES_CLIENT_CA"))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                certificates(portal, "CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN")?,
                key_of(portal, "CUSTOMER_TLS_SERVER_KEY")?,
            )?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        let config = Arc::new(config);
        let door = Arc::new(Door::new(&portal.profile));
        let listener = TcpListener::bind(at).map_err(|error| ReferenceError::Io("listen", error))?;
        let accepting = listener.try_clone().map_err(|error| ReferenceError::Io("listen", error))?;
        let thread = std::thread::spawn(move || {
            while let Ok((socket, _)) = accepting.accept() {
                let (config, door) = (Arc::clone(&config), Arc::clone(&door));
                std::thread::spawn(move || answer(socket, config, &door));
            }
        });
        Ok(Self { listener, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Wakes the thread that accepts: its call fails on a socket that is shut down.
        #[cfg(unix)]
        {
            use std::os::fd::AsRawFd;
            let _ = nix::sys::socket::shutdown(self.listener.as_raw_fd(), nix::sys::socket::Shutdown::Both);
            if let Some(thread) = self.thread.take() {
                let _ = thread.join();
            }
        }
    }
}

/// Answers one call. A caller that is refused gets its alert from the engine; nothing is to be done about it here.
fn answer(mut socket: TcpStream, config: Arc<ServerConfig>, door: &Door) {
    let prepared = socket
        .set_nodelay(true)
        .and_then(|()| socket.set_read_timeout(Some(TIMEOUT)))
        .and_then(|()| socket.set_write_timeout(Some(TIMEOUT)));
    let Ok(mut session) = ServerConnection::new(config) else { return };
    if prepared.is_err() {
        return;
    }
    let mut stream = Stream::new(&mut session, &mut socket);
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => request.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    let (status, body) = door.answer(&String::from_utf8_lossy(&request));
    let head = format!("HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    if stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n{body}").as_bytes()).is_ok() {
        session.send_close_notify();
        let _ = session.complete_io(&mut socket);
    }
}
