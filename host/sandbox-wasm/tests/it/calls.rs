//! What good plugins get and give.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use simulay_hostile::guest::Guest;
use simulay_model::{Digest, Failure, LogLevel, Next, Report, Step};
use simulay_sandbox::{Answer, Call, CallError, Sandbox as _, SandboxSettings};

use crate::guests::{LOG, endless, reader};
use crate::world::{Digits, NoCode, assert_works, hasty, post_process, pre_process, request};

fn state(answer: Result<Answer, Failure>) -> serde_json::Value {
    match answer {
        Ok(Answer::Step(step)) => step.state.value().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn requests_and_answers_pass_unchanged_in_each_version_of_the_contract() {
    let sandbox = hasty();
    for echo in [Guest::default(), Guest::v0_1()] {
        let step = Step { calls: Vec::new(), state: json!({ "width": 2 }).into() };
        assert_eq!(pre_process(&sandbox, &echo).await.unwrap().answer, Ok(Answer::Step(step)));
        let report = Report { outcome: json!([1, "ü"]).into(), plots: Vec::new(), artifacts: Vec::new() };
        let answered = post_process(&sandbox, &echo, json!([1, "ü"])).await.unwrap();
        assert_eq!(answered.answer, Ok(Answer::Next(Next::Done(report))));
    }
}

#[tokio::test]
async fn messages_come_back_in_order() {
    let echo = Guest::default();
    let chatty = Guest {
        imports: LOG.into(),
        pre_process: format!(
            "(call $log (i32.const 1) (local.get 0) (local.get 1))
             (call $log (i32.const 3) (local.get 0) (i32.const 1)) {}",
            echo.pre_process
        ),
        ..Guest::default()
    };
    let messages = pre_process(&hasty(), &chatty).await.unwrap().messages;
    assert_eq!(messages, [(LogLevel::Info, r#"{"width":2}"#.into()), (LogLevel::Error, "{".into())]);
}

async fn read(length: u64, artifact: &str) -> serde_json::Value {
    let (sandbox, code) = (hasty(), crate::world::Bytes(reader(length).build()));
    let mut request = request();
    request.params = json!(artifact).into();
    let call = Call::PreProcess(request);
    let answered = sandbox.call(Digest::of(&code.0), &code, call, Arc::new(Digits)).await.unwrap();
    state(answered.answer)
}

#[tokio::test]
async fn artifacts_are_read_in_parts() {
    let known = Digest::of(Digits::BYTES).to_string();
    assert_eq!(read(3, &known).await, json!(234));
    assert_eq!(read(100, &known).await, json!(23_456_789));
    let (not_found, too_long) = (json!(0), json!(1));
    assert_eq!(read(3, &Digest::of(b"other").to_string()).await, not_found);
    assert_eq!(read(3, &"../../etc/passwd".repeat(4)).await, not_found);
    assert_eq!(read(17 << 20, &known).await, too_long);
}

/// A guest that answers digits made of a random number and the time.
fn gambler() -> Guest {
    let digit =
        "(i32.wrap_i64 (i64.and (i64.shr_u (local.get 5) (i64.extend_i32_u (local.get 6))) (i64.const 7)))";
    Guest {
        other_packages: vec![
            "package wasi:random@0.2.6; interface random { get-random-u64: func() -> u64; }",
            "package wasi:clocks@0.2.6; interface monotonic-clock { now: func() -> u64; }",
        ],
        wit: Guest::default().wit.replace(
            "import log;",
            "import log; import wasi:random/random@0.2.6; import wasi:clocks/monotonic-clock@0.2.6;",
        ),
        imports: "
            (import \"wasi:random/random@0.2.6\" \"get-random-u64\" (func $random (result i64)))
            (import \"wasi:clocks/monotonic-clock@0.2.6\" \"now\" (func $now (result i64)))"
            .into(),
        pre_process: format!(
            "(local i64 i32)
             (local.set 5 (i64.xor (call $random) (call $now)))
             (loop
                (i32.store8 (i32.add (i32.const 300) (local.get 6)) (i32.add (i32.const 49) {digit}))
                (local.set 6 (i32.add (local.get 6) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get 6) (i32.const 16))))
             (i64.store (i32.const 512) (i64.const 0)) (i64.store (i32.const 520) (i64.const 0))
             (i32.store (i32.const 524) (i32.const 300)) (i32.store (i32.const 528) (i32.const 16))
             i32.const 512"
        ),
        ..Guest::default()
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answer_and_another_seed_another() {
    let code = crate::world::Bytes(gambler().build());
    let mut answers = Vec::new();
    for seed in [1, 1, 2] {
        let mut request = request();
        request.seed = seed;
        let call = Call::PreProcess(request);
        let answered = hasty().call(Digest::of(&code.0), &code, call, Arc::new(Digits)).await.unwrap();
        answers.push(state(answered.answer));
    }
    assert_eq!(answers[0], answers[1]);
    assert_ne!(answers[0], answers[2]);
}

#[tokio::test]
async fn inspected_code_is_not_loaded_again() {
    let (sandbox, bytes) = (hasty(), Guest::default().build());
    let plugin = Digest::of(&bytes);
    let call = || Call::PreProcess(request());
    let before = sandbox.call(plugin, &NoCode, call(), Arc::new(Digits)).await;
    assert!(matches!(before, Err(CallError::Host(_))), "{before:?}");
    sandbox.inspect(bytes.into()).await.unwrap();
    assert!(sandbox.call(plugin, &NoCode, call(), Arc::new(Digits)).await.is_ok());
}

#[tokio::test]
async fn code_with_another_digest_is_not_run() {
    let code = crate::world::Bytes(Guest::default().build());
    let call = Call::PreProcess(request());
    let answered = hasty().call(Digest::of(b"other"), &code, call, Arc::new(Digits)).await;
    assert!(matches!(answered, Err(CallError::Host(_))), "{answered:?}");
}

#[tokio::test]
async fn a_call_nobody_waits_for_gives_its_place_back() {
    let hour = Duration::from_secs(3600);
    let settings = SandboxSettings { call_time: hour, parallel_calls: 1, ..Default::default() };
    let sandbox = crate::world::sandbox(settings);
    let endless = endless();
    let given_up = tokio::time::timeout(Duration::from_millis(200), pre_process(&sandbox, &endless)).await;
    assert!(given_up.is_err());
    assert_works(&sandbox).await;
}
