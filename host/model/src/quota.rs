//! Quotas: what one account may use of a host that others use as well.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::{PresentUse, seconds_to_midnight};

/// Seconds after which a run may have ended.
const A_MOMENT: u64 = 5;

/// What is bounded for each account.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
// By way of text, so that it is the key of a map in every format.
#[serde(try_from = "String", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", parse_err_ty = String, parse_err_fn = unknown)]
pub enum Quota {
    /// Runs that wait or are at work.
    MaxUnfinishedRuns,
    /// Runs at work at once; others wait.
    MaxActiveRuns,
    /// Containers at work at once; others wait.
    MaxContainers,
    /// Seconds of a processor that calls used which ended on this day.
    CpuSecondsPerDay,
    /// Bytes that were taken in or left by calls on this day.
    BytesPerDay,
    /// Bytes that runs and uploads keep.
    StoredBytes,
    /// Bytes of one upload.
    UploadBytes,
    /// Versions of plugins.
    PluginVersions,
    /// Bytes of the components of these.
    PluginBytes,
    /// Requests per second in the long run.
    RequestsPerSecond,
    /// Requests at once after a pause.
    RequestBurst,
}

fn unknown(text: &str) -> String {
    format!("`{text}` is no quota; use one of {}", Quota::VARIANTS.join(", "))
}

impl TryFrom<String> for Quota {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Quota {
    /// The quota as it is written, e.g. `max_containers`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Refuses a bound by which what is accepted would wait for ever.
    ///
    /// # Errors
    /// The rule it breaks.
    pub fn check(self, bound: u64) -> Result<(), String> {
        let waits = matches!(
            self,
            Self::MaxActiveRuns | Self::MaxContainers | Self::RequestsPerSecond | Self::RequestBurst
        );
        if waits && bound == 0 { Err(format!("`{self}` must be at least 1")) } else { Ok(()) }
    }

    /// Seconds from `at` until it frees by itself; none when only deleting frees it.
    fn frees_after(self, at: Timestamp) -> Option<u64> {
        match self {
            Self::CpuSecondsPerDay | Self::BytesPerDay => Some(seconds_to_midnight(at)),
            Self::StoredBytes | Self::UploadBytes | Self::PluginVersions | Self::PluginBytes => None,
            _ => Some(A_MOMENT),
        }
    }

    /// What is used of it, in words.
    fn in_use(self, used: u64) -> String {
        if self == Self::UploadBytes { String::new() } else { format!(", and {used} are used") }
    }

    /// When or how it frees.
    const fn cure(self) -> &'static str {
        match self {
            Self::CpuSecondsPerDay | Self::BytesPerDay => "it frees at midnight UTC",
            Self::MaxUnfinishedRuns => "wait for some of your runs to end",
            Self::StoredBytes => {
                "room comes when ended runs and unused uploads are deleted; ask who operates the server"
            }
            Self::PluginVersions | Self::PluginBytes => {
                "versions stay for good; ask who operates the server for more"
            }
            Self::UploadBytes => "send less at once",
            _ => "try again in a moment",
        }
    }
}

/// The most an account may use; what has no bound is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quotas(BTreeMap<Quota, u64>);

/// What differs for one account: another bound, or none.
pub type QuotaOverrides = BTreeMap<Quota, Option<u64>>;

impl Quotas {
    /// The most of `quota`; none when it is not bounded.
    #[must_use]
    pub fn of(&self, quota: Quota) -> Option<u64> {
        self.0.get(&quota).copied()
    }

    /// The same quotas, with another bound of one, or none.
    #[must_use]
    pub fn with(mut self, quota: Quota, bound: impl Into<Option<u64>>) -> Self {
        match bound.into() {
            Some(bound) => self.0.insert(quota, bound),
            None => self.0.remove(&quota),
        };
        self
    }

    /// The same quotas, but for what differs.
    #[must_use]
    pub fn overridden(self, overrides: &QuotaOverrides) -> Self {
        overrides.iter().fold(self, |quotas, (quota, bound)| quotas.with(*quota, *bound))
    }

