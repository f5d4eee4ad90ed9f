//! The audit log in SQLite: nothing changes it through SQL, and it tells when somebody did.

use jiff::Timestamp;
use rusqlite::Connection;
use simulay_model::{AuditAction, AuditChain, AuditEntry, AuditFault, AuditHead, OwnerFilter};
use simulay_store::{Audit as _, AuditQuery, Requests as _, Retention as _, StoreError, Uploads as _};
use simulay_store_sqlite::{AuditFile, copy_records, restore_records};

use crate::samples::{House, now, open};

const TRIGGERS: &str = "DROP TRIGGER audit_is_not_updated; DROP TRIGGER audit_is_not_deleted;
    DROP TRIGGER audit_grows_at_its_end;";

/// A house whose log has six records, and the head of that.
async fn of_six() -> (House, AuditHead) {
    let house = House::new();
    let mut head = None;
    for number in 0..6 {
        let entry = AuditEntry::new(AuditAction::RunCreated, "rest").about(number).saying("a detail");
        let entry = AuditEntry {
            account: Some("ada".parse().unwrap()),
            role: Some(simulay_model::Role::Runner),
            request: Some("r-1".to_owned()),
            ..entry
        };
        head = Some(house.records.append(now(), entry).await.unwrap());
    }
    (house, head.unwrap())
}

fn sql(house: &House) -> Connection {
    Connection::open(house.directory.path().join("simulay.sqlite")).unwrap()
}

fn verify(directory: &std::path::Path, expected: Option<AuditHead>) -> Result<Option<AuditHead>, AuditFault> {
    let log = AuditFile::open(directory).unwrap();
    let mut chain = AuditChain::new(expected);
    for record in log.page(&AuditQuery::after(0, 100)).unwrap() {
        chain.take(&record)?;
    }
    chain.finish()
}

#[tokio::test]
async fn no_statement_changes_a_record() {
    let (house, head) = of_six().await;
    let sql = sql(&house);
    let copy =
        "SELECT 3, format, at, account, role, via, request, 'sign_in', subject, result, problem, detail,
        previous, hash FROM audit WHERE sequence = 3";
    for statement in [
        "UPDATE audit SET subject = 'other' WHERE sequence = 2",
        "UPDATE OR REPLACE audit SET sequence = 3 WHERE sequence = 2",
        "DELETE FROM audit WHERE sequence = 6",
        "DELETE FROM audit",
        &format!("INSERT INTO audit {copy}"),
        &format!("INSERT OR REPLACE INTO audit {copy}"),
        &format!("INSERT OR REPLACE INTO audit {}", copy.replace("SELECT 3", "SELECT 9")),
    ] {
        let refused = sql.execute(statement, []).unwrap_err().to_string();
        assert!(refused.contains("audit log"), "{statement}: {refused}");
    }
    assert_eq!(verify(house.directory.path(), Some(head.clone())), Ok(Some(head)));
}

#[tokio::test]
async fn each_column_that_is_changed_names_its_record() {
    for column in [
        "format", "at", "account", "role", "via", "request", "action", "subject", "result", "problem",
        "detail", "previous", "hash",
    ] {
        let (house, _) = of_six().await;
        let sql = sql(&house);
        sql.execute_batch(TRIGGERS).unwrap();
        let value = if column == "format" { "7" } else { "CAST(x'ff' AS TEXT)" };
        sql.execute(&format!("UPDATE audit SET {column} = {value} WHERE sequence = 3"), []).unwrap();
        let expected = if column == "format" { AuditFault::Format(3) } else { AuditFault::Changed(3) };
        assert_eq!(verify(house.directory.path(), None), Err(expected), "{column}");
        let next = house.records.append(now(), AuditEntry::new(AuditAction::SignIn, "rest")).await.unwrap();
        assert_eq!(next.sequence, 7, "what was done to it does not end the log");
    }
}

