//! `GET /v1/api-keys`: lists the API keys of an organization and mode, including expired and revoked ones.

use domain::key::Permission;
use futures::FutureExt;

use crate::api::keys::view::ApiKeyView;
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-api-keys",
    trigger: Trigger::Http(Route::with_key("GET", "/v1/api-keys", Permission::CanManageKeys, no_keys, |authorized| {
        handle(authorized).boxed()
    })),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of keys of the caller's mode, without the raw keys.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "api-keys", &[])?;
    let table = &app.store.table;
    let (keys, next) = table.api_keys(&caller.scope, page.start.as_deref(), page.limit).await?;
    let (mode, now) = (caller.scope.mode, table.now());
    let views: Vec<ApiKeyView> = keys.into_iter().map(|key| ApiKeyView::new(key, mode, now)).collect();
    Ok(Response::page(request, views, next.map(|place| page.cursor(&caller, &place)))?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};

    use crate::api::keys::view::ApiKeyView;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let page = schema::page(schema::of::<ApiKeyView>());
        operation("administration", "List API keys", LIST_KEYS)
            .parameters(parameters::page())
            .response("200", answers::json(Some(answer()), "A page of keys.", page))
            .refused(vec![invalid_page()])
    }

    const LIST_KEYS: &str = "The keys of the request's mode, those that were revoked or have expired included. `lastUsedAt` is noted \
    once an hour.";

    fn answer() -> Value {
        examples::page(json!([examples::administration::key()]))
    }
}
