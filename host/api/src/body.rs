//! Bodies of requests: bounded in bytes while they stream, and in the time they may take.

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use simulay_model::{Quota, Quotas};
use tokio::time::Instant;

use crate::pace::Pace;
use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// The quota that bounds one upload, as the settings name it.
const UPLOAD_BYTES: &str = "quotas.upload_bytes";

/// How large a body may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    /// The most bytes.
    pub(crate) bytes: u64,
    /// What says so.
    pub(crate) setting: &'static str,
    /// As what a larger one is refused.
    pub(crate) kind: ProblemKind,
}

impl Bound {
    /// A bound of files.
    pub(crate) const fn payload(bytes: u64, setting: &'static str) -> Self {
        Self { bytes, setting, kind: ProblemKind::PayloadTooLarge }
    }

    /// The same, or what an account may upload at once, if that is less.
    pub(crate) fn within(self, quotas: &Quotas) -> Self {
        match quotas.of(Quota::UploadBytes) {
            Some(bytes) if bytes < self.bytes => Self { bytes, setting: UPLOAD_BYTES, ..self },
            _ => self,
        }
    }

    /// Refuses what has more bytes.
    pub(crate) fn check(self, bytes: u64) -> Result<(), Refusal> {
        let Self { bytes: most, setting, kind } = self;
        if bytes <= most {
            return Ok(());
        }
        Err(Refusal::new(kind, format!("there are more than {most} bytes; the setting is `{setting}`")))
    }
}

/// The pieces of a body.
pub(crate) struct Pieces {
    stream: BodyDataStream,
    announced: Option<u64>,
    bound: Bound,
    taken: u64,
    /// When the first piece was asked for: who waits for a permit is not slow.
    begun: Option<Instant>,
    pace: Pace,
}

impl Pieces {
    /// The pieces of `body`: within `bound`, none of them later than `pace` allows. A body that is too
    /// large is refused at once when it says so itself.
    pub(crate) fn new(headers: &HeaderMap, body: Body, bound: Bound, pace: Pace) -> Result<Self, Refusal> {
        let (announced, stream) = (announced(headers), body.into_data_stream());
        bound.check(announced.unwrap_or_default())?;
        Ok(Self { stream, announced, bound, taken: 0, begun: None, pace })
    }

    /// The length of the body, when its header says it.
    pub(crate) const fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// The next piece, `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let slow = || Refusal::new(ProblemKind::RequestTimeout, "the body came too slowly");
        let deadline = self.deadline();
        let next = tokio::time::timeout_at(deadline, self.stream.next()).await.map_err(|_| slow())?;
        let Some(piece) = next else { return Ok(None) };
        let piece = piece.map_err(|error| {
            Refusal::new(ProblemKind::InvalidHeader, "the body broke off or is not framed as it says")
                .because(error)
        })?;
        self.taken += piece.len() as u64;
        self.bound.check(self.taken)?;
        Ok(Some(piece))
    }

    /// All bytes.
    pub(crate) async fn collect(mut self) -> Result<Bytes, Refusal> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// A body may pause, and may be slow on the whole, but not be both forever.
    fn deadline(&mut self) -> Instant {
        let now = Instant::now();
        let begun = *self.begun.get_or_insert(now);
        let earned = self.pace.earned(self.taken);
        (now + self.pace.patience).min(begun + self.pace.patience + earned)
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Refuses an encoded body: nothing is unpacked here.
pub(crate) fn check_plain(headers: &HeaderMap) -> Result<(), Refusal> {
    let plain = |value: &str| value.trim().eq_ignore_ascii_case("identity");
    let encodings = headers.get_all(header::CONTENT_ENCODING);
    if encodings.iter().all(|value| value.to_str().is_ok_and(plain)) {
        return Ok(());
    }
    let detail = "send the bytes as they are, without Content-Encoding";
    Err(Refusal::new(ProblemKind::UnsupportedMediaType, detail).at("Content-Encoding"))
}

/// Refuses a body of another media type.
pub(crate) fn check_media_type(headers: &HeaderMap, expected: &str) -> Result<(), Refusal> {
    check_one_of(headers, &[expected])
}

/// Refuses a body of a media type that is none of `expected`.
pub(crate) fn check_one_of(headers: &HeaderMap, expected: &[&str]) -> Result<(), Refusal> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.map(|value| value.split(';').next().unwrap_or_default().trim());
    let is_meant = |essence: &str| expected.iter().any(|known| essence.eq_ignore_ascii_case(known));
    if essence.is_some_and(is_meant) {
        return Ok(());
    }
    let detail = format!("send it with `Content-Type: {}`", expected.join(" or "));
    Err(Refusal::new(ProblemKind::UnsupportedMediaType, detail).at("Content-Type"))
}
