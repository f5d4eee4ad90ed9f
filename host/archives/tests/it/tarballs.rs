//! `.tar` and `.tar.gz`.

use std::process::Command;

use tar::EntryType;

use crate::rig::{BOUNDS, Tar, gzip, of_gzip, of_tar, refused, taken};

fn size(name: &str, size: u64) -> (String, u64) {
    (name.to_owned(), size)
}

#[test]
fn what_tar_packs_comes_out_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let deep = "d".repeat(120);
    std::fs::create_dir_all(folder.path().join(&deep)).unwrap();
    for name in ["main.m", "-rest.m", "größe Δ.m", &format!("{deep}/x.m")] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    std::os::unix::fs::symlink("main.m", folder.path().join("latest.m")).unwrap();
    std::fs::hard_link(folder.path().join("main.m"), folder.path().join("same.m")).unwrap();
    for format in ["gnu", "pax", "v7", "ustar"] {
        let mut tar = Command::new("tar");
        tar.args(["-c", "-C"]).arg(folder.path()).arg(format!("--format={format}"));
        if matches!(format, "v7" | "ustar") {
            tar.arg(format!("--exclude=./{deep}"));
        }
        let packed = tar.arg(".").output().unwrap();
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
        let mut names: Vec<String> =
            taken(of_tar(&packed.stdout)).into_iter().map(|(name, _)| name).collect();
        names.sort();
        let mut expected = vec!["-rest.m", "größe Δ.m", "latest.m", "main.m", "same.m"];
        let long = format!("{deep}/x.m");
        if matches!(format, "gnu" | "pax") {
            expected.insert(1, &long);
        }
        assert_eq!(names, expected, "{format}");
    }
}

#[test]
fn gzip_is_read_through_all_its_members() {
    let archive = Tar::default().file("a", b"1").file("b", b"22").end();
    assert_eq!(taken(of_gzip(&gzip(&archive))), [size("a", 1), size("b", 2)]);
    let (first, second) = archive.split_at(700);
    let parts = [gzip(first), gzip(second)].concat();
    assert_eq!(taken(of_gzip(&parts)), [size("a", 1), size("b", 2)]);
}

#[test]
fn an_empty_archive_has_nothing() {
    assert_eq!(taken(of_tar(&Tar::default().end())), []);
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in ["/etc/passwd", "../x", "a/../../x", "a//b"] {
        let told = refused(of_tar(&Tar::default().file("fine", b"").file(name, b"x").end()));
        assert!(told.starts_with(&format!("`{name}`: ")), "{told}");
        let long = Tar::default().member(EntryType::GNULongName, b"l", b"", name.as_bytes());
        assert_eq!(refused(of_tar(&long.file("fine", b"").end())), told);
        let pax = Tar::default().pax(&[&format!("path={name}")]).file("fine", b"");
        assert_eq!(refused(of_tar(&pax.end())), told);
    }
}

#[test]
fn odd_names_cost_only_themselves() {
    let odd = Tar::default().member(EntryType::Regular, b"\xff.m", b"", b"x");
    let contents = of_tar(&odd.file("._main.m", b"x").file("main.m", b"x").end()).unwrap();
    assert_eq!(contents.files.len(), 1);
    let told: Vec<&str> = contents.left_out.iter().map(|left| left.path.as_str()).collect();
    assert_eq!(told, ["\u{fffd}.m", "._main.m"]);
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    for (kind, what) in [
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::GNUSparse, "sparse"),
        (EntryType::new(b'V'), "of an unknown kind"),
    ] {
        let told = refused(of_tar(&Tar::default().member(kind, b"odd", b"", b"").end()));
        assert!(told.contains(&format!("`odd` is {what}")), "{told}");
    }
    let sparse = Tar::default().pax(&["GNU.sparse.major=1", "GNU.sparse.minor=0"]).file("holes", b"x");
    assert!(refused(of_tar(&sparse.end())).contains("`holes` is sparse"));
}

#[test]
fn two_names_for_one_place_are_refused() {
    let twice = Tar::default().file("a", b"1").file("./a", b"2").end();
    assert!(refused(of_tar(&twice)).contains("`a` is in the archive twice"));
    let both = Tar::default().file("a/b", b"1").file("a", b"2").end();
    assert!(refused(of_tar(&both)).contains("`a` is a file, and a folder"));
}

