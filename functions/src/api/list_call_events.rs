//! `GET /v1/calls/{id}/events`: a call's events, in order of `sequence`, each as its webhook's body.

pub(crate) use super::full_call_reads as reads;
use super::{conversation, events_page};
use crate::error::ApiError;
use crate::event_body::Origin;
use crate::http::Response;
use crate::registry::Authorized;

/// Answers with a page of events. A page may be short and still have more: the log holds notes too.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = &authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("call"))?;
    let full = app.store.table.full_call(&caller.scope, id, items).await?.ok_or(ApiError::NotFound("call"))?;
    events_page(&authorized, Origin::call(&full.call, &full.content), full.transcript.as_deref()).await
}
