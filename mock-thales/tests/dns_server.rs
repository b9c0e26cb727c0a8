//! The name server over loopback sockets, asked with messages made by hand.

#[path = "dns/asker.rs"]
mod asker;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_proto::op::{Edns, Message, OpCode, ResponseCode};
use hickory_proto::rr::{DNSClass, RData, RecordType};
use mock_thales::dns::{DnsError, NameServer, Zone};
use mock_thales::observe::{Answer, Question, Recorder};
use mock_thales::plan::{ZoneMode, ZonePlan};

use asker::{Asker, Place, message, questions};

const HOST: &str = "api.example.com";
const OLD: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 10));
const NEW: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 20));

fn plan(addresses: &[IpAddr]) -> ZonePlan {
    ZonePlan { addresses: addresses.to_vec(), ttl_s: 7, mode: ZoneMode::Normal, subdomain: None }
}

/// A server that is asked over UDP.
fn start(plan: ZonePlan) -> (Place, Asker) {
    let zone = Zone::new(HOST, plan).and_then(|zone| zone.with_static("Issuer.acme.example", NEW));
    let place = Place::start(zone.expect("the names are right"));
    let asker = place.udp(0);
    (place, asker)
}

/// Addresses in the order of the answer, each with the plan's time to live and the spelling of the owner.
fn addresses(answer: &Message, owner: &str) -> Vec<IpAddr> {
    let records = answer.answers.iter().filter(|record| record.record_type() != RecordType::CNAME);
    records
        .map(|record| {
            assert_eq!((record.name.to_ascii().as_str(), record.ttl), (owner, 7), "{record}");
            record.data.ip_addr().expect("an address record")
        })
        .collect()
}

#[tokio::test]
async fn the_host_has_its_addresses_in_order_and_nothing_else() {
    let (place, asker) = start(plan(&[NEW, OLD]));
    let answer = asker.ask(message(HOST, RecordType::A)).await;
    assert_eq!(addresses(&answer, "api.example.com."), [NEW, OLD]);
    let head = answer.metadata;
    assert!(head.authoritative && head.recursion_available && head.recursion_desired && !head.truncation);
    for kind in [RecordType::AAAA, RecordType::HTTPS, RecordType::TXT, RecordType::CNAME] {
        let answer = asker.ask(message(HOST, kind)).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NoError, 0), "{kind}");
        assert_negative_for_a_second(&answer);
    }
    let seen = questions(&place.recorder);
    let kinds: Vec<&str> = seen.iter().map(|question| question.kind.as_str()).collect();
    assert_eq!(kinds, ["A", "AAAA", "HTTPS", "TXT", "CNAME"]);
    let found = |addresses: &[IpAddr]| Answer::Addresses { addresses: addresses.to_vec(), ttl_s: 7, alias: None };
    assert_eq!((&seen[0].answer, &seen[1].answer), (&found(&[NEW, OLD]), &found(&[])));
}

fn assert_negative_for_a_second(answer: &Message) {
    let [record] = answer.authorities.as_slice() else { panic!("one authority record: {answer}") };
    let RData::SOA(soa) = &record.data else { panic!("a start of authority: {answer}") };
    assert_eq!((record.name.is_root(), record.ttl, soa.minimum), (true, 1, 1));
}

#[tokio::test]
async fn addresses_of_the_new_protocol_answer_aaaa_only() {
    let six: IpAddr = "2001:db8::1".parse().expect("an address");
    let (_place, asker) = start(plan(&[OLD, six]));
    assert_eq!(addresses(&asker.ask(message(HOST, RecordType::A)).await, "api.example.com."), [OLD]);
    assert_eq!(addresses(&asker.ask(message(HOST, RecordType::AAAA)).await, "api.example.com."), [six]);
}

#[tokio::test]
async fn the_fact_stands_before_the_answer_leaves() {
    let (place, asker) = start(plan(&[OLD]));
    for count in 1..=50 {
        asker.ask(message(HOST, RecordType::A)).await;
        assert_eq!(questions(&place.recorder).len(), count);
    }
}

#[tokio::test]
async fn case_does_not_matter_and_is_given_back() {
    let (place, asker) = start(plan(&[OLD]));
    let answer = asker.ask(message("aPI.Example.COM", RecordType::A)).await;
    assert_eq!(addresses(&answer, "aPI.Example.COM."), [OLD]);
    assert_eq!(answer.queries[0].name().to_ascii(), "aPI.Example.COM.");
    assert_eq!(questions(&place.recorder)[0].name, "api.example.com.");
}

