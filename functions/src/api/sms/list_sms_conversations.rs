//! `GET /v1/sms-conversations`: lists the SMS conversations of an organization and mode, newest first.

use domain::key::Permission;
use domain::payload::Content;
use domain::sms::{SmsConversation, Status};
use futures::FutureExt;
use store::Wanted;

use crate::api::conversation_filter::{FILTERS, Filter};
use crate::api::paths::no_keys;
use crate::api::sms::view::SmsConversationSummary;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-sms-conversations",
    trigger: Trigger::Http(
        Route::with_key("GET", "/v1/sms-conversations", Permission::CanReadConversations, no_keys, |authorized| {
            handle(authorized).boxed()
        })
        .with_filters(&FILTERS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of conversations. A filtered page ends when it is full or after [`store::MOST_LOOKED_AT`] examined conversations. In
/// the second case it may be short although more conversations follow.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "sms-conversations", &FILTERS)?;
    let filter = Filter::parse(&page.query, &Status::ALL.map(|status| (status.as_str(), status)))?;
    let (table, start) = (&app.store.table, page.start.as_deref());
    let matches = |one: &SmsConversation| filter.matches(one.status, &one.to, one.agent.id, one.end_reason.as_ref());
    let matches_wholly = |one: &SmsConversation, content: &Content| matches(one) && filter.matches_metadata(content);
    let wanted = match (filter.asks_for_metadata(), filter.narrows()) {
        (true, _) => Wanted::WithContent(&matches_wholly),
        (false, true) => Wanted::Some(&matches),
        (false, false) => Wanted::All,
    };
    let found = table.conversations(&caller.scope, filter.created, start, page.limit, wanted).await?;
    let cursor = found.next.map(|place| page.cursor(&caller, &place));
    let views: Vec<SmsConversationSummary> =
        found.conversations.into_iter().map(SmsConversationSummary::from).collect();
    Ok(Response::page(request, views, cursor)?)
}

#[cfg(feature = "openapi")]
mod document {
    use domain::sms::Status;
    use serde_json::{Value, json};

    use crate::api::sms::view::SmsConversationSummary;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let page = schema::page(schema::of::<SmsConversationSummary>());
        operation("sms", "List conversations", LIST)
            .parameters(parameters::conversation_filters(schema::of::<Status>(), "conversations"))
            .parameters(parameters::page())
            .response("200", answers::json(Some(answer()), "A page of conversations, newest first.", page))
            .schema::<SmsConversationSummary>(schema::always_there)
            .refused(vec![invalid_page()])
    }

    const LIST: &str = "The SMS conversations of the key's mode, newest first, by the moment of their acceptance. Filters narrow \
    down together. A conversation shows up here within moments of its acceptance.";

    fn answer() -> Value {
        examples::page(json!([examples::sms::summary()]))
    }
}
