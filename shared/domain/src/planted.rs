//! Bugs planted on purpose, behind a switch that only tests have. Each breaks one rule; a test shows that the
//! simulation finds each. In every other build [`is_planted`] is `false` at compile time.

/// A rule, broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The claim is written without its condition.
    UnconditionalClaim,
    /// A consumer that dies with a lease is never missed.
    ForgetLease,
    /// A request that timed out is taken for one that never happened.
    RetryTimeout,
    /// The SDK's retry of one's own write is taken for somebody else's.
    DropNonce,
    /// What a provider says after the end changes the reason.
    EndReasonMoves,
    /// A late report of an earlier state moves the status back.
    StatusMovesBack,
    /// `call.ended` is emitted twice.
    AnnounceTwice,
    /// `call.analyzed` does not wait for `call.ended`.
    AnalysisBeforeEnd,
    /// A number is skipped in the sequence.
    SequenceGap,
    /// The do-not-call list is not looked at again before dialling.
    DialSuppressed,
    /// The commit of a claim does not check that nobody has opted out since the list was looked at.
    ClaimSuppressed,
    /// A call that is found after it was ended is not hung up.
    LateCallKept,
    /// Suppression is judged before a replay is recognised.
    RefuseReplay,
    /// A key that was not returned by a batch read is taken for absent.
    UnprocessedIsAbsent,
    /// What looks like an attempt is adopted before its owner can have written it down.
    AdoptYoung,
    /// A call or text at the provider is taken whoever holds it.
    UnconditionalHold,
    /// A delivery has no place in the index of what is due.
    ForgetDelivery,
    /// Every attempt to deliver an event has an id of its own.
    FreshEventId,
    /// A text that timed out is taken for one that never left.
    ResendTimeout,
    /// The do-not-call list is not looked at again before a text leaves.
    TextSuppressed,
    /// A turn's answer is sent although something newer came in.
    AnswerStale,
    /// A turn's answer is sent twice, as two texts.
    AnswerTwice,
    /// An agent answers for as long as it is written to.
    AnswerForEver,
    /// A consumer that dies in a turn is never missed.
    ForgetTurn,
    /// A late report moves a text's delivery back.
    DeliveryMovesBack,
    /// STOP is an ordinary text.
    StopIsAnOrdinaryText,
    /// A text that came in is not remembered, and taken in again when it comes twice.
    ForgetInbound,
    /// The last text of a chat is taken in anew each time that it is read.
    ReadChatAnew,
    /// The chat of a conversation that is over goes on at the provider.
    KeepChat,
    /// A conversation is opened without closing the older one.
    KeepSuperseded,
    /// A conversation that is opened twice at once is taken for the older one between its two numbers.
    SupersedeItself,
    /// A hold is settled while its attempt may still be live.
    SettleEarly,
    /// A hold is settled without an entry that says so.
    ForgetEntry,
    /// What a conversation brought is kept when its time is over.
    KeepForGood,
    /// An event goes out without a signature where no secret can be read.
    SendUnsigned,
    /// A single failure long after another is taken for one that went on all the while.
    GiveUpAfterSilence,
    /// What a key is used for does not count against the key that it was made with.
    ChildrenCountAlone,
    /// A job that cannot be enqueued fails the request after it was accepted, without the index to catch it.
    ForgetDue,
}

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Plants a bug in this thread, or removes it.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    /// Whether this bug is planted in this thread.
    pub fn is_planted(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub use switch::{is_planted, plant};

/// Whether this bug is planted: never, in this build.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn is_planted(_: Bug) -> bool {
    false
}

/// Returns `true` if the planted bug overlooks the do-not-call list. The condition of a claim's commit would hide each of
/// these bugs, so the commit leaves it out.
pub fn overlooks_suppression() -> bool {
    is_planted(Bug::ClaimSuppressed) || is_planted(Bug::TextSuppressed) || is_planted(Bug::UnprocessedIsAbsent)
}
