//! What a command gets and what is told of it.

use nix::sys::signal::Signal;
use simulay_init::frames::{JobSpec, Rejection};

use crate::harness::{Init, script};

#[test]
fn a_command_that_succeeds() {
    let told = Init::complete(script("echo out; echo err >&2"));
    assert!(told.started);
    assert_eq!((told.stdout.as_slice(), told.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    let exit = told.exit();
    assert_eq!((exit.code, exit.signal), (Some(0), None));
    assert!(!exit.timed_out && !exit.stream_limit && !exit.terminated);
    assert_eq!(told.rejection, None);
}

#[test]
fn exit_codes_are_told() {
    for code in [1, 3, 127, 255] {
        assert_eq!(Init::complete(script(&format!("exit {code}"))).exit().code, Some(code));
    }
}

#[test]
fn signals_are_told_even_those_without_a_name() {
    for signal in [6, 9, 11, 15, 35, 64] {
        let exit = Init::complete(script(&format!("kill -{signal} $$"))).exit();
        assert_eq!((exit.code, exit.signal), (None, Some(signal)));
        assert!(!exit.terminated && !exit.timed_out);
    }
}

#[test]
fn the_environment_is_exactly_as_given() {
    let job = JobSpec {
        command: vec!["env".to_owned()],
        env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("A".to_owned(), "b c".to_owned())],
        ..script("")
    };
    let told = Init::complete(job);
    let mut lines: Vec<&str> = told.stdout().lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["A=b c", "PATH=/usr/bin:/bin"]);
}

#[test]
fn the_command_has_no_input_and_blocks_no_signal() {
    let told = Init::complete(script("cat; grep -E '^Sig(Blk|Ign)' /proc/self/status"));
    let masks = |status: &str, name: &str| {
        let mask = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap()
    };
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    // What a test got ignored is none of init's; that Rust ignores broken pipes is.
    let got = masks(&own, "SigIgn:") & !(1 << (Signal::SIGPIPE as u32 - 1));
    assert_eq!(masks(told.stdout(), "SigIgn:") & !got, 0);
    // Those above the first 31 are as this test got them.
    assert_eq!(masks(told.stdout(), "SigBlk:") & 0x7fff_ffff, 0);
}

#[test]
fn the_kernel_shall_kill_the_command_first() {
    let before = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap();
    let init = Init::with_job(script("cat /proc/self/oom_score_adj"), &[]);
    assert_eq!(init.told().stdout(), "1000\n");
    let after = std::fs::read_to_string(format!("/proc/{}/oom_score_adj", init.pid())).unwrap();
    assert_eq!(after, before);
}

#[test]
fn a_command_that_is_not_there_is_refused() {
    let job = JobSpec { command: vec!["no-such-program".to_owned()], ..script("") };
    let told = Init::complete(job);
    assert!(!told.started);
    assert!(matches!(told.rejection, Some(Rejection::Command(_))), "{told:?}");
}

#[test]
fn no_command_at_all_is_refused() {
    let told = Init::complete(JobSpec { command: Vec::new(), ..script("") });
    assert!(matches!(told.rejection, Some(Rejection::Command(_))), "{told:?}");
}

#[test]
fn much_output_comes_whole() {
    const SIZE: usize = 50_000_000;
    let job = JobSpec { max_stream_bytes: SIZE as u64, ..script(&format!("yes 123456789 | head -c {SIZE}")) };
    let told = Init::complete(job);
    assert_eq!(told.stdout.len(), SIZE);
    assert!(told.stdout.chunks(10).all(|line| line == b"123456789\n"));
    assert!(!told.exit().stream_limit);
}

#[test]
fn both_streams_flow_side_by_side() {
    let told = Init::complete(script(
        "for i in 1 2 3; do head -c 200000 /dev/zero >&2; head -c 100000 /dev/zero; done",
    ));
    assert_eq!((told.stdout.len(), told.stderr.len()), (300_000, 600_000));
}

#[test]
fn too_much_output_ends_the_command() {
    for redirect in ["", ">&2"] {
        let script = script(&format!("exec yes {redirect}"));
        let job = JobSpec { max_stream_bytes: 100_000, end_on_stream_limit: true, ..script };
        let told = Init::complete(job);
        assert!(told.exit().stream_limit);
        assert_eq!(told.exit().code, None);
        assert!(told.stdout.len().max(told.stderr.len()) >= 50_000);
    }
}

#[test]
fn a_command_that_prints_much_goes_on_and_loses_the_middle() {
    let script = script("echo first; yes 1234567 | head -c 8000000; echo last");
    let told = Init::complete(JobSpec { max_stream_bytes: 100_000, ..script });
    assert_eq!((told.exit().code, told.exit().stream_limit), (Some(0), false));
    assert!(told.stdout().starts_with("first\n1234567\n") && told.stdout().ends_with("\n1234567\nlast\n"));
    assert_eq!((told.stdout.len() as u64, told.stdout_gap), (100_000, 8_000_011 - 100_000));
}

#[test]
fn output_just_within_the_limit_is_fine() {
    let job = JobSpec { max_stream_bytes: 100_000, ..script("head -c 100000 /dev/zero") };
    let told = Init::complete(job);
    assert_eq!((told.exit().code, told.exit().stream_limit), (Some(0), false));
}
