//! The trait for integrations in Rust, and the thread that runs one inside a world.
//!
//! Customer code never runs on the counterpart's runtime: it gets a thread of its own, which lives in the world's
//! network and sees the world's files.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use mock_thales::observe::Claim;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::portal::Portal;
use super::process::bounded;
use crate::world::World;

/// A call that the integration is to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The URL to call: Thales' host and base path.
    pub url: String,
    /// HTTP method.
    pub method: String,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
}

/// An integration in this process. Only the call has no default.
pub trait Integration {
    /// Calls Thales as the integration does in Production.
    ///
    /// # Errors
    /// What the integration would report to its own caller, in words.
    fn call(&mut self, request: &Request) -> Result<Reply, String>;

    /// Starts the server that Thales calls, on this address, and returns once it listens. It stops when the
    /// integration is dropped.
    ///
    /// # Errors
    /// Why it cannot serve.
    fn serve(&mut self, at: SocketAddr) -> Result<(), String> {
        Err(format!("this integration serves nothing at {at}"))
    }

    /// Is told that its files are now those of its renewed client certificate, and returns once it uses them.
    ///
    /// # Errors
    /// Why it cannot. An integration that notices by itself, or that is built anew, has nothing to do here: its subject
    /// says so.
    fn renew(&mut self, portal: &Portal) -> Result<(), String> {
        Err(format!("unsupported: this integration is not told of new files in {}", portal.directory.display()))
    }
}

/// Builds an integration for one scenario, on the thread that will run it.
pub type Factory = Arc<dyn Fn(&Portal) -> Result<Box<dyn Integration>, String> + Send + Sync>;

enum Order {
    Call(Request, oneshot::Sender<Result<Reply, String>>),
    Serve(SocketAddr, oneshot::Sender<Result<(), String>>),
    Renew(Box<Portal>, oneshot::Sender<Result<(), String>>),
}

/// An integration on a thread of its own.
pub(super) struct Tenant {
    orders: Sender<Order>,
}

impl Tenant {
    /// Moves a new thread into the world and builds the integration there.
    pub(super) async fn start(
        world: Arc<World>,
        factory: Factory,
        portal: Portal,
        within: Duration,
    ) -> Result<Self, String> {
        let (orders, inbox) = mpsc::channel();
        let (ready, built) = oneshot::channel();
        std::thread::Builder::new()
            .name("integration".to_owned())
            .spawn(move || {
                let entered = world.enter_current_thread().map_err(|error| error.to_string());
                // A thread that hangs later must not keep the world open.
                drop(world);
                let made = entered.and_then(|()| guarded(|| factory(&portal)));
                match made {
                    Ok(mut integration) => {
                        // Whoever waited may have given up.
                        let _ = ready.send(Ok(()));
                        serve_orders(integration.as_mut(), &inbox);
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            })
            .map_err(|error| format!("no thread for the integration: {error}"))?;
        match timeout(within, built).await {
            Ok(Ok(built)) => built.map(|()| Self { orders }),
            Ok(Err(_)) => Err("the integration's thread ended".to_owned()),
            Err(_) => Err(format!("the integration was not built within {within:?}")),
        }
    }

    /// Asks for a call.
    pub(super) async fn call(&self, request: Request, within: Duration) -> Claim {
        let (reply, answer) = oneshot::channel();
        if self.orders.send(Order::Call(request, reply)).is_err() {
            return Claim::Failed { error: "the integration's thread has ended".to_owned() };
        }
        match timeout(within, answer).await {
            Ok(Ok(Ok(reply))) => Claim::Completed { status: Some(reply.status) },
            Ok(Ok(Err(error))) => Claim::Failed { error: bounded(&error) },
            Ok(Err(_)) => Claim::Failed { error: "the integration's thread has ended".to_owned() },
            Err(_) => Claim::TimedOut,
        }
    }

    /// Asks it to serve.
    pub(super) async fn serve(&self, at: SocketAddr, within: Duration) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Serve(at, reply))?;
        done(answer, within, "it does not listen").await
    }

    /// Tells it of its renewed certificate.
    pub(super) async fn renew(&self, portal: Portal, within: Duration) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Renew(Box::new(portal), reply))?;
        done(answer, within, "it did not return from `renew`").await
    }

    fn order(&self, order: Order) -> Result<(), String> {
        self.orders.send(order).map_err(|_| "the integration's thread has ended".to_owned())
    }
}

/// What came back of an order that brings no reply of its own.
async fn done(answer: oneshot::Receiver<Result<(), String>>, within: Duration, what: &str) -> Result<(), String> {
    match timeout(within, answer).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err("the integration's thread has ended".to_owned()),
        Err(_) => Err(format!("{what} within {within:?}")),
    }
}

fn serve_orders(integration: &mut dyn Integration, inbox: &mpsc::Receiver<Order>) {
    while let Ok(order) = inbox.recv() {
        match order {
            Order::Call(request, reply) => {
                let _ = reply.send(guarded(|| integration.call(&request)));
            }
            Order::Serve(at, reply) => {
                let _ = reply.send(guarded(|| integration.serve(at)));
            }
            Order::Renew(portal, reply) => {
                let _ = reply.send(guarded(|| integration.renew(&portal)));
            }
        }
    }
}

/// A panic in the integration is the integration's conduct.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no words");
        Err(format!("the integration panicked: {words}"))
    })
}
