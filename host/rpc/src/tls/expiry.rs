//! When a certificate ends, told in time.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::time::ASN1Time;

use super::identity::IdentityError;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// An end that is nearer is told each day.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
/// Seconds since 1970 at which the certificate of this process ends.
const METRIC: &str = "simulay_certificate_expiry_timestamp_seconds";

/// When a certificate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry(ASN1Time);

impl Expiry {
    /// When the certificate `der` does.
    pub(super) fn of(der: &[u8]) -> Result<Self, IdentityError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| IdentityError::NoCertificate)?;
        Ok(Self(certificate.validity().not_after))
    }

    /// How long it holds still; none when it has ended.
    pub(super) fn left(self) -> Option<Duration> {
        let since_1970 = Duration::from_secs(u64::try_from(self.0.timestamp()).ok()?);
        (SystemTime::UNIX_EPOCH + since_1970).duration_since(SystemTime::now()).ok()
    }

    /// Tells of it by a metric.
    pub(super) fn show(self) {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay far below 2^52")]
        metrics::gauge!(METRIC).set(self.0.timestamp() as f64);
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Warns of an end that is near.
#[derive(Default)]
pub(super) struct Warnings {
    newest: Option<Instant>,
}

impl Warnings {
    /// Warns once a day while `expiry` is near.
    pub(super) fn warn(&mut self, expiry: Expiry) {
        let left = expiry.left().unwrap_or_default();
        if left < SOON && self.newest.is_none_or(|newest| newest.elapsed() >= DAY) {
            self.newest = Some(Instant::now());
            let days = left.as_secs() / DAY.as_secs();
            tracing::warn!(days, ends = %expiry, "the certificate of this process ends; see `simulay cluster rotate`");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_days(days: i64) -> Expiry {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let at = i64::try_from(now).unwrap() + days * 24 * 3600;
        Expiry(ASN1Time::from_timestamp(at).unwrap())
    }

    #[test]
    fn an_end_is_warned_of_when_it_is_near_and_once_a_day() {
        let mut warnings = Warnings::default();
        warnings.warn(in_days(15));
        assert_eq!(warnings.newest, None);
        warnings.warn(in_days(13));
        let first = warnings.newest;
        assert!(first.is_some());
        warnings.warn(in_days(-1));
        assert_eq!(warnings.newest, first);
        assert_eq!((in_days(-1).left(), in_days(1).left().is_some()), (None, true));
    }
}
