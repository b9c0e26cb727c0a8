//! A process that waits for the end of the harness, whatever that end is: it holds the read end of a pipe whose only
//! write end lives in the harness, so that a SIGKILL is seen too. What it does then is its maker's choice.
//! Everything here runs in a forked child of a process with threads: raw system calls only, no allocation.

use std::os::fd::RawFd;

/// Closes every other descriptor of the process and waits until the write end of the pipe is closed.
///
/// The other descriptors must go: among them are the write ends of other worlds' pipes, and locks.
#[expect(unsafe_code, reason = "only raw system calls are allowed between fork and exec")]
pub(super) fn outlive(pipe: RawFd) {
    // SAFETY: the calls touch nothing but descriptors of this process, which nobody else uses after the fork, and a
    // buffer on the stack.
    unsafe {
        let pipe = if pipe == 0 {
            0
        } else {
            libc::dup2(pipe, 0);
            0
        };
        close_all_but_first();
        let mut byte = 0_u8;
        loop {
            let read = libc::read(pipe, (&raw mut byte).cast(), 1);
            let interrupted = read < 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR);
            if read == 0 || (read < 0 && !interrupted) {
                return;
            }
        }
    }
}

#[expect(unsafe_code, reason = "only raw system calls are allowed between fork and exec")]
fn close_all_but_first() {
    #[cfg(target_os = "linux")]
    // SAFETY: closing descriptors has no effect on memory.
    if unsafe { libc::syscall(libc::SYS_close_range, 1, libc::c_uint::MAX, 0) } == 0 {
        return;
    }
    // SAFETY: as above; `limit` is a plain structure that the call fills.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        let known = libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0;
        let end = if known { limit.rlim_cur.min(1 << 20) } else { 1 << 16 };
        for descriptor in 1..end as RawFd {
            libc::close(descriptor);
        }
    }
}
