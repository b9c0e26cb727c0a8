//! Why a machine refuses private networks, in plain words and with the exact fix. The kernel gives one number for many
//! causes; the clues that tell them apart are read here, and the ruling from step, number and clues is a pure function.

use std::fmt;
use std::fs;

/// A step on the way to a private network, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Step {
    /// The process has one thread.
    OneThread,
    /// A user namespace.
    UserNamespace,
    /// The identity map of that namespace.
    IdentityMap,
    /// A thread, a channel or a runtime of the harness's own.
    Thread,
    /// A mount namespace.
    MountNamespace,
    /// The mounts of a world.
    Mounts,
    /// A network namespace.
    NetworkNamespace,
    /// The cable between both sides, a veth pair.
    Cable,
    /// Its addresses and routes.
    Routes,
    /// A PID namespace.
    PidNamespace,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 10] = [
        Self::OneThread,
        Self::UserNamespace,
        Self::IdentityMap,
        Self::Thread,
        Self::MountNamespace,
        Self::Mounts,
        Self::NetworkNamespace,
        Self::Cable,
        Self::Routes,
        Self::PidNamespace,
    ];

    /// The step with this number, as [`Probe`](super::Probe) carries it from a child process.
    #[cfg(target_os = "linux")]
    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step as u8 == number)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneThread => "be the only thread",
            Self::UserNamespace => "make a user namespace",
            Self::IdentityMap => "map the user and group in the user namespace",
            Self::Thread => "start a thread for the world",
            Self::MountNamespace => "make a mount namespace",
            Self::Mounts => "mount the world's own directories",
            Self::NetworkNamespace => "make a network namespace",
            Self::Cable => "make a veth pair",
            Self::Routes => "set addresses and routes",
            Self::PidNamespace => "make a PID namespace",
        })
    }
}

/// Why private networks are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Namespaces of this kind exist on Linux only.
    NotLinux,
    /// A second thread was alive when the namespaces were to be entered.
    SecondThread,
    /// A limit on the number of namespaces is zero or used up.
    Limit {
        /// The setting that holds the limit, as `sysctl` names it.
        setting: &'static str,
    },
    /// The distribution's switch for unprivileged user namespaces is off.
    SwitchedOff,
    /// AppArmor restricts unprivileged user namespaces (Ubuntu 23.10 and later).
    AppArmor,
    /// The process runs in a chroot, where the kernel allows no user namespace.
    Chroot,
    /// A container's system call filter or profile refuses the step.
    Container {
        /// The step refused.
        step: Step,
    },
    /// The kernel has no veth device.
    NoVeth,
    /// `/proc` is missing or read-only.
    NoProc,
    /// Something else.
    Other {
        /// The step refused.
        step: Step,
        /// The kernel's error number.
        errno: i32,
    },
}

/// What the machine says of itself, to tell apart causes that share an error number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clues {
    user_limit_is_zero: bool,
    switched_off: bool,
    apparmor: bool,
    chroot: bool,
    filtered: bool,
    root: bool,
}

impl Clues {
    pub(super) fn read() -> Self {
        let setting = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let status = setting("/proc/self/status").unwrap_or_default();
        let mounts = setting("/proc/self/mountinfo").unwrap_or_default();
        Self {
            user_limit_is_zero: setting("/proc/sys/user/max_user_namespaces").is_some_and(|text| text == "0"),
            switched_off: setting("/proc/sys/kernel/unprivileged_userns_clone").is_some_and(|text| text == "0"),
            apparmor: setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").is_some_and(|t| t == "1"),
            // In a chroot, the mount that holds "/" lies outside, so that the table has no line for it.
            chroot: !mounts.is_empty() && !mounts.lines().any(|line| line.split(' ').nth(4) == Some("/")),
            filtered: status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() != "0")),
            root: nix::unistd::geteuid().is_root(),
        }
    }
}

