use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use super::*;

/// A folder with these files.
fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let file = folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "x").unwrap();
    }
    folder
}

fn names(gathered: &Gathered) -> Vec<&str> {
    gathered.files.iter().map(|input| input.name.as_str()).collect()
}

fn left_out(gathered: &Gathered) -> Vec<(&str, Why)> {
    gathered.left_out.iter().map(|left| (left.path.as_str(), left.why)).collect()
}

#[test]
fn files_are_named_from_the_folder() {
    let folder = folder(&["main.m", "lib/f.m", "lib/deep/größe Δ.m", "plate (1).m"]);
    let found = gather(folder.path(), None, false).unwrap();
    assert_eq!(names(&found), ["lib/deep/größe Δ.m", "lib/f.m", "main.m", "plate (1).m"]);
    let prefix = RelativePath::new("model").unwrap();
    let below = gather(folder.path(), Some(&prefix), false).unwrap();
    assert_eq!(names(&below).last(), Some(&"model/plate (1).m"));
}

#[test]
fn hidden_and_ignored_files_are_left_out_unless_asked_for() {
    let folder =
        folder(&["a.m", "b.log", ".git/config", "build/x", "lib/b.log", "lib/keep.log", "lib/tmp/x"]);
    fs::write(folder.path().join(".gitignore"), "*.log\n/build/\n# no rule\n").unwrap();
    fs::write(folder.path().join("lib/.gitignore"), "!keep.log\ntmp\n").unwrap();
    let found = gather(folder.path(), None, false).unwrap();
    assert_eq!(names(&found), ["a.m", "lib/keep.log"]);
    let told = left_out(&found);
    assert!(told.contains(&(".git/", Why::Hidden)) && told.contains(&("build/", Why::Ignored)), "{told:?}");
    assert!(
        told.contains(&("b.log", Why::Ignored)) && told.contains(&("lib/tmp/", Why::Ignored)),
        "{told:?}"
    );
    let all = gather(folder.path(), None, true).unwrap();
    assert_eq!((all.files.len(), all.left_out.len()), (9, 0));
}

#[test]
fn a_line_that_is_no_rule_costs_only_itself() {
    let folder = folder(&["a.m", "b.log", "lib/c.tmp", "lib/d.m"]);
    fs::write(folder.path().join(".gitignore"), "\u{feff}*.log\r\n{a\n# no rule\n[z-a]\n").unwrap();
    fs::write(folder.path().join("lib/.gitignore"), b"gr\xf6sse\n*.tmp\n").unwrap();
    let found = gather(folder.path(), None, false).unwrap();
    assert_eq!(names(&found), ["a.m", "lib/d.m"]);
    let lines: Vec<&str> =
        found.left_out.iter().filter(|left| left.why == Why::NoRule).map(|left| left.path.as_str()).collect();
    assert_eq!(lines, ["line 2 of .gitignore", "line 4 of .gitignore", "line 1 of lib/.gitignore"]);
    let all = gather(folder.path(), None, true).unwrap();
    assert_eq!((all.files.len(), all.left_out.len()), (6, 0));
}

#[test]
fn empty_folders_are_told_unless_a_file_keeps_them() {
    let folder = folder(&["main.m", "kept/.gitkeep", "old/.keep", "ignored/.keep", ".gitkeep/x"]);
    fs::write(folder.path().join(".gitignore"), "ignored\n").unwrap();
    fs::create_dir_all(folder.path().join("out/deep")).unwrap();
    let found = gather(folder.path(), None, false).unwrap();
    assert_eq!(names(&found), ["kept/.gitkeep", "main.m", "old/.keep"]);
    assert!(left_out(&found).contains(&("out/deep/", Why::Empty)), "{found:?}");
    assert!(left_out(&found).contains(&(".gitkeep/", Why::Hidden)), "{found:?}");
    let empty = tempfile::tempdir().unwrap();
    assert!(gather(empty.path(), None, false).unwrap().left_out.is_empty());
}

#[test]
fn rules_of_the_folders_around_say_nothing() {
    let folder = folder(&["model/main.m"]);
    fs::write(folder.path().join(".gitignore"), "*\n").unwrap();
    assert_eq!(names(&gather(&folder.path().join("model"), None, false).unwrap()), ["main.m"]);
}

#[test]
fn links_are_followed_within_the_folder_only() {
    let outside = folder(&["secret"]);
    let folder = folder(&["v1/main.m", "v1/lib/f.m"]);
    let at = |name: &str| folder.path().join(name);
    symlink("v1/main.m", at("latest.m")).unwrap();
    symlink("v1", at("current")).unwrap();
    symlink("..", at("v1/round")).unwrap();
    symlink(outside.path().join("secret"), at("out")).unwrap();
    symlink(outside.path(), at("away")).unwrap();
    symlink("gone", at("broken")).unwrap();
    let found = gather(folder.path(), None, false).unwrap();
    assert_eq!(names(&found), ["current/lib/f.m", "current/main.m", "latest.m", "v1/lib/f.m", "v1/main.m"]);
    let mut told = left_out(&found);
    told.sort_by_key(|(name, _)| *name);
    let expected = [
        ("away", Why::Outside),
        ("broken", Why::Nowhere),
        ("current/round", Why::Circle),
        ("out", Why::Outside),
        ("v1/round", Why::Circle),
    ];
    assert_eq!(told, expected);
}

#[test]
fn folders_that_link_to_each_other_end() {
    let folder = folder(&["a/f.m", "b/g.m"]);
    for (name, target) in [("a/to-b", "../b"), ("b/to-a", "../a"), ("a/again", "../b")] {
        symlink(target, folder.path().join(name)).unwrap();
    }
    let found = gather(folder.path(), None, false).unwrap();
    assert!(names(&found).contains(&"a/to-b/g.m"));
    assert!(left_out(&found).contains(&("a/to-b/to-a", Why::Circle)));
}

#[test]
fn odd_names_and_what_is_no_file_cost_only_themselves() {
    let folder = folder(&["-10.m", "a\\b", "a\nb", "main.m"]);
    fs::write(folder.path().join(OsStr::from_bytes(b"\xff.m")), "x").unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let found = gather(folder.path(), None, false).unwrap();
    assert_eq!(names(&found), ["-10.m", "a\nb", "a\\b", "main.m"]);
    let whys: Vec<Why> = left_out(&found).into_iter().map(|(_, why)| why).collect();
    assert_eq!(whys, [Why::Special, Why::NoUtf8]);
}

#[test]
fn what_cannot_be_read_is_told() {
    let refused = gather(Path::new("/nowhere"), None, false).unwrap_err();
    assert!(refused.to_string().contains("/nowhere cannot be read"));
}
