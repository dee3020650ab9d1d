//! `GET /v1/sms-conversations/{id}/events`: lists the events of a conversation in the order of `sequence`. Each is the same as the body of
//! its webhook.

use domain::key::Permission;
use futures::FutureExt;

use crate::api::events_page::events_page;
use crate::api::sms::{sms_with_content, sms_with_content_keys};
use crate::error::ApiError;
use crate::event_body::Origin;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-sms-events",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/sms-conversations/{id}/events",
        Permission::CanReadConversations,
        sms_with_content_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of events. A page may be short although more events follow, because the log also contains internal notes.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (conversation, content) = sms_with_content(&authorized)?;
    events_page(&authorized, Origin::sms(&conversation, &content), None).await
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
        operation("sms", "List a conversation's events", LIST_EVENTS)
            .parameter(parameters::sms_conversation_id())
            .parameters(parameters::page())
            .response("200", answers::json(Some(answer()), "A page of events, in order of `sequence`.", events))
            .refused(vec![invalid_page(), ApiError::NotFound("conversation")])
    }

    const LIST_EVENTS: &str = "Each event exactly as its webhook carries it. They are listed whether or not an endpoint was \
    subscribed.";

    fn answer() -> Value {
        examples::page(json!([
            examples::sms::message_sent(),
            examples::sms::delivery_updated(),
            examples::sms::message_received(),
            examples::sms::tool_call_invocation(),
            examples::sms::tool_call_result()
        ]))
    }
}
