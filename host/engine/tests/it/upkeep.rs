//! What every process looks after, whatever its role.

use std::time::Duration;

use jiff::SignedDuration;
use simulay_containers::scripted::Scripted;
use simulay_engine::Settings;
use simulay_sandbox::ScriptedSandbox;

use crate::house::{self, House};

#[tokio::test(start_paused = true)]
async fn who_works_on_no_runs_sees_the_time_pass_too() {
    let directory = tempfile::tempdir().unwrap();
    let stored = house::open(directory.path());
    let house = House::over(&stored, &Scripted::new(), Settings::default(), ScriptedSandbox::default());
    let observed = stored.0.observed_clock();
    let before = observed.now();
    house.engine.attend();
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert!(observed.now().duration_since(before) >= SignedDuration::from_secs(60));
}
