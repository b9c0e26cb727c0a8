//! What a caller needs beside Thales, on the same port and by the same name server.

use std::net::{IpAddr, Ipv4Addr};

use mock_thales::observe::{Actor, Answer, Event, Question};
use thales_harness::model::{Check, PhaseKind, Side};
use thales_harness::verdict::Reason;

use crate::story::{HOST, Happened, MET, NEW, OLD, Story, VIOLATED, ruled, unwitnessed};

/// Where a cluster's own interface may be.
const BESIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 96, 0, 1));
const OTHER: &str = "api.production.test";

fn asked(story: &mut Story) {
    let answer = Answer::Addresses { addresses: vec![OLD], ttl_s: 2, alias: None };
    let question = Question { name: format!("{HOST}."), kind: "A".to_owned(), protocol: "udp".to_owned(), answer };
    story.fact(Actor::Dns, None, Event::Asked(question));
}

fn first(beside: Option<Option<&str>>, calls: bool) -> Story {
    let mut story = Story::new(Side::Caller);
    story.begin(PhaseKind::Step);
    if let Some(sni) = beside {
        story.strays(BESIDE, sni);
    }
    if calls {
        asked(&mut story);
        story.accept("main", OLD, Happened::Through);
    }
    story
}

#[test]
fn another_service_on_port_443_is_not_taken_for_thales() {
    let asks = |beside, calls| ruled(&first(beside, calls).rule(Check::AsksFirst, &[0], &[]));
    assert_eq!(asks(None, true), MET);
    assert_eq!(asks(Some(Some("kubernetes.default")), true), MET);
    // It names nobody: whom it was meant for only the integration file can say.
    assert_eq!(asks(Some(None), true), unwitnessed(Reason::OtherReason));
    // Thales by an address of one's own.
    assert_eq!(asks(Some(Some(HOST)), true), VIOLATED);
    assert_eq!(asks(Some(None), false), VIOLATED);
    assert_eq!(asks(Some(Some("kubernetes.default")), false), unwitnessed(Reason::NoConnection));
}

/// The last of the nameless is the one that is late.
#[test]
fn a_nameless_connection_after_the_window_leaves_the_move_open() {
    let rule = |late: bool| {
        let mut story = Story::new(Side::Caller);
        story.endpoints = [("old".to_owned(), OLD), ("new".to_owned(), NEW)].into();
        story.begin(PhaseKind::Step);
        asked(&mut story);
        story.accept("old", OLD, Happened::Through);
        story.strays(BESIDE, None);
        story.begin(PhaseKind::Step);
        let mode = "normal".to_owned();
        story.fact(Actor::Runner, None, Event::ZoneChanged { addresses: vec![NEW], ttl_s: 2, mode });
        let answer = Answer::Addresses { addresses: vec![NEW], ttl_s: 2, alias: None };
        let question = Question { name: format!("{HOST}."), kind: "A".to_owned(), protocol: "udp".to_owned(), answer };
        story.fact(Actor::Dns, None, Event::Asked(question));
        story.accept("new", NEW, Happened::Through);
        if late {
            story.at_us += 20_000_000;
        }
        story.strays(BESIDE, None);
        ruled(&story.rule(Check::Moves("new".parse().expect("a name")), &[1], &[]))
    };
    assert_eq!(rule(false), MET);
    assert_eq!(rule(true), unwitnessed(Reason::OtherReason));
}

#[test]
fn names_are_judged_where_thales_is() {
    let addressed = |beside: Option<&str>, calls: bool| {
        let mut story = first(Some(beside), false);
        if calls {
            story.accept("main", OLD, Happened::OtherName);
        }
        ruled(&story.rule(Check::Addressed, &[0], &[]))
    };
    assert_eq!(addressed(Some("kubernetes.default"), false), unwitnessed(Reason::NoConnection));
    assert_eq!(addressed(None, false), VIOLATED);
    // At Thales' own address the name is wrong.
    assert_eq!(addressed(Some("kubernetes.default"), true), VIOLATED);
}

#[test]
fn a_bad_certificate_is_not_shown_by_the_other_environments_host() {
    let rule = |sni: &str| {
        let mut story = Story::new(Side::Caller).phase(PhaseKind::Control, &[Happened::Through]);
        story.environments = vec![("pre-production", HOST, "/"), ("production", OTHER, "/")];
        story.begin(PhaseKind::Row);
        story.accept_for(sni);
        story.accept("main", OLD, Happened::Alert(45));
        let story = story.phase(PhaseKind::Control, &[Happened::Through]);
        ruled(&story.rule(Check::Refused, &[1], &[0, 2]))
    };
    assert_eq!(rule(OTHER), MET);
    assert_eq!(rule(HOST), VIOLATED);
    // Whoever goes through with it for any other name has gone through with it.
    assert_eq!(rule("lb-7.example.test"), VIOLATED);
}

#[test]
fn a_question_for_a_name_that_only_ends_alike_is_none_for_thales() {
    let recovers = |name: String| {
        let mut story = Story::new(Side::Caller);
        story.begin(PhaseKind::Step);
        asked(&mut story);
        story.accept("main", OLD, Happened::Through);
        story.begin(PhaseKind::Step);
        let failed = Question { name, kind: "A".to_owned(), protocol: "udp".to_owned(), answer: Answer::NoSuchName };
        story.fact(Actor::Dns, None, Event::Asked(failed));
        story.begin(PhaseKind::Step);
        story.calls();
        asked(&mut story);
        story.accept("main", OLD, Happened::Through);
        ruled(&story.rule(Check::Recovers, &[2], &[]))
    };
    assert_eq!(recovers(format!("{HOST}.")), MET);
    assert_eq!(recovers(format!("eu.{HOST}.")), MET);
    assert_eq!(recovers(format!("h{HOST}.")), unwitnessed(Reason::NotShown));
}
