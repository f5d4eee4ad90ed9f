//! Bytes in and out, whole and in bounded memory.

use simulay_containers::Inventory as _;
use simulay_containers::scripted::Memory;
use simulay_model::{ContainerCall, Digest, Ending, File, Hasher, Resources, Source};

use crate::rig::{Rig, resources, shell};

#[tokio::test]
async fn files_of_every_kind_arrive_unchanged() {
    let rig = Rig::new();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 253) as u8).collect();
    let (memory, artifact) = Memory::with(bytes);
    let file = |path: &str, content| File { path: path.to_owned(), content };
    let files = vec![
        file("a/text.txt", Source::Text("größe\n".to_owned())),
        file("a/zeros.bin", Source::Bytes(vec![0, 0, 1, 0])),
        file("empty", Source::Bytes(Vec::new())),
        file("a/b/big.bin", Source::Artifact(artifact)),
    ];
    let outputs = vec!["copy/**".to_owned()];
    let script = "mkdir copy && cp -r a empty copy/";
    let completed = rig.run(&ContainerCall { files, outputs, ..shell(script) }, &memory).await;
    assert_eq!(completed.unwrap().ending, Ending::Exited(0), "{}", memory.stderr());
    let expected = [
        ("copy/a/b/big.bin", (3_000_000, artifact)),
        ("copy/a/text.txt", (8, Digest::of("größe\n".as_bytes()))),
        ("copy/a/zeros.bin", (4, Digest::of(&[0, 0, 1, 0]))),
        ("copy/empty", (0, Digest::of(b""))),
    ];
    let expected = expected.map(|(path, facts)| (path.to_owned(), facts)).into();
    assert_eq!(memory.outputs(), expected);
}

/// Most memory this process has held since [`forget_peak`], in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

fn forget_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    peak()
}

#[tokio::test]
async fn half_a_gigabyte_comes_out_in_bounded_memory() {
    const SIZE: u64 = 500 << 20;
    /// Room for the tests beside this one.
    const BOUND: u64 = 64 << 20;
    let rig = Rig::new();
    let resources = Resources { memory_mib: 768, scratch_mib: 520, ..resources() };
    let call = ContainerCall {
        outputs: vec!["big".to_owned()],
        resources,
        ..shell("yes 0123456789abcde | head -c 500M > big")
    };
    let before = forget_peak();
    let (completed, memory) = rig.complete(&call).await;
    let grown = peak() - before;
    assert_eq!(completed.ending, Ending::Exited(0), "{}", memory.stderr());
    assert!(grown < BOUND, "the memory grew by {grown} bytes");
    println!("500 MiB came through while the memory grew by {} KiB", grown >> 10);
    let mut hasher = Hasher::default();
    let block = b"0123456789abcde\n".repeat(1 << 16);
    (0..SIZE / block.len() as u64).for_each(|_| hasher.update(&block));
    assert_eq!(memory.outputs()["big"], (SIZE, hasher.finish()));
}

#[tokio::test]
async fn images_are_listed_with_their_size() {
    let images = Rig::new().containers.images().await.unwrap();
    assert_eq!(images.len(), 1);
    assert!(images[0].present && images[0].size > Some(1_000_000), "{images:?}");
    assert_eq!(images[0].id, crate::rig::image_id());
}
