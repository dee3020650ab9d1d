//! `GET /v1/webhooks`: lists the webhook endpoints of an organization and mode.

use domain::ids::EndpointId;
use domain::key::Permission;
use futures::FutureExt;

use crate::api::paths::no_keys;
use crate::api::webhooks::view::WebhookView;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-webhooks",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/webhooks",
        Permission::CanManageWebhooks,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of endpoints, without their secrets.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "webhooks", &[])?;
    let after = page.start.as_deref().and_then(EndpointId::parse);
    let (endpoints, more) = app.store.table.endpoints(&caller.scope, after, page.limit).await?;
    let last = endpoints.last().map(|endpoint| endpoint.id);
    let cursor = last.filter(|_| more).map(|id| page.cursor(&caller, &id.to_string()));
    let (mode, now) = (caller.scope.mode, app.now());
    let views: Vec<WebhookView> = endpoints.into_iter().map(|endpoint| WebhookView::new(endpoint, mode, now)).collect();
    Ok(Response::page(request, views, cursor)?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};

    use crate::api::webhooks::view::WebhookView;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let webhooks = answers::json(Some(answer()), "A page of endpoints.", schema::page(schema::of::<WebhookView>()));
        operation("webhooks", "List endpoints", "The endpoints of the key's mode, without their secrets.")
            .parameters(parameters::page())
            .response("200", webhooks)
            .refused(vec![invalid_page()])
    }

    fn answer() -> Value {
        examples::page(json!([examples::webhook()]))
    }
}
