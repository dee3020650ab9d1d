//! Metrics of accepted and dispatched conversations, their results, and their times. They contain counts and durations, and
//! never say which customer or organization they are about.

use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::variants::all;

/// Metric, by its name in CloudWatch, on the dashboard and in the alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount, IntoStaticStr, VariantArray)]
pub enum Measure {
    /// Conversations that were accepted. A replay does not count.
    Accepted,
    /// Attempts that were claimed after the request: calls to place and messages to send. An opening message is sent within
    /// its request, and counts as accepted only.
    Dispatched,
    /// Attempts that the provider accepted.
    DispatchAccepted,
    /// Attempts that provably never happened. They are made again.
    DispatchNotPlaced,
    /// Attempts that the provider refused for good.
    DispatchRefused,
    /// Attempts with an unknown outcome. They are searched for at the provider.
    DispatchUnknown,
    /// Calls whose token from the rate limiter of the provider's account would come after their window.
    CallsWithoutSlot,
    /// Answers 401 and 403, by which a provider does not accept our credentials.
    ProviderAuthFailures,
    /// Time from the planned beginning of a call to its first attempt.
    TimeToDispatch,
    /// Time from the planned beginning of a call to the first report that it rings or was answered.
    TimeToRing,
    /// Turns of agents that began.
    Turns,
    /// Turns that failed for good.
    TurnFailures,
    /// Time from an event to the acceptance of its webhook by the consumer.
    WebhookAge,
    /// Attempts until a consumer accepted a webhook.
    WebhookAttempts,
    /// Webhooks that were given up.
    WebhooksExhausted,
    /// Items that a run of `reconcile` found overdue.
    OverdueItems,
    /// Conversations that were abandoned, because they made no progress in several rounds.
    GivenUp,
}

/// Unit of a metric's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Count. Values are added up.
    Count,
    /// Number of something, such as attempts. Each value stands by itself.
    Each,
    /// Duration in milliseconds. Each value stands by itself.
    Milliseconds,
}

impl Measure {
    /// All metrics.
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// Returns the name of the metric.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the unit of the metric's values.
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

/// Metric with a value.
pub type Measured = (Measure, i64);
