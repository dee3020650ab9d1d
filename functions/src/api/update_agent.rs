//! `PATCH /v1/agents/{id}`: changes an agent, by a JSON merge patch. What it holds already keeps the version it began with.

use domain::audit::Action;
use lambda_http::http::StatusCode;
use serde_json::Value;

use super::agent_fields;
pub(crate) use super::agent_fields::FIELDS;
pub(crate) use super::agent_reads as reads;
use super::agent_view::{self, AgentView};
use super::create_agent::give_secret;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::registry::Authorized;

/// Changes what was sent and keeps the rest. The whole of what comes of it is judged as if it were new.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let before = super::agent(&authorized)?;
    let Authorized { app, caller, request, items } = &authorized;
    let mut patch = Fields::open(request, &FIELDS)?;
    agent_fields::stays(&mut patch, "slug", &before.slug);
    agent_fields::stays(&mut patch, "channel", before.channel.as_str());
    let changed: Vec<String> = patch.names().map(str::to_owned).collect();
    patch.finish()?;
    let mut merged = Value::Object(agent_view::settings(&before)?);
    if let Some(sent) = request.json() {
        agent_view::merge(&mut merged, sent);
    }
    let fixed = [("slug", before.slug.as_str()), ("channel", before.channel.as_str())];
    for (name, value) in fixed {
        merged[name] = Value::from(value);
    }
    let Value::Object(settings) = &merged else { return Err(ApiError::field("body", "must be a JSON object")) };
    let mut fields = Fields::within(settings, &FIELDS);
    let after = agent_fields::agent(app, &mut fields, &caller.organization).await;
    fields.finish()?;
    let Some(mut after) = after else { return Err(ApiError::field("body", "describes no agent")) };
    caller.must_not_be_suspended()?;
    let table = &app.store.table;
    give_secret(table, &mut after, Some(&before))?;
    after.version = before.version;
    if after != before {
        after.version = before.version.saturating_add(1);
        let mut audit = caller.did(Action::AgentUpdated, after.id, changed, table.now());
        audit.mode = None;
        if !table.replace_agent(&caller.scope.organization, items, &after, &audit).await? {
            return Err(store::StoreError::Conflict.into());
        }
    }
    Ok(Response::data(StatusCode::OK, request, AgentView::with_new_secret(&after, Some(&before)))?)
}
