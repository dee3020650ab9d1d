//! The audit log: who changed what in an organization's administration.

use serde::{Deserialize, Serialize};

use crate::ids::Mode;
use crate::key::KeyId;
use crate::time::Timestamp;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AuditAction))]
pub enum Action {
    /// An endpoint was registered.
    #[serde(rename = "webhook.created")]
    WebhookCreated,
    /// An endpoint was changed.
    #[serde(rename = "webhook.updated")]
    WebhookUpdated,
    /// An endpoint was deleted.
    #[serde(rename = "webhook.deleted")]
    WebhookDeleted,
    /// An endpoint got another secret.
    #[serde(rename = "webhook.secret_rotated")]
    WebhookSecretRotated,
    /// An endpoint was disabled by the service.
    #[serde(rename = "webhook.disabled")]
    WebhookDisabled,
    /// An API key was made.
    #[serde(rename = "api_key.created")]
    ApiKeyCreated,
    /// An API key was revoked.
    #[serde(rename = "api_key.revoked")]
    ApiKeyRevoked,
    /// An agent was made.
    #[serde(rename = "agent.created")]
    AgentCreated,
    /// An agent was changed.
    #[serde(rename = "agent.updated")]
    AgentUpdated,
    /// A test agent's settings became the live agent's.
    #[serde(rename = "agent.promoted")]
    AgentPromoted,
    /// An agent was retired.
    #[serde(rename = "agent.retired")]
    AgentRetired,
    /// An agent's tools got another secret.
    #[serde(rename = "agent.tool_secret_rotated")]
    AgentToolSecretRotated,
    /// The organization was changed.
    #[serde(rename = "organization.updated")]
    OrganizationUpdated,
    /// A phone number's data was erased.
    #[serde(rename = "number.erased")]
    NumberErased,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AuditActor))]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Actor {
    /// Somebody with this API key.
    ApiKey {
        /// The key.
        id: KeyId,
    },
    /// Somebody with access to the deployment.
    Operator,
    /// The service itself.
    Service,
}

/// An entry of an organization's audit log. It names things and says nothing of their content: no secret, no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// The id of what it was done to.
    pub target: String,
    /// The mode it concerns; none where it concerns both.
    pub mode: Option<Mode>,
    /// The names of the settings that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}
