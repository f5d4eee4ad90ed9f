//! Memory that is free goes back to the system.

/// Pieces of a tree lie where the allocator keeps them for what comes next, on each thread apart: after
/// large trees they are given back at once.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "the call takes a number and touches what is free only")]
pub(crate) fn give_back() {
    // SAFETY: it may be called at any time, from any thread.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators do so by themselves.
#[cfg(not(target_env = "gnu"))]
pub(crate) const fn give_back() {}
