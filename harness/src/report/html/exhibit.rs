//! What an onboarding engineer needs: identifiers, hosts, certificates, and what the run measured.

use super::super::document::Report;
use super::super::measured::AddressChange;
use super::super::row::seen;
use super::super::shown::Certificate;
use super::super::words;
use super::markup::Markup;
use crate::verdict::{Finding, Outcome};

pub(super) fn write(main: &mut Markup, report: &Report) {
    main.element("section", &[("aria-labelledby", "onboarding")], |section| {
        section.fixed("<h2 id=\"onboarding\">Onboarding</h2>");
        onboarding(section, report);
    });
    main.element("section", &[("aria-labelledby", "measured")], |section| {
        section.fixed("<h2 id=\"measured\">Measured</h2>");
        measured(section, report);
    });
}

fn onboarding(section: &mut Markup, report: &Report) {
    let known = &report.onboarding;
    section.element("dl", &[], |list| {
        list.term(&known.customer_id_name, known.customer_id.as_deref().unwrap_or("not said in the integration file"));
        list.term("product", &report.product).term("environment", &report.environment);
        list.term("calls Thales at", &format!("{} ({})", known.inbound, known.base_path));
        list.term("Thales calls it at", &known.issuer);
        list.term("CN of the portal", known.common_name.as_deref().unwrap_or("not said in the integration file"));
        list.term("anchor of the server chain", &known.server_anchor);
    });
    let whose =
        |is_issued: bool| if is_issued { "issued by the harness: not the customer's" } else { "the customer's" };
    let columns =
        ["certificate", "CN", "subject", "issuer", "valid from", "valid until", "key", "signature", "SHA-256"];
    section.table("Certificates of the customer", &columns, |rows| {
        if let Some(certificate) = &known.client_certificate {
            certificate_row(rows, &format!("client, {}", whose(known.client_is_issued)), certificate);
        }
        for (index, certificate) in known.server_chain.iter().enumerate() {
            let name = format!("server chain {}, {}", index + 1, whose(known.server_is_issued));
            certificate_row(rows, &name, certificate);
        }
    });
    section.table(
        "Assets of the run; stand-ins were made for it and are not Thales'",
        &["asset", "whose", "SHA-256 of the file"],
        |rows| {
            for asset in &known.assets {
                let whose = if asset.stand_in { "stand-in" } else { "the customer's" };
                rows.row(&asset.name, &[whose, &asset.sha256]);
            }
        },
    );
}

fn certificate_row(rows: &mut Markup, name: &str, certificate: &Certificate) {
    if let Some(why) = &certificate.unreadable {
        rows.row(name, &["", &format!("cannot be read: {why}"), "", "", "", "", "", &certificate.sha256]);
        return;
    }
    let issuer = match certificate.self_signed {
        Some(true) => "self-signed",
        _ => &certificate.issuer,
    };
    let names = certificate.common_names.join(", ");
    let (from, until) = (day(&certificate.not_before), day(&certificate.not_after));
    let cells = [
        names.as_str(),
        &certificate.subject,
        issuer,
        from,
        until,
        &certificate.key,
        &certificate.signature_hash,
        &certificate.sha256,
    ];
    rows.row(name, &cells);
}

fn day(date: &str) -> &str {
    date.split('T').next().unwrap_or(date)
}

fn measured(section: &mut Markup, report: &Report) {
    section.table("TLS versions that were spoken", &["part", "side", "offered", "application data over"], |rows| {
        for versions in &report.measured.versions {
            let list = |words: &[String]| if words.is_empty() { "–".to_owned() } else { words.join(", ") };
            let cells = [words::side(versions.side), &list(&versions.offered), &list(&versions.completed)];
            rows.row(&versions.integration, &cells);
        }
    });
    if !report.stacks.is_empty() {
        let columns = ["part", "side", "probably", "refuses a certificate by", "what that looks like there"];
        section.table("Stacks, by what they sent: a guess that no verdict reads", &columns, |rows| {
            for seen in &report.stacks {
                let or = |words: &[String]| if words.is_empty() { "not known".to_owned() } else { words.join("; or ") };
                let refuses = seen.refuses.as_deref().unwrap_or("–");
                let cells = [words::side(seen.side), &or(&seen.probably), refuses, &or(&seen.looks)];
                rows.row(&seen.integration, &cells);
            }
        });
    }
    if !report.measured.address_changes.is_empty() {
        let columns = [
            "scenario",
            "part",
            "TTL",
            "last connection to the old address",
            "asked again",
            "first connection to the new address",
            "calls every",
        ];
        section.table("DNS cache: seconds after the change of address", &columns, |rows| {
            for change in &report.measured.address_changes {
                change_row(rows, change);
            }
        });
    }
    let with = |fits: &dyn Fn(&Finding) -> bool| -> Vec<&Finding> {
        report.rows().flat_map(|row| &row.findings).filter(|finding| fits(finding)).collect()
    };
    let is_control = |finding: &Finding| finding.phase.starts_with("control");
    findings(
        section,
        "Rotation of Thales' certificates",
        &with(&|finding| finding.scenario.as_str().contains("rotation") && !is_control(finding)),
    );
    findings(
        section,
        "Behaviour under each list of authorities that Thales may name",
        &with(&|finding| finding.phase.starts_with("ca-list")),
    );
    findings(
        section,
        "Changes of address",
        &with(&|finding| report.measured.address_changes.iter().any(|change| change.scenario == finding.scenario)),
    );
}

fn change_row(rows: &mut Markup, change: &AddressChange) {
    let at = |ms: Option<u64>| ms.map_or_else(|| "never".to_owned(), words::seconds);
    let old = match change.last_old_ms {
        None if change.old_refuses => "cannot be seen: it refuses connections".to_owned(),
        None => "none after the change".to_owned(),
        Some(ms) => format!("{}, the last of {}", words::seconds(ms), change.to_old),
    };
    rows.row(
        change.scenario.as_str(),
        &[
            &change.integration,
            &format!("{} s", change.ttl_s),
            &old,
            &at(change.asked_ms),
            &at(change.first_new_ms),
            &words::seconds(change.every_ms),
        ],
    );
}

fn findings(section: &mut Markup, caption: &str, findings: &[&Finding]) {
    if findings.is_empty() {
        return;
    }
    section.table(caption, &["requirement", "scenario", "what", "ruling", "seen"], |rows| {
        for finding in findings {
            let cells = [finding.scenario.as_str(), &finding.phase, ruling(finding.ruling), &seen(finding)];
            rows.row(finding.requirement.as_str(), &cells);
        }
    });
}

/// A ruling with its sign.
pub(super) fn ruling(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Met => "✓ met",
        Outcome::Violated => "✗ violated",
        Outcome::Unwitnessed => "? not decided",
    }
}
