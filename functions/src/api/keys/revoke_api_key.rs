//! `POST /v1/api-keys/{id}/revoke`: revokes an API key and, on request, all keys that were created with it. The revocation is in effect
//! when the response is sent.

use domain::audit::Action;
use domain::key::{KeyId, Permission};
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::Edited;

use crate::api::keys::view::ApiKeyView;
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "revoke-api-key",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/api-keys/{id}/revoke", Permission::CanManageKeys, no_keys, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
const FIELDS: [&str; 1] = ["withDescendants"];

/// Options for the revocation of a key.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct RevokeApiKeyRequest {
    /// `true` to also revoke all keys that were created with this key, directly or indirectly. By default they stay valid.
    with_descendants: Option<bool>,
}

/// Revokes a key. A key may revoke itself, and suspended organizations may revoke keys. Repeating the request changes nothing, except
/// that it can revoke descendants that were kept the first time.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = KeyId::parse(request.path("id")).ok_or(ApiError::NotFound("API key"))?;
    let asked = RevokeApiKeyRequest::parse(request)?;
    let table = &app.store.table;
    let now = table.now();
    let audit = caller.did(Action::ApiKeyRevoked, &id, Vec::new(), now);
    match table.revoke_api_key(&caller.scope, &id, &audit).await? {
        Edited::Done(key) => {
            if asked.with_descendants.unwrap_or(false) {
                let entry = |id: &KeyId| caller.did(Action::ApiKeyRevoked, id, Vec::new(), now);
                table.revoke_descendants(&caller.scope, &id, entry).await?;
            }
            Ok(Response::data(StatusCode::OK, request, ApiKeyView::new(*key, caller.scope.mode, now))?)
        }
        Edited::Missing => Err(ApiError::NotFound("API key")),
        Edited::Refused(()) => Err(store::StoreError::Conflict.into()),
    }
}

impl RevokeApiKeyRequest {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut fields = Fields::open_optional(request, &FIELDS)?;
        let with_descendants = fields.boolean("withDescendants");
        fields.finish()?;
        Ok(Self { with_descendants })
    }
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::RevokeApiKeyRequest;
    use crate::api::keys::view::ApiKeyView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid_query, operation, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<ApiKeyView>());
        operation("administration", "Revoke an API key", REVOKE_KEY)
            .parameter(parameters::api_key_id())
            .request_body(body(request(), schema::of::<RevokeApiKeyRequest>(), Required::False))
            .response("200", answers::json(Some(answer()), "It opens nothing any more.", schema))
            .schema::<RevokeApiKeyRequest>(schema::as_it_is)
            .refused(with_body(vec![invalid_query(), ApiError::NotFound("API key"), conflict()]))
    }

    const REVOKE_KEY: &str = "A request that is received after this was answered is refused. Revoking twice is no error, and a key \
    may revoke itself. Keys that were made with it stay valid, so that a key can make its successor; `withDescendants` revokes them \
    too, and those that they made. After a 409 or a 5xx, ask again: it goes on.";

    fn answer() -> Value {
        let mut revoked = examples::administration::key();
        for name in ["isActive", "is_active"] {
            revoked[name] = json!(false);
        }
        revoked["revokedAt"] = json!("2026-04-10T15:00:00.000Z");
        examples::one(revoked)
    }

    fn request() -> Value {
        json!({"withDescendants": true})
    }
}
