//! Frames under any bytes and any pieces.

use proptest::collection::vec;
use proptest::prelude::*;
use simulay_init::frames::{
    Content, Decoder, Exit, FrameError, JobSpec, MAX_DATA, MAX_FRAME, Message, Order, Phase, Rejection,
    Report, SYNC, decode_all, encode, pieces,
};

fn job() -> impl Strategy<Value = JobSpec> {
    let texts = || vec(any::<String>(), 0..5);
    let texts = (texts(), vec(any::<(String, String)>(), 0..5), texts(), texts());
    let numbers = (any::<[u64; 5]>(), any::<u32>(), any::<[bool; 2]>());
    (texts, numbers).prop_map(|((command, env, outputs, excludes), (numbers, max_outputs, choices))| {
        let [max_stream_bytes, max_output_bytes, timeout_ms, grace_ms, hold_ms] = numbers;
        let [keep_unchanged, end_on_stream_limit] = choices;
        JobSpec {
            attempt: "simulay-run-0-0-0".to_owned(),
            command,
            env,
            outputs,
            excludes,
            keep_unchanged,
            max_stream_bytes,
            end_on_stream_limit,
            max_output_bytes,
            max_outputs,
            timeout_ms,
            grace_ms,
            hold_ms,
        }
    })
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..600),
        vec(0..2_u8, 0..2000),
        Just(vec![0; MAX_DATA]),
        Just(vec![1; MAX_DATA])
    ]
}

fn content() -> impl Strategy<Value = Content> {
    let bytes = data().prop_filter("no piece is empty", |bytes| !bytes.is_empty());
    bytes.prop_map(Content::of)
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        any::<u64>().prop_map(|session| Order::Hello { session }),
        job().prop_map(Order::Begin),
        any::<(String, u64)>().prop_map(|(path, size)| Order::File { path, size }),
        content().prop_map(Order::Data),
        Just(Order::Run),
        Just(Order::Terminate),
        Just(Order::Ack),
    ]
}

fn exit() -> impl Strategy<Value = Exit> {
    let measured = (any::<[u64; 2]>(), any::<[Option<u64>; 3]>());
    (any::<[Option<i32>; 2]>(), any::<[bool; 5]>(), measured).prop_map(
        |([code, signal], causes, ([refused_processes, wall_ms], [oom_kills, cpu_ms, peak_memory_bytes]))| {
            let [timed_out, stream_limit, terminated, stopped, scratch_full] = causes;
            Exit {
                code,
                signal,
                timed_out,
                stream_limit,
                terminated,
                stopped,
                oom_kills,
                refused_processes,
                scratch_full,
                wall_ms,
                cpu_ms,
                peak_memory_bytes,
            }
        },
    )
}

fn rejection() -> impl Strategy<Value = Rejection> {
    prop_oneof![
        any::<String>().prop_map(Rejection::Order),
        any::<(String, String)>().prop_map(|(path, reason)| Rejection::Input(path, reason)),
        Just(Rejection::InputsTooLarge),
        any::<String>().prop_map(Rejection::Command),
    ]
}

fn report() -> impl Strategy<Value = Report> {
    let phase = prop_oneof![Just(Phase::Idle), Just(Phase::Running), Just(Phase::Ended)];
    prop_oneof![
        (any::<u64>(), phase, any::<u32>()).prop_map(|(session, phase, protocol)| Report::Welcome {
            session,
            phase,
            protocol
        }),
        any::<String>().prop_map(|attempt| Report::Serves { attempt }),
        Just(Report::Started),
        (any::<u64>(), data()).prop_map(|(offset, bytes)| Report::Stdout { offset, bytes }),
        (any::<u64>(), data()).prop_map(|(offset, bytes)| Report::Stderr { offset, bytes }),
        exit().prop_map(Report::Exited),
        any::<(String, u64)>().prop_map(|(path, size)| Report::Output { path, size }),
        content().prop_map(Report::Data),
        any::<String>().prop_map(|reason| Report::Abandoned { reason }),
        any::<(String, String)>().prop_map(|(path, reason)| Report::LeftOut { path, reason }),
        any::<u64>().prop_map(Report::LeftOutMore),
        rejection().prop_map(Report::Rejected),
        Just(Report::Done),
    ]
}

/// Feeds `bytes` in pieces of the given sizes, over and over.
fn feed_in_pieces<T: serde::de::DeserializeOwned + Message>(
    bytes: &[u8],
    sizes: &[usize],
) -> Vec<Result<T, FrameError>> {
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at(rest.len().min(*size));
        found.extend(decoder.feed(now));
        rest = later;
    }
    found
}

