//! The system calls of a worker: what memory, threads, its sockets and its clock need; nothing that
//! opens, connects, executes or signals.

use std::collections::BTreeMap;
use std::io;

use rustix::process::getpid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

/// Plainly allowed.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_ftruncate,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_newfstatat,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_write,
    libc::SYS_writev,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_pause,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
];

/// What libraries try and do without when it is refused.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_faccessat,
    libc::SYS_getcpu,
    libc::SYS_ioctl,
    libc::SYS_openat,
    libc::SYS_prlimit64,
    libc::SYS_readlinkat,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_statx,
    libc::SYS_uname,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
];

/// Filters the system calls of this thread and of all that it starts: what is not known ends the process.
pub(super) fn filter() -> io::Result<()> {
    // Its flags lie in memory, where no filter can look: without it, libraries take `clone`.
    install(plain(&[libc::SYS_clone3]), SeccompAction::Allow, error(libc::ENOSYS))?;
    install(refused()?, SeccompAction::Allow, error(libc::EPERM))?;
    install(allowed()?, SeccompAction::KillProcess, SeccompAction::Allow)
}

/// `PR_GET_AUXV` of the kernel: what the machine is like, e.g. the size of a page.
const GET_AUXV: i32 = 0x4155_5856;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn plain(calls: &[libc::c_long]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

fn refused() -> io::Result<Rules> {
    let mut rules = plain(REFUSED);
    let kept = [libc::PR_SET_NAME, libc::PR_SET_NO_NEW_PRIVS, GET_AUXV];
    let others = kept.map(|kept| condition(SeccompCmpOp::Ne, u64::from(kept.unsigned_abs())));
    let others = others.into_iter().collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_prctl, vec![SeccompRule::new(others).map_err(io::Error::other)?]);
    Ok(rules)
}

/// Of several filters the strictest counts, so that what the others refuse is allowed here.
fn allowed() -> io::Result<Rules> {
    let mut rules = plain(ALLOWED);
    rules.extend(plain(REFUSED));
    rules.extend(plain(&[libc::SYS_clone3]));
    let thread = u64::try_from(libc::CLONE_THREAD).unwrap_or_default();
    rules.insert(libc::SYS_clone, vec![rule(SeccompCmpOp::MaskedEq(thread), thread)?]);
    let own = u64::try_from(getpid().as_raw_nonzero().get()).unwrap_or_default();
    rules.insert(libc::SYS_tgkill, vec![rule(SeccompCmpOp::Eq, own)?]);
    rules.insert(libc::SYS_prctl, Vec::new());
    Ok(rules)
}

/// When the first argument compares so.
fn rule(operator: SeccompCmpOp, value: u64) -> io::Result<SeccompRule> {
    SeccompRule::new(vec![condition(operator, value)?]).map_err(io::Error::other)
}

fn condition(operator: SeccompCmpOp, value: u64) -> io::Result<SeccompCondition> {
    SeccompCondition::new(0, SeccompCmpArgLen::Qword, operator, value).map_err(io::Error::other)
}

fn error(number: i32) -> SeccompAction {
    SeccompAction::Errno(number.unsigned_abs())
}

fn install(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> io::Result<()> {
    let machine = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, otherwise, matched, machine).map_err(io::Error::other)?;
    let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    apply_filter(&program).map_err(io::Error::other)
}
