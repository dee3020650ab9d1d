//! Promises 2 and 3: the events of a conversation, in order and without gaps.

use domain::ids::ConversationId;
use domain::log::{Entry, Event, LogEntry, Note};

use super::{Audit, Conversation};

/// Returns the name of the event in a log entry.
pub(super) fn name(entry: &LogEntry) -> Option<&'static str> {
    entry.entry.event().map(|event| event.event_type().name())
}

/// Returns the sequence number of the event in a log entry.
pub(super) fn sequence(entry: &LogEntry) -> Option<u64> {
    entry.entry.sequence()
}

impl Audit<'_> {
    pub(super) fn judges_events(&mut self, id: ConversationId, conversation: &Conversation) {
        let (call, log) = (&conversation.call, &conversation.log);
        let numbers: Vec<u64> = log.iter().map(|(_, entry)| entry.number).collect();
        if numbers != (1..=call.log_length).collect::<Vec<_>>() {
            self.finds(3, id, format!("its log has the entries {numbers:?} of {}", call.log_length));
        }
        let sequences: Vec<u64> = log.iter().filter_map(|(_, entry)| sequence(entry)).collect();
        if sequences != (1..=call.sequence).collect::<Vec<_>>() {
            self.finds(3, id, format!("its sequence is {sequences:?} of {}", call.sequence));
        }
        let places = |wanted: &str| -> Vec<u64> {
            let entries = log.iter().filter(|(_, entry)| name(entry) == Some(wanted));
            entries.filter_map(|(_, entry)| sequence(entry)).collect()
        };
        let (started, ended, analyzed) = (places("call.started"), places("call.ended"), places("call.analyzed"));
        let [ended] = ended.as_slice() else {
            self.finds(2, id, format!("call.ended stands at {ended:?}"));
            return;
        };
        match started.as_slice() {
            [] if connected_when_announced(conversation) => self.finds(3, id, "connected without call.started"),
            [] => {}
            [started] if started < ended && (call.started_at.is_some() || was_taken_away(conversation)) => {}
            _ => self.finds(3, id, format!("call.started at {started:?}, call.ended at {ended}")),
        }
        match analyzed.as_slice() {
            [] if call.facts.analysis.is_some() => self.finds(3, id, "was analysed without call.analyzed"),
            [] => {}
            [analyzed] if analyzed > ended => {}
            _ => self.finds(3, id, format!("call.analyzed at {analyzed:?}, call.ended at {ended}")),
        }
    }
}

/// Returns `true` if the conversation had claimed a found call that turned out to belong to another conversation.
fn was_taken_away(conversation: &Conversation) -> bool {
    let is_taken = |entry: &Entry| matches!(entry, Entry::Note { note: Note::TakenAway { .. } });
    conversation.log.iter().any(|(_, entry)| is_taken(&entry.entry))
}

fn connected_when_announced(conversation: &Conversation) -> bool {
    conversation.log.iter().any(|(_, entry)| match &entry.entry {
        Entry::Event { event: Event::CallEnded(ended), .. } => ended.started_at.is_some(),
        Entry::Event { .. } | Entry::Notice { .. } | Entry::Note { .. } => false,
    })
}