proptest! {
    #[test]
    fn orders_round_trip_in_any_pieces(orders in vec(order(), 0..6), sizes in vec(1..3000_usize, 1..8)) {
        let bytes: Vec<u8> = orders.iter().flat_map(|order| encode(order).unwrap()).collect();
        let found: Result<Vec<Order>, _> = feed_in_pieces(&bytes, &sizes).into_iter().collect();
        prop_assert_eq!(found, Ok(orders));
    }

    #[test]
    fn reports_round_trip_in_any_pieces(reports in vec(report(), 0..6), sizes in vec(1..3000_usize, 1..8)) {
        let bytes: Vec<u8> = reports.iter().flat_map(|report| encode(report).unwrap()).collect();
        let found: Result<Vec<Report>, _> = feed_in_pieces(&bytes, &sizes).into_iter().collect();
        prop_assert_eq!(found, Ok(reports));
    }

    #[test]
    fn pieces_do_not_matter_for_garbage(bytes in vec(any::<u8>(), 0..2000), sizes in vec(1..300_usize, 1..8)) {
        prop_assert_eq!(feed_in_pieces::<Order>(&bytes, &sizes), decode_all(&bytes));
    }

    #[test]
    fn after_any_garbage_the_next_frame_is_found(mut bytes in vec(any::<u8>(), 0..2000), order in order()) {
        bytes.extend(SYNC);
        bytes.extend(encode(&order).unwrap());
        prop_assert_eq!(decode_all(&bytes).pop(), Some(Ok(order)));
    }

    #[test]
    fn a_frame_cut_off_is_lost_alone(cut in any::<prop::sample::Index>(), lost in order(), order in order()) {
        let frame = encode(&lost).unwrap();
        let mut bytes = frame[..cut.index(frame.len() - 1)].to_vec();
        bytes.extend(SYNC);
        bytes.extend(encode(&order).unwrap());
        let mut found = decode_all(&bytes);
        prop_assert_eq!(found.pop(), Some(Ok(order)));
        prop_assert!(found.iter().all(Result::is_err));
    }

    #[test]
    fn a_changed_byte_never_makes_another_message(at in any::<prop::sample::Index>(), flip in 1..=255_u8, order in order()) {
        let mut frame = encode(&order).unwrap();
        let at = at.index(frame.len());
        frame[at] ^= flip;
        frame.push(0);
        prop_assert!(decode_all::<Order>(&frame).iter().all(Result::is_err));
    }
}

#[test]
fn a_message_that_is_too_large_is_not_sent() {
    let named = |bytes| Order::File { path: "a".repeat(bytes), size: 0 };
    assert_eq!(encode(&named(MAX_FRAME)), Err(FrameError::TooLarge));
    let largest = named(MAX_FRAME - 9);
    assert_eq!(decode_all(&encode(&largest).unwrap()), [Ok(largest)]);
}

#[test]
fn a_file_that_has_what_begins_a_session_arrives_whole() {
    let file = [&[7; 300_000][..], SYNC, SYNC, &[0; 300_000], SYNC].concat();
    let orders: Vec<_> = pieces(&file).map(|piece| Order::Data(Content::of(piece.to_vec()))).collect();
    let bytes: Vec<u8> = orders.iter().flat_map(|order| encode(order).unwrap()).collect();
    assert_eq!(feed_in_pieces(&bytes, &[1000, 7]), orders.into_iter().map(Ok).collect::<Vec<_>>());
    assert_eq!(pieces(&file).collect::<Vec<_>>().concat(), file);
}

#[test]
fn changed_content_is_found_out() {
    let mut bytes = encode(&Order::Data(Content::of(b"abc".to_vec()))).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    bytes.extend(SYNC);
    bytes.extend(encode(&Order::Run).unwrap());
    assert_eq!(decode_all(&bytes), [Err(FrameError::Damaged), Ok(Order::Run)]);
}

#[test]
fn a_file_is_cut_off_at_any_byte_and_none_of_it_is_taken_for_messages() {
    let forged = [&[0][..], &encode(&Order::Terminate).unwrap(), &[7]].concat().repeat(9);
    let frame = encode(&Order::Data(Content::of(forged))).unwrap();
    for cut in 0..frame.len() {
        let bytes = [&frame[..cut], SYNC, &encode(&Order::Run).unwrap()].concat();
        let messages: Vec<_> = decode_all::<Order>(&bytes).into_iter().flatten().collect();
        assert_eq!(messages, [Order::Run], "after {cut} bytes");
    }
    let behind = [&[7, 0][..], &frame, SYNC, &encode(&Order::Run).unwrap()].concat();
    assert_eq!(decode_all(&behind), [Err(FrameError::Damaged), Ok(Order::Run)]);
}

#[test]
fn an_overlong_frame_is_refused_once_and_the_next_is_found() {
    let mut bytes = vec![1; 10 * MAX_FRAME];
    bytes.extend(SYNC);
    bytes.extend(encode(&Order::Run).unwrap());
    let expected = vec![Err(FrameError::TooLarge), Ok(Order::Run)];
    assert_eq!(decode_all(&bytes), expected);
    assert_eq!(feed_in_pieces(&bytes, &[1000]), expected);
}

#[test]
fn lone_zeros_are_silence() {
    assert_eq!(decode_all::<Order>(&[0; 100]), []);
}
