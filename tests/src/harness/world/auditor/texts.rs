//! Promises for SMS conversations. Each message is sent once, and each of a customer's messages is received once. One
//! conversation is open between two numbers. No message goes to a suppressed number, and none stays unanswered.

use std::collections::{BTreeMap, BTreeSet};

use domain::delivery::Delivery;
use domain::end_reason::EndReason;
use domain::ids::{ConversationId, Operation};
use domain::log::{Event, EventType, LogEntry, SmsMessage};
use domain::sms::{Author, DeliveryStatus, MAX_ABANDONED, Purpose, Send, SmsConversation, Status, Terms, Turn};
use domain::time::{Span, Timestamp};
use store::SimulatedText;

use super::calls::SUSPENSION_SEEN;
use super::{Audit, Weather};
use crate::harness::world::TABLE;
use crate::harness::world::history::data;

/// Longest time until an unknown outcome is settled.
const UNKNOWN: Span = Span::minutes(5);

/// End reasons that are allowed if services are absent for longer than any retry lasts.
const GIVEN_UP: [&str; 2] = ["internal_error", "inactivity_timeout"];

/// Final state of an SMS conversation, gathered from the whole table.
struct Texts {
    now: SmsConversation,
    versions: Vec<(Timestamp, SmsConversation)>,
    /// Log entries, each with its commit time.
    log: Vec<(Timestamp, LogEntry)>,
    deliveries: Vec<Delivery>,
    carried: Vec<SimulatedText>,
}

impl Texts {
    fn events(&self) -> impl Iterator<Item = &Event> {
        self.log.iter().filter_map(|(_, entry)| entry.entry.event())
    }
}

/// Returns `true` if the agent's answer was sent although a newer message had come in. After `MAX_ABANDONED` abandoned
/// turns in a row, an answer may be stale.
fn is_stale(before: &SmsConversation, after: &SmsConversation) -> bool {
    let Turn::Running { seen, abandoned, .. } = before.turn else { return false };
    let answers = |send: &Send| send.purpose == Purpose::Reply && before.send(send.message).is_none();
    before.received > seen && abandoned < MAX_ABANDONED && after.sends.iter().any(answers)
}

/// Returns the numbers of the messages that continue an answer longer than one message. Each was written while the rest
/// of the answer became shorter.
fn parts_of_answers(versions: &[(Timestamp, SmsConversation)]) -> BTreeSet<u32> {
    let mut parts = BTreeSet::new();
    for pair in versions.windows(2) {
        let [(_, before), (_, after)] = pair else { continue };
        let is_part = |send: &&Send| send.purpose == Purpose::Reply && send.message > before.messages;
        if after.rest.len() < before.rest.len() {
            parts.extend(after.sends.iter().filter(is_part).map(|send| send.message));
        }
    }
    parts
}

/// Returns `true` if a message answers one of the customer's. The opening message does not, nor does the continuation
/// of an answer.
fn answers_something(message: &SmsMessage, parts: &BTreeSet<u32>) -> bool {
    let number = message.sequence_number.unwrap_or_default();
    message.author == Author::Agent && number != 1 && !parts.contains(&number)
}

