//! A configuration of a real stack, and the verdict that each requirement has to get from it.

/// A configuration of a real stack, and what the harness has to say of it.
pub(super) struct Stack {
    /// Its name, which is the test's.
    pub(super) name: &'static str,
    /// Program or library with the versions that behave so, as `docs/stacks.md` says it.
    pub(super) family: &'static str,
    /// What is set, in a few words.
    pub(super) configuration: &'static str,
    /// Programs that it needs; `python:NAME` is a module of the machine's own Python.
    pub(super) tools: &'static [&'static str],
    /// What is to be compiled for it.
    pub(super) builds: Option<Build>,
    /// The part that is tested.
    pub(super) party: Party,
    /// Files of its configuration: the name, and the text that was put together.
    pub(super) files: Vec<(&'static str, String)>,
    /// The host that its server certificate names.
    pub(super) host: &'static str,
    /// The file with the server's chain as handed over.
    pub(super) chain: &'static str,
    /// The scenarios that are played; all of its role, if empty. Each is `inbound/*`, `dns/*` or `outbound/*`.
    pub(super) only: &'static [&'static str],
    /// How it is told of its renewed certificate, as `[renewal]` says; empty: its file says nothing of it.
    pub(super) renewal: &'static str,
    /// Requirements that fail.
    pub(super) fail: &'static [&'static str],
    /// Requirements that stay inconclusive.
    pub(super) inconclusive: &'static [&'static str],
    /// Requirements with what their findings say first: the meaning of a violation, or a warning.
    pub(super) says: &'static [(&'static str, &'static str)],
    /// What its refusals of a certificate look like on the wire, in the report's words.
    pub(super) refuses: &'static str,
}

/// How the stack takes part.
pub(super) enum Party {
    /// A caller that is started for each call.
    Command { words: Vec<&'static str> },
    /// A caller that lives as long as a scenario.
    Driver { words: Vec<&'static str> },
    /// A caller that is a service, with the request that makes it call.
    Service { words: Vec<&'static str>, trigger: &'static str },
    /// A server.
    Receiver { words: Vec<&'static str>, within: &'static str },
}

/// What has to be compiled, once for all stacks; `{built}` in their words is where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    /// The classes of Java.
    Java,
    /// The programs in Go.
    Go,
}

/// Never proven by a run.
const DECLARED: [&str; 4] = ["TSH-GEN-01", "TSH-GEN-02", "TSH-IN-13", "TSH-OUT-04"];
/// Proven by files that these stacks do not declare.
const UNTESTED: [&str; 1] = ["TSH-IN-03a"];
/// Proven where a stack says how it is told of its renewed certificate.
pub(super) const RENEWAL: &str = "TSH-ADV-12";
/// Thales' own conduct.
const INFORMATIONAL: [&str; 1] = ["TSH-GEN-03"];

impl Stack {
    /// Whether it calls Thales; otherwise Thales calls it.
    pub(super) fn is_caller(&self) -> bool {
        !matches!(self.party, Party::Receiver { .. })
    }

    /// Whether each of its scenarios starts a virtual machine.
    pub(super) fn is_java(&self) -> bool {
        self.builds == Some(Build::Java)
    }

    /// The verdict that a requirement has to get.
    pub(super) fn verdict(&self, id: &str, topic: &str) -> &'static str {
        let area = topic.split('.').next().unwrap_or_default();
        // What is said of the environments at run time shows in an inbound scenario.
        let folder = if topic == "general.environments" { "inbound" } else { area };
        let is_selected =
            self.only.is_empty() || self.only.iter().any(|pattern| pattern.strip_suffix("/*") == Some(folder));
        let roles: &[&str] = if self.is_caller() { &["general", "inbound", "dns"] } else { &["general", "outbound"] };
        if INFORMATIONAL.contains(&id) {
            "informational"
        } else if !roles.contains(&area) {
            "not-applicable"
        } else if !is_selected {
            if DECLARED.contains(&id) { "declared" } else { "untested" }
        } else if self.fail.contains(&id) {
            "fail"
        } else if self.inconclusive.contains(&id) {
            "inconclusive"
        } else if DECLARED.contains(&id) {
            "declared"
        } else if UNTESTED.contains(&id) || (id == RENEWAL && self.renewal.is_empty()) {
            "untested"
        } else {
            "pass"
        }
    }
}

/// A caller about which nothing else is said: what the table's entries begin with.
pub(super) fn caller(name: &'static str, tools: &'static [&'static str], party: Party) -> Stack {
    Stack {
        name,
        family: "",
        configuration: "",
        tools,
        builds: None,
        party,
        files: Vec::new(),
        host: "issuer.acme.example",
        chain: "server-chain.pem",
        only: &[],
        renewal: "",
        fail: &[],
        inconclusive: &[],
        says: &[],
        refuses: "",
    }
}

/// A driver about which nothing else is said.
pub(super) fn driver(name: &'static str, tools: &'static [&'static str], words: &[&'static str]) -> Stack {
    caller(name, tools, Party::Driver { words: words.to_vec() })
}

/// A server about which nothing else is said.
pub(super) fn receiver(
    name: &'static str,
    tools: &'static [&'static str],
    words: &[&'static str],
    within: &'static str,
) -> Stack {
    caller(name, tools, Party::Receiver { words: words.to_vec(), within })
}

/// Every row of a caller that a run can decide.
pub(super) const CALLER: &[&str] = &[
    "TSH-GEN-01",
    "TSH-IN-01",
    "TSH-IN-02",
    "TSH-IN-03",
    "TSH-IN-04",
    "TSH-IN-05",
    "TSH-IN-06",
    "TSH-IN-07",
    "TSH-IN-08",
    "TSH-IN-09",
    "TSH-IN-10",
    "TSH-IN-11",
    "TSH-IN-12",
    "TSH-IN-13",
    "TSH-IN-14",
    "TSH-DNS-01",
    "TSH-DNS-02",
    "TSH-DNS-03",
    "TSH-DNS-04",
    "TSH-ADV-01",
    "TSH-ADV-02",
    "TSH-ADV-03",
    "TSH-ADV-04",
    "TSH-ADV-05",
    "TSH-ADV-06",
    "TSH-ADV-07",
    "TSH-ADV-08",
    "TSH-ADV-13",
];

/// Every row of a receiver that a run can decide.
pub(super) const RECEIVER: &[&str] = &[
    "TSH-OUT-01",
    "TSH-OUT-02",
    "TSH-OUT-03",
    "TSH-OUT-04",
    "TSH-OUT-05",
    "TSH-OUT-06",
    "TSH-OUT-07",
    "TSH-OUT-08",
    "TSH-OUT-09",
    "TSH-ADV-09",
    "TSH-ADV-10",
    "TSH-ADV-11",
];

/// Most clients take the common name where a certificate has no subject alternative name: advisory.
pub(super) const CN_ONLY: &str = "TSH-ADV-03";
