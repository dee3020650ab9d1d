//! The call of an agent's tool, as the callback of the operations that set tools.

use domain::tool::LONGEST_RESULT;
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Callback, HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, PathItem, RefOr, Required, ResponseBuilder, SecurityRequirement};

use super::{events, examples, schema};

/// Name of the callback in an operation.
pub(crate) const NAME: &str = "toolCall";

const DESCRIPTION: &str = "The agent's model calls the tool: at most once for each `toolCallId`, whatever happens. The request is \
    signed with the agent's `toolSecret` as webhooks are. A 2xx within 10 seconds is the result that the model reads. A 4xx \
    (other than 408 and 425) is told to the model as an error. After any other answer, or none, the model is told that the outcome is \
    unknown. No call is repeated.";

/// Describes the call of a tool at the address that the agent's settings give. `id` is its operation id, and different in each
/// operation.
pub(crate) fn callback(id: &str) -> Callback {
    Callback::from([(
        "{$request.body#/sms/tools/0/url}".to_owned(),
        PathItem::new(HttpMethod::Post, operation(id)).into(),
    )])
}

fn operation(id: &str) -> OperationBuilder {
    let content = ContentBuilder::new().schema(Some(body())).example(Some(json!({
        "toolCallId": format!("{}:1:1", examples::sms::CONVERSATION), "name": "opening_hours",
        "arguments": {"day": "2026-04-10"}, "conversationId": examples::sms::CONVERSATION, "turn": 1,
        "customerNumber": examples::sms::ADA, "dynamicVariables": {"firstName": "Ada"}, "metadata": {"order": 4711}
    })));
    let body = RequestBodyBuilder::new().content("application/json", content.build()).required(Some(Required::True));
    let text = ContentBuilder::new().schema(Some(Schema::from(text().build()))).build();
    let result = format!(
        "The result, as the model reads it: any text or JSON. What is longer than {} KiB is cut off.",
        LONGEST_RESULT >> 10
    );
    OperationBuilder::new()
        .tag("administration")
        .operation_id(Some(id))
        .summary(Some("The agent calls a tool"))
        .description(Some(DESCRIPTION))
        .securities(Some(Vec::<SecurityRequirement>::new()))
        .parameters(Some(events::headers().into_iter().chain([idempotency_key()])))
        .request_body(Some(body.build()))
        .response("2XX", ResponseBuilder::new().description(result).content("application/json", text))
        .response("4XX", ResponseBuilder::new().description("The call failed. The model is told so, with the answer."))
        .response(
            "default",
            ResponseBuilder::new()
                .description("The outcome is unknown, and the model is told so. After a 408 and a 425 too."),
        )
}

/// The id of the call, once more: for servers that look for it there.
fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .schema(Some(text()))
        .description(Some("Id of this tool call, the same as `webhook-id`."))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

fn object(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).description(Some(description))
}

fn body() -> Schema {
    let metadata = object("The metadata of the conversation; null if its request had none.")
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]));
    let turn = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(1));
    let id: RefOr<Schema> = schema::of::<domain::ids::ConversationId>().into();
    let customer: RefOr<Schema> = schema::of::<domain::phone::PhoneNumber>().into();
    let fields: [(&str, RefOr<Schema>); 8] = [
        ("toolCallId", text().description(Some("Id of the call: `<conversation>:<turn>:<call>`.")).into()),
        ("name", text().description(Some("Name of the tool.")).into()),
        ("arguments", object("The arguments, by the tool's schema.").into()),
        ("conversationId", id),
        ("turn", turn.description(Some("Number of the agent's turn.")).into()),
        ("customerNumber", customer),
        ("dynamicVariables", object("The variables of the conversation's request.").into()),
        ("metadata", metadata.into()),
    ];
    let call = fields
        .into_iter()
        .fold(object("The call of a tool."), |call, (name, schema)| call.property(name, schema).required(name));
    call.build().into()
}
