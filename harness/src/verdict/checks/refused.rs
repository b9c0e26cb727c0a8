//! `refused`: the integration refuses by itself, before any application data, between two controls that it accepts.

use mock_thales::observe::{Connection, Ending};

use super::super::finding::{Reason, Ruling};
use super::super::view::{REFUSAL_STATUSES, View, alert_name};
use crate::model::Expectation;

/// Alerts that have nothing to do with a certificate: a refusal with one of them proves nothing about it.
const UNRELATED_ALERTS: [u8; 9] = [10, 20, 22, 47, 50, 70, 109, 110, 120];

/// Statuses with which a server refuses a key or a token.
const REFUSED_CREDENTIALS: [u16; 3] = [400, 401, 403];

pub(super) fn by_caller(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let mut subjects = view.subjects(expectation);
    // Another environment's host shows its good certificate.
    subjects.retain(|connection| view.met_difference(connection) && !view.is_for_other_environment(connection));
    if let Some(through) = subjects.iter().find(|connection| connection.data.is_some()) {
        let seen = match &through.handshake {
            Some(handshake) => format!("went through with it: application data over {}", handshake.what.version),
            None => "went through with it: application data".to_owned(),
        };
        let evidence = through.data.iter().map(|data| data.seq).chain([through.opened.seq]).collect();
        return Ruling::violated(seen, evidence);
    }
    let controls = match view.controls(expectation) {
        Ok(controls) => controls,
        Err(ruling) => return ruling,
    };
    let about_versions = is_about_versions(view, expectation);
    let mut evidence = controls;
    let mut seen = Vec::new();
    let mut by_other_policy = None;
    // A row may need several attempts; each has to be decided by the caller.
    for phase in &expectation.phases {
        // A caller that has its token already met the difference with its call, in the attempt before.
        if view.begins_with_token(*phase) && view.issued_in(*phase).is_none() {
            continue;
        }
        let came: Vec<_> = subjects.iter().copied().filter(|connection| connection.phase == Some(*phase)).collect();
        let attempts: Vec<_> = came.iter().copied().filter(|connection| view.is_witness(connection)).collect();
        if attempts.is_empty() {
            return view.no_witness(&came, evidence);
        }
        for connection in attempts {
            evidence.push(connection.opened.seq);
            let story = view.story(connection);
            if let Some(reason) = undecided(view, connection, about_versions) {
                return Ruling::unwitnessed(reason, story, evidence);
            }
            if about_versions && !is_by_version(connection) {
                by_other_policy.get_or_insert_with(|| story.clone());
            }
            if !seen.contains(&story) {
                seen.push(story);
            }
        }
    }
    let ruling = Ruling::met(seen.join("; "), evidence);
    match by_other_policy {
        Some(story) => ruling
            .warn(format!("refused by other policy than the version ({story}): a change of that policy may open it")),
        None => ruling,
    }
}

fn undecided(view: &View<'_>, connection: &Connection, about_versions: bool) -> Option<Reason> {
    let forced = connection.first_flight.is_some_and(|flight| flight.what.1);
    match connection.ending() {
        Ending::Alert(code) if !about_versions && UNRELATED_ALERTS.contains(&code) => Some(Reason::OtherReason),
        Ending::Alert(_) => None,
        Ending::Silent if !view.is_prompt(connection, about_versions && forced) => Some(Reason::Deadline),
        Ending::Silent if view.was_ended_by_us(connection.phase) => Some(Reason::Deadline),
        Ending::Silent => None,
        Ending::Counterpart => Some(Reason::Counterpart),
        Ending::Undecided => Some(Reason::Deadline),
        Ending::NotJudged | Ending::Accepted => Some(Reason::NoConnection),
    }
}

/// Refused for its version: alert protocol_version, or it does not offer the version at all.
fn is_by_version(connection: &Connection) -> bool {
    let not_offered = connection
        .first_flight
        .is_some_and(|flight| connection.hello.as_ref().is_some_and(|hello| !hello.what.offers(flight.what.0)));
    not_offered || connection.refusing_alert().is_some_and(|alert| alert.what == 70)
}

fn is_about_versions(view: &View<'_>, expectation: &Expectation) -> bool {
    expectation.phases.iter().filter_map(|phase| view.phase(*phase)).any(|phase| {
        let endpoint = phase.endpoints.values().flat_map(|plan| &plan.versions);
        let client = phase.client.iter().flat_map(|plan| &plan.versions);
        endpoint.chain(client).any(|version| version.is_legacy())
    })
}

