//! Inputs: files that runs are given.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use simulay_engine::InputWriter;
use simulay_model::Digest;

use crate::address_limit::Peer;
use crate::audit::Deed;
use crate::body::{Bound, Pieces, check_plain};
use crate::caller::Caller;
use crate::extract::{JsonBody, Segments};
use crate::idempotency::{self, Answer, Keyed, answered};
use crate::pace::Pace;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{InputStored, Missing, Wanted};

/// Upload an input
///
/// Any bytes. Runs name them by the SHA-256 in the answer, under a path of their own.
#[utoipa::path(post, path = "/v1/inputs", tag = "inputs", operation_id = "uploadInput",
    request_body(content = String, content_type = "application/octet-stream", description = "The bytes"),
    params(("Idempotency-Key" = Option<String>, Header, description = idempotency::MEANING)),
    responses(
        (status = 201, description = "They are stored", body = InputStored, headers(("Location" = String))),
        Refused<400>, Refused<409>, Refused<413>, Refused<415>, Refused<422>,
        Refused<429>, Refused<507>
    ))]
pub(super) async fn upload(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    keyed: Keyed,
    deed: Deed,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Refusal> {
    check_plain(&headers)?;
    let _permit = api.inputs.take(peer)?;
    let quotas = api.engine.quotas.of(&principal.account).await?;
    let bound = Bound::payload(api.settings.max_input_bytes, "server.max_input_bytes").within(&quotas);
    let mut pieces = Pieces::new(&headers, body, bound, Pace::of(&api.settings))?;
    let mut writer = api.engine.intake.blob_writer(&principal).await?;
    let mut size = 0;
    while let Some(piece) = pieces.next().await? {
        size += piece.len() as u64;
        writer.write(piece).await?;
    }
    let sha256 = writer.digest();
    deed.is_about(sha256);
    // Stored only now: what is refused leaves nothing behind.
    let mut writer = Some(writer);
    let work = async {
        store(&mut writer).await?;
        let location = Some(format!("/v1/inputs/{sha256}"));
        Answer::new(StatusCode::CREATED, location, &InputStored { sha256, size })
    };
    let answer = answered(&api, &principal, keyed.once(|| sha256), work).await?;
    // Who was answered before has the bytes there again all the same.
    store(&mut writer).await?;
    Ok(answer)
}

async fn store(writer: &mut Option<InputWriter>) -> Result<(), Refusal> {
    if let Some(writer) = writer.take() {
        writer.finish().await?;
    }
    Ok(())
}

/// Ask which inputs are not there
///
/// Only those need to be sent. The others are kept for a while, so that a run can name them.
#[utoipa::path(post, path = "/v1/inputs/missing", tag = "inputs", operation_id = "listMissingInputs",
    request_body = Wanted,
    responses(
        (status = 200, description = "Those that are not there", body = Missing),
        Refused<400>, Refused<413>, Refused<415>, Refused<422>, Refused<503>
    ))]
pub(super) async fn missing(
    State(api): State<Api>,
    Caller(principal): Caller,
    JsonBody(wanted, _held): JsonBody<Wanted>,
) -> Result<Json<Missing>, Refusal> {
    Ok(Json(Missing { missing: api.engine.intake.missing(&principal, &wanted.sha256).await? }))
}

/// Ask whether an input is there
///
/// `Content-Length` of the answer is its size. What others uploaded is not there.
#[utoipa::path(head, path = "/v1/inputs/{sha256}", tag = "inputs", operation_id = "probeInput",
    params(("sha256" = String, Path, description = "SHA-256 of the bytes")),
    responses((status = 200, description = "It is there"), (status = 404, description = "It is not there")))]
pub(super) async fn probe(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(sha256): Segments<Digest>,
) -> Result<impl IntoResponse, Refusal> {
    let size = api.engine.reader.blob_size(&principal, sha256).await?;
    let size = size.ok_or_else(|| Refusal::not_found("input"))?;
    Ok([(header::CONTENT_LENGTH, HeaderValue::from(size))])
}
