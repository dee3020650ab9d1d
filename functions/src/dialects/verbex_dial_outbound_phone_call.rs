//! `POST /v1/calls/dial-outbound-phone-call`: accepts a call in the `verbex` dialect.

use domain::ids::{AgentId, ConversationId, ObjectId, Scope};
use domain::key::Permission;
use domain::payload::Content;
use domain::phone::PhoneNumber;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::Table;
use store::keys::Key;

use super::fastapi::{self, Body};
use super::levers_call_contact::check_key;
use super::verbex::{CallLinks, PhoneCall};
use super::verbex_token::CallToken;
use crate::acceptance::limits::{MAX_METADATA_BYTES, MAX_VARIABLES, MAX_VARIABLES_BYTES};
use crate::acceptance::{self, AgentName, ContactWish, NewRequest, Refusal, Sender};
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "verbex-dial-outbound-phone-call",
    trigger: Trigger::Http(
        Route::with_key(
            "POST",
            "/v1/calls/dial-outbound-phone-call",
            Permission::CanInitiateCalls,
            keys_to_load,
            |authorized| handle(authorized).boxed(),
        )
        .with_idempotency_key(KeyUse::Optional)
        .with_resource_named_by(|request| call_id(request).is_some())
        .in_dialect(Dialect::Verbex),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Call to place, in the format of `verbex`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct VerbexCallRequest {
    /// Calling number, in E.164. Its agent holds the call, unless the request names another agent.
    from_number: PhoneNumber,
    /// Phone number to call, in E.164.
    to_number: PhoneNumber,
    /// Direction of the call: `outbound`, which is also the default. `inbound` is refused.
    #[cfg_attr(feature = "openapi", schema(rename = "direction", value_type = Option<String>))]
    _direction: Option<Outbound>,
    /// The client's own id of the call, 1 to 255 characters. It also serves as the idempotency key of the request.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    call_id: Option<String>,
    /// Agent that holds the call instead of the number's own: its id, its slug, or its id in another system.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    override_ai_agent_id: Option<String>,
    /// JSON object of at most 16 KiB. It is returned unchanged.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
    /// Values for the placeholders in the agent's templates: at most 100, and at most 64 KiB together as JSON. Objects may be nested.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pia_llm_dynamic_data: Map<String, Value>,
}

/// Direction of a call that is dialled, the only accepted one.
struct Outbound;

/// Longest id of a client's own, in characters.
const LONGEST_CALL_ID: usize = 255;

/// Returns the keys of all items that are known from the request alone.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let asked = VerbexCallRequest::parse(request).map(|asked| asked.into_acceptance(request, scope));
    let asked = asked.map(|asked| acceptance::keys_to_load(&asked, scope)).unwrap_or_default();
    let of_object = |object| Table::full_call_keys(ConversationId::for_object(scope, object)).to_vec();
    asked.into_iter().chain(object(request, scope).map(of_object).unwrap_or_default()).collect()
}

/// Returns the id that the client chose for the call.
pub(super) fn call_id(request: &Request) -> Option<&str> {
    let text = request.json()?.get("call_id")?.as_str()?;
    (1..=LONGEST_CALL_ID).contains(&text.chars().count()).then_some(text)
}

/// Returns the id of the request's call, derived from the client's own id or the idempotency key. Returns `None` if the request has
/// neither, because then no replay can be recognized.
fn object(request: &Request, scope: &Scope) -> Option<ObjectId> {
    let named = call_id(request).map(str::to_owned).or_else(|| idempotency::given(request));
    named.map(|name| ObjectId::for_key(scope, &name))
}

