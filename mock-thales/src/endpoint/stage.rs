//! Listeners, the addresses behind them, and the endpoints that live there.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Shutdown};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::conduct::Conduct;
use super::connection;
use crate::observe::{Actor, Event, Recorder};

/// Every listener of one network.
#[derive(Debug)]
pub struct Stage {
    recorder: Arc<Recorder>,
    endpoints: RwLock<HashMap<IpAddr, Arc<Endpoint>>>,
    listeners: Mutex<Vec<(std::net::TcpListener, JoinHandle<()>)>>,
    watches: Mutex<Vec<JoinHandle<()>>>,
}

impl Stage {
    /// A stage without endpoints and listeners.
    pub fn new(recorder: Arc<Recorder>) -> Arc<Self> {
        Arc::new(Self {
            recorder,
            endpoints: RwLock::default(),
            listeners: Mutex::default(),
            watches: Mutex::default(),
        })
    }

    /// Lets an endpoint live at an address, in place of any that lived there; at the unspecified one, at every address
    /// where no other lives.
    pub fn publish(&self, address: IpAddr, endpoint: Arc<Endpoint>) {
        self.endpoints.write().unwrap_or_else(PoisonError::into_inner).insert(address, endpoint);
    }

    /// Accepts connections of a listener until [`Stage::stop_listening`].
    ///
    /// # Errors
    /// The listener cannot be handed to the runtime.
    pub fn listen(self: &Arc<Self>, listener: std::net::TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let handle = listener.try_clone()?;
        let listener = TcpListener::from_std(listener)?;
        let stage = Arc::clone(self);
        let task = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => stage.take(stream),
                    // Out of descriptors, or a connection that ended in the queue: the next one may be good.
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push((handle, task));
        Ok(())
    }

    /// Records who dials a port of an address at which nothing listens any more. The socket is a raw one for TCP, bound
    /// to the address: it sees the packets that arrive and answers none.
    pub fn watch_refusals(&self, packets: std::net::UdpSocket, port: u16, endpoint: &Endpoint) {
        let (recorder, actor) = (Arc::clone(&self.recorder), Actor::Endpoint(endpoint.name.clone()));
        let task = tokio::spawn(async move {
            // What is not seen leaves the row open that it would decide.
            let _ = super::refusals::watch(packets, port, actor, recorder).await;
        });
        self.watches.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    /// Closes every listener. Connections go on.
    pub async fn stop_listening(&self) {
        let tasks = std::mem::take(&mut *self.listeners.lock().unwrap_or_else(PoisonError::into_inner));
        for (listener, task) in tasks {
            // Closing alone does not do: a process that is just being started has a copy of the socket until its
            // program begins, and as long as any copy listens the kernel accepts connections and the port is taken.
            let _ = SockRef::from(&listener).shutdown(Shutdown::Both);
            task.abort();
            // Only an ended task has closed its socket.
            let _ = task.await;
        }
    }

    fn endpoint_at(&self, address: IpAddr) -> Option<Arc<Endpoint>> {
        let endpoints = self.endpoints.read().unwrap_or_else(PoisonError::into_inner);
        endpoints.get(&address).or_else(|| endpoints.get(&IpAddr::V4(Ipv4Addr::UNSPECIFIED))).cloned()
    }

    fn take(&self, stream: TcpStream) {
        let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else { return };
        // The socket may be gone already; a connection without the option is only slower.
        let _ = stream.set_nodelay(true);
        let endpoint = self.endpoint_at(local.ip());
        let actor = endpoint.as_ref().map_or(Actor::Unpublished, |endpoint| Actor::Endpoint(endpoint.name.clone()));
        let recorder = self.recorder.connection(actor);
        recorder.record(Event::Accepted { local, peer });
        match endpoint {
            Some(endpoint) => {
                tokio::spawn(async move { connection::serve(stream, &endpoint, recorder).await });
            }
            None => {
                tokio::spawn(async move { connection::turn_away(stream, recorder).await });
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for (_, task) in self.listeners.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
        for task in self.watches.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

/// One endpoint. Its conduct is changed between phases; a connection keeps the conduct that accepted it.
#[derive(Debug)]
pub struct Endpoint {
    name: String,
    conduct: RwLock<Arc<Conduct>>,
    draining: AtomicBool,
    /// Raised to end the connections that are open: by a dying endpoint, or at the end of a phase.
    cut: watch::Sender<u64>,
    /// How long a connection may stay without anything new from the peer.
    patience: Duration,
}

impl Endpoint {
    /// An endpoint with its first conduct. `patience` bounds the wait for a peer that says nothing.
    pub fn new(name: &str, conduct: Arc<Conduct>, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            conduct: RwLock::new(conduct),
            draining: AtomicBool::new(false),
            cut: watch::Sender::new(0),
            patience,
        })
    }

    /// Its name in the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Conduct towards connections that are accepted from now on.
    pub fn behave(&self, conduct: Arc<Conduct>) {
        *self.conduct.write().unwrap_or_else(PoisonError::into_inner) = conduct;
    }

    /// From now on each answer closes its connection.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Ends every open connection.
    pub fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    pub(super) fn conduct(&self) -> Arc<Conduct> {
        Arc::clone(&self.conduct.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.cut.subscribe()
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }
}
