//! Requests that may come again, for as long as they are remembered.

use std::time::Duration;

use simulay_model::{AccountName, Digest};
use simulay_store::{Claim, RequestKey, Requests as _, Retention as _, Runs as _};

use crate::samples::{House, run};

fn request(key: &str) -> RequestKey {
    RequestKey { owner: AccountName::local(), scope: "POST /runs".to_owned(), key: key.to_owned() }
}

fn claim(key: &str) -> Claim {
    Claim { request: request(key), fingerprint: Digest::of(b"body") }
}

#[tokio::test]
async fn what_is_old_is_forgotten_by_the_time_observed() {
    let (house, day) = (House::new(), Duration::from_secs(24 * 3600));
    house.records.create(run("heat"), Some(claim("old"))).await.unwrap();
    house.records.observe(day).await.unwrap();
    let house = house.reopen();
    house.records.remember(claim("new"), "{}".to_owned()).await.unwrap();
    assert_eq!(house.records.forget(day + Duration::from_secs(1)).await.unwrap(), 0);
    assert_eq!(house.records.forget(day).await.unwrap(), 1);
    assert_eq!(house.records.find(&request("old")).await.unwrap(), None);
    assert!(house.records.find(&request("new")).await.unwrap().is_some());
}
