//! The operations of other vendors' front doors: what their documents say, and what was chosen where they say nothing.

use domain::time::Timestamp;
use lambda_http::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Required, ResponseBuilder};

use super::operations::{WithRefusals, body, conflict, insufficient_funds, operation};
use super::schemas::{NamedSchema, always_there, named, of, written};
use super::{answers, parameters};
use crate::dialect::Dialect;
use crate::dialects::{
    klen, klen_create_call, levers, levers_call_bulk, levers_call_contact, verbex, verbex_get_transcript,
    verbex_reasons,
};
use crate::error::ApiError;
use crate::http::MAX_BODY_BYTES;
use crate::problem::{Problem, Step};

const CALLS: &str = "can_initiate_calls";
const READS: &str = "can_read_conversations";

/// What there is to say of a function; `None` where it is not described here.
pub(super) fn describe(name: &str) -> Option<OperationBuilder> {
    match name {
        "klen-create-call" => Some(klen_create_call()),
        "verbex-dial-outbound-phone-call" => Some(verbex_dial()),
        "verbex-get-phone-call" => Some(verbex_get()),
        "verbex-get-recording" => Some(verbex_recording()),
        "verbex-get-transcript" => Some(verbex_transcript()),
        "levers-call-contact" => Some(levers_call()),
        "levers-call-bulk" => Some(levers_bulk()),
        _ => None,
    }
}

/// A call, as a client of `klen` asks for it.
#[derive(Deserialize, ToSchema)]
#[schema(as = KlenCallRequest)]
#[expect(dead_code, reason = "describes the fields that `dialects::klen_create_call` reads one by one")]
struct KlenCall {
    /// Whom to call: E.164 is best. Spaces, hyphens, dots and brackets do no harm; without `+` the number is read in the
    /// organization's default country, and one that costs more than a call is refused unless the operator allows it.
    #[schema(example = "(555) 123-4567")]
    phone_number: String,
    /// The agent: its id, its slug, its identifier in another system, or the `agent.id` of an answer; text or whole number.
    #[schema(value_type = String)]
    agent_id: Value,
    /// The `number` of a contact.
    contact_id: Option<u64>,
    /// Values for the agent's placeholders: at most 100, and 64 KiB together as JSON. They may be nested: `{{a.b}}`.
    #[schema(value_type = Option<Object>)]
    variables: Option<Value>,
}

/// A call, as a client of `verbex` asks for it.
#[derive(Deserialize, ToSchema)]
#[schema(as = VerbexCallRequest)]
#[expect(dead_code, reason = "describes the fields that `dialects::verbex_dial_outbound_phone_call` reads one by one")]
struct VerbexCall {
    /// The calling number, in E.164. Its agent holds the call, unless another one is named.
    from_number: domain::phone::PhoneNumber,
    /// Whom to call, in E.164.
    to_number: domain::phone::PhoneNumber,
    /// `outbound`, also where it is left out. `inbound` is refused.
    direction: Option<String>,
    /// The caller's own identifier, 1 to 255 characters. It is the request's idempotency key, too.
    #[schema(min_length = 1, max_length = 255)]
    call_id: Option<String>,
    /// The agent that holds the call instead: its id, slug, or identifier in another system.
    #[schema(min_length = 1, max_length = 255)]
    override_ai_agent_id: Option<String>,
    /// Any JSON object of at most 16 KiB. It comes back untouched.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Values for the agent's placeholders: at most 100, and 64 KiB together as JSON. They may be nested.
    #[schema(value_type = Option<Object>)]
    pia_llm_dynamic_data: Option<Value>,
}

/// A call, as a client of `levers` asks for it. Every optional field may be null.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeversCallRequest)]
#[expect(dead_code, reason = "describes the fields that `dialects::levers_call_contact` reads one by one")]
struct LeversCall {
    /// Whom to call: E.164, or a number of `countryCode`, else of the organization's default country.
    #[schema(min_length = 1, max_length = 100)]
    number_to_call: String,
    /// The contact's first name.
    #[schema(max_length = 255)]
    first_name: Option<String>,
    /// The contact's last name.
    #[schema(max_length = 255)]
    last_name: Option<String>,
    /// The contact's email address.
    #[schema(max_length = 255)]
    email: Option<String>,
    /// The contact. Where there is none of this id, it is found by its number, else made.
    contact_uuid: Option<domain::ids::ContactId>,
    /// Whether the names and the email address change a contact that is there already. False by default.
    update_existing: Option<bool>,
    /// The agent. The organization's default agent where it is left out.
    ai_settings_template_id: Option<domain::ids::AgentId>,
    /// The country that a number without `+` is read in: ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Z]{2}$", min_length = 2, max_length = 2)]
    country_code: Option<String>,
    /// Any JSON object of at most 16 KiB. It comes back in the call's events as `"metadata": {"requestMetadata": …}`.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Texts for the placeholders of the agent's prompt, at most 100, and 64 KiB together as JSON. They go into the prompt, and
    /// nowhere else.
    prompt_tags: Option<std::collections::HashMap<String, String>>,
    /// Not dialled before this moment. The original knows no window; this is the native API's.
    not_before: Option<Timestamp>,
    /// Not dialled from this moment on: by default 15 minutes after the later of now and `notBefore`.
    not_after: Option<Timestamp>,
}

