//! Change of an agent. The changed agent is validated as a whole, like a new one.

use domain::agent::Agent;
use domain::signature::Secret;
use serde_json::Value;
use store::Table;

use crate::api::agents::fields::{self, FIELDS};
use crate::api::agents::view;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::route::Authorized;

/// Returns an agent of the caller's mode with these settings after the change. `patch` is a JSON merge patch.
///
/// # Errors
/// [`ApiError::Validation`] with every wrong field.
pub(crate) async fn changed(authorized: &Authorized<'_>, settings: &Agent, patch: &Value) -> Result<Agent, ApiError> {
    let Authorized { app, caller, .. } = authorized;
    let mut merged = Value::Object(view::settings(settings)?);
    view::merge(&mut merged, patch);
    let fixed = [("slug", settings.slug.as_str()), ("channel", settings.channel.as_str())];
    for (name, value) in fixed {
        merged[name] = Value::from(value);
    }
    let Value::Object(merged) = &merged else { return Err(ApiError::field("body", "must be a JSON object")) };
    let mut fields = Fields::within(merged, &FIELDS);
    let agent = fields::agent(&app.egress, &mut fields, caller.scope.mode, &caller.organization).await;
    fields.finish()?;
    agent.ok_or_else(|| ApiError::field("body", "describes no agent"))
}

/// Keeps the secret that signs the tool calls of an agent. Generates one if the agent has tools and no secret yet.
///
/// # Errors
/// [`ApiError::Internal`] if no random bytes are available.
pub(crate) fn give_secret(table: &Table, agent: &mut Agent, before: Option<&Agent>) -> Result<(), ApiError> {
    let known = before.and_then(|agent| agent.sms.as_ref()).and_then(|sms| sms.tool_secret.clone());
    let Some(sms) = agent.sms.as_mut() else { return Ok(()) };
    sms.tool_secret = match known {
        Some(secret) => Some(secret),
        None if sms.tools.is_empty() => None,
        None => Some(Secret::new(table.entropy().bytes()?).reveal()),
    };
    Ok(())
}
