//! `GET /v1/calls`: a scope's calls, newest first.

use domain::call::{Call, Status};

use super::call_view::CallSummary;
use super::conversation_filter::{FILTERS, Filter};
pub(crate) use super::no_reads as reads;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::registry::Authorized;

/// Answers with a page of calls. A filtered page may be short and still have more.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "calls", &FILTERS)?;
    let filter = Filter::parse(&page.query, &Status::ALL.map(|status| (status.as_str(), status)))?;
    let (table, start) = (&app.store.table, page.start.as_deref());
    let found = table.conversations::<Call>(&caller.scope, filter.created, start, page.limit).await?;
    let cursor = found.next.map(|place| page.cursor(&caller, &place));
    let matching = found.conversations.into_iter().filter(|call| filter.matches(call.status, &call.to, call.agent.id));
    Ok(Response::page(request, matching.map(CallSummary::from).collect::<Vec<_>>(), cursor)?)
}
