//! The attempts of a row. One connection cannot tell whether an old version is refused: with ECDHE some stacks fail by
//! accident on the SHA-1 signature, and some only because a client certificate is asked for or missing. So a row about
//! old versions is tried with static RSA first, then with ECDHE, with and without a certificate: by an endpoint as far as
//! both sides have a common cipher, by the client with each, and with every exchange at once. And a caller that refuses where it asks for an access token has not shown what it does where it
//! calls, perhaps with another client.

use mock_thales::observe::{ClientHello, Recorder, TlsVersion, connections};
use mock_thales::plan::{AskClient, ClientCertificate, ClientPlan, EndpointPlan, KeyExchange};
use mock_thales::wire::ciphers;

/// Plans of the attempts with their names; one attempt where the row is not about old versions.
pub(super) fn of_endpoint(plan: &EndpointPlan, row: &str, hello: Option<&ClientHello>) -> Vec<(String, EndpointPlan)> {
    let whole = || vec![(row.to_owned(), plan.clone())];
    let Some(version) = legacy(&plan.versions) else { return whole() };
    let Some(hello) = hello.filter(|hello| hello.offers(version)) else {
        // A forced ServerHello: nothing else can be played to a caller that does not offer the version.
        return whole();
    };
    let exchanges: Vec<_> = [(KeyExchange::Rsa, "static RSA"), (KeyExchange::Ecdhe, "ECDHE")]
        .into_iter()
        .filter(|(exchange, _)| ciphers::common(hello, *exchange, plan.leaf))
        .collect();
    if exchanges.is_empty() {
        return whole();
    }
    let asks = [(AskClient::Request, "asking for a certificate"), (AskClient::Never, "not asking for a certificate")];
    let mut attempts = Vec::new();
    for (exchange, exchange_name) in exchanges {
        for (ask, ask_name) in asks {
            let attempt = EndpointPlan { exchange, client_certificate: ask, ..plan.clone() };
            attempts.push((format!("{row}, {exchange_name}, {ask_name}"), attempt));
        }
    }
    attempts
}

/// The same for the client, whatever the server showed to the control: it may have another certificate for another
/// exchange, and one that a client of today does not offer.
pub(super) fn of_client(plan: &ClientPlan, row: &str) -> Vec<(String, ClientPlan)> {
    if legacy(&plan.versions).is_none() {
        return vec![(row.to_owned(), plan.clone())];
    }
    let exchanges =
        [(KeyExchange::Rsa, "static RSA"), (KeyExchange::Ecdhe, "ECDHE"), (KeyExchange::Any, "any key exchange")];
    let mut attempts = Vec::new();
    for (exchange, exchange_name) in exchanges {
        for (certificate, certificate_name) in
            [(plan.certificate, "with a certificate"), (ClientCertificate::None, "without a certificate")]
        {
            let attempt = ClientPlan { exchange, certificate, ..plan.clone() };
            attempts.push((format!("{row}, {exchange_name}, {certificate_name}"), attempt));
        }
    }
    attempts
}

/// The attempt at the call alone, where the caller asked in the phase just played for a token on a connection of its own.
pub(super) fn after_token(name: &str, plan: &EndpointPlan, recorder: &Recorder) -> Option<(String, EndpointPlan)> {
    plan.oauth.as_ref()?;
    let asks_apart = recorder.read(|facts| {
        let phase = facts.iter().rev().find_map(|fact| fact.phase);
        connections(facts).iter().any(|connection| {
            connection.phase == phase && !connection.token_requests.is_empty() && connection.marks.is_empty()
        })
    });
    let attempt =
        || (format!("{name}, at the call after its token"), EndpointPlan { after_token: true, ..plan.clone() });
    asks_apart.then(attempt)
}

fn legacy(versions: &[TlsVersion]) -> Option<TlsVersion> {
    versions.iter().copied().max().filter(|version| version.is_legacy())
}
