//! `client-certificate`, `client-request` and `renewal-request` on files: the rules are those for what is shown on a
//! connection.

use super::super::super::certificate::{self, Document, Holder, Rules};
use super::super::super::finding::Ruling;
use super::super::super::view::View;
use super::{at, environment, environment_of, file, nothing};
use crate::model::{CertificateAspect, EnvironmentValues, Expectation, Header};

pub(super) fn expected(header: &Header, expectation: &Expectation, aspect: CertificateAspect) -> String {
    match environment_of(header, expectation) {
        Some(environment) => certificate::expected(&rules(header, environment), aspect),
        None => String::new(),
    }
}

/// The rules of the profile for one environment. Which authority issues in an environment that is not played is not
/// known.
fn rules<'a>(header: &'a Header, environment: &'a EnvironmentValues) -> Rules<'a> {
    let context = &header.context;
    let is_played = context.environments.first().is_some_and(|played| played.id == environment.id);
    Rules {
        policy: &context.client_certificate,
        customer_id_form: &context.customer_id_form,
        customer_id: environment.customer_id.as_deref(),
        common_name: environment.common_name.as_deref(),
        cn_template: environment.cn_template.as_deref(),
        word: environment.word.as_deref(),
        words: context.words.iter().map(String::as_str).collect(),
        authority: if is_played { &context.customer_authority } else { &[] },
        at: at(header),
    }
}

pub(in super::super) fn certificate(view: &View<'_>, expectation: &Expectation, aspect: CertificateAspect) -> Ruling {
    let Some(environment) = environment(view, expectation) else { return nothing("of no environment") };
    let Some((seq, file)) = file(view, expectation, "client-certificate") else {
        return nothing(format!("the integration file names no client certificate for {}", environment.id));
    };
    if let Some(why) = &file.unreadable {
        return Ruling::violated(format!("the file cannot be read: {why}"), vec![seq]);
    }
    match Document::certificate(&file.certificates) {
        Ok(document) => {
            let ruling = certificate::judge(&rules(view.header, environment), &document, aspect);
            Ruling { evidence: vec![seq], ..ruling }
        }
        Err(error) => Ruling::violated(format!("the certificate cannot be read: {error}"), vec![seq]),
    }
}

pub(in super::super) fn request(view: &View<'_>, expectation: &Expectation, aspect: CertificateAspect) -> Ruling {
    let Some(environment) = environment(view, expectation) else { return nothing("of no environment") };
    let Some((seq, file)) = file(view, expectation, "client-csr") else {
        return nothing(format!("the integration file names no CSR for {}", environment.id));
    };
    let Some(request) = &file.request else {
        let why = file.unreadable.as_deref().unwrap_or("it holds no request");
        return Ruling::violated(format!("the CSR cannot be read: {why}"), vec![seq]);
    };
    match Document::request(&request.0) {
        Ok(document) if document.self_signed == Some(false) => {
            Ruling::violated("the signature of the CSR is not by its own key", vec![seq])
        }
        Ok(document) => {
            let ruling = certificate::judge(&rules(view.header, environment), &document, aspect);
            Ruling { evidence: vec![seq], ..ruling }
        }
        Err(error) => Ruling::violated(format!("the CSR cannot be read: {error}"), vec![seq]),
    }
}

/// The new request keeps the DN of what it renews; that it keeps the key, too, is worth a warning.
pub(in super::super) fn renewal(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let Some(environment) = environment(view, expectation) else { return nothing("of no environment") };
    let Some((seq, new)) = file(view, expectation, "client-csr") else {
        return nothing(format!("the integration file names no CSR for {}", environment.id));
    };
    let before = ["previous-csr", "previous-client-certificate"];
    let Some((seq_before, old)) = before.iter().find_map(|what| file(view, expectation, what)) else {
        return nothing(format!(
            "the integration file names neither previous-csr nor previous-client-certificate for {}",
            environment.id
        ));
    };
    let evidence = vec![seq_before, seq];
    let new = match new.request.as_ref().map(|request| Holder::request(&request.0)) {
        Some(Ok(holder)) => holder,
        Some(Err(error)) => return Ruling::violated(format!("the CSR cannot be read: {error}"), evidence),
        None => return Ruling::violated("the CSR cannot be read", evidence),
    };
    let old = match (old.certificates.first(), &old.request) {
        (Some(leaf), _) => Holder::certificate(leaf).ok(),
        (None, Some(request)) => Holder::request(&request.0).ok(),
        (None, None) => None,
    };
    let Some(old) = old else {
        return nothing(format!("what was before the CSR of {} cannot be read", environment.id));
    };
    Ruling { evidence, ..certificate::renewal(&old, &new) }
}
