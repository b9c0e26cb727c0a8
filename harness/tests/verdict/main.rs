//! Verdicts from written logs: what happened on each connection → met, violated or unwitnessed. No socket is opened.

mod above;
mod chains;
mod fold;
mod moves;
mod neighbours;
mod payloads;
mod refusals;
mod renewals;
mod servers;
mod story;
