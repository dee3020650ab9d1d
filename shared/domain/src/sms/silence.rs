//! How much an agent says in a conversation, and when it falls silent: two machines that text each other would never stop.

use super::transition::Transition;
use super::{Silence, SilenceReason, SmsConversation};
use crate::digest::{digest_of, hex};
use crate::log::Note;
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};

/// The customer's same text, so often in a row, is not answered any more.
pub const MOST_REPETITIONS: u32 = 3;

/// For how long texts are counted.
const HOUR: Span = Span::hours(1);

/// What a text without words begins with: two pictures are not the same text.
const MEDIA: &str = "[media:";

impl SmsConversation {
    /// Until when the agent has said enough, if it has.
    fn full_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.pace.hour_from? + HOUR;
        (now < until && self.pace.in_hour >= self.terms.max_messages_per_hour).then_some(until)
    }
}

impl Transition {
    /// Counts a text of the agent's.
    pub(super) fn counts_text(&mut self) {
        let now = self.now;
        let pace = &mut self.conversation.pace;
        if pace.hour_from.is_none_or(|from| now >= from + HOUR) {
            pace.hour_from = Some(now);
            pace.in_hour = 0;
        }
        pace.in_hour = pace.in_hour.saturating_add(1);
    }

    /// Whether a text of the customer's is the same as those before it, so often that it is not answered. Counts it.
    pub(super) fn is_repeated(&mut self, content: &str) -> bool {
        let words: Vec<String> = content.split_whitespace().map(str::to_lowercase).collect();
        let digest = hex(&digest_of(&["text", &words.join(" ")])[..8]);
        let pace = &mut self.conversation.pace;
        let is_same = pace.last_text.as_ref() == Some(&digest) && !content.starts_with(MEDIA);
        pace.repetitions = if is_same { pace.repetitions.saturating_add(1) } else { 1 };
        pace.last_text = Some(digest);
        pace.repetitions >= MOST_REPETITIONS && !is_planted(Bug::AnswerForEver)
    }

    /// Whether the agent may send one of its fixed texts now. Where not, it says why.
    pub(super) fn may_say_more(&mut self) -> bool {
        let until = self.conversation.full_until(self.now).filter(|_| !is_planted(Bug::AnswerForEver));
        if until.is_some() {
            self.falls_silent(SilenceReason::MaxMessagesPerHour, until);
        }
        until.is_none()
    }

    /// Whether a turn has to wait, or is not to be taken at all: `Some` with the moment that it waits for, if it does.
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

    /// The agent falls silent, and the log says why, once for each silence.
    pub(super) fn falls_silent(&mut self, reason: SilenceReason, until: Option<Timestamp>) {
        let known = self.conversation.pace.silence;
        if known.is_none_or(|known| known.reason != reason || known.until != until) {
            self.conversation.pace.silence = Some(Silence { reason, since: self.now, until });
            self.note(Note::AgentSilent { reason });
        }
    }

    /// It is not silent any more.
    pub(super) fn breaks_silence(&mut self) {
        self.conversation.pace.silence = None;
    }
}
