//! `POST /v1/calls/dial-outbound-phone-call`: accepts a call in the words of `verbex`.

use domain::fingerprint::fingerprint;
use domain::ids::{AgentId, ConversationId, ObjectId, Scope};
use domain::organization::Content;
use lambda_http::http::StatusCode;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::Table;
use store::keys::Key;

use super::fastapi::{self, Body};
use super::verbex::{Beside, PhoneCall};
use super::verbex_token::CallToken;
use crate::acceptance::{self, AgentName, ContactWish, NewRequest, Refusal, Sender};
use crate::api::create_call::{MAX_METADATA_BYTES, MAX_VARIABLES, MAX_VARIABLES_BYTES};
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;

/// What a request may say. What else it says is ignored, as the original does.
#[cfg(feature = "openapi")]
pub(crate) const FIELDS: [&str; 7] =
    ["from_number", "to_number", "direction", "call_id", "override_ai_agent_id", "metadata", "pia_llm_dynamic_data"];

/// What can be told of the request before it is judged.
pub(crate) fn reads(request: &Request, scope: &Scope) -> Vec<Key> {
    let Ok((asked, _)) = parse(request, scope) else { return Vec::new() };
    let content = asked.id.map(|id| Table::full_call_keys(id).to_vec()).unwrap_or_default();
    acceptance::reads(&asked, scope).into_iter().chain(content).collect()
}

/// Accepts a call.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, mut items } = authorized;
    let (mut asked, object) = parse(request, &caller.scope)?;
    let table = &app.store.table;
    let object = match object {
        Some(object) => object,
        None => ObjectId::random(table.entropy().bytes()?),
    };
    asked.id = Some(ConversationId::for_object(&caller.scope, object));
    let admitted = acceptance::accept(app, &caller, &mut items, &asked).await.map_err(refused)?;
    let call = admitted.call;
    let token = CallToken::seal(&caller.organization, &caller.scope, call.id, table.now());
    let beside = Beside { object, token, origin: request.origin() };
    // A replay may have to show what was said meanwhile.
    let full = if admitted.replayed { table.full_call(&caller.scope, call.id, &items).await? } else { None };
    let shown = match full {
        Some(full) => PhoneCall::new(full.call, full.content, full.transcript.unwrap_or_default(), beside),
        None => PhoneCall::new(call, content(asked), Vec::new(), beside),
    };
    let response = Response::json(StatusCode::CREATED, &shown)?;
    Ok(if admitted.replayed { response.replayed() } else { response })
}

fn refused(refusal: Refusal) -> ApiError {
    refusal.into_error(|wrong| fastapi::beside(&wrong, "pia_llm_dynamic_data", "from_number"))
}

fn content(asked: NewRequest) -> Content {
    Content {
        dynamic_variables: asked.variables,
        prompt: None,
        raw_number: None,
        client_call_id: asked.client_call_id,
        requested_agent: asked.requested_agent,
        voice: None,
        metadata: asked.metadata,
    }
}

/// Reads a request, with the name that its call gets; `None` where nothing says that two requests are one.
fn parse(request: &Request, scope: &Scope) -> Result<(NewRequest, Option<ObjectId>), ApiError> {
    let mut body = Body::open(request)?;
    let from = body.required_number("from_number");
    let to = body.required_number("to_number");
    direction(&mut body);
    let call_id = body.text("call_id", 1, 255);
    let agent = body.text("override_ai_agent_id", 1, 255);
    let metadata = metadata(&mut body, request);
    let variables = variables(&mut body, "pia_llm_dynamic_data");
    let key = match idempotency::key(request) {
        idempotency::Key::Given(key) => Some(key),
        idempotency::Key::Missing => None,
        idempotency::Key::Malformed => {
            body.refuse(idempotency::HEADER, "value_error", format_args!("Value error, {}", idempotency::MALFORMED));
            None
        }
    };
    body.finish()?;
    let Some((from, to)) = from.zip(to) else { return Err(ApiError::field("body", "is not a request for a call")) };
    let by_name = |name: &str| AgentName {
        ids: AgentId::parse(name).into_iter().chain([AgentId::for_slug(&scope.organization, name)]).collect(),
        alias: Some(name.to_owned()),
        or_default: false,
    };
    let owner = || AgentName { alias: Some(from.as_str().to_owned()), ..AgentName::default() };
    let object = call_id.map(str::to_owned).or(key).map(|key| ObjectId::for_key(scope, &key));
    let asked = NewRequest {
        id: object.map(|object| ConversationId::for_object(scope, object)),
        fingerprint: request.json().map(fingerprint).unwrap_or_default(),
        agent: agent.map_or_else(owner, by_name),
        to,
        raw_number: None,
        sender: Sender::Given(from),
        variables,
        keeps_variables: true,
        metadata,
        client_call_id: call_id.map(str::to_owned),
        requested_agent: agent.map(str::to_owned),
        not_before: None,
        not_after: None,
        contact: ContactWish::Nobody,
        request_id: Some(request.request_id.clone()),
    };
    Ok((asked, object))
}

fn direction(body: &mut Body<'_>) {
    match body.value("direction").map(Value::as_str) {
        None | Some(Some("outbound")) => {}
        Some(Some("inbound")) => {
            body.refuse("direction", "value_error", "Value error, only outbound calls can be dialled");
        }
        Some(_) => body.refuse("direction", "enum", "Input should be 'inbound' or 'outbound'"),
    }
}

/// The metadata to the letter: it goes back as it came.
pub(super) fn metadata(body: &mut Body<'_>, request: &Request) -> Option<Box<RawValue>> {
    body.object("metadata")?;
    let Ok(raw) = request.raw_metadata() else {
        body.refuse("metadata", "value_error", "Value error, must be sent once");
        return None;
    };
    if raw.as_ref().is_some_and(|metadata| metadata.get().len() > MAX_METADATA_BYTES) {
        body.refuse("metadata", "value_error", "Value error, must not be larger than 16 KiB as JSON");
    }
    raw
}

fn variables(body: &mut Body<'_>, field: &str) -> Map<String, Value> {
    let Some(object) = body.object(field) else { return Map::new() };
    let size = body.value(field).map_or(0, |value| value.to_string().len());
    if object.len() > MAX_VARIABLES || size > MAX_VARIABLES_BYTES {
        let message = "Value error, must not be more than 100, nor larger than 64 KiB together";
        body.refuse(field, "value_error", message);
    }
    object.clone()
}
