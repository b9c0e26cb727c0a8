//! `oauth`: what the caller does with access tokens. Its API requests carry one that was issued to it, it uses one for
//! as long as it lives and no longer, and its assertions are as the profile wants them.

use mock_thales::observe::{Connection, Marks, Scheme, Seen, SignatureState, TokenOutcome, TokenRequest, TokenState};

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{Expectation, Header, OAuthAspect};

/// Two clocks may differ by so many seconds.
const SKEW_S: i64 = 30;

pub(super) fn expected(header: &Header, expectation: &Expectation, aspect: OAuthAspect) -> String {
    match aspect {
        OAuthAspect::Required => "every API request carries an access token that was issued to it, fetched over a \
                                  connection with its client certificate"
            .to_owned(),
        OAuthAspect::Reused => "uses an access token again for as long as it lives".to_owned(),
        OAuthAspect::Renewed => "fetches a new access token once the old one is not good any more".to_owned(),
        OAuthAspect::Assertion => match plan(header, expectation) {
            Some((algorithm, within_s)) => format!(
                "the assertion is signed with {}, names its key, iss and sub are the customer's identifier, and it ends \
                 within {} minutes",
                algorithm,
                within_s / 60
            ),
            None => "the assertion is as the product wants it".to_owned(),
        },
        OAuthAspect::Tolerant => "uses an access token although its answer carries unannounced members".to_owned(),
    }
}

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: OAuthAspect) -> Ruling {
    let seen = Above::of(view, expectation);
    if seen.api.is_empty() && seen.asked.is_empty() {
        return view.no_api_request(&view.subjects(expectation));
    }
    match aspect {
        OAuthAspect::Required => match seen.doubled {
            Some(seq) => required(&seen).warn(format!(
                "an API request carries more than one Authorization field (fact {seq}): no rule says which one counts, \
                 and many servers answer 400"
            )),
            None => required(&seen),
        },
        OAuthAspect::Reused => reused(&seen),
        OAuthAspect::Renewed => renewed(view, &seen),
        OAuthAspect::Assertion => assertion(view, expectation, &seen),
        OAuthAspect::Tolerant => tolerant(view, expectation, &seen),
    }
}

/// What a phase's connections show above TLS, in the order of the log.
struct Above<'a> {
    /// API requests, each with the state of its token.
    api: Vec<Seen<Option<TokenState>>>,
    /// Requests for a token.
    asked: Vec<Seen<&'a TokenRequest>>,
    /// The phase tells of this request for a token that no certificate came with it.
    bare: Option<u64>,
    /// An API request with more than one Authorization field.
    doubled: Option<u64>,
}

impl<'a> Above<'a> {
    fn of(view: &'a View<'_>, expectation: &Expectation) -> Self {
        let witnesses: Vec<&Connection> =
            view.subjects(expectation).into_iter().filter(|connection| view.is_witness(connection)).collect();
        let mut api: Vec<_> = witnesses
            .iter()
            .flat_map(|connection| &connection.marks)
            .map(|marks| Seen { seq: marks.seq, at_us: marks.at_us, what: bearer(&marks.what) })
            .collect();
        let mut asked: Vec<_> = witnesses
            .iter()
            .flat_map(|connection| &connection.token_requests)
            .map(|asked| Seen { seq: asked.seq, at_us: asked.at_us, what: &asked.what })
            .collect();
        api.sort_by_key(|marks| marks.seq);
        asked.sort_by_key(|asked| asked.seq);
        // An endpoint that asks for no certificate gets none.
        let asks = |connection: &&&Connection| view.asks_for_certificate(connection);
        let bare = witnesses
            .iter()
            .filter(asks)
            .flat_map(|connection| &connection.token_requests)
            .find(|asked| !asked.what.certificate)
            .map(|asked| asked.seq);
        let has_more =
            |marks: &Marks| marks.authorization.as_ref().is_some_and(|authorization| authorization.further > 0);
        let doubled = witnesses
            .iter()
            .flat_map(|connection| &connection.marks)
            .find(|marks| has_more(&marks.what))
            .map(|marks| marks.seq);
        Self { api, asked, bare, doubled }
    }

    fn issued(&self) -> impl Iterator<Item = u64> {
        self.asked
            .iter()
            .filter(|asked| matches!(asked.what.outcome, TokenOutcome::Issued { .. }))
            .map(|asked| asked.seq)
    }

    fn good(&self) -> impl Iterator<Item = u64> {
        self.api.iter().filter(|api| api.what == Some(TokenState::Known)).map(|api| api.seq)
    }

