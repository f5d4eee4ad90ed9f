//! Who asks.

use axum::Json;
use axum::extract::State;
use simulay_model::Principal;

use crate::caller::Caller;
use crate::state::Api;
use crate::wire::Me;

/// Ask who you are
///
/// The account that your token or session is of, and what it lets you do, and where.
#[utoipa::path(get, path = "/v1/me", tag = "session", operation_id = "showMe",
    responses((status = 200, description = "Who asks", body = Me)))]
pub(super) async fn show(State(api): State<Api>, Caller(principal): Caller) -> Json<Me> {
    Json(of(&api, principal))
}

/// What `principal` is told of itself.
pub(super) fn of(api: &Api, principal: Principal) -> Me {
    let rights = api.operations.of(principal.role);
    let Principal { account, role, scope, .. } = principal;
    Me { account: account.into(), role: role.into(), scope: scope.into(), rights }
}
