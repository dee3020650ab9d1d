//! Events in the document: the bodies of webhooks, and the entries of the lists of a conversation's events.

use domain::call::{Analysis, Utterance};
use domain::endpoint::{EndpointDisabled, WebhookTest};
use domain::log::{
    CallEnded, CallStarted, Consent, ConversationClosed, DeliveryUpdated, EventType, SmsMessage, ToolCallInvocation,
    ToolCallResult, TurnFailed,
};
use domain::signature::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use serde_json::Value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{
    AllOfBuilder, ArrayBuilder, Discriminator, ObjectBuilder, OneOfBuilder, PathItem, Paths, Ref, RefOr, Required,
    ResponseBuilder, SecurityRequirement,
};

use super::{examples, schema};
use crate::event_body::EventBody;

/// Event that endpoints receive, with its description.
struct Described {
    event: EventType,
    schema: &'static str,
    summary: &'static str,
    data: fn() -> RefOr<Schema>,
    example: fn() -> Value,
}

const EVENTS: [Described; 14] = [
    Described {
        event: EventType::CallStarted,
        schema: "CallStartedEvent",
        summary: "A call connected. Not sent for a call that did not.",
        data: || schema::of::<CallStarted>().into(),
        example: examples::call_started,
    },
    Described {
        event: EventType::CallEnded,
        schema: "CallEndedEvent",
        summary: "A call is over: once for every accepted call, connected or not, after its transcript was stored.",
        data: call_ended,
        example: examples::call_ended,
    },
    Described {
        event: EventType::CallAnalyzed,
        schema: "CallAnalyzedEvent",
        summary: "A call was analysed, where it is: after `call.ended`.",
        data: || schema::of::<Analysis>().into(),
        example: examples::call_analyzed,
    },
    Described {
        event: EventType::SmsMessageSent,
        schema: "SmsMessageSentEvent",
        summary: "The provider took a text of ours: the agent's, or one that a person wrote.",
        data: || schema::of::<SmsMessage>().into(),
        example: examples::sms::message_sent,
    },
    Described {
        event: EventType::SmsMessageReceived,
        schema: "SmsMessageReceivedEvent",
        summary: "The customer wrote. Where no conversation is open between the two numbers, the event belongs to none.",
        data: || schema::of::<SmsMessage>().into(),
        example: examples::sms::message_received,
    },
    Described {
        event: EventType::SmsMessageDeliveryUpdated,
        schema: "SmsMessageDeliveryUpdatedEvent",
        summary: "The delivery of a text of ours moved forwards. Duplicates and late earlier states are no events.",
        data: || schema::of::<DeliveryUpdated>().into(),
        example: examples::sms::delivery_updated,
    },
    Described {
        event: EventType::SmsToolCallInvocation,
        schema: "SmsToolCallInvocationEvent",
        summary: "The agent's model calls a tool: at most once, whatever happens.",
        data: || schema::of::<ToolCallInvocation>().into(),
        example: examples::sms::tool_call_invocation,
    },
    Described {
        event: EventType::SmsToolCallResult,
        schema: "SmsToolCallResultEvent",
        summary: "What came of calling a tool: once for every invocation.",
        data: || schema::of::<ToolCallResult>().into(),
        example: examples::sms::tool_call_result,
    },
    Described {
        event: EventType::SmsTurnFailed,
        schema: "SmsTurnFailedEvent",
        summary: "The agent could not answer what the customer wrote, and tries no more: somebody else should.",
        data: || schema::of::<TurnFailed>().into(),
        example: examples::sms::turn_failed,
    },
    Described {
        event: EventType::SmsConversationClosed,
        schema: "SmsConversationClosedEvent",
        summary: "An SMS conversation is over: once for every one. What is still on its way may be reported later.",
        data: || schema::of::<ConversationClosed>().into(),
        example: examples::sms::conversation_closed,
    },
    Described {
        event: EventType::ContactOptOut,
        schema: "ContactOptOutEvent",
        summary: "Somebody wants to hear nothing more: neither by phone nor by SMS.",
        data: || schema::of::<Consent>().into(),
        example: examples::sms::opt_out,
    },
    Described {
        event: EventType::ContactOptIn,
        schema: "ContactOptInEvent",
        summary: "Somebody who opted out by a keyword takes that back by another.",
        data: || schema::of::<Consent>().into(),
        example: examples::sms::opt_in,
    },
    Described {
        event: EventType::EndpointDisabled,
        schema: "EndpointDisabledEvent",
        summary: "Another endpoint of the organization was disabled: it answered 410, or took nothing for five days, tried all the while.",
        data: || schema::of::<EndpointDisabled>().into(),
        example: examples::administration::endpoint_disabled,
    },
    Described {
        event: EventType::WebhookTest,
        schema: "WebhookTestEvent",
        summary: "A test, which its owner asked for.",
        data: || schema::of::<WebhookTest>().into(),
        example: examples::administration::webhook_test,
    },
];

