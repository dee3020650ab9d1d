//! Who provides the telephony, and what each of them can and cannot do.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::ids::Channel;
use crate::sms::{LONGEST_TEXT, TextLimit};
use crate::time::Span;
use crate::variants::all;

/// Who provides the telephony.
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
    /// The provider behind every test key; it reaches no phone.
    Simulator,
    /// Twilio: Programmable Voice and Messaging.
    Twilio,
    /// Retell AI: calls, and chats by SMS, that its own agents hold.
    Retell,
    /// Telnyx: Call Control and Messaging.
    Telnyx,
    /// Vapi: calls that its own assistants hold.
    Vapi,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// The provider's name, as it stands in objects, events and the names of its secrets.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether it reaches phones. It does so in live mode only: a test key's conversations are the simulator's.
    pub const fn is_live(self) -> bool {
        match self {
            Self::Simulator => false,
            Self::Twilio | Self::Retell | Self::Telnyx | Self::Vapi => true,
        }
    }

    /// Whether this deployment can hold conversations of that kind through it.
    pub const fn carries(self, channel: Channel) -> bool {
        match (self, channel) {
            (Self::Simulator | Self::Twilio | Self::Retell | Self::Telnyx, Channel::Voice | Channel::Sms)
            | (Self::Vapi, Channel::Voice) => true,
            (Self::Vapi, Channel::Sms) => false,
        }
    }

    /// Whether an agent of its own holds the conversations by SMS: it takes no single texts of ours, and hands over none of
    /// the customer's; what was said is read there.
    pub const fn holds_chats(self) -> bool {
        match self {
            Self::Retell => true,
            Self::Simulator | Self::Twilio | Self::Telnyx | Self::Vapi => false,
        }
    }

    /// Whether its list of calls and texts shows which attempt of ours each was made for. Where it does not, what was
    /// adopted once is remembered, so that no second conversation takes it for its own.
    pub const fn lists_our_attempts(self) -> bool {
        match self {
            Self::Simulator | Self::Retell | Self::Telnyx | Self::Vapi => true,
            Self::Twilio => false,
        }
    }

    /// How long a live call may be without news before the provider is asked.
    pub const fn silence(self) -> Span {
        match self {
            Self::Simulator => Span::seconds(60),
            Self::Twilio | Self::Retell | Self::Telnyx | Self::Vapi => Span::minutes(5),
        }
    }

    /// How long after an attempt began its unknown outcome is given up. At most 5 minutes, less what the last message
    /// needs to arrive.
    pub const fn settlement(self) -> Span {
        match self {
            Self::Simulator => Span::seconds(90),
            Self::Twilio | Self::Retell | Self::Telnyx | Self::Vapi => Span::minutes(4),
        }
    }

    /// How long after a connected call's end the provider is asked for an analysis that it has not brought by itself;
    /// `None` where it makes none. So long that the index takes care of it, which most calls never need.
    pub const fn analysis_wait(self) -> Option<Span> {
        match self {
            Self::Simulator | Self::Retell | Self::Vapi => Some(Span::minutes(2)),
            Self::Twilio | Self::Telnyx => None,
        }
    }

    /// Whether the carriers behind it answer STOP and HELP themselves, so that we do not.
    pub const fn answers_keywords(self) -> bool {
        match self {
            Self::Simulator => false,
            Self::Twilio | Self::Retell | Self::Telnyx | Self::Vapi => true,
        }
    }

    /// Whether it tells who answered in a report of its own, which may come before or after the one of the call's end.
    pub const fn tells_of_machines_apart(self) -> bool {
        match self {
            Self::Twilio | Self::Telnyx => true,
            Self::Simulator | Self::Retell | Self::Vapi => false,
        }
    }

    /// How long a text it takes.
    pub const fn text_limit(self) -> TextLimit {
        match self {
            // "The concatenated message body exceeds the 1600 character limit": 21617.
            Self::Simulator | Self::Twilio | Self::Retell | Self::Vapi => TextLimit::Units(LONGEST_TEXT),
            // 40302: more than ten parts.
            Self::Telnyx => TextLimit::Segments(10),
        }
    }

    /// Whether a connected call's transcript is to be expected.
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
