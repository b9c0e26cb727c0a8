//! Services that are kept for the run: started once, and judged as if each scenario had one of its own, whatever an earlier
//! one has left in them.

use super::{Files, Ran, SERVICE, SERVING, TRIGGERED};

/// Every scenario that differs between a service that is kept and one that is not.
const KEPT: [&str; 9] = [
    "dns/*",
    "inbound/expired",
    "inbound/tls-1.1",
    "inbound/leaf-rotation",
    "inbound/address-ranges",
    "inbound/own-renewal",
    "inbound/refused-by-thales",
    "outbound/client-certificate",
    "outbound/control",
];

/// The same service, started once for the run.
pub(super) fn kept(parts: &str) -> String {
    parts.replace("within  = \"60s\"\n", "within  = \"60s\"\nkeep    = \"run\"\n")
}

pub(super) fn a_service_kept_for_the_run_starts_once() {
    let parts = format!("[renewal]\nby = \"files\"\n{SERVICE}{TRIGGERED}{SERVING}");
    let (each, once) = each_and_once("classic-tokenization", &parts, &KEPT);
    assert_eq!((once.code, once.rulings()), (each.code, each.rulings()), "{}", once.said);
    assert_eq!(once.code, Some(0), "{}", once.said);
    assert!(once.rulings().values().all(|ruling| ruling == "met"), "{:?}", once.rulings());
    assert!(!once.said.contains("started anew"), "{}", once.said);
    assert_eq!(once.logs.matches("the backend starts").count(), 1, "{}", once.said);
    assert!(each.logs.matches("the backend starts").count() > 5);
}

/// A service that keeps an address for longer than it may: what it is judged by is that, and nothing that it brought from
/// another scenario. One that keeps its connection, and calls nobody for a while after a failure, is given its time.
pub(super) fn what_is_left_of_a_scenario_is_waited_for() {
    let with = |words: &str| SERVICE.replace("\"service\"]", &format!("\"service\", {words}]")) + TRIGGERED;
    let moving =
        ["dns/asks-first", "dns/address-change", "dns/dead-address", "inbound/address-ranges", "inbound/expired"];
    let resting = ["dns/kept-alive", "inbound/expired", "inbound/wrong-host", "dns/dead-address"];
    let pooled = with("\"pools\", \"breaker\"") + "settle = \"1100ms\"\n";
    let note = "it went on with the address that an earlier scenario had left";
    let cases = [
        (with("\"keeps-address\""), moving.as_slice(), Some(note)),
        (with("\"once-resolved\""), moving.as_slice(), Some(note)),
        (pooled, resting.as_slice(), None),
    ];
    side_by_side(cases.map(|(parts, only, note)| {
        move || {
            let (each, once) = each_and_once("classic-tokenization", &parts, only);
            assert_eq!((once.code, once.rulings()), (each.code, each.rulings()), "{}", once.said);
            match note {
                Some(note) => assert!(once.code == Some(1) && once.said.contains(note), "{}", once.said),
                None => assert!(!once.said.contains("started anew"), "{}", once.said),
            }
        }
    }));
}

/// A token that Thales issued in another scenario is none that nobody issued, and each scenario sees one fetched.
pub(super) fn access_tokens_are_those_of_the_scenario() {
    let service = SERVICE.replace("\"service\"]", "\"service\", \"tokens\"]");
    let parts = format!("[portal]\ncustomer-id = \"ACME000001\"\n{service}{TRIGGERED}");
    let only = ["above/*", "inbound/expired", "inbound/tls-1.1", "dns/asks-first"];
    let (each, once) = each_and_once("d1-ecom", &parts, &only);
    assert_eq!((once.code, once.rulings()), (each.code, each.rulings()), "{}", once.said);
    assert!(!once.said.contains("started anew"), "{}", once.said);
    let rulings = once.rulings();
    let tokens: Vec<_> = rulings.iter().filter(|(place, _)| place.contains("above/oauth")).collect();
    assert!(tokens.len() > 1 && tokens.iter().all(|(_, ruling)| *ruling == "met"), "{tokens:?}");
}

/// Whoever comes after a renewal meets the former certificate again, in a service that was started with it.
pub(super) fn two_callers_of_one_service_renew_one_after_the_other() {
    let other = TRIGGERED.replace("\"caller\"", "\"other\"");
    let parts = kept(&format!("[renewal]\nby = \"files\"\n{SERVICE}{TRIGGERED}{other}"));
    let found = Files::new().run(&parts, "private", &["inbound/own-renewal", "inbound/control"]);
    assert_eq!(found.code, Some(0), "{}", found.said);
    assert!(found.findings().all(|finding| finding["ruling"] == "met"), "{}", found.said);
    assert!(found.said.contains("an earlier scenario had renewed its certificate"), "{}", found.said);
}

/// The same service, started for each scenario and once for the run.
fn each_and_once(profile: &'static str, parts: &str, only: &[&str]) -> (Ran, Ran) {
    std::thread::scope(|scope| {
        let each = scope.spawn(|| Files::of(profile).run(parts, "private", only));
        let once = Files::of(profile).run(&kept(parts), "private", only);
        (each.join().unwrap(), once)
    })
}

/// They mostly wait.
fn side_by_side<const COUNT: usize>(tests: [impl FnOnce() + Send; COUNT]) {
    std::thread::scope(|scope| {
        for test in tests {
            scope.spawn(test);
        }
    });
}

pub(super) fn a_kept_service_that_dies_is_started_anew() {
    let only = ["inbound/expired", "inbound/control", "inbound/wrong-host", "outbound/control"];
    let dying = kept(&SERVICE.replace("\"service\"]", "\"service\", \"dies-of-refusal\"]")) + TRIGGERED + SERVING;
    let found = Files::new().run(&dying, "private", &only);
    assert_eq!(found.code, Some(2), "{}", found.said);
    let (mut open, mut met) = (Vec::new(), Vec::new());
    for finding in found.findings() {
        let scenario = finding["scenario"].as_str().unwrap().to_owned();
        match finding["ruling"].as_str().unwrap() {
            "met" => met.push(scenario),
            _ => {
                assert!(
                    finding["seen"].as_str().unwrap().contains("`backend` has ended (exit status: 9)"),
                    "{finding:#}"
                );
                open.push(scenario);
            }
        }
    }
    assert!(open.contains(&only[0].to_owned()) && open.contains(&only[2].to_owned()), "{open:?}");
    assert!(met.contains(&only[1].to_owned()) && met.contains(&only[3].to_owned()), "{met:?}");
    assert!(found.said.contains("was started anew before"), "{}", found.said);
    assert!(found.said.contains("it had ended (exit status: 9)"), "{}", found.said);

    // What never comes up is tried twice, and not for every scenario.
    let never =
        kept(&SERVICE.replace("\"service\"]", "\"service\", \"never-ready\"]")).replace("60s", "1s") + TRIGGERED;
    let found = Files::new().run(&never, "private", &only[..3]);
    assert_eq!(found.code, Some(2), "{}", found.said);
    assert_eq!(found.logs.matches("\"why\":\"was not ready within 1s").count(), 2, "{}", found.logs);
    assert!(found.logs.contains("is not started any more"), "{}", found.logs);
}
