//! Answers of a provider that is asked to place, find or hang up a call, and the number of faults that each uses up.

/// Answer of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The provider does what it was asked for and says so.
    Well,
    /// The provider answers well, but never sends a callback of this call.
    ThenSilent,
    /// The provider did what it was asked for, but the answer was lost.
    Lost,
    /// The provider did nothing and does not say so. Either it failed, or its list does not show the call yet.
    Failed,
    /// The provider has placed nothing and says so. It may be asked again.
    NotPlaced,
    /// The provider has placed nothing and refuses to.
    Refused,
    /// The provider answers as in `NotPlaced`, but has placed the call.
    NotPlacedFalsely,
    /// The provider answers as in `Refused`, but has placed the call.
    RefusedFalsely,
}

/// Possible answers of a provider that is asked to place a call.
pub(super) const ANSWERS: &[Answer] =
    &[Answer::Well, Answer::ThenSilent, Answer::Lost, Answer::Failed, Answer::NotPlaced, Answer::Refused];

/// Possible answers of a provider that denies calls which it has placed.
pub(super) const DENIALS: &[Answer] = &[Answer::Well, Answer::NotPlacedFalsely, Answer::RefusedFalsely];

impl Answer {
    /// Returns the number of faults that this answer uses up.
    pub(super) fn costs(self) -> u8 {
        match self {
            Self::Well | Self::Refused => 0,
            Self::ThenSilent
            | Self::Lost
            | Self::Failed
            | Self::NotPlaced
            | Self::NotPlacedFalsely
            | Self::RefusedFalsely => 1,
        }
    }
}