    /// The first API request without a token, or with one that nobody issued.
    fn unauthorized(&self) -> Option<(u64, &'static str)> {
        self.api.iter().find_map(|api| match api.what {
            None => Some((api.seq, "an API request came without an access token")),
            Some(TokenState::Unknown) => Some((api.seq, "an API request came with a token that was never issued")),
            Some(_) => None,
        })
    }

    /// Why nothing was issued, in the words of the last refusal.
    fn nothing_issued(&self) -> Option<(u64, String)> {
        let last = self.asked.last().filter(|_| self.issued().next().is_none())?;
        Some((last.seq, format!("no token was issued: {}", last.what.faults.join("; "))))
    }
}

/// The state of a Bearer token, if there is one.
fn bearer(marks: &Marks) -> Option<TokenState> {
    marks.authorization.as_ref().filter(|authorization| authorization.scheme == Scheme::Bearer)?.token
}

fn required(seen: &Above<'_>) -> Ruling {
    if let Some(seq) = seen.bare {
        return Ruling::violated("a token was asked for on a connection without a client certificate", vec![seq]);
    }
    if let Some((seq, words)) = seen.unauthorized() {
        return Ruling::violated(words, vec![seq]);
    }
    let good: Vec<_> = seen.good().collect();
    if !good.is_empty() {
        let words = format!("{} of {} API request(s) with a good token, none without", good.len(), seen.api.len());
        return Ruling::met(words, good);
    }
    if let Some((seq, words)) = seen.nothing_issued() {
        return Ruling::unwitnessed(Reason::NotShown, words, vec![seq]);
    }
    let stale: Vec<_> = seen.api.iter().map(|api| api.seq).collect();
    if stale.is_empty() {
        return Ruling::unwitnessed(Reason::NotShown, "a token was issued, and no API request came", Vec::new());
    }
    // Issued here and within its life: Thales has forgotten it, and no document says what to do then.
    if seen.api.iter().all(|api| api.what == Some(TokenState::Forgotten)) {
        return Ruling::met("every API request carried a token that was issued to it", stale)
            .warn("goes on with a token that Thales has refused: without service until it fetches one by itself");
    }
    Ruling::unwitnessed(Reason::NotShown, "API requests came with tokens that had expired, and no others", stale)
}

fn reused(seen: &Above<'_>) -> Ruling {
    let good: Vec<_> = seen.good().collect();
    let issued: Vec<_> = seen.issued().collect();
    if good.len() < 2 {
        let words = format!("{} API request(s) with a good token: too few to tell", good.len());
        return Ruling::unwitnessed(Reason::NotShown, words, good);
    }
    if issued.len() > 1 {
        let words = format!("{} tokens were fetched for {} API requests", issued.len(), good.len());
        return Ruling::violated(words, issued);
    }
    Ruling::met(format!("{} token(s) fetched for {} API requests", issued.len(), good.len()), good)
}

fn renewed(view: &View<'_>, seen: &Above<'_>) -> Ruling {
    let is_stale =
        |api: &&Seen<Option<TokenState>>| matches!(api.what, Some(TokenState::Expired | TokenState::Forgotten));
    let refused = seen.api.iter().find(is_stale).map(|api| api.seq);
    // Without a refusal, a caller that looks at the clock has fetched another one in time: not the first of all.
    let from = refused.or_else(|| first_issued(view)).unwrap_or(0);
    let fetched = seen.issued().find(|seq| *seq > from);
    if let Some(fetched) = fetched {
        return match seen.good().find(|seq| *seq > fetched) {
            Some(used) => Ruling::met("a new token was fetched and used", vec![fetched, used]),
            None => Ruling::unwitnessed(Reason::NotShown, "a new token was fetched and not used", vec![fetched]),
        };
    }
    let Some(refused) = refused else {
        return match seen.unauthorized() {
            Some((seq, words)) => Ruling::violated(words, vec![seq]),
            None => Ruling::unwitnessed(Reason::NotShown, "no token ended while it was used", seen.good().collect()),
        };
    };
    if let Some((seq, words)) = seen.unauthorized().filter(|(seq, _)| *seq > refused) {
        return Ruling::violated(format!("after its token was refused {words}"), vec![refused, seq]);
    }
    // The call that met the refusal may leave the rest to the next one.
    let later =
        view.calls.iter().find(|call| call.began.seq > refused && seen.api.iter().any(|api| api.seq > call.began.seq));
    match later {
        Some(call) => {
            let words = "goes on with a token that Thales has refused, in a later call, too";
            Ruling::violated(words, vec![refused, call.began.seq])
        }
        None => Ruling::unwitnessed(Reason::NotShown, "no call came after its token was refused", vec![refused]),
    }
}

