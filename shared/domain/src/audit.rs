//! Audit log of the administrative changes in an organization.

use serde::{Deserialize, Serialize};

use crate::ids::Mode;
use crate::key::KeyId;
use crate::time::Timestamp;

/// Administrative change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AuditAction))]
pub enum Action {
    /// A webhook endpoint was registered.
    #[serde(rename = "webhook.created")]
    WebhookCreated,
    /// A webhook endpoint was changed.
    #[serde(rename = "webhook.updated")]
    WebhookUpdated,
    /// A webhook endpoint was deleted.
    #[serde(rename = "webhook.deleted")]
    WebhookDeleted,
    /// A webhook endpoint got a new signing secret.
    #[serde(rename = "webhook.secret_rotated")]
    WebhookSecretRotated,
    /// A webhook endpoint was disabled by the service.
    #[serde(rename = "webhook.disabled")]
    WebhookDisabled,
    /// An API key was created.
    #[serde(rename = "api_key.created")]
    ApiKeyCreated,
    /// An API key was revoked.
    #[serde(rename = "api_key.revoked")]
    ApiKeyRevoked,
    /// An agent was created.
    #[serde(rename = "agent.created")]
    AgentCreated,
    /// An agent was changed.
    #[serde(rename = "agent.updated")]
    AgentUpdated,
    /// The settings of a test agent were copied to the live agent.
    #[serde(rename = "agent.promoted")]
    AgentPromoted,
    /// An agent was retired.
    #[serde(rename = "agent.retired")]
    AgentRetired,
    /// An agent got a new signing secret for its tools.
    #[serde(rename = "agent.tool_secret_rotated")]
    AgentToolSecretRotated,
    /// The settings of the organization were changed.
    #[serde(rename = "organization.updated")]
    OrganizationUpdated,
    /// The data of a phone number was erased.
    #[serde(rename = "number.erased")]
    NumberErased,
}

/// Actor that made the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AuditActor))]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Actor {
    /// A client with this API key.
    ApiKey {
        /// Id of the API key.
        id: KeyId,
    },
    /// An operator with access to the deployment.
    Operator,
    /// The service itself.
    Service,
}

/// Entry of an organization's audit log. It contains names and ids, but no contents, secrets or phone numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Time of the change.
    pub at: Timestamp,
    /// Actor that made the change.
    pub actor: Actor,
    /// Change that was made.
    pub action: Action,
    /// Id of the changed object.
    pub target: String,
    /// Mode that the change applies to; `null` if it applies to both.
    pub mode: Option<Mode>,
    /// Names of the changed settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}