#[tokio::test]
async fn a_subdomain_makes_the_host_an_alias() {
    let (place, asker) = start(ZonePlan { subdomain: Some("Pod-1".to_owned()), ..plan(&[OLD]) });
    let answer = asker.ask(message("API.example.com", RecordType::A)).await;
    assert_eq!(addresses(&answer, "pod-1.api.example.com."), [OLD]);
    let first = &answer.answers[0];
    assert_eq!((first.name.to_ascii().as_str(), first.ttl), ("API.example.com.", 7));
    assert!(matches!(&first.data, RData::CNAME(name) if name.0.to_ascii() == "pod-1.api.example.com."));
    assert!(answer.authorities.is_empty());

    let alias = |addresses: &[IpAddr]| Answer::Addresses {
        addresses: addresses.to_vec(),
        ttl_s: 7,
        alias: Some("pod-1.api.example.com.".to_owned()),
    };
    let none = asker.ask(message(HOST, RecordType::AAAA)).await;
    assert_eq!((none.answers.len(), none.metadata.response_code), (1, ResponseCode::NoError));
    assert_negative_for_a_second(&none);
    let direct = asker.ask(message("pod-1.api.example.com", RecordType::A)).await;
    assert_eq!(addresses(&direct, "pod-1.api.example.com."), [OLD]);
    let cname = asker.ask(message(HOST, RecordType::CNAME)).await;
    assert_eq!((cname.answers.len(), cname.authorities.len()), (1, 0));

    let seen = questions(&place.recorder);
    assert_eq!((&seen[0].answer, &seen[1].answer), (&alias(&[OLD]), &alias(&[])));
    assert_eq!(seen[2].answer, Answer::Addresses { addresses: vec![OLD], ttl_s: 7, alias: None });
}

#[tokio::test]
async fn every_subdomain_has_the_hosts_addresses_and_other_names_do_not_exist() {
    let (place, asker) = start(plan(&[OLD]));
    let answer = asker.ask(message("a.b.api.example.com", RecordType::A)).await;
    assert_eq!(addresses(&answer, "a.b.api.example.com."), [OLD]);
    let fixed = asker.ask(message("issuer.ACME.example", RecordType::A)).await;
    assert_eq!(addresses(&fixed, "issuer.ACME.example."), [NEW]);
    for other in ["example.com", "www.example.com", "notapi.example.com", "sub.issuer.acme.example", "example.org"] {
        let answer = asker.ask(message(other, RecordType::A)).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NXDomain, 0), "{other}");
        assert_negative_for_a_second(&answer);
    }
    let seen = questions(&place.recorder);
    assert!(seen[2..].iter().all(|question| question.answer == Answer::NoSuchName) && seen.len() == 7, "{seen:?}");
}

#[tokio::test]
async fn modes_hold_for_every_name() {
    for (mode, code, fact) in [
        (ZoneMode::Nxdomain, ResponseCode::NXDomain, Answer::NoSuchName),
        (ZoneMode::Servfail, ResponseCode::ServFail, Answer::Failure),
    ] {
        let (place, asker) = start(ZonePlan { mode, subdomain: Some("pod-1".to_owned()), ..plan(&[OLD]) });
        for name in [HOST, "pod-1.api.example.com", "issuer.acme.example", "example.org"] {
            let answer = asker.ask(message(name, RecordType::A)).await;
            assert_eq!((answer.metadata.response_code, answer.answers.len()), (code, 0), "{mode:?} {name}");
        }
        assert!(questions(&place.recorder).iter().all(|question| question.answer == fact), "{mode:?}");
    }
}

#[tokio::test]
async fn silence_is_recorded_and_nothing_is_sent() {
    for tcp in [false, true] {
        let (place, asker) = start(ZonePlan { mode: ZoneMode::Silence, ..plan(&[OLD]) });
        let mut asker = if tcp { place.tcp().await } else { asker };
        asker.send(&message(HOST, RecordType::A)).await;
        let deadline = Instant::now() + Duration::from_secs(10);
        assert!(place.recorder.wait_for(deadline, |facts| facts.len() == 1).await, "the question was recorded");
        assert_eq!(questions(&place.recorder)[0].answer, Answer::Silence);
        // What comes first is the answer to what was asked second.
        place.zone.set(plan(&[NEW])).expect("the plan is right");
        let second = message(HOST, RecordType::A);
        asker.send(&second).await;
        let answer = asker.receive().await;
        assert_eq!(answer.metadata.id, second.metadata.id, "tcp: {tcp}");
        assert_eq!(addresses(&answer, "api.example.com."), [NEW]);
    }
}

#[tokio::test]
async fn tcp_answers_several_questions_on_one_connection() {
    let (place, _) = start(plan(&[OLD]));
    let mut asker = place.tcp().await;
    for _ in 0..2 {
        let question = message(HOST, RecordType::A);
        asker.send(&question).await;
        let answer = asker.receive().await;
        assert_eq!(answer.metadata.id, question.metadata.id);
        assert_eq!(addresses(&answer, "api.example.com."), [OLD]);
    }
    let expected = Question {
        name: "api.example.com.".to_owned(),
        kind: "A".to_owned(),
        protocol: "tcp".to_owned(),
        answer: Answer::Addresses { addresses: vec![OLD], ttl_s: 7, alias: None },
    };
    assert_eq!(questions(&place.recorder), [expected.clone(), expected]);
}

