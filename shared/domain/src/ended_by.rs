//! Party that ended a conversation.

use serde::{Deserialize, Serialize};

use crate::end_reason::EndReason;

/// Party that ended a conversation: a client, the called party or customer (`callee`), the agent, the provider, or this
/// service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// A client, which closed the conversation or opened a newer one between the same numbers.
    Client,
    /// The called party or customer, who hung up, was busy, declined or opted out.
    Callee,
    /// The agent that held the conversation.
    Agent,
    /// The provider or a carrier behind it, which refused the call or message or could not place it.
    Provider,
    /// This service, by one of its rules or limits.
    Service,
}

impl EndedBy {
    /// Returns the party that follows from the end reason alone; `None` if it does not follow.
    pub fn of_reason(reason: &EndReason) -> Option<Self> {
        const CALLEES: [EndReason; 2] = [EndReason::BUSY, EndReason::OPTED_OUT];
        const PROVIDERS: [EndReason; 6] = [
            EndReason::NO_ANSWER,
            EndReason::REJECTED,
            EndReason::INVALID_DESTINATION,
            EndReason::INVALID_SENDER,
            EndReason::DESTINATION_NOT_ALLOWED,
            EndReason::PROVIDER_UNAVAILABLE,
        ];
        const SERVICES: [EndReason; 10] = [
            EndReason::DO_NOT_CALL,
            EndReason::DISPATCH_DEADLINE_EXCEEDED,
            EndReason::DISPATCH_UNCONFIRMED,
            EndReason::MAX_DURATION_EXCEEDED,
            EndReason::PROVIDER_LOST,
            EndReason::INSUFFICIENT_FUNDS,
            EndReason::ORGANIZATION_SUSPENDED,
            EndReason::NUMBER_NOT_OWNED,
            EndReason::INACTIVITY_TIMEOUT,
            EndReason::INTERNAL_ERROR,
        ];
        const CLIENTS: [EndReason; 2] = [EndReason::SUPERSEDED, EndReason::ADMIN_CLOSED];
        if CALLEES.contains(reason) {
            Some(Self::Callee)
        } else if PROVIDERS.contains(reason) {
            Some(Self::Provider)
        } else if SERVICES.contains(reason) {
            Some(Self::Service)
        } else {
            CLIENTS.contains(reason).then_some(Self::Client)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EndedBy;
    use crate::end_reason::EndReason;

    #[test]
    fn of_two_reasons_alone_it_does_not_follow_who_ended() {
        let open: Vec<&str> = EndReason::NAMED
            .iter()
            .filter(|reason| EndedBy::of_reason(reason).is_none())
            .map(EndReason::as_str)
            .collect();
        assert_eq!(open, ["completed", "voicemail"]);
    }
}
