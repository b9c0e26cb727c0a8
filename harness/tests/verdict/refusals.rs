//! Refused, accepted, and the conduct of controls: each way in which a connection may end.

use mock_thales::observe::{End, TlsVersion};
use thales_harness::model::{Check, PhaseKind, Side};
use thales_harness::verdict::{Outcome, Reason};

use crate::story::{Happened, MET, Story, VIOLATED, ruled, unwitnessed};

use Happened::{
    Alert, CompletedThen, CompletedThenAlert, Counterpart, Deadline, Late, LateAfterRequest, NoHello, NotDialled,
    OtherName, Silent, SlowThenSilent, Status, Through,
};

/// Control, row, control, with these things in the row.
fn between(side: Side, row: &[Happened]) -> Story {
    Story::new(side)
        .phase(PhaseKind::Control, &[Through])
        .phase(PhaseKind::Row, row)
        .phase(PhaseKind::Control, &[Through])
}

fn check(side: Side, check: &Check, row: &[Happened], expected: (Outcome, Option<Reason>)) {
    let finding = between(side, row).rule(check.clone(), &[1], &[0, 2]);
    assert_eq!(ruled(&finding), expected, "{side:?} {check:?} {row:?}: {}", finding.seen);
}

#[test]
fn a_caller_refuses_by_itself_or_not_at_all() {
    let refused = |row: &[Happened], expected| check(Side::Caller, &Check::Refused, row, expected);
    // Classes A to E.
    refused(&[Alert(48)], MET);
    refused(&[Silent(End::Fin)], MET);
    refused(&[Silent(End::Reset)], MET);
    refused(&[CompletedThenAlert(42)], MET);
    refused(&[CompletedThen(End::CloseNotify)], MET);
    refused(&[CompletedThen(End::Fin)], MET);
    // Correct stacks send these, too, for a wrong host or an unknown authority.
    refused(&[Alert(40)], MET);
    refused(&[Alert(80)], MET);
    refused(&[Alert(51)], MET);
    // Class F, on whichever connection.
    refused(&[Through], VIOLATED);
    refused(&[Alert(48), Through], VIOLATED);
    // Class T, and whatever the counterpart did first.
    refused(&[Deadline], unwitnessed(Reason::Deadline));
    refused(&[Counterpart], unwitnessed(Reason::Counterpart));
    refused(&[Alert(48), Deadline], unwitnessed(Reason::Deadline));
    // Nothing that could be judged.
    refused(&[], unwitnessed(Reason::NoConnection));
    refused(&[NoHello], unwitnessed(Reason::NoConnection));
    refused(&[OtherName], unwitnessed(Reason::NoConnection));
    // A normal close in TLS 1.3 by Java: user_canceled and close_notify say nothing by themselves.
    refused(&[CompletedThenAlert(90)], MET);
    for unrelated in [10, 20, 22, 47, 50, 70, 109, 110, 120] {
        refused(&[Alert(unrelated)], unwitnessed(Reason::OtherReason));
    }
}

#[test]
fn a_refusal_counts_between_two_controls_only() {
    for (first, last) in [(Silent(End::Fin), Through), (Through, Silent(End::Fin)), (Through, Deadline)] {
        let story = Story::new(Side::Caller)
            .phase(PhaseKind::Control, &[first])
            .phase(PhaseKind::Row, &[Alert(48)])
            .phase(PhaseKind::Control, &[last]);
        assert_eq!(ruled(&story.rule(Check::Refused, &[1], &[0, 2])), unwitnessed(Reason::Control));
    }
    // Application data needs no control.
    let story = Story::new(Side::Caller)
        .phase(PhaseKind::Control, &[])
        .phase(PhaseKind::Row, &[Through])
        .phase(PhaseKind::Control, &[]);
    assert_eq!(ruled(&story.rule(Check::Refused, &[1], &[0, 2])), VIOLATED);
}

#[test]
fn a_close_that_the_harness_caused_is_no_refusal() {
    let story = |happened| {
        Story::new(Side::Caller)
            .phase(PhaseKind::Control, &[Through])
            .hung(PhaseKind::Row, &[happened])
            .phase(PhaseKind::Control, &[Through])
    };
    let rule = |happened, check: Check| ruled(&story(happened).rule(check, &[1], &[0, 2]));
    assert_eq!(rule(Silent(End::Fin), Check::Refused), unwitnessed(Reason::Deadline));
    assert_eq!(rule(Silent(End::Fin), Check::Accepted), unwitnessed(Reason::Deadline));
    // An alert was said before.
    assert_eq!(rule(Alert(48), Check::Refused), MET);
}

#[test]
fn a_late_silence_of_a_caller_is_its_own_time_out() {
    for rule in [Check::Refused, Check::Accepted] {
        check(Side::Caller, &rule, &[Late], unwitnessed(Reason::Deadline));
        let prompt = if rule == Check::Refused { MET } else { VIOLATED };
        check(Side::Caller, &rule, &[Silent(End::Fin)], prompt);
    }
}