/// Many calls, as a client of `levers` asks for them.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeversBulkRequest)]
#[expect(dead_code, reason = "describes the fields that `dialects::levers_call_bulk` reads one by one")]
struct LeversBulk {
    /// Whom to call, each with the fields of a single call that say something of one contact.
    #[schema(min_items = 1, max_items = 1000)]
    contacts: Vec<LeversBulkContact>,
    /// The agent. The organization's default agent where it is left out.
    ai_settings_template_id: Option<domain::ids::AgentId>,
    /// Whether names and email addresses change contacts that are there already. False by default.
    update_existing: Option<bool>,
    /// The country that numbers without `+` are read in: ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Z]{2}$", min_length = 2, max_length = 2)]
    country_code: Option<String>,
    /// Taken for the original's sake. Nothing depends on it.
    #[schema(minimum = 10, maximum = 1000)]
    batch_size: Option<u32>,
}

/// One of many to be called.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeversBulkContactRequest)]
#[expect(dead_code, reason = "describes the fields that `dialects::levers` reads one by one")]
struct LeversBulkContact {
    /// As for a single call.
    #[schema(min_length = 1, max_length = 100)]
    number_to_call: String,
    /// As for a single call.
    first_name: Option<String>,
    /// As for a single call.
    last_name: Option<String>,
    /// As for a single call.
    email: Option<String>,
    /// As for a single call.
    contact_uuid: Option<domain::ids::ContactId>,
    /// As for a single call.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// As for a single call.
    prompt_tags: Option<std::collections::HashMap<String, String>>,
    /// As for a single call.
    not_before: Option<Timestamp>,
    /// As for a single call.
    not_after: Option<Timestamp>,
}

/// The schemas that only these operations refer to.
pub(super) fn schemas(found: &mut Vec<NamedSchema>) {
    for collect in [named::<KlenCall>, named::<VerbexCall>, named::<LeversCall>, named::<LeversBulk>] {
        collect(found);
    }
    written::<klen_create_call::Accepted>(found, always_there);
    written::<klen::Failure<'_>>(found, |_| {});
    written::<verbex::PhoneCall>(found, |object| {
        always_there(object);
        let words: Vec<Value> = verbex_reasons::words().map(Value::from).collect();
        if let Some(utoipa::openapi::RefOr::T(Schema::Object(reason))) = object.properties.get_mut("call_finish_reason")
        {
            reason.enum_values = Some(words.into_iter().chain([Value::Null]).collect());
        }
    });
    written::<verbex::Failure<'_>>(found, always_there);
    written::<verbex::Unprocessable<'_>>(found, always_there);
    written::<verbex_get_transcript::Transcript>(found, always_there);
    named::<Problem>(found);
    named::<Step>(found);
    written::<levers_call_contact::Accepted>(found, always_there);
    written::<levers_call_bulk::Accepted>(found, always_there);
    written::<levers_call_bulk::ItemState>(found, always_there);
    written::<levers::Failure>(found, always_there);
}

fn coded(status: StatusCode, code: &'static str, message: &str) -> ApiError {
    ApiError::Coded { status, code, message: message.to_owned() }
}

fn klen_create_call() -> OperationBuilder {
    let bad = |code, message| coded(StatusCode::BAD_REQUEST, code, message);
    let own = vec![
        bad("missing_phone_number", "phone_number is required, such as +15555550123"),
        bad("missing_agent_id", "agent_id is required"),
        bad("invalid_phone_number", "phone_number is not a valid phone number; E.164 is best, such as +15555550123"),
        bad("invalid_json", "the body must be a JSON object"),
        ApiError::field("variables", "must be a JSON object"),
        ApiError::PayloadTooLarge(MAX_BODY_BYTES),
        ApiError::KeyReused,
        coded(StatusCode::UNAUTHORIZED, "invalid_key", "a valid API key is required: Authorization: Bearer <key>"),
        insufficient_funds(),
        ApiError::DoNotCall,
        coded(StatusCode::NOT_FOUND, "agent_not_found", "there is no such agent, or it is not yours"),
        coded(StatusCode::NOT_FOUND, "no_phone_number", "the agent has no phone number to call from"),
        ApiError::too_fast(),
    ];
    operation("klen", "Place a call in the words of klen", KLEN)
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("klen-create-call", of::<KlenCall>(), Required::True)))
        .response("200", accepted("klen-create-call", of::<klen_create_call::Accepted>()))
        .with_refusals_of(Dialect::Klen, CALLS, own)
}

fn problem(field: &str, kind: &'static str, msg: &str) -> ApiError {
    ApiError::Unprocessable(vec![Problem {
        loc: vec![Step::from("body"), Step::from(field)],
        msg: msg.to_owned(),
        kind,
    }])
}