/// Whether Thales shows other credentials above TLS than it was given.
fn is_about_credentials(view: &View<'_>, expectation: &Expectation) -> bool {
    let mut phases = expectation.phases.iter().filter_map(|phase| view.phase(*phase));
    phases.any(|phase| phase.client.as_ref().is_some_and(|plan| !plan.credentials.are_given()))
}

pub(super) fn by_receiver(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let subjects = view.subjects(expectation);
    let about_versions = is_about_versions(view, expectation);
    let about_credentials = is_about_credentials(view, expectation);
    for connection in &subjects {
        // A server that completes an old handshake has accepted the version, whatever status follows.
        let through = if about_versions { connection.handshake.is_some() } else { is_success(view, connection) };
        if through {
            let seen = match (&connection.handshake, connection.response) {
                (Some(handshake), _) if about_versions => format!("completed a {} handshake", handshake.what.version),
                _ => view.story(connection),
            };
            return Ruling::violated(seen, vec![connection.opened.seq]);
        }
    }
    let controls = match view.controls(expectation) {
        Ok(controls) => controls,
        Err(ruling) => return ruling,
    };
    let mut evidence = controls;
    let mut seen = Vec::new();
    let mut by_other_policy = None;
    for phase in &expectation.phases {
        let attempts: Vec<_> = subjects.iter().filter(|connection| connection.phase == Some(*phase)).collect();
        if attempts.is_empty() {
            return Ruling::unwitnessed(Reason::NoConnection, "no call was made", evidence);
        }
        for connection in attempts {
            evidence.push(connection.opened.seq);
            let story = view.story(connection);
            let status = connection.response.map(|response| response.what.0);
            let has_page = connection.response.is_some_and(|response| response.what.1.is_some());
            let is_controls = |status| view.is_status_of_control(expectation, connection, status);
            let reason = match (status, connection.ending()) {
                // The server says itself that it is about the certificate.
                (Some(_), _) if has_page && !about_credentials => None,
                (Some(status), _) if is_controls(status) => Some(Reason::Indistinct),
                (Some(status), _) if about_credentials => {
                    (!REFUSED_CREDENTIALS.contains(&status)).then_some(Reason::OtherReason)
                }
                (Some(status), _) if REFUSAL_STATUSES.contains(&status) => None,
                // What it says above TLS is no reason to end the connection.
                (None, Ending::Alert(_) | Ending::Silent) if about_credentials => Some(Reason::OtherReason),
                (Some(_), _) => Some(Reason::OtherReason),
                // Whoever takes its time may have let the request in and failed over it.
                (None, Ending::Silent) if !view.is_prompt(connection, false) => Some(Reason::Deadline),
                (None, Ending::Alert(_) | Ending::Silent) => None,
                (None, Ending::Counterpart) => Some(Reason::Counterpart),
                (None, Ending::Undecided) => Some(Reason::Deadline),
                (None, Ending::NotJudged) => Some(Reason::NoConnection),
                // Bytes that are no HTTP.
                (None, Ending::Accepted) => Some(Reason::OtherReason),
            };
            if let Some(reason) = reason {
                return Ruling::unwitnessed(reason, story, evidence);
            }
            if about_versions && connection.refusing_alert().is_none_or(|alert| alert.what != 70) {
                by_other_policy.get_or_insert_with(|| story.clone());
            }
            if !seen.contains(&story) {
                seen.push(story);
            }
        }
    }
    let mut ruling = Ruling::met(seen.join("; "), evidence);
    if about_credentials && !subjects.iter().all(|connection| connection.response.is_some_and(|it| it.what.0 == 401)) {
        ruling = ruling.warn("refused with another status than 401, which tells Thales to get a new token or key");
    }
    match by_other_policy {
        Some(story) => ruling.warn(format!(
            "refused by other policy than the version ({story}, not {}): a change of that policy may open it",
            alert_name(70)
        )),
        None => ruling,
    }
}

fn is_success(view: &View<'_>, connection: &Connection) -> bool {
    connection.response.is_some_and(|response| {
        let status = response.what.0;
        (200..300).contains(&status) && view.good_statuses(connection).iter().any(|good| (200..300).contains(good))
    })
}
