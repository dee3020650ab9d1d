//! `DELETE /v1/do-not-call/{number}`: removes a number from the do-not-call list.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::do_not_call::put_do_not_call::number;
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "delete-do-not-call",
    trigger: Trigger::Http(Route::with_key(
        "DELETE",
        "/v1/do-not-call/{number}",
        Permission::CanManageContacts,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Removes the number in each form in which it is listed, regardless of the entry's source.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let number = number(request)?;
    if app.store.table.unsuppress(&caller.scope, &number).await? {
        Ok(Response::empty(StatusCode::NO_CONTENT))
    } else {
        Err(ApiError::NotFound("entry on the do-not-call list"))
    }
}

#[cfg(feature = "openapi")]
mod document {
    use utoipa::openapi::ResponseBuilder;

    use crate::error::ApiError;
    use crate::openapi::operation::{Document, conflict, invalid_number, operation};
    use crate::openapi::parameters;

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        operation("do-not-call", "Take a number off the do-not-call list", "Whoever put it there.")
            .parameter(parameters::number())
            .response("204", ResponseBuilder::new().description("It is off the list."))
            .refused(vec![invalid_number(), ApiError::NotFound("entry on the do-not-call list"), conflict()])
    }
}
