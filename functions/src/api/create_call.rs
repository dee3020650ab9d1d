//! `POST /v1/calls`: accepts a call.

use domain::call::Status;
use domain::ids::{AgentId, ConversationId, Operation, Scope};
use domain::phone::PhoneNumber;
use domain::size::stored_len;
use domain::time::Timestamp;
use lambda_http::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::Table;
use store::keys::{self, Key};

use crate::acceptance::{self, AgentName, ContactWish, NewRequest, Refusal, Sender, Wrong};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;

/// What a request may say.
pub(crate) const FIELDS: [&str; 8] =
    ["agentId", "agentSlug", "toNumber", "fromNumber", "dynamicVariables", "metadata", "notBefore", "notAfter"];

pub(crate) const MAX_METADATA_BYTES: usize = 16 * 1024;
pub(crate) const MAX_VARIABLES: usize = 100;
pub(crate) const MAX_VARIABLES_BYTES: usize = 64 * 1024;

/// What a client hears of an accepted call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AcceptedCall))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accepted {
    /// The call's id, for good.
    conversation_id: ConversationId,
    /// Where it stands.
    status: Status,
}

/// Whatever can be told of the request before it is judged: nothing here waits on anything.
pub(crate) fn reads(request: &Request, scope: &Scope) -> Vec<Key> {
    let mut wanted = vec![keys::wallet(scope)];
    wanted.extend(id(request, scope).map(keys::call));
    wanted.extend(named(request, scope));
    wanted
}

/// The call that a request is, by its key.
fn id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| ConversationId::for_key(scope, Operation::CreateCall, &key))
}

/// The agent and the do-not-call entry that a request names.
pub(super) fn named(request: &Request, scope: &Scope) -> Vec<Key> {
    let text = |name: &str| request.json().and_then(|body| body.get(name)).and_then(Value::as_str);
    let by_slug = || text("agentSlug").map(|slug| AgentId::for_slug(&scope.organization, slug));
    let agent = text("agentId").and_then(AgentId::parse).or_else(by_slug);
    let to = text("toNumber").and_then(|to| PhoneNumber::parse(to).ok());
    let agent = agent.into_iter().flat_map(|id| Table::agent_keys(scope, id));
    agent.chain(to.map(|to| keys::suppression(scope, &to))).collect()
}

/// Accepts a call.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, mut items } = authorized;
    let known =
        acceptance::known(app, &items, id(request, &caller.scope), &request.fingerprint()).await.map_err(refused)?;
    let admitted = match known {
        Some(known) => known,
        None => {
            let asked = parse(request, &caller.scope, app.store.table.now())?;
            acceptance::accept(app, &caller, &mut items, &asked).await.map_err(refused)?
        }
    };
    let accepted = Accepted { conversation_id: admitted.call.id, status: admitted.call.status };
    let response = Response::data(StatusCode::ACCEPTED, request, accepted)?;
    Ok(if admitted.replayed { response.replayed() } else { response })
}

fn refused(refusal: Refusal) -> ApiError {
    let field = |wrong: &Wrong| wrong.field("dynamicVariables", "fromNumber");
    refusal.into_error(|wrong| ApiError::Validation(wrong.iter().map(field).collect()))
}

fn parse(request: &Request, scope: &Scope, now: Timestamp) -> Result<NewRequest, ApiError> {
    let mut fields = Fields::open(request, &FIELDS)?;
    must_have_a_key(&mut fields, request);
    let agent = agent(&mut fields, scope);
    let to = fields.required_phone_number("toNumber");
    let from = fields.phone_number("fromNumber");
    let variables = variables(&mut fields);
    let metadata = metadata(&mut fields, request);
    let not_before = fields.timestamp("notBefore");
    let not_after = fields.timestamp("notAfter");
    if not_before.zip(not_after).is_some_and(|(not_before, not_after)| not_after <= not_before) {
        fields.refuse("notAfter", "must be later than notBefore");
    } else if fields.is_refused() && not_after.is_some_and(|not_after| not_after <= now) {
        // Such a request was never accepted: everything wrong with it is said at once. A retry of an accepted one is not
        // asked this.
        fields.refuse("notAfter", Wrong::WindowPast.message());
    }
    fields.finish()?;
    let (Some(agent), Some(to)) = (agent, to) else {
        return Err(ApiError::field("body", "is not a request for a call"));
    };
    Ok(NewRequest {
        id: id(request, scope),
        fingerprint: request.fingerprint(),
        agent: AgentName::id(agent),
        to,
        raw_number: None,
        sender: Sender::AgentsElse(from),
        variables,
        keeps_variables: true,
        metadata,
        client_call_id: None,
        requested_agent: None,
        not_before,
        not_after,
        contact: ContactWish::Nobody,
        request_id: Some(request.request_id.clone()),
    })
}

fn must_have_a_key(fields: &mut Fields<'_>, request: &Request) {
    let wrong = match idempotency::key(request) {
        idempotency::Key::Given(_) => return,
        idempotency::Key::Missing => "is required: a new one for each call, the same for each retry of it",
        idempotency::Key::Malformed => idempotency::MALFORMED,
    };
    fields.refuse(idempotency::HEADER, wrong);
}

pub(super) fn agent(fields: &mut Fields<'_>, scope: &Scope) -> Option<AgentId> {
    match (fields.has("agentId"), fields.has("agentSlug")) {
        (true, true) => {
            fields.refuse("agentId", "must not be sent together with agentSlug");
            fields.refuse("agentSlug", "must not be sent together with agentId");
            None
        }
        (false, false) => {
            fields.refuse("agentId", "is required, or agentSlug: one of the two");
            None
        }
        (true, false) => fields.agent_id("agentId"),
        (false, true) => {
            let slug = fields.text_within("agentSlug", 1, 255)?;
            Some(AgentId::for_slug(&scope.organization, slug))
        }
    }
}

pub(super) fn variables(fields: &mut Fields<'_>) -> Map<String, Value> {
    let Some(object) = fields.object("dynamicVariables") else { return Map::new() };
    for (name, _) in object.iter().filter(|(_, value)| !value.is_string()) {
        fields.refuse(format!("dynamicVariables.{name}"), "must be a string");
    }
    let texts = object.iter().filter_map(|(name, value)| Some(stored_len(name) + stored_len(value.as_str()?)));
    if object.len() > MAX_VARIABLES {
        fields.refuse("dynamicVariables", "must not be more than 100");
    }
    // As they are stored: a control character is six bytes there.
    if texts.sum::<usize>() > MAX_VARIABLES_BYTES {
        fields.refuse("dynamicVariables", "must not be larger than 64 KiB together, as JSON");
    }
    object.clone()
}

/// The metadata to the letter: it goes back as it came.
pub(super) fn metadata(fields: &mut Fields<'_>, request: &Request) -> Option<Box<RawValue>> {
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
