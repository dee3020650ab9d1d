//! Turns of the agent. One turn runs at a time, under a lease, and answers everything unanswered. A turn is abandoned if
//! something newer came in, so that messages are answered together. At most three turns in a row are abandoned, so that an
//! answer is given at all.

use serde_json::Value;

use super::transition::Transition;
use super::{Answering, Author, Claim, MOST_PARTS, Purpose, ToolAsked, Turn, split};
use crate::dispatch::retry_delay;
use crate::end_reason::EndReason;
use crate::log::{Event, Note, ToolCallInvocation, ToolCallOutcome, ToolCallResult, TurnFailed};
use crate::objections::Objections;
use crate::planted::{Bug, is_planted};
use crate::size::cut_to_stored;
use crate::time::Span;
use crate::tool::ToolOutcome;

/// Lease of a turn. It leaves time for models and tools. It is longer than the timeout of the function and shorter than the
/// visibility timeout of its queue.
pub const TURN_LEASE: Span = Span::seconds(120);

/// Maximum number of turns in a row that are abandoned for something newer. The next answer is then sent in any case.
pub const MAX_ABANDONED: u32 = 3;

/// Longest reason that is stored for a failed turn, in bytes as stored.
const LONGEST_REASON: usize = 4 * 1_024;

/// Maximum number of tries at a turn.
pub const MAX_TRIES: u32 = 3;

/// Turn that a consumer has claimed.
#[derive(Clone, Copy)]
struct Held {
    seen: u32,
    tool_calls: u32,
    tries: u32,
    abandoned: u32,
}

impl Transition {
    /// Records a message of the customer that wants an answer. The agent answers it, or a person if one has taken over.
    pub(super) fn wants_an_answer(&mut self, number: u32) {
        self.conversation.received = number;
        if self.conversation.turn == Turn::Idle && !self.conversation.taken_over {
            self.begin_gathering();
        }
    }

    fn begin_gathering(&mut self) {
        if self.conversation.answers() {
            let from = self.now + self.conversation.terms.gathering();
            self.conversation.turn = Turn::Waiting { from, tries: 0, abandoned: 0 };
        }
    }

    pub(super) fn hand_back(&mut self) {
        if self.conversation.is_ended() || !self.conversation.taken_over {
            return;
        }
        self.conversation.taken_over = false;
        self.conversation.pace.answers = 0;
        self.breaks_silence();
        if self.conversation.received > self.conversation.answered {
            self.begin_gathering();
        }
    }

    pub(super) fn claim_turn(&mut self, objections: Objections) {
        let Turn::Waiting { from, tries, abandoned } = self.conversation.turn else { return };
        if self.now < from {
            return;
        }
        if let Some(reason) = objections.reason() {
            self.end(reason);
        } else if let Some(until) = self.has_said_enough() {
            self.conversation.turn = match until {
                Some(from) => Turn::Waiting { from, tries, abandoned },
                None => Turn::Idle,
            };
            if until.is_none() {
                self.conversation.answered = self.conversation.received;
            }
        } else {
            self.breaks_silence();
            self.conversation.turns += 1;
            let number = self.conversation.turns;
            self.conversation.turn = Turn::Running {
                number,
                lease_until: self.now + TURN_LEASE,
                seen: self.conversation.received,
                tool_calls: 0,
                tries,
                abandoned,
            };
            self.claimed = Some(Claim::Turn { turn: number });
        }
    }

    /// Returns the turn of that number, if it is the one that is claimed now.
    fn held(&self, turn: u32) -> Option<Held> {
        match self.conversation.turn {
            Turn::Running { number, seen, tool_calls, tries, abandoned, .. } if number == turn => {
                Some(Held { seen, tool_calls, tries, abandoned })
            }
            Turn::Running { .. } | Turn::Idle | Turn::Waiting { .. } => None,
        }
    }

