//! The schemas of an organization's administration.

use domain::audit::AuditEntry;
use domain::endpoint::{EndpointDisabled, WebhookTest};
use utoipa::openapi::Object;
use utoipa::openapi::schema::{SchemaType, Type};

use super::{NamedSchema, RefOr, Schema, always_there, named, written};
use crate::api::agents::view::AgentView;
use crate::api::keys::view::ApiKeyView;
use crate::api::webhooks::delivery_view::{AttemptView, DeliveryView};
use crate::api::webhooks::redeliver_webhook::FailedRedelivered;
use crate::api::webhooks::test_webhook::TestSent;
use crate::openapi::requests::administration as requests;

pub(super) fn add(found: &mut Vec<NamedSchema>) {
    named::<requests::UpdateWebhook>(found);
    named::<requests::RedeliverWebhook>(found);
    named::<requests::CreateApiKey>(found);
    named::<requests::RevokeApiKey>(found);
    named::<requests::CreateAgent>(found);
    named::<requests::UpdateAgent>(found);
    named::<requests::PromoteAgent>(found);
    written::<EndpointDisabled>(found, always_there);
    written::<WebhookTest>(found, always_there);
    written::<AttemptView>(found, always_there);
    written::<DeliveryView>(found, always_there);
    written::<TestSent>(found, always_there);
    written::<FailedRedelivered>(found, always_there);
    written::<ApiKeyView>(found, |object| all_but(object, "key"));
    written::<AgentView>(found, |object| all_but(object, "toolSecret"));
    written::<AuditEntry>(found, |object| {
        always_there(object);
        object.required.retain(|name| name != "changed");
    });
}

/// For types that write every field but one, which is shown once.
fn all_but(object: &mut Object, secret: &str) {
    always_there(object);
    object.required.retain(|name| name != secret);
    if let Some(RefOr::T(Schema::Object(secret))) = object.properties.get_mut(secret) {
        secret.schema_type = SchemaType::Type(Type::String);
    }
}