impl Refusal {
    /// The cause, from the step that was refused, the kernel's number and the clues.
    pub(super) fn of(step: Step, errno: i32, clues: Clues) -> Self {
        match (step, errno) {
            (Step::OneThread, _) | (Step::UserNamespace, libc::EINVAL) => Self::SecondThread,
            (Step::UserNamespace, libc::ENOSPC) => Self::Limit { setting: "user.max_user_namespaces" },
            (Step::NetworkNamespace, libc::ENOSPC) => Self::Limit { setting: "user.max_net_namespaces" },
            (Step::MountNamespace, libc::ENOSPC) => Self::Limit { setting: "user.max_mnt_namespaces" },
            (Step::PidNamespace, libc::ENOSPC) => Self::Limit { setting: "user.max_pid_namespaces" },
            (Step::Cable, libc::EOPNOTSUPP) => Self::NoVeth,
            (Step::IdentityMap, libc::EROFS | libc::ENOENT) => Self::NoProc,
            (_, libc::EPERM | libc::EACCES) if clues.chroot => Self::Chroot,
            (Step::UserNamespace, libc::EPERM) if clues.switched_off && !clues.root => Self::SwitchedOff,
            (_, libc::EPERM | libc::EACCES) if clues.apparmor && !clues.root => Self::AppArmor,
            (Step::UserNamespace, libc::EPERM) if clues.user_limit_is_zero => {
                Self::Limit { setting: "user.max_user_namespaces" }
            }
            (_, libc::EPERM | libc::EACCES) if clues.filtered => Self::Container { step },
            _ => Self::Other { step, errno },
        }
    }

    /// What to do, exactly.
    pub fn fix(&self) -> String {
        match self {
            Self::NotLinux => "run the harness on Linux, in a virtual machine for example".into(),
            Self::SecondThread => {
                "call `enter` as the first thing in `main`, before any runtime or thread is started".into()
            }
            Self::Limit { setting } => format!("sudo sysctl -w {setting}=10000"),
            Self::SwitchedOff => "sudo sysctl -w kernel.unprivileged_userns_clone=1".into(),
            Self::AppArmor => "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, \
                 or an AppArmor profile with `userns,` for this program, or run it with sudo"
                .into(),
            Self::Chroot => "run the harness outside the chroot, or as root".into(),
            Self::Container { .. } => "run the container with --privileged, \
                 or with --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
                .into(),
            Self::NoVeth => "sudo modprobe veth".into(),
            Self::NoProc => "mount /proc writable in this container".into(),
            Self::Other { .. } => "run the harness as root, or on a machine that allows namespaces".into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLinux => write!(f, "private networks exist on Linux only"),
            Self::SecondThread => write!(f, "a second thread was alive when the namespaces were to be entered"),
            Self::Limit { setting } => write!(f, "the limit {setting} is zero or used up"),
            Self::SwitchedOff => write!(f, "kernel.unprivileged_userns_clone switches user namespaces off"),
            Self::AppArmor => {
                write!(f, "AppArmor restricts user namespaces here (kernel.apparmor_restrict_unprivileged_userns is 1)")
            }
            Self::Chroot => write!(f, "the process runs in a chroot, where the kernel allows no user namespace"),
            Self::Container { step } => {
                write!(f, "a system call filter, most likely the container's, does not let the harness {step}")
            }
            Self::NoVeth => write!(f, "the kernel has no veth device"),
            Self::NoProc => write!(f, "/proc is missing or read-only"),
            Self::Other { step, errno } => {
                write!(f, "the machine does not let the harness {step}: {}", std::io::Error::from_raw_os_error(*errno))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_many_causes() {
        let clues = Clues::default();
        let eperm = |clues| Refusal::of(Step::UserNamespace, libc::EPERM, clues);
        assert_eq!(eperm(Clues { chroot: true, apparmor: true, ..clues }), Refusal::Chroot);
        assert_eq!(eperm(Clues { switched_off: true, ..clues }), Refusal::SwitchedOff);
        assert_eq!(eperm(Clues { apparmor: true, filtered: true, ..clues }), Refusal::AppArmor);
        assert_eq!(eperm(Clues { filtered: true, ..clues }), Refusal::Container { step: Step::UserNamespace });
        assert_eq!(eperm(clues), Refusal::Other { step: Step::UserNamespace, errno: libc::EPERM });
    }

    #[test]
    fn restrictions_on_ordinary_users_do_not_explain_roots_refusal() {
        let clues = Clues { apparmor: true, switched_off: true, root: true, filtered: true, ..Clues::default() };
        assert_eq!(Refusal::of(Step::Mounts, libc::EPERM, clues), Refusal::Container { step: Step::Mounts });
    }

    #[test]
    fn an_exhausted_limit_is_named_with_its_fix() {
        let refusal = Refusal::of(Step::NetworkNamespace, libc::ENOSPC, Clues::default());
        assert_eq!(refusal, Refusal::Limit { setting: "user.max_net_namespaces" });
        assert_eq!(refusal.fix(), "sudo sysctl -w user.max_net_namespaces=10000");
    }

    #[test]
    fn the_identity_map_on_ubuntu_is_apparmors_doing() {
        let clues = Clues { apparmor: true, ..Clues::default() };
        assert_eq!(Refusal::of(Step::IdentityMap, libc::EPERM, clues), Refusal::AppArmor);
    }
}
