//! All entries in the order of docs/stacks.md, and those that never speak TLS.

use super::super::stack::{CALLER, Party, RECEIVER, Stack, caller, receiver};
use super::{curl, go, java, nginx, node, proxies, python};

/// All stacks.
pub(crate) fn stacks() -> Vec<Stack> {
    let callers = [
        curl::callers(),
        python::callers(),
        node::callers(),
        java::callers(),
        go::callers(),
        nginx::callers(),
        constant_callers(),
    ];
    let receivers = [
        python::receivers(),
        node::receivers(),
        java::receivers(),
        go::receivers(),
        nginx::receivers(),
        proxies::receivers(),
        constant_receivers(),
    ];
    callers.into_iter().chain(receivers).flatten().collect()
}

/// They never call: nothing may pass.
fn constant_callers() -> Vec<Stack> {
    let constant = |name, tools, word| Stack {
        family: "none",
        inconclusive: CALLER,
        ..caller(name, tools, Party::Command { words: vec![word] })
    };
    vec![
        Stack {
            configuration: "never calls and always claims success",
            ..constant("true", &["true", "openssl"], "true")
        },
        Stack {
            configuration: "never calls and always claims failure",
            ..constant("false", &["false", "openssl"], "false")
        },
    ]
}

/// They never serve: nothing may pass.
fn constant_receivers() -> Vec<Stack> {
    let constant = |name, tools, words: &[&'static str], within| Stack {
        family: "none",
        inconclusive: RECEIVER,
        ..receiver(name, tools, words, within)
    };
    vec![
        Stack {
            configuration: "accepts every connection and closes it",
            ..constant("closing-server", &["python3", "openssl"], &["python3", "closing.py"], "10s")
        },
        Stack {
            configuration: "never listens",
            ..constant("silent-server", &["sleep", "openssl"], &["sleep", "60"], "1s")
        },
    ]
}
