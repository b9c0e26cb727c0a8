//! How the parts of an integration file are driven: a command, a driver, or a service that caller and receiver share.
//! What does not fit together.

use crate::model::{Caller, ChangeOver, IntegrationFile, Keep, Ready, Receiver, ServiceKeys, Trigger};

/// What is wrong with the ways in which callers and receivers are driven, and with `[[service]]`.
pub(super) fn faults(file: &IntegrationFile) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, service) in file.services.iter().enumerate() {
        if file.services[..index].iter().any(|other| other.name == service.name) {
            faults.push(format!("service `{}` stands twice", service.name));
        }
        faults.extend(of_service(file, service));
    }
    faults.extend(file.callers.iter().flat_map(|caller| of_caller(file, caller)));
    faults.extend(file.receivers.iter().flat_map(|receiver| of_receiver(file, receiver)));
    faults
}

const EMPTY: &str = "the command is empty, expected a program and its arguments";

fn of_service(file: &IntegrationFile, service: &ServiceKeys) -> Vec<String> {
    let name = &service.name;
    let names = |named: &Option<String>| named.as_deref() == Some(name.as_str());
    let serves = file.receivers.iter().any(|receiver| names(&receiver.service));
    let callers: Vec<_> = file.callers.iter().filter(|caller| names(&caller.service)).collect();
    let mut faults = Vec::new();
    match (service.command.is_empty(), service.running) {
        (true, false) => faults.push(format!("service `{name}`: {EMPTY}, or `running = true` where it runs already")),
        (false, true) => faults.push(format!(
            "service `{name}`: `command` and `running` exclude each other: what runs already is not started"
        )),
        _ => {}
    }
    let is_proxy = file.callers.iter().filter_map(|caller| caller.proxy.as_ref()).any(|proxy| proxy.service == *name);
    if !serves && !is_proxy && callers.is_empty() {
        let expected = format!("expected `service = \"{name}\"` in a [[caller]] or a [[receiver]]");
        faults.push(format!("service `{name}` is named by nobody, {expected}"));
    }
    if service.running {
        faults.extend(of_running(file, service));
        return faults;
    }
    let has_no_port = |caller: &&&Caller| matches!(caller.trigger, Some(Trigger::Command(_))) && !serves;
    if service.ready == Ready::Listening
        && let Some(caller) = callers.iter().find(has_no_port)
    {
        let expected = "expected `ready` with a page such as \"http://127.0.0.1:8081/health\"";
        faults.push(format!(
            "service `{name}`: no port is known that says when caller `{}` may trigger it, {expected}",
            caller.name
        ));
    }
    faults
}

/// What is wrong with a service that runs already.
fn of_running(file: &IntegrationFile, service: &ServiceKeys) -> Vec<String> {
    let name = &service.name;
    let mut faults = Vec::new();
    for receiver in file.receivers.iter().filter(|receiver| receiver.service.as_ref() == Some(name)) {
        faults.push(format!(
            "receiver `{}`: service `{name}` runs already, expected `connect = \"host:port\"` in place of `service`",
            receiver.name
        ));
    }
    if service.keep == Keep::Run {
        faults.push(format!("service `{name}`: it runs already, so that `keep` is not the harness's to say"));
    }
    if matches!(&file.renewal, Some(renewal) if matches!(renewal.by, ChangeOver::Signal(_) | ChangeOver::Restart)) {
        faults.push(format!(
            "[renewal] by: service `{name}` runs already, so that it cannot be signalled or started anew"
        ));
    }
    faults
}

fn of_caller(file: &IntegrationFile, caller: &Caller) -> Vec<String> {
    let name = &caller.name;
    let mut faults = Vec::new();
    let ways = [caller.command.is_some(), caller.stdio.is_some(), caller.service.is_some()];
    if ways.into_iter().filter(|is_said| *is_said).count() != 1 {
        faults.push(format!("caller `{name}`: expected one of `command`, `stdio` and `service`"));
    }
    if caller.command.iter().chain(&caller.stdio).any(Vec::is_empty) {
        faults.push(format!("caller `{name}`: {EMPTY}"));
    }
    if let Some(proxy) = &caller.proxy {
        faults.extend(unknown(file, "caller", name, &proxy.service));
        if caller.service.as_ref() == Some(&proxy.service) {
            faults.push(format!("caller `{name}`: `{}` is its own proxy, expected another service", proxy.service));
        }
    }
    let Some(service) = &caller.service else {
        let said = [("trigger", caller.trigger.is_some()), ("wait", caller.wait), ("settle", caller.settle.is_some())];
        let alone = said.into_iter().filter(|(_, is_said)| *is_said);
        faults.extend(alone.map(|(key, _)| format!("caller `{name}`: `{key}` belongs to a `service`")));
        return faults;
    };
    faults.extend(unknown(file, "caller", name, service));
    match (&caller.trigger, caller.wait) {
        (None, false) => faults.push(format!(
            "caller `{name}`: what makes service `{service}` call? Expected `trigger`, or `wait = true` where it calls by itself"
        )),
        (Some(_), true) => {
            faults.push(format!("caller `{name}`: `trigger` and `wait` exclude each other, expected one of them"));
        }
        (Some(Trigger::Command(words)), false) if words.is_empty() => {
            faults.push(format!("caller `{name}`: trigger: {EMPTY}"));
        }
        _ => {}
    }
    faults
}

fn of_receiver(file: &IntegrationFile, receiver: &Receiver) -> Vec<String> {
    let name = &receiver.name;
    let mut faults = Vec::new();
    let ways = [receiver.command.is_some(), receiver.service.is_some(), receiver.connect.is_some()];
    if ways.into_iter().filter(|is_said| *is_said).count() != 1 {
        faults.push(format!("receiver `{name}`: expected one of `command`, `service` and `connect`"));
    }
    if receiver.connect.is_some() && receiver.within.is_some() {
        faults.push(format!("receiver `{name}`: `within` bounds a start, and with `connect` it runs already"));
    }
    if receiver.command.as_ref().is_some_and(Vec::is_empty) {
        faults.push(format!("receiver `{name}`: {EMPTY}"));
    }
    if let Some(service) = &receiver.service {
        faults.extend(unknown(file, "receiver", name, service));
        if receiver.within.is_some() {
            faults.push(format!("receiver `{name}`: `within` of [[service]] bounds the start of `{service}`"));
        }
    }
    faults
}

fn unknown(file: &IntegrationFile, part: &str, name: &str, service: &str) -> Option<String> {
    if file.services.iter().any(|known| known.name == service) {
        return None;
    }
    let known: Vec<_> = file.services.iter().map(|known| format!("`{}`", known.name)).collect();
    let expected = if known.is_empty() { "a [[service]] of that name".to_owned() } else { known.join(" or ") };
    Some(format!("{part} `{name}`: no service is called `{service}`, expected {expected}"))
}
