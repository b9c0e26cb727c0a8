//! The window of an address change: the last answer with the old address, TTL, grace, one interval.

use std::net::IpAddr;

use mock_thales::observe::{Actor, Answer, Event, Question};
use thales_harness::model::{Check, PhaseKind, Side};
use thales_harness::verdict::{Outcome, Reason};

use crate::story::{HOST, Happened, MET, NEW, OLD, Story, VIOLATED, ruled, unwitnessed};

/// TTL 2 s, grace 5 s, interval 250 ms.
const WINDOW_US: u64 = 7_250_000;

fn start() -> Story {
    let mut story = Story::new(Side::Caller);
    story.endpoints = [("old".to_owned(), OLD), ("new".to_owned(), NEW)].into();
    story.begin(PhaseKind::Step);
    story
}

fn asked(story: &mut Story, address: IpAddr) {
    let answer = Answer::Addresses { addresses: vec![address], ttl_s: 2, alias: None };
    let question = Question { name: format!("{HOST}."), kind: "A".to_owned(), protocol: "udp".to_owned(), answer };
    story.fact(Actor::Dns, None, Event::Asked(question));
}

fn change(story: &mut Story) {
    story.begin(PhaseKind::Step);
    let mode = "normal".to_owned();
    story.fact(Actor::Runner, None, Event::ZoneChanged { addresses: vec![NEW], ttl_s: 2, mode });
}

/// The change at one second after the last answer that named the old address.
fn changed() -> (Story, u64) {
    let mut story = start();
    asked(&mut story, OLD);
    let answered_us = story.at_us;
    story.accept("old", OLD, Happened::Through);
    story.at_us = answered_us + 1_000_000;
    change(&mut story);
    (story, answered_us)
}

fn rule(story: &Story) -> (Outcome, Option<Reason>) {
    ruled(&story.rule(Check::Moves("new".parse().expect("a name")), &[1], &[]))
}

#[test]
fn moving_within_the_window_is_met() {
    let (mut story, _) = changed();
    asked(&mut story, NEW);
    story.accept("new", NEW, Happened::Through);
    assert_eq!(rule(&story), MET);
}

#[test]
fn the_old_address_may_be_used_until_the_window_ends_and_not_later() {
    for (late_us, expected) in [(0, MET), (1, VIOLATED)] {
        let (mut story, answered_us) = changed();
        asked(&mut story, NEW);
        story.accept("new", NEW, Happened::Through);
        // The connection's own fact comes 1 ms later.
        story.at_us = answered_us + WINDOW_US - 1000 + late_us;
        story.accept("old", OLD, Happened::Through);
        assert_eq!(rule(&story), expected, "{late_us} us late");
    }
}

#[test]
fn a_late_connection_is_no_verdict_where_the_harness_was_as_late() {
    let (mut story, answered_us) = changed();
    story.at_us = answered_us + WINDOW_US;
    story.fact(Actor::Runner, None, Event::Lagged { by_us: 400_000 });
    story.at_us = answered_us + WINDOW_US + 100_000;
    story.accept("old", OLD, Happened::Through);
    assert_eq!(rule(&story), unwitnessed(Reason::Timing));
}

#[test]
fn a_late_question_is_a_cache_and_a_late_connection_alone_is_none() {
    for (asked_late, expected) in [(false, MET), (true, VIOLATED)] {
        let (mut story, answered_us) = changed();
        if asked_late {
            story.at_us = answered_us + WINDOW_US + 1000;
        }
        asked(&mut story, NEW);
        story.at_us = answered_us + WINDOW_US + 5000;
        story.accept("new", NEW, Happened::Through);
        assert_eq!(rule(&story), expected, "asked late: {asked_late}");
    }
}

#[test]
fn without_a_new_connection_nothing_is_known() {
    let (story, _) = changed();
    assert_eq!(rule(&story), unwitnessed(Reason::NoConnection));
}

#[test]
fn reaching_the_new_address_without_a_question_is_no_proof() {
    let (mut story, _) = changed();
    story.accept("new", NEW, Happened::Through);
    assert_eq!(rule(&story), unwitnessed(Reason::OtherReason));
}

#[test]
fn without_a_connection_before_the_change_nothing_could_be_cached() {
    let mut story = start();
    change(&mut story);
    asked(&mut story, NEW);
    story.accept("new", NEW, Happened::Through);
    assert_eq!(rule(&story), unwitnessed(Reason::Control));
}

#[test]
fn attempts_at_an_address_that_refuses_are_seen() {
    // Those within the window are no cache yet.
    let (mut story, answered_us) = changed();
    let limit_us = answered_us + WINDOW_US;
    story.refuse_dial("old", OLD);
    asked(&mut story, NEW);
    story.accept("new", NEW, Happened::Through);
    assert_eq!(rule(&story), MET);
    story.at_us = limit_us + 100_000;
    story.refuse_dial("old", OLD);
    assert_eq!(rule(&story), VIOLATED);
    // It is no connection, and nothing else is read from it.
    let finding = story.rule(Check::Reaches("old".parse().expect("a name")), &[1], &[]);
    assert_eq!(ruled(&finding), unwitnessed(Reason::OtherReason));
}