/// Returns the schema of each event, and the schema of any event.
pub(super) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut any = OneOfBuilder::new().description(Some("An event."));
    let mut discriminator = Discriminator::new("event");
    let mut schemas = Vec::new();
    for described in &EVENTS {
        let reference = Ref::from_schema_name(described.schema);
        discriminator.mapping.insert(described.event.name().to_owned(), reference.ref_location.clone());
        any = any.item(reference);
        schemas.push((described.schema.to_owned(), event(described)));
    }
    schemas.push(("Event".to_owned(), Schema::from(any.discriminator(Some(discriminator)).build()).into()));
    schemas
}

fn event(described: &Described) -> RefOr<Schema> {
    let name =
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some([described.event.name()]));
    let own = ObjectBuilder::new().property("event", name).property("data", (described.data)()).build();
    let envelope = schema::of::<EventBody<'_>>();
    Schema::from(AllOfBuilder::new().description(Some(described.summary)).item(envelope).item(own).build()).into()
}

/// Returns the schema of the data of `call.ended` as clients get it. The transcript is added when the event is rendered.
fn call_ended() -> RefOr<Schema> {
    let transcript = ArrayBuilder::new()
        .items(schema::of::<Utterance>())
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .description(Some(
            "What was said; null where there is none, or where it came later than this event, or is too large.",
        ));
    let url = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).description(Some(
        "Where the transcript is to be had, as a path of this API, where it would make the body larger than 256 KiB.",
    ));
    let own =
        ObjectBuilder::new().property("transcript", transcript).required("transcript").property("transcriptUrl", url);
    Schema::from(AllOfBuilder::new().item(schema::of::<CallEnded>()).item(own).build()).into()
}

/// Returns the webhooks that endpoints receive.
pub(super) fn webhooks() -> Paths {
    let mut paths = PathsBuilder::new();
    for described in &EVENTS {
        paths = paths.path(described.event.name(), PathItem::new(HttpMethod::Post, webhook(described)));
    }
    paths.build()
}

fn webhook(described: &Described) -> OperationBuilder {
    let schema = Ref::from_schema_name(described.schema);
    let content = ContentBuilder::new().schema(Some(schema)).example(Some((described.example)()));
    let body = RequestBodyBuilder::new().content("application/json", content.build()).required(Some(Required::True));
    // An operation id that programs can make a name of: `call.ended` is `on-call-ended`.
    let id = format!("on-{}", described.event.name().replace(['.', '_'], "-"));
    OperationBuilder::new()
        .tag("webhooks")
        .operation_id(Some(id))
        .securities(Some(Vec::<SecurityRequirement>::new()))
        .summary(Some(described.summary))
        .parameters(Some(headers()))
        .request_body(Some(body.build()))
        .response("2XX", ResponseBuilder::new().description("It arrived."))
        .response("410", ResponseBuilder::new().description("The endpoint wants no more events, and is disabled."))
        .response("default", ResponseBuilder::new().description("It did not arrive, and is sent again."))
}

/// Returns the headers of Standard Webhooks.
pub(super) fn headers() -> [Parameter; 3] {
    [
        header(ID_HEADER, Type::String, "The event's id, the same at every attempt."),
        header(TIMESTAMP_HEADER, Type::Integer, "The moment of this attempt, in seconds since the Unix epoch."),
        header(
            SIGNATURE_HEADER,
            Type::String,
            "`v1,` and the Base64 of an HMAC-SHA256, under the endpoint's secret, over id, timestamp and body joined by \
             dots. Several are separated by spaces; one that fits is enough.",
        ),
    ]
}

fn header(name: &str, kind: Type, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .schema(Some(ObjectBuilder::new().schema_type(SchemaType::Type(kind))))
        .description(Some(description))
        .build()
}
