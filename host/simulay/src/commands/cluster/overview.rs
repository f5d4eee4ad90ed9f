//! What there is of a cluster's certificates, and what is wrong with them.

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Serialize;
use uuid::Uuid;

use crate::authority::{Facts, Folder, Issued, Standing};
use crate::terminal::Table;

/// A certificate that ends within so many days is told of.
const SOON: i64 = 30;
const DAY: i64 = 24 * 3600;
const ENDED: &str = "has ended: `rotate` makes a new one";
const AUTHORITY_ENDED: &str = "has ended: `rotate --ca begin` makes the next one";

/// The certificates of a cluster.
#[derive(Debug, Serialize)]
pub(super) struct Overview {
    id: Uuid,
    name: String,
    authorities: Vec<Line>,
    roles: Vec<Line>,
}

/// A certificate.
#[derive(Debug, Serialize)]
struct Line {
    /// Which authority it is, or which role it is for.
    of: &'static str,
    id: String,
    serial: String,
    begins: Timestamp,
    ends: Timestamp,
    days_left: i64,
    /// The authority that made it.
    issuer: Option<&'static str>,
    /// How many authorities its role trusts.
    trusts: Option<usize>,
    /// Why it is of no use.
    problem: Option<&'static str>,
}

impl Overview {
    /// What is in `folder`.
    pub(super) fn of(folder: &Folder, now: Timestamp) -> anyhow::Result<Self> {
        let there = folder.authorities()?;
        let (id, name) =
            there.first().map(|(_, facts)| (facts.cluster, facts.name.clone())).unwrap_or_default();
        let authorities = there
            .iter()
            .map(|(standing, facts)| line(standing.name(), facts, now, AUTHORITY_ENDED))
            .collect();
        let roles = folder.issued()?.into_iter().map(|issued| of_role(folder, &issued, &there, now));
        Ok(Self { id, name, authorities, roles: roles.collect::<anyhow::Result<_>>()? })
    }

    /// True when every certificate is of use, also after so many `days`.
    pub(super) fn is_sound(&self, days: u32) -> bool {
        self.lines().all(|line| line.problem.is_none() && line.days_left >= i64::from(days))
    }

    /// As people read it.
    pub(super) fn text(&self) -> String {
        let mut table = Table::new(["", "ID", "ENDS", "ISSUER", "TRUSTS", ""]);
        for line in self.lines() {
            let ends = Offset::UTC.to_datetime(line.ends).date();
            let trusts = line.trusts.map(|count| count.to_string()).unwrap_or_default();
            let (issuer, remark) = (line.issuer.unwrap_or_default(), line.remark());
            table.row([line.of, &line.id, &ends.to_string(), issuer, &trusts, &remark]);
        }
        format!("cluster {}\n\n{}", self.name, table.text())
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.authorities.iter().chain(&self.roles)
    }
}

impl Line {
    fn remark(&self) -> String {
        match self.problem {
            Some(problem) => problem.to_owned(),
            None if self.days_left < SOON => format!("ends in {} days", self.days_left),
            None => String::new(),
        }
    }
}

fn line(of: &'static str, facts: &Facts, now: Timestamp, ended: &'static str) -> Line {
    let left = facts.ends.as_second().saturating_sub(now.as_second());
    let problem = match (now < facts.begins, left <= 0) {
        (true, _) => Some("does not hold yet: is the clock right?"),
        (_, true) => Some(ended),
        _ => None,
    };
    let Facts { id, serial, begins, ends, .. } = facts.clone();
    let days_left = left.div_euclid(DAY);
    Line { of, id, serial, begins, ends, days_left, issuer: None, trusts: None, problem }
}

fn of_role(
    folder: &Folder,
    Issued { role, facts, key_fits }: &Issued,
    authorities: &[(Standing, Facts)],
    now: Timestamp,
) -> anyhow::Result<Line> {
    let made = |(_, authority): &&(Standing, Facts)| facts.issuer.as_ref() == Some(&authority.key_id);
    let issuer = authorities.iter().find(made).map(|(standing, _)| standing.name());
    let line = line(role.name(), facts, now, ENDED);
    let problem = match issuer {
        _ if !key_fits => Some("its key is another's: repeat what was interrupted"),
        None => Some("is of no authority that is trusted: rotate"),
        Some(_) => line.problem,
    };
    Ok(Line { issuer, trusts: Some(folder.trusted_by(*role)?), problem, ..line })
}
