//! How commands end.

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
async fn a_full_disk_is_told() {
    let rig = Rig::new();
    let (completed, _) = rig.complete(&shell("head -c 80M /dev/zero > a; rc=$?; exit $rc")).await;
    // Over the bound of one file, or the disk is full: the same to the command.
    assert!(matches!(completed.ending, Ending::ScratchFull), "{completed:?}");
    let script = "for i in 1 2 3 4 5 6; do head -c 15M /dev/zero > $i || exit 9; done";
    let (completed, _) = rig.complete(&shell(script)).await;
    assert_eq!(completed.ending, Ending::ScratchFull);
}

#[tokio::test]
async fn a_gigabyte_of_print_is_cut_off() {
    let rig = Rig::new();
    let (completed, memory) = rig.complete(&shell("head -c 1G /dev/zero | tr '\\0' x")).await;
    assert_eq!(completed.ending, Ending::OutputLimit);
    assert!(memory.stdout().len() <= 16 << 20);
    assert!(memory.stdout().len() >= 15 << 20);
}

#[tokio::test]
async fn arguments_are_literal() {
    let rig = Rig::new();
    let (completed, memory) = rig.complete(&command(&["printf", "%s|", "$(id)", ";ls", "a b", ""])).await;
    assert_eq!(completed.ending, Ending::Exited(0));
    assert_eq!(memory.stdout(), "$(id)|;ls|a b||");
}
