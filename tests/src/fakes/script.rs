//! What becomes of calls to a number, whichever vendor carries them.

use super::server::Reaction;

/// What becomes of a call to a number.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) create: Create,
    pub(crate) story: Story,
    pub(crate) telling: Telling,
}

/// What the request for a call, or for a text, comes to.
#[derive(Clone, Debug)]
pub(crate) enum Create {
    /// It is made, and the answer says so.
    Accepts,
    /// It is made, and the answer is lost so.
    MakesAnd(Reaction),
    /// It is not made.
    Refuses(Reaction),
    /// It is not made the first time.
    RefusesOnce(Reaction),
}

/// The course of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    /// It is answered, and the called party hangs up in the end.
    Completes,
    /// Nobody is reached, for this reason, in the vendor's word.
    Unconnected(&'static str),
    /// It is answered, and goes on until it is ended.
    Stays,
    /// Nothing happens to it unless a test says so.
    Waits,
}

/// How the fake calls back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// In order, behind the answer or right with it.
    InOrder,
    /// All of it before the request for the call is answered.
    BeforeTheAnswer,
    /// Each twice, the last one first.
    TwiceAndReversed,
    /// Never.
    Never,
}

/// Something that happens to a call. Not every vendor has a word for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begins,
    Rings,
    IsAnswered,
    /// It is known who answered.
    IsDetected,
    /// It is over, for this reason, in the vendor's word.
    Ends(&'static str),
    /// What was made of it afterwards is there.
    IsComplete,
}

impl Script {
    pub(crate) const fn of(story: Story) -> Self {
        Self { create: Create::Accepts, story, telling: Telling::InOrder }
    }

    /// A call of which nothing is heard unless a test says it.
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
    /// What happens, in order. A call that is answered and over ends as the vendor says that the called party hung up.
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
