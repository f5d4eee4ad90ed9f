//! Copies of a data directory, and what becomes of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use simulay_model::OwnerFilter::Any;
use simulay_model::{ArtifactKind, Change, Digest, RunId};
use simulay_store::{Blobs, Journal as _, Plugins, Runs as _};
use simulay_store_sqlite::{Copied, Identity, SqliteStore, back_up, open, restore};

use crate::samples::{House, change_of, content, ended, file_of, now, planned, plugin, put, run, started};

/// A run with an output whose bytes are stored.
async fn worked(records: &SqliteStore, blobs: &dyn Blobs) -> RunId {
    let run = run("heat");
    for bytes in [&b"1,2"[..], b"3,4", b"hello", b"oh"] {
        put(blobs, bytes).await;
    }
    records.create(run.clone(), None).await.unwrap();
    for change in [Change::Started, planned(0, 1), started(0, 0, 0), ended(0, 0, 0, 1)] {
        change_of(records, run.id, None, now(), change).await.unwrap();
    }
    run.id
}

/// A house with a plugin, a run and a file that nothing names.
async fn full() -> (House, RunId) {
    let house = House::new();
    house.put(b"a component").await;
    house.records.add(plugin("heat", "1.0.0", b"a component"), None).await.unwrap();
    house.put(b"an input nobody used yet").await;
    let run = worked(&house.records, &*house.blobs).await;
    std::fs::write(house.directory.path().join("instance"), "01890000-0000-7000-8000-000000000000\n")
        .unwrap();
    (house, run)
}

async fn has_all(data: &Path, run: RunId) {
    let (records, blobs) = open(data).unwrap();
    assert_eq!(records.get(&Any, run).await.unwrap().unwrap().id, run);
    assert_eq!(records.events(&Any, run, 0, 10).await.unwrap().len(), 5);
    for artifact in records.artifacts(&Any, run).await.unwrap() {
        content(blobs.read(artifact.artifact.sha256, None).await.unwrap()).await.unwrap();
    }
    for plugin in Plugins::list(&*records, &Any).await.unwrap() {
        content(blobs.read(plugin.sha256, None).await.unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn a_backup_of_a_store_at_work_is_whole_and_goes_back() {
    let (house, run) = full().await;
    let place = tempfile::tempdir().unwrap();
    let (copy, data) = (place.path().join("copy"), place.path().join("new/data"));
    let copied = back_up(house.directory.path(), &copy).unwrap();
    assert_eq!((copied.blobs, copied.damaged), (6, Vec::new()));
    // What happens later is not in it.
    let later = worked(&house.records, &*house.blobs).await;
    let restored = restore(&copy, &data, Identity::New).unwrap();
    assert_eq!((restored.blobs, restored.damaged), (6, Vec::new()));
    has_all(&data, run).await;
    has_all(&copy, run).await;
    assert!(!data.join("instance").exists(), "it is another installation");
    let instead = place.path().join("instead");
    restore(&copy, &instead, Identity::Kept).unwrap();
    let instance = |data: &Path| std::fs::read(data.join("instance")).unwrap();
    assert_eq!(instance(&instead), instance(house.directory.path()));
    let (records, _blobs) = open(&data).unwrap();
    assert!(records.get(&Any, later).await.unwrap().is_none());
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "nothing half done is left: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_acknowledged_before_is_in_a_backup_under_load() {
    let house = House::new();
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::new(std::sync::Mutex::new(Vec::new()));
    let writers = (0..2).map(|_| {
        let (records, blobs) = (house.records.clone(), house.blobs.clone());
        let (stop, acknowledged) = (stop.clone(), acknowledged.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let mut run = run("heat");
                let bytes = run.id.to_string();
                run.request.inputs = vec![crate::samples::artifact("in", bytes.as_bytes())];
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
        let (data, copy) = (house.directory.path().to_owned(), place.path().join(round.to_string()));
        let target = copy.clone();
        let copied = tokio::task::spawn_blocking(move || back_up(&data, &target)).await.unwrap().unwrap();
        assert_eq!(copied.damaged, []);
        let (records, blobs) = open(&copy).unwrap();
        for run in before {
            assert!(
                records.get(&Any, run).await.unwrap().is_some(),
                "an acknowledged run is not in the backup"
            );
        }
        for claimable in records.claimable("next").await.unwrap() {
            for entry in records.artifacts(&Any, claimable.run.id).await.unwrap() {
                assert_eq!(entry.kind, ArtifactKind::Input);
                assert!(blobs.size(entry.artifact.sha256).await.unwrap().is_some(), "a blob is missing");
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_written_over() {
    let (house, _) = full().await;
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("precious"), "data").unwrap();
    for refused in [
        back_up(house.directory.path(), place.path()),
        restore(house.directory.path(), place.path(), Identity::New),
    ] {
        assert!(refused.unwrap_err().to_string().contains("is not empty; name a directory"));
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    let nothing = place.path().join("nothing");
    assert!(
        back_up(&nothing, &place.path().join("a")).unwrap_err().to_string().contains("no data directory")
    );
    assert!(
        restore(&nothing, &place.path().join("b"), Identity::New)
            .unwrap_err()
            .to_string()
            .contains("no backup")
    );
}

#[tokio::test]
async fn a_backup_of_a_newer_version_is_refused_in_words() {
    let (house, _) = full().await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    back_up(house.directory.path(), &copy).unwrap();
    let newer = rusqlite::Connection::open(copy.join("simulay.sqlite")).unwrap();
    newer.pragma_update(None, "user_version", 1000).unwrap();
    drop(newer);
    let data = place.path().join("data");
    let refused = restore(&copy, &data, Identity::New).unwrap_err().to_string();
    assert!(refused.contains("newer version of Simulay"), "{refused}");
    assert!(!data.exists());
}

#[tokio::test]
async fn damage_is_found_on_the_way_back_and_told() {
    let (house, _) = full().await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    back_up(house.directory.path(), &copy).unwrap();
    let damaged = Digest::of(b"3,4");
    let file = file_of(&copy, damaged);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, b"3;4").unwrap();
    let restored = restore(&copy, &place.path().join("data"), Identity::New).unwrap();
    assert_eq!(restored, Copied { damaged: vec![damaged], blobs: 5, bytes: restored.bytes });
}
