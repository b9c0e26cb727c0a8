//! From a scenario's file to the model: one shape, one difference a row, names that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mock_thales::plan::{ClientCertificate, Endorsed, ServerCertificate};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::diagnostic::{Diagnostics, Place};
use super::scenario_file::{
    ChangeKeys, ClientKeys, EndpointKeys, ExpectKeys, RowKeys, ScenarioFile, StepKeys, ZoneKeys,
};
use crate::model::{
    Beside, Change, Check, ClientConduct, Conduct, DEFAULT_ADDRESS, EndpointConduct, EndpointName, Millis, Row,
    RowKind, Scenario, ScenarioId, Shape, Side, Step, Topic, Traffic,
};

/// Reads one scenario. `id` is what its path says; `topics` are those that some profile has a requirement about.
pub(super) fn read(place: &Place, id: &ScenarioId, topics: &BTreeSet<Topic>) -> Result<Scenario, Diagnostics> {
    let file: ScenarioFile = place.parse()?;
    let mut reader = Reader { place, topics, faults: Diagnostics::default() };
    if file.id.as_ref() != id {
        reader.fault(&file.id, &format!("the id does not fit the file's path, expected `{id}`"));
    }
    let shape = reader.shape(&file);
    let scenario = Scenario {
        id: file.id.into_inner(),
        title: file.title,
        about: file.about,
        side: file.role.into_inner(),
        digest: digest(&place.text),
        shape,
        beside: Beside::default(),
    };
    reader.faults.finish(scenario)
}

/// SHA-256 in hex.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The scenario that a path below `scenarios/` names.
pub(super) fn id_of(path: &Path) -> Option<ScenarioId> {
    path.with_extension("").to_str()?.replace('\\', "/").parse().ok()
}

struct Reader<'a> {
    place: &'a Place,
    topics: &'a BTreeSet<Topic>,
    faults: Diagnostics,
}

