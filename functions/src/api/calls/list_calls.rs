//! `GET /v1/calls`: lists the calls of an organization and mode, newest first.

use domain::call::{Call, Status};
use domain::key::Permission;
use domain::payload::Content;
use futures::FutureExt;
use store::Wanted;

use crate::api::calls::view::CallSummary;
use crate::api::conversation_filter::{FILTERS, Filter};
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-calls",
    trigger: Trigger::Http(
        Route::with_key("GET", "/v1/calls", Permission::CanReadConversations, no_keys, |authorized| {
            handle(authorized).boxed()
        })
        .with_filters(&FILTERS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of calls. A filtered page ends when it is full or after [`store::MOST_LOOKED_AT`] examined calls. In the second case
/// it may be short although more calls follow.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "calls", &FILTERS)?;
    let filter = Filter::parse(&page.query, &Status::ALL.map(|status| (status.as_str(), status)))?;
    let (table, start) = (&app.store.table, page.start.as_deref());
    let matches = |call: &Call| filter.matches(call.status, &call.to, call.agent.id, call.end_reason.as_ref());
    let matches_wholly = |call: &Call, content: &Content| matches(call) && filter.matches_metadata(content);
    let wanted = match (filter.asks_for_metadata(), filter.narrows()) {
        (true, _) => Wanted::WithContent(&matches_wholly),
        (false, true) => Wanted::Some(&matches),
        (false, false) => Wanted::All,
    };
    let found = table.conversations(&caller.scope, filter.created, start, page.limit, wanted).await?;
    let cursor = found.next.map(|place| page.cursor(&caller, &place));
    let views: Vec<CallSummary> = found.conversations.into_iter().map(CallSummary::from).collect();
    Ok(Response::page(request, views, cursor)?)
}

#[cfg(feature = "openapi")]
mod document {
    use domain::call::Status;
    use serde_json::{Value, json};

    use crate::api::calls::view::CallSummary;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let description = "A page of calls, newest first.";
        let calls = answers::json(Some(answer()), description, schema::page(schema::of::<CallSummary>()));
        operation("calls", "List calls", LIST_CALLS)
            .parameters(parameters::conversation_filters(schema::of::<Status>(), "calls"))
            .parameters(parameters::page())
            .response("200", calls)
            .schema::<CallSummary>(schema::always_there)
            .refused(vec![invalid_page()])
    }

    const LIST_CALLS: &str = "The calls of the key's mode, newest first, by the moment of their acceptance. Filters narrow down \
    together. A call shows up here within moments of its acceptance.";

    fn answer() -> Value {
        examples::page(json!([examples::summary()]))
    }
}
