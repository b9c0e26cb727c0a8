//! Integrations that do the same whatever they meet. None of them may earn a pass for anything.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use thales_harness::integration::{CallerWay, ReceiverWay};
use thales_harness::{Integration, Portal, Reply, Request};

use super::caller::system;
use super::callers::inbound_but;
use super::defect::{D1, Defect};
use super::receiver::Running;
use super::receivers::outbound_but;

pub(super) fn all() -> Vec<Defect> {
    vec![
        constant("it_fails_every_call_and_does_not_serve", |_| Err("no".to_owned()), refuses_to_serve),
        constant("it_claims_success_and_does_nothing", |_| Ok(Reply { status: 200 }), |_| Ok(None)),
        constant("it_hangs", |_| hang(), |_| hang()).described(|subject| {
            subject.callers[0].within = Duration::from_millis(300);
            subject.receivers[0].within = Duration::from_millis(300);
        }),
        constant("it_panics", |_| give_up(), |_| give_up()),
        expecting_nothing(Defect::new("it_cannot_be_built", |_: &Portal| {
            Err::<Constant, _>("it has no configuration")
        })),
        constant("it_connects_and_says_nothing", |request| dial(request, b""), |at| listen(at, b"")),
        constant(
            "it_speaks_plain_http",
            |request| dial(request, b"GET / HTTP/1.1\r\nHost: api\r\n\r\n"),
            |at| listen(at, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ),
        constant("it_answers_with_noise", |request| dial(request, &NOISE), |at| listen(at, &NOISE)),
        // A line without end, and lines without number.
        shell("it_floods_its_output", "yes | tr -d '\\n' | head -c 2000000; yes | head -c 500000; exit 0"),
        driver(
            "it_answers_each_call_twice",
            "n=0; while read -r line; do n=$((n + 1)); \
             answer=\"{\\\"id\\\":$n,\\\"completed\\\":{\\\"status\\\":200}}\"; \
             echo \"$answer\"; echo \"$answer\"; done",
        ),
        driver("its_driver_floods_its_output", "yes | tr -d '\\n' | head -c 2000000; yes | head -c 500000; exit 0"),
        by_name("it_fails_every_call_whatever_its_name_means", |_| Err("no".to_owned())),
        by_name("it_claims_success_whatever_its_name_means", |_| Ok(Reply { status: 200 })),
        by_name("it_says_nothing_whatever_its_name_means", |request| dial(request, b"")),
    ]
}

/// Rows about names, and about what is said above TLS.
const BY_NAME_AND_ABOVE: [&str; 18] = [
    "dns.resolves",
    "dns.ttl",
    "dns.subdomains",
    "dns.dead-address",
    "dns.pool",
    "dns.recovery",
    "inbound.oauth",
    "supplement.api-key",
    "supplement.correlation-id",
    "supplement.headers",
    "supplement.health",
    "supplement.jwe",
    "supplement.jwt",
    "supplement.outbound-oauth",
    "supplement.pkcs7",
    "supplement.receiver-api-key",
    "supplement.retry",
    "supplement.token-reuse",
];

/// The same for those rows.
fn by_name(name: &'static str, call: fn(&Request) -> Result<Reply, String>) -> Defect {
    constant(name, call, refuses_to_serve)
        .only(&["dns/*", "above/*"])
        .inconclusive(&BY_NAME_AND_ABOVE)
        // Elsewhere it hangs on no answer of Thales'.
        .inconclusive_in(D1, "supplement.tolerance")
}

/// Looks like a TLS record of a kind that there is not.
const NOISE: [u8; 9] = [0x63, 3, 3, 0, 4, 1, 2, 3, 4];

type Serving = Result<Option<Running>, String>;

struct Constant {
    call: fn(&Request) -> Result<Reply, String>,
    serve: fn(SocketAddr) -> Serving,
    running: Option<Running>,
}

impl Integration for Constant {
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        (self.call)(request)
    }

    fn serve(&mut self, at: SocketAddr) -> Result<(), String> {
        self.running = (self.serve)(at)?;
        Ok(())
    }
}

fn constant(
    name: &'static str,
    call: fn(&Request) -> Result<Reply, String>,
    serve: fn(SocketAddr) -> Serving,
) -> Defect {
    expecting_nothing(Defect::new(name, move |_: &Portal| Ok::<_, String>(Constant { call, serve, running: None })))
}

fn expecting_nothing(defect: Defect) -> Defect {
    let inconclusive = [inbound_but(&[]), outbound_but(&[])].concat();
    defect
        // Nobody need wait longer than this for somebody who never listens.
        .described(|subject| subject.receivers[0].within = Duration::from_millis(300))
        .only(&["inbound/*", "outbound/*"])
        .everywhere()
        .inconclusive(&inconclusive)
        // There the certificate bears the identifier.
        .inconclusive_in(D1, "general.customer")
        .passes_nothing()
}

/// A command of the shell in both roles.
fn shell(name: &'static str, script: &'static str) -> Defect {
    commanded(name, script, CallerWay::Command)
}

/// A driver that is a script of the shell.
fn driver(name: &'static str, script: &'static str) -> Defect {
    // It is waited for in vain.
    commanded(name, script, CallerWay::Stdio).described(|subject| subject.callers[0].within = Duration::from_secs(3))
}

fn commanded(name: &'static str, script: &'static str, way: fn(Vec<String>) -> CallerWay) -> Defect {
    let words = || ["sh", "-c", script].map(str::to_owned).to_vec();
    let defect = Defect::new(name, |_: &Portal| Err::<Constant, _>("it is no part of this process"));
    expecting_nothing(defect.described(move |subject| {
        subject.callers[0].way = way(words().iter().map(|word| word.replace('$', "$$")).collect());
        subject.receivers[0].way = ReceiverWay::Command(words().iter().map(|word| word.replace('$', "$$")).collect());
    }))
}

fn refuses_to_serve(_: SocketAddr) -> Serving {
    Err("no".to_owned())
}

/// A panic, without the words on standard error that would only look like a fault of the tests.
fn give_up<T>() -> Result<T, String> {
    std::panic::resume_unwind(Box::new("the integration gives up"))
}

/// Longer than anybody waits, and not for ever.
fn hang<T>() -> Result<T, String> {
    std::thread::park_timeout(Duration::from_secs(20));
    Err("gave up".to_owned())
}

/// Connects where the name server says, sends some bytes and closes.
fn dial(request: &Request, bytes: &[u8]) -> Result<Reply, String> {
    let host = request.url.trim_start_matches("https://").split('/').next().unwrap_or_default();
    let said = || -> std::io::Result<()> {
        let mut socket = TcpStream::connect_timeout(&system(host, 443)?, Duration::from_secs(5))?;
        socket.write_all(bytes)?;
        socket.shutdown(Shutdown::Write)
    };
    said().map_err(|error| error.to_string())?;
    Ok(Reply { status: 200 })
}

/// Answers everybody with some bytes and closes.
fn listen(at: SocketAddr, bytes: &'static [u8]) -> Serving {
    let serve = move |mut socket: TcpStream, _| {
        let _ = socket.read(&mut [0; 4096]);
        let _ = socket.write_all(bytes);
    };
    Running::start(at, serve).map(Some).map_err(|error| error.to_string())
}
