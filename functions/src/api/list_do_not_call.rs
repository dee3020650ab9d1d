//! `GET /v1/do-not-call`: a scope's do-not-call list.

pub(crate) use super::no_reads as reads;
use super::put_do_not_call::EntryView;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::registry::Authorized;

/// Answers with a page of entries, in no order that means anything.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "do-not-call", &[])?;
    let (entries, more) = app.store.table.suppressions(&caller.scope, page.start.as_deref(), page.limit).await?;
    let last = entries.last().map(|(place, _)| page.cursor(&caller, place));
    let mode = caller.scope.mode;
    let views: Vec<EntryView> = entries.into_iter().map(|(_, entry)| EntryView::new(entry, mode)).collect();
    Ok(Response::page(request, views, last.filter(|_| more))?)
}
