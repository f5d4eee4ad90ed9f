//! Plugins that take what they can get. After each of them the sandbox works on.

use simulay_hostile::guest::{Guest, SPIN};
use simulay_sandbox::{CallError, InspectError};

use crate::guests::{LOG, READ};
use crate::world::{assert_works, hasty, pre_process, refused};

/// The error a `pre-process` must end with.
async fn failed(pre_process_text: &str) -> CallError {
    failed_guest(Guest { pre_process: pre_process_text.into(), ..Guest::default() }).await
}

async fn failed_guest(guest: Guest) -> CallError {
    let sandbox = hasty();
    let error = pre_process(&sandbox, &guest).await.unwrap_err();
    assert_works(&sandbox).await;
    error
}

/// An answer whose state is the `length` bytes at `at`.
fn answer_of(at: u32, length: u32) -> String {
    format!(
        "(i64.store (i32.const 512) (i64.const 0)) (i64.store (i32.const 520) (i64.const 0))
         (i32.store (i32.const 524) (i32.const {at})) (i32.store (i32.const 528) (i32.const {length})) i32.const 512"
    )
}

#[tokio::test]
async fn loops_end_wherever_they_are() {
    let sandbox = hasty();
    let describing = Guest { describe: SPIN.into(), ..Guest::default() };
    assert_eq!(refused(&sandbox, describing.build()).await, InspectError::DescribeTimeout);
    let starting = Guest { fields: format!("(func $spin {SPIN}) (start $spin)"), ..Guest::default() };
    assert_eq!(refused(&sandbox, starting.build()).await, InspectError::DescribeTimeout);
    let returning = "(func (export \"cabi_post_simulay:plugin/pipeline@0.2.0#describe\") (param i32)";
    let returning = Guest { fields: format!("{returning} {SPIN})"), ..Guest::default() };
    assert_eq!(refused(&sandbox, returning.build()).await, InspectError::DescribeTimeout);
    assert_works(&sandbox).await;

    for guest in [Guest::default(), Guest::v0_1()] {
        let allocating = Guest { realloc: SPIN.into(), ..guest };
        assert_eq!(failed_guest(allocating).await, CallError::CpuLimit(500));
    }
}

#[tokio::test]
async fn bulk_operations_do_not_hide_a_loop() {
    let fill = "(loop (memory.fill (i32.const 65536) (i32.const 1) (i32.const 104792064)) br 0) unreachable";
    let filling = Guest { pages: 1600, pre_process: fill.into(), ..Guest::default() };
    assert_eq!(failed_guest(filling).await, CallError::CpuLimit(500));
}

#[tokio::test]
async fn memory_ends() {
    let limit = CallError::MemoryLimit(128 << 20);
    let table = Guest {
        fields: "(table $t 0 funcref)".into(),
        pre_process: "(drop (table.grow $t (ref.null func) (i32.const 1000000000))) unreachable".into(),
        ..Guest::default()
    };
    assert_eq!(failed_guest(table).await, limit);
    let vast = Guest { pages: 65_536, ..Guest::default() };
    let error = refused(&hasty(), vast.build()).await;
    assert_eq!(error, InspectError::DescribeFailed(limit));
}

#[tokio::test]
async fn traps_are_told() {
    let CallError::Trap(text) = failed("unreachable").await else { panic!() };
    assert!(text.contains("unreachable"), "{text}");
    let deep = "(func $deep (param i64) (call $deep (i64.add (local.get 0) (i64.const 1))))";
    let deep = Guest {
        fields: deep.into(),
        pre_process: "(call $deep (i64.const 0)) unreachable".into(),
        ..Guest::default()
    };
    let CallError::Trap(text) = failed_guest(deep).await else { panic!() };
    assert!(text.contains("stack"), "{text}");
    assert!(matches!(failed("i32.const -4").await, CallError::Trap(_)));
}

