//! A change-over to a renewed certificate: what each call shows, and what is lost on the way.

use mock_thales::observe::{Actor, CertificateDer, Claim, Event};
use thales_harness::model::{Check, PhaseKind, Renews, Side};
use thales_harness::verdict::{Finding, Outcome, Reason};

use crate::story::{Happened, MET, OLD, Story, VIOLATED, ruled, unwitnessed};

/// What a call does: shows a certificate and goes through or is turned away, or never connects.
#[derive(Clone, Copy)]
enum Call {
    Former,
    Renewed,
    Refused(Shown),
    /// Ends with this after it has shown the renewed one.
    Ends(Happened),
    NoConnection,
    Hung,
    Unsupported,
}

#[derive(Clone, Copy)]
enum Shown {
    Former,
    Renewed,
    WithoutItsKey,
    Another,
    Nothing,
}

use Call::{Former, Hung, NoConnection, Refused, Renewed, Unsupported};

fn certificate(byte: u8) -> CertificateDer {
    CertificateDer(vec![byte])
}

fn call(story: &mut Story, call: Call) {
    let [former, renewed, another] = [1, 2, 3].map(certificate);
    let id = story.call_begins();
    let (shown, happened) = match call {
        Former => (Some((&former, true)), Happened::Through),
        Renewed => (Some((&renewed, true)), Happened::Through),
        Call::Ends(happened) => (Some((&renewed, true)), happened),
        Refused(shown) => {
            let shown = match shown {
                Shown::Former => Some((&former, true)),
                Shown::Renewed => Some((&renewed, true)),
                Shown::WithoutItsKey => Some((&renewed, false)),
                Shown::Another => Some((&another, true)),
                Shown::Nothing => None,
            };
            (shown, Happened::TurnedAway)
        }
        NoConnection | Hung | Unsupported => (None, Happened::NoHello),
    };
    if !matches!(call, NoConnection | Hung | Unsupported) {
        story.show("main", OLD, shown, happened);
    }
    let claim = match call {
        Hung => Claim::TimedOut,
        Unsupported => Claim::Unsupported,
        _ => Claim::Failed { error: String::new() },
    };
    story.call_ends(id, claim);
}

/// `told`: `None` where it was not told at all, `Some(false)` where it could not be.
fn renewal(told: Option<bool>, before: &[Call], during: &[Call], after: &[Call]) -> Story {
    let mut story = Story::new(Side::Caller);
    story.endorsed = (Some(certificate(1)), Some(certificate(2)));
    story.begin(PhaseKind::Step);
    before.iter().for_each(|made| call(&mut story, *made));
    story.begin(PhaseKind::Step);
    story.fact(Actor::Runner, None, Event::FilesRenewed { assets: Vec::new() });
    if let Some(told) = told {
        let failed = (!told).then(|| "unsupported".to_owned());
        story.fact(Actor::Runner, None, Event::ToldOfRenewal { how: String::new(), failed });
    }
    during.iter().for_each(|made| call(&mut story, *made));
    story.begin(PhaseKind::Step);
    after.iter().for_each(|made| call(&mut story, *made));
    story
}

fn find(story: &Story, lost: Option<u32>) -> Finding {
    story.rule(Check::Renews(Renews { lost }), &[2], &[])
}

fn rule(during: &[Call], after: &[Call]) -> (Outcome, Option<Reason>) {
    ruled(&find(&renewal(Some(true), &[Former], during, after), Some(0)))
}

#[test]
fn every_call_after_the_overlap_shows_the_renewed_certificate() {
    assert_eq!(rule(&[Former, Renewed], &[Renewed, Renewed]), MET);
    // When it changes over is its own affair, as long as it has by then.
    assert_eq!(rule(&[Former, Former], &[Renewed]), MET);
    for shown in [Shown::Former, Shown::WithoutItsKey, Shown::Another, Shown::Nothing] {
        assert_eq!(rule(&[Renewed], &[Renewed, Refused(shown)]), VIOLATED);
    }
    let kept = find(&renewal(Some(true), &[Former], &[Former, Former], &[Refused(Shown::Former); 3]), None);
    assert!(kept.seen.contains("its former certificate") && kept.seen.contains("3 of 3 call(s) lost"), "{}", kept.seen);
}

#[test]
fn calls_without_a_connection_are_lost() {
    assert_eq!(rule(&[Renewed], &[Renewed, NoConnection]), VIOLATED);
    assert_eq!(rule(&[Renewed], &[NoConnection, NoConnection]), VIOLATED);
    assert_eq!(rule(&[Renewed], &[Hung]), unwitnessed(Reason::Deadline));
    assert_eq!(rule(&[Renewed], &[Unsupported]), unwitnessed(Reason::NotPlayed));
}

#[test]
fn calls_lost_during_the_overlap_count_up_to_the_bound() {
    let story = renewal(Some(true), &[Former], &[Refused(Shown::WithoutItsKey), NoConnection, Renewed], &[Renewed]);
    for (lost, expected) in [(Some(0), VIOLATED), (Some(1), VIOLATED), (Some(2), MET), (None, MET)] {
        let finding = find(&story, lost);
        assert_eq!(ruled(&finding), expected, "{lost:?}");
        assert!(finding.seen.contains("2 of 3 while Thales took both"), "{}", finding.seen);
        assert_eq!(finding.warnings.len(), usize::from(expected == MET));
    }
}

#[test]
fn what_fails_for_another_reason_is_no_loss_of_the_change_over() {
    assert_eq!(rule(&[Renewed], &[Refused(Shown::Renewed)]), unwitnessed(Reason::Counterpart));
    assert_eq!(rule(&[Renewed], &[Call::Ends(Happened::Deadline)]), unwitnessed(Reason::Deadline));
    assert_eq!(rule(&[Renewed], &[Call::Ends(Happened::Alert(48))]), unwitnessed(Reason::OtherReason));
    assert_eq!(rule(&[Call::Ends(Happened::Alert(48))], &[Renewed]), unwitnessed(Reason::OtherReason));
    let mut held_up = renewal(Some(true), &[Former], &[Renewed], &[]);
    let id = held_up.call_begins();
    held_up.fact(Actor::Runner, None, Event::Lagged { by_us: 2_000_000 });
    held_up.call_ends(id, Claim::Failed { error: String::new() });
    assert_eq!(ruled(&find(&held_up, Some(0))), unwitnessed(Reason::Timing));
}

#[test]
fn without_a_beginning_there_is_no_change_over() {
    let rule = |told, before: &[Call], after: &[Call]| ruled(&find(&renewal(told, before, &[Renewed], after), Some(0)));
    assert_eq!(rule(Some(false), &[Former], &[Refused(Shown::Former)]), unwitnessed(Reason::NotPlayed));
    assert_eq!(rule(None, &[Former], &[Refused(Shown::Former)]), unwitnessed(Reason::Deadline));
    // It never showed the certificate that was endorsed at first.
    assert_eq!(rule(Some(true), &[Refused(Shown::Another)], &[Refused(Shown::Another)]), unwitnessed(Reason::Control));
    assert_eq!(rule(Some(true), &[NoConnection], &[Renewed]), unwitnessed(Reason::Control));
    assert_eq!(rule(Some(true), &[Former], &[]), unwitnessed(Reason::NotPlayed));
}