    /// Abandons a turn if something newer came in, unless [`MAX_ABANDONED`] turns in a row were abandoned before. Returns
    /// `true` if the turn is abandoned.
    fn gives_way(&mut self, turn: u32, held: Held) -> bool {
        if self.conversation.received <= held.seen || held.abandoned >= MAX_ABANDONED || is_planted(Bug::AnswerStale) {
            return false;
        }
        self.note(Note::TurnAbandoned { turn });
        self.conversation.turn = Turn::Waiting { from: self.now, tries: 0, abandoned: held.abandoned + 1 };
        true
    }

    pub(super) fn tool_called(&mut self, turn: u32, name: String, arguments: Value) {
        let Some(held) = self.held(turn) else { return };
        if self.gives_way(turn, held) {
            return;
        }
        let Turn::Running { tool_calls, lease_until, .. } = &mut self.conversation.turn else { return };
        *tool_calls += 1;
        let (index, until) = (held.tool_calls + 1, *lease_until);
        let tool_call_id = format!("{}:{turn}:{index}", self.conversation.id);
        let asked = ToolAsked { tool_call_id: tool_call_id.clone(), turn, name: name.clone(), since: self.now, until };
        self.conversation.pending_tools.push(asked);
        self.emit(Event::SmsToolCallInvocation(ToolCallInvocation { tool_call_id, turn, name, arguments }));
        self.claimed = Some(Claim::Tool { turn, index });
    }

    /// Records the result of a tool call. It is recorded even if the turn is over, because the next turn is shown it.
    pub(super) fn tool_answered(&mut self, tool_call_id: &str, outcome: ToolOutcome) {
        let pending = &mut self.conversation.pending_tools;
        let Some(place) = pending.iter().position(|tool| tool.tool_call_id == tool_call_id) else { return };
        let asked = pending.remove(place);
        let duration_ms = u32::try_from(self.now.since(asked.since).as_milliseconds()).unwrap_or(u32::MAX);
        self.emit(Event::SmsToolCallResult(ToolCallResult {
            tool_call_id: asked.tool_call_id,
            turn: asked.turn,
            name: asked.name,
            outcome: ToolCallOutcome::of(&outcome),
            result: outcome.into_result(),
            duration_ms,
        }));
    }

    pub(super) fn answer(&mut self, turn: u32, content: String, objections: Objections) {
        let Some(held) = self.held(turn) else { return };
        let suppressed = objections.suppressed && !is_planted(Bug::TextSuppressed);
        if let Some(reason) = (Objections { suppressed, ..objections }).reason() {
            self.end(reason);
            return;
        }
        if self.gives_way(turn, held) {
            return;
        }
        let answering = Answering { turn, answered_before: self.conversation.answered, tries: held.tries };
        self.close_turn(held);
        let parts = split(&content, self.conversation.provider.text_limit());
        self.says(parts, answering);
    }

    /// Sends an answer, in as many messages as it needs. The first is sent at once, and each other after the provider has
    /// accepted the one before it.
    fn says(&mut self, mut parts: Vec<String>, answering: Answering) {
        if parts.is_empty() {
            return;
        }
        self.conversation.pace.answers = self.conversation.pace.answers.saturating_add(1);
        if !self.conversation.rest.is_empty() {
            // The answer before this one is still being sent. The limit keeps messages from piling up.
            self.conversation.rest.append(&mut parts);
            self.conversation.rest.truncate(2 * MOST_PARTS);
            return;
        }
        let first = parts.remove(0);
        self.conversation.rest = parts;
        if is_planted(Bug::AnswerTwice) {
            self.write(Author::Agent, first.clone(), Purpose::Reply);
        }
        self.write_claimed(Author::Agent, first, Purpose::Reply, Some(answering));
    }

