//! `GET /v1/calls/{id}/events`: a call's events, in order of `sequence`, each as its webhook's body.

use domain::log::LogEntry;

use super::conversation;
pub(crate) use super::full_call_reads as reads;
use crate::error::ApiError;
use crate::event_body::{Origin, event_body};
use crate::http::Response;
use crate::page::Page;
use crate::registry::Authorized;

/// Answers with a page of events. A page may be short and still have more: the log holds notes too.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("call"))?;
    let full = app.store.table.full_call(&caller.scope, id, &items).await?.ok_or(ApiError::NotFound("call"))?;
    let page = Page::parse(request, &caller, &format!("events#{id}"), &[])?;
    let after = page.start.as_deref().and_then(|place| place.parse().ok()).unwrap_or(0);
    let (entries, more) = app.store.table.log(id, after, page.limit).await?;
    let last = entries.last().map(|entry: &LogEntry| entry.number);
    let cursor = last.filter(|_| more).map(|number| page.cursor(&caller, &number.to_string()));
    let origin = Origin::call(&full.call, &full.content);
    let bodies = entries.iter().map(|entry| event_body(origin, entry, full.transcript.as_deref()));
    let bodies: Vec<_> = bodies.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    Ok(Response::page(request, bodies, cursor)?)
}
