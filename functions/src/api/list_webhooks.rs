//! `GET /v1/webhooks`: a scope's endpoints.

use domain::ids::EndpointId;

pub(crate) use super::no_reads as reads;
use super::webhook_view::WebhookView;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::registry::Authorized;

/// Answers with a page of endpoints, without their secrets.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "webhooks", &[])?;
    let after = page.start.as_deref().and_then(EndpointId::parse);
    let (endpoints, more) = app.store.table.endpoints(&caller.scope, after, page.limit).await?;
    let last = endpoints.last().map(|endpoint| endpoint.id);
    let cursor = last.filter(|_| more).map(|id| page.cursor(&caller, &id.to_string()));
    let (mode, now) = (caller.scope.mode, app.store.table.now());
    let views: Vec<WebhookView> = endpoints.into_iter().map(|endpoint| WebhookView::new(endpoint, mode, now)).collect();
    Ok(Response::page(request, views, cursor)?)
}
