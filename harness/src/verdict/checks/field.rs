//! `field`: each API request carries a header field as the profile wants it. Its value is unknown here; its length, its
//! characters and whether it changes are not.

use mock_thales::observe::{Marks, Scheme, Seen};

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{Expectation, FieldRule, Header};

/// Requests with one value that may be chance: a value that is made anew for each differs in the second already.
const FEW: usize = 3;

pub(super) fn expected(header: &Header, name: &str) -> String {
    let mut words = format!("every API request carries {name}");
    if let Some(rule) = rule_of(header, name) {
        match (rule.shortest, rule.longest) {
            (Some(shortest), Some(longest)) if shortest == longest => {
                words.push_str(&format!(" of exactly {longest} characters"));
            }
            (_, Some(longest)) => words.push_str(&format!(" of at most {longest} characters")),
            (Some(shortest), None) => words.push_str(&format!(" of at least {shortest} characters")),
            (None, None) => {}
        }
        if rule.plain {
            words.push_str(" out of A-Z a-z 0-9 _ -");
        }
        if rule.unique == Some(true) {
            words.push_str(", another one each time");
        }
        if let Some(scheme) = rule.scheme {
            words.push_str(&format!(" with the scheme {}", word(scheme)));
        }
    }
    words
}

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, name: &str) -> Ruling {
    let requests: Vec<&Seen<Marks>> = view
        .subjects(expectation)
        .into_iter()
        .filter(|connection| view.is_witness(connection))
        .flat_map(|connection| &connection.marks)
        .collect();
    if requests.is_empty() {
        return view.no_api_request(&view.subjects(expectation));
    }
    let Some(rule) = rule_of(view.header, name) else {
        return Ruling::unwitnessed(Reason::NotPlayed, "the profile says nothing of it", Vec::new());
    };
    let mut digests = Vec::new();
    for request in &requests {
        let found =
            if name == "authorization" { authorization(&request.what, rule) } else { identifier(&request.what, rule) };
        match found {
            Ok(digest) => digests.push(digest),
            Err(words) => return Ruling::violated(words, vec![request.seq]),
        }
    }
    let evidence: Vec<_> = requests.iter().map(|request| request.seq).collect();
    let is_constant = digests.len() >= FEW && digests.iter().all(|digest| digest == &digests[0]);
    match rule.unique {
        Some(true) if is_constant => Ruling::violated(format!("{name} is the same in every request"), evidence),
        Some(false) if is_constant => Ruling::met(format!("{name} is as the product wants it"), evidence)
            .warn(format!("{name} is the same in {} requests: it tells none of them apart", requests.len())),
        _ => Ruling::met(format!("{name} is as the product wants it in {} request(s)", requests.len()), evidence),
    }
}

fn rule_of<'a>(header: &'a Header, name: &str) -> Option<&'a FieldRule> {
    header.context.fields.iter().find(|rule| rule.name == name)
}

/// The digest of a value that is right.
fn identifier<'a>(marks: &'a Marks, rule: &FieldRule) -> Result<&'a str, String> {
    let name = &rule.name;
    let mark = marks.fields.iter().find(|mark| mark.name == *name);
    let mark = mark.ok_or_else(|| format!("a request came without {name}"))?;
    if mark.times > 1 {
        return Err(format!("{name} stands {} times in one request", mark.times));
    }
    let (shortest, longest) = (rule.shortest.unwrap_or(1), rule.longest.unwrap_or(u32::MAX));
    if !(shortest..=longest).contains(&mark.length) {
        return Err(format!("{name} has {} characters", mark.length));
    }
    if rule.plain && !mark.plain {
        return Err(format!("{name} has other characters than A-Z a-z 0-9 _ -"));
    }
    Ok(&mark.digest)
}

fn authorization<'a>(marks: &'a Marks, rule: &FieldRule) -> Result<&'a str, String> {
    let found = marks.authorization.as_ref().ok_or("a request came without authorization")?;
    if found.further > 0 {
        return Err(format!("authorization stands {} times in one request", found.further + 1));
    }
    if let Some(scheme) = rule.scheme
        && scheme != found.scheme
    {
        return Err(format!("authorization does not have the scheme {}", word(scheme)));
    }
    if !found.credentials {
        return Err("authorization is a scheme without credentials".to_owned());
    }
    Ok(found.digest.as_deref().unwrap_or_default())
}

fn word(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Bearer => "Bearer",
        Scheme::ApiKey => "APIKEY",
        Scheme::Basic => "Basic",
        Scheme::Other => "of another kind",
    }
}