/// Accepts a call. A repeated request returns the call that it created before.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, mut items } = authorized;
    let table = &app.store.table;
    let known_as = object(request, &caller.scope);
    let object = match known_as {
        Some(object) => object,
        None => ObjectId::random(table.entropy().bytes()?),
    };
    let id = ConversationId::for_object(&caller.scope, object);
    let seen = known_as.map(|_| id);
    let (admitted, given) = match acceptance::known(app, &items, seen, &request.fingerprint()).await.map_err(refused)? {
        Some(known) => (known, Content::default()),
        None => {
            let asked = VerbexCallRequest::parse(request)?.into_acceptance(request, &caller.scope);
            let asked = NewRequest { id: Some(id), ..asked };
            (acceptance::accept(app, &caller, &mut items, &asked).await.map_err(refused)?, content(asked))
        }
    };
    let call = admitted.call;
    let token = CallToken::seal(&caller.organization, &caller.scope, call.id, table.now());
    let beside = CallLinks { object, token, origin: request.origin() };
    // A replay also returns what was said in the meantime.
    let full = if admitted.replayed { table.full_call(&caller.scope, call.id, &items).await? } else { None };
    let shown = match full {
        Some(full) => PhoneCall::new(full.call, full.content, full.transcript.unwrap_or_default(), beside),
        None => PhoneCall::new(call, given, Vec::new(), beside),
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

impl VerbexCallRequest {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut body = Body::open(request)?;
        let from_number = body.required_number("from_number");
        let to_number = body.required_number("to_number");
        let direction = direction(&mut body);
        let call_id = body.text("call_id", 1, LONGEST_CALL_ID).map(str::to_owned);
        let override_ai_agent_id = body.text("override_ai_agent_id", 1, 255).map(str::to_owned);
        let metadata = metadata(&mut body, request);
        let pia_llm_dynamic_data = variables(&mut body, "pia_llm_dynamic_data");
        check_key(&mut body, request);
        body.finish()?;
        let Some((from_number, to_number)) = from_number.zip(to_number) else {
            return Err(ApiError::field("body", "is not a request for a call"));
        };
        Ok(Self {
            from_number,
            to_number,
            _direction: direction,
            call_id,
            override_ai_agent_id,
            metadata,
            pia_llm_dynamic_data,
        })
    }

    /// Converts the request for acceptance.
    fn into_acceptance(self, request: &Request, scope: &Scope) -> NewRequest {
        let by_name = |name: &String| AgentName {
            ids: AgentId::parse(name).into_iter().chain([AgentId::for_slug(&scope.organization, name)]).collect(),
            alias: Some(name.clone()),
            or_default: false,
        };
        let owner = || AgentName { alias: Some(self.from_number.as_str().to_owned()), ..AgentName::default() };
        NewRequest {
            id: object(request, scope).map(|object| ConversationId::for_object(scope, object)),
            fingerprint: request.fingerprint(),
            agent: self.override_ai_agent_id.as_ref().map_or_else(owner, by_name),
            to: self.to_number,
            raw_number: None,
            sender: Sender::Given(self.from_number),
            variables: self.pia_llm_dynamic_data,
            keeps_variables: true,
            metadata: self.metadata,
            client_call_id: self.call_id,
            requested_agent: self.override_ai_agent_id,
            not_before: None,
            not_after: None,
            contact: ContactWish::Nobody,
            request_id: Some(request.request_id.clone()),
        }
    }
}

fn direction(body: &mut Body<'_>) -> Option<Outbound> {
    match body.value("direction")?.as_str() {
        Some("outbound") => return Some(Outbound),
        Some("inbound") => body.refuse("direction", "value_error", "Value error, only outbound calls can be dialled"),
        Some(_) | None => body.refuse("direction", "enum", "Input should be 'inbound' or 'outbound'"),
    }
    None
}

/// Reads the metadata as raw JSON, because it is returned unchanged.
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

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::schema::Schema;
    use utoipa::openapi::{Object, RefOr, Required};

    use super::VerbexCallRequest;
    use crate::dialects::{verbex, verbex_reasons};
    use crate::openapi::operation::{Document, accepted, body, common_refusals, operation, problem};
    use crate::openapi::{parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let mut own = common_refusals();
        own.push(problem("from_number", "missing", "Field required"));
        operation("verbex", "Place a call in the words of verbex", VERBEX)
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema::of::<VerbexCallRequest>(), Required::True))
            .response("201", accepted(None, schema::of::<verbex::PhoneCall>()))
            .schema::<VerbexCallRequest>(schema::as_it_is)
            .schema::<verbex::PhoneCall>(with_the_finish_reasons)
            .refused(own)
    }

    fn with_the_finish_reasons(object: &mut Object) {
        schema::always_there(object);
        let words: Vec<Value> = verbex_reasons::words().map(Value::from).collect();
        if let Some(RefOr::T(Schema::Object(reason))) = object.properties.get_mut("call_finish_reason") {
            reason.enum_values = Some(words.into_iter().chain([Value::Null]).collect());
        }
    }

    const VERBEX: &str = "The same acceptance as `create-call`, behind the door that clients of verbex know. The agent is the one \
    that owns `from_number`, unless another one is named. Unknown fields are ignored. Webhooks are the native ones.";

    fn request() -> Value {
        json!({
            "from_number": "+15555550100", "to_number": "+15555550123", "call_id": "order-4711",
            "metadata": {"order": 4711}, "pia_llm_dynamic_data": {"firstName": "Ada"}
        })
    }
}