fn first_issued(view: &View<'_>) -> Option<u64> {
    let asked = view.connections.iter().flat_map(|connection| &connection.token_requests);
    asked.filter(|asked| matches!(asked.what.outcome, TokenOutcome::Issued { .. })).map(|asked| asked.seq).min()
}

fn assertion(view: &View<'_>, expectation: &Expectation, seen: &Above<'_>) -> Ruling {
    let Some((wanted_algorithm, within_s)) = plan(view.header, expectation) else {
        return Ruling::unwitnessed(Reason::NotPlayed, "no endpoint demanded a token", Vec::new());
    };
    let mut read = Vec::new();
    let mut unchecked = false;
    for asked in &seen.asked {
        let Some(assertion) = &asked.what.assertion else { continue };
        let wrong = |words: String| Ruling::violated(words, vec![asked.seq]);
        match assertion.algorithm.as_deref() {
            Some(algorithm) if algorithm == wanted_algorithm => {}
            Some(algorithm) => return wrong(format!("signed with {algorithm}")),
            None => return wrong("names no algorithm".to_owned()),
        }
        if !assertion.key_id {
            return wrong("names no key (`kid`)".to_owned());
        }
        let (Some(issuer), Some(subject)) = (&assertion.issuer, &assertion.subject) else {
            return wrong("`iss` or `sub` is missing".to_owned());
        };
        if issuer != subject {
            return wrong(format!("`iss` is `{issuer}`, `sub` is `{subject}`"));
        }
        if let Some(wanted) = &view.header.context.customer_id
            && issuer != wanted
        {
            return wrong(format!("`iss` is `{issuer}`, the customer's identifier is `{wanted}`"));
        }
        match assertion.expires_in_s {
            None => return wrong("`exp` is missing".to_owned()),
            // Whatever a caller may have written there.
            Some(seconds) if seconds <= 0 => {
                return wrong(format!("it had ended {} s ago", seconds.unsigned_abs()));
            }
            Some(seconds) if seconds > i64::from(within_s) + SKEW_S => {
                return wrong(format!("it ends in {seconds} s only: a time zone, perhaps"));
            }
            Some(_) => {}
        }
        if assertion.signature == SignatureState::Bad {
            return wrong("its signature does not verify with the customer's key".to_owned());
        }
        unchecked |= assertion.signature == SignatureState::NotChecked;
        read.push(asked.seq);
    }
    if read.is_empty() {
        let seen = match seen.asked.last() {
            Some(last) => format!("no assertion could be read: {}", last.what.faults.join("; ")),
            None => "no token was asked for".to_owned(),
        };
        return Ruling::unwitnessed(Reason::NotShown, seen, Vec::new());
    }
    let ruling = Ruling::met(format!("{} assertion(s) as the product wants them", read.len()), read);
    if unchecked { ruling.warn("no signature was verified: `[portal] jwt-key` names the public key") } else { ruling }
}

fn tolerant(view: &View<'_>, expectation: &Expectation, seen: &Above<'_>) -> Ruling {
    let Some(issued) = seen.issued().next() else {
        return Ruling::unwitnessed(Reason::NotShown, "no token was fetched", Vec::new());
    };
    if let Some(used) = seen.good().find(|seq| *seq > issued) {
        return Ruling::met("a token was used whose answer carried unannounced members", vec![issued, used]);
    }
    let phases = &expectation.phases;
    let earlier = view.connections.iter().any(|connection| {
        connection.phase.is_some_and(|phase| phases.iter().all(|own| phase < *own))
            && connection.marks.iter().any(|marks| bearer(&marks.what) == Some(TokenState::Known))
    });
    if earlier {
        Ruling::violated("no API request came with the token of such an answer, as one did before", vec![issued])
    } else {
        Ruling::unwitnessed(Reason::Control, "no token was used before, either", vec![issued])
    }
}

/// What the endpoints of the expectation's phases demand of an assertion: its algorithm, and in how many seconds it may
/// end.
fn plan<'a>(header: &'a Header, expectation: &Expectation) -> Option<(&'a str, u32)> {
    let phases = header.script.phases.iter().filter(|phase| expectation.phases.contains(&phase.id));
    let demanded = phases.flat_map(|phase| phase.endpoints.values()).find_map(|plan| plan.oauth.as_ref())?;
    Some((&demanded.algorithm, demanded.assertion_within_s))
}
