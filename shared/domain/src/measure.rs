//! What is measured: how much is accepted and dispatched, what comes of it, how long it takes. Counts and times, never
//! whom they are about.

use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::variants::all;

/// A measure, by the name that it has in CloudWatch, on the dashboard and in the alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount, IntoStaticStr, VariantArray)]
pub enum Measure {
    /// Conversations that were accepted; a replay is none.
    Accepted,
    /// Attempts that were claimed behind a request: calls to be placed, texts to be sent. A conversation's opening text is
    /// sent within its request, and counts as accepted only.
    Dispatched,
    /// Attempts that the provider accepted.
    DispatchAccepted,
    /// Attempts that provably never happened; they are made again.
    DispatchNotPlaced,
    /// Attempts that the provider refused for good.
    DispatchRefused,
    /// Attempts of which it is not known what came of them. They are looked for.
    DispatchUnknown,
    /// Calls whose turn at the provider's account would come after their window.
    CallsWithoutSlot,
    /// Refusals by which a provider says that it does not know us: 401 and 403.
    ProviderAuthFailures,
    /// From the moment a call was to be dialled to its first attempt.
    TimeToDispatch,
    /// From the moment a call was to be dialled to when we heard that it rings, or was answered.
    TimeToRing,
    /// Turns of agents that were begun.
    Turns,
    /// Turns that came to nothing for good.
    TurnFailures,
    /// From an event to when its webhook was taken.
    WebhookAge,
    /// The attempts that a webhook took.
    WebhookAttempts,
    /// Webhooks that were given up.
    WebhooksExhausted,
    /// What a run of the reconciler found overdue.
    OverdueItems,
    /// What made no progress in several rounds and was ended.
    GivenUp,
}

/// What a measure's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// How many: values are added up.
    Count,
    /// Each value counts by itself: how many of something there were.
    Each,
    /// Each value counts by itself: how long, in milliseconds.
    Milliseconds,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What its values are.
    pub const fn unit(self) -> Unit {
        match self {
            Self::TimeToDispatch | Self::TimeToRing | Self::WebhookAge => Unit::Milliseconds,
            Self::WebhookAttempts => Unit::Each,
            Self::Accepted
            | Self::Dispatched
            | Self::DispatchAccepted
            | Self::DispatchNotPlaced
            | Self::DispatchRefused
            | Self::DispatchUnknown
            | Self::CallsWithoutSlot
            | Self::ProviderAuthFailures
            | Self::Turns
            | Self::TurnFailures
            | Self::WebhooksExhausted
            | Self::OverdueItems
            | Self::GivenUp => Unit::Count,
        }
    }
}

/// A value of a measure.
pub type Measured = (Measure, i64);
