//! Above TLS: access tokens, assertions, header fields, requests that are made again.

use mock_thales::observe::{Actor, End};
use mock_thales::observe::{
    Assertion, Authorization, BodyForm, CallId, Claim, Event, Mark, Marks, RequestHead, Scheme, SignatureState,
    TokenOutcome, TokenRequest, TokenState,
};
use mock_thales::plan::OAuthPlan;
use thales_harness::model::{Check, FieldRule, OAuthAspect, PhaseKind, Side};
use thales_harness::verdict::{Outcome, Reason};

use crate::story::{CUSTOMER, Happened, MET, OLD, Story, VIOLATED, ruled, unwitnessed};

type Ruled = (Outcome, Option<Reason>);

/// One step in which each of these things happened, in a call of its own.
fn step(happened: &[fn() -> Vec<Event>]) -> Story {
    let mut story = Story::new(Side::Caller);
    story.oauth = Some(OAuthPlan {
        token_path: "/token".to_owned(),
        lifetime_s: 900,
        assertion_within_s: 900,
        algorithm: "ES256".to_owned(),
    });
    story.begin(PhaseKind::Step);
    for events in happened {
        story.calls();
        story.exchange(events());
    }
    story
}

fn oauth(aspect: OAuthAspect, happened: &[fn() -> Vec<Event>]) -> Ruled {
    ruled(&step(happened).rule(Check::OAuth(aspect), &[0], &[]))
}

fn bearer(token: TokenState) -> Vec<Event> {
    let scheme = Scheme::Bearer;
    let authorization = Authorization { scheme, credentials: true, token: Some(token), digest: None, further: 0 };
    vec![Event::Marked(Marks { authorization: Some(authorization), fields: Vec::new() })]
}

fn good() -> Vec<Event> {
    bearer(TokenState::Known)
}

fn forgotten() -> Vec<Event> {
    bearer(TokenState::Forgotten)
}

fn expired() -> Vec<Event> {
    bearer(TokenState::Expired)
}

fn made_up() -> Vec<Event> {
    bearer(TokenState::Unknown)
}

fn without() -> Vec<Event> {
    vec![Event::Marked(Marks::default())]
}

fn basic() -> Vec<Event> {
    let authorization =
        Authorization { scheme: Scheme::Basic, credentials: true, token: None, digest: None, further: 0 };
    vec![Event::Marked(Marks { authorization: Some(authorization), fields: Vec::new() })]
}

fn sound() -> Assertion {
    Assertion {
        algorithm: Some("ES256".to_owned()),
        key_id: true,
        issuer: Some(CUSTOMER.to_owned()),
        subject: Some(CUSTOMER.to_owned()),
        expires_in_s: Some(300),
        signature: SignatureState::Good,
    }
}

fn request(certificate: bool, assertion: Option<Assertion>, outcome: TokenOutcome) -> Vec<Event> {
    vec![Event::TokenAsked(TokenRequest { certificate, form: BodyForm::Form, assertion, faults: Vec::new(), outcome })]
}

fn fetched() -> Vec<Event> {
    request(true, Some(sound()), TokenOutcome::Issued { digest: String::new(), lifetime_s: 900 })
}

fn bare() -> Vec<Event> {
    request(false, Some(sound()), TokenOutcome::Issued { digest: String::new(), lifetime_s: 900 })
}

fn refused() -> Vec<Event> {
    request(true, None, TokenOutcome::Refused { error: "invalid_grant".to_owned() })
}

#[test]
fn tokens_are_required_with_every_request() {
    let required = |happened| oauth(OAuthAspect::Required, happened);
    assert_eq!(required(&[fetched, good, good]), MET);
    assert_eq!(required(&[good]), MET, "fetched in an earlier step");
    assert_eq!(required(&[forgotten, fetched, good]), MET);
    assert_eq!(required(&[without]), VIOLATED);
    assert_eq!(required(&[basic]), VIOLATED);
    assert_eq!(required(&[made_up]), VIOLATED);
    assert_eq!(required(&[fetched, good, without]), VIOLATED, "once and then never again");
    assert_eq!(required(&[fetched, good, made_up]), VIOLATED);
    assert_eq!(required(&[bare, good]), VIOLATED, "fetched without a certificate");
    assert_eq!(required(&[refused, without]), VIOLATED);
}

#[test]
fn what_no_request_shows_is_not_passed() {
    let required = |happened| oauth(OAuthAspect::Required, happened);
    assert_eq!(required(&[fetched]), unwitnessed(Reason::NotShown));
    assert_eq!(required(&[refused]), unwitnessed(Reason::NotShown));
    assert_eq!(required(&[expired, expired]), unwitnessed(Reason::NotShown));
    assert_eq!(required(&[]), unwitnessed(Reason::NoConnection));
    let mut story = step(&[]);
    story.accept("main", OLD, Happened::OtherName);
    story.exchange(Vec::new());
    let finding = story.rule(Check::OAuth(OAuthAspect::Required), &[0], &[]);
    assert_eq!(finding.ruling, Outcome::Unwitnessed, "data, and no request: {}", finding.seen);
}

