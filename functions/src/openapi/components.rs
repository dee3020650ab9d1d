//! Schemas that operations share, built from the types that the code reads and writes.

use std::collections::BTreeSet;

use domain::call::{Analysis, Utterance};
use domain::end_reason::EndReason;
use domain::endpoint::{EndpointDisabled, WebhookTest};
use domain::log::{
    CallEnded, CallStarted, Consent, ConversationClosed, DeliveryUpdated, SmsMessage, ToolCallInvocation,
    ToolCallResult, TurnFailed,
};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, Components, ComponentsBuilder, Object, ObjectBuilder, RefOr};

use super::events;
use super::schema::{NamedSchema, always_there, left_out_instead_of_null, named, of, written};
use crate::answer::{Failure, FailureBody};
use crate::dialects::{klen, levers, verbex};
use crate::error::ApiError;
use crate::event_body::EventBody;
use crate::http::Pagination;
use crate::problem::{Problem, Step};

/// Returns every schema that the document refers to: the shared ones, and those of the operations.
pub(super) fn components(operations: Vec<NamedSchema>) -> Components {
    let mut found: Vec<NamedSchema> = Vec::new();
    found.push((EndReason::name().into_owned(), end_reason().into()));
    written::<CallStarted>(&mut found, left_out_instead_of_null);
    written::<CallEnded>(&mut found, left_out_instead_of_null);
    written::<Analysis>(&mut found, left_out_instead_of_null);
    written::<Consent>(&mut found, left_out_instead_of_null);
    named::<Utterance>(&mut found);
    written::<SmsMessage>(&mut found, always_there);
    written::<DeliveryUpdated>(&mut found, all_but_the_error_code);
    written::<ToolCallInvocation>(&mut found, with_any_arguments);
    written::<ToolCallResult>(&mut found, always_there);
    named::<TurnFailed>(&mut found);
    named::<ConversationClosed>(&mut found);
    written::<EndpointDisabled>(&mut found, always_there);
    written::<WebhookTest>(&mut found, always_there);
    written::<Pagination>(&mut found, always_there);
    written::<FailureBody<'_>>(&mut found, with_the_codes);
    written::<Failure<'_>>(&mut found, always_there);
    written::<EventBody<'_>>(&mut found, always_there);
    written::<klen::Failure<'_>>(&mut found, |_| {});
    written::<verbex::Failure<'_>>(&mut found, always_there);
    written::<verbex::Unprocessable<'_>>(&mut found, always_there);
    written::<levers::Failure>(&mut found, always_there);
    named::<Problem>(&mut found);
    named::<Step>(&mut found);
    found.extend(operations);
    found.push(("Meta".to_owned(), meta().into()));
    found.push(("ListMeta".to_owned(), list_meta().into()));
    found.extend(events::schemas());
    // The first schema of a name counts. An adjusted schema therefore comes before the copy that is collected with another
    // type.
    let mut components = ComponentsBuilder::new();
    let mut known = BTreeSet::new();
    for (name, schema) in found {
        if known.insert(name.clone()) {
            components = components.schema(name, schema);
        }
    }
    components.build()
}

fn all_but_the_error_code(object: &mut Object) {
    always_there(object);
    object.required.retain(|name| name != "errorCode");
    left_out_instead_of_null(object);
}

/// Allows `null` as arguments. The event has `null` if the model called a tool with arguments that are not a JSON object.
fn with_any_arguments(object: &mut Object) {
    if let Some(RefOr::T(Schema::Object(arguments))) = object.properties.get_mut("arguments") {
        arguments.schema_type = SchemaType::from_iter([Type::Object, Type::Null]);
        arguments.description = Some("What it was called with; null where the model gave no JSON object.".to_owned());
    }
}

fn with_the_codes(object: &mut Object) {
    left_out_instead_of_null(object);
    if let Some(RefOr::T(Schema::Object(code))) = object.properties.get_mut("code") {
        code.enum_values = Some(ApiError::CODES.iter().map(|code| (*code).into()).collect());
    }
}

/// Reasons why a conversation ended: a named one, or a text that a client or a provider gave.
fn end_reason() -> Schema {
    let text = || ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let named = text().enum_values(Some(EndReason::NAMED.iter().map(EndReason::as_str)));
    let given = text().description(Some(
        "The `reason` that a client closed the conversation with, or `provider:<value>` for a value of a provider that has no \
         name here.",
    ));
    let reason = AnyOfBuilder::new().item(named).item(given);
    reason.description(Some("Reason why the conversation ended.")).build().into()
}

fn request_id() -> ObjectBuilder {
    let id = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some("Names the request, in its answer and in our logs."));
    ObjectBuilder::new().property("request_id", id).required("request_id")
}

fn meta() -> Schema {
    request_id().description(Some("About the answer.")).build().into()
}

fn list_meta() -> Schema {
    let pagination = of::<Pagination>();
    let text = |what: &str| ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).description(Some(what));
    let item = ObjectBuilder::new()
        .property("kind", text("What it is."))
        .required("kind")
        .property("item", text("Where it stands in the table: its id is a part of that."))
        .required("item");
    let about = "What of the page cannot be read as it is stored, and is left out; missing where that is nothing. Tell an operator.";
    let unreadable = ArrayBuilder::new().items(item).description(Some(about));
    let meta =
        request_id().property("pagination", pagination).required("pagination").property("unreadable", unreadable);
    meta.description(Some("About a page of a list.")).build().into()
}
