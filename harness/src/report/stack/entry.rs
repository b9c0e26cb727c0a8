//! The data file about stacks: how each is recognised, and what its refusals look like there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use mock_thales::observe::{ClientHello, Role};
use serde::Deserialize;

use super::shape::Shape;
use crate::model::Side;

/// One stack.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) side: Side,
    /// Its family.
    #[serde(default)]
    pub(super) of: Option<String>,
    #[serde(default)]
    hello: Option<Hello>,
    /// Shapes of a caller's refusals; empty: any.
    #[serde(default)]
    refuses: Vec<String>,
    /// Shapes of a receiver's refusals by what was shown.
    #[serde(default)]
    answers: BTreeMap<String, Vec<String>>,
    pub(super) looks: String,
    /// What a certificate that is not shown means where the server names other authorities.
    #[serde(default)]
    pub(super) foreign_list: Option<String>,
}

/// Hints in a ClientHello. All that are given have to hold.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Hello {
    #[serde(default)]
    order: Vec<u16>,
    #[serde(default)]
    has: Vec<u16>,
    #[serde(default)]
    lacks: Vec<u16>,
    #[serde(default)]
    ciphers: Vec<u16>,
    #[serde(default)]
    alpn: Option<Vec<String>>,
}

impl Hello {
    fn fits(&self, hello: &ClientHello) -> bool {
        let mut sent = hello.extensions.iter();
        self.order.iter().all(|wanted| sent.any(|kind| kind == wanted))
            && self.has.iter().all(|wanted| hello.extensions.contains(wanted))
            && !self.lacks.iter().any(|unwanted| hello.extensions.contains(unwanted))
            && hello.ciphers.starts_with(&self.ciphers)
            && self.alpn.as_ref().is_none_or(|protocols| *protocols == hello.alpn)
    }
}

/// What a part of the integration showed of itself in a run.
#[derive(Debug, Default)]
pub(super) struct Traits {
    /// Its ClientHellos, each once.
    pub(super) hellos: Vec<ClientHello>,
    /// Its refusals by what was refused.
    pub(super) refusals: BTreeMap<&'static str, BTreeSet<Shape>>,
    /// Whether something went through: a server that serves nobody shows no stack.
    pub(super) serves: bool,
}

impl Entry {
    fn fits(&self, side: Side, traits: &Traits) -> bool {
        self.side == side
            && match side {
                Side::Caller => {
                    let hello = |hint: &Hello| traits.hellos.iter().all(|hello| hint.fits(hello));
                    let mut shapes = traits.refusals.values().flatten();
                    let is_known = |shape: &Shape| self.refuses.iter().any(|word| shape.is(word, Role::Server));
                    !traits.hellos.is_empty()
                        && self.hello.as_ref().is_some_and(hello)
                        && (self.refuses.is_empty() || shapes.all(is_known))
                }
                Side::Receiver => {
                    let is_known = |(cause, shapes): (&&str, &BTreeSet<Shape>)| {
                        self.answers.get(*cause).is_none_or(|words| {
                            shapes.iter().all(|shape| words.iter().any(|word| shape.is(word, Role::Client)))
                        })
                    };
                    let told = traits.refusals.keys().filter(|cause| self.answers.contains_key(**cause)).count();
                    traits.serves && told >= ENOUGH && traits.refusals.iter().all(is_known)
                }
                Side::Files => false,
            }
    }
}

/// Refusals of different certificates that tell one server from another.
const ENOUGH: usize = 2;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    stack: Vec<Entry>,
}

fn entries() -> Result<&'static [Entry], &'static str> {
    static FILE: OnceLock<Result<File, String>> = OnceLock::new();
    let read = FILE.get_or_init(|| toml::from_str(include_str!("stacks.toml")).map_err(|error| error.to_string()));
    read.as_ref().map(|file| file.stack.as_slice()).map_err(String::as_str)
}

/// The entries that fit, the narrowest ones. Where several of a family fit, nothing tells them apart, and the family is
/// meant.
pub(super) fn fitting(side: Side, traits: &Traits) -> Vec<&'static Entry> {
    // A test reads the file; nothing hangs on an explanation.
    let fitting: Vec<_> = entries().unwrap_or_default().iter().filter(|entry| entry.fits(side, traits)).collect();
    let members = |family: &str| fitting.iter().filter(|entry| entry.of.as_deref() == Some(family)).count();
    let is_narrowest = |entry: &&Entry| match &entry.of {
        Some(family) => members(family) == 1,
        None => members(&entry.id) != 1,
    };
    let narrowest: Vec<_> = fitting.iter().copied().filter(is_narrowest).collect();
    // One name too few is better than a wrong one.
    if narrowest.len() == 1 { narrowest } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 3] = ["silent", "silent-after", "400"];

    #[test]
    fn the_data_file_is_sound() {
        let entries = entries().unwrap();
        let ids: BTreeSet<_> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), entries.len(), "an id stands twice");
        for entry in entries {
            assert!(entry.of.as_deref().is_none_or(|of| ids.contains(of)), "{}", entry.id);
            assert_eq!(entry.hello.is_some(), entry.side == Side::Caller, "{}", entry.id);
            assert_eq!(entry.answers.is_empty(), entry.side == Side::Caller, "{}", entry.id);
            for word in entry.refuses.iter().chain(entry.answers.values().flatten()) {
                assert!(WORDS.contains(&word.as_str()) || word.parse::<u8>().is_ok(), "{}: {word}", entry.id);
            }
        }
    }

    fn node() -> ClientHello {
        ClientHello {
            legacy_version: mock_thales::observe::TlsVersion::V1_2,
            supported_versions: None,
            ciphers: vec![4866, 4867, 4865, 49199, 49195, 49200],
            sni: None,
            alpn: Vec::new(),
            extensions: vec![0, 11, 10, 35, 22, 23, 13, 43, 45, 51],
            groups: vec![29],
            signature_schemes: vec![1027],
            resumes: false,
        }
    }

    fn ids(side: Side, traits: &Traits) -> Vec<&'static str> {
        fitting(side, traits).into_iter().map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn a_shape_that_a_stack_does_not_show_leaves_its_family() {
        let with = |shape| Traits {
            hellos: vec![node()],
            refusals: BTreeMap::from([("unknown", BTreeSet::from([shape]))]),
            serves: true,
        };
        assert_eq!(ids(Side::Caller, &with(Shape::Silent)), ["node"]);
        assert_eq!(ids(Side::Caller, &with(Shape::Alert(48))), ["openssl"]);
        let mut strange = with(Shape::Silent);
        strange.hellos[0].extensions = vec![0, 10, 43];
        assert!(ids(Side::Caller, &strange).is_empty());
    }

    #[test]
    fn a_server_that_closes_everything_is_no_stack() {
        let silent = BTreeSet::from([Shape::SilentAfter]);
        let refusals = BTreeMap::from([("none", silent.clone()), ("unknown", silent)]);
        let closing = Traits { hellos: Vec::new(), refusals, serves: false };
        assert!(ids(Side::Receiver, &closing).is_empty());
        assert_eq!(ids(Side::Receiver, &Traits { serves: true, ..closing }), ["java-https-server"]);
    }
}