impl Reader<'_> {
    fn fault<T>(&mut self, at: &Spanned<T>, message: &str) {
        self.faults.push(self.place.fault(Some(at.span()), message));
    }

    fn topic(&mut self, topic: Option<&Spanned<Topic>>) -> Option<Topic> {
        let topic = topic?;
        if !self.topics.contains(topic.as_ref()) {
            let close: Vec<_> = self.topics.iter().filter(|known| near(known, topic.as_ref())).collect();
            let hint = match close.as_slice() {
                [] => "`list --requirements` prints the topics".to_owned(),
                close => format!("did you mean {}?", quoted(close)),
            };
            self.fault(topic, &format!("no profile has a requirement about `{}`\n{hint}", topic.as_ref()));
        }
        Some(topic.as_ref().clone())
    }

    fn shape(&mut self, file: &ScenarioFile) -> Shape {
        if let Some(endpoint) = &file.endpoint
            && endpoint.as_ref().certificate.is_some_and(|certificate| certificate.further_root().is_some())
        {
            self.fault(endpoint, "a further root belongs to a row: not every profile's authority has it");
        }
        self.whole_seconds(file.endpoint.as_ref().and_then(|keys| keys.as_ref().token_lifetime.as_ref()));
        if file.step.is_empty() { self.table(file) } else { self.steps(file) }
    }

    fn table(&mut self, file: &ScenarioFile) -> Shape {
        let verifies = self.topic(file.verifies.as_ref());
        let control = match (file.role.as_ref(), &file.endpoint, &file.client) {
            (Side::Caller, Some(_), Some(client)) => {
                self.fault(client, "a scenario for a caller has no `[client]`: Thales is the endpoint there");
                Conduct::Endpoint(EndpointConduct::default())
            }
            (Side::Receiver, Some(endpoint), _) => {
                self.fault(endpoint, "a scenario for a receiver has no `[endpoint]`: Thales is the client there");
                Conduct::Client(ClientConduct::default())
            }
            (Side::Files, ..) => {
                self.fault(&file.role, "files are read in steps: expected a `[[step]]`");
                Conduct::Endpoint(EndpointConduct::default())
            }
            (Side::Caller, endpoint, _) => {
                Conduct::Endpoint(endpoint.as_ref().map_or_else(EndpointConduct::default, |keys| keys.as_ref().into()))
            }
            (Side::Receiver, None, client) => {
                Conduct::Client(client.as_ref().map_or_else(ClientConduct::default, |keys| keys.as_ref().into()))
            }
        };
        for name in file.endpoints.values() {
            self.fault(&name.address, "named endpoints belong to scenarios with steps");
        }
        if let Some(zone) = &file.zone {
            self.fault(zone, "`[zone]` belongs to scenarios with steps");
        }
        let kinds = [(&file.accept, "accept"), (&file.refuse, "refuse"), (&file.row, "row")];
        let mut rows = Vec::new();
        for (kind, word) in kinds {
            for keys in kind {
                rows.extend(self.row(word, keys, &control, verifies.as_ref()));
            }
        }
        if rows.is_empty() && verifies.is_none() {
            self.fault(&file.id, "the scenario verifies nothing: expected `verifies`, a row, or a step");
        }
        Shape::Table { verifies, control, rows }
    }

    fn row(&mut self, word: &str, keys: &Spanned<RowKeys>, control: &Conduct, verifies: Option<&Topic>) -> Option<Row> {
        let row = keys.as_ref();
        let differences = differences(row);
        let [difference] = differences.as_slice() else {
            let found = if differences.is_empty() { "none".to_owned() } else { quoted(&differences) };
            self.fault(keys, &format!("a row differs from the control in exactly one key, found {found}"));
            return None;
        };
        let own = self.topic(row.verifies.as_ref());
        let Some(verifies) = own.or_else(|| verifies.cloned()) else {
            self.fault(keys, "the row verifies nothing: expected `verifies` here or at the top of the file");
            return None;
        };
        let conduct = self.differing(row, control, keys)?;
        let kind = match (word, &row.expect) {
            ("refuse", None) => RowKind::Refuse,
            ("accept", None) => RowKind::Accept,
            ("row", Some(expect)) => RowKind::Expect(self.checks(expect, &BTreeMap::new())),
            ("row", None) => {
                self.fault(keys, "a `[[row]]` says what it expects: expected `expect`");
                return None;
            }
            _ => {
                self.fault(
                    keys,
                    &format!("a `[[{word}]]` row expects what its name says; `expect` belongs to a `[[row]]`"),
                );
                return None;
            }
        };
        Some(Row {
            kind,
            difference: difference.clone(),
            conduct,
            verifies,
            means: row.means.clone(),
            any_of: row.any_of.clone(),
        })
    }

    fn differing(&mut self, row: &RowKeys, control: &Conduct, keys: &Spanned<RowKeys>) -> Option<Conduct> {
        match control {
            Conduct::Endpoint(control) => {
                if row.source.is_some() || row.credentials.is_some() {
                    self.fault(keys, "`source` and `credentials` belong to a receiver's scenario");
                    return None;
                }
                let mut conduct = control.clone();
                if let Some(word) = &row.certificate {
                    conduct.certificate = Some(self.word::<ServerCertificate>(word)?);
                }
                conduct.versions = row.versions.clone().or(conduct.versions);
                conduct.leaf = row.leaf.or(conduct.leaf);
                conduct.ca_list = row.ca_list.or(conduct.ca_list);
                conduct.refuses = row.refuses.or(conduct.refuses);
                conduct.sentinel = row.sentinel.or(conduct.sentinel);
                Some(Conduct::Endpoint(conduct))
            }
            Conduct::Client(control) => {
                if row.leaf.is_some() || row.ca_list.is_some() || row.refuses.is_some() || row.sentinel.is_some() {
                    self.fault(
                        keys,
                        "this key belongs to a caller's scenario, expected `versions`, `certificate`, `source` or `credentials`",
                    );
                    return None;
                }
                let mut conduct = control.clone();
                if let Some(word) = &row.certificate {
                    conduct.certificate = Some(self.word::<ClientCertificate>(word)?);
                }
                conduct.versions = row.versions.clone().or(conduct.versions);
                conduct.source = row.source.or(conduct.source);
                conduct.credentials = row.credentials.or(conduct.credentials);
                Some(Conduct::Client(conduct))
            }
        }
    }

    fn word<'de, T: Deserialize<'de>>(&mut self, word: &'de Spanned<String>) -> Option<T> {
        let deserializer: StrDeserializer<'de, WordError> = word.as_ref().as_str().into_deserializer();
        T::deserialize(deserializer).map_err(|error| self.fault(word, &error.to_string())).ok()
    }

    fn steps(&mut self, file: &ScenarioFile) -> Shape {
        for row in file.accept.iter().chain(&file.refuse).chain(&file.row) {
            self.fault(row, "a scenario is a table of rows or a list of steps, never both");
        }
        if let Some(client) = &file.client {
            self.fault(client, "a scenario with steps has no `[client]`");
        }
        let common = file.endpoint.as_ref().map_or_else(EndpointConduct::default, |keys| keys.as_ref().into());
        let mut endpoints = BTreeMap::new();
        for (name, named) in &file.endpoints {
            let conduct = EndpointConduct { keep_alive: named.keep_alive.or(common.keep_alive), ..common.clone() };
            endpoints.insert(name.clone(), (*named.address.as_ref(), conduct));
        }
        if endpoints.is_empty() {
            let main = "main".parse().expect("a word in lower case is an endpoint's name");
            endpoints.insert(main, (DEFAULT_ADDRESS, common));
        }
        match file.role.as_ref() {
            Side::Caller => {}
            Side::Receiver => self.receivers_steps(file),
            Side::Files => self.files_steps(file),
        }
        let none = ZoneKeys::default();
        let zone = self.zone(file.zone.as_ref().map_or(&none, Spanned::as_ref), &endpoints);
        let default_topic = self.topic(file.verifies.as_ref());
        let mut steps = Vec::new();
        for keys in &file.step {
            let step = self.step(keys, &endpoints, default_topic.as_ref());
            self.fitting(*file.role.as_ref(), &step.expect, keys);
            steps.push(step);
        }
        self.renewal(&file.step);
        Shape::Steps { endpoints, zone, steps }
    }

    /// What speaks of the renewed certificate needs a step that renews it.
    fn renewal(&mut self, steps: &[Spanned<StepKeys>]) {
        let change =
            |step: &Spanned<StepKeys>, is: fn(&ChangeKeys) -> bool| step.as_ref().change.as_ref().is_some_and(is);
        let renewing = steps.iter().position(|step| change(step, |change| change.renewal.is_some()));
        for (index, step) in steps.iter().enumerate() {
            let is_renewed = renewing.is_some_and(|renewing| renewing <= index);
            let endorses = |keys: &ChangeKeys| keys.endorses.is_some_and(|which| which != Endorsed::Former);
            if !is_renewed && (step.as_ref().expect.renews.is_some() || change(step, endorses)) {
                self.fault(
                    step,
                    "there is no renewed certificate yet: expected `renewal = {}` here or in a step before",
                );
            }
            if renewing.is_some_and(|renewing| renewing < index) && change(step, |change| change.renewal.is_some()) {
                self.fault(step, "a scenario renews the certificate once");
            }
        }
    }

    /// A receiver is called once a step, whatever stands there: words that would do nothing are faults.
    fn receivers_steps(&mut self, file: &ScenarioFile) {
        for name in file.endpoints.values() {
            self.fault(&name.address, "a scenario for a receiver has no endpoints: Thales is the client there");
        }
        if let Some(zone) = &file.zone {
            self.fault(zone, "a scenario for a receiver has no `[zone]`: nobody asks for Thales there");
        }
        for step in &file.step {
            if step.as_ref().change.is_some() {
                self.fault(step, "nothing changes for a receiver: `change` belongs to a caller's scenario");
            }
            if step.as_ref().traffic.is_some() {
                self.fault(step, "a receiver gets each request once a step: `traffic` belongs to a caller's scenario");
            }
        }
    }

    /// Nobody calls anybody: words about traffic would do nothing.
    fn files_steps(&mut self, file: &ScenarioFile) {
        for name in file.endpoints.values() {
            self.fault(&name.address, "a scenario about files has no endpoints");
        }
        if let Some(endpoint) = &file.endpoint {
            self.fault(endpoint, "a scenario about files has no `[endpoint]`");
        }
        if let Some(zone) = &file.zone {
            self.fault(zone, "a scenario about files has no `[zone]`");
        }
        for step in &file.step {
            if step.as_ref().change.is_some() || step.as_ref().traffic.is_some() {
                self.fault(step, "a scenario about files has neither `change` nor `traffic`");
            }
        }
    }

    /// A check of files has nothing to look at in traffic, and the other way round.
    fn fitting(&mut self, side: Side, checks: &[Check], at: &Spanned<StepKeys>) {
        for check in checks {
            let (of_files, of_connections) = check.reads();
            if side == Side::Files && !of_files {
                self.fault(at, "the step expects what only a connection can show");
            } else if side != Side::Files && !of_connections {
                self.fault(at, "the step expects what only files can show: expected `role = \"files\"`");
            }
        }
    }

    /// A time to live travels in whole seconds (RFC 1035 section 3.2.1), and so does that of a token.
    fn whole_seconds(&mut self, ttl: Option<&Spanned<Millis>>) -> Option<Millis> {
        let ttl = ttl?;
        if !ttl.as_ref().0.is_multiple_of(1000) {
            self.fault(ttl, "a time to live is a number of whole seconds, such as `2s`");
        }
        Some(*ttl.as_ref())
    }

    fn zone(&mut self, keys: &ZoneKeys, endpoints: &Endpoints) -> Change {
        let answer = match &keys.answer {
            Some(names) => self.names(names, endpoints),
            None => endpoints.keys().take(1).cloned().collect(),
        };
        Change {
            answer: Some(answer),
            ttl: self.whole_seconds(keys.ttl.as_ref()),
            mode: keys.mode,
            subdomain: keys.subdomain.clone(),
            ..Change::default()
        }
    }

    fn step(&mut self, keys: &Spanned<StepKeys>, endpoints: &Endpoints, default_topic: Option<&Topic>) -> Step {
        let step = keys.as_ref();
        let own = self.topic(step.verifies.as_ref());
        let expect = self.checks(&step.expect, endpoints);
        let verifies = own.or_else(|| default_topic.cloned());
        if !expect.is_empty() && verifies.is_none() {
            self.fault(keys, "the step expects something and verifies nothing: expected `verifies`");
        }
        let traffic = step.traffic.as_ref().map_or_else(Traffic::default, |traffic| Traffic {
            every: traffic.every,
            calls: traffic.calls,
            lasts: traffic.lasts,
        });
        if traffic.calls.is_some() && traffic.lasts.is_some() {
            self.fault(keys, "traffic has `calls` or `for`, never both");
        }
        let change = step.change.as_ref().map_or_else(Change::default, |change| self.change(change, endpoints));
        Step { change, traffic, verifies, expect, means: step.means.clone() }
    }

    fn change(&mut self, keys: &ChangeKeys, endpoints: &Endpoints) -> Change {
        Change {
            answer: keys.answer.as_ref().map(|names| self.names(names, endpoints)),
            ttl: self.whole_seconds(keys.ttl.as_ref()),
            mode: keys.mode,
            subdomain: None,
            drain: self.names(&keys.drain, endpoints),
            dead: keys.dead.as_ref().map(|dead| (self.name(&dead.endpoint, endpoints), dead.how)),
            endorses: keys.endorses,
            renewal: keys.renewal.is_some(),
            forgets_tokens: keys.forgets_tokens,
            answers_status: keys.answers_status.as_ref().map(|statuses| self.statuses(statuses)),
            extras: keys.extras,
        }
    }

    fn statuses(&mut self, statuses: &Spanned<Vec<u16>>) -> Vec<u16> {
        if statuses.as_ref().iter().any(|status| !(200..600).contains(status)) {
            self.fault(statuses, "an answer's status is a number from 200 to 599");
        }
        statuses.as_ref().clone()
    }

    fn names(&mut self, names: &[Spanned<EndpointName>], endpoints: &Endpoints) -> Vec<EndpointName> {
        names.iter().map(|name| self.name(name, endpoints)).collect()
    }

    fn name(&mut self, name: &Spanned<EndpointName>, endpoints: &Endpoints) -> EndpointName {
        if !endpoints.contains_key(name.as_ref()) {
            let known: Vec<_> = endpoints.keys().collect();
            self.fault(name, &format!("no endpoint is called `{}`, expected {}", name.as_ref(), quoted(&known)));
        }
        name.as_ref().clone()
    }

    fn checks(&mut self, keys: &ExpectKeys, endpoints: &Endpoints) -> Vec<Check> {
        let mut checks = Vec::new();
        checks.extend(keys.client_certificate.map(Check::ClientCertificate));
        checks.extend(keys.addressed.as_ref().map(|_| Check::Addressed));
        checks.extend(keys.asks_first.as_ref().map(|_| Check::AsksFirst));
        checks.extend(keys.reaches.as_ref().map(|key| Check::Reaches(self.name(&key.endpoint, endpoints))));
        checks.extend(keys.moves.as_ref().map(|target| Check::Moves(self.name(&target.to, endpoints))));
        checks.extend(keys.leaves.as_ref().map(|key| Check::Leaves(self.name(&key.endpoint, endpoints))));
        checks.extend(keys.recovers.as_ref().map(|_| Check::Recovers));
        checks.extend(keys.ends.map(Check::Ends));
        checks.extend(keys.renews.map(Check::Renews));
        checks.extend(keys.notices_sentinel.as_ref().map(|_| Check::NoticesSentinel));
        checks.extend(keys.server_chain.map(Check::ServerChain));
        checks.extend(keys.port.clone().map(Check::Port));
        checks.extend(keys.names_only_client_ca.as_ref().map(|_| Check::NamesOnlyClientCa));
        checks.extend(keys.keeps_environment.as_ref().map(|_| Check::KeepsEnvironment));
        checks.extend(keys.environments_apart.map(Check::EnvironmentsApart));
        checks.extend(keys.client_request.map(Check::ClientRequest));
        checks.extend(keys.renewal_request.as_ref().map(|_| Check::RenewalRequest));
        checks.extend(keys.store.map(Check::Store));
        checks.extend(keys.server_anchor.map(Check::ServerAnchor));
        checks.extend(keys.server_chain_kept.as_ref().map(|_| Check::ServerChainKept));
        checks.extend(keys.oauth.map(Check::OAuth));
        checks.extend(keys.field.clone().map(Check::Field));
        checks.extend(keys.payload.as_ref().map(|_| Check::Payload));
        checks.extend(keys.grants_token.as_ref().map(|_| Check::GrantsToken));
        checks.extend(keys.repeats.map(Check::Repeats));
        checks.extend(keys.asks.clone().map(Check::Asks));
        checks
    }
}

