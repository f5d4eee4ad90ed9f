//! Who asks.

use axum::Json;

use crate::caller::Caller;
use crate::wire::Me;

/// Ask who you are
///
/// The account that your token is of, and what it lets you do, and where.
#[utoipa::path(get, path = "/v1/me", tag = "system", operation_id = "showMe",
    responses((status = 200, description = "Who asks", body = Me)))]
pub(super) async fn show(Caller(principal): Caller) -> Json<Me> {
    Json(Me { account: principal.account.into(), role: principal.role.into(), scope: principal.scope.into() })
}
