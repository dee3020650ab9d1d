//! `POST /v1/api-keys/{id}/revoke`: from the moment this is answered, the key opens nothing; and, where that is asked for, no
//! key that was made with it.

use domain::audit::Action;
use domain::key::{KeyId, Permission};
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::Edited;

use crate::api::keys::view::ApiKeyView;
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "revoke-api-key",
    trigger: Trigger::Http(Route::with_key(
        "POST",
        "/v1/api-keys/{id}/revoke",
        Permission::CanManageKeys,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
};

/// Whether the keys that were made with it, directly or not, are revoked too.
const WITH_DESCENDANTS: &str = "withDescendants";

/// What a request may say.
pub(crate) const FIELDS: [&str; 1] = [WITH_DESCENDANTS];

/// Revokes a key; a key may revoke itself. Doing it twice changes nothing, but for descendants that were left the first time. A
/// suspended organization may do it too.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = KeyId::parse(request.path("id")).ok_or(ApiError::NotFound("API key"))?;
    let mut fields = Fields::open_optional(request, &FIELDS)?;
    let with_descendants = fields.boolean(WITH_DESCENDANTS).unwrap_or(false);
    fields.finish()?;
    let table = &app.store.table;
    let now = table.now();
    let audit = caller.did(Action::ApiKeyRevoked, &id, Vec::new(), now);
    match table.revoke_api_key(&caller.scope, &id, &audit).await? {
        Edited::Done(key) => {
            if with_descendants {
                let entry = |id: &KeyId| caller.did(Action::ApiKeyRevoked, id, Vec::new(), now);
                table.revoke_descendants(&caller.scope, &id, entry).await?;
            }
            Ok(Response::data(StatusCode::OK, request, ApiKeyView::new(*key, caller.scope.mode, now))?)
        }
        Edited::Missing => Err(ApiError::NotFound("API key")),
        Edited::Refused(()) => Err(store::StoreError::Conflict.into()),
    }
}
