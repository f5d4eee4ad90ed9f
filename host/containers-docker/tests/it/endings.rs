//! How commands end.

use simulay_containers::scripted::Memory;
use simulay_containers::{ContainerError, Limits};
use simulay_model::{ContainerCall, Digest, Ending, Resources};

use crate::rig::{Rig, command, octave, resources, shell};

#[tokio::test]
async fn octave_says_hello_and_leaves_a_file() {
    let rig = Rig::new();
    let script = "x = 6 * 7; printf('hello %d\\n', x); f = fopen('out.txt', 'w'); fputs(f, 'ok'); fclose(f);";
    let (completed, memory) =
        rig.complete(&ContainerCall { outputs: vec!["*.txt".to_owned()], ..octave(script) }).await;
    assert_eq!(completed.ending, Ending::Exited(0), "{}", memory.stderr());
    assert_eq!(memory.stdout(), "hello 42\n");
    assert_eq!(memory.outputs(), [("out.txt".to_owned(), (2, Digest::of(b"ok")))].into());
    assert!(completed.wall_ms > 0);
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn an_exit_code_is_handed_on() {
    let rig = Rig::new();
    let (completed, memory) = rig.complete(&octave("fputs(stderr, 'no\\n'); exit(3);")).await;
    assert_eq!(completed.ending, Ending::Exited(3));
    assert!(memory.stderr().contains("no"), "{}", memory.stderr());
}

#[tokio::test]
async fn a_signal_is_told() {
    let rig = Rig::new();
    let (completed, _) = rig.complete(&shell("kill -SEGV $$")).await;
    assert_eq!(completed.ending, Ending::Signalled(11));
}

#[tokio::test]
async fn too_much_memory_is_told() {
    let rig = Rig::new();
    let resources = Resources { memory_mib: 64, scratch_mib: 16, ..resources() };
    let (completed, _) =
        rig.complete(&ContainerCall { resources, ..octave("x = ones(20000); disp(sum(x(:)));") }).await;
    assert_eq!(completed.ending, Ending::OutOfMemory);
}

#[tokio::test]
async fn an_endless_loop_is_ended() {
    let rig = Rig::new();
    let resources = Resources { timeout_ms: 1500, ..resources() };
    let (completed, memory) = rig
        .complete(&ContainerCall { resources, ..octave("disp('on'); fflush(stdout); while 1, end") })
        .await;
    assert_eq!(completed.ending, Ending::TimedOut);
    assert_eq!(memory.stdout(), "on\n");
    assert!(completed.wall_ms >= 1500, "{completed:?}");
}

#[tokio::test]
async fn a_full_disk_is_told_whatever_the_command_makes_of_it() {
    for script in [
        "head -c 80M /dev/zero > a; rc=$?; exit $rc",
        "for i in 1 2 3 4 5 6; do head -c 15M /dev/zero > $i; done; exit 0",
        // Full for a moment only.
        "head -c 80M /dev/zero > a; rm a; sleep 0.2; exit 0",
        "head -c 80M /dev/zero > /tmp/a; rm /tmp/a; exit 0",
        "head -c 40M /dev/zero > /dev/shm/a; rm /dev/shm/a; exit 0",
        "mkdir d; cd d; seq 1 70000 | xargs touch; cd ..; rm -r d; exit 0",
    ] {
        let (completed, _) = Rig::new().complete(&shell(script)).await;
        assert_eq!(completed.ending, Ending::ScratchFull, "{script}");
    }
    let (completed, _) = Rig::new().complete(&shell("head -c 63M /dev/zero > a")).await;
    assert_eq!(completed.ending, Ending::Exited(0));
}

#[tokio::test]
async fn a_helper_killed_for_memory_is_told() {
    let rig = Rig::new();
    let resources = Resources { memory_mib: 64, scratch_mib: 16, ..resources() };
    let script = "head -c 900000000 /dev/zero | tail -n 1 | wc -c; exit 0";
    let (completed, _) = rig.complete(&ContainerCall { resources, ..shell(script) }).await;
    assert_eq!(completed.ending, Ending::OutOfMemory);
}

#[tokio::test]
async fn a_process_that_was_refused_is_told() {
    let script = "for i in $(seq 1 200); do sleep 5 & done 2>/dev/null; kill $(jobs -p) 2>/dev/null; exit 0";
    let (completed, _) = Rig::new().complete(&command(&["bash", "-c", script])).await;
    assert_eq!(completed.ending, Ending::ProcessLimit);
}

#[tokio::test]
async fn what_a_command_used_is_told() {
    let (completed, _) = Rig::new().complete(&octave("x = rand(1500); y = x * x; disp(y(1));")).await;
    assert!(completed.cpu_ms.is_some_and(|time| time > 10), "{completed:?}");
    assert!(completed.peak_memory_bytes.is_some_and(|bytes| bytes > 20 << 20), "{completed:?}");
}

#[tokio::test]
async fn a_gigabyte_of_print_keeps_its_ends_and_the_command_goes_on() {
    let script = "echo first; head -c 1G /dev/zero | tr '\\0' x; echo; echo last";
    let (completed, memory) = Rig::new().complete(&shell(script)).await;
    assert_eq!(completed.ending, Ending::Exited(0));
    assert!(memory.stdout().starts_with("first\nxxx") && memory.stdout().ends_with("xxx\nlast\n"));
    let kept = 16 << 20;
    assert_eq!(completed.omitted.stdout, (1 << 30) + "first\n\nlast\n".len() as u64 - kept);
    assert!(memory.stdout().contains(&format!("[… {} bytes left out …]", completed.omitted.stdout)));
}

#[tokio::test]
async fn a_gigabyte_of_print_is_cut_off_when_the_operator_says_so() {
    let rig = Rig::with_limits(Limits { end_on_stream_limit: true, ..Limits::default() });
    let (completed, memory) = rig.complete(&shell("head -c 1G /dev/zero | tr '\\0' x")).await;
    assert_eq!(completed.ending, Ending::OutputLimit);
    assert!((8 << 20..17 << 20).contains(&memory.stdout().len()));
}

#[tokio::test]
async fn a_container_stopped_by_others_is_lost_even_when_its_command_takes_it_well() {
    let rig = Rig::new();
    let saves = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    let (call, memory, name) = (shell(saves), Memory::new(), rig.called());
    let stop = async {
        memory.printed("ready").await;
        tokio::process::Command::new("docker").args(["stop", "--time", "5", &name]).output().await
    };
    let (ended, stopped) = tokio::join!(rig.run(&call, &memory), stop);
    assert!(stopped.unwrap().status.success());
    assert!(matches!(ended, Err(ContainerError::Lost(_))), "{ended:?}");
}

#[tokio::test]
async fn arguments_are_literal() {
    let rig = Rig::new();
    let (completed, memory) = rig.complete(&command(&["printf", "%s|", "$(id)", ";ls", "a b", ""])).await;
    assert_eq!(completed.ending, Ending::Exited(0));
    assert_eq!(memory.stdout(), "$(id)|;ls|a b||");
}
