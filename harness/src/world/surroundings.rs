//! What kind of machine this is, as far as it decides which networks can be had: whose kernel, in which container, with
//! which rights. Read from what the machine says of itself; what follows from it stands in `ladder`.

use std::env;
use std::fs;
use std::path::Path;

/// An operating system with another kernel than Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Linux,
    /// Windows' Subsystem for Linux: 1 imitates the kernel, 2 has one.
    Wsl(u8),
    MacOs,
    Other,
}

/// Whose container it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Docker,
    Podman,
    Kubernetes,
    /// One that says no more of itself.
    Unnamed,
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Surroundings {
    pub(super) system: System,
    pub(super) container: Option<Engine>,
    /// Whether root, here, has the rights that make a user namespace unnecessary: the bounding set of capabilities(7).
    pub(super) root_is_mighty: bool,
    /// Whether no program can gain rights (`no_new_privs`), so that sudo fails.
    pub(super) is_held_down: bool,
    /// Whether a filter of system calls is on.
    pub(super) is_filtered: bool,
    /// Why user namespaces are kept from ordinary users, as far as a setting says it.
    pub(super) restriction: Option<Restriction>,
}

/// A setting that keeps user namespaces from ordinary users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restriction {
    AppArmor,
    SwitchedOff,
    Limit,
}

/// CAP_NET_ADMIN, CAP_SYS_CHROOT and CAP_SYS_ADMIN (capabilities(7)).
const MIGHTY: u64 = 1 << 12 | 1 << 18 | 1 << 21;

impl Surroundings {
    pub(super) fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let exists = |path: &str| Path::new(path).exists();
        let system = match env::consts::OS {
            "linux" => linux(&text("/proc/sys/kernel/osrelease")),
            "macos" => System::MacOs,
            _ => System::Other,
        };
        let status = text("/proc/self/status");
        let container = engine(
            env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
            exists("/run/.containerenv"),
            exists("/.dockerenv"),
            env::var_os("container").is_some(),
        );
        Self {
            system,
            container,
            root_is_mighty: bounding(&status) & MIGHTY == MIGHTY,
            is_held_down: field(&status, "NoNewPrivs") == Some("1"),
            is_filtered: field(&status, "Seccomp").is_some_and(|mode| mode != "0"),
            restriction: restriction(|setting| text(&format!("/proc/sys/{setting}")).trim().to_owned()),
        }
    }
}

/// Microsoft's kernels name themselves in their release.
fn linux(release: &str) -> System {
    let release = release.to_ascii_lowercase();
    match (release.contains("microsoft"), release.contains("wsl2") || release.contains("microsoft-standard")) {
        (false, _) => System::Linux,
        (true, true) => System::Wsl(2),
        (true, false) => System::Wsl(1),
    }
}

fn engine(kubernetes: bool, podman: bool, docker: bool, unnamed: bool) -> Option<Engine> {
    let known = [(kubernetes, Engine::Kubernetes), (podman, Engine::Podman), (docker, Engine::Docker)];
    let known = known.into_iter().find_map(|(is_it, engine)| is_it.then_some(engine));
    known.or(unnamed.then_some(Engine::Unnamed))
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

fn bounding(status: &str) -> u64 {
    field(status, "CapBnd").and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or_default()
}

fn restriction(setting: impl Fn(&str) -> String) -> Option<Restriction> {
    let known = [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", Restriction::AppArmor),
        ("kernel/unprivileged_userns_clone", "0", Restriction::SwitchedOff),
        ("user/max_user_namespaces", "0", Restriction::Limit),
    ];
    known.into_iter().find_map(|(name, value, restriction)| (setting(name) == value).then_some(restriction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_tell_their_maker() {
        assert_eq!(linux("6.8.0-45-generic\n"), System::Linux);
        assert_eq!(linux("5.15.153.1-microsoft-standard-WSL2\n"), System::Wsl(2));
        assert_eq!(linux("4.19.104-microsoft-standard"), System::Wsl(2));
        assert_eq!(linux("4.4.0-19041-Microsoft"), System::Wsl(1));
    }

    #[test]
    fn a_pod_is_one_although_its_container_is_dockers() {
        assert_eq!(engine(true, false, true, false), Some(Engine::Kubernetes));
        assert_eq!(engine(false, true, true, true), Some(Engine::Podman));
        assert_eq!(engine(false, false, false, true), Some(Engine::Unnamed));
        assert_eq!(engine(false, false, false, false), None);
    }

    #[test]
    fn rights_stand_in_the_status() {
        let docker = "Seccomp:\t2\nNoNewPrivs:\t0\nCapBnd:\t00000000a80425fb\nSeccomp_filters:\t1\n";
        assert_ne!(bounding(docker) & MIGHTY, MIGHTY, "Docker's defaults");
        assert_eq!(bounding("CapBnd:\t000001ffffffffff\n") & MIGHTY, MIGHTY);
        assert_eq!((field(docker, "Seccomp"), field(docker, "NoNewPrivs")), (Some("2"), Some("0")));
    }

    #[test]
    fn a_setting_names_the_restriction() {
        let ubuntu = |name: &str| if name.contains("apparmor") { "1" } else { "96365" }.to_owned();
        assert_eq!(restriction(ubuntu), Some(Restriction::AppArmor));
        let debian_10 = |name: &str| if name.contains("clone") { "0" } else { "" }.to_owned();
        assert_eq!(restriction(debian_10), Some(Restriction::SwitchedOff));
        assert_eq!(restriction(|_| String::new()), None, "a kernel without these settings");
    }
}
