//! `PATCH /v1/webhooks/{id}`: changes the URL, the event types or the activity of a webhook endpoint.

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
use crate::api::webhooks::fields::{self, FIELDS, SubscribedEvent};
use crate::api::webhooks::view::WebhookView;
use crate::app::App;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "update-webhook",
    trigger: Trigger::Http(
        Route::with_key("PATCH", "/v1/webhooks/{id}", Permission::CanManageWebhooks, no_keys, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Changes to a webhook endpoint. Missing fields keep their values.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct UpdateWebhookRequest {
    /// URL that receives the events. The rules for the registration apply.
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2048, nullable = false))]
    url: Option<String>,
    /// Event types that the endpoint receives.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, nullable = false))]
    events: Option<Vec<SubscribedEvent>>,
    /// `true` if the endpoint receives events.
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    is_active: Option<bool>,
    /// Alias of `isActive`, which takes precedence if both are sent.
    #[cfg_attr(feature = "openapi", serde(rename = "is_active"), schema(nullable = false))]
    is_active_for_pam: Option<bool>,
}

/// Changes the fields in the request and keeps all others. Enabling an endpoint again removes the reason why it was
/// disabled and the record of its failures.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = EndpointId::parse(request.path("id")).ok_or(ApiError::NotFound("webhook"))?;
    let mut fields = Fields::open(request, &FIELDS)?;
    let asked = UpdateWebhookRequest::read(app, &mut fields).await;
    let changed = fields.names().map(str::to_owned).collect();
    fields.finish()?;
    caller.must_not_be_suspended()?;
    let now = app.now();
    let audit = caller.did(Action::WebhookUpdated, id, changed, now);
    let edited =
        app.store.table.edit_endpoint(&caller.scope, id, &audit, |endpoint| asked.apply(endpoint, now)).await?;
    match edited {
        Edited::Done(endpoint) => {
            Ok(Response::data(StatusCode::OK, request, WebhookView::new(*endpoint, caller.scope.mode, now))?)
        }
        Edited::Missing => Err(ApiError::NotFound("webhook")),
        Edited::Refused(never) => match never {},
    }
}

impl UpdateWebhookRequest {
    /// Reads the request. The errors are added to `fields`.
    async fn read(app: &App, fields: &mut Fields<'_>) -> Self {
        for name in FIELDS {
            if fields.mentions(name) && !fields.has(name) {
                fields.refuse(name, "must not be null; leave it out to keep it as it is");
            }
        }
        Self {
            events: fields::events(fields),
            is_active: fields.boolean("isActive"),
            is_active_for_pam: fields.boolean("is_active"),
            url: fields::url(app, fields).await,
        }
    }

    fn apply(&self, endpoint: &mut Endpoint, now: Timestamp) -> Result<(), Infallible> {
        let before = endpoint.clone();
        if let Some(url) = &self.url {
            endpoint.url.clone_from(url);
        }
        if let Some(events) = &self.events {
            endpoint.events = fields::names(events);
        }
        if let Some(enabled) = self.is_active.or(self.is_active_for_pam) {
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
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::UpdateWebhookRequest;
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
}
