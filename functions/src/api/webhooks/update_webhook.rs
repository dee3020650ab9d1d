//! `PATCH /v1/webhooks/{id}`: changes where an endpoint is, what it gets, and whether it gets anything.

use std::convert::Infallible;

use domain::audit::Action;
use domain::endpoint::Endpoint;
use domain::ids::EndpointId;
use domain::key::Permission;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::Edited;

use crate::api::paths::no_keys;
use crate::api::webhooks::fields;

pub(crate) use crate::api::webhooks::fields::FIELDS;
use crate::api::webhooks::view::WebhookView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "update-webhook",
    trigger: Trigger::Http(Route::with_key(
        "PATCH",
        "/v1/webhooks/{id}",
        Permission::CanManageWebhooks,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// What is to be changed.
#[derive(Default)]
struct Changes {
    url: Option<String>,
    events: Option<Vec<String>>,
    enabled: Option<bool>,
}

/// Changes an endpoint: what was not sent stays as it is. An endpoint that is enabled again is as good as new.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = EndpointId::parse(request.path("id")).ok_or(ApiError::NotFound("webhook"))?;
    let mut fields = Fields::open(request, &FIELDS)?;
    for name in ["url", "events", "isActive", "is_active"] {
        if fields.names().any(|sent| sent == name) && !fields.has(name) {
            fields.refuse(name, "must not be null; leave it out to keep it as it is");
        }
    }
    let (events, enabled) = (fields::events(&mut fields), fields::is_active(&mut fields));
    let changes = Changes { events, enabled, url: fields::url(app, &mut fields).await };
    let changed = fields.names().map(str::to_owned).collect();
    fields.finish()?;
    caller.must_not_be_suspended()?;
    let now = app.store.table.now();
    let audit = caller.did(Action::WebhookUpdated, id, changed, now);
    let edited =
        app.store.table.edit_endpoint(&caller.scope, id, &audit, |endpoint| changes.apply(endpoint, now)).await?;
    match edited {
        Edited::Done(endpoint) => {
            Ok(Response::data(StatusCode::OK, request, WebhookView::new(*endpoint, caller.scope.mode, now))?)
        }
        Edited::Missing => Err(ApiError::NotFound("webhook")),
        Edited::Refused(never) => match never {},
    }
}

impl Changes {
    fn apply(&self, endpoint: &mut Endpoint, now: Timestamp) -> Result<(), Infallible> {
        let before = endpoint.clone();
        if let Some(url) = &self.url {
            endpoint.url.clone_from(url);
        }
        if let Some(events) = &self.events {
            endpoint.events.clone_from(events);
        }
        if let Some(enabled) = self.enabled {
            endpoint.enabled = enabled;
            if enabled {
                endpoint.disabled_reason = None;
            }
        }
        if *endpoint != before {
            endpoint.updated_at = now;
        }
        Ok(())
    }
}

#[cfg(feature = "openapi")]
mod document {
    use domain::log::EventType;
    use serde::Deserialize;
    use serde_json::{Value, json};
    use utoipa::ToSchema;
    use utoipa::openapi::Required;

    use crate::api::webhooks::view::WebhookView;
    use crate::openapi::operation::{Document, body, conflict, invalid, no_webhook, operation, suspended, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let changed = answers::json(Some(answer()), "It is changed.", schema::envelope(schema::of::<WebhookView>()));
        let own = vec![invalid(&[("url", "must begin with https://")]), suspended(), no_webhook(), conflict()];
        operation("webhooks", "Change an endpoint", UPDATE_WEBHOOK)
            .parameter(parameters::webhook_id())
            .request_body(body(request(), schema::of::<UpdateWebhookRequest>(), Required::True))
            .response("200", changed)
            .schema::<UpdateWebhookRequest>(schema::as_it_is)
            .refused(with_body(own))
    }

    const UPDATE_WEBHOOK: &str = "Changes what was sent and keeps the rest. An endpoint that is enabled again is as good as new: \
    it gets what happens from now on, and what was exhausted while it was disabled can be sent again.";

    fn answer() -> Value {
        examples::one(examples::webhook())
    }

    fn request() -> Value {
        json!({"events": ["call.ended"], "isActive": true})
    }

    /// What is to be changed of an endpoint. What is left out stays as it is.
    #[derive(Deserialize, ToSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[schema(as = UpdateWebhookRequest)]
    #[expect(dead_code, reason = "describes the fields that `api::update_webhook` reads one by one")]
    pub(super) struct UpdateWebhookRequest {
        /// Where events go, as when it was registered.
        #[schema(format = "uri", max_length = 2048, nullable = false)]
        url: Option<String>,
        /// Which events it gets.
        #[schema(min_items = 1, nullable = false)]
        events: Option<Vec<EventType>>,
        /// Whether it gets events.
        #[schema(nullable = false)]
        is_active: Option<bool>,
        /// The same as `isActive`, which counts where both are sent.
        #[serde(rename = "is_active")]
        #[schema(nullable = false)]
        is_active_for_pam: Option<bool>,
    }
}