#[test]
fn a_forgotten_token_is_thales_doing_and_worth_a_warning() {
    let finding = step(&[forgotten, forgotten]).rule(Check::OAuth(OAuthAspect::Required), &[0], &[]);
    assert_eq!(ruled(&finding), MET);
    assert_eq!(finding.warnings.len(), 1, "{:?}", finding.warnings);
}

#[test]
fn a_second_authorization_is_worth_a_warning() {
    let twice = || {
        let scheme = Scheme::Bearer;
        let token = Some(TokenState::Known);
        let authorization = Authorization { scheme, credentials: true, token, digest: None, further: 1 };
        vec![Event::Marked(Marks { authorization: Some(authorization), fields: Vec::new() })]
    };
    let finding = step(&[fetched, twice]).rule(Check::OAuth(OAuthAspect::Required), &[0], &[]);
    assert_eq!((ruled(&finding), finding.warnings.len()), (MET, 1), "{:?}", finding.warnings);
}

#[test]
fn one_token_is_enough_for_many_requests() {
    let reused = |happened| oauth(OAuthAspect::Reused, happened);
    assert_eq!(reused(&[fetched, good, good]), MET);
    assert_eq!(reused(&[good, good]), MET);
    assert_eq!(reused(&[fetched, good, fetched, good]), VIOLATED);
    assert_eq!(reused(&[fetched, good]), unwitnessed(Reason::NotShown));
    assert_eq!(reused(&[fetched, without, without]), unwitnessed(Reason::NotShown));
}

#[test]
fn a_token_that_has_ended_is_replaced() {
    let renewed = |happened| oauth(OAuthAspect::Renewed, happened);
    assert_eq!(renewed(&[forgotten, fetched, good]), MET);
    assert_eq!(renewed(&[good, expired, fetched, good]), MET);
    assert_eq!(renewed(&[fetched, good, fetched, good]), MET, "it looks at the clock");
    assert_eq!(renewed(&[fetched, good]), unwitnessed(Reason::NotShown), "the first is none that replaces");
    assert_eq!(renewed(&[expired, expired]), VIOLATED);
    assert_eq!(renewed(&[forgotten, without]), VIOLATED);
    assert_eq!(renewed(&[without]), VIOLATED);
    assert_eq!(renewed(&[forgotten]), unwitnessed(Reason::NotShown), "no later call");
    assert_eq!(renewed(&[good, good]), unwitnessed(Reason::NotShown), "none ended");
    assert_eq!(renewed(&[forgotten, fetched]), unwitnessed(Reason::NotShown), "never used");
}

#[test]
fn an_assertion_is_judged_by_what_the_product_wants() {
    let judged = |change: fn(&mut Assertion)| {
        let mut assertion = sound();
        change(&mut assertion);
        let mut story = step(&[]);
        let issued = TokenOutcome::Issued { digest: String::new(), lifetime_s: 900 };
        story.exchange(request(true, Some(assertion), issued));
        ruled(&story.rule(Check::OAuth(OAuthAspect::Assertion), &[0], &[]))
    };
    assert_eq!(judged(|_| {}), MET);
    assert_eq!(judged(|assertion| assertion.expires_in_s = Some(900)), MET);
    assert_eq!(judged(|assertion| assertion.algorithm = Some("RS256".to_owned())), VIOLATED);
    assert_eq!(judged(|assertion| assertion.key_id = false), VIOLATED);
    assert_eq!(judged(|assertion| assertion.subject = Some("other".to_owned())), VIOLATED);
    assert_eq!(judged(|assertion| assertion.subject = None), VIOLATED);
    assert_eq!(judged(|assertion| assertion.expires_in_s = None), VIOLATED);
    assert_eq!(judged(|assertion| assertion.expires_in_s = Some(-3600)), VIOLATED);
    assert_eq!(judged(|assertion| assertion.expires_in_s = Some(i64::MIN)), VIOLATED, "as far back as can be said");
    assert_eq!(judged(|assertion| assertion.expires_in_s = Some(7200 + 900)), VIOLATED, "a time zone");
    assert_eq!(judged(|assertion| assertion.signature = SignatureState::Bad), VIOLATED);
    let somebody_else = |assertion: &mut Assertion| {
        (assertion.issuer, assertion.subject) = (Some("MGW_000002".to_owned()), Some("MGW_000002".to_owned()));
    };
    assert_eq!(judged(somebody_else), VIOLATED);
    assert_eq!(oauth(OAuthAspect::Assertion, &[good]), unwitnessed(Reason::NotShown));
    assert_eq!(oauth(OAuthAspect::Assertion, &[refused]), unwitnessed(Reason::NotShown));
}

