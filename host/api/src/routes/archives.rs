//! Archives: many inputs at once.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use simulay_archives::Bounds;

use crate::ApiSettings;
use crate::address_limit::Peer;
use crate::audit::Deed;
use crate::body::{Bound, Pieces, check_one_of, check_plain};
use crate::caller::Caller;
use crate::pace::Pace;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::Unpacked;

/// What an archive may be sent as; its bytes say what it is.
const MEDIA_TYPES: [&str; 7] = [
    "application/x-tar",
    "application/gzip",
    "application/x-gzip",
    "application/x-gtar",
    "application/zip",
    "application/x-zip-compressed",
    "application/octet-stream",
];

/// Upload many inputs at once
///
/// A `.tar`, `.tar.gz` or `.zip`; its bytes tell which. Each file becomes an input, and `inputs` of
/// the answer is what a request for a run takes. Paths are those in the archive, without `./`
/// before them. Links that lead to a file of the archive are that file.
///
/// An archive that could mean two things, or whose files would lie elsewhere than in one folder, is
/// refused as a whole: absolute paths, `..`, a path twice, devices, sparse or encrypted files,
/// damage. Names that are no UTF-8, links that lead nowhere, empty folders and what macOS adds are left
/// out and told.
#[utoipa::path(post, path = "/v1/inputs/archive", tag = "inputs", operation_id = "uploadArchive",
    request_body(content(
        (String = "application/x-tar"), (String = "application/gzip"), (String = "application/zip"),
        (String = "application/octet-stream")
    ), description = "The archive"),
    responses(
        (status = 201, description = "Its files are stored", body = Unpacked),
        Refused<400>, Refused<413>, Refused<415>, Refused<422>, Refused<429>, Refused<507>
    ))]
pub(super) async fn upload(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    deed: Deed,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Refusal> {
    check_plain(&headers)?;
    check_one_of(&headers, &MEDIA_TYPES)?;
    let permit = api.archives.take(peer)?;
    let quotas = api.engine.quotas.of(&principal.account).await?;
    let bound = Bound::payload(api.settings.max_archive_bytes, "server.max_archive_bytes").within(&quotas);
    let mut pieces = Pieces::new(&headers, body, bound, Pace::of(&api.settings))?;
    let mut writer = api.engine.intake.archive_writer(&principal, bounds(&api.settings), permit).await?;
    while let Some(piece) = pieces.next().await? {
        writer.write(piece).await?;
    }
    let unpacked = Unpacked::from(writer.finish().await?);
    deed.says(format!("an archive of {} inputs", unpacked.inputs.len()));
    Ok((StatusCode::CREATED, Json(unpacked)))
}

const fn bounds(settings: &ApiSettings) -> Bounds {
    Bounds {
        files: settings.max_archive_files,
        bytes: settings.max_archive_bytes,
        file_bytes: settings.max_input_bytes,
    }
}