#[tokio::test]
async fn each_socket_answers() {
    let (place, _) = start(plan(&[OLD]));
    for socket in 0..2 {
        let answer = place.udp(socket).ask(message(HOST, RecordType::A)).await;
        assert_eq!(addresses(&answer, "api.example.com."), [OLD]);
    }
}

#[tokio::test]
async fn extensions_are_tolerated_and_widen_an_answer() {
    let many: Vec<IpAddr> = (1..=40).map(|last| Ipv4Addr::new(198, 51, 100, last).into()).collect();
    let (place, asker) = start(plan(&many));
    let plain = asker.ask(message(HOST, RecordType::A)).await;
    assert!(plain.metadata.truncation && plain.edns.is_none() && plain.answers.len() < 40);

    let mut question = message(HOST, RecordType::A);
    let mut edns = Edns::new();
    edns.set_max_payload(4096).set_dnssec_ok(true);
    question.set_edns(edns);
    let wide = asker.ask(question).await;
    assert_eq!(addresses(&wide, "api.example.com."), many);
    assert_eq!((wide.metadata.truncation, wide.edns.map(|edns| edns.version())), (false, Some(0)));

    let mut tcp = place.tcp().await;
    tcp.send(&message(HOST, RecordType::A)).await;
    assert_eq!(addresses(&tcp.receive().await, "api.example.com."), many);
}

#[tokio::test]
async fn what_is_no_question_of_ours_fails_and_is_recorded() {
    let (place, asker) = start(plan(&[OLD]));
    let mut chaos = message(HOST, RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    let mut notify = message(HOST, RecordType::SOA);
    notify.metadata.op_code = OpCode::Notify;
    for question in [chaos, notify] {
        let answer = asker.ask(question).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::ServFail, 0));
    }
    let seen = questions(&place.recorder);
    assert!(seen.len() == 2 && seen.iter().all(|question| question.answer == Answer::Failure), "{seen:?}");
    let mut two = message(HOST, RecordType::A);
    two.add_query(two.queries[0].clone());
    assert_eq!(asker.ask(two).await.metadata.response_code, ResponseCode::FormErr);
}

#[tokio::test]
async fn a_change_of_plan_is_whole_and_immediate() {
    let (place, asker) = start(plan(&[OLD]));
    assert_eq!(addresses(&asker.ask(message(HOST, RecordType::A)).await, "api.example.com."), [OLD]);
    let refused = place.zone.set(ZonePlan { subdomain: Some("a.b".to_owned()), ..plan(&[NEW]) });
    assert!(matches!(refused, Err(DnsError::Name { name }) if name == "a.b"));
    assert_eq!(place.zone.plan(), plan(&[OLD]));

    let next = ZonePlan { ttl_s: 0, ..plan(&[NEW]) };
    place.zone.set(next.clone()).expect("the plan is right");
    assert_eq!(place.zone.plan(), next);
    let answer = asker.ask(message(HOST, RecordType::A)).await;
    assert_eq!((answer.answers[0].data.ip_addr(), answer.answers[0].ttl), (Some(NEW), 0));
    let none = asker.ask(message(HOST, RecordType::AAAA)).await;
    assert_eq!(none.authorities[0].ttl, 0, "a negative answer lives no longer than a positive one");
}

#[tokio::test]
async fn a_stopped_server_gives_its_addresses_back() {
    let (place, _) = start(plan(&[OLD]));
    let connection = place.tcp().await;
    let (udp, tcp) = (place.udp_addresses[0], place.tcp_address);
    place.server.stop().await;
    drop(connection);
    std::net::UdpSocket::bind(udp).expect("the UDP address is free");
    assert!(tokio::net::TcpStream::connect(tcp).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn a_dropped_server_lets_go_of_everything() {
    let (place, asker) = start(plan(&[OLD]));
    asker.ask(message(HOST, RecordType::A)).await;
    let (zone, recorder) = (place.zone, place.recorder);
    drop(place.server);
    let released = async {
        while Arc::strong_count(&zone) > 1 || Arc::strong_count(&recorder) > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), released).await.expect("the tasks end");
    assert!(tokio::net::TcpStream::connect(place.tcp_address).await.is_err(), "nobody listens");
}

#[test]
fn a_server_needs_a_runtime_and_a_zone_needs_names() {
    let zone = Arc::new(Zone::new(HOST, plan(&[OLD])).expect("the host is right"));
    let outside = NameServer::start(zone, Recorder::new(), Vec::new(), Vec::new());
    assert!(matches!(outside, Err(DnsError::NoRuntime)));
    for bad in ["", ".", "a..b", &"x".repeat(64)] {
        assert!(matches!(Zone::new(bad, plan(&[OLD])), Err(DnsError::Name { name }) if name == bad), "{bad}");
    }
    let bad = ZonePlan { subdomain: Some(String::new()), ..plan(&[OLD]) };
    assert!(matches!(Zone::new(HOST, bad), Err(DnsError::Name { .. })));
}
