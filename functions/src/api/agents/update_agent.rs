//! `PATCH /v1/agents/{id}`: changes an agent by a JSON merge patch. Existing conversations keep the version that they began with.

use domain::agent::Agent;
use domain::audit::Action;
use domain::ids::Mode;
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde_json::Value;

use crate::api::agents::agent_keys;
use crate::api::agents::change::{changed, give_secret};
use crate::api::agents::fields::{FIELDS, must_stay};
use crate::api::agents::view::AgentView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "update-agent",
    trigger: Trigger::Http(
        Route::with_key("PATCH", "/v1/agents/{id}", Permission::CanManageAgents, agent_keys, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Changes to an agent, as a JSON merge patch (RFC 7396). Objects are merged and lists are replaced. `null` resets a setting to its
/// default.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct UpdateAgentRequest<'a> {
    /// Permanent name of the agent. It cannot be changed; only the same value is accepted.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    slug: Option<&'a Value>,
    /// Channel of the agent. It cannot be changed; only the same value is accepted.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<domain::ids::Channel>))]
    channel: Option<&'a Value>,
    /// Display name of the agent.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    name: Option<&'a Value>,
    /// Provider of the agent's calls or SMS messages in live mode.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<domain::provider::Provider>))]
    provider: Option<&'a Value>,
    /// The agent's own phone number.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<domain::phone::PhoneNumber>))]
    number: Option<&'a Value>,
    /// Names of the dynamic variables that each request must contain.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>))]
    required_variables: Option<&'a Value>,
    /// Id of the agent in another system.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    external_id: Option<&'a Value>,
    /// Instructions for an agent of the voice channel.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    prompt: Option<&'a Value>,
    /// Time limits of a call.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    limits: Option<&'a Value>,
    /// Number of days for which conversation data is kept. Existing conversations keep the retention that they began with.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u16>, minimum = 7, maximum = 3650))]
    retention_days: Option<&'a Value>,
    /// Any subset of the voice settings.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    voice: Option<&'a Value>,
    /// Any subset of the SMS settings.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    sms: Option<&'a Value>,
}

/// Changes the settings in the request and keeps all others. The result is validated like a new agent. An agent that was stored without
/// a mode serves live and test keys. A test key's change of such an agent creates a separate test agent.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let before = crate::api::agents::agent(&authorized)?;
    let Authorized { app, caller, request, items } = &authorized;
    let mut fields = Fields::open(request, &FIELDS)?;
    let asked = UpdateAgentRequest::read(&mut fields, &before);
    let names: Vec<String> = fields.names().map(str::to_owned).collect();
    fields.finish()?;
    let mut after = changed(&authorized, &before, &asked.patch()).await?;
    caller.must_not_be_suspended()?;
    let table = &app.store.table;
    give_secret(table, &mut after, Some(&before))?;
    let mode = caller.scope.mode;
    (after.mode, after.version) = (before.mode, before.version);
    if after != before {
        after.version = before.version.saturating_add(1);
        after.mode = mode_after(&before, mode);
        let audit = caller.did(Action::AgentUpdated, after.id, names, table.now());
        if !table.replace_agent(&caller.scope, items, &after, &audit).await? {
            return Err(store::StoreError::Conflict.into());
        }
    }
    Ok(Response::data(StatusCode::OK, request, AgentView::with_new_secret(&after, mode, Some(&before)))?)
}

impl<'a> UpdateAgentRequest<'a> {
    /// Reads the request. Adds an error to `fields` if the slug or the channel differs. The other settings are validated after the merge.
    fn read(fields: &mut Fields<'a>, before: &Agent) -> Self {
        let asked = Self {
            slug: fields.sent("slug"),
            channel: fields.sent("channel"),
            name: fields.sent("name"),
            provider: fields.sent("provider"),
            number: fields.sent("number"),
            required_variables: fields.sent("requiredVariables"),
            external_id: fields.sent("externalId"),
            prompt: fields.sent("prompt"),
            limits: fields.sent("limits"),
            retention_days: fields.sent("retentionDays"),
            voice: fields.sent("voice"),
            sms: fields.sent("sms"),
        };
        must_stay(fields, "slug", asked.slug, &before.slug);
        must_stay(fields, "channel", asked.channel, before.channel.as_str());
        asked
    }

    /// Returns the request as a JSON merge patch to the settings that can be changed.
    fn patch(&self) -> Value {
        let sent = [
            ("name", self.name),
            ("provider", self.provider),
            ("number", self.number),
            ("requiredVariables", self.required_variables),
            ("externalId", self.external_id),
            ("prompt", self.prompt),
            ("limits", self.limits),
            ("retentionDays", self.retention_days),
            ("voice", self.voice),
            ("sms", self.sms),
        ];
        sent.into_iter().filter_map(|(name, value)| Some((name, value?.clone()))).collect()
    }
}

/// Returns the mode of the changed agent. An agent that was stored without a mode serves live and test keys. A live key changes it in
/// place, so that it still serves test keys.
fn mode_after(before: &Agent, mode: Mode) -> Option<Mode> {
    match mode {
        Mode::Live => before.mode,
        Mode::Test => Some(Mode::Test),
    }
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::UpdateAgentRequest;
    use crate::api::agents::view::AgentView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, suspended, with_body};
    use crate::openapi::{answers, examples, parameters, schema, tool_call};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<AgentView>());
        let own = vec![
            invalid(&[("slug", "cannot be changed: make another agent")]),
            suspended(),
            ApiError::NotFound("agent"),
            conflict(),
        ];
        operation("administration", "Change an agent", UPDATE_AGENT)
            .parameter(parameters::agent_id())
            .request_body(body(request(), schema::of::<UpdateAgentRequest>(), Required::True))
            .response("200", answers::json(Some(answer()), "It is changed.", schema))
            .schema::<UpdateAgentRequest>(schema::as_it_is)
            .callback(tool_call::NAME, tool_call::callback("call-changed-tool"))
            .refused(with_body(own))
    }

    const UPDATE_AGENT: &str = "A JSON merge patch to what `get-agent` shows; the whole of what comes of it is judged as if it were new. \
    `version` counts the changes; a conversation keeps the version it began with.";

    fn answer() -> Value {
        examples::one(examples::administration::agent())
    }

    fn request() -> Value {
        json!({"name": "Reception", "sms": {"maxToolCalls": 2, "helpText": null}})
    }
}
