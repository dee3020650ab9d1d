//! `GET /v1/sms-conversations/{id}`: returns all data of an SMS conversation, except its messages.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::sms::view::SmsConversationView;
use crate::api::sms::{sms_with_content, sms_with_content_keys};
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "get-sms-conversation",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/sms-conversations/{id}",
        Permission::CanReadConversations,
        sms_with_content_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a conversation with its request payload.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (conversation, content) = sms_with_content(&authorized)?;
    Ok(Response::data(StatusCode::OK, authorized.request, SmsConversationView::new(conversation, content))?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::Value;

    use crate::api::sms::view::SmsConversationView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, invalid_query, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<SmsConversationView>());
        operation("sms", "Get a conversation", "Everything known of a conversation, but for its texts.")
            .parameter(parameters::sms_conversation_id())
            .response("200", answers::json(Some(answer()), "The conversation.", schema))
            .schema::<SmsConversationView>(schema::always_there)
            .refused(vec![invalid_query(), ApiError::NotFound("conversation")])
    }

    fn answer() -> Value {
        examples::one(examples::sms::with_content())
    }
}