impl Audit<'_> {
    pub(super) fn judges_texts(&mut self) {
        let conversations = self.reads_texts();
        self.judges_openings(&conversations);
        for (id, texts) in &conversations {
            self.judges_text_course(*id, texts);
            self.judges_text_log(*id, texts);
            self.judges_carried(*id, texts);
            self.judges_answers(*id, texts);
            self.judges_forgetting(&texts.versions);
            self.judges_deliveries(*id, &texts.log, &texts.deliveries);
        }
        self.judges_pairs(&conversations);
        self.judges_text_holders(&conversations);
        self.judges_inbound(&conversations);
        self.judges_tools();
        self.judges_text_outcomes(&conversations);
    }

    fn reads_texts(&self) -> BTreeMap<ConversationId, Texts> {
        let record = self.world.history.record();
        let mut conversations = BTreeMap::new();
        for (id, versions) in &record.texts {
            let Some((_, now)) = versions.last() else { continue };
            let carried = record.carried.iter().map(|carried| carried.text.clone());
            let carried = carried.filter(|text| text.conversation == *id).collect();
            let (now, versions) = (now.clone(), versions.clone());
            conversations.insert(*id, Texts { now, versions, log: Vec::new(), deliveries: Vec::new(), carried });
        }
        for item in self.world.aws.database.dump(TABLE) {
            let (pk, sk) = (item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap());
            let id = pk.split_once('#').and_then(|(_, id)| ConversationId::parse(id));
            let Some(texts) = id.and_then(|id| conversations.get_mut(&id)) else { continue };
            match sk.split('#').next().unwrap() {
                "log" => texts.log.push((record.log_entries[&(pk.to_owned(), sk.to_owned())], data(&item))),
                "delivery" => texts.deliveries.push(data(&item)),
                _ => {}
            }
        }
        for texts in conversations.values_mut() {
            texts.log.sort_by_key(|(_, entry)| entry.number);
        }
        conversations
    }

    /// Checks promises 1 and 7: one conversation for every key, and none that no client asked for.
    fn judges_openings(&mut self, conversations: &BTreeMap<ConversationId, Texts>) {
        let clients = self.world.clients.borrow();
        for (key, (id, _)) in &clients.texted {
            if !conversations.contains_key(id) {
                self.findings.push(format!("promise 1: {key} was accepted as {id}, which is not in the table"));
            }
        }
        let of_key = |key: &String| ConversationId::for_key(&self.world.scope, Operation::CreateSmsConversation, key);
        let asked: BTreeSet<ConversationId> = clients.texting.iter().map(of_key).collect();
        for id in conversations.keys().filter(|id| !asked.contains(id)) {
            self.findings.push(format!("promise 1: nobody asked for {id}"));
        }
    }

    /// Checks promises 2 and 4: ended in time, and never backwards.
    fn judges_text_course(&mut self, id: ConversationId, texts: &Texts) {
        for pair in texts.versions.windows(2) {
            let [(_, before), (at, after)] = pair else { continue };
            if after.status < before.status {
                self.finds(4, id, format!("went from {:?} to {:?} at {at}", before.status, after.status));
            }
            if before.is_ended() && before.end_reason != after.end_reason {
                self.finds(4, id, format!("its end reason changed at {at}"));
            }
        }
        for pair in texts.versions.windows(2) {
            let [(_, before), (at, after)] = pair else { continue };
            if is_stale(before, after) {
                self.finds(1, id, format!("was answered at {at} although something newer had come in"));
            }
        }
        let now = &texts.now;
        if !now.is_ended() || !now.sends.is_empty() || now.turn != Turn::Idle || !now.pending_tools.is_empty() {
            self.finds(2, id, format!("is left as {now:?}"));
        }
        if now.chat.as_ref().is_some_and(|chat| !chat.over) {
            self.finds(2, id, "its chat is left open");
        }
        let settled = texts.versions.iter().find(|(_, version)| version.status != Status::Sending);
        let bound = now.created_at + UNKNOWN + self.measure.slack;
        if settled.is_none_or(|(at, _)| *at > bound) {
            self.finds(2, id, format!("its opening text was not settled by {bound}"));
        }
    }

    /// Checks promise 3: the events in order and without gaps, and exactly one event for the end.
    fn judges_text_log(&mut self, id: ConversationId, texts: &Texts) {
        let numbers: Vec<u64> = texts.log.iter().map(|(_, entry)| entry.number).collect();
        if numbers != (1..=texts.now.log_length).collect::<Vec<_>>() {
            self.finds(3, id, format!("its log has the entries {numbers:?} of {}", texts.now.log_length));
        }
        let sequences: Vec<u64> = texts.log.iter().filter_map(|(_, entry)| entry.entry.sequence()).collect();
        if sequences != (1..=texts.now.sequence).collect::<Vec<_>>() {
            self.finds(3, id, format!("its sequence is {sequences:?} of {}", texts.now.sequence));
        }
        let closed = texts.events().filter(|event| event.event_type() == EventType::SmsConversationClosed).count();
        if closed != 1 {
            self.finds(2, id, format!("sms.conversation_closed was emitted {closed} times"));
        }
        let mut known: BTreeMap<_, DeliveryStatus> = BTreeMap::new();
        for event in texts.events() {
            let Event::SmsMessageDeliveryUpdated(update) = event else { continue };
            let before = known.insert(update.message_id, update.status).unwrap_or(DeliveryStatus::Queued);
            if !update.status.follows(before) {
                self.finds(4, id, format!("{} went from {before:?} to {:?}", update.message_id, update.status));
            }
        }
    }

    /// Checks promises 1 and 5: each message was carried once, and none to a suppressed number.
    fn judges_carried(&mut self, id: ConversationId, texts: &Texts) {
        let numbers: BTreeSet<u32> = texts.carried.iter().map(|text| text.number).collect();
        if numbers.len() != texts.carried.len() {
            self.finds(1, id, format!("a text was carried twice: {:?}", texts.carried));
        }
        let mut known = BTreeSet::new();
        for event in texts.events() {
            if let Event::SmsMessageSent(message) = event
                && !known.insert(message.provider_message_id.clone())
            {
                self.finds(1, id, format!("{} counts as sent twice", message.provider_message_id));
            }
        }
        let sent: BTreeSet<u32> = texts
            .events()
            .filter_map(|event| match event {
                Event::SmsMessageSent(message) => message.sequence_number,
                _ => None,
            })
            .collect();
        // Messages of a provider's own agent in a chat are not carried for us.
        let is_ours = |number: &&u32| **number == 1 || !texts.now.provider.holds_chats();
        if sent.iter().filter(is_ours).any(|number| !numbers.contains(number)) {
            self.finds(1, id, format!("{sent:?} count as sent, and {numbers:?} were"));
        }
        let record = self.world.history.record();
        let mut late = Vec::new();
        for carried in record.carried.iter().filter(|carried| carried.text.conversation == id) {
            let text = &carried.text;
            let Some(claimed_at) = record.text_claimed_at(text) else {
                late.push(format!("was texted at {} without a claim", text.sent_at));
                continue;
            };
            let confirms = text.content == "You will hear no more of us.";
            let suppressed = record.suppressed_before(&self.world.scope, text.to.as_str(), claimed_at);
            if let Some(since) = suppressed.filter(|_| !confirms) {
                late.push(format!("opted out at {since}, and a text was claimed at {claimed_at}"));
            }
            if let Some(since) = record.suspended_before(claimed_at - SUSPENSION_SEEN - self.measure.slack) {
                late.push(format!("was suspended at {since}, and a text was claimed at {claimed_at}"));
            }
        }
        drop(record);
        for finding in late {
            self.finds(5, id, finding);
        }
    }

    /// Checks that each of the customer's messages is answered once, by the agent, by a person or by a fixed message,
    /// or that the conversation ended.
    fn judges_answers(&mut self, id: ConversationId, texts: &Texts) {
        let parts = parts_of_answers(&texts.versions);
        let (mut answers, mut received) = (0, 0);
        for event in texts.events() {
            match event {
                Event::SmsMessageSent(message) if answers_something(message, &parts) => answers += 1,
                Event::SmsMessageReceived(_) => received += 1,
                _ => {}
            }
        }
        // A provider's own agent may answer as often as it likes.
        if answers > received && !texts.now.provider.holds_chats() {
            self.finds(1, id, format!("{received} texts came in, and {answers} answers went out"));
        }
        for pair in texts.versions.windows(2) {
            let [(_, before), (at, after)] = pair else { continue };
            let is_answer = |send: &&Send| send.purpose == Purpose::Reply && send.message > before.messages;
            let new = after.sends.iter().filter(is_answer).filter(|send| !parts.contains(&send.message)).count();
            if new > usize::from(matches!(before.turn, Turn::Running { .. })) {
                self.finds(1, id, format!("{new} answers were given at {at}, to one turn at most"));
            }
        }
        self.judges_pace(id, texts);
        let left = texts.now.received > texts.now.answered;
        if left && texts.now.end_reason == Some(EndReason::INACTIVITY_TIMEOUT) && !texts.now.taken_over {
            self.finds(2, id, "was left without an answer");
        }
    }

    /// Checks that an agent keeps to its limit of answers in all and to its limit of messages in an hour.
    fn judges_pace(&mut self, id: ConversationId, texts: &Texts) {
        let Terms { max_turns, max_messages_per_hour, .. } = texts.now.terms;
        if texts.now.provider.holds_chats() {
            return;
        }
        let mut written: Vec<(Timestamp, Purpose)> = Vec::new();
        for pair in texts.versions.windows(2) {
            let [(_, before), (at, after)] = pair else { continue };
            let new = after.sends.iter().filter(|send| send.message > before.messages);
            written.extend(new.map(|send| (*at, send.purpose)));
        }
        let was_handed_back = texts.versions.iter().any(|(_, version)| version.taken_over);
        let parts = parts_of_answers(&texts.versions).len();
        let answers = written.iter().filter(|(_, purpose)| *purpose == Purpose::Reply).count() - parts;
        if answers > max_turns as usize && !was_handed_back {
            self.finds(1, id, format!("{answers} answers were given, of {max_turns}"));
        }
        // An hour is counted from its first message, so parts of two hours may fall into one.
        for (from, _) in &written {
            let is_near = |(at, purpose): &&(Timestamp, Purpose)| {
                let counts = !matches!(purpose, Purpose::Person | Purpose::Opening | Purpose::OptOutConfirmation);
                counts && at >= from && *at < *from + Span::hours(1)
            };
            let near = written.iter().filter(is_near).count();
            if near > 2 * max_messages_per_hour as usize {
                self.finds(1, id, format!("{near} texts went out in an hour, of {max_messages_per_hour}"));
                return;
            }
        }
    }

    /// Checks that no two conversations between the same numbers were open at the same time.
    fn judges_pairs(&mut self, conversations: &BTreeMap<ConversationId, Texts>) {
        let mut changes: Vec<(Timestamp, String, ConversationId, bool)> = Vec::new();
        for (id, texts) in conversations {
            for (at, version) in &texts.versions {
                changes.push((
                    *at,
                    format!("{}{}", version.from.as_str(), version.to.as_str()),
                    *id,
                    !version.is_ended(),
                ));
            }
        }
        changes.sort_by_key(|(at, ..)| *at);
        let mut open: BTreeMap<String, BTreeSet<ConversationId>> = BTreeMap::new();
        for (place, (at, pair, id, is_open)) in changes.iter().enumerate() {
            let ids = open.entry(pair.clone()).or_default();
            if *is_open {
                ids.insert(*id);
            } else {
                ids.remove(id);
            }
            let more_at_once = changes.get(place + 1).is_some_and(|(next, ..)| next == at);
            if ids.len() > 1 && !more_at_once {
                self.findings.push(format!("promise 1: {ids:?} are open at once at {at}"));
            }
        }
    }

    /// Checks that no message at the provider belongs to two conversations.
    fn judges_text_holders(&mut self, conversations: &BTreeMap<ConversationId, Texts>) {
        let mut holders: BTreeMap<String, BTreeSet<ConversationId>> = BTreeMap::new();
        for (id, texts) in conversations {
            if let Some(text_id) = &texts.now.opening_id {
                holders.entry(text_id.to_string()).or_default().insert(*id);
            }
        }
        for (text_id, ids) in holders.iter().filter(|(_, ids)| ids.len() > 1) {
            self.findings.push(format!("promise 1: the text {text_id} is that of {ids:?}"));
        }
    }

    /// Checks that each inbound message counts once.
    fn judges_inbound(&mut self, conversations: &BTreeMap<ConversationId, Texts>) {
        let mut seen = BTreeSet::new();
        for texts in conversations.values() {
            for event in texts.events() {
                if let Event::SmsMessageReceived(message) = event
                    && !seen.insert(message.provider_message_id.clone())
                {
                    self.findings.push(format!("promise 1: {} came in twice", message.provider_message_id));
                }
            }
        }
    }

    /// Checks that each tool call was made once.
    fn judges_tools(&mut self) {
        let calls = self.world.receiver.tool_calls();
        let keys: BTreeSet<&String> = calls.iter().collect();
        if keys.len() != calls.len() {
            self.findings.push(format!("promise 1: a tool was called twice: {calls:?}"));
        }
    }

    fn judges_text_outcomes(&mut self, conversations: &BTreeMap<ConversationId, Texts>) {
        let outcomes = self.world.clients.borrow().texted_outcomes.clone();
        for outcome in outcomes {
            let reason = conversations.get(&outcome.id).and_then(|texts| texts.now.end_reason.clone());
            let Some(reason) = reason else { continue };
            let allowed = match self.measure.weather {
                Weather::Calm => &outcome.reasons[..1],
                Weather::Rough | Weather::Wild => &outcome.reasons[..],
            };
            let given_up = self.measure.weather == Weather::Wild && GIVEN_UP.contains(&reason.as_str());
            if !allowed.contains(&reason.as_str()) && !given_up {
                self.finds(2, outcome.id, format!("ended as {reason}, and had to as {allowed:?}"));
            }
        }
    }
}
