//! `POST /v1/api-keys/{id}/revoke`: from the moment this is answered, the key opens nothing.

use domain::audit::Action;
use domain::key::KeyId;
use lambda_http::http::StatusCode;
use store::Edited;

use super::api_key_view::ApiKeyView;
pub(crate) use super::no_reads as reads;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::registry::Authorized;

/// What a request may say: nothing.
pub(crate) const FIELDS: [&str; 0] = [];

/// Revokes a key; a key may revoke itself. Doing it twice changes nothing. A suspended organization may do it too.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = KeyId::parse(request.path("id")).ok_or(ApiError::NotFound("API key"))?;
    Fields::open_optional(request, &FIELDS)?.finish()?;
    let table = &app.store.table;
    let now = table.now();
    let audit = caller.did(Action::ApiKeyRevoked, &id, Vec::new(), now);
    match table.revoke_api_key(&caller.scope, &id, &audit).await? {
        Edited::Done(key) => {
            Ok(Response::data(StatusCode::OK, request, ApiKeyView::new(*key, caller.scope.mode, now))?)
        }
        Edited::Missing => Err(ApiError::NotFound("API key")),
        Edited::Refused(()) => Err(store::StoreError::Conflict.into()),
    }
}
