//! Files on their way out.

use simulay_init::frames::{JobSpec, Rejection};

use crate::harness::{Init, script_with_outputs};

fn names(script: &str, patterns: &[&str]) -> Vec<String> {
    let told = Init::complete(script_with_outputs(script, patterns));
    assert_eq!(told.rejection, None);
    told.outputs.into_iter().map(|(path, _)| path).collect()
}

/// The kept files, and those that were left out.
fn kept(script: &str, patterns: &[&str]) -> (Vec<String>, Vec<(String, String)>) {
    let told = Init::complete(script_with_outputs(script, patterns));
    assert_eq!((told.rejection, told.left_out_more), (None, 0));
    (told.outputs.into_iter().map(|(path, _)| path).collect(), told.left_out)
}

fn left_out(script: &str, patterns: &[&str]) -> (String, String) {
    let (_, left_out) = kept(script, patterns);
    let [omission] = left_out.try_into().unwrap();
    omission
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
fn links_are_followed_within_the_working_directory_only() {
    let make = "mkdir d; echo 3 > d/run-3.csv; ln -s d/run-3.csv latest.csv; ln -s $PWD/d/run-3.csv whole.csv; \
        ln -s latest.csv again.csv";
    let told = Init::complete(script_with_outputs(make, &["*.csv"]));
    let three = |name: &str| (name.to_owned(), b"3\n".to_vec());
    assert_eq!(told.outputs, [three("again.csv"), three("latest.csv"), three("whole.csv")]);
    for (make, why) in [
        ("ln -s /etc/passwd out", "leads out"),
        ("ln -s ../../etc/passwd out", "leads out"),
        ("ln -s / up; ln -s up/etc/passwd out", "leads out"),
        ("ln -s /no/where out", "nothing"),
        ("ln -s out out", "nothing"),
        ("mkdir d; ln -s d out", "folder"),
        ("mkfifo f; ln -s f out", "no file"),
        ("mkfifo out", "a named pipe"),
    ] {
        let (path, reason) = left_out(make, &["out"]);
        assert!(path == "out" && reason.contains(why), "{make}: {reason}");
    }
}

#[test]
fn what_cannot_be_kept_costs_only_itself() {
    let make = "echo a > a.csv; ln -s /etc/passwd b.csv; mkfifo c.csv; echo d > d.csv; touch \"$(printf 'e\\377.csv')\"";
    let (names, left_out) = kept(make, &["*.csv"]);
    assert_eq!(names, ["a.csv", "d.csv"]);
    let paths: Vec<&str> = left_out.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["b.csv", "c.csv", "e\u{fffd}.csv"]);
}

#[test]
fn no_link_to_a_directory_is_walked() {
    assert_eq!(names("mkdir real; touch real/a.csv; ln -s real link", &["*/*.csv"]), ["real/a.csv"]);
}

#[test]
fn names_are_data() {
    let make = "touch -- -10.csv 'a\\b' 'A\\b' \"$(printf 'a\\nb')\" ' ' 'größe Δ' '*'";
    assert_eq!(names(make, &["*"]), [" ", "*", "-10.csv", "A\\b", "a\nb", "a\\b", "größe Δ"]);
}

#[test]
fn bounds_leave_out_what_is_over_them() {
    let told = Init::complete(JobSpec { max_outputs: 2, ..script_with_outputs("touch a b c d", &["*"]) });
    assert_eq!((told.outputs.len(), told.left_out.len()), (2, 2));
    assert!(told.left_out[0].0 == "c" && told.left_out[0].1.contains("max_outputs"));
    let make = "head -c 60 /dev/zero > a; head -c 41 /dev/zero > b; echo > c";
    let told = Init::complete(JobSpec { max_output_bytes: 100, ..script_with_outputs(make, &["*"]) });
    assert_eq!(told.outputs.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert!(told.left_out[0].0 == "b" && told.left_out[0].1.contains("max_output_bytes"));
}

#[test]
fn of_very_many_the_rest_is_counted() {
    let job = JobSpec { max_outputs: 1, ..script_with_outputs("seq 1 1500 | xargs touch", &["*"]) };
    let told = Init::complete(job);
    assert_eq!((told.outputs.len(), told.left_out.len(), told.left_out_more), (1, 1000, 499));
}

#[test]
fn a_huge_sparse_file_is_over_the_bound() {
    let (path, reason) = left_out("truncate -s 1T a", &["*"]);
    assert!(path == "a" && reason.contains("max_output_bytes"), "{reason}");
}

#[test]
fn inputs_that_match_are_outputs_too_unless_they_are_as_they_were() {
    let job = script_with_outputs("echo x > made; echo y > changed; touch -c same", &["*"]);
    let files: [(&str, &[u8]); 2] = [("same", b"x"), ("changed", b"x")];
    let all = |told: crate::harness::Told| told.outputs.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let init = Init::with_job(job.clone(), &files);
    assert_eq!(all(init.told()), ["changed", "made", "same"]);
    let quiet =
        JobSpec { keep_unchanged: false, ..script_with_outputs("echo x > made; echo y > changed", &["*"]) };
    let init = Init::with_job(quiet, &files);
    assert_eq!(all(init.told()), ["changed", "made"]);
}

#[test]
fn excludes_win() {
    let job = script_with_outputs("mkdir -p .cache/f; touch .cache/f/x a.csv", &["**"]);
    let told = Init::complete(JobSpec { excludes: vec![".cache/**".to_owned()], ..job });
    assert_eq!((told.outputs.len(), told.left_out.len()), (1, 0));
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