#[tokio::test]
async fn large_answers_are_refused_before_the_host_holds_them() {
    let giant = failed(&answer_of(0, 1 << 30)).await;
    assert!(matches!(giant, CallError::Trap(_)), "{giant:?}");
    for length in [4 << 20, 17 << 20, 60 << 20] {
        let guest = Guest { pages: 1024, pre_process: answer_of(1 << 20, length + 1), ..Guest::default() };
        let error = failed_guest(guest).await;
        assert!(matches!(error, CallError::ResultTooLarge(_)), "{error:?}");
    }
    let calls = "
        (i64.store (i32.const 512) (i64.const 0)) (i64.store (i32.const 520) (i64.const 0))
        (i32.store (i32.const 516) (i32.const 131072)) (i32.store (i32.const 520) (i32.const 1001))
        i32.const 512";
    for guest in [Guest::default(), Guest::v0_1()] {
        let error = failed_guest(Guest { pre_process: calls.into(), ..guest }).await;
        assert!(matches!(error, CallError::ResultTooLarge(_)), "{error:?}");
    }
    let chatty = Guest { title: "x".repeat(30_000), ..Guest::default() };
    assert!(matches!(refused(&hasty(), chatty.build()).await, InspectError::Manifest(_)));
}

#[tokio::test]
async fn a_manifest_has_a_bound() {
    let title = "(i32.store (i32.const 1044) (i32.const 1500000)) i32.const 1024";
    let guest = Guest { describe: title.into(), ..Guest::default() };
    assert_eq!(refused(&hasty(), guest.build()).await, InspectError::ManifestTooLarge(1 << 20));
}

#[tokio::test]
async fn wrong_answers_name_their_field() {
    for (text, field) in [("{", "state"), ("{\"a\":1,\"a\":2}", "state"), ("1e999", "state")] {
        let data = simulay_hostile::guest::escaped(text.as_bytes());
        let guest = Guest {
            fields: format!("(data (i32.const 0) \"{data}\")"),
            pre_process: answer_of(0, u32::try_from(text.len()).unwrap()),
            ..Guest::default()
        };
        let CallError::ResultInvalid { field: named, .. } = failed_guest(guest).await else {
            panic!("{text}")
        };
        assert_eq!(named, field);
    }
    let not_utf8 = Guest {
        fields: "(data (i32.const 0) \"\\ff\\fe\")".into(),
        pre_process: answer_of(0, 2),
        ..Guest::default()
    };
    assert!(matches!(failed_guest(not_utf8).await, CallError::Trap(_)));
    let bad_case = "(i32.store (i32.const 512) (i32.const 77)) i32.const 512";
    assert!(matches!(failed(bad_case).await, CallError::Trap(_)));
}

#[tokio::test]
async fn the_host_gives_only_so_much() {
    let read = "(call $read (i32.const 100) (i32.const 64) (i64.const 0) (i64.const 0) (i32.const 256))";
    let reading = Guest {
        imports: READ.into(),
        pre_process: format!("(loop {read} br 0) unreachable"),
        fields: format!("(data (i32.const 100) \"{}\")", "a".repeat(64)),
        ..Guest::default()
    };
    let error = failed_guest(reading).await;
    assert!(matches!(error, CallError::HostcallLimit(_)), "{error:?}");
    let shouting = Guest {
        imports: LOG.into(),
        pages: 1024,
        pre_process: "(call $log (i32.const 1) (i32.const 0) (i32.const 40000000)) unreachable".into(),
        ..Guest::default()
    };
    let error = failed_guest(shouting).await;
    assert!(matches!(error, CallError::ResultTooLarge(_)), "{error:?}");
}

#[tokio::test]
async fn endless_messages_end_in_one_marker() {
    let echo = Guest::default();
    let chatty = Guest {
        imports: LOG.into(),
        pre_process: format!(
            "(local $n i32)
             (loop
                (call $log (i32.const 1) (local.get 0) (i32.const 3))
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get $n) (i32.const 5000)))) {}",
            echo.pre_process
        ),
        ..Guest::default()
    };
    let messages = pre_process(&hasty(), &chatty).await.unwrap().messages;
    assert_eq!(messages.len(), 1001);
}