#[test]
fn an_old_version_is_refused_with_any_alert_and_every_attempt() {
    let story = |attempts: &[Happened]| {
        let mut story = Story::new(Side::Caller).phase(PhaseKind::Control, &[Through]).speaking(&[TlsVersion::V1_1]);
        for attempt in attempts {
            story = story.phase(PhaseKind::Row, &[*attempt]);
        }
        story.speaking(&[TlsVersion::V1_3]).phase(PhaseKind::Control, &[Through])
    };
    let rule = |attempts: &[Happened]| {
        let last = u32::try_from(attempts.len()).expect("few") + 1;
        let phases: Vec<_> = (1..last).collect();
        story(attempts).rule(Check::Refused, &phases, &[0, last])
    };
    let by_version = rule(&[Alert(70), Alert(70)]);
    assert_eq!((ruled(&by_version), by_version.warnings.len()), (MET, 0));
    let by_policy = rule(&[Alert(70), Alert(80)]);
    assert_eq!((ruled(&by_policy), by_policy.warnings.len()), (MET, 1));
    // ECDHE fails by accident, static RSA goes through: the downgrade is real.
    assert_eq!(ruled(&rule(&[Through, Alert(80)])), VIOLATED);
    assert_eq!(ruled(&rule(&[Alert(80), Deadline])), unwitnessed(Reason::Deadline));
}

#[test]
fn an_accepted_difference_is_data_and_a_refused_one_names_the_difference() {
    let accepted = |row: &[Happened], expected| check(Side::Caller, &Check::Accepted, row, expected);
    accepted(&[Through], MET);
    accepted(&[Alert(42), Through], MET);
    accepted(&[Alert(42)], VIOLATED);
    accepted(&[CompletedThen(End::CloseNotify)], VIOLATED);
    accepted(&[Deadline], unwitnessed(Reason::Deadline));
    accepted(&[], unwitnessed(Reason::NoConnection));
    accepted(&[OtherName], unwitnessed(Reason::NoConnection));
}

#[test]
fn a_receiver_refuses_by_alert_close_or_status() {
    let refused = |row: &[Happened], expected| check(Side::Receiver, &Check::Refused, row, expected);
    refused(&[Alert(48)], MET);
    refused(&[CompletedThenAlert(116)], MET);
    refused(&[Silent(End::Fin)], MET);
    refused(&[CompletedThen(End::Reset)], MET);
    for status in [400, 401, 403, 495, 496] {
        refused(&[Status(status)], MET);
    }
    refused(&[Through], VIOLATED);
    refused(&[Status(204)], VIOLATED);
    refused(&[Status(404)], unwitnessed(Reason::OtherReason));
    refused(&[Status(500)], unwitnessed(Reason::OtherReason));
    refused(&[Status(302)], unwitnessed(Reason::OtherReason));
    refused(&[Deadline], unwitnessed(Reason::Deadline));
    refused(&[NotDialled], unwitnessed(Reason::NoConnection));
    refused(&[Counterpart], unwitnessed(Reason::Counterpart));
    // Every request of the row has to be refused.
    refused(&[Alert(48), Through], VIOLATED);
}

#[test]
fn a_receiver_that_completes_an_old_handshake_has_accepted_it() {
    let story = |row| {
        Story::new(Side::Receiver)
            .phase(PhaseKind::Control, &[Through])
            .speaking(&[TlsVersion::V1_1])
            .phase(PhaseKind::Row, &[row])
            .speaking(&[TlsVersion::V1_3])
            .phase(PhaseKind::Control, &[Through])
    };
    let rule = |row| ruled(&story(row).rule(Check::Refused, &[1], &[0, 2]));
    assert_eq!(rule(Status(400)), VIOLATED);
    assert_eq!(rule(CompletedThenAlert(116)), VIOLATED);
    assert_eq!(rule(Alert(70)), MET);
    assert_eq!(rule(Alert(40)), MET);
}

#[test]
fn a_receiver_accepts_with_its_declared_status() {
    let accepted = |row: &[Happened], expected| check(Side::Receiver, &Check::Accepted, row, expected);
    accepted(&[Through], MET);
    accepted(&[Status(403)], VIOLATED);
    accepted(&[Status(400)], VIOLATED);
    accepted(&[Alert(42)], VIOLATED);
    accepted(&[Silent(End::Fin)], VIOLATED);
    accepted(&[CompletedThen(End::Fin)], VIOLATED);
    // A time-out of its own.
    accepted(&[Late], unwitnessed(Reason::Deadline));
    accepted(&[LateAfterRequest], unwitnessed(Reason::Deadline));
    // The handshake took its time, and the answer to the request was prompt.
    accepted(&[SlowThenSilent], VIOLATED);
    accepted(&[Status(500)], unwitnessed(Reason::OtherReason));
    accepted(&[Deadline], unwitnessed(Reason::Deadline));
}

#[test]
fn a_control_tells_a_wrong_authority_from_a_dead_integration() {
    let rule = |side, happened: &[Happened]| {
        ruled(&Story::new(side).phase(PhaseKind::Control, happened).rule(Check::ControlTrust, &[0], &[]))
    };
    for side in [Side::Caller, Side::Receiver] {
        assert_eq!(rule(side, &[Through]), MET);
        for code in [40, 42, 43, 44, 45, 46, 47, 48, 49, 51, 116] {
            assert_eq!(rule(side, &[Alert(code)]), VIOLATED, "{side:?} {code}");
        }
        assert_eq!(rule(side, &[Alert(80)]), unwitnessed(Reason::Control));
        assert_eq!(rule(side, &[Silent(End::Fin)]), unwitnessed(Reason::Control));
        assert_eq!(rule(side, &[Deadline]), unwitnessed(Reason::Control));
        assert_eq!(rule(side, &[]), unwitnessed(Reason::NoConnection));
    }
    assert_eq!(rule(Side::Receiver, &[Status(500)]), unwitnessed(Reason::Control));
}
