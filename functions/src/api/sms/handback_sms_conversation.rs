//! `POST /v1/sms-conversations/{id}/handback`: hands a conversation from a person back to its agent. The agent answers the messages that
//! are still unanswered.

use domain::key::Permission;
use domain::sms::{Input, SmsConversation};
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::Loaded;

use crate::api::paths::{conversation, reference};
use crate::api::sms::sms_keys;
use crate::api::sms::view::SmsConversationSummary;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "handback-sms-conversation",
    trigger: Trigger::Http(Route::with_key(
        "POST",
        "/v1/sms-conversations/{id}/handback",
        Permission::CanSendSms,
        sms_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Hands a conversation back. A conversation that was not taken over stays unchanged.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    Fields::open_optional(request, &[])?.finish()?;
    let id = conversation(request).ok_or(ApiError::NotFound("conversation"))?;
    let reference = reference(id, &caller.scope);
    let loaded = Loaded::<SmsConversation>::from_items(&reference, &items)?;
    let loaded = loaded.ok_or(ApiError::NotFound("conversation"))?;
    let applied = app.store.apply(&reference, Some(loaded), |_| Input::HandBack).await?;
    let conversation = applied.ok_or(ApiError::NotFound("conversation"))?.loaded.conversation;
    if conversation.is_ended() {
        return Err(ApiError::Conflict("the conversation has ended".to_owned()));
    }
    Ok(Response::data(StatusCode::OK, request, SmsConversationSummary::from(conversation))?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::Value;

    use crate::api::sms::view::SmsConversationSummary;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, conflict, has_ended, invalid, operation, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let conversation = schema::envelope(schema::of::<SmsConversationSummary>());
        let own = vec![
            invalid(&[("body", "must be a JSON object")]),
            ApiError::NotFound("conversation"),
            has_ended(),
            conflict(),
        ];
        operation("sms", "Hand a conversation back", HANDBACK)
            .parameter(parameters::sms_conversation_id())
            .response("200", answers::json(Some(answer()), "The agent holds the conversation.", conversation))
            .refused(with_body(own))
    }

    const HANDBACK: &str = "The agent speaks again, and answers what is still unanswered. Handing back a conversation that was not \
    taken over is no error. Needs no body; an empty JSON object will do.";

    fn answer() -> Value {
        examples::one(examples::sms::summary())
    }
}
