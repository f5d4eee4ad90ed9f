use proptest::prelude::*;
use simulay_containers::scripted::Ledger;
use simulay_init::frames::Content;
use simulay_model::ContainerCall;

use super::*;
use crate::docker::ending::tests::FINE as EXIT;
use crate::fixtures::{self, call, policy};

fn admitted() -> Admitted {
    let mut policy = policy();
    policy.limits.max_stream_bytes = 10;
    policy.limits.max_output_bytes = 100;
    policy.limits.max_outputs = 3;
    let outputs = vec!["out/**".to_owned(), "*.csv".to_owned()];
    fixtures::admitted(&ContainerCall { outputs, ..call() }, &policy)
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// What the last of `reports` came to; those before it are taken.
fn last(reports: Vec<Report>) -> Result<Progress, ReceiveError> {
    let (call, ledger) = (admitted(), Ledger::default());
    let mut receipt = Receipt::new(&call, &ledger);
    let count = reports.len();
    let mut progress = Ok(Progress::Running);
    for (index, report) in reports.into_iter().enumerate() {
        progress = block_on(receipt.take(report));
        assert!(index + 1 == count || progress.is_ok(), "report {index}: {progress:?}");
    }
    progress
}

fn stdout(offset: u64, bytes: &[u8]) -> Report {
    Report::Stdout { offset, bytes: bytes.to_vec() }
}

fn output(path: &str, size: u64) -> Report {
    Report::Output { path: path.to_owned(), size }
}

fn data(length: usize) -> Report {
    Report::Data(Content::of(vec![0; length]))
}

#[test]
fn a_plain_job_is_taken_whole() {
    let (call, ledger) = (admitted(), Ledger::default());
    let mut receipt = Receipt::new(&call, &ledger);
    let reports = [
        Report::Started,
        stdout(0, b"ab"),
        Report::Stderr { offset: 0, bytes: vec![1] },
        stdout(2, b"c"),
        Report::Exited(EXIT),
        output("out/a", 3),
        data(1),
        data(2),
        output("b.csv", 0),
    ];
    for report in reports {
        assert!(block_on(receipt.take(report)).is_ok());
    }
    assert!(matches!(block_on(receipt.take(Report::Done)), Ok(Progress::Done(EXIT))));
    assert_eq!(ledger.stream_bytes(), 4);
    assert_eq!(ledger.files(), [("out/a".to_owned(), 3), ("b.csv".to_owned(), 0)]);
}

#[test]
fn what_makes_no_sense_cuts_the_attachment() {
    let exited = || Report::Exited(EXIT);
    for reports in [
        vec![stdout(0, &[0; 11])],
        vec![stdout(5, b"x"), stdout(9, b"y")],
        vec![output("a.csv", 1)],
        vec![Report::LeftOut { path: "a".to_owned(), reason: "why".to_owned() }],
        vec![stdout(0, b"x"), stdout(0, b"x")],
        vec![stdout(0, &[0; MAX_DATA + 1])],
        vec![exited(), stdout(0, b"x")],
        vec![exited(), exited()],
        vec![output("a.csv", 1)],
        vec![exited(), output("a.csv", 1), output("b.csv", 1)],
        vec![exited(), data(1)],
        vec![exited(), output("a.csv", 1), data(2)],
        vec![exited(), output("a.csv", 1), Report::Done],
        vec![Report::Started, Report::Done],
        vec![Report::Welcome { session: 1, phase: simulay_init::frames::Phase::Ended, protocol: 2 }],
    ] {
        let told = format!("{reports:?}");
        assert!(matches!(last(reports), Err(ReceiveError::Cut(_))), "{told}");
    }
}

/// What is kept and what is left out of what `reports` hand back.
fn kept(reports: Vec<Report>) -> (Vec<(String, u64)>, Omitted) {
    let (call, ledger) = (admitted(), Ledger::default());
    let mut receipt = Receipt::new(&call, &ledger);
    for report in std::iter::once(Report::Exited(EXIT)).chain(reports) {
        block_on(receipt.take(report)).unwrap();
    }
    block_on(receipt.take(Report::Done)).unwrap();
    (ledger.files(), receipt.omitted())
}

fn paths_left_out(omitted: &Omitted) -> Vec<&str> {
    omitted.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn names_are_checked_again_and_cost_only_themselves() {
    for path in ["/a.csv", "../a.csv", "out/../../a", "out//a", "a\0.csv", ""] {
        let (files, omitted) = kept(vec![output(path, 2), data(2), output("a.csv", 1), data(1)]);
        assert_eq!(files, [("a.csv".to_owned(), 1)], "{path:?}");
        assert_eq!(paths_left_out(&omitted), [path]);
    }
    let (files, omitted) = kept(vec![output("a.csv", 0), output("a.csv", 0), output("A.csv", 0)]);
    assert_eq!((files.len(), paths_left_out(&omitted)), (2, vec!["a.csv"]));
}

#[test]
fn names_are_data() {
    for path in ["-10.csv", "a\\b.csv", "a\n.csv", "out/-x", " .csv", "\u{202e}.csv"] {
        let (files, omitted) = kept(vec![output(path, 0)]);
        assert_eq!((files, omitted.files.len()), (vec![(path.to_owned(), 0)], 0));
    }
}

#[test]
fn bounds_are_checked_again_and_leave_out_what_is_over_them() {
    let (files, omitted) = kept(vec![output("a.csv", 60), data(60), output("b.csv", 41), data(41)]);
    assert_eq!((files.len(), paths_left_out(&omitted)), (1, vec!["b.csv"]));
    assert!(omitted.files[0].reason.contains("max_output_bytes"));
    let many = ["a.csv", "b.csv", "c.csv", "d.csv", "e.csv"].map(|path| output(path, 0));
    let (files, omitted) = kept(many.into());
    assert_eq!((files.len(), paths_left_out(&omitted)), (3, vec!["d.csv", "e.csv"]));
    let more = (0..MAX_LEFT_OUT + 5).map(|n| Report::LeftOut { path: n.to_string(), reason: "why".into() });
    let (_, omitted) = kept(more.chain([Report::LeftOutMore(7)]).collect());
    assert_eq!((omitted.files.len(), omitted.more_files), (MAX_LEFT_OUT, 12));
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_leaves_nothing() {
    let abandoned = Report::Abandoned { reason: "it cannot be read".to_owned() };
    let (files, omitted) = kept(vec![output("a.csv", 9), data(3), abandoned, output("b.csv", 0)]);
    assert_eq!((files, paths_left_out(&omitted)), (vec![("b.csv".to_owned(), 0)], vec!["a.csv"]));
}

#[test]
fn a_gap_in_a_stream_is_marked_and_counted() {
    let (call, ledger) = (admitted(), Ledger::default());
    let mut receipt = Receipt::new(&call, &ledger);
    for report in [stdout(0, b"abc"), stdout(103, b"xy"), stdout(105, b"z"), Report::Exited(EXIT)] {
        block_on(receipt.take(report)).unwrap();
    }
    assert_eq!(receipt.omitted().stdout, 100);
    assert_eq!(ledger.stream_bytes(), 6 + mark(100).len() as u64);
}

#[test]
fn each_rejection_is_an_error_of_its_own_without_control_characters() {
    let hostile = || "x\u{1b}[2J\u{202e}".to_owned();
    for rejection in [
        Rejection::Order(hostile()),
        Rejection::Input(hostile(), hostile()),
        Rejection::InputsTooLarge,
        Rejection::Command(hostile()),
    ] {
        let Err(ReceiveError::Final(error)) = last(vec![Report::Rejected(rejection)]) else { panic!() };
        assert!(!error.to_string().contains(['\u{1b}', '\u{202e}']), "{error}");
    }
}

fn any_report() -> impl Strategy<Value = Report> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..8);
    let path = prop_oneof!["[a-c]\\.csv", "out/[aA]", ".{0,8}"];
    prop_oneof![
        Just(Report::Started),
        (0_u64..6, bytes()).prop_map(|(offset, bytes)| Report::Stdout { offset, bytes }),
        (0_u64..6, bytes()).prop_map(|(offset, bytes)| Report::Stderr { offset, bytes }),
        Just(Report::Exited(EXIT)),
        (path, 0_u64..40).prop_map(|(path, size)| Report::Output { path, size }),
        bytes().prop_map(|bytes| Report::Data(Content::of(bytes))),
        Just(Report::Abandoned { reason: "why".to_owned() }),
        Just(Report::Done),
    ]
}

proptest! {
    /// Whatever init says, no more than the bounds is kept, and no file twice or in part.
    #[test]
    fn no_order_of_reports_breaks_a_bound(reports in proptest::collection::vec(any_report(), 0..40)) {
        let (call, ledger) = (admitted(), Ledger::default());
        let mut receipt = Receipt::new(&call, &ledger);
        for report in reports {
            if block_on(receipt.take(report)).is_err() {
                break;
            }
        }
        prop_assert!(ledger.stream_bytes() <= 20 + 2 * mark(u64::MAX).len() as u64);
        let finished = ledger.files();
        prop_assert!(finished.len() <= 3);
        prop_assert!(finished.iter().map(|(_, size)| size).sum::<u64>() <= 100);
        let names: HashSet<_> = finished.iter().map(|(path, _)| path.as_str()).collect();
        prop_assert_eq!(names.len(), finished.len());
    }
}
