//! `GET /v1/api-keys`: the keys of a scope, those that open nothing any more included.

use super::api_key_view::ApiKeyView;
pub(crate) use super::no_reads as reads;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::registry::Authorized;

/// Answers with a page of keys of the caller's mode, none of them raw.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "api-keys", &[])?;
    let table = &app.store.table;
    let (keys, next) = table.api_keys(&caller.scope, page.start.as_deref(), page.limit).await?;
    let (mode, now) = (caller.scope.mode, table.now());
    let views: Vec<ApiKeyView> = keys.into_iter().map(|key| ApiKeyView::new(key, mode, now)).collect();
    Ok(Response::page(request, views, next.map(|place| page.cursor(&caller, &place)))?)
}
