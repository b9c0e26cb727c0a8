//! A scene whose integration is a thread of this process stays on one core. Its threads take turns: what one sends wakes
//! the other, and waking another core costs as much as the turn itself, most of all in a virtual machine.

#[cfg(target_os = "linux")]
pub(crate) use super::private::OneCore;

/// Other systems than Linux move threads as they see fit.
#[cfg(not(target_os = "linux"))]
pub(crate) struct OneCore;

#[cfg(not(target_os = "linux"))]
impl OneCore {
    pub(crate) fn here() -> Self {
        Self
    }
}