    /// Refuses bounds by which what is accepted would wait for ever.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check(&self) -> Result<(), String> {
        self.0.iter().try_for_each(|(quota, bound)| quota.check(*bound))
    }

    /// True when nothing is bounded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Holds so many more `runs` against what is used.
    ///
    /// # Errors
    /// The first quota that they would exceed.
    pub fn admit_runs(&self, used: &PresentUse, runs: u64, at: Timestamp) -> Result<(), QuotaExceeded> {
        self.hold(Quota::MaxUnfinishedRuns, used, runs, at)?;
        self.hold(Quota::StoredBytes, used, 1, at)?;
        self.hold(Quota::CpuSecondsPerDay, used, 1, at)?;
        self.hold(Quota::BytesPerDay, used, 1, at)
    }

    /// Holds an upload of so many `bytes` against what is used.
    ///
    /// # Errors
    /// The first quota that it would exceed.
    pub fn admit_upload(&self, used: &PresentUse, bytes: u64, at: Timestamp) -> Result<(), QuotaExceeded> {
        self.hold(Quota::UploadBytes, used, bytes, at)?;
        self.hold(Quota::StoredBytes, used, bytes, at)?;
        self.hold(Quota::BytesPerDay, used, bytes, at)
    }

    /// Holds a new version of a plugin, whose component has so many `bytes`, against what is used.
    ///
    /// # Errors
    /// The first quota that it would exceed.
    pub fn admit_plugin(&self, used: &PresentUse, bytes: u64, at: Timestamp) -> Result<(), QuotaExceeded> {
        self.hold(Quota::UploadBytes, used, bytes, at)?;
        self.hold(Quota::PluginVersions, used, 1, at)?;
        self.hold(Quota::PluginBytes, used, bytes, at)?;
        self.hold(Quota::BytesPerDay, used, bytes, at)
    }

    fn hold(&self, quota: Quota, used: &PresentUse, more: u64, at: Timestamp) -> Result<(), QuotaExceeded> {
        let used = used.of(quota).unwrap_or_default();
        match self.of(quota) {
            Some(bound) if used.saturating_add(more) > bound => {
                // What does not fit alone, no time makes fit.
                let retry_after_s = quota.frees_after(at).filter(|_| more <= bound);
                Err(QuotaExceeded { quota, bound, used, needed: more, retry_after_s })
            }
            _ => Ok(()),
        }
    }
}

/// An account would use more than it may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the quota `{quota}` of your account is {bound}{}", self.cure())]
pub struct QuotaExceeded {
    /// Which quota.
    pub quota: Quota,
    /// Its bound.
    pub bound: u64,
    /// What is used of it.
    pub used: u64,
    /// What more is asked for.
    pub needed: u64,
    /// Seconds after which time alone frees it; none when only deleting does.
    pub retry_after_s: Option<u64>,
}

impl QuotaExceeded {
    /// What is in the way, and when or how that ends.
    fn cure(&self) -> String {
        let Self { quota, bound, used, needed, .. } = self;
        if needed > bound && *quota != Quota::UploadBytes {
            return format!("; this needs {needed}, so it never fits; ask who operates the server for more");
        }
        format!("{}; {}", quota.in_use(*used), quota.cure())
    }
}

impl PresentUse {
    /// What is used of `quota`; none when that is not known, or it bounds something that is over at once.
    #[must_use]
    pub const fn of(&self, quota: Quota) -> Option<u64> {
        Some(match quota {
            Quota::MaxUnfinishedRuns => self.unfinished_runs,
            Quota::MaxActiveRuns => return self.active_runs,
            Quota::MaxContainers => return self.containers,
            Quota::CpuSecondsPerDay => self.today.cpu_ms / 1000,
            Quota::BytesPerDay => self.today.bytes_in.saturating_add(self.today.bytes_kept),
            Quota::StoredBytes => self.stored_bytes,
            Quota::PluginVersions => self.plugin_versions,
            Quota::PluginBytes => self.plugin_bytes,
            Quota::UploadBytes | Quota::RequestsPerSecond | Quota::RequestBurst => return None,
        })
    }
}

/// What an operator says of a quota of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaSetting {
    /// As for all.
    Default,
    /// No bound.
    Unlimited,
    /// This bound.
    AtMost(u64),
}

impl fmt::Display for QuotaSetting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::Unlimited => formatter.write_str("unlimited"),
            Self::AtMost(bound) => bound.fmt(formatter),
        }
    }
}

