//! Files on their way out.

use simulay_init::frames::{JobSpec, Rejection};

use crate::harness::{Init, script_with_outputs};

fn names(script: &str, patterns: &[&str]) -> Vec<String> {
    let told = Init::complete(script_with_outputs(script, patterns));
    assert_eq!(told.rejection, None);
    told.outputs.into_iter().map(|(path, _)| path).collect()
}

fn refused(script: &str, patterns: &[&str]) -> (String, String) {
    let told = Init::complete(script_with_outputs(script, patterns));
    assert!(told.outputs.is_empty() && told.exit.is_some());
    match told.rejection {
        Some(Rejection::Output(path, reason)) => (path, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn content_comes_whole() {
    let job = JobSpec {
        max_output_bytes: 5_000_000,
        ..script_with_outputs("yes 123456789 | head -c 5000000 > big; : > none", &["*"])
    };
    let told = Init::complete(job);
    let [(big, content), (none, nothing)] = &told.outputs[..] else { panic!("{:?}", told.rejection) };
    assert_eq!((big.as_str(), none.as_str()), ("big", "none"));
    assert!(content.len() == 5_000_000 && content.chunks(10).all(|line| line == b"123456789\n"));
    assert!(nothing.is_empty());
}

#[test]
fn patterns_choose_and_paths_are_sorted() {
    let make = "mkdir -p out/deep; touch b.csv a.csv a.txt out/c.csv out/deep/d.csv .hidden.csv";
    assert_eq!(names(make, &["*.csv"]), [".hidden.csv", "a.csv", "b.csv"]);
    assert_eq!(names(make, &["out/*.csv", "a.txt"]), ["a.txt", "out/c.csv"]);
    assert_eq!(names(make, &["**/*.csv"]), [".hidden.csv", "a.csv", "b.csv", "out/c.csv", "out/deep/d.csv"]);
    assert_eq!(names(make, &["nothing"]), [""; 0]);
    assert_eq!(names(make, &[]), [""; 0]);
}

#[test]
fn what_is_not_wanted_is_not_looked_at() {
    assert_eq!(names("ln -s /etc/passwd link; mkfifo fifo; touch -- -x a.csv", &["*.csv"]), ["a.csv"]);
}

#[test]
fn links_and_fifos_are_refused() {
    for make in ["ln -s /etc/passwd out", "ln -s /no/where out", "ln -s . out", "mkfifo out"] {
        assert_eq!(
            refused(make, &["out"]),
            ("out".to_owned(), "it is not a regular file".to_owned()),
            "{make}"
        );
    }
}

#[test]
fn no_link_to_a_directory_is_walked() {
    assert_eq!(names("mkdir real; touch real/a.csv; ln -s real link", &["*/*.csv"]), ["real/a.csv"]);
}

#[test]
fn bad_names_are_refused() {
    for make in ["touch -- -rf", "touch 'a\\b'", "touch \"$(printf 'a\\nb')\"", "touch \"$(printf '\\377')\""]
    {
        refused(make, &["*"]);
    }
}

#[test]
fn bounds_are_kept() {
    let told = Init::complete(JobSpec { max_outputs: 2, ..script_with_outputs("touch a b c", &["*"]) });
    assert!(matches!(told.rejection, Some(Rejection::OutputLimit(_))));
    let make = "head -c 60 /dev/zero > a; head -c 41 /dev/zero > b";
    let told = Init::complete(JobSpec { max_output_bytes: 100, ..script_with_outputs(make, &["*"]) });
    assert!(matches!(told.rejection, Some(Rejection::OutputLimit(_))) && told.outputs.is_empty());
    let told = Init::complete(JobSpec { max_output_bytes: 101, ..script_with_outputs(make, &["*"]) });
    assert_eq!((told.rejection, told.outputs.len()), (None, 2));
}

#[test]
fn a_huge_sparse_file_is_over_the_bound() {
    let told = Init::complete(script_with_outputs("truncate -s 1T a", &["*"]));
    assert!(matches!(told.rejection, Some(Rejection::OutputLimit(_))));
}

#[test]
fn inputs_that_match_are_outputs_too() {
    let init = Init::with_job(script_with_outputs("true", &["*"]), &[("in.csv", b"x")]);
    assert_eq!(init.told().outputs, [("in.csv".to_owned(), b"x".to_vec())]);
}

#[test]
fn a_pattern_that_is_none_is_refused() {
    let told = Init::complete(script_with_outputs("true", &["a", "[b"]));
    assert!(matches!(told.rejection, Some(Rejection::Order(reason)) if reason.contains("outputs[1]")));
}

#[test]
fn outputs_of_a_failed_command_come_too() {
    let told = Init::complete(script_with_outputs("echo x > a; exit 1", &["*"]));
    assert_eq!((told.exit().code, told.outputs.len()), (Some(1), 1));
}
