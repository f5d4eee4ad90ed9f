//! `.zip`.

use std::process::Command;

use crate::rig::{BOUNDS, of_zip, refused, replaced, taken, zip};

/// What Python's `zipfile` makes of `program`, which writes into `z`.
fn python(program: &str) -> Vec<u8> {
    let begin = "import zipfile, stat, sys, io\nout = io.BytesIO()\nz = zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED)\n";
    let end = "\nz.close()\nsys.stdout.buffer.write(out.getvalue())\n";
    let made = Command::new("python3").arg("-c").arg(format!("{begin}{program}{end}")).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

#[test]
fn what_programs_pack_comes_out() {
    let files: [(&str, &[u8]); 3] = [("main.m", b"x = 1;"), ("a b/größe Δ.m", b""), (".hidden", b"y")];
    let expected: Vec<_> =
        files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.len() as u64)).collect();
    assert_eq!(taken(of_zip(&zip(&files))), expected);
    let made = python(
        "z.writestr('main.m', 'x = 1;')\nz.writestr('a b/größe Δ.m', '')\nz.mkdir('empty')\nz.writestr('.hidden', 'y')",
    );
    assert_eq!(taken(of_zip(&made)), expected);
    assert_eq!(taken(of_zip(&python(""))), []);
}

#[test]
fn large_records_are_read_as_well() {
    let made = python(
        "with z.open('a', 'w', force_zip64=True) as f: f.write(b'12')\nz.writestr('b', b'3', zipfile.ZIP_STORED)",
    );
    assert_eq!(taken(of_zip(&made)), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
}

#[test]
fn windows_separators_are_read_where_they_cannot_be_names() {
    let made = python(
        "i = zipfile.ZipInfo('x'); i.create_system = 0; i.filename = 'lib\\\\f.m'; z.writestr(i, '1')",
    );
    assert_eq!(taken(of_zip(&made)), [("lib/f.m".to_owned(), 1)]);
}

#[test]
fn links_lead_within_the_archive() {
    let link = |name: &str, target: &str| {
        format!(
            "i = zipfile.ZipInfo('{name}'); i.create_system = 3; i.external_attr = (stat.S_IFLNK | 0o777) << 16; z.writestr(i, '{target}')\n"
        )
    };
    let program = [
        "z.writestr('v1/main.m', '123')\n",
        &link("latest.m", "v1/main.m"),
        &link("out", "../../etc/passwd"),
    ];
    let contents = of_zip(&python(&program.concat())).unwrap();
    assert_eq!(contents.files.len(), 2);
    assert_eq!(contents.files[0].sha256, contents.files[1].sha256);
    assert_eq!(contents.left_out[0].path, "out");
}

#[test]
fn devices_are_refused() {
    let made = python(
        "i = zipfile.ZipInfo('dev'); i.create_system = 3; i.external_attr = stat.S_IFCHR << 16; z.writestr(i, '')",
    );
    assert!(refused(of_zip(&made)).contains("`dev` is a device"));
}

#[test]
fn names_that_lead_out_are_refused_before_anything_is_stored() {
    for name in ["/etc/passwd", "../x", "a/../../x", "a//b"] {
        let told = refused(of_zip(&zip(&[("fine", b"1"), (name, b"x")])));
        assert!(told.starts_with(&format!("`{name}`: ")), "{told}");
    }
    assert!(refused(of_zip(&zip(&[("a", b"1"), ("a", b"2")]))).contains("twice"));
    assert!(refused(of_zip(&zip(&[("a/b", b"1"), ("a", b"2")]))).contains("a folder"));
}

#[test]
fn names_of_other_alphabets_are_left_out_and_told() {
    let archive = replaced(&zip(&[("main.m", b"1"), ("gr__e.m", b"2")]), b"gr__e.m", b"gr\x94\xe1e.m");
    let contents = of_zip(&archive).unwrap();
    assert_eq!((contents.files.len(), contents.left_out.len()), (1, 1));
    assert!(contents.left_out[0].reason.contains("UTF-8"));
}

#[test]
fn what_nobody_here_can_read_is_told() {
    let archive = zip(&[("a", b"1")]);
    let place = archive.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let mut encrypted = archive.clone();
    encrypted[place + 8] |= 1;
    assert!(refused(of_zip(&encrypted)).contains("`a` is encrypted"));
    let mut other = archive.clone();
    other[place + 10] = 14;
    assert!(refused(of_zip(&other)).contains("`a` is compressed with"), "{}", refused(of_zip(&other)));
}

#[test]
fn lies_of_the_directory_are_found() {
    let archive = zip(&[("aa", b"1"), ("bb", b"2")]);
    let directory = archive.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let mut name = archive.clone();
    name[directory + 46] = b'x';
    assert!(refused(of_zip(&name)).contains("tells its name twice"));
    let mut sum = archive.clone();
    sum[directory + 16] ^= 1;
    refused(of_zip(&sum));
    let mut size = archive.clone();
    size[directory + 24] = 200;
    refused(of_zip(&size));
    let mut count = archive.clone();
    let end = archive.len() - 22;
    count[end + 10] = 1;
    refused(of_zip(&count));
    assert!(refused(of_zip(&[archive, b"more".to_vec()].concat())).contains("damaged"));
}

#[test]
fn files_that_share_bytes_are_refused() {
    let archive = zip(&[("aa", b"1"), ("aa", b"1")]);
    let first = archive.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let second = first + 46 + 2;
    assert_eq!(&archive[second..second + 4], b"PK\x01\x02");
    let mut shared = archive.clone();
    // The second record points to the first file.
    shared[second + 42..second + 46].copy_from_slice(&[0; 4]);
    let told = refused(of_zip(&shared));
    assert!(told.contains("twice") || told.contains("over another part"), "{told}");
    let apart = zip(&[("aa", b"1"), ("ab", b"1")]);
    let mut over = apart.clone();
    // The first file claims the bytes of the second as well.
    over[first + 20] = 90;
    assert!(refused(of_zip(&over)).contains("`aa` lies over another part"), "{}", refused(of_zip(&over)));
}

#[test]
fn every_cut_and_every_damage_is_found() {
    let archive = zip(&[("aa", b"111111111"), ("bb", b"2")]);
    let whole = of_zip(&archive).unwrap();
    for length in 0..archive.len() {
        refused(of_zip(&archive[..length]));
    }
    for place in 0..archive.len() {
        let mut damaged = archive.clone();
        damaged[place] ^= 0x10;
        if let Ok(contents) = of_zip(&damaged) {
            assert!(contents.files.len() <= whole.files.len(), "byte {place}");
            let known =
                |file: &simulay_archives::Packed| whole.files.iter().any(|it| it.sha256 == file.sha256);
            assert!(contents.files.iter().all(known), "byte {place}");
        }
    }
}

#[test]
fn bombs_go_off_no_further_than_the_bound() {
    let zeros = vec![0; 4 << 20];
    let told = refused(of_zip(&zip(&[("zeros", &zeros)])));
    assert!(told.contains(&format!("more than {} bytes", BOUNDS.file_bytes)), "{told}");
    let names: Vec<String> = (0..4).map(|n| n.to_string()).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &zeros[..300_000])).collect();
    let told = refused(of_zip(&zip(&many)));
    assert!(told.contains(&format!("more than {} bytes", BOUNDS.bytes)), "{told}");
}

#[test]
fn an_archive_within_an_archive_is_a_file() {
    let inner = zip(&[("../../x", b"1")]);
    assert_eq!(taken(of_zip(&zip(&[("inner.zip", &inner)]))), [("inner.zip".to_owned(), inner.len() as u64)]);
}

#[test]
fn files_are_counted() {
    let names: Vec<String> = (0..=BOUNDS.files).map(|n| n.to_string()).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(refused(of_zip(&zip(&many))).contains("more than 100 files"));
}
