//! Parameters of requests, besides their bodies.

use domain::ids::{AgentId, ContactId, ConversationId, EndpointId};
use domain::key::KeyId;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Required};

use super::schema;
use crate::idempotency;

/// Returns the parameter with the id of a call in the path.
pub(crate) fn call_id() -> Parameter {
    path_id(schema::of::<ConversationId>(), "The `conversationId` that the call was accepted with.")
}

/// Returns the parameter with the organization in the path.
pub(crate) fn organization() -> Parameter {
    path("organization", ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)), "The organization's id.")
}

/// Returns the parameter with the number of an attempt in the path.
pub(crate) fn attempt() -> Parameter {
    let number = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(1));
    path("attempt", number, "The number of the attempt to place the call.")
}

/// Returns the parameter with the number of a message in the path.
pub(crate) fn message_number() -> Parameter {
    let number = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(1));
    path("number", number, "The text's number in the conversation.")
}

/// Returns the parameter with the id of an SMS conversation in the path.
pub(crate) fn sms_conversation_id() -> Parameter {
    path_id(schema::of::<ConversationId>(), "The `conversationId` that the conversation was opened with.")
}

/// Returns the parameter with the id of an endpoint in the path.
pub(crate) fn webhook_id() -> Parameter {
    path_id(schema::of::<EndpointId>(), "The endpoint's `id`.")
}

/// Returns the parameter with the id of a contact in the path.
pub(crate) fn contact_id() -> Parameter {
    path_id(schema::of::<ContactId>(), "The contact's `id`.")
}

/// Returns the parameter with the object id of a call in the path: 24 hexadecimal digits.
pub(crate) fn object_id() -> Parameter {
    let digits =
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).pattern(Some("^[0-9a-fA-F]{24}$")).build();
    path_id(Schema::from(digits), "The `_id` that the call was accepted with.")
}

/// Returns the parameter with a phone number in the path.
pub(crate) fn number() -> Parameter {
    path("number", schema::of::<PhoneNumber>(), "The phone number: `+15555550123`, or `%2B15555550123`.")
}

/// Returns the parameter with the token of a call in the query.
pub(crate) fn access_token() -> Parameter {
    let token = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    query("access_token", token, "The call's `access_token`, where it is not sent as a bearer token.")
}

/// Returns the parameter with the id of an agent in the path.
pub(crate) fn agent_id() -> Parameter {
    path_id(schema::of::<AgentId>(), "The agent's `id`.")
}

/// Returns the parameter with the id of an API key in the path.
pub(crate) fn api_key_id() -> Parameter {
    path_id(schema::of::<KeyId>(), "The key's `id`.")
}

/// Returns the parameter with the id of a delivery in the path.
pub(crate) fn delivery_id() -> Parameter {
    let id = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let mut parameter = path_id(Schema::from(id.build()), "The delivery's `id`.");
    parameter.name = "deliveryId".to_owned();
    parameter
}

fn path_id(schema: impl Into<RefOr<Schema>>, description: &str) -> Parameter {
    path("id", schema, description)
}

fn path(name: &str, schema: impl Into<RefOr<Schema>>, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

/// Returns the `Idempotency-Key` header.
pub(crate) fn idempotency_key(required: Required) -> Parameter {
    let description = "1 to 255 visible ASCII characters: a new key for each request, the same for each retry of it. A key \
                       in double quotes, as the IETF draft writes it, means the same as the bare one. One with a comma must be in quotes: \
                       several headers of this name arrive as one, with commas, and are refused.";
    let key = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .pattern(Some(r"^[\x21-\x7E]+$"))
        .min_length(Some(1))
        .max_length(Some(255));
    ParameterBuilder::new()
        .name(idempotency::HEADER)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .schema(Some(key))
        .example(Some(json!("order-4711")))
        .description(Some(description))
        .build()
}

/// Returns the `Range` header, which selects a part of a recording.
pub(crate) fn range() -> Parameter {
    let bytes = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).build();
    let description = "One part in bytes (RFC 9110). One answer holds 4 MB: a larger recording is had part by part. A provider that hands \
                       it on as a whole is asked for all of it.";
    ParameterBuilder::new()
        .name("Range")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .schema(Some(bytes))
        .example(Some(json!("bytes=0-")))
        .description(Some(description))
        .build()
}

/// Returns the parameters `limit` and `cursor`, which every list has.
pub(crate) fn page() -> [Parameter; 2] {
    let limit = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .minimum(Some(1))
        .maximum(Some(100))
        .default(Some(json!(20)));
    let cursor = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).min_length(Some(1));
    [
        query("limit", limit, "How many entries at most."),
        query("cursor", cursor, "The `meta.pagination.cursor` of the page before."),
    ]
}

/// Returns the filters of a list of conversations. `what` names the conversations of that list in the descriptions.
pub(crate) fn conversation_filters(status: Ref, what: &str) -> [Parameter; 7] {
    let after = format!("Only {what} accepted later than this moment, itself excluded.");
    let before = format!("Only {what} accepted earlier than this moment, itself excluded.");
    [
        query("status", status, &format!("Only {what} of this status.")),
        query("toNumber", schema::of::<PhoneNumber>(), &format!("Only {what} to this number.")),
        query("agentId", schema::of::<AgentId>(), &format!("Only {what} of this agent.")),
        query("createdAfter", schema::of::<Timestamp>(), &after),
        query("createdBefore", schema::of::<Timestamp>(), &before),
        query("endReason", text(), &format!("Only {what} that ended with this reason.")),
        metadata_filter(what),
    ]
}

/// Returns the filter by values of the metadata, such as `metadata[orderId]=42`.
fn metadata_filter(what: &str) -> Parameter {
    let description = format!(
        "Only {what} whose metadata has this value: `metadata[orderId]=42`, a text, a number, true or false. A dot leads into an \
         object: `metadata[customer.id]=7`. At most 5 of them, and all must hold."
    );
    let values = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).additional_properties(Some(text()));
    let mut parameter = query("metadata", values, &description);
    parameter.style = Some(ParameterStyle::DeepObject);
    parameter.explode = Some(true);
    parameter
}

fn text() -> Schema {
    Schema::from(ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).build())
}

pub(crate) fn query(name: &str, schema: impl Into<RefOr<Schema>>, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .schema(Some(schema))
        .description(Some(description))
        .build()
}
