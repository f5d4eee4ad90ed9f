//! Puts into the command what it carries: `simulay-init`, when it was built before, and the templates of
//! `simulay new`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use tar::{Builder, HeaderMode};
use walkdir::{DirEntry, WalkDir};

const BUILT: &str = "x86_64-unknown-linux-musl/release/simulay-init";
/// Folders that are made, by builds and by tests.
const MADE: [&str; 4] = ["dist", "target", "node_modules", "__pycache__"];

/// What a project of a language is made of: folders or files of the checkout, and their places in it.
const PARTS: [(&str, &str); 9] = [
    ("sdk/templates/rust", "rust"),
    ("sdk/rust/Cargo.toml", "rust/simulay-sdk/Cargo.toml"),
    ("sdk/rust/src", "rust/simulay-sdk/src"),
    ("sdk/templates/python", "python"),
    ("sdk/python/simulay", "python/simulay"),
    ("sdk/templates/js", "js"),
    ("sdk/js/simulay", "js/simulay"),
    ("sdk/templates/c", "c"),
    ("sdk/c", "c"),
];
const LANGUAGES: [&str; 4] = ["rust", "python", "js", "c"];
const CONTRACT: &str = "wit/simulay.wit";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    carry_init(Path::new(&out))?;
    carry_templates(Path::new(&out))
}

fn carry_init(out: &Path) -> io::Result<()> {
    println!("cargo:rerun-if-env-changed=SIMULAY_INIT_BIN");
    let source = source();
    println!("cargo:rerun-if-changed={}", source.display());
    let bytes = if source.exists() { fs::read(&source)? } else { Vec::new() };
    // No bytes stand for "not built": the command then asks for `--init`.
    fs::write(out.join("simulay-init"), bytes)
}

fn source() -> PathBuf {
    if let Some(named) = env::var_os("SIMULAY_INIT_BIN") {
        return PathBuf::from(named);
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from);
    target.join(BUILT)
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn carry_templates(out: &Path) -> io::Result<()> {
    let mut archive = Builder::new(File::create(out.join("templates.tar"))?);
    // Rights to execute stay; times and owners do not, so that equal sources give equal bytes.
    archive.mode(HeaderMode::Deterministic);
    println!("cargo:rerun-if-changed={}", checkout().join("sdk").display());
    for (part, place) in PARTS {
        let part = checkout().join(part);
        if part.exists() {
            append(&mut archive, &part, Path::new(place))?;
        }
    }
    let contract = checkout().join(CONTRACT);
    println!("cargo:rerun-if-changed={}", contract.display());
    for language in LANGUAGES {
        if checkout().join("sdk/templates").join(language).exists() {
            archive.append_path_with_name(&contract, Path::new(language).join(CONTRACT))?;
        }
    }
    archive.into_inner()?.sync_all()
}

fn append(archive: &mut Builder<File>, part: &Path, place: &Path) -> io::Result<()> {
    let entries = WalkDir::new(part).sort_by_file_name().into_iter().filter_entry(is_source);
    for entry in entries {
        let entry = entry?;
        if entry.file_type().is_file() {
            let inside = entry.path().strip_prefix(part).map_err(io::Error::other)?;
            let name = if inside == Path::new("") { place.to_owned() } else { place.join(inside) };
            archive.append_path_with_name(entry.path(), name)?;
        }
    }
    Ok(())
}

/// False for what is made by building, and for hidden files.
fn is_source(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() == 0
        || !(name.starts_with('.') || entry.file_type().is_dir() && MADE.contains(&name.as_ref()))
}
