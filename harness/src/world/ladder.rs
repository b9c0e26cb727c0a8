//! The networks that the harness can have, best first: on which rung it stands, which others can be reached from here,
//! and what exactly has to be done for each. A pure reading of what the trial found and of what the machine is.

use super::enter::{Host, Network};
use super::surroundings::{Engine, Restriction, Surroundings, System};

/// One rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// What it is.
    pub what: &'static str,
    /// Whether it can be had.
    pub standing: Footing,
}

/// Whether a rung can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Footing {
    /// The next run stands here.
    Here,
    /// It can be had without changing the machine: how.
    Open(String),
    /// The machine refuses it: what to do.
    Closed(String),
}

/// The rungs, best first.
pub fn ladder(host: &Host) -> Vec<Rung> {
    climb(host, &Surroundings::read())
}

fn climb(host: &Host, around: &Surroundings) -> Vec<Rung> {
    vec![
        Rung { what: "private networks, as root", standing: as_root(host, around) },
        Rung { what: "private networks, in a user namespace", standing: as_user(host, around) },
        Rung {
            what: "the machine's loopback, shared",
            standing: match host.network {
                Network::Shared => Footing::Here,
                Network::Private => Footing::Open("--network shared".to_owned()),
            },
        },
    ]
}

fn as_root(host: &Host, around: &Surroundings) -> Footing {
    let is_root = host.uid == 0 && !host.user_namespace;
    if is_root && host.network == Network::Private {
        return Footing::Here;
    }
    if let Some(fix) = other_kernel(around.system) {
        return Footing::Closed(fix);
    }
    // Root of a container has what the engine leaves to it, whatever `sudo` says.
    if let (Some(engine), false) = (around.container, around.root_is_mighty) {
        return Footing::Closed(privileged(engine).to_owned());
    }
    if host.uid == 0 {
        let fix = host.refusal.as_ref().map(|refusal| refusal.fix());
        return Footing::Closed(fix.unwrap_or_else(|| "give this root its capabilities back".to_owned()));
    }
    match (around.container, around.is_held_down) {
        (Some(engine), _) => Footing::Open(root_of(engine).to_owned()),
        (None, true) => {
            Footing::Closed("start it from a shell in which sudo works: no_new_privs is set here".to_owned())
        }
        (None, false) => Footing::Open("sudo thales-harness …".to_owned()),
    }
}

fn as_user(host: &Host, around: &Surroundings) -> Footing {
    if host.network == Network::Private && host.user_namespace {
        return Footing::Here;
    }
    if let Some(fix) = other_kernel(around.system) {
        return Footing::Closed(fix);
    }
    if host.uid != 0 {
        // It was tried: the trial knows best.
        let fix = match (&host.refusal, around.container) {
            (Some(_), Some(engine)) if around.restriction.is_none() && around.is_filtered => {
                unfiltered(engine).to_owned()
            }
            (Some(refusal), _) => refusal.fix(),
            (None, _) => return Footing::Open("--network private".to_owned()),
        };
        return Footing::Closed(fix);
    }
    match (around.restriction, around.container) {
        (Some(restriction), _) => Footing::Closed(lifted(restriction).to_owned()),
        (None, Some(engine)) if around.is_filtered => Footing::Closed(unfiltered(engine).to_owned()),
        (None, _) => Footing::Open("start it without sudo, as yourself".to_owned()),
    }
}

/// Where the kernel is not Linux, every private network is the matter of one that is.
fn other_kernel(system: System) -> Option<String> {
    Some(match system {
        System::Linux | System::Wsl(2..) => return None,
        System::Wsl(_) => "in PowerShell: wsl --set-version <distribution> 2".to_owned(),
        System::MacOs => {
            "run it in Linux: docker run --rm --privileged --user 0 -v \"$PWD:/work\" thales-harness run …, \
                          built from the Dockerfile; or in a virtual machine (Lima, UTM, Parallels)"
                .to_owned()
        }
        System::Other => "run it in Linux: a virtual machine, or on Windows WSL 2 (wsl --install)".to_owned(),
    })
}

/// What gives root of a container the rights of root.
fn privileged(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => {
            "docker run --privileged --user 0 … (compose: privileged: true; GitHub: container.options: --privileged)"
        }
        Engine::Podman => "podman run --privileged --user 0 …",
        Engine::Kubernetes => "in the pod: securityContext: {privileged: true, runAsUser: 0}",
        Engine::Unnamed => {
            "start the container privileged, as user 0 (GitLab: privileged = true in the runner's config.toml)"
        }
    }
}

/// What lets an ordinary user of a container make namespaces.
fn unfiltered(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined …",
        Engine::Podman => "podman run --security-opt seccomp=unconfined --security-opt label=disable …",
        Engine::Kubernetes => {
            "in the pod: securityContext: {seccompProfile: {type: Unconfined}, appArmorProfile: {type: Unconfined}}"
        }
        Engine::Unnamed => "start the container without a filter of system calls and without a profile",
    }
}

fn root_of(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => "docker run --user 0 …",
        Engine::Podman => "podman run --user 0 …",
        Engine::Kubernetes => "in the pod: securityContext: {runAsUser: 0}",
        Engine::Unnamed => "start the container as user 0",
    }
}

