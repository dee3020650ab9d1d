//! The operations, one for each function that a request wakes.

mod administration;
mod sms;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{HeaderBuilder, ObjectBuilder, Ref, RefOr, Required, ResponseBuilder};

use super::{answers, callbacks, contacts, dialects, examples, parameters, requests, schemas};
use crate::api::calls::close_call::Closed;
use crate::api::calls::create_call::Accepted;
use crate::api::calls::view::{CallSummary, CallView};
use crate::api::webhooks::view::WebhookView;
use crate::dialect::Dialect;
use crate::error::{ApiError, FieldError};
use crate::http::MAX_BODY_BYTES;
use domain::call::Status;

/// What there is to say of a function; `None` where it is not described.
pub(super) fn describe(name: &str) -> Option<OperationBuilder> {
    match name {
        "create-call" => Some(create_call()),
        "list-calls" => Some(list_calls()),
        "get-call" => Some(get_call()),
        "list-call-events" => Some(list_call_events()),
        "get-call-recording" => Some(get_call_recording()),
        "close-call" => Some(close_call()),
        "create-sms-conversation" => Some(sms::create_sms_conversation()),
        "list-sms-conversations" => Some(sms::list_sms_conversations()),
        "get-sms-conversation" => Some(sms::get_sms_conversation()),
        "list-sms-events" => Some(sms::list_sms_events()),
        "list-sms-messages" => Some(sms::list_sms_messages()),
        "send-sms-message" => Some(sms::send_sms_message()),
        "handback-sms-conversation" => Some(sms::handback_sms_conversation()),
        "close-sms-conversation" => Some(sms::close_sms_conversation()),
        "create-webhook" => Some(create_webhook()),
        "list-webhooks" => Some(list_webhooks()),
        "delete-webhook" => Some(delete_webhook()),
        "get-openapi" => Some(get_openapi()),
        _ => administration::describe(name)
            .or_else(|| contacts::describe(name))
            .or_else(|| dialects::describe(name))
            .or_else(|| callbacks::describe(name)),
    }
}

fn create_call() -> OperationBuilder {
    let description = "The call is accepted, and stored. `status` is `queued`; a replay shows what it is by now.";
    let mut accepted = answers::json("create-call", description, schemas::envelope(schemas::of::<Accepted>()));
    accepted.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
    let own = vec![
        invalid(&[("toNumber", "must be a phone number in E.164 format: + and 7 to 15 digits, such as +15555550123")]),
        invalid(&[
            ("Idempotency-Key", "is required: a new one for each call, the same for each retry of it"),
            ("agentId", "is required, or agentSlug: one of the two"),
        ]),
        ApiError::PermissionDenied("the organization is suspended".to_owned()),
        ApiError::DoNotCall,
        ApiError::NotFound("agent"),
        conflict(),
        ApiError::KeyReused,
        insufficient_funds(),
        ApiError::too_fast(),
    ];
    operation("calls", "Place a call", CREATE_CALL)
        .parameter(parameters::idempotency_key(Required::True))
        .request_body(Some(body(
            "create-call",
            schemas::with_one_agent(schemas::of::<requests::CreateCall>()),
            Required::True,
        )))
        .response("202", accepted)
        .with_refusals("can_initiate_calls", with_body(own))
}

fn list_calls() -> OperationBuilder {
    let description = "A page of calls, newest first.";
    let calls = answers::json("list-calls", description, schemas::page(schemas::of::<CallSummary>()));
    operation("calls", "List calls", LIST_CALLS)
        .parameters(Some(parameters::conversation_filters(schemas::of::<Status>(), "calls")))
        .parameters(Some(parameters::page()))
        .response("200", calls)
        .with_refusals("can_read_conversations", vec![invalid_page()])
}

fn get_call() -> OperationBuilder {
    let call = answers::json("get-call", "The call.", schemas::envelope(schemas::of::<CallView>()));
    operation("calls", "Get a call", "Everything known of a call. What is not known yet, or will never be, is null.")
        .parameter(parameters::call_id())
        .response("200", call)
        .with_refusals("can_read_conversations", vec![invalid_query(), ApiError::NotFound("call")])
}

fn list_call_events() -> OperationBuilder {
    let events = schemas::page(Ref::from_schema_name("Event"));
    operation("calls", "List a call's events", LIST_CALL_EVENTS)
        .parameter(parameters::call_id())
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-call-events", "A page of events, in order of `sequence`.", events))
        .with_refusals("can_read_conversations", vec![invalid_page(), ApiError::NotFound("call")])
}

fn get_call_recording() -> OperationBuilder {
    let address = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let location = HeaderBuilder::new().schema(Some(address)).description(Some("Where it is.")).build();
    let elsewhere = ResponseBuilder::new().description("The recording is elsewhere.").header("Location", location);
    let own = vec![
        invalid_query(),
        ApiError::NotFound("call"),
        ApiError::NotFound("recording"),
        ApiError::Provider("the provider did not answer as it should".to_owned()),
    ];
    operation("calls", "Get a call's recording", GET_CALL_RECORDING)
        .parameter(parameters::call_id())
        .parameter(parameters::range())
        .response("200", answers::recording())
        .response("206", answers::part_of_recording())
        .response("416", answers::shorter_recording())
        .response("302", elsewhere)
        .with_refusals("can_read_conversations", own)
}

fn close_call() -> OperationBuilder {
    let closed = answers::json("close-call", "The call has ended.", schemas::envelope(schemas::of::<Closed>()));
    let own = vec![invalid(&[("reason", "must be 1 to 128 characters long")]), ApiError::NotFound("call"), conflict()];
    operation("calls", "Close a call", CLOSE_CALL)
        .parameter(parameters::call_id())
        .request_body(Some(body("close-call", schemas::of::<requests::Close>(), Required::False)))
        .response("200", closed)
        .with_refusals("can_close_conversations", with_body(own))
}

