//! `simulay plugin inspect` of files that are no plugins.

use crate::command::{complaint, run};

#[test]
fn what_is_no_component_is_refused_in_words() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("plugin.wasm");
    let core_module = b"\0asm\x01\0\0\0".as_slice();
    for bytes in
        [b"".as_slice(), b"\x7fELF", b"\x1f\x8b\x08", b"(component)", core_module, b"\0asm\x0d\0\x01"]
    {
        std::fs::write(&file, bytes).unwrap();
        let output = run(home.path(), ["plugin".as_ref(), "inspect".as_ref(), file.as_os_str()]);
        assert_eq!(output.status.code(), Some(1), "{bytes:?}");
        let complaint = complaint(&output);
        assert!(complaint.starts_with("simulay: ") && complaint.len() < 500, "{complaint}");
        assert!(!complaint.contains("InvalidComponent") && !complaint.contains("backtrace"), "{complaint}");
    }
}

#[test]
fn a_file_over_the_bound_is_not_read_whole() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("huge.wasm");
    std::fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
    let output = run(home.path(), ["plugin".as_ref(), "inspect".as_ref(), file.as_os_str()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("64 MiB"));
}
