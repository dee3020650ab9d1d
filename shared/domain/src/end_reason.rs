//! Reasons for the end of a conversation.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Reason for the end of a conversation: one of the named reasons, or a reason that the client gave. A provider's value
/// that the service does not know is shown as `provider:<value>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(transparent)]
pub struct EndReason(Cow<'static, str>);

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        impl EndReason {
            $($(#[$doc])* pub const $name: Self = Self(Cow::Borrowed($text));)*

            /// All named reasons.
            pub const NAMED: &[Self] = &[$(Self::$name),*];
        }
    };
}

reasons! {
    /// The call was answered and came to its normal end.
    COMPLETED = "completed",
    /// The line was busy.
    BUSY = "busy",
    /// The called party did not answer.
    NO_ANSWER = "no_answer",
    /// A voicemail box or another machine answered.
    VOICEMAIL = "voicemail",
    /// The provider or the called party refused the call or message.
    REJECTED = "rejected",
    /// The number is invalid or cannot be reached.
    INVALID_DESTINATION = "invalid_destination",
    /// The provider does not let us use the calling or sending number.
    INVALID_SENDER = "invalid_sender",
    /// The provider's account may not reach the number or its country.
    DESTINATION_NOT_ALLOWED = "destination_not_allowed",
    /// The number is on the do-not-call list.
    DO_NOT_CALL = "do_not_call",
    /// The window closed before the call could be dialled.
    DISPATCH_DEADLINE_EXCEEDED = "dispatch_deadline_exceeded",
    /// The provider could not be reached, or does not accept our account.
    PROVIDER_UNAVAILABLE = "provider_unavailable",
    /// The service could not determine if the provider placed the call.
    DISPATCH_UNCONFIRMED = "dispatch_unconfirmed",
    /// The call lasted longer than its maximum duration.
    MAX_DURATION_EXCEEDED = "max_duration_exceeded",
    /// The provider accepted the call and then sent no more news.
    PROVIDER_LOST = "provider_lost",
    /// The wallet did not cover the call.
    INSUFFICIENT_FUNDS = "insufficient_funds",
    /// A client closed the conversation without a reason of its own.
    ADMIN_CLOSED = "admin_closed",
    /// The organization is suspended, so the customer may not be contacted.
    ORGANIZATION_SUSPENDED = "organization_suspended",
    /// The calling or sending number does not belong to the organization any more.
    NUMBER_NOT_OWNED = "number_not_owned",
    /// Another conversation between the same two numbers was opened.
    SUPERSEDED = "superseded_by_new_conversation",
    /// The customer does not want to be contacted any more.
    OPTED_OUT = "opted_out",
    /// No message was exchanged for too long.
    INACTIVITY_TIMEOUT = "inactivity_timeout",
    /// The service could not bring the conversation to its end.
    INTERNAL_ERROR = "internal_error",
}

impl EndReason {
    /// Creates the reason that a client gives when it closes a conversation.
    pub fn given(text: &str) -> Self {
        Self(Cow::Owned(text.to_owned()))
    }

    /// Creates the reason for a provider's value that our tables do not contain.
    pub fn unknown_at_provider(value: &str) -> Self {
        Self(Cow::Owned(format!("provider:{value}")))
    }

    /// Returns the reason as it stands in objects and events.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EndReason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Cow::Owned(text)))
    }
}
