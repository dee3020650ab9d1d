//! `GET /v1/sms-conversations/{id}/messages`: lists the messages of a conversation in order.

use domain::key::Permission;
use domain::sms::{Message, SmsConversation};
use futures::FutureExt;
use store::Loaded;

use crate::api::paths::{conversation, reference};
use crate::api::sms::sms_keys;
use crate::api::sms::view::MessageView;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-sms-messages",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/sms-conversations/{id}/messages",
        Permission::CanReadConversations,
        sms_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of messages.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("conversation"))?;
    let reference = reference(id, &caller.scope);
    Loaded::<SmsConversation>::from_items(&reference, &items)?.ok_or(ApiError::NotFound("conversation"))?;
    let page = Page::parse(request, &caller, &format!("messages#{id}"), &[])?;
    let after = page.start.as_deref().and_then(|place| place.parse().ok()).unwrap_or(0);
    let (messages, more) = app.store.table.messages(id, after, page.limit).await?;
    let last = messages.last().map(|message: &Message| message.number);
    let cursor = last.filter(|_| more).map(|number| page.cursor(&caller, &number.to_string()));
    let views: Vec<MessageView> = messages.into_iter().map(MessageView::from).collect();
    Ok(Response::page(request, views, cursor)?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};

    use crate::api::sms::view::MessageView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let texts = schema::page(schema::of::<MessageView>());
        operation("sms", "List a conversation's texts", LIST_MESSAGES)
            .parameter(parameters::sms_conversation_id())
            .parameters(parameters::page())
            .response("200", answers::json(Some(answer()), "A page of texts, in order of `sequenceNumber`.", texts))
            .schema::<MessageView>(schema::always_there)
            .refused(vec![invalid_page(), ApiError::NotFound("conversation")])
    }

    const LIST_MESSAGES: &str = "The texts in both directions, with where the delivery of ours stands. A text that is on its way has \
    no `providerMessageId` yet.";

    fn answer() -> Value {
        examples::page(json!([examples::sms::opening(), examples::sms::question()]))
    }
}
