//! `GET /v1/webhooks/{id}/deliveries`: lists the deliveries to a webhook endpoint, with their attempts.

use domain::delivery::State;
use domain::key::Permission;
use futures::FutureExt;

use crate::api::webhooks::delivery_view::DeliveryView;
use crate::api::webhooks::webhook_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-webhook-deliveries",
    trigger: Trigger::Http(
        Route::with_key(
            "GET",
            "/v1/webhooks/{id}/deliveries",
            Permission::CanManageWebhooks,
            webhook_keys,
            |authorized| handle(authorized).boxed(),
        )
        .with_filters(&FILTERS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Names of the query parameters that filter the list.
pub(crate) const FILTERS: [&str; 1] = ["status"];

const STATES: [(&str, State); 4] = [
    ("pending", State::Pending),
    ("delivered", State::Delivered),
    ("exhausted", State::Exhausted),
    ("cancelled", State::Cancelled),
];

/// Returns a page of deliveries, newest first. A page filtered by status ends when it is full or after [`store::MOST_LOOKED_AT`]
/// examined deliveries. In the second case it may be short although more deliveries follow.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let endpoint = crate::api::webhooks::webhook(&authorized)?;
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, &format!("deliveries#{}", endpoint.id), &FILTERS)?;
    let status = match page.query.get("status") {
        None => None,
        Some(name) => Some(state(name)?),
    };
    let found = app.store.table.deliveries(endpoint.id, page.start.as_deref(), page.limit, status).await?;
    let views: Vec<DeliveryView> = found.deliveries.into_iter().map(DeliveryView::new).collect();
    Ok(Response::page(request, views, found.next.map(|place| page.cursor(&caller, &place)))?)
}

fn state(name: &str) -> Result<State, ApiError> {
    let found = STATES.iter().find(|(word, _)| *word == name).map(|(_, state)| *state);
    found.ok_or_else(|| ApiError::field("status", "must be one of pending, delivered, exhausted, cancelled"))
}

#[cfg(feature = "openapi")]
mod document {
    use domain::delivery::State;
    use serde_json::{Value, json};

    use crate::api::webhooks::delivery_view::{AttemptView, DeliveryView};
    use crate::openapi::operation::{Document, invalid_page, no_webhook, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let page = schema::page(schema::of::<DeliveryView>());
        operation("webhooks", "List an endpoint's deliveries", LIST_DELIVERIES)
            .parameter(parameters::webhook_id())
            .parameter(parameters::query("status", schema::of::<State>(), "Only deliveries that stand there."))
            .parameters(parameters::page())
            .response("200", answers::json(Some(answer()), "A page of deliveries, newest first.", page))
            .schema::<AttemptView>(schema::always_there)
            .schema::<DeliveryView>(schema::always_there)
            .refused(vec![invalid_page(), no_webhook()])
    }

    const LIST_DELIVERIES: &str = "What was sent to the endpoint, with each attempt: its status, its duration, the first kilobyte of \
    the answer. A page that is narrowed down by `status` goes on until it is full, or has looked at 500 deliveries: \
    then it is short and has more.";

    fn answer() -> Value {
        examples::page(json!([examples::administration::delivery("exhausted", Value::Null)]))
    }
}