#[test]
fn a_token_of_an_extended_answer_is_used() {
    let tolerant = |after: &[fn() -> Vec<Event>]| {
        let mut story = step(&[fetched, good]);
        story.begin(PhaseKind::Step);
        for events in after {
            story.exchange(events());
        }
        ruled(&story.rule(Check::OAuth(OAuthAspect::Tolerant), &[1], &[]))
    };
    assert_eq!(tolerant(&[forgotten, fetched, good]), MET);
    assert_eq!(tolerant(&[forgotten, fetched]), VIOLATED);
    assert_eq!(tolerant(&[forgotten]), unwitnessed(Reason::NotShown));
    let alone = step(&[fetched]).rule(Check::OAuth(OAuthAspect::Tolerant), &[0], &[]);
    assert_eq!(ruled(&alone), unwitnessed(Reason::Control));
}

#[test]
fn a_request_for_a_token_is_no_call() {
    let told = |row: &dyn Fn(&mut Story)| {
        let mut story = step(&[fetched, good]);
        story.begin(PhaseKind::Row);
        story.calls();
        row(&mut story);
        story.begin(PhaseKind::Control);
        story.calls();
        story.exchange(fetched());
        story.exchange(good());
        story
    };
    let accepted = |story: &Story| ruled(&story.rule(Check::Accepted, &[1], &[0, 2]));
    let trust = |story: &Story| ruled(&story.rule(Check::ControlTrust, &[1], &[]));
    let version = |story: &Story| ruled(&story.rule(Check::ControlVersion, &[1], &[]));

    let both = told(&|story| {
        story.exchange(fetched());
        story.exchange(good());
    });
    assert_eq!((accepted(&both), trust(&both), version(&both)), (MET, MET, MET));

    let token_alone = told(&|story| story.exchange(fetched()));
    assert_eq!(accepted(&token_alone), unwitnessed(Reason::NotShown));
    assert_eq!(trust(&token_alone), unwitnessed(Reason::Control));
    assert_eq!(version(&token_alone), unwitnessed(Reason::Control));

    // Two clients in one caller: that for tokens trusts what the other one does not.
    let then_refused = told(&|story| {
        story.exchange(fetched());
        story.accept("main", OLD, Happened::Alert(48));
    });
    assert_eq!(accepted(&then_refused), VIOLATED);
    assert_eq!(trust(&then_refused), VIOLATED);

    let control_alone = step(&[fetched]);
    let mut story = control_alone;
    story.begin(PhaseKind::Row);
    story.calls();
    story.accept("main", OLD, Happened::Alert(48));
    let finding = story.rule(Check::Refused, &[1], &[0]);
    assert_eq!(ruled(&finding), unwitnessed(Reason::Control), "{}", finding.seen);

    let through = told(&|story| story.exchange(fetched()));
    assert_eq!(ruled(&through.rule(Check::Refused, &[1], &[0, 2])), VIOLATED, "it is application data");
}

#[test]
fn a_refusal_at_the_call_is_seen_apart_from_that_at_the_token() {
    let ruled_with = |row: &dyn Fn(&mut Story)| {
        let mut story = step(&[fetched, good]);
        story.begin(PhaseKind::Row);
        story.calls();
        story.accept("main", OLD, Happened::Alert(48));
        story.begins_with_token = true;
        story.begin(PhaseKind::Row);
        story.calls();
        row(&mut story);
        ruled(&story.rule(Check::Refused, &[1, 2], &[0]))
    };
    let refused_both = ruled_with(&|story| {
        story.exchange(fetched());
        story.accept("main", OLD, Happened::Alert(48));
    });
    assert_eq!(refused_both, MET);
    let refused_token_alone = ruled_with(&|story| {
        story.exchange(fetched());
        story.exchange(good());
    });
    assert_eq!(refused_token_alone, VIOLATED, "its other client verifies nothing");
    let no_call = ruled_with(&|story| story.exchange(fetched()));
    assert_eq!(no_call, unwitnessed(Reason::NoConnection));
    let had_one = ruled_with(&|story| story.exchange(good()));
    assert_eq!(had_one, MET, "what it did with its token before meets no difference here");
}

fn mark(length: u32, plain: bool, digest: &str) -> Mark {
    Mark { name: "x-correlation-id".to_owned(), times: 1, length, plain, digest: digest.to_owned() }
}

