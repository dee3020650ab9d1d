//! `POST /v1/calls`: accepts a call.

use std::collections::BTreeMap;

use domain::call::{Call, DEFAULT_WINDOW, NewCall, Status, Window};
use domain::conversation::AgentRef;
use domain::fingerprint::fingerprint;
use domain::ids::{AgentId, Channel, ConversationId, Mode, Operation, Scope};
use domain::organization::{Agent, Content, Provider};
use domain::phone::PhoneNumber;
use domain::planted::{Bug, is_planted};
use domain::time::Timestamp;
use lambda_http::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use store::Acceptance;
use store::keys::{self, Key};

use crate::error::{ApiError, FieldError};
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;

/// What a request may say.
pub(crate) const FIELDS: [&str; 8] =
    ["agentId", "agentSlug", "toNumber", "fromNumber", "dynamicVariables", "metadata", "notBefore", "notAfter"];

const MAX_METADATA_BYTES: usize = 16 * 1024;
const MAX_VARIABLES: usize = 100;
const MAX_VARIABLES_BYTES: usize = 64 * 1024;

/// What a client asks for, well-formed.
#[derive(Debug)]
struct CreateCall {
    id: ConversationId,
    fingerprint: String,
    agent: AgentId,
    to: PhoneNumber,
    from: Option<PhoneNumber>,
    content: Content,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
}

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
    let mut wanted = Vec::with_capacity(3);
    if let idempotency::Key::Given(key) = idempotency::key(request) {
        wanted.push(keys::call(ConversationId::for_key(scope, Operation::CreateCall, &key)));
    }
    let text = |name: &str| request.json().and_then(|body| body.get(name)).and_then(Value::as_str);
    let by_slug = || text("agentSlug").map(|slug| AgentId::for_slug(&scope.organization, slug));
    if let Some(id) = text("agentId").and_then(AgentId::parse).or_else(by_slug) {
        wanted.push(keys::agent(&scope.organization, id));
    }
    if let Some(to) = text("toNumber").and_then(|to| PhoneNumber::parse(to).ok()) {
        wanted.push(keys::suppression(scope, &to));
    }
    wanted
}

/// Accepts a call: one conditional write, then one message. A replay is answered before anything is judged that may
/// have changed since.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let now = authorized.app.store.table.now();
    let asked = CreateCall::parse(authorized.request, &authorized.caller.scope, now)?;
    if is_planted(Bug::RefuseReplay) {
        must_not_be_suppressed(&authorized, &asked)?;
    }
    let known: Option<Call> = authorized.items.read("call", &keys::call(asked.id))?;
    if let Some(known) = known {
        return replay(authorized.request, &asked, &known);
    }
    let call = judge(&authorized, &asked, now)?;
    let Authorized { app, request, .. } = authorized;
    match app.store.table.accept(&call, &asked.content).await? {
        Acceptance::Existing(known) => replay(request, &asked, &known),
        Acceptance::Fresh => {
            app.store.wake(&call, now).await;
            let accepted = Accepted { conversation_id: call.id, status: call.status };
            Ok(Response::data(StatusCode::ACCEPTED, request, accepted)?)
        }
    }
}

/// The same key again: the same request is answered with the call as it is now, another one is refused.
fn replay(request: &Request, asked: &CreateCall, known: &Call) -> Result<Response, ApiError> {
    if known.fingerprint != asked.fingerprint {
        return Err(ApiError::KeyReused);
    }
    let accepted = Accepted { conversation_id: known.id, status: known.status };
    Ok(Response::data(StatusCode::ACCEPTED, request, accepted)?.replayed())
}

/// Judges a new request by everything that may change: the organization, the agent, the do-not-call list, the time.
fn judge(authorized: &Authorized<'_>, asked: &CreateCall, now: Timestamp) -> Result<Call, ApiError> {
    let Authorized { caller, items, .. } = authorized;
    caller.must_not_be_suspended()?;
    let agent: Option<Agent> = items.read("agent", &keys::agent(&caller.scope.organization, asked.agent))?;
    let agent = agent.filter(|agent| agent.channel == Channel::Voice).ok_or(ApiError::NotFound("agent"))?;
    let mut wrong: Vec<FieldError> = asked.not_after.and_then(|not_after| past(not_after, now)).into_iter().collect();
    let from = sender(authorized, asked, &agent).map_err(|error| wrong.push(error)).ok();
    let missing = agent.required_variables.iter().filter(|name| !asked.content.dynamic_variables.contains_key(*name));
    wrong.extend(missing.map(|name| FieldError::new(format!("dynamicVariables.{name}"), "is required by the agent")));
    let (Some(from), true) = (from, wrong.is_empty()) else { return Err(ApiError::Validation(wrong)) };
    must_not_be_suppressed(authorized, asked)?;
    let new = NewCall {
        id: asked.id,
        scope: caller.scope.clone(),
        fingerprint: asked.fingerprint.clone(),
        provider: match caller.scope.mode {
            Mode::Test => Provider::Simulator,
            Mode::Live => agent.provider,
        },
        agent: AgentRef { id: agent.id, slug: agent.slug, version: agent.version },
        to: asked.to.clone(),
        from,
        window: asked.window(now),
        limits: agent.limits,
    };
    Ok(Call::accept(new, now))
}

