//! Scripts for calls to a number. They are the same for every vendor.

use super::server::Reaction;

/// Script of a call to a number.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) create: Create,
    pub(crate) story: Story,
    pub(crate) telling: Telling,
}

/// Result of a request for a call or an SMS message.
#[derive(Clone, Debug)]
pub(crate) enum Create {
    /// The fake carries the request out and says so.
    Accepts,
    /// The fake carries the request out, but answers like this instead.
    MakesAnd(Reaction),
    /// The fake does not carry the request out.
    Refuses(Reaction),
    /// The fake does not carry out the first request. It accepts later ones.
    RefusesOnce(Reaction),
}

/// Course of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    /// The call is answered, and the called party hangs up in the end.
    Completes,
    /// The called party is not reached, for this reason in the vendor's word.
    Unconnected(&'static str),
    /// The call is answered and goes on until it is ended.
    Stays,
    /// Nothing happens to the call unless a test says so.
    Waits,
}

/// Order in which the fake sends its callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// In order, after the answer or together with it.
    InOrder,
    /// All of them before the request for the call is answered.
    BeforeTheAnswer,
    /// Each one twice, the last one first.
    TwiceAndReversed,
    /// No callbacks.
    Never,
}

/// Step in the course of a call. Not every vendor has a word for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begins,
    Rings,
    IsAnswered,
    /// The answering party was detected as a person or a machine.
    IsDetected,
    /// The call is over, for this reason in the vendor's word.
    Ends(&'static str),
    /// The results that follow the call, such as the analysis, are available.
    IsComplete,
}

impl Script {
    pub(crate) const fn of(story: Story) -> Self {
        Self { create: Create::Accepts, story, telling: Telling::InOrder }
    }

    /// Script of a call without callbacks, unless a test sends them.
    pub(crate) const SILENT: Self = Self::of(Story::Waits).telling(Telling::Never);

    pub(crate) fn creating(self, create: Create) -> Self {
        Self { create, ..self }
    }

    pub(crate) const fn telling(mut self, telling: Telling) -> Self {
        self.telling = telling;
        self
    }
}

impl Story {
    /// Returns the steps in order. An answered call ends with the vendor's word for a hang-up by the called party.
    pub(crate) fn steps(self, hung_up: &'static str) -> Vec<Step> {
        match self {
            Self::Completes => vec![
                Step::Begins,
                Step::Rings,
                Step::IsAnswered,
                Step::IsDetected,
                Step::Ends(hung_up),
                Step::IsComplete,
            ],
            Self::Unconnected(word) => vec![Step::Begins, Step::Rings, Step::Ends(word), Step::IsComplete],
            Self::Waits => Vec::new(),
            Self::Stays => vec![Step::Begins, Step::Rings, Step::IsAnswered],
        }
    }
}
