//! Bugs that are planted on purpose, behind a switch that only tests have. Each breaks one rule, and a test shows that the
//! simulation finds each of them. In every other build, [`is_planted`] is `false` at compile time.

/// Broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Claim is written without its condition.
    UnconditionalClaim,
    /// Consumer that died with a lease is not detected.
    ForgetLease,
    /// Request for a call that timed out counts as one that never happened.
    RetryTimeout,
    /// Retry of our own write by the SDK counts as another request's write.
    DropNonce,
    /// Report after the end changes the end reason.
    EndReasonMoves,
    /// Late report of an earlier state moves the status back.
    StatusMovesBack,
    /// Event `call.ended` is emitted twice.
    AnnounceTwice,
    /// Event `call.analyzed` does not wait for `call.ended`.
    AnalysisBeforeEnd,
    /// Number is skipped in the sequence of events.
    SequenceGap,
    /// Do-not-call list is not checked again before dialling.
    DialSuppressed,
    /// Commit of a claim does not check that no opt-out was added since the list was read.
    ClaimSuppressed,
    /// Call that is found after its end is not hung up.
    LateCallKept,
    /// Do-not-call list is judged before a replay is detected.
    RefuseReplay,
    /// Key that a batch read did not return counts as absent.
    UnprocessedIsAbsent,
    /// Call or message that looks like the attempt is claimed before its owner can have recorded it.
    AdoptYoung,
    /// Call or message at the provider is claimed even if another conversation owns it.
    UnconditionalHold,
    /// Delivery has no entry in the index `due`.
    ForgetDelivery,
    /// Every attempt to deliver an event has another id.
    FreshEventId,
    /// Request for a message that timed out counts as one that was never sent.
    ResendTimeout,
    /// Do-not-call list is not checked again before a message is sent.
    TextSuppressed,
    /// Answer of a turn is sent although something newer came in.
    AnswerStale,
    /// Answer of a turn is sent twice, as two messages.
    AnswerTwice,
    /// Agent answers without a limit.
    AnswerForEver,
    /// Consumer that died in a turn is not detected.
    ForgetTurn,
    /// Late report moves the delivery status of a message back.
    DeliveryMovesBack,
    /// Keyword STOP is an ordinary message.
    StopIsAnOrdinaryText,
    /// Inbound message is not recorded, so that a repeated delivery stores it again.
    ForgetInbound,
    /// Last message of a chat is applied again by each read.
    ReadChatAnew,
    /// Chat at the provider goes on after the end of its conversation.
    KeepChat,
    /// Conversation is opened without closing the older one between its two numbers.
    KeepSuperseded,
    /// Conversation that is opened twice at the same time counts as the older one between its two numbers.
    SupersedeItself,
    /// Hold is settled while its attempt may still be live.
    SettleEarly,
    /// Charge of a settled hold has no entry in the wallet's book.
    ForgetEntry,
    /// Data of a conversation is kept after its retention.
    KeepForGood,
    /// Event is sent without a signature if no secret can be read.
    SendUnsigned,
    /// Failure long after another one counts as a continuous failure.
    GiveUpAfterSilence,
    /// Use of a key does not count against the key that it was created with.
    ChildrenCountAlone,
    /// Accepted conversation has no entry in the index `due`, so that its job is lost if it cannot be enqueued.
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

    /// Returns `true` if this bug is planted in this thread.
    pub fn is_planted(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub use switch::{is_planted, plant};

/// Returns `false`: no bug is planted in this build.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn is_planted(_: Bug) -> bool {
    false
}

/// Returns `true` if the planted bug ignores the do-not-call list. The condition in a claim's commit would hide each of
/// these bugs. Therefore the commit omits it.
pub fn overlooks_suppression() -> bool {
    is_planted(Bug::ClaimSuppressed) || is_planted(Bug::TextSuppressed) || is_planted(Bug::UnprocessedIsAbsent)
}
