//! Telephony providers and their capabilities.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::ids::Channel;
use crate::sms::{LONGEST_TEXT, TextLimit};
use crate::time::Span;
use crate::variants::all;

/// Telephony provider of a conversation. `simulator` serves all requests with a test key.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Provider {
    /// Provider behind every test key. It reaches no phone.
    Simulator,
    /// Twilio: Programmable Voice and Messaging.
    Twilio,
    /// Retell AI: calls and SMS chats that its own agents hold.
    Retell,
    /// Telnyx: Call Control and Messaging.
    Telnyx,
    /// Vapi: calls that its own assistants hold.
    Vapi,
}

impl Provider {
    /// All providers.
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// Returns the provider's name, as written in objects, events and the names of its secrets.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns `true` if the provider reaches phones. It does so in live mode only, because the simulator serves all test
    /// keys.
    pub const fn is_live(self) -> bool {
        match self {
            Self::Simulator => false,
            Self::Twilio | Self::Retell | Self::Telnyx | Self::Vapi => true,
        }
    }

    /// Returns `true` if this deployment supports conversations of that channel through the provider.
    pub const fn carries(self, channel: Channel) -> bool {
        match (self, channel) {
            (Self::Simulator | Self::Twilio | Self::Retell | Self::Telnyx, Channel::Voice | Channel::Sms)
            | (Self::Vapi, Channel::Voice) => true,
            (Self::Vapi, Channel::Sms) => false,
        }
    }

    /// Returns `true` if the provider's own agent holds SMS conversations. Such a provider accepts no single messages from
    /// us, and does not forward the customer's messages. Messages are read from its chats.
    pub const fn holds_chats(self) -> bool {
        match self {
            Self::Retell => true,
            Self::Simulator | Self::Twilio | Self::Telnyx | Self::Vapi => false,
        }
    }

    /// Returns `true` if the provider's list of calls and messages shows our attempt for each. Otherwise, a call or message
    /// that was matched once is recorded, so that no second conversation claims it.
    pub const fn lists_our_attempts(self) -> bool {
        match self {
            Self::Simulator | Self::Retell | Self::Telnyx | Self::Vapi => true,
            Self::Twilio => false,
        }
    }

    /// Returns the time without news of a live call after which the provider is asked.
    pub const fn silence(self) -> Span {
        match self {
            Self::Simulator => Span::seconds(60),
            Self::Twilio | Self::Retell | Self::Telnyx | Self::Vapi => Span::minutes(5),
        }
    }

    /// Returns the time after the beginning of an attempt at which its unknown outcome is given up. It is at most 5
    /// minutes, less the time that the last message needs to arrive.
    pub const fn settlement(self) -> Span {
        match self {
            Self::Simulator => Span::seconds(90),
            Self::Twilio | Self::Retell | Self::Telnyx | Self::Vapi => Span::minutes(4),
        }
    }

    /// Returns the time after a connected call's end at which the provider is asked for a missing analysis; `None` if it
    /// makes none. The time is long enough for the index, because most calls never need this.
    pub const fn analysis_wait(self) -> Option<Span> {
        match self {
            Self::Simulator | Self::Retell | Self::Vapi => Some(Span::minutes(2)),
            Self::Twilio | Self::Telnyx => None,
        }
    }

    /// Returns `true` if the carriers behind the provider answer STOP and HELP themselves. Then we do not.
    pub const fn answers_keywords(self) -> bool {
        match self {
            Self::Simulator => false,
            Self::Twilio | Self::Retell | Self::Telnyx | Self::Vapi => true,
        }
    }

    /// Returns `true` if the provider reports who answered separately, before or after the report of the call's end.
    pub const fn tells_of_machines_apart(self) -> bool {
        match self {
            Self::Twilio | Self::Telnyx => true,
            Self::Simulator | Self::Retell | Self::Vapi => false,
        }
    }

    /// Returns the length limit for one message.
    pub const fn text_limit(self) -> TextLimit {
        match self {
            // Twilio's error 21617: "The concatenated message body exceeds the 1600 character limit".
            Self::Simulator | Self::Twilio | Self::Retell | Self::Vapi => TextLimit::Units(LONGEST_TEXT),
            // Telnyx's error 40302: more than ten parts.
            Self::Telnyx => TextLimit::Segments(10),
        }
    }

    /// Returns `true` if a connected call is expected to have a transcript.
    pub const fn gives_transcripts(self) -> bool {
        match self {
            Self::Simulator | Self::Retell | Self::Vapi => true,
            Self::Twilio | Self::Telnyx => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Provider;
    use crate::time::Span;

    #[test]
    fn no_unknown_outcome_is_waited_for_longer_than_five_minutes() {
        for provider in Provider::ALL {
            assert!(provider.settlement() <= Span::seconds(5 * 60 - 30), "{}", provider.as_str());
        }
    }
}
