//! The answers of a provider that is asked to place, find or hang up a call, and how many of the faults each uses up.

/// How the provider answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// As it should.
    Well,
    /// As it should, but no callback of this call is ever sent.
    ThenSilent,
    /// It did what it was asked for; the answer was lost.
    Lost,
    /// It did nothing, and does not say so: an error, or it has not got the call in its list yet.
    Failed,
    /// It has placed nothing, and says so: it may be asked again.
    NotPlaced,
    /// It has placed nothing, and would not.
    Refused,
    /// As `NotPlaced`, but it has placed the call all the same.
    NotPlacedFalsely,
    /// As `Refused`, but it has placed the call all the same.
    RefusedFalsely,
}

/// How a provider answers that is asked to place a call.
pub(super) const ANSWERS: &[Answer] =
    &[Answer::Well, Answer::ThenSilent, Answer::Lost, Answer::Failed, Answer::NotPlaced, Answer::Refused];

/// How one answers that is not to be believed.
pub(super) const DENIALS: &[Answer] = &[Answer::Well, Answer::NotPlacedFalsely, Answer::RefusedFalsely];

impl Answer {
    /// What it takes from what may go wrong.
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
