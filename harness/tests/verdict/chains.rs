//! The chain that a receiver serves, against the one that it handed over, and the authorities that it asks for.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{Authorities, CertificateFacts, Names};
use thales_harness::model::{ChainAspect, Check, Side};
use thales_harness::verdict::{Outcome, Reason};
use time::OffsetDateTime;

use crate::story::{MET, Story, VIOLATED, ruled};

pub(crate) fn authorities() -> Authorities {
    let names = Names {
        inbound_host: "api.example.test".to_owned(),
        other_host: None,
        issuer_host: "issuer.example.test".to_owned(),
        common_name: "customer".to_owned(),
    };
    Authorities::new(OffsetDateTime::now_utc(), &names).expect("authorities")
}

/// What is ruled where this was handed over and that is served, and whether there is a warning.
fn rule(handed_over: &[&CertificateDer], served: &[&CertificateDer]) -> ((Outcome, Option<Reason>), bool) {
    let mut story = Story::new(Side::Receiver);
    story.handed_over = handed_over.iter().copied().cloned().collect();
    let served: Vec<_> = served.iter().copied().cloned().collect();
    story.serves(&served);
    let finding = story.rule(Check::ServerChain(ChainAspect::Complete), &[0], &[]);
    (ruled(&finding), !finding.warnings.is_empty())
}

#[test]
fn a_complete_chain_is_met_and_an_incomplete_one_violated() {
    let own = authorities();
    let [leaf, intermediate] = own.customer_server().chain.as_slice() else { panic!("leaf and intermediate") };
    let root = own.customer_server_root();
    let all = [leaf, intermediate, root];
    assert_eq!(rule(&all, &[leaf, intermediate]), (MET, false));
    assert_eq!(rule(&all, &[leaf, intermediate, root]), (MET, false));
    assert_eq!(rule(&all, &[leaf]), (VIOLATED, false));
    assert_eq!(rule(&[leaf, root], &[leaf]), (VIOLATED, false));
    let stranger = authorities();
    let others = stranger.customer_server().chain.clone();
    assert_eq!(rule(&all, &[&others[0], &others[1]]), (VIOLATED, false));
}

#[test]
fn another_order_is_met_with_a_warning() {
    let own = authorities();
    let [leaf, intermediate] = own.customer_server().chain.as_slice() else { panic!("leaf and intermediate") };
    let root = own.customer_server_root();
    let all = [leaf, intermediate, root];
    assert_eq!(rule(&all, &[leaf, root, intermediate]), (MET, true));
    assert_eq!(rule(&all, &[leaf, leaf, intermediate]), (MET, true));
    // The first one is the server's, whatever follows.
    assert_eq!(rule(&all, &[intermediate, leaf]).0, VIOLATED);
}

#[test]
fn further_names_in_a_certificate_request_are_seen() {
    let own = authorities();
    let name = CertificateFacts::read(own.client_ca()).expect("a certificate").subject;
    let rule = |names: &[&str]| {
        let mut story = Story::new(Side::Receiver);
        story.client_ca = Some(own.client_ca().clone());
        story.asks_of(names);
        ruled(&story.rule(Check::NamesOnlyClientCa, &[0], &[]))
    };
    assert_eq!(rule(&[]), MET);
    assert_eq!(rule(&[&name]), MET);
    assert_eq!(rule(&[&name, "CN=Acme Root"]), VIOLATED);
    assert_eq!(rule(&["CN=Acme Root"]), VIOLATED);
    let mut story = Story::new(Side::Receiver);
    story.client_ca = Some(own.client_ca().clone());
    story.serves(&[]);
    assert_eq!(story.rule(Check::NamesOnlyClientCa, &[0], &[]).reason, Some(Reason::NotShown));
}
