//! One file a word: how it is judged. Adding a check: its data in `model/check.rs`, a file here, a line in each of the
//! two matches.

mod accepted;
mod addressed;
mod asks;
mod asks_first;
mod client_certificate;
mod control;
mod ends;
mod field;
mod files;
mod grants_token;
mod keeps_environment;
mod leaves;
mod moves;
mod names_only_client_ca;
mod notices_sentinel;
mod oauth;
mod payload;
mod port;
mod reaches;
mod recovers;
mod refused;
mod renews;
mod repeats;
mod server_chain;

use super::finding::{Reason, Ruling};
use super::view::View;
use crate::model::{Check, Expectation, Header, Side};

/// Rules on an expectation.
pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    // What was not played is not refused either: "every attempt" holds of none.
    if expectation.phases.is_empty() {
        return Ruling::unwitnessed(Reason::NotPlayed, "what came before it did not end", Vec::new());
    }
    match &expectation.check {
        Check::Accepted => accepted::rule(view, expectation),
        Check::Refused => match view.side() {
            Side::Caller => refused::by_caller(view, expectation),
            Side::Receiver => refused::by_receiver(view, expectation),
            Side::Files => Ruling::unwitnessed(Reason::NotShown, "files refuse nothing", Vec::new()),
        },
        Check::ControlTrust => control::trust(view, expectation),
        Check::ControlVersion => control::version(view, expectation),
        Check::ClientCertificate(aspect) if view.side() == Side::Files => {
            files::certificate(view, expectation, *aspect)
        }
        Check::ClientCertificate(aspect) => client_certificate::rule(view, expectation, *aspect),
        Check::Addressed => addressed::rule(view, expectation),
        Check::AsksFirst => asks_first::rule(view, expectation),
        Check::Reaches(endpoint) => reaches::rule(view, expectation, endpoint),
        Check::Moves(endpoint) => moves::rule(view, expectation, endpoint),
        Check::Leaves(endpoint) => leaves::rule(view, expectation, endpoint),
        Check::Recovers => recovers::rule(view, expectation),
        Check::Ends(bounds) => ends::rule(view, expectation, *bounds),
        Check::Renews(bounds) => renews::rule(view, expectation, *bounds),
        Check::NoticesSentinel => notices_sentinel::rule(view, expectation),
        Check::ServerChain(aspect) => server_chain::rule(view, expectation, *aspect),
        Check::Port(ports) => port::rule(view, expectation, ports),
        Check::NamesOnlyClientCa => names_only_client_ca::rule(view, expectation),
        Check::KeepsEnvironment => keeps_environment::rule(view, expectation),
        Check::EnvironmentsApart(aspect) => files::apart(view, expectation, *aspect),
        Check::ClientRequest(aspect) => files::request(view, expectation, *aspect),
        Check::RenewalRequest => files::renewal(view, expectation),
        Check::Store(aspect) => files::store(view, expectation, *aspect),
        Check::ServerAnchor(aspect) => files::anchor(view, expectation, *aspect),
        Check::ServerChainKept => files::chain_kept(view, expectation),
        Check::OAuth(aspect) => oauth::rule(view, expectation, *aspect),
        Check::Field(name) => field::rule(view, expectation, name),
        Check::Payload => payload::rule(view, expectation),
        Check::GrantsToken => grants_token::rule(view, expectation),
        Check::Repeats(wanted) => repeats::rule(view, expectation, *wanted),
        Check::Asks(request) => asks::rule(view, expectation, request),
    }
}

/// What an expectation asks for, in words.
pub(super) fn expected(header: &Header, expectation: &Expectation) -> String {
    let subject = &expectation.subject;
    match &expectation.check {
        Check::Accepted => format!("goes through with it: {subject}"),
        Check::Refused => format!("refuses before any application data: {subject}"),
        Check::ControlTrust => match header.script.side {
            Side::Caller => "trusts the chain that the portal gave and sends its request".to_owned(),
            Side::Receiver => "trusts the Thales Client CA and answers as declared".to_owned(),
            Side::Files => "nothing: files are no control".to_owned(),
        },
        Check::ControlVersion => "completes a handshake in TLS 1.2 or later".to_owned(),
        Check::ClientCertificate(_) if header.script.side == Side::Files => files::expected(header, expectation),
        Check::ClientCertificate(aspect) => client_certificate::expected(header, *aspect),
        Check::Addressed => format!("SNI and Host header are {}", header.context.inbound_host),
        Check::AsksFirst => "asks the name server before its first connection".to_owned(),
        Check::Reaches(endpoint) => format!("connects to endpoint {endpoint}"),
        Check::Moves(endpoint) => format!("new connections go to endpoint {endpoint} within TTL and grace"),
        Check::Leaves(endpoint) => format!("leaves its kept-alive connection to endpoint {endpoint} by itself"),
        Check::Recovers => "asks again and reaches the endpoint once the name server answers".to_owned(),
        Check::Ends(bounds) => {
            format!("the call ends within {} and with at most {} connections", bounds.within, bounds.connections)
        }
        Check::Renews(bounds) => {
            let lost = bounds
                .lost
                .map_or_else(String::new, |lost| format!(", and at most {lost} call(s) are lost on the way"));
            format!("every call shows the renewed certificate once Thales endorses it alone{lost}")
        }
        Check::NoticesSentinel => "aborts on the downgrade sentinel (RFC 8446 section 4.1.3)".to_owned(),
        Check::ServerChain(aspect) => server_chain::expected(header, *aspect),
        Check::Port(ports) => {
            let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
            format!("listens on port {}", ports.join(" or "))
        }
        Check::NamesOnlyClientCa => "asks for a certificate of the Thales Client CA, and names no other".to_owned(),
        Check::KeepsEnvironment => "neither asks for, dials nor shows what belongs to another environment".to_owned(),
        Check::EnvironmentsApart(_)
        | Check::ClientRequest(_)
        | Check::RenewalRequest
        | Check::Store(_)
        | Check::ServerAnchor(_)
        | Check::ServerChainKept => files::expected(header, expectation),
        Check::OAuth(aspect) => oauth::expected(header, expectation, *aspect),
        Check::Field(name) => field::expected(header, name),
        Check::Payload => payload::expected(header),
        Check::GrantsToken => "its token endpoint takes client credentials as a form with Basic authentication, and its API takes the token".to_owned(),
        Check::Repeats(true) => "makes the request again after an error that may pass".to_owned(),
        Check::Repeats(false) => "does not make the request again after an error that stays".to_owned(),
        Check::Asks(request) => format!("makes the request `{request}`"),
    }
}
