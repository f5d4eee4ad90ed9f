//! A file of the page, as it is sent: packed for who takes that, and not at all to who has it.

use std::io::Write as _;
use std::sync::OnceLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use simulay_model::Digest;

use crate::accept;

/// What never changes under its name is not asked for again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// A file.
pub(super) struct File {
    media_type: String,
    body: Bytes,
    /// Packed, once somebody takes it so; nothing where that gains nothing.
    packed: OnceLock<Option<Bytes>>,
    etag: String,
    /// Its name goes with its content.
    hashed: bool,
}

impl File {
    pub(super) fn new(media_type: &str, content: Vec<u8>, hashed: bool) -> Self {
        let text = media_type.starts_with("text/");
        let media_type = format!("{media_type}{}", if text { "; charset=utf-8" } else { "" });
        // Weak: the same for both forms.
        let etag = format!("W/\"{}\"", Digest::of(&content));
        Self { media_type, body: content.into(), packed: OnceLock::new(), etag, hashed }
    }

    /// What it says, when it is text.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }

    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let mut response = match self.is_known(headers) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => self.content(headers),
        };
        let kept = if self.hashed { FOR_EVER } else { ASK_AGAIN };
        let told = response.headers_mut();
        told.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
        told.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        told.extend(HeaderValue::from_str(&self.etag).ok().map(|etag| (header::ETAG, etag)));
        response
    }

    /// True for who has it by now (RFC 9110 §13.1.2).
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let values = headers.get_all(header::IF_NONE_MATCH).into_iter();
        let mut tags = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        tags.any(|tag| tag.trim() == "*" || opaque(tag) == opaque(&self.etag))
    }

    fn content(&self, headers: &HeaderMap) -> Response {
        let media_type = [(header::CONTENT_TYPE, self.media_type.clone())];
        match self.packed().filter(|_| accept::takes_gzip(headers)) {
            Some(packed) => {
                (media_type, [(header::CONTENT_ENCODING, "gzip")], packed.clone()).into_response()
            }
            None => (media_type, self.body.clone()).into_response(),
        }
    }

    fn packed(&self) -> Option<&Bytes> {
        self.packed.get_or_init(|| pack(&self.body).filter(|packed| packed.len() < self.body.len())).as_ref()
    }
}

fn pack(content: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).ok()?;
    Some(encoder.finish().ok()?.into())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn asked(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    async fn body(response: Response) -> Bytes {
        axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap()
    }

    #[tokio::test]
    async fn who_takes_gzip_gets_less_and_the_same() {
        let content = b"let a = 1;".repeat(100);
        let file = File::new("text/javascript", content.clone(), true);
        let packed = file.answer(&asked(header::ACCEPT_ENCODING, "gzip, deflate"));
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(packed.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(packed.headers()[header::CACHE_CONTROL], FOR_EVER);
        let packed = body(packed).await;
        let mut unpacked = Vec::new();
        GzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
        assert!(packed.len() < content.len() / 4 && unpacked == content);
        let plain = file.answer(&HeaderMap::new());
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(body(plain).await, content);
    }

    #[tokio::test]
    async fn what_gains_nothing_is_sent_as_it_is() {
        let answer = File::new("image/png", vec![1], false).answer(&asked(header::ACCEPT_ENCODING, "gzip"));
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(body(answer).await, [1][..]);
    }

    #[test]
    fn who_has_it_is_told_so() {
        let file = File::new("text/html", b"page".to_vec(), false);
        let etag = file.etag.clone();
        let strong = etag.trim_start_matches("W/").to_owned();
        for known in [etag.clone(), strong, "*".to_owned(), format!("\"other\", {etag}")] {
            let answer = file.answer(&asked(header::IF_NONE_MATCH, &known));
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(answer.headers()[header::ETAG], etag);
        }
        assert_eq!(file.answer(&asked(header::IF_NONE_MATCH, "\"other\"")).status(), StatusCode::OK);
    }
}