fn field(unique: Option<bool>, marks: &[Option<Mark>]) -> (Ruled, usize) {
    let mut story = step(&[]);
    story.fields = vec![FieldRule {
        name: "x-correlation-id".to_owned(),
        shortest: Some(1),
        longest: Some(36),
        plain: true,
        unique,
        scheme: None,
    }];
    for mark in marks {
        story.exchange(vec![Event::Marked(Marks { authorization: None, fields: mark.iter().cloned().collect() })]);
    }
    let finding = story.rule(Check::Field("x-correlation-id".to_owned()), &[0], &[]);
    (ruled(&finding), finding.warnings.len())
}

#[test]
fn a_header_field_is_judged_by_its_form() {
    let one = |mark: Mark| field(Some(true), &[Some(mark)]).0;
    assert_eq!(one(mark(36, true, "a")), MET);
    assert_eq!(one(mark(37, true, "a")), VIOLATED);
    assert_eq!(one(mark(0, true, "a")), VIOLATED);
    assert_eq!(one(mark(36, false, "a")), VIOLATED);
    assert_eq!(one(Mark { times: 2, ..mark(36, true, "a") }), VIOLATED);
    assert_eq!(field(None, &[Some(mark(1, true, "a")), None]).0, VIOLATED, "missing in one request");
    assert_eq!(field(None, &[]).0, unwitnessed(Reason::NoConnection));
    let finding = step(&[fetched]).rule(Check::Field("x-correlation-id".to_owned()), &[0], &[]);
    assert_eq!(ruled(&finding), unwitnessed(Reason::NotShown), "a request for a token is none to the API");
    let constant = [(); 3].map(|()| Some(mark(5, true, "a")));
    assert_eq!(field(Some(true), &constant).0, VIOLATED);
    assert_eq!(field(Some(false), &constant), (MET, 1));
    assert_eq!(field(None, &constant), (MET, 0));
    let varied = ["a", "b", "c"].map(|digest| Some(mark(5, true, digest)));
    assert_eq!(field(Some(true), &varied), (MET, 0));
}

#[test]
fn a_scheme_wants_credentials() {
    let judged = |authorization: Option<Authorization>| {
        let mut story = step(&[]);
        story.fields = vec![FieldRule {
            name: "authorization".to_owned(),
            shortest: None,
            longest: None,
            plain: false,
            unique: None,
            scheme: Some(Scheme::ApiKey),
        }];
        story.exchange(vec![Event::Marked(Marks { authorization, fields: Vec::new() })]);
        ruled(&story.rule(Check::Field("authorization".to_owned()), &[0], &[]))
    };
    let of = |scheme, credentials| Some(Authorization { scheme, credentials, token: None, digest: None, further: 0 });
    assert_eq!(judged(of(Scheme::ApiKey, true)), MET);
    assert_eq!(judged(of(Scheme::ApiKey, false)), VIOLATED);
    assert_eq!(judged(of(Scheme::Other, true)), VIOLATED);
    let twice = of(Scheme::ApiKey, true).map(|first| Authorization { further: 1, ..first });
    assert_eq!(judged(twice), VIOLATED, "nobody knows which one a server reads");
    assert_eq!(judged(None), VIOLATED);
}

/// A request and how it was answered.
fn answered(method: &str, path: &str, status: u16) -> Vec<Event> {
    let (method, path) = (method.to_owned(), path.to_owned());
    vec![
        Event::Request(RequestHead { method, path, host: None, headers: Vec::new() }),
        Event::Marked(Marks::default()),
        Event::Answered { status },
        Event::Ended(End::Local),
    ]
}

#[test]
fn a_request_is_made_again_or_not() {
    let repeats = |wanted, exchanges: Vec<Vec<Event>>| {
        let mut story = step(&[]);
        story.calls();
        for events in exchanges {
            story.exchange(events);
        }
        let ended = Event::CallEnded { call: CallId(1), claim: Claim::Completed { status: None }, took_us: 1 };
        story.fact(Actor::Runner, None, ended);
        ruled(&story.rule(Check::Repeats(wanted), &[0], &[]))
    };
    let failed = || answered("POST", "/pay", 503);
    assert_eq!(repeats(true, vec![failed(), answered("POST", "/pay", 204)]), MET);
    assert_eq!(repeats(false, vec![failed(), answered("POST", "/pay", 204)]), VIOLATED);
    assert_eq!(repeats(true, vec![failed()]), VIOLATED);
    assert_eq!(repeats(false, vec![failed()]), MET);
    assert_eq!(repeats(true, vec![failed(), answered("GET", "/other", 204)]), VIOLATED, "another request");
    assert_eq!(repeats(true, vec![answered("POST", "/pay", 204)]), unwitnessed(Reason::NotShown));
    assert_eq!(repeats(true, vec![answered("GET", "/1/mg/healthcheck", 503)]), unwitnessed(Reason::NotShown));
    let after_401 = vec![answered("POST", "/pay", 401), answered("POST", "/pay", 204)];
    assert_eq!(repeats(false, after_401), unwitnessed(Reason::NotShown), "a new token is no repetition");
}
