//! `GET /v1/calls/{id}/events`: lists the events of a call in the order of `sequence`. Each is the same as the body of its webhook.

use domain::key::Permission;
use futures::FutureExt;

use crate::api::calls::full_call_keys;
use crate::api::events_page::events_page;
use crate::api::paths::conversation;
use crate::error::ApiError;
use crate::event_body::Origin;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-call-events",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/calls/{id}/events",
        Permission::CanReadConversations,
        full_call_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of events. A page may be short although more events follow, because the log also contains internal notes.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = &authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("call"))?;
    let full = app.store.table.full_call(&caller.scope, id, items).await?.ok_or(ApiError::NotFound("call"))?;
    events_page(&authorized, Origin::call(&full.call, &full.content), full.transcript.as_deref()).await
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Ref;

    use crate::error::ApiError;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let events = schema::page(Ref::from_schema_name("Event"));
        operation("calls", "List a call's events", LIST_CALL_EVENTS)
            .parameter(parameters::call_id())
            .parameters(parameters::page())
            .response("200", answers::json(Some(answer()), "A page of events, in order of `sequence`.", events))
            .refused(vec![invalid_page(), ApiError::NotFound("call")])
    }

    const LIST_CALL_EVENTS: &str = "Each event exactly as its webhook carries it. They are listed whether or not an endpoint was \
    subscribed.";

    fn answer() -> Value {
        examples::page(json!([examples::call_started(), examples::call_ended()]))
    }
}