fn accepted(name: &str, schema: utoipa::openapi::Ref) -> utoipa::openapi::Response {
    let mut accepted = answers::json(name, "The call is accepted, and stored.", schema);
    accepted.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
    accepted
}

fn common() -> Vec<ApiError> {
    vec![
        insufficient_funds(),
        ApiError::DoNotCall,
        ApiError::NotFound("agent"),
        conflict(),
        ApiError::PayloadTooLarge(MAX_BODY_BYTES),
        ApiError::UnsupportedMediaType,
        ApiError::KeyReused,
        ApiError::too_fast(),
    ]
}

fn verbex_dial() -> OperationBuilder {
    let mut own = common();
    own.push(problem("from_number", "missing", "Field required"));
    operation("verbex", "Place a call in the words of verbex", VERBEX)
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("verbex-dial-outbound-phone-call", of::<VerbexCall>(), Required::True)))
        .response("201", accepted("verbex-dial-outbound-phone-call", of::<verbex::PhoneCall>()))
        .with_refusals_of(Dialect::Verbex, CALLS, own)
}

fn verbex_get() -> OperationBuilder {
    let call = answers::json("verbex-get-phone-call", "The call.", of::<verbex::PhoneCall>());
    operation(
        "verbex",
        "Get a call as verbex shows it",
        "By the `_id` it was accepted with. The token in it is a new one.",
    )
    .parameter(parameters::object_id())
    .response("200", call)
    .with_refusals_of(Dialect::Verbex, READS, vec![ApiError::NotFound("call")])
}

fn verbex_recording() -> OperationBuilder {
    let description = "The recording, or a redirect to it, for whoever has the call's `access_token`, or a key.";
    operation("verbex", "Get a call's recording by its token", description)
        .parameter(parameters::object_id())
        .parameter(parameters::access_token())
        .parameter(parameters::range())
        .response("200", answers::recording())
        .response("206", answers::part_of_recording())
        .response("416", answers::shorter_recording())
        .response("302", ResponseBuilder::new().description("The recording is elsewhere."))
        .with_refusals_of(Dialect::Verbex, READS, vec![ApiError::NotFound("recording")])
}

fn verbex_transcript() -> OperationBuilder {
    let said = answers::json("verbex-get-transcript", "What was said.", of::<verbex_get_transcript::Transcript>());
    operation("verbex", "Get what was said by a call's token", "For whoever has the call's `access_token`, or a key.")
        .parameter(parameters::object_id())
        .parameter(parameters::access_token())
        .response("200", said)
        .with_refusals_of(Dialect::Verbex, READS, vec![ApiError::NotFound("call")])
}

fn levers_call() -> OperationBuilder {
    let mut own = common();
    own.push(problem("numberToCall", "string_too_short", "String should have at least 1 character"));
    operation("levers", "Place a call in the words of levers", LEVERS)
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("levers-call-contact", of::<LeversCall>(), Required::True)))
        .response("201", accepted("levers-call-contact", of::<levers_call_contact::Accepted>()))
        .with_refusals_of(Dialect::Levers, CALLS, own)
}

fn levers_bulk() -> OperationBuilder {
    let own = vec![
        ApiError::NotFound("agent"),
        conflict(),
        ApiError::PayloadTooLarge(levers_call_bulk::MAX_BODY_BYTES),
        ApiError::UnsupportedMediaType,
        ApiError::KeyReused,
        problem("contacts", "too_short", "List should have at least 1 item after validation, not 0"),
    ];
    operation("levers", "Place many calls in the words of levers", LEVERS_BULK)
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("levers-call-bulk", of::<LeversBulk>(), Required::True)))
        .response("201", accepted("levers-call-bulk", of::<levers_call_bulk::Accepted>()))
        .with_refusals_of(Dialect::Levers, CALLS, own)
}

const KLEN: &str = "The same acceptance as `create-call`, behind the door that clients of klen know. The key may also stand \
    in `X-API-Key`. Unknown fields are ignored. Errors are flat, with the document's codes; what it has none for is \
    `validation_error` or `rate_limit_exceeded`.";

const VERBEX: &str = "The same acceptance as `create-call`, behind the door that clients of verbex know. The agent is the one \
    that owns `from_number`, unless another one is named. Unknown fields are ignored. Webhooks are the native ones.";

const LEVERS: &str = "The same acceptance as `create-call`, behind the door that clients of levers know. A contact is found by \
    its id, else by its number, else made, together with the call. Unknown fields are ignored. Webhooks are the native ones.";

const LEVERS_BULK: &str = "Up to 1,000 calls, in a body of 2 MiB at most. What is wrong with the form of any item refuses the \
    request; everything else is judged item by item. A number that stands in several items is called once: the later items are refused \
    as duplicates of the first. Up to 100 items are accepted before the answer, more of them behind it. \
    A replay under the same `Idempotency-Key` shows what became of each item, and completes what was not. An item that was \
    refused stays refused.";
