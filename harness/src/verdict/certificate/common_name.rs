//! The CN of the customer's certificate: the portal's value, or the pattern of `TLSMA-<algorithm>/…`, of which the tail
//! is not published.

use mock_thales::pki::PublicKey;

use super::difference::difference;
use super::{Document, Rules, beginnings, met, not_shown, violated};
use crate::verdict::finding::Ruling;

/// X.520, ub-common-name, in characters.
const LONGEST: usize = 64;

pub(super) fn expected(rules: &Rules<'_>) -> String {
    match (beginnings(rules.policy), rules.common_name) {
        (None, Some(name)) => format!("its CN is `{name}`"),
        (None, None) => "its CN is the one given in the portal".to_owned(),
        (Some((rsa, ecdsa)), _) => match rules.cn_template {
            Some(template) => format!("its CN follows `{template}`"),
            None => format!("its CN begins `{rsa}` or `{ecdsa}` and bears the {}", rules.customer_id_form.name),
        },
    }
}

/// The whole CN, apart from its words for algorithm and environment.
pub(super) fn judge(rules: &Rules<'_>, document: &Document) -> Ruling {
    let name = match single(document) {
        Ok(name) => name,
        Err(ruling) => return ruling,
    };
    let Some((rsa, ecdsa)) = beginnings(rules.policy) else { return exact(rules, &name) };
    if let Some(at) = name.find('\\') {
        return violated(format!("its CN is `{name}`, with a literal backslash at byte {}", at + 1));
    }
    if !name.starts_with(rsa) && !name.starts_with(ecdsa) {
        return violated(format!("its CN is `{name}`, which begins neither `{rsa}` nor `{ecdsa}`"));
    }
    let length = name.chars().count();
    if length > LONGEST {
        return violated(format!("its CN has {length} characters, {LONGEST} are allowed (X.520)"));
    }
    match rules.customer_id {
        Some(id) if !name.contains(id) => {
            return violated(format!("its CN is `{name}`, without the {} `{id}`", rules.customer_id_form.name));
        }
        None => {
            return not_shown(format!("the integration file says no customer-id to look for in `{name}`"));
        }
        Some(_) => {}
    }
    tail(rules, &name)
}

/// The CN that the portal gave, byte by byte.
fn exact(rules: &Rules<'_>, name: &str) -> Ruling {
    match rules.common_name {
        None => not_shown("the integration file says no common-name"),
        Some(wanted) if wanted == name => met("the same bytes"),
        Some(wanted) => violated(format!("its CN is `{name}`; {}", difference(wanted, name))),
    }
}

/// What follows the beginning: compared with the template or the portal's value, where the customer was given one.
fn tail(rules: &Rules<'_>, name: &str) -> Ruling {
    let Some(template) = rules.cn_template.or(rules.common_name) else {
        return not_shown(format!(
            "its CN is `{name}`: tail not verified; how it ends is not published, and cn-template or common-name says it"
        ));
    };
    // Which algorithm and which environment it names are rows of their own.
    let words: &[&str] = if rules.words.is_empty() { &[""] } else { &rules.words };
    let fits = ["RSA", "ECDSA"].iter().any(|algorithm| {
        words.iter().any(|word| {
            let wanted = template
                .replace("{algorithm}", algorithm)
                .replace("{customer-id}", rules.customer_id.unwrap_or_default())
                .replace("{environment}", word);
            wanted == name
        })
    });
    if fits {
        met(format!("`{name}`"))
    } else {
        violated(format!("its CN is `{name}`, expected the form `{template}`"))
    }
}

/// Which environment it names.
pub(super) fn environment(rules: &Rules<'_>, document: &Document) -> Ruling {
    let Some(wanted) = rules.word else { return not_shown("the environment has no word in a CN") };
    let name = match single(document) {
        Ok(name) => name,
        Err(ruling) => return ruling,
    };
    // The customer's identifier may hold such a word by chance.
    let rest = match rules.customer_id {
        Some(id) => name.replacen(id, " ", 1),
        None => name.clone(),
    };
    let found: Vec<_> = rules.words.iter().flat_map(|word| rest.matches(word)).collect();
    match found.as_slice() {
        [word] if *word == wanted => met(format!("`{wanted}`")),
        [] => violated(format!("its CN is `{name}`, without `{wanted}`")),
        words => violated(format!("its CN is `{name}`: it names {}, expected `{wanted}` alone", words.join(" and "))),
    }
}

/// Which algorithm it names.
pub(super) fn algorithm(rules: &Rules<'_>, document: &Document) -> Ruling {
    let Some((rsa, ecdsa)) = beginnings(rules.policy) else { return not_shown("the CN names no algorithm here") };
    let name = match single(document) {
        Ok(name) => name,
        Err(ruling) => return ruling,
    };
    let begins = |with: &str| name.starts_with(with.trim_end_matches('/'));
    let is_rsa = matches!(document.key, PublicKey::Rsa { .. });
    match (begins(rsa), begins(ecdsa)) {
        (true, false) if is_rsa => met(format!("`{name}` with an RSA key")),
        (false, true) if matches!(document.key, PublicKey::Ec { .. }) => met(format!("`{name}` with an EC key")),
        (false, false) => not_shown(format!("its CN `{name}` names no algorithm")),
        _ => violated(format!("its CN is `{name}`, and its key is {}", super::describe(&document.key))),
    }
}

/// The customer's identifier: its form, and that the CN bears it where a pattern says so.
pub(super) fn customer_id(rules: &Rules<'_>, document: &Document) -> Ruling {
    let form = rules.customer_id_form;
    let Some(id) = rules.customer_id else {
        return not_shown(format!("the integration file says no customer-id ({})", form.name));
    };
    if let Some(length) = form.length {
        let fits = id.len() == usize::from(length)
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !fits {
            return violated(format!(
                "the {} is `{id}`, expected {length} characters out of A-Z a-z 0-9 _ -",
                form.name
            ));
        }
    }
    if beginnings(rules.policy).is_none() {
        return met(format!("`{id}`"));
    }
    match single(document) {
        Ok(name) if name.contains(id) => met(format!("`{id}`, in the CN as well")),
        Ok(name) => violated(format!("the {} is `{id}`, and the CN `{name}`", form.name)),
        Err(ruling) => ruling,
    }
}

/// The one CN as text.
fn single(document: &Document) -> Result<String, Ruling> {
    match document.common_names.as_slice() {
        [name] => match std::str::from_utf8(name) {
            Ok(name) => Ok(name.to_owned()),
            Err(_) => Err(violated(format!("its CN is no text: `{}`", String::from_utf8_lossy(name)))),
        },
        [] => Err(violated("it has no CN")),
        names => Err(violated(format!("it has {} CNs", names.len()))),
    }
}