    /// Handles the provider's refusal of an answer: its messages are unanswered again. If other words may be accepted,
    /// another try is scheduled.
    pub(super) fn answer_refused(&mut self, answering: Answering, reason: &EndReason) {
        if self.conversation.is_ended() || self.conversation.taken_over {
            return;
        }
        let Answering { turn, answered_before, tries } = answering;
        self.conversation.answered = self.conversation.answered.min(answered_before);
        if self.conversation.turn != Turn::Idle {
            return;
        }
        let (tries, reason_is_its_words) = (tries + 1, *reason == EndReason::REJECTED);
        if reason_is_its_words && tries < MAX_TRIES {
            let from = self.now + retry_delay(tries + 1);
            self.conversation.turn = Turn::Waiting { from, tries, abandoned: 0 };
            return;
        }
        self.conversation.answered = self.conversation.received;
        self.gives_up(turn, tries, format!("the provider refused the answer: {reason}"));
    }

    /// Ends a turn. Its messages count as answered, and newer ones are left to the next turn.
    fn close_turn(&mut self, held: Held) {
        self.conversation.answered = held.seen;
        self.conversation.turn = Turn::Idle;
        if self.conversation.received > held.seen {
            self.begin_gathering();
        }
    }

    pub(super) fn turn_failed(&mut self, turn: u32, why: String, retryable: bool, retry_after: Option<Span>) {
        let Some(held) = self.held(turn) else { return };
        let why = cut_to_stored(why, LONGEST_REASON);
        self.give_up_tools(turn);
        let tries = held.tries + 1;
        self.note(Note::TurnTryFailed { turn, why: why.clone() });
        if retryable && tries < MAX_TRIES {
            let from = self.now + retry_delay(tries + 1).max(retry_after.unwrap_or(Span::ZERO)).min(Span::minutes(2));
            self.conversation.turn = Turn::Waiting { from, tries, abandoned: held.abandoned };
            return;
        }
        self.close_turn(held);
        self.gives_up(turn, tries, why);
    }

    /// Reports that there is no answer, in an event and, if a text is configured, to the customer.
    fn gives_up(&mut self, turn: u32, tries: u32, reason: String) {
        let fallback = self.conversation.terms.fallback_text.clone().filter(|_| self.may_say_more());
        self.emit(Event::SmsTurnFailed(TurnFailed { turn, tries, reason, fallback: fallback.is_some() }));
        if let Some(text) = fallback {
            self.write(Author::Agent, text, Purpose::Fallback);
        }
    }

    /// Reports once why the agent cannot answer, and stops its answers, because the next turn could do no better. No
    /// fallback text is sent, since one would follow every message of the customer.
    pub(super) fn speechless(&mut self, turn: u32, why: String) {
        let Some(held) = self.held(turn) else { return };
        self.conversation.terms.answers = false;
        self.emit(Event::SmsTurnFailed(TurnFailed { turn, tries: held.tries + 1, reason: why, fallback: false }));
        self.close_turn(held);
    }

    /// Settles the tool calls of a turn as unknown, because the worker that made them is gone.
    fn give_up_tools(&mut self, turn: u32) {
        let given_up = self.conversation.pending_tools.iter().filter(|tool| tool.turn == turn);
        let given_up: Vec<String> = given_up.map(|tool| tool.tool_call_id.clone()).collect();
        for tool_call_id in given_up {
            self.tool_answered(&tool_call_id, ToolOutcome::Unknown);
        }
    }

    pub(super) fn pass_turn_time(&mut self) {
        if let Turn::Running { number, lease_until, .. } = self.conversation.turn
            && self.now >= lease_until
            && !is_planted(Bug::ForgetTurn)
        {
            let why = "the consumer that held the turn was not heard of again".to_owned();
            self.turn_failed(number, why, true, None);
        }
        let now = self.now;
        let lapsed = self.conversation.pending_tools.iter().filter(|tool| now >= tool.until);
        let lapsed: Vec<u32> = lapsed.map(|tool| tool.turn).collect();
        for turn in lapsed {
            self.give_up_tools(turn);
        }
    }
}