fn lifted(restriction: Restriction) -> &'static str {
    match restriction {
        Restriction::AppArmor => {
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or install the profile deploy/apparmor/thales-harness"
        }
        Restriction::SwitchedOff => "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        Restriction::Limit => "sudo sysctl -w user.max_user_namespaces=10000",
    }
}

#[cfg(test)]
mod tests {
    use super::super::enter::Probe;
    use super::super::refusal::{Refusal, Step};
    use super::*;

    const BARE: Surroundings = Surroundings {
        system: System::Linux,
        container: None,
        root_is_mighty: true,
        is_held_down: false,
        is_filtered: false,
        restriction: None,
    };
    /// Docker's defaults.
    const CONTAINED: Surroundings =
        Surroundings { container: Some(Engine::Docker), root_is_mighty: false, is_filtered: true, ..BARE };

    fn user(refusal: Option<Refusal>) -> Host {
        Host {
            network: if refusal.is_some() { Network::Shared } else { Network::Private },
            user_namespace: refusal.is_none(),
            uid: 1000,
            gid: 1000,
            refusal,
            probe: Probe::default(),
        }
    }

    fn root(refusal: Option<Refusal>) -> Host {
        Host { uid: 0, gid: 0, user_namespace: false, ..user(refusal) }
    }

    fn rungs(host: &Host, around: &Surroundings) -> [Footing; 3] {
        let rungs: Vec<_> = climb(host, around).into_iter().map(|rung| rung.standing).collect();
        let here = rungs.iter().filter(|standing| **standing == Footing::Here).count();
        assert_eq!(here, 1, "a run stands on one rung: {rungs:?}");
        rungs.try_into().unwrap()
    }

    fn is_closed(standing: &Footing, fix: &str) {
        assert!(matches!(standing, Footing::Closed(words) if words.contains(fix)), "{standing:?} has not {fix}");
    }

    #[test]
    fn root_stands_on_the_first_rung_and_knows_the_others() {
        let [first, second, third] = rungs(&root(None), &BARE);
        assert_eq!(first, Footing::Here);
        assert!(matches!(second, Footing::Open(_)) && matches!(third, Footing::Open(_)));
        let [_, second, _] = rungs(&root(None), &Surroundings { restriction: Some(Restriction::AppArmor), ..BARE });
        is_closed(&second, "apparmor_restrict_unprivileged_userns=0");
    }

    #[test]
    fn an_ordinary_user_stands_on_the_second_and_may_climb() {
        let [first, second, _] = rungs(&user(None), &BARE);
        assert_eq!((first, second), (Footing::Open("sudo thales-harness …".to_owned()), Footing::Here));
        let [first, ..] = rungs(&user(None), &Surroundings { is_held_down: true, ..BARE });
        is_closed(&first, "no_new_privs");
    }

    #[test]
    fn ubuntu_24_04_restricts_the_user_and_not_root() {
        let ubuntu = Surroundings { restriction: Some(Restriction::AppArmor), ..BARE };
        let [first, second, third] = rungs(&user(Some(Refusal::AppArmor)), &ubuntu);
        assert!(matches!(first, Footing::Open(how) if how.starts_with("sudo")));
        is_closed(&second, "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
        assert_eq!(third, Footing::Here);
    }

    #[test]
    fn a_container_under_seccomp_names_its_engines_options() {
        let refused = || Some(Refusal::Container { step: Step::UserNamespace });
        for host in [user(refused()), root(refused())] {
            let [first, second, third] = rungs(&host, &CONTAINED);
            is_closed(&first, "docker run --privileged");
            is_closed(&second, "--security-opt seccomp=unconfined --security-opt apparmor=unconfined");
            assert_eq!(third, Footing::Here);
        }
        let pod = Surroundings { container: Some(Engine::Kubernetes), ..CONTAINED };
        let [first, second, _] = rungs(&user(refused()), &pod);
        is_closed(&first, "privileged: true");
        is_closed(&second, "type: Unconfined");
        let [first, ..] = rungs(&user(None), &Surroundings { container: Some(Engine::Podman), ..BARE });
        assert!(matches!(first, Footing::Open(how) if how.starts_with("podman run --user 0")), "privileged already");
    }

    #[test]
    fn the_second_windows_subsystem_is_linux_and_the_first_is_not() {
        let wsl = |version| Surroundings { system: System::Wsl(version), ..BARE };
        assert_eq!(rungs(&user(None), &wsl(2))[1], Footing::Here);
        let no_veth = rungs(&user(Some(Refusal::NoVeth)), &wsl(2));
        is_closed(&no_veth[1], "modprobe veth");
        for standing in
            &rungs(&user(Some(Refusal::Other { step: Step::UserNamespace, errno: libc::ENOSYS })), &wsl(1))[..2]
        {
            is_closed(standing, "wsl --set-version");
        }
    }

    #[test]
    fn macos_is_sent_to_a_linux_of_its_own() {
        let [first, second, third] =
            rungs(&user(Some(Refusal::NotLinux)), &Surroundings { system: System::MacOs, ..BARE });
        is_closed(&first, "docker run --rm --privileged");
        is_closed(&second, "virtual machine");
        assert_eq!(third, Footing::Here);
    }
}
