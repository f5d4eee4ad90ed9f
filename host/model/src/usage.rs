//! What accounts use, by day. Days are those of UTC.

use std::fmt;
use std::ops::AddAssign;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{AccountName, CallEnd, Effects, EventData};

const DAY: i64 = 24 * 3600;

/// What was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Runs that were created.
    pub runs: u64,
    /// Containers whose call ended.
    pub containers: u64,
    /// Wall time of their commands, milliseconds.
    pub container_ms: u64,
    /// Processor time of their commands, milliseconds, as far as it is known.
    pub cpu_ms: u64,
    /// Bytes that were uploaded and that the account had not uploaded before.
    pub bytes_in: u64,
    /// Bytes that calls left: their outputs, and what they printed.
    pub bytes_kept: u64,
}

impl Usage {
    /// Of one run that is created.
    #[must_use]
    pub fn of_run() -> Self {
        Self { runs: 1, ..Self::default() }
    }

    /// Of an upload.
    #[must_use]
    pub fn of_upload(bytes: u64) -> Self {
        Self { bytes_in: bytes, ..Self::default() }
    }

    /// Of what happened to a run.
    #[must_use]
    pub fn of_effects(effects: &Effects) -> Self {
        let mut usage = Self::default();
        if !matches!(effects.event, EventData::CallEnded(_)) {
            return usage;
        }
        for (_, attempt) in effects.attempts.iter().filter(|(_, attempt)| attempt.started) {
            usage += attempt.end.as_ref().map(Self::of_container).unwrap_or_default();
        }
        usage.bytes_kept = effects.artifacts.iter().map(|left| left.artifact.size).sum();
        usage
    }

    /// Of attempts at calls of a run that ended `at`, in the order of calls and attempts. What is known of an attempt was
    /// counted with its end; another counts as if it had used one processor until the next, or until the run ended.
    #[must_use]
    pub fn of_stopped(attempts: &[StartedAttempt], at: Timestamp) -> Self {
        let mut usage = Self::default();
        let nexts = attempts.iter().skip(1).map(Some).chain([None]);
        for (attempt, next) in attempts.iter().zip(nexts).filter(|(attempt, _)| !attempt.ended) {
            let next = next.filter(|next| next.call == attempt.call);
            let time = next.map_or(at, |next| next.at).duration_since(attempt.at);
            let ms = u64::try_from(time.as_millis()).unwrap_or_default();
            usage += Self { containers: 1, container_ms: ms, cpu_ms: ms, ..Self::default() };
        }
        usage
    }

    fn of_container(end: &CallEnd) -> Self {
        match end {
            CallEnd::Result(result) if result.reused => Self::default(),
            CallEnd::Result(result) => {
                let (container_ms, cpu_ms) = (result.wall_ms, result.cpu_ms.unwrap_or_default());
                Self { containers: 1, container_ms, cpu_ms, ..Self::default() }
            }
            CallEnd::Error(_) => Self { containers: 1, ..Self::default() },
        }
    }

    /// True when nothing was used.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        for (sum, more) in [
            (&mut self.runs, more.runs),
            (&mut self.containers, more.containers),
            (&mut self.container_ms, more.container_ms),
            (&mut self.cpu_ms, more.cpu_ms),
            (&mut self.bytes_in, more.bytes_in),
            (&mut self.bytes_kept, more.bytes_kept),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// An attempt at a call that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartedAttempt {
    /// Step and index of the call.
    pub call: (u32, u32),
    /// Its number.
    pub attempt: u32,
    /// When it was started.
    pub at: Timestamp,
    /// Whether its end is known.
    pub ended: bool,
}

/// What an account used on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyUsage {
    /// Whose.
    pub account: AccountName,
    /// When.
    pub day: Date,
    /// What.
    pub usage: Usage,
}

/// What an account uses at a moment, as far as a quota bounds it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PresentUse {
    /// Runs that wait or are at work.
    pub unfinished_runs: u64,
    /// Runs at work; none where that is not known.
    pub active_runs: Option<u64>,
    /// Containers at work; none where that is not known.
    pub containers: Option<u64>,
    /// What was used on this day.
    pub today: Usage,
    /// Bytes that its runs and uploads keep, equal ones once, and the records of its runs.
    pub stored_bytes: u64,
    /// Versions of its plugins.
    pub plugin_versions: u64,
    /// Bytes of the components of these.
    pub plugin_bytes: u64,
}

/// The day of a moment.
#[must_use]
pub fn day_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// Seconds from a moment to the next day, at least one.
#[must_use]
pub fn seconds_to_midnight(at: Timestamp) -> u64 {
    (DAY - at.as_second().rem_euclid(DAY)).unsigned_abs()
}

/// A month of a year, e.g. `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month(Date);

/// A text that is no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a month as year and month, e.g. 2026-11")]
pub struct MonthError;

impl Month {
    /// That of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(day_of(at).first_of_month())
    }

    /// Its first day.
    #[must_use]
    pub const fn first(self) -> Date {
        self.0
    }

    /// Its last day.
    #[must_use]
    pub fn last(self) -> Date {
        self.0.last_of_month()
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let plain = text.len() == 7 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
        let first = plain.then(|| format!("{text}-01").parse().ok()).flatten();
        first.map(Self).ok_or(MonthError)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ended_counts_until_the_next_attempt_or_the_end() {
        let second = |second| Timestamp::constant(second, 0);
        let attempt =
            |call, attempt, at, ended| StartedAttempt { call: (0, call), attempt, at: second(at), ended };
        let attempts = [
            attempt(0, 0, 10, false),
            attempt(0, 1, 15, true),
            attempt(1, 0, 12, false),
            attempt(2, 0, 99, false),
        ];
        let expected = Usage { containers: 3, container_ms: 13_000, cpu_ms: 13_000, ..Usage::default() };
        assert_eq!(Usage::of_stopped(&attempts, second(20)), expected, "also when a clock went back");
        assert_eq!(Usage::of_stopped(&[], second(20)), Usage::default());
    }

    #[test]
    fn a_month_is_written_in_one_way() {
        let month: Month = "2026-02".parse().unwrap();
        assert_eq!(month.to_string(), "2026-02");
        assert_eq!(
            (month.first().to_string(), month.last().to_string()),
            ("2026-02-01".into(), "2026-02-28".into())
        );
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "2026-2",
            "26-02",
            "2026-02-01",
            "202-1-1",
            "2026/02",
            "-026-02",
        ] {
            assert_eq!(text.parse::<Month>(), Err(MonthError), "{text}");
        }
        assert_eq!(Month::of(Timestamp::constant(0, 0)).to_string(), "1970-01");
    }

    #[test]
    fn a_day_ends_at_midnight_of_utc() {
        for (second, left) in [(0, DAY), (1, DAY - 1), (DAY - 1, 1), (DAY, DAY), (-1, 1)] {
            let at = Timestamp::from_second(second).unwrap();
            assert_eq!(seconds_to_midnight(at), left.unsigned_abs());
        }
        assert_eq!(day_of(Timestamp::constant(DAY - 1, 0)).to_string(), "1970-01-01");
        assert_eq!(day_of(Timestamp::constant(DAY, 0)).to_string(), "1970-01-02");
    }
}
