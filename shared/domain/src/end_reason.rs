//! Why a conversation ended.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a conversation ended: one of the named reasons, what a client closed with, or `provider:<value>` for what a provider
/// said and nobody had heard before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(transparent)]
pub struct EndReason(Cow<'static, str>);

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        impl EndReason {
            $($(#[$doc])* pub const $name: Self = Self(Cow::Borrowed($text));)*

            /// Every named reason.
            pub const NAMED: &[Self] = &[$(Self::$name),*];
        }
    };
}

reasons! {
    /// It connected and came to its end.
    COMPLETED = "completed",
    /// The line was busy.
    BUSY = "busy",
    /// Nobody answered.
    NO_ANSWER = "no_answer",
    /// A machine answered.
    VOICEMAIL = "voicemail",
    /// The provider or the called party refused it.
    REJECTED = "rejected",
    /// The number cannot be called.
    INVALID_DESTINATION = "invalid_destination",
    /// The provider does not let us use the number that we call or text from.
    INVALID_SENDER = "invalid_sender",
    /// The provider's account may not reach that number or country.
    DESTINATION_NOT_ALLOWED = "destination_not_allowed",
    /// The number must not be called.
    DO_NOT_CALL = "do_not_call",
    /// Its window closed before it could be dialled.
    DISPATCH_DEADLINE_EXCEEDED = "dispatch_deadline_exceeded",
    /// The provider could not be reached, or does not accept our account.
    PROVIDER_UNAVAILABLE = "provider_unavailable",
    /// Whether the provider placed it could not be found out.
    DISPATCH_UNCONFIRMED = "dispatch_unconfirmed",
    /// It lasted longer than it may.
    MAX_DURATION_EXCEEDED = "max_duration_exceeded",
    /// The provider accepted it and was not heard of again.
    PROVIDER_LOST = "provider_lost",
    /// The wallet did not cover it.
    INSUFFICIENT_FUNDS = "insufficient_funds",
    /// Closed by a client that gave no reason.
    ADMIN_CLOSED = "admin_closed",
    /// Its organization was suspended before it was dialled.
    ORGANIZATION_SUSPENDED = "organization_suspended",
    /// The number that calls or texts was taken from its organization.
    NUMBER_NOT_OWNED = "number_not_owned",
    /// Another conversation with the same two numbers was opened.
    SUPERSEDED = "superseded_by_new_conversation",
    /// The customer wants to hear nothing more.
    OPTED_OUT = "opted_out",
    /// Nobody wrote anything for too long.
    INACTIVITY_TIMEOUT = "inactivity_timeout",
    /// We could not bring it to its end.
    INTERNAL_ERROR = "internal_error",
}

impl EndReason {
    /// The reason that a client closed with.
    pub fn given(text: &str) -> Self {
        Self(Cow::Owned(text.to_owned()))
    }

    /// What a provider said and our tables do not know.
    pub fn unknown_at_provider(value: &str) -> Self {
        Self(Cow::Owned(format!("provider:{value}")))
    }

    /// The reason as text.
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