#[tokio::test]
async fn records_that_are_gone_moved_or_put_in_are_named() {
    let renumbered = "UPDATE audit SET sequence = -1 WHERE sequence = 3;
        UPDATE audit SET sequence = 3 WHERE sequence = 4; UPDATE audit SET sequence = 4 WHERE sequence = -1";
    let put_in = "UPDATE audit SET sequence = -sequence WHERE sequence > 3;
        UPDATE audit SET sequence = 1 - sequence WHERE sequence < 0;
        INSERT INTO audit SELECT 4, format, at, account, role, via, request, action, subject, result, problem,
            detail, previous, hash FROM audit WHERE sequence = 3";
    for (statements, fault) in [
        ("DELETE FROM audit WHERE sequence = 3", AuditFault::Missing(3)),
        ("DELETE FROM audit WHERE sequence > 4", AuditFault::Missing(5)),
        ("DELETE FROM audit", AuditFault::Missing(1)),
        (renumbered, AuditFault::Changed(3)),
        (put_in, AuditFault::Changed(4)),
        ("UPDATE audit SET sequence = -3 WHERE sequence = 3", AuditFault::Missing(3)),
    ] {
        let (house, head) = of_six().await;
        sql(&house).execute_batch(&[TRIGGERS, statements].join("\n")).unwrap();
        assert_eq!(verify(house.directory.path(), Some(head)), Err(fault), "{statements}");
    }
}

#[tokio::test]
async fn a_copy_has_the_log_and_goes_on_with_it() {
    let (house, head) = of_six().await;
    let [copy, back] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    copy_records(house.directory.path(), copy.path()).unwrap();
    assert_eq!(verify(copy.path(), Some(head.clone())), Ok(Some(head.clone())));
    restore_records(copy.path(), back.path()).unwrap();
    let (records, _blobs) = open(back.path()).unwrap();
    let next =
        records.append(now(), AuditEntry::new(AuditAction::ServerStarted, "command line")).await.unwrap();
    assert_eq!(next.sequence, head.sequence + 1);
    assert_eq!(verify(back.path(), Some(head)), Ok(Some(next)));
}

#[tokio::test]
async fn what_is_let_go_of_is_never_the_log() {
    let (house, head) = of_six().await;
    let long = std::time::Duration::from_secs(1000 * 24 * 3600);
    house.records.observe(long).await.unwrap();
    for run in house.records.ended(&OwnerFilter::Any, std::time::Duration::ZERO, 100).await.unwrap() {
        house.records.delete(run, now(), "old").await.unwrap();
    }
    house.records.forget(std::time::Duration::ZERO).await.unwrap();
    house.records.forget_uploads(vec![], std::time::Duration::ZERO).await.unwrap();
    assert_eq!(verify(house.directory.path(), Some(head.clone())), Ok(Some(head)));
}

#[tokio::test]
async fn records_of_two_processes_make_one_chain() {
    let house = House::new();
    let clock = std::sync::Arc::new(simulay_model::SystemClock);
    let other = simulay_store_sqlite::SqliteStore::beside(house.directory.path(), clock).unwrap();
    let entry = || AuditEntry::new(AuditAction::TokenCreated, "command line");
    for _ in 0..10 {
        let (one, two) =
            tokio::join!(house.records.append(now(), entry()), other.append(Timestamp::now(), entry()));
        assert_ne!(one.unwrap().sequence, two.unwrap().sequence);
    }
    assert_eq!(verify(house.directory.path(), None).unwrap().unwrap().sequence, 20);
}

#[test]
fn where_no_records_are_there_is_no_log() {
    let nothing = tempfile::tempdir().unwrap();
    assert!(matches!(AuditFile::open(nothing.path()), Err(StoreError::NotFound)));
    let earlier = tempfile::tempdir().unwrap();
    let records = Connection::open(earlier.path().join("simulay.sqlite")).unwrap();
    records.pragma_update(None, "user_version", 8).unwrap();
    let told = simulay_model::Chain(&AuditFile::open(earlier.path()).err().unwrap()).to_string();
    assert!(told.contains("earlier version"), "{told}");
}
