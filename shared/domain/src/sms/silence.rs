//! Limits on an agent's messages in a conversation. An agent falls silent at a limit, because two machines that text each
//! other would never stop.

use super::transition::Transition;
use super::{Silence, SilenceReason, SmsConversation};
use crate::digest::{digest_of, hex};
use crate::log::Note;
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};

/// Number of times in a row at which the same message of the customer is not answered any more.
pub const MOST_REPETITIONS: u32 = 3;

/// Period in which messages are counted.
const HOUR: Span = Span::hours(1);

/// Beginning of the text that stands for media without words. Two such messages never count as the same, because their
/// pictures may differ.
const MEDIA: &str = "[media:";

impl SmsConversation {
    /// Returns the time until which the agent has reached its hourly limit; `None` if it has not.
    fn full_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.pace.hour_from? + HOUR;
        (now < until && self.pace.in_hour >= self.terms.max_messages_per_hour).then_some(until)
    }
}

impl Transition {
    /// Counts a message of the agent.
    pub(super) fn counts_text(&mut self) {
        let now = self.now;
        let pace = &mut self.conversation.pace;
        if pace.hour_from.is_none_or(|from| now >= from + HOUR) {
            pace.hour_from = Some(now);
            pace.in_hour = 0;
        }
        pace.in_hour = pace.in_hour.saturating_add(1);
    }

    /// Counts a message of the customer, and returns `true` if it was repeated so often that it is not answered.
    pub(super) fn is_repeated(&mut self, content: &str) -> bool {
        let words: Vec<String> = content.split_whitespace().map(str::to_lowercase).collect();
        let digest = hex(&digest_of(&["text", &words.join(" ")])[..8]);
        let pace = &mut self.conversation.pace;
        let is_same = pace.last_text.as_ref() == Some(&digest) && !content.starts_with(MEDIA);
        pace.repetitions = if is_same { pace.repetitions.saturating_add(1) } else { 1 };
        pace.last_text = Some(digest);
        pace.repetitions >= MOST_REPETITIONS && !is_planted(Bug::AnswerForEver)
    }

    /// Returns `true` if the agent may send one of its fixed texts now. Otherwise, notes the reason.
    pub(super) fn may_say_more(&mut self) -> bool {
        let until = self.conversation.full_until(self.now).filter(|_| !is_planted(Bug::AnswerForEver));
        if until.is_some() {
            self.falls_silent(SilenceReason::MaxMessagesPerHour, until);
        }
        until.is_none()
    }

    /// Checks the limits before a turn. Returns `None` if the turn may be taken, `Some(None)` if it may not be taken at
    /// all, and `Some(Some(time))` if it has to wait.
    pub(super) fn has_said_enough(&mut self) -> Option<Option<Timestamp>> {
        if is_planted(Bug::AnswerForEver) {
            return None;
        }
        if self.conversation.pace.answers >= self.conversation.terms.max_turns {
            self.falls_silent(SilenceReason::MaxTurns, None);
            return Some(None);
        }
        let until = self.conversation.full_until(self.now)?;
        self.falls_silent(SilenceReason::MaxMessagesPerHour, Some(until));
        Some(Some(until))
    }

    /// Silences the agent. The log notes the reason once for each silence.
    pub(super) fn falls_silent(&mut self, reason: SilenceReason, until: Option<Timestamp>) {
        let known = self.conversation.pace.silence;
        if known.is_none_or(|known| known.reason != reason || known.until != until) {
            self.conversation.pace.silence = Some(Silence { reason, since: self.now, until });
            self.note(Note::AgentSilent { reason });
        }
    }

    /// Ends the agent's silence.
    pub(super) fn breaks_silence(&mut self) {
        self.conversation.pace.silence = None;
    }
}
