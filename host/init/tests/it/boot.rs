//! Commands that are started ahead of their job.

use simulay_init::frames::{BootSpec, FAILED, JobSpec, Order, Phase, Report};

use crate::harness::{Init, script};

/// Says whether it waited, how often it was started, and what the job brought.
const PROGRAM: &str = r#"
begun=$$
if [ "$SIMULAY_BOOT" ]; then
    variables=$(tr '\0' '\n' <"$SIMULAY_BOOT")
    [ -e "$SIMULAY_BOOT" ] && echo the pipe is there still
    echo waited with $variables
else
    echo came late with SIM_A="$SIM_A"
fi
cat file
ls -l /proc/$begun/fd | grep -c simulay-boot; true
"#;

fn job(variables: &[(&str, &str)]) -> JobSpec {
    let mut job = script(PROGRAM);
    job.env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    job
}

fn boot_of(job: &JobSpec) -> BootSpec {
    let env = job.env.iter().filter(|(name, _)| !name.starts_with("SIM_")).cloned();
    BootSpec { command: job.command.clone(), env: env.collect() }
}

/// An init that was ordered to boot `spec`, and what it answered.
fn booting(spec: BootSpec) -> (Init, Report) {
    let mut init = Init::with_hello();
    init.send(&Order::Boot(spec));
    let answer = init.report();
    (init, answer)
}

fn printed(mut init: Init, job: JobSpec) -> String {
    init.submit(job, &[("file", b"content\n")]);
    let told = init.told();
    assert_eq!((told.exit().code, told.stderr.as_slice()), (Some(0), &b""[..]));
    let printed = told.stdout().to_owned();
    assert_eq!(init.acknowledge(), 0);
    printed
}

#[test]
fn a_command_that_waits_goes_on_with_variables_and_files_of_the_job() {
    let cold = printed(Init::with_hello(), job(&[("SIM_A", "1 2")]));
    let (init, answer) = booting(boot_of(&job(&[])));
    assert_eq!(answer, Report::Booted);
    let booted = printed(init, job(&[("SIM_A", "1 2"), ("SIM_B", "")]));
    assert_eq!(booted, cold.replace("came late with SIM_A=1 2", "waited with SIM_A=1 2 SIM_B="));
}

#[test]
fn another_host_hears_that_it_waits_and_has_it() {
    let (mut init, answer) = booting(boot_of(&job(&[])));
    assert_eq!(answer, Report::Booted);
    assert_eq!(init.hello(2), Phase::Idle);
    assert_eq!(init.report(), Report::Booted);
    assert!(printed(init, job(&[("SIM_A", "1")])).starts_with("waited with SIM_A=1\n"));
}

#[test]
fn what_does_not_fit_is_started_as_any_other() {
    let other = JobSpec { command: [job(&[]).command, vec!["-x".to_owned()]].concat(), ..job(&[]) };
    for misfit in [other, job(&[("TZ", "UTC")])] {
        let (init, answer) = booting(boot_of(&job(&[])));
        assert_eq!(answer, Report::Booted);
        assert!(printed(init, misfit).starts_with("came late"));
    }
}

#[test]
fn a_command_that_does_not_wait_costs_nothing() {
    for command in [&["true"][..], &["/nothing/there"], &[]] {
        let command = command.iter().map(|part| (*part).to_owned()).collect();
        let (init, answer) = booting(BootSpec { command, ..boot_of(&job(&[])) });
        assert_eq!(answer, Report::NotBooted);
        assert!(printed(init, job(&[("SIM_A", "1")])).starts_with("came late with SIM_A=1\n"));
    }
}

#[test]
fn one_that_died_while_it_waited_is_started_anew() {
    let (init, answer) = booting(boot_of(&job(&[])));
    assert_eq!(answer, Report::Booted);
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", init.pid())).unwrap();
    let child = nix::unistd::Pid::from_raw(children.trim().parse().unwrap());
    nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL).unwrap();
    let status = || std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
    while !status().contains(") Z ") {
        std::thread::yield_now();
    }
    assert!(printed(init, job(&[("SIM_A", "1")])).starts_with("came late with SIM_A=1\n"));
}

#[test]
fn it_is_gone_when_there_is_no_job() {
    let (mut init, answer) = booting(boot_of(&job(&[])));
    assert_eq!(answer, Report::Booted);
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", init.pid())).unwrap();
    init.close_stdin();
    assert_eq!(init.exit_code(), 0);
    assert!(!std::path::Path::new(&format!("/proc/{}", children.trim())).exists());
}

#[test]
fn jobs_follow_each_other_only_where_each_is_a_user_of_its_own() {
    let mut init = Init::with_hello();
    init.send(&Order::Fork(boot_of(&job(&[]))));
    assert_eq!(init.report(), Report::NotBooted);
    init.submit(job(&[("SIM_A", "1")]), &[("file", b"content\n")]);
    assert!(init.told().stdout().starts_with("came late with SIM_A=1\n"));
    init.send(&Order::Reset);
    assert_eq!(init.exit_code(), i32::from(FAILED));
}