/// What is wrong with the end of a window that is over. A retry of an accepted request is not asked this.
fn past(not_after: Timestamp, now: Timestamp) -> Option<FieldError> {
    (not_after <= now).then(|| FieldError::new("notAfter", "is past"))
}

fn must_not_be_suppressed(authorized: &Authorized<'_>, asked: &CreateCall) -> Result<(), ApiError> {
    let entry = keys::suppression(&authorized.caller.scope, &asked.to);
    if authorized.items.get(&entry).is_some() { Err(ApiError::DoNotCall) } else { Ok(()) }
}

/// The number that calls: the agent's own, else the request's.
fn sender(authorized: &Authorized<'_>, asked: &CreateCall, agent: &Agent) -> Result<PhoneNumber, FieldError> {
    if let Some(own) = &agent.number {
        return Ok(own.clone());
    }
    let given = asked.from.clone();
    let given =
        given.ok_or_else(|| FieldError::new("fromNumber", "is required: the agent has no number of its own"))?;
    let caller = &authorized.caller;
    if caller.scope.mode == Mode::Live && !caller.organization.numbers.contains(&given) {
        return Err(FieldError::new("fromNumber", "is not one of the organization's numbers"));
    }
    Ok(given)
}

impl CreateCall {
    fn parse(request: &Request, scope: &Scope, now: Timestamp) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        let key = match idempotency::key(request) {
            idempotency::Key::Given(key) => Some(key),
            idempotency::Key::Missing => {
                fields
                    .refuse(idempotency::HEADER, "is required: a new one for each call, the same for each retry of it");
                None
            }
            idempotency::Key::Malformed => {
                fields.refuse(idempotency::HEADER, idempotency::MALFORMED);
                None
            }
        };
        let agent = agent(&mut fields, scope);
        let to = fields.required_phone_number("toNumber");
        let from = fields.phone_number("fromNumber");
        let dynamic_variables = variables(&mut fields);
        let metadata = metadata(&mut fields, request);
        let not_before = fields.timestamp("notBefore");
        let not_after = fields.timestamp("notAfter");
        if not_before.zip(not_after).is_some_and(|(not_before, not_after)| not_after <= not_before) {
            fields.refuse("notAfter", "must be later than notBefore");
        } else if fields.is_refused()
            && let Some(past) = not_after.and_then(|not_after| past(not_after, now))
        {
            // Such a request was never accepted: everything wrong with it is said at once.
            fields.refuse(past.field, past.message);
        }
        fields.finish()?;
        let (Some(key), Some(agent), Some(to)) = (key, agent, to) else {
            return Err(ApiError::field("body", "is not a request for a call"));
        };
        Ok(Self {
            id: ConversationId::for_key(scope, Operation::CreateCall, &key),
            fingerprint: request.json().map(fingerprint).unwrap_or_default(),
            agent,
            to,
            from,
            content: Content { dynamic_variables, metadata },
            not_before,
            not_after,
        })
    }

    fn window(&self, now: Timestamp) -> Window {
        let not_before = self.not_before.map_or(now, |not_before| not_before.max(now));
        Window { not_before, not_after: self.not_after.unwrap_or(not_before + DEFAULT_WINDOW) }
    }
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

pub(super) fn variables(fields: &mut Fields<'_>) -> BTreeMap<String, String> {
    let Some(object) = fields.object("dynamicVariables") else { return BTreeMap::new() };
    let mut variables = BTreeMap::new();
    for (name, value) in object {
        match value.as_str() {
            Some(text) => drop(variables.insert(name.clone(), text.to_owned())),
            None => fields.refuse(format!("dynamicVariables.{name}"), "must be a string"),
        }
    }
    let bytes: usize = variables.iter().map(|(name, text)| name.len() + text.len()).sum();
    if object.len() > MAX_VARIABLES {
        fields.refuse("dynamicVariables", "must not be more than 100");
    }
    if bytes > MAX_VARIABLES_BYTES {
        fields.refuse("dynamicVariables", "must not be larger than 64 KiB together");
    }
    variables
}

/// The metadata to the letter: it goes back as it came.
pub(super) fn metadata(fields: &mut Fields<'_>, request: &Request) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Raw {
        metadata: Option<Box<RawValue>>,
    }

    fields.object("metadata")?;
    let Ok(raw) = serde_json::from_slice::<Raw>(request.body()) else {
        fields.refuse("metadata", "must be sent once");
        return None;
    };
    if raw.metadata.as_ref().is_some_and(|metadata| metadata.get().len() > MAX_METADATA_BYTES) {
        fields.refuse("metadata", "must not be larger than 16 KiB as JSON");
        return None;
    }
    raw.metadata
}
