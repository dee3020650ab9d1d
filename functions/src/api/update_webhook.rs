//! `PATCH /v1/webhooks/{id}`: changes where an endpoint is, what it gets, and whether it gets anything.

use std::convert::Infallible;

use domain::audit::Action;
use domain::endpoint::Endpoint;
use domain::ids::EndpointId;
use domain::time::Timestamp;
use lambda_http::http::StatusCode;
use store::Edited;

pub(crate) use super::no_reads as reads;
use super::webhook_fields;
pub(crate) use super::webhook_fields::FIELDS;
use super::webhook_view::WebhookView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::registry::Authorized;

/// What is to be changed.
#[derive(Default)]
struct Changes {
    url: Option<String>,
    events: Option<Vec<String>>,
    enabled: Option<bool>,
}

/// Changes an endpoint: what was not sent stays as it is. An endpoint that is enabled again is as good as new.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = EndpointId::parse(request.path("id")).ok_or(ApiError::NotFound("webhook"))?;
    let mut fields = Fields::open(request, &FIELDS)?;
    for name in ["url", "events", "isActive", "is_active"] {
        if fields.names().any(|sent| sent == name) && !fields.has(name) {
            fields.refuse(name, "must not be null; leave it out to keep it as it is");
        }
    }
    let (events, enabled) = (webhook_fields::events(&mut fields), webhook_fields::is_active(&mut fields));
    let changes = Changes { events, enabled, url: webhook_fields::url(app, &mut fields).await };
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
