//! A page of a conversation's events.

use domain::call::Utterance;
use domain::log::LogEntry;

use crate::error::ApiError;
use crate::event_body::{Origin, event_body};
use crate::http::Response;
use crate::page::Page;
use crate::route::Authorized;

/// Returns a page of a conversation's events. The page may be shorter than `limit` although more events follow, because the log also
/// contains internal notes.
pub(crate) async fn events_page(
    authorized: &Authorized<'_>,
    origin: Origin<'_>,
    transcript: Option<&[Utterance]>,
) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, caller, &format!("events#{}", origin.log), &[])?;
    let after = page.start.as_deref().and_then(|place| place.parse().ok()).unwrap_or(0);
    let (entries, more) = app.store.table.log(origin.log, after, page.limit).await?;
    let last = entries.last().map(|entry: &LogEntry| entry.number);
    let cursor = last.filter(|_| more).map(|number| page.cursor(caller, &number.to_string()));
    let bodies = entries.iter().map(|entry| event_body(origin, entry, transcript));
    let bodies: Vec<_> = bodies.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    Ok(Response::page(request, bodies, cursor)?)
}
