//! How the provider is reached: within time and size, and nowhere else than asked.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use reqwest::redirect::Policy;

const TIME: Duration = Duration::from_secs(10);
/// The largest answer, bytes.
const MOST: usize = 1 << 20;

/// Why the provider is not heard.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("the provider is not reached")]
    Unreached(#[from] reqwest::Error),
    #[error("the provider answers more than {MOST} bytes")]
    TooLong,
}

/// What speaks to the provider. A redirect is not followed: it could lead anywhere.
#[derive(Debug, Clone)]
pub(crate) struct Http(reqwest::Client);

impl Http {
    pub(crate) fn new() -> Result<Self, HttpError> {
        Ok(Self(reqwest::Client::builder().timeout(TIME).redirect(Policy::none()).build()?))
    }

    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            body.extend_from_slice(&piece);
            if body.len() > MOST {
                return Err(HttpError::TooLong);
            }
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }
}
