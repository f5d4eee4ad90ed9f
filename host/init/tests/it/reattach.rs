//! Hosts that go and hosts that come.

use simulay_init::frames::{Content, Order, Phase, encode};

use crate::harness::{Init, script, script_with_outputs};

#[test]
fn a_host_that_died_in_a_frame_is_followed_by_another() {
    let mut init = Init::start();
    init.hello(1);
    init.send(&Order::Begin(script("echo old")));
    init.send_file("old/a", b"whole");
    init.send(&Order::File { path: "old/b".to_owned(), size: 100 });
    let frame = encode(&Order::Data(Content::of(vec![7; 100]))).unwrap();
    init.send_bytes(&frame[..frame.len() / 2]);
    assert_eq!(init.hello(2), Phase::Idle);
    assert!(!init.path("old").exists());
    init.submit(script("ls; echo new"), &[]);
    assert_eq!(init.told().stdout(), "new\n");
}

#[test]
fn a_frame_cut_off_at_any_byte_spoils_nothing() {
    let frame = encode(&Order::Begin(script("echo old"))).unwrap();
    let mut init = Init::start();
    for cut in 0..frame.len() {
        init.send_bytes(&frame[..cut]);
        assert_eq!(init.hello(cut as u64), Phase::Idle);
    }
    init.submit(script("echo new"), &[]);
    assert_eq!(init.told().stdout(), "new\n");
}

#[test]
fn damaged_frames_are_skipped() {
    let mut frame = encode(&Order::Ack).unwrap();
    frame[1] ^= 0x10;
    let mut init = Init::start();
    init.send_bytes(&frame);
    init.send_bytes(b"\x01\x02garbage\xff\0");
    assert_eq!(init.hello(1), Phase::Idle);
}

#[test]
fn a_host_that_comes_while_the_command_runs_hears_all_of_it() {
    let waits = "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two";
    let mut init = Init::with_job(script(waits), &[]);
    init.wait_for_stdout("one");
    assert_eq!(init.hello(2), Phase::Running);
    init.wait_for_stdout("one\n");
    assert_eq!(init.hello(3), Phase::Running);
    std::fs::write(init.path("go"), "").unwrap();
    let told = init.told();
    assert!(told.started);
    assert_eq!((told.stdout(), told.exit().code), ("one\ntwo\n", Some(0)));
}

#[test]
fn what_is_held_is_told_to_each_host_alike() {
    let work =
        "yes 123456789 | head -c 300000; echo err >&2; mkdir o; head -c 100000 /dev/zero > o/a; echo b > o/b";
    let mut init = Init::with_job(script_with_outputs(work, &["o/*"]), &[]);
    let first = init.told();
    assert_eq!((first.stdout.len(), first.outputs.len()), (300_000, 2));
    for session in [2, 2, 3] {
        assert_eq!(init.hello(session), Phase::Ended);
        assert_eq!(init.told(), first);
    }
    assert_eq!(init.acknowledge(), 0);
}

#[test]
fn a_host_that_comes_in_the_middle_of_the_telling_hears_all_of_it() {
    let work = "head -c 900000 /dev/zero > a; echo text";
    let mut init = Init::with_job(script_with_outputs(work, &["a"]), &[]);
    for session in 2..20 {
        init.hello(session);
    }
    let told = init.told();
    assert_eq!((told.stdout(), told.outputs[0].1.len()), ("text\n", 900_000));
}

#[test]
fn a_rejection_is_held_too() {
    let mut init = Init::with_job(script("true"), &[("../x", b"")]);
    let first = init.told();
    assert!(first.rejection.is_some());
    assert_eq!(init.hello(2), Phase::Ended);
    assert_eq!(init.told(), first);
    assert_eq!(init.acknowledge(), 0);
}
