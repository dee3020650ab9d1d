//! `GET /v1/calls/{id}`: returns all data of a call.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::calls::full_call_keys;
use crate::api::calls::view::CallView;
use crate::api::paths::conversation;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "get-call",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/calls/{id}",
        Permission::CanReadConversations,
        full_call_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a call with its request payload, transcript and analysis.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("call"))?;
    let full = app.store.table.full_call(&caller.scope, id, &items).await?.ok_or(ApiError::NotFound("call"))?;
    Ok(Response::data(StatusCode::OK, request, CallView::from(full))?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::Value;

    use crate::api::calls::view::CallView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, invalid_query, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let call = answers::json(Some(answer()), "The call.", schema::envelope(schema::of::<CallView>()));
        operation(
            "calls",
            "Get a call",
            "Everything known of a call. What is not known yet, or will never be, is null.",
        )
        .parameter(parameters::call_id())
        .response("200", call)
        .schema::<CallView>(schema::always_there)
        .refused(vec![invalid_query(), ApiError::NotFound("call")])
    }

    fn answer() -> Value {
        examples::one(examples::call())
    }
}
