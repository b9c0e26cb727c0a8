//! Several servers behind one name, and several paths on one server: a receiver is judged by each of them.

use mock_thales::observe::TlsVersion;
use thales_harness::model::{ChainAspect, Check, PhaseKind, Side};
use thales_harness::verdict::{Finding, Outcome, Reason};

use crate::story::{
    Happened::{self, Alert, LateAfterRequest, NotDialled, Page, Status, Through},
    MET, Story, VIOLATED, ruled, unwitnessed,
};

/// Control, row, control; each phase makes one call to each of two paths or addresses.
fn rule(check: Check, good: [u16; 2], control: [Happened; 2], row: [Happened; 2]) -> (Outcome, Option<Reason>) {
    let mut story = Story::new(Side::Receiver)
        .phase(PhaseKind::Control, &control)
        .phase(PhaseKind::Row, &row)
        .phase(PhaseKind::Control, &control);
    story.statuses = good.map(|status| vec![status]).to_vec();
    ruled(&story.rule(check, &[1], &[0, 2]))
}

#[test]
fn one_server_that_refuses_is_not_made_up_for_by_another() {
    let accepted = |row| rule(Check::Accepted, [200, 200], [Through, Through], row);
    assert_eq!(accepted([Through, Through]), MET);
    // Pinned on one of two servers, or on one of two paths.
    assert_eq!(accepted([Through, Status(403)]), VIOLATED);
    assert_eq!(accepted([Alert(42), Through]), VIOLATED);
    assert_eq!(accepted([Through, NotDialled]), unwitnessed(Reason::NoConnection));
    // A path that does not even answer the control says nothing of the row.
    let broken = rule(Check::Accepted, [200, 200], [Through, Status(500)], [Through, Status(403)]);
    assert_eq!(broken, unwitnessed(Reason::Control));
    let trust = |control: [Happened; 2]| {
        let mut story = Story::new(Side::Receiver).phase(PhaseKind::Control, &control);
        story.statuses = vec![vec![200]];
        ruled(&story.rule(Check::ControlTrust, &[0], &[]))
    };
    assert_eq!(trust([Through, Through]), MET);
    assert_eq!(trust([Through, Alert(48)]), VIOLATED);
    assert_eq!(trust([Through, Status(500)]), unwitnessed(Reason::Control));
}

#[test]
fn each_path_is_compared_with_itself() {
    let refused = |row| rule(Check::Refused, [200, 400], [Through, Status(400)], row);
    assert_eq!(refused([Alert(116), Alert(116)]), MET);
    assert_eq!(refused([Status(403), Status(403)]), MET);
    // The second path answers whoever comes as it answers Thales: it may have let the call in.
    assert_eq!(refused([Status(403), Status(400)]), unwitnessed(Reason::Indistinct));
    // What is good on one path is good on that path alone.
    assert_eq!(rule(Check::Accepted, [200, 400], [Through, Status(400)], [Status(400), Status(400)]), VIOLATED);
}

#[test]
fn a_page_about_the_certificate_is_a_refusal_whatever_its_status() {
    // Test bodies that the application refuses: 400 is what a good call gets.
    let rule = |check, row| rule(check, [400, 400], [Status(400), Status(400)], row);
    assert_eq!(rule(Check::Accepted, [Status(400), Status(400)]), MET);
    assert_eq!(rule(Check::Accepted, [Page, Page]), VIOLATED);
    assert_eq!(rule(Check::Refused, [Page, Page]), MET);
    assert_eq!(rule(Check::Refused, [Status(400), Status(400)]), unwitnessed(Reason::Indistinct));
    let mut story = Story::new(Side::Receiver).phase(PhaseKind::Control, &[Page]);
    story.statuses = vec![vec![400]];
    assert_eq!(ruled(&story.rule(Check::ControlTrust, &[0], &[])), VIOLATED);
}

#[test]
fn a_server_that_gives_up_late_has_not_refused() {
    let refused = |row| rule(Check::Refused, [200, 200], [Through, Through], row);
    assert_eq!(refused([LateAfterRequest, Alert(116)]), unwitnessed(Reason::Deadline));
}

#[test]
fn a_version_is_spoken_by_every_server_or_not() {
    let story =
        |row: &[Happened]| Story::new(Side::Receiver).speaking(&[TlsVersion::V1_2]).phase(PhaseKind::Control, row);
    let version = |row: &[Happened]| ruled(&story(row).rule(Check::ControlVersion, &[0], &[]));
    assert_eq!(version(&[Through, Through]), MET);
    assert_eq!(version(&[Through, Alert(70)]), VIOLATED);
    assert_eq!(version(&[Through, Alert(40)]), unwitnessed(Reason::Control));
}

#[test]
fn the_worst_of_the_chains_is_judged() {
    let own = crate::chains::authorities();
    let [leaf, intermediate] = own.customer_server().chain.as_slice() else { panic!("leaf and intermediate") };
    let mut story = Story::new(Side::Receiver);
    story.handed_over = vec![leaf.clone(), intermediate.clone(), own.customer_server_root().clone()];
    story.serves(&[leaf.clone(), intermediate.clone()]);
    story.serves(std::slice::from_ref(leaf));
    let finding: Finding = story.rule(Check::ServerChain(ChainAspect::Complete), &[0, 1], &[]);
    assert_eq!(ruled(&finding), VIOLATED, "{}", finding.seen);
    assert_eq!(ruled(&story.rule(Check::ServerChain(ChainAspect::Complete), &[0], &[])), MET);
}
