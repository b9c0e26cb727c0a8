//! Thales standing by itself, for manual work and for other test suites: endpoint, name server and client on addresses
//! that stay, told what to do over HTTP. It judges nothing. What plays is what plays in scenarios: the counterpart's
//! actors, made ready by `run`.

mod control;
mod counterpart;
mod history;
mod log;
mod order;
mod route;
mod token;

pub use control::Control;
pub use counterpart::{Counterpart, StandingError, Stands};
pub use log::Log;
pub use order::{CallAnswer, CallOrder};
pub use route::{DESCRIPTION, ROUTES};
pub use token::{Token, TokenError, VARIABLE};