impl FromStr for QuotaSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "default" => Ok(Self::Default),
            "unlimited" => Ok(Self::Unlimited),
            number => number
                .parse()
                .map(Self::AtMost)
                .map_err(|_| format!("`{number}` is no bound; use a whole number, `unlimited` or `default`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;
    use crate::Usage;

    const NOON: Timestamp = Timestamp::constant(12 * 3600, 0);

    fn used() -> PresentUse {
        let today = Usage { cpu_ms: 59_999, bytes_in: 600, bytes_kept: 300, ..Usage::default() };
        PresentUse {
            unfinished_runs: 2,
            today,
            stored_bytes: 1000,
            plugin_versions: 3,
            plugin_bytes: 50,
            ..PresentUse::default()
        }
    }

    fn bounded(quota: Quota, bound: u64) -> Quotas {
        Quotas::default().with(quota, bound)
    }

    #[test]
    fn a_run_is_refused_by_the_bound_it_meets() {
        for (quota, used_of_it, frees) in [
            (Quota::MaxUnfinishedRuns, 2, Some(5)),
            (Quota::CpuSecondsPerDay, 59, Some(12 * 3600)),
            (Quota::BytesPerDay, 900, Some(12 * 3600)),
            (Quota::StoredBytes, 1000, None),
        ] {
            let refused = bounded(quota, used_of_it).admit_runs(&used(), 1, NOON).unwrap_err();
            let (bound, used_of) = (used_of_it, used_of_it);
            let expected = QuotaExceeded { quota, bound, used: used_of, needed: 1, retry_after_s: frees };
            assert_eq!(refused, expected);
            assert!(refused.to_string().contains(&format!("`{quota}` of your account is {used_of_it}, and")));
            bounded(quota, used_of_it + 1).admit_runs(&used(), 1, NOON).unwrap();
        }
    }

    #[test]
    fn an_upload_may_fill_a_bound_and_not_pass_it() {
        for (quota, room) in [(Quota::StoredBytes, 24), (Quota::BytesPerDay, 124)] {
            let quotas = bounded(quota, 1024);
            quotas.admit_upload(&used(), room, NOON).unwrap();
            assert_eq!(quotas.admit_upload(&used(), room + 1, NOON).unwrap_err().quota, quota);
            assert!(quotas.admit_upload(&used(), u64::MAX, NOON).is_err());
        }
        let quotas = bounded(Quota::PluginBytes, 60);
        quotas.admit_plugin(&used(), 10, NOON).unwrap();
        assert_eq!(quotas.admit_plugin(&used(), 11, NOON).unwrap_err().retry_after_s, None);
        assert!(bounded(Quota::PluginVersions, 3).admit_plugin(&used(), 0, NOON).is_err());
    }

    #[test]
    fn what_never_fits_is_not_told_to_come_again() {
        let quotas = bounded(Quota::BytesPerDay, 1024);
        let later = quotas.admit_upload(&used(), 1024, NOON).unwrap_err();
        assert_eq!(later.retry_after_s, Some(12 * 3600));
        let never = quotas.admit_upload(&used(), 1025, NOON).unwrap_err();
        assert_eq!(never.retry_after_s, None);
        assert!(never.to_string().contains("is 1024; this needs 1025, so it never fits"), "{never}");
        let runs = bounded(Quota::MaxUnfinishedRuns, 0).admit_runs(&used(), 1, NOON).unwrap_err();
        assert_eq!(runs.retry_after_s, None);
    }

    #[test]
    fn an_account_differs_by_what_is_said_of_it_alone() {
        let usual = bounded(Quota::MaxContainers, 4).with(Quota::BytesPerDay, 7);
        let overrides = BTreeMap::from([(Quota::BytesPerDay, None), (Quota::StoredBytes, Some(9))]);
        let own = usual.overridden(&overrides);
        assert_eq!(own, bounded(Quota::MaxContainers, 4).with(Quota::StoredBytes, 9));
    }

    #[test]
    fn names_are_closed_and_read_back() {
        for quota in Quota::iter() {
            assert_eq!(quota.as_str().parse::<Quota>().unwrap(), quota);
        }
        let read = serde_json::from_str::<Quotas>(r#"{"max_containers":4}"#).unwrap();
        assert_eq!(read, bounded(Quota::MaxContainers, 4));
        let refused = serde_json::from_str::<Quotas>(r#"{"max_container":4}"#).unwrap_err().to_string();
        assert!(
            refused.contains("`max_container` is no quota; use one of max_unfinished_runs,"),
            "{refused}"
        );
        assert!(serde_json::from_str::<Quotas>(r#"{"max_containers":-1}"#).is_err());
    }

    #[test]
    fn a_setting_is_a_number_or_a_word() {
        assert_eq!("4".parse(), Ok(QuotaSetting::AtMost(4)));
        assert_eq!("default".parse(), Ok(QuotaSetting::Default));
        assert_eq!("unlimited".parse(), Ok(QuotaSetting::Unlimited));
        for text in ["", "-1", "1.5", "none", "18446744073709551616"] {
            assert!(text.parse::<QuotaSetting>().unwrap_err().contains("whole number"), "{text}");
        }
    }
}
