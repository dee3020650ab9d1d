//! `GET /v1/sms-conversations`: a scope's SMS conversations, newest first.

use domain::sms::{SmsConversation, Status};

use super::conversation_filter::{FILTERS, Filter};
pub(crate) use super::no_reads as reads;
use super::sms_view::SmsConversationSummary;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::registry::Authorized;

/// Answers with a page of conversations. A filtered page may be short and still have more.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "sms-conversations", &FILTERS)?;
    let filter = Filter::parse(&page.query, &Status::ALL.map(|status| (status.as_str(), status)))?;
    let (table, start) = (&app.store.table, page.start.as_deref());
    let found = table.conversations::<SmsConversation>(&caller.scope, filter.created, start, page.limit).await?;
    let cursor = found.next.map(|place| page.cursor(&caller, &place));
    let matching = found
        .conversations
        .into_iter()
        .filter(|conversation| filter.matches(conversation.status, &conversation.to, conversation.agent.id));
    Ok(Response::page(request, matching.map(SmsConversationSummary::from).collect::<Vec<_>>(), cursor)?)
}
