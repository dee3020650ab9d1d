//! `GET /v1/sms-conversations`: a scope's SMS conversations, newest first.

use domain::payload::Content;
use domain::sms::{SmsConversation, Status};
use store::Wanted;

use super::conversation_filter::{FILTERS, Filter};
pub(crate) use super::no_reads as reads;
use super::sms_view::SmsConversationSummary;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::registry::Authorized;

/// Answers with a page of conversations. A page that is narrowed down goes on until it is full, or has looked at
/// [`store::MOST_LOOKED_AT`] conversations; then it is short and has more.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
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