fn create_webhook() -> OperationBuilder {
    let description = "The endpoint is registered. `secret` signs its events, and is shown here only.";
    let mut created = answers::json("create-webhook", description, schemas::envelope(schemas::of::<WebhookView>()));
    created.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
    let own = vec![
        invalid(&[("url", "must begin with https://")]),
        ApiError::PermissionDenied("the organization is suspended".to_owned()),
        ApiError::Conflict("the organization has 20 webhook endpoints; delete one first".to_owned()),
        conflict(),
        ApiError::KeyReused,
    ];
    operation("webhooks", "Register an endpoint", CREATE_WEBHOOK)
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("create-webhook", schemas::of::<requests::CreateWebhook>(), Required::True)))
        .response("201", created)
        .with_refusals("can_manage_webhooks", with_body(own))
}

fn list_webhooks() -> OperationBuilder {
    let webhooks = answers::json("list-webhooks", "A page of endpoints.", schemas::page(schemas::of::<WebhookView>()));
    operation("webhooks", "List endpoints", "The endpoints of the key's mode, without their secrets.")
        .parameters(Some(parameters::page()))
        .response("200", webhooks)
        .with_refusals("can_manage_webhooks", vec![invalid_page()])
}

fn delete_webhook() -> OperationBuilder {
    operation("webhooks", "Delete an endpoint", "What is still to be delivered to it is cancelled.")
        .parameter(parameters::webhook_id())
        .response("204", ResponseBuilder::new().description("It is gone."))
        .with_refusals("can_manage_webhooks", vec![invalid_query(), ApiError::NotFound("webhook"), conflict()])
}

fn get_openapi() -> OperationBuilder {
    let document = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).build();
    operation("contract", "Get this document", "Needs no key.")
        .response("200", answers::json("get-openapi", "This document.", Schema::from(document)))
}

const CREATE_CALL: &str = "Accepts a call to be placed by an agent. It is dialled at once, or from `notBefore` on, and at \
    most once whatever happens. What becomes of it comes by webhook, and is shown by `get-call`.\n\nA request with an \
    `Idempotency-Key` that was used before is answered before anything is judged that may have changed since: the agent, the \
    do-not-call list, a suspension. An agent that is unknown, or of the SMS channel, is answered with 404, missing variables \
    that the agent requires with 400, and a `toNumber` on the do-not-call list with 403. A metered organization's wallet has to \
    cover the longest course of the call, and takes 20 calls a second.";

const LIST_CALLS: &str = "The calls of the key's mode, newest first, by the moment of their acceptance. Filters narrow down \
    together. A call shows up here within moments of its acceptance.";

const LIST_CALL_EVENTS: &str = "Each event exactly as its webhook carries it. They are listed whether or not an endpoint was \
    subscribed.";

const GET_CALL_RECORDING: &str = "The recording itself, or a redirect to it. 404 where there is none, or none yet.";

const CLOSE_CALL: &str = "Ends a call. One that is queued is never dialled; one that is live is hung up behind the answer, and \
    its transcript still arrives. Closing a call that has ended is no error: `alreadyClosed` is true, and `endReason` is the one \
    it ended with. The body may be left out.";

const CREATE_WEBHOOK: &str = "The endpoint gets the events of the key's mode that happen from now on. An organization may have \
    20 endpoints in each mode. With an `Idempotency-Key`, a replay shows the endpoint as it is now, its secret included; once it \
    was deleted, it is 404, and names it. Names in snake case stand beside some in camel case; both say the same.";

pub(super) fn insufficient_funds() -> ApiError {
    ApiError::InsufficientFunds { balance_minor: 120, required_minor: 450, currency: "USD".to_owned() }
}

pub(super) fn operation(tag: &str, summary: &str, description: &str) -> OperationBuilder {
    OperationBuilder::new().tag(tag).summary(Some(summary)).description(Some(description))
}

pub(super) fn body(name: &str, schema: impl Into<RefOr<Schema>>, required: Required) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(schema)).example(examples::request(name)).build();
    RequestBodyBuilder::new().content("application/json", content).required(Some(required)).build()
}

pub(super) fn with_body(mut own: Vec<ApiError>) -> Vec<ApiError> {
    own.extend([ApiError::PayloadTooLarge(MAX_BODY_BYTES), ApiError::UnsupportedMediaType]);
    own
}

pub(super) fn invalid(fields: &[(&str, &str)]) -> ApiError {
    ApiError::Validation(fields.iter().map(|(field, message)| FieldError::new(*field, message)).collect())
}

pub(super) fn invalid_page() -> ApiError {
    invalid(&[("limit", "must be a number from 1 to 100")])
}

pub(super) fn invalid_query() -> ApiError {
    ApiError::field("query", crate::query::Undecodable)
}

pub(super) fn conflict() -> ApiError {
    store::StoreError::Conflict.into()
}

pub(super) trait WithRefusals: Sized {
    /// With what the operation may be refused with, in the native shape.
    fn with_refusals(self, permission: &str, own: Vec<ApiError>) -> Self {
        self.with_refusals_of(Dialect::Native, permission, own)
    }

    /// The same, in the shape of a front door.
    fn with_refusals_of(self, dialect: Dialect, permission: &str, own: Vec<ApiError>) -> Self;
}

impl WithRefusals for OperationBuilder {
    fn with_refusals_of(self, dialect: Dialect, permission: &str, own: Vec<ApiError>) -> Self {
        answers::refusals(dialect, permission, own)
            .into_iter()
            .fold(self, |operation, (status, answer)| operation.response(status, answer))
    }
}
