use super::*;

const LASTING: InstanceMode = InstanceMode::Lasting;

/// A copy of a data directory, as `cp -a` makes one.
fn copy(data: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let (from, to) = (data.join(FILE), copy.path().join(FILE));
    // Times of birth have grains: a copy at the very same moment is for tests only.
    loop {
        let _ = fs::remove_file(&to);
        let copied = std::process::Command::new("cp").arg("-a").args([&from, &to]).status().unwrap();
        assert!(copied.success());
        let born = |file: &Path| fs::metadata(file).unwrap().created().ok();
        if born(&from).is_none() || born(&from) != born(&to) {
            return copy;
        }
    }
}

#[test]
fn an_instance_stays_the_same_also_when_its_directory_is_renamed() {
    let home = tempfile::tempdir().unwrap();
    let (data, other) = (home.path().join("data"), home.path().join("other"));
    fs::create_dir(&data).unwrap();
    let first = of(&data, LASTING).unwrap();
    assert_eq!(of(&data, LASTING).unwrap(), first);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
    fs::rename(&data, &other).unwrap();
    assert_eq!(of(&other, LASTING).unwrap(), first);
}

#[test]
fn a_copy_is_another_and_stays_so() {
    let data = tempfile::tempdir().unwrap();
    let first = of(data.path(), LASTING).unwrap();
    let copy = copy(data.path());
    let second = of(copy.path(), LASTING).unwrap();
    assert_ne!(first, second);
    assert_eq!(of(copy.path(), LASTING).unwrap(), second);
    assert_eq!(of(data.path(), LASTING).unwrap(), first);
}

#[test]
fn a_copy_takes_the_place_of_the_other_when_told_so_at_once_or_later() {
    let data = tempfile::tempdir().unwrap();
    let first = of(data.path(), LASTING).unwrap();
    let (at_once, later) = (copy(data.path()), copy(data.path()));
    replace(at_once.path()).unwrap();
    assert_eq!(of(at_once.path(), LASTING).unwrap(), first);
    assert_ne!(of(later.path(), LASTING).unwrap(), first);
    assert_eq!(of(later.path(), InstanceMode::Replacing).unwrap(), first);
    assert_eq!(of(later.path(), LASTING).unwrap(), first);
}

#[test]
fn an_instance_of_an_older_version_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let id = Uuid::now_v7();
    fs::write(data.path().join(FILE), format!("{id}\n")).unwrap();
    assert_eq!(of(data.path(), LASTING).unwrap(), id);
    assert_ne!(of(copy(data.path()).path(), LASTING).unwrap(), id);
}

#[test]
fn a_boot_changes_the_number_of_a_device_and_nothing_else() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let here = Place::of(file.path()).unwrap();
    let with = |device: u64, boot: &str| -> Place {
        let text = here.to_string();
        let kept: Vec<&str> = text.split(' ').take(2).collect();
        format!("{} {device} {boot}", kept.join(" ")).parse().unwrap()
    };
    assert!(!here.is_elsewhere(&with(u64::MAX, "another-boot")));
    assert!(here.is_elsewhere(&with(u64::MAX, here.to_string().rsplit(' ').next().unwrap())));
}

#[test]
fn a_damaged_instance_is_not_replaced() {
    let data = tempfile::tempdir().unwrap();
    let id = Uuid::now_v7();
    for text in ["garbage".to_owned(), format!("{id}\nplace here"), format!("{id}\nmore")] {
        fs::write(data.path().join(FILE), &text).unwrap();
        assert!(of(data.path(), LASTING).unwrap_err().to_string().contains("UUID"));
        assert_eq!(fs::read_to_string(data.path().join(FILE)).unwrap(), text);
    }
}