type Endpoints = BTreeMap<EndpointName, (std::net::IpAddr, EndpointConduct)>;

impl From<&EndpointKeys> for EndpointConduct {
    fn from(keys: &EndpointKeys) -> Self {
        Self {
            versions: keys.versions.clone(),
            leaf: keys.leaf,
            certificate: keys.certificate,
            client_certificate: keys.client_certificate,
            ca_list: keys.ca_list,
            refuses: None,
            sentinel: None,
            keep_alive: keys.keep_alive,
            idle_close: keys.idle_close,
            chain: keys.chain,
            tickets: keys.tickets,
            alpn: keys.alpn,
            token_lifetime: keys.token_lifetime.as_ref().map(|lifetime| *lifetime.as_ref()),
        }
    }
}

impl From<&ClientKeys> for ClientConduct {
    fn from(keys: &ClientKeys) -> Self {
        Self { versions: keys.versions.clone(), certificate: keys.certificate, source: keys.source, credentials: None }
    }
}

/// The differences of a row, in words.
fn differences(row: &RowKeys) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(versions) = &row.versions {
        let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
        found.push(format!("only {}", versions.join(" and ")));
    }
    found.extend(row.leaf.map(|leaf| format!("leaf = {}", word_of(&leaf))));
    found.extend(row.certificate.as_ref().map(|word| format!("certificate = {}", word.as_ref())));
    found.extend(row.ca_list.map(|list| format!("ca-list = {}", word_of(&list))));
    found.extend(row.refuses.map(|refusal| format!("refuses = {}", word_of(&refusal))));
    found.extend(row.sentinel.map(|sentinel| format!("sentinel = {sentinel}")));
    found.extend(row.credentials.map(|credentials| format!("credentials = {}", word_of(&credentials))));
    found.extend(row.source.map(|source| format!("source = {source}")));
    found
}

/// A word as files write it.
fn word_of(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn near(known: &Topic, wrong: &Topic) -> bool {
    let last = |topic: &Topic| topic.as_str().rsplit('.').next().unwrap_or_default().to_owned();
    let (known, wrong) = (last(known), last(wrong));
    known.starts_with(wrong.get(..3).unwrap_or(&wrong))
}

fn quoted<T: std::fmt::Display>(words: &[T]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
