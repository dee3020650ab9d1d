//! `GET /v1/phone-calls/{id}`: returns a call in the `verbex` dialect, by its `_id`.

use domain::ids::{ConversationId, ObjectId, Scope};
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::keys::Key;
use store::{FullCall, Table};

use super::verbex::{CallLinks, PhoneCall};
use super::verbex_token::CallToken;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "verbex-get-phone-call",
    trigger: Trigger::Http(
        Route::with_key("GET", "/v1/phone-calls/{id}", Permission::CanReadConversations, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .in_dialect(Dialect::Verbex),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns the keys of all items of the call.
pub(crate) fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let object = ObjectId::parse(request.path("id"));
    object.map(|id| Table::full_call_keys(ConversationId::for_object(scope, id)).to_vec()).unwrap_or_default()
}

/// Returns the call that the path names.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = &authorized;
    let (object, full) = found(&authorized).await?;
    let now = app.now();
    let token = CallToken::seal(&caller.organization, &caller.scope, full.call.id, now);
    let beside = CallLinks { object, token, origin: request.origin() };
    let shown = PhoneCall::new(full.call, full.content, full.transcript.unwrap_or_default(), beside);
    Ok(Response::json(StatusCode::OK, &shown)?)
}

/// Returns the id of the call that the path names, with the call.
pub(super) async fn found(authorized: &Authorized<'_>) -> Result<(ObjectId, FullCall), ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let object = ObjectId::parse(request.path("id")).ok_or(ApiError::NotFound("call"))?;
    let id = ConversationId::for_object(&caller.scope, object);
    let full = app.store.table.full_call(&caller.scope, id, items).await?;
    Ok((object, full.ok_or(ApiError::NotFound("call"))?))
}

#[cfg(feature = "openapi")]
mod document {
    use crate::dialects::verbex;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, operation};
    use crate::openapi::{answers, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let call = answers::json(None, "The call.", schema::of::<verbex::PhoneCall>());
        operation(
            "verbex",
            "Get a call as verbex shows it",
            "By the `_id` it was accepted with. The token in it is a new one.",
        )
        .parameter(parameters::object_id())
        .response("200", call)
        .refused(vec![ApiError::NotFound("call")])
    }
}
