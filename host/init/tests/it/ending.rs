//! How commands are ended, and how init itself ends.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use simulay_init::frames::{JobSpec, Order, PATIENCE_VARIABLE, Phase, UNCLAIMED};

use crate::harness::{Init, script};

#[test]
fn a_command_out_of_time_gets_a_term() {
    let exit = Init::complete(JobSpec { timeout_ms: 50, ..script("exec sleep 1000") }).exit();
    assert!(exit.timed_out && !exit.terminated);
    assert_eq!(exit.signal, Some(15));
    assert!(exit.wall_ms >= 50);
}

#[test]
fn after_the_grace_time_it_is_killed() {
    let deaf = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
    let mut init = Init::with_job(JobSpec { grace_ms: 50, ..script(deaf) }, &[]);
    init.wait_for_stdout("ready");
    init.send(&Order::Terminate);
    let exit = init.told().exit();
    assert_eq!(exit.signal, Some(9));
    assert!(exit.terminated && !exit.timed_out);
}

#[test]
fn a_command_can_tidy_up_when_told_to_end() {
    let tidy = "trap 'echo tidy; exit 7' TERM; echo ready; while :; do sleep 0.01; done";
    let mut init = Init::with_job(script(tidy), &[]);
    init.wait_for_stdout("ready");
    init.send(&Order::Terminate);
    init.hello(2);
    let told = init.told();
    assert_eq!(told.stdout(), "ready\ntidy\n");
    assert_eq!((told.exit().code, told.exit().terminated), (Some(7), true));
}

#[test]
fn a_stop_of_the_container_ends_the_command_and_keeps_its_results() {
    let mut init = Init::with_job(script("echo ready; exec sleep 1000"), &[]);
    init.wait_for_stdout("ready");
    kill(Pid::from_raw(init.pid() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(init.hello_when_ended(2), Phase::Ended);
    let exit = init.told().exit();
    assert_eq!((exit.signal, exit.stopped, exit.terminated), (Some(15), true, false));
    assert_eq!(init.acknowledge(), 0);
}

#[test]
fn a_command_that_saves_and_succeeds_when_stopped_is_told_as_stopped() {
    let saves = "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    let mut init = Init::with_job(script(saves), &[]);
    init.wait_for_stdout("ready");
    kill(Pid::from_raw(init.pid() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(init.hello_when_ended(2), Phase::Ended);
    let exit = init.told().exit();
    assert_eq!((exit.code, exit.stopped), (Some(0), true));
}

#[test]
fn a_daemon_left_behind_is_gone_before_the_end_is_told() {
    let told = Init::complete(script("setsid sleep 1000 & echo $!; (setsid sleep 1000 & echo $!)"));
    let pids: Vec<&str> = told.stdout().lines().collect();
    assert_eq!((pids.len(), told.exit().code), (2, Some(0)));
    for pid in pids {
        assert!(!std::path::Path::new("/proc").join(pid).exists(), "{pid} lives");
    }
}

#[test]
fn orphans_are_reaped_while_the_command_runs() {
    // The subshell's child outlives it, is ours then, and ends: no zombie may stay.
    let orphan = "pid=$( (true & echo $!) ); while [ -e /proc/$pid ]; do sleep 0.01; done; echo reaped";
    assert_eq!(Init::complete(script(orphan)).stdout(), "reaped\n");
}

#[test]
fn results_nobody_wants_are_not_held_for_ever() {
    let mut init = Init::with_job(JobSpec { hold_ms: 0, ..script("true") }, &[]);
    assert_eq!(init.exit_code(), i32::from(UNCLAIMED));
}

#[test]
fn results_are_held_when_no_host_can_speak() {
    let mut init = Init::with_job(JobSpec { hold_ms: 50, ..script("echo held") }, &[]);
    init.close_stdin();
    assert_eq!(init.told().stdout(), "held\n");
    assert_eq!(init.exit_code(), i32::from(UNCLAIMED));
}

#[test]
fn without_a_job_it_ends_with_its_input() {
    let mut init = Init::start();
    init.hello(1);
    init.close_stdin();
    assert_eq!(init.exit_code(), 0);
}

#[test]
fn without_a_job_it_ends_when_stopped() {
    let mut init = Init::start();
    init.hello(1);
    kill(Pid::from_raw(init.pid() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(init.exit_code(), 0);
}

#[test]
fn a_command_is_not_ended_by_orders_that_come_too_late() {
    let waits = "echo ready; while [ ! -e go ]; do sleep 0.01; done; echo done";
    let mut init = Init::with_job(script(waits), &[]);
    init.wait_for_stdout("ready");
    init.send(&Order::Ack);
    init.submit(script("echo other"), &[("x", b"x")]);
    assert_eq!(init.hello(2), Phase::Running);
    std::fs::write(init.path("go"), "").unwrap();
    let told = init.told();
    assert_eq!((told.stdout(), told.rejection.is_none()), ("ready\ndone\n", true));
    assert!(!init.path("x").exists());
}

#[test]
fn one_that_nobody_gives_a_job_ends_when_it_is_told_to_be_impatient_and_not_while_it_works() {
    let impatient = [(PATIENCE_VARIABLE, "1")];
    let mut init = Init::start_with(&impatient);
    assert_eq!(init.exit_code(), 0);
    let mut init = Init::start_with(&impatient);
    assert_eq!(init.hello(1), Phase::Idle);
    init.submit(script("sleep 2; echo done; env"), &[]);
    let told = init.told();
    assert!(told.stdout().starts_with("done\n") && !told.stdout().contains(PATIENCE_VARIABLE));
    assert_eq!(init.acknowledge(), 0);
}
