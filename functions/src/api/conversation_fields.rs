//! The fields that requests for calls and for SMS conversations share.

use domain::ids::{AgentId, Scope};
use domain::phone::PhoneNumber;
use domain::size::stored_len;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::Table;
use store::keys::{self, Key};

use crate::acceptance::AgentName;
use crate::acceptance::limits::{MAX_METADATA_BYTES, MAX_VARIABLES, MAX_VARIABLES_BYTES};
use crate::fields::Fields;
use crate::http::Request;

/// Returns the keys of the agent and of the do-not-call entry that a request names.
pub(crate) fn agent_and_suppression_keys(request: &Request, scope: &Scope) -> Vec<Key> {
    let text = |name: &str| request.json().and_then(|body| body.get(name)).and_then(Value::as_str);
    let by_slug = || text("agentSlug").map(|slug| AgentId::for_slug(&scope.organization, slug));
    let agent = text("agentId").and_then(AgentId::parse).or_else(by_slug);
    let to = text("toNumber").and_then(|to| PhoneNumber::parse(to).ok());
    let agent = agent.into_iter().flat_map(|id| Table::agent_keys(scope, id));
    agent.chain(to.map(|to| keys::suppression(scope, &to))).collect()
}

/// Reads `agentId` and `agentSlug`. Exactly one of the two must be present.
pub(crate) fn agent(fields: &mut Fields<'_>) -> (Option<AgentId>, Option<String>) {
    match (fields.has("agentId"), fields.has("agentSlug")) {
        (true, true) => {
            fields.refuse("agentId", "must not be sent together with agentSlug");
            fields.refuse("agentSlug", "must not be sent together with agentId");
            (None, None)
        }
        (false, false) => {
            fields.refuse("agentId", "is required, or agentSlug: one of the two");
            (None, None)
        }
        (true, false) => (fields.agent_id("agentId"), None),
        (false, true) => (None, fields.text_within("agentSlug", 1, 255).map(str::to_owned)),
    }
}

/// Returns the agent's name for acceptance, from its id or its slug.
pub(crate) fn agent_name(id: Option<AgentId>, slug: Option<&str>, scope: &Scope) -> AgentName {
    let by_slug = slug.map(|slug| AgentId::for_slug(&scope.organization, slug));
    AgentName { ids: id.into_iter().chain(by_slug).collect(), ..AgentName::default() }
}

/// Reads `dynamicVariables`: at most 100 strings, and at most 64 KiB together in stored form.
pub(crate) fn variables(fields: &mut Fields<'_>) -> Map<String, Value> {
    let Some(object) = fields.object("dynamicVariables") else { return Map::new() };
    for (name, _) in object.iter().filter(|(_, value)| !value.is_string()) {
        fields.refuse(format!("dynamicVariables.{name}"), "must be a string");
    }
    let texts = object.iter().filter_map(|(name, value)| Some(stored_len(name) + stored_len(value.as_str()?)));
    if object.len() > MAX_VARIABLES {
        fields.refuse("dynamicVariables", "must not be more than 100");
    }
    // The limit applies to the stored form, in which a control character takes six bytes.
    if texts.sum::<usize>() > MAX_VARIABLES_BYTES {
        fields.refuse("dynamicVariables", "must not be larger than 64 KiB together, as JSON");
    }
    object.clone()
}

/// Reads `metadata` as raw JSON, because it is returned unchanged. The limit is 16 KiB.
pub(crate) fn metadata(fields: &mut Fields<'_>, request: &Request) -> Option<Box<RawValue>> {
    fields.object("metadata")?;
    let Ok(raw) = request.raw_metadata() else {
        fields.refuse("metadata", "must be sent once");
        return None;
    };
    if raw.as_ref().is_some_and(|metadata| metadata.get().len() > MAX_METADATA_BYTES) {
        fields.refuse("metadata", "must not be larger than 16 KiB as JSON");
        return None;
    }
    raw
}
