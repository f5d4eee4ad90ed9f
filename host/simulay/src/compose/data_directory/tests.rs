//! Data directories: held by one, looked at by others, copied and put back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use simulay_blobs::conformance::{content, put};
use simulay_blobs::{BlobInventory as _, Blobs as _};
use simulay_blobs_object_store::file_of;
use simulay_model::OwnerFilter::Any;
use simulay_model::{ArtifactKind, Change, Digest, RunEnd, RunId};
use simulay_store::conformance::apply;
use simulay_store::conformance::samples::{artifact, ended, now, planned, plugin, run, started};
use simulay_store::{ClaimableRun, Journal as _, Plugins, Retention as _, Runs as _};
use tempfile::TempDir;

use super::{Copied, DataDirectory, Identity, back_up, restore};

/// An open data directory.
struct House {
    directory: TempDir,
    data: DataDirectory,
}

impl House {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(directory.path()).unwrap();
        Self { directory, data }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// A run with an output whose bytes are stored.
async fn worked(data: &DataDirectory) -> RunId {
    let run = run("heat");
    for bytes in [&b"1,2"[..], b"3,4", b"hello", b"oh"] {
        put(&*data.blobs, bytes).await;
    }
    data.records.create(run.clone(), None).await.unwrap();
    for change in [Change::Started, planned(0, 1), started(0, 0, 0), ended(0, 0, 0, 1)] {
        apply(&*data.records, run.id, None, now(), change).await.unwrap();
    }
    run.id
}

/// A house with a plugin, a run and a file that nothing names.
async fn full() -> (House, RunId) {
    let house = House::new();
    put(&*house.data.blobs, b"a component").await;
    house.data.records.add(plugin("heat", "1.0.0", b"a component"), None).await.unwrap();
    put(&*house.data.blobs, b"an input nobody used yet").await;
    let run = worked(&house.data).await;
    std::fs::write(house.path().join("instance"), "01890000-0000-7000-8000-000000000000\n").unwrap();
    (house, run)
}

async fn has_all(data: &Path, run: RunId) {
    let DataDirectory { records, blobs } = DataDirectory::open(data).unwrap();
    assert_eq!(records.get(&Any, run).await.unwrap().unwrap().id, run);
    assert_eq!(records.events(&Any, run, 0, 10).await.unwrap().len(), 5);
    for artifact in records.artifacts(&Any, run).await.unwrap() {
        content(blobs.read(artifact.artifact.sha256, None).await.unwrap()).await.unwrap();
    }
    for plugin in Plugins::list(&*records, &Any).await.unwrap() {
        content(blobs.read(plugin.sha256, None).await.unwrap()).await.unwrap();
    }
}

fn blob_file(data: &Path, blob: Digest) -> PathBuf {
    file_of(&data.join("blobs"), blob)
}

#[tokio::test]
async fn two_hosts_never_share_a_directory() {
    let House { directory, data: DataDirectory { records, blobs } } = House::new();
    let refused = DataDirectory::open(directory.path()).err().unwrap().to_string();
    assert!(refused.contains("another Simulay works in"), "{refused}");
    // Either part alone holds it.
    drop(records);
    assert!(DataDirectory::open(directory.path()).is_err());
    drop(blobs);
    assert!(DataDirectory::open(directory.path()).is_ok());
}

#[tokio::test]
async fn a_snapshot_may_be_looked_at_while_a_host_is_at_work() {
    let (house, run) = full().await;
    let looked = DataDirectory::snapshot(house.path()).unwrap();
    let end = Change::ended(RunEnd::Cancelled);
    apply(&*looked.records, run, None, now(), end).await.unwrap();
    looked.records.delete(run, now(), "only there").await.unwrap();
    assert_eq!(looked.blobs.list().await.unwrap().len(), 6);
    assert!(house.data.records.get(&Any, run).await.unwrap().is_some());
}

#[tokio::test]
async fn blobs_and_records_age_alike() {
    let (house, hour) = (House::new(), std::time::Duration::from_secs(3600));
    let blob = put(&*house.data.blobs, b"old").await;
    house.data.records.observe(hour).await.unwrap();
    assert_eq!(house.data.blobs.list().await.unwrap()[0].age, hour);
    let House { directory, data } = house;
    drop(data);
    let data = DataDirectory::open(directory.path()).unwrap();
    assert_eq!(data.blobs.list().await.unwrap()[0].age, hour, "after a restart too");
    assert!(data.blobs.remove(blob, hour).await.unwrap());
}

#[tokio::test]
async fn a_backup_of_a_host_at_work_is_whole_and_goes_back() {
    let (house, run) = full().await;
    let place = tempfile::tempdir().unwrap();
    let (copy, data) = (place.path().join("copy"), place.path().join("new/data"));
    let copied = back_up(house.path(), &copy).unwrap();
    assert_eq!((copied.blobs, copied.damaged), (6, Vec::new()));
    // What happens later is not in it.
    let later = worked(&house.data).await;
    let restored = restore(&copy, &data, Identity::New).unwrap();
    assert_eq!((restored.blobs, restored.damaged), (6, Vec::new()));
    has_all(&data, run).await;
    has_all(&copy, run).await;
    assert!(!data.join("instance").exists(), "it is another installation");
    let instead = place.path().join("instead");
    restore(&copy, &instead, Identity::Kept).unwrap();
    let instance = |data: &Path| std::fs::read(data.join("instance")).unwrap();
    assert_eq!(instance(&instead), instance(house.path()));
    let restored = DataDirectory::open(&data).unwrap();
    assert!(restored.records.get(&Any, later).await.unwrap().is_none());
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "nothing half done is left: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_acknowledged_before_is_in_a_backup_under_load() {
    let house = House::new();
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::new(std::sync::Mutex::new(Vec::new()));
    let writers = (0..2).map(|_| {
        let (records, blobs) = (house.data.records.clone(), house.data.blobs.clone());
        let (stop, acknowledged) = (stop.clone(), acknowledged.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let mut run = run("heat");
                let bytes = run.id.to_string();
                run.request.inputs = vec![artifact("in", bytes.as_bytes())];
                put(&*blobs, bytes.as_bytes()).await;
                records.create(run.clone(), None).await.unwrap();
                acknowledged.lock().unwrap().push(run.id);
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let place = tempfile::tempdir().unwrap();
    for round in 0..10 {
        while acknowledged.lock().unwrap().len() <= 5 * round {
            tokio::task::yield_now().await;
        }
        let before = acknowledged.lock().unwrap().clone();
        let (data, copy) = (house.path().to_owned(), place.path().join(round.to_string()));
        let target = copy.clone();
        let copied = tokio::task::spawn_blocking(move || back_up(&data, &target)).await.unwrap().unwrap();
        assert_eq!(copied.damaged, []);
        has_inputs_of(&copy, before).await;
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
}

/// A copy has these runs, and the inputs of all there are in it.
async fn has_inputs_of(copy: &Path, before: Vec<RunId>) {
    let DataDirectory { records, blobs } = DataDirectory::open(copy).unwrap();
    for run in before {
        let found = records.get(&Any, run).await.unwrap();
        assert!(found.is_some(), "an acknowledged run is not in the backup");
    }
    for ClaimableRun { run, .. } in records.claimable(usize::MAX).await.unwrap() {
        for entry in records.artifacts(&Any, run.id).await.unwrap() {
            assert_eq!(entry.kind, ArtifactKind::Input);
            assert!(blobs.size(entry.artifact.sha256).await.unwrap().is_some(), "a blob is missing");
        }
    }
}

#[tokio::test]
async fn nothing_is_written_over() {
    let (house, _) = full().await;
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("precious"), "data").unwrap();
    for refused in [back_up(house.path(), place.path()), restore(house.path(), place.path(), Identity::New)] {
        assert!(refused.unwrap_err().to_string().contains("is not empty; name a directory"));
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    let nothing = place.path().join("nothing");
    let told = back_up(&nothing, &place.path().join("a")).unwrap_err().to_string();
    assert!(told.contains("no data directory"), "{told}");
    let told = restore(&nothing, &place.path().join("b"), Identity::New).unwrap_err().to_string();
    assert!(told.contains("no backup"), "{told}");
}

#[tokio::test]
async fn damage_is_found_on_the_way_back_and_told() {
    let (house, _) = full().await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    back_up(house.path(), &copy).unwrap();
    let [damaged, missing] = [&b"3,4"[..], b"hello"].map(Digest::of);
    std::fs::remove_file(blob_file(&copy, damaged)).unwrap();
    std::fs::write(blob_file(&copy, damaged), b"3;4").unwrap();
    std::fs::remove_file(blob_file(&copy, missing)).unwrap();
    let restored = restore(&copy, &place.path().join("data"), Identity::New).unwrap();
    assert_eq!(restored, Copied { damaged: vec![damaged, missing], blobs: 4, bytes: restored.bytes });
}