#[test]
fn what_is_told_twice_is_told_the_same() {
    let size = Tar::default().pax(&["size=100"]).file("a", b"1");
    assert!(refused(of_tar(&size.end())).contains("size"));
    assert_eq!(taken(of_tar(&Tar::default().pax(&["size=1"]).file("a", b"1").end())).len(), 1);
    let names = Tar::default().member(EntryType::GNULongName, b"l", b"", b"one").pax(&["path=two"]);
    assert!(refused(of_tar(&names.file("a", b"").end())).contains("name"));
    let global = Tar::default().member(EntryType::XGlobalHeader, b"g", b"", b"9 path=a\n").file("b", b"");
    assert!(refused(of_tar(&global.end())).contains("all its files"));
}

#[test]
fn a_commit_written_by_git_is_no_fault() {
    let comment = Tar::default().member(EntryType::XGlobalHeader, b"g", b"", b"14 comment=ab\n");
    assert_eq!(taken(of_tar(&comment.file("a", b"1").end())).len(), 1);
}

#[test]
fn every_cut_is_found() {
    let archive = Tar::default().file("a", &[7; 700]).file("b", b"1").end();
    for length in 1..archive.len() - 512 {
        refused(of_tar(&archive[..length]));
    }
    assert_eq!(
        refused(of_tar(&Tar::default().file("a", b"1").open())),
        "the archive is damaged: it ends without the mark of its end"
    );
    let packed = gzip(&archive);
    for length in 0..packed.len() {
        refused(of_gzip(&packed[..length]));
    }
}

#[test]
fn damage_is_found_and_never_panics() {
    let packed = gzip(&Tar::default().file("a", &[7; 700]).file("b", b"1").end());
    let whole = of_gzip(&packed).unwrap();
    // The ten bytes of the header may say anything of time and system.
    for place in 10..packed.len() {
        let mut damaged = packed.clone();
        damaged[place] ^= 0x40;
        let read = of_gzip(&damaged);
        assert!(read.is_err() || read.is_ok_and(|contents| contents == whole), "byte {place}");
    }
}

#[test]
fn what_follows_the_end_is_not_lost_silently() {
    let archive = [Tar::default().file("a", b"1").end(), Tar::default().file("b", b"2").end()].concat();
    assert!(refused(of_tar(&archive)).contains("more after its end"));
    let padded = [Tar::default().file("a", b"1").end(), vec![0; 9000]].concat();
    assert_eq!(taken(of_tar(&padded)).len(), 1);
}

#[test]
fn other_bytes_are_no_archive() {
    for bytes in [&b"function f\n"[..], &[b'x'; 2000], &[0x7f; 512]] {
        let told = refused(of_tar(bytes));
        assert!(told.contains("neither a tar") || told.contains("damaged"), "{told}");
    }
    assert!(refused(of_gzip(&gzip(&[b'x'; 2000]))).contains("neither a tar"));
}

#[test]
fn bombs_go_off_no_further_than_the_bound() {
    let zeros = vec![0; 8 << 20];
    let bomb = gzip(&Tar::default().file("zeros", &zeros).end());
    assert!(bomb.len() < 100_000);
    assert!(refused(of_gzip(&bomb)).contains(&format!("more than {} bytes", BOUNDS.file_bytes)));
    let many = (0..4).fold(Tar::default(), |tar, n| tar.file(&n.to_string(), &zeros[..300_000]));
    assert!(refused(of_gzip(&gzip(&many.end()))).contains(&format!("more than {} bytes", BOUNDS.bytes)));
    let padding = [Tar::default().file("a", b"1").end(), zeros].concat();
    assert!(refused(of_gzip(&gzip(&padding))).contains(&format!("more than {} bytes", BOUNDS.bytes)));
    let name = vec![b'x'; 2 << 20];
    let long = Tar::default().member(EntryType::GNULongName, b"l", b"", &name);
    refused(of_gzip(&gzip(&long.file("a", b"").end())));
}

#[test]
fn files_and_folders_are_counted() {
    let many = (0..=BOUNDS.files).fold(Tar::default(), |tar, n| tar.file(&n.to_string(), b""));
    assert!(refused(of_tar(&many.end())).contains("more than 100 files"));
    let folders = (0..=BOUNDS.files)
        .fold(Tar::default(), |tar, n| tar.member(EntryType::Directory, n.to_string().as_bytes(), b"", b""));
    assert!(refused(of_tar(&folders.end())).contains("more than 100 files"));
}
