//! The text of a starting integration file: of a role, a stack and a profile, commented. Keys that want a value of the
//! user's own stand as comments without a space behind the sign, so that the file loads as it is.

use std::fmt::Write as _;

use clap::ValueEnum;

use super::stack::{Parts, StackWord};
use crate::model::{Issuance, Level, Profile, Proof};
use crate::reference;

/// Columns of a comment.
const COLUMNS: usize = 110;

/// What an integration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleWord {
    /// It calls Thales
    Caller,
    /// It is called by Thales
    Receiver,
    /// Both
    Both,
}

/// The starting file.
pub(super) fn text(role: RoleWord, stack: StackWord, profile: &Profile) -> String {
    let (calls, serves) = (role != RoleWord::Receiver, role != RoleWord::Caller);
    let parts = stack.parts();
    let mut text = String::new();
    comment(
        &mut text,
        "What thales-harness is to test, how it is driven, and what onboarding gave. Further keys: README.md.",
    );
    let _ = write!(
        text,
        "name        = \"my-integration\"\nversion     = \"0.1.0\"\nprofile     = \"{}\"\nenvironment = \"{}\"",
        profile.id,
        profile.environments.first().map_or("", |first| first.id.as_str())
    );
    let others: Vec<_> = profile.environments.iter().skip(1).map(|other| format!("\"{}\"", other.id)).collect();
    let _ =
        writeln!(text, "{}", if others.is_empty() { String::new() } else { format!("  # or {}", others.join(", ")) });
    portal(&mut text, profile, calls, serves);
    identity(&mut text, profile, calls, serves);
    files(&mut text, &parts, calls, serves);
    driven(&mut text, &parts, profile, calls, serves);
    if calls {
        renewal(&mut text, profile);
    }
    declares(&mut text, profile, calls, serves);
    text
}

fn portal(text: &mut String, profile: &Profile, calls: bool, serves: bool) {
    text.push('\n');
    comment(text, "The values that onboarding gave. What is absent is the profile's.");
    text.push_str("[portal]\n");
    match profile.client_certificate.issuance {
        Issuance::SelfSigned if calls => {
            text.push_str("#common-name = \"acme.customer.example\"      # of the client certificate, byte by byte\n");
        }
        Issuance::Thales if calls => {
            let name = &profile.customer_id.name;
            let _ = writeln!(text, "#customer-id = \"MGW_000001\"                 # {name}");
            text.push_str("#cn-template = \"TLSMA-{algorithm}/{customer-id}-{environment}\"\n");
        }
        _ => {}
    }
    if calls && let Some(first) = profile.environments.first() {
        let _ = writeln!(text, "#inbound-host = \"{}\"", first.host);
    }
    if calls && profile.oauth.is_some() {
        text.push_str("#jwt-key = \"certs/jwt-public.pem\"           # Thales verifies your assertions with it\n");
    }
    if serves {
        text.push_str("#issuer-host = \"issuer.acme.example:443\"    # where Thales calls you\n");
    }
}

fn identity(text: &mut String, profile: &Profile, calls: bool, serves: bool) {
    text.push('\n');
    comment(
        text,
        "Your own certificates, as they were handed to Thales; paths are relative to this file. Without them the harness \
         issues some, and what Thales demands of yours stays untested.",
    );
    text.push_str("[identity]\n");
    if calls {
        match profile.client_certificate.issuance {
            Issuance::SelfSigned => text.push_str("#client-certificate = \"certs/client.pem\"\n"),
            Issuance::Thales => text.push_str(
                "#client-csr = \"certs/client.csr\"            # the run's authority signs it, as Thales would\n",
            ),
        }
        text.push_str("#client-key = \"certs/client.key\"            # absent where an HSM holds it\n");
    }
    if serves {
        text.push_str("#server-chain = \"certs/server-chain.pem\"    # leaf, intermediates, perhaps the root\n");
        text.push_str("#server-key = \"certs/server.key\"\n");
    }
}

fn files(text: &mut String, parts: &Parts, calls: bool, serves: bool) {
    let mut bound: Vec<(&str, &str)> = Vec::new();
    let asked = [(calls, parts.caller_files), (serves, parts.receiver_files)];
    bound.extend(asked.into_iter().filter(|(is_asked, _)| *is_asked).flat_map(|(_, files)| files));
    bound.dedup();
    text.push('\n');
    comment(
        text,
        "Assets of onboarding at the paths where your programs look for them, for the run only. They stand in the \
         environment and in {portal}, too: $THALES_CLIENT_CA.",
    );
    text.push_str("[files]\n");
    for (path, asset) in bound {
        let _ = writeln!(text, "\"{path}\" = \"{asset}\"");
    }
}

fn driven(text: &mut String, parts: &Parts, profile: &Profile, calls: bool, serves: bool) {
    let asked = [(true, parts.service), (calls, parts.caller), (serves, parts.receiver)];
    for (_, part) in asked.into_iter().filter(|(is_asked, part)| *is_asked && !part.is_empty()) {
        text.push('\n');
        text.push_str(part);
    }
    if serves {
        let request = reference::request(profile);
        let _ = writeln!(
            text,
            "\n# What Thales would send, and which answers are good.\n[[receiver.request]]\nmethod = \"{}\"\npath   = \"{}\"\n\
             status = {:?}",
            request.method, request.path, request.status
        );
    }
}

fn renewal(text: &mut String, profile: &Profile) {
    text.push('\n');
    comment(text, "How your integration changes over to its renewed client certificate; without it that is untested.");
    let file = match profile.client_certificate.issuance {
        Issuance::SelfSigned => "#client-certificate = \"certs/renewed.pem\"",
        Issuance::Thales => "#client-csr = \"certs/renewed.csr\"",
    };
    let _ = writeln!(
        text,
        "#[renewal]\n{file}\n#client-key = \"certs/renewed.key\"\n#by = \"files\"                              \
         # or \"restart\", {{ command = [\"./deploy.sh\"] }}, {{ signal = \"HUP\" }}"
    );
}

fn declares(text: &mut String, profile: &Profile, calls: bool, serves: bool) {
    text.push('\n');
    comment(
        text,
        "What no run can prove, or only from files that are not named here: who says so, since when, on what grounds. \
         Unanswered it stays untested.",
    );
    text.push_str("[declares]\n");
    for requirement in &profile.requirements {
        let is_asked = match requirement.topic.as_str().split('.').next() {
            Some("inbound" | "dns") => calls,
            Some("outbound") => serves,
            _ => true,
        };
        let is_declared = matches!(requirement.proof, Proof::Declaration | Proof::File);
        if is_asked && is_declared && requirement.level == Level::Must {
            comment(text, &requirement.rule);
            let _ = writeln!(text, "#\"{}\" = {{ by = \"…\", on = 2026-01-31, grounds = \"…\" }}", requirement.id);
        }
    }
}

/// A comment, broken into lines.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
