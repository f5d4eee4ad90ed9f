use serde_json::json;

use super::*;
use crate::{TOKEN_BYTES, TokenSecret};

fn entry(subject: &str) -> AuditEntry {
    let principal = Principal { account: "ada".parse().unwrap(), ..Principal::local("rest from 192.0.2.7") };
    let entry = AuditEntry::new(AuditAction::RunCancelled, "nowhere").by(&principal).about(subject);
    AuditEntry { request: Some("r-1".to_owned()), ..entry }
}

fn at() -> Timestamp {
    "2026-01-02T03:04:05.5Z".parse().unwrap()
}

/// A log of so many records.
fn log(length: usize) -> Vec<AuditRecord> {
    let mut records: Vec<AuditRecord> = Vec::new();
    for number in 0..length {
        let head = records.last().map(AuditRecord::head);
        records.push(AuditRecord::seal(at(), &entry(&number.to_string()), head.as_ref()));
    }
    records
}

fn verified(records: &[AuditRecord], expected: Option<AuditHead>) -> Result<Option<AuditHead>, AuditFault> {
    let mut chain = AuditChain::new(expected);
    records.iter().try_for_each(|record| chain.take(record))?;
    chain.finish()
}

#[test]
fn the_encoding_is_what_it_was() {
    let first = AuditRecord::seal(at(), &entry("run \"1\"\\ä"), None);
    let unsealed = r#"{"format":1,"sequence":1,"at":"2026-01-02T03:04:05.500000Z","account":"ada","role":"admin","via":"rest from 192.0.2.7","request":"r-1","action":"run_cancelled","subject":"run \"1\"\\ä","result":"done","problem":null,"detail":null,"previous":null}"#;
    let hash = Digest::of(unsealed.as_bytes()).to_string();
    assert_eq!(hash, "eb27768b0f1ffd5270a1d0b8286f7747ef758d7397265b04066dd9f13761e455");
    let sealed = format!("{},\"hash\":\"{hash}\"}}", unsealed.strip_suffix('}').unwrap());
    assert_eq!(first.line(), sealed);
    let refused = AuditEntry { result: AuditResult::Refused("not_found".to_owned()), ..entry("2") };
    let second = AuditRecord::seal(at(), &refused.saying("no such run"), Some(&first.head()));
    assert_eq!((second.sequence, second.previous.as_deref()), (2, Some(hash.as_str())));
    assert_eq!(second.problem.as_deref(), Some("not_found"));
    assert_eq!(second.hash, "7cc3169924d7d3b521396c732a671cdc7f455627f846b4143922baae133a0356");
}

#[test]
fn a_log_that_nobody_touched_verifies() {
    assert_eq!(verified(&[], None), Ok(None));
    let log = log(5);
    let head = log[4].head();
    assert_eq!(head.to_string().parse(), Ok(head.clone()));
    assert_eq!(verified(&log, None), Ok(Some(head.clone())));
    for record in &log {
        assert_eq!(verified(&log, Some(record.head())), Ok(Some(head.clone())), "it has grown since");
    }
}

#[test]
fn every_field_is_under_the_hash() {
    let log = log(3);
    let document = serde_json::to_value(&log[1]).unwrap();
    for (field, value) in document.as_object().unwrap() {
        let mut changed = document.clone();
        changed[field] = match value {
            serde_json::Value::Number(number) => json!(number.as_u64().unwrap() + 7),
            _ => json!("changed"),
        };
        let changed = [log[0].clone(), serde_json::from_value(changed).unwrap(), log[2].clone()];
        let fault = match field.as_str() {
            "sequence" => AuditFault::Missing(2),
            "format" => AuditFault::Format(2),
            _ => AuditFault::Changed(2),
        };
        assert_eq!(verified(&changed, None), Err(fault), "{field}");
    }
}

#[test]
fn the_first_record_that_is_wrong_is_named() {
    let good = log(6);
    let faulty = |change: &dyn Fn(&mut Vec<AuditRecord>)| {
        let mut log = good.clone();
        change(&mut log);
        verified(&log, Some(good[5].head())).unwrap_err()
    };
    assert_eq!(faulty(&|log| drop(log.remove(2))), AuditFault::Missing(3));
    assert_eq!(faulty(&|log| log.swap(2, 3)), AuditFault::Missing(3));
    assert_eq!(faulty(&|log| log.insert(3, log[2].clone())), AuditFault::Misplaced(3));
    assert_eq!(faulty(&|log| log.truncate(4)), AuditFault::Missing(5));
    assert_eq!(faulty(&|log| log.clear()), AuditFault::Missing(1));
    let swapped = faulty(&|log| {
        log.swap(2, 3);
        (log[2].sequence, log[3].sequence) = (3, 4);
    });
    assert_eq!(swapped, AuditFault::Changed(3));
    let resealed = faulty(&|log| log[2] = AuditRecord::seal(at(), &entry("other"), Some(&log[1].head())));
    assert_eq!(resealed, AuditFault::Unlinked(4));
    let rewritten = faulty(&|log| {
        for place in 2..6 {
            log[place] = AuditRecord::seal(at(), &entry("other"), Some(&log[place - 1].head()));
        }
    });
    assert_eq!(rewritten, AuditFault::Unexpected(6));
}

#[test]
fn actions_of_a_newer_version_are_read_and_verified() {
    let mut record = log(1).remove(0);
    record.action = "moon_landed".to_owned();
    record.hash = record.digest().to_string();
    let read: AuditRecord = serde_json::from_str(&record.line()).unwrap();
    assert!("moon_landed".parse::<AuditAction>().is_err());
    assert_eq!(verified(&[read], None), Ok(Some(record.head())));
}

#[test]
fn texts_are_bounded_inert_and_hold_no_token() {
    let token = TokenSecret::of([3; TOKEN_BYTES]);
    let hostile =
        format!("a\r\n\u{1b}]0;x\u{7}\u{202e}\u{2028}\u{85} {} {}", token.reveal(), "ä".repeat(1000));
    let entry = AuditEntry { request: Some(token.reveal().to_owned()), ..entry(&hostile) }.saying(&hostile);
    let record = AuditRecord::seal(at(), &AuditEntry { via: hostile.clone(), ..entry }, None);
    let line = record.line();
    assert!(!line.contains(token.reveal()) && line.contains("sim_…"), "{line}");
    assert!(line.len() < 2048 && !line.chars().any(char::is_control), "{line}");
    assert!(record.subject.unwrap().len() <= MAX_SUBJECT && record.via.len() <= MAX_ORIGIN);
    assert_eq!(plain("ääää", 7), "ää…");
    assert_eq!(plain("ääää", 8), "ääää");
    assert_eq!(plain("a\u{1b}", 64), "a\\u001b");
}
