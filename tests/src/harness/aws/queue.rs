//! Model of one standard SQS queue: delays, visibility, receive counts, and the anomalies that such a queue may show.

use std::time::Duration;

use serde_json::Value;

/// Settings of a queue, as in `template.yaml`.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// Time that a received message stays hidden.
    pub visibility_timeout: Duration,
    /// Name of the dead-letter queue, and number of receives after which a message goes there.
    pub dead_letter: Option<(String, u32)>,
}

/// Anomalies that a standard queue may show. Rates are in a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Liberties {
    /// Rate of messages that are stored twice.
    pub duplicate: u32,
    /// Rate of messages that come later than requested.
    pub delay: u32,
    /// Longest such delay.
    pub delay_at_most: Duration,
    /// Rate of messages that are delivered again although they were deleted.
    pub redeliver: u32,
    /// Longest time until such a redelivery.
    pub redeliver_within: Duration,
    /// `true` if messages are delivered in any order.
    pub reorder: bool,
}

/// Message as it is delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Id of the message, the same at every delivery.
    pub id: String,
    /// Receipt that acknowledges this one delivery.
    pub receipt: String,
    /// Body as it was sent.
    pub body: String,
    /// Number of deliveries, including this one.
    pub receive_count: u32,
    /// Time of sending, in milliseconds since 1970.
    pub sent_ms: i64,
    /// Time of the first delivery, in milliseconds since 1970.
    pub first_received_ms: i64,
    /// Fair-queue tenant that it was sent under.
    pub group: Option<String>,
    /// Message attributes in wire form.
    pub attributes: Value,
}

/// Message to be sent.
#[derive(Clone, Debug, Default)]
pub struct NewMessage {
    /// Body of the message.
    pub body: String,
    /// Delay until it becomes visible.
    pub delay: Duration,
    /// Fair-queue tenant.
    pub group: Option<String>,
    /// Message attributes in wire form.
    pub attributes: Value,
}

#[derive(Clone, Debug)]
struct Stored {
    message: Message,
    /// Position in the order of arrival.
    order: u64,
    visible_ms: i64,
}

/// State of one queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) settings: QueueSettings,
    pub(super) liberties: Liberties,
    /// Time in milliseconds until which the queue refuses every send.
    pub(super) refuses_until_ms: i64,
    stored: Vec<Stored>,
    deleted: Vec<Stored>,
    /// Counter that numbers the receipts of this queue and the order of its messages.
    issued: u64,
    chance: fastrand::Rng,
}

impl Queue {
    pub(super) fn new(settings: QueueSettings, chance: fastrand::Rng) -> Self {
        Self {
            settings,
            liberties: Liberties::default(),
            refuses_until_ms: i64::MIN,
            stored: Vec::new(),
            deleted: Vec::new(),
            issued: 0,
            chance,
        }
    }

    /// Stores a message and returns its id.
    pub(super) fn send(&mut self, new: NewMessage, now_ms: i64) -> String {
        let id = self.message_id();
        let message = Message {
            id: id.clone(),
            receipt: String::new(),
            body: new.body,
            receive_count: 0,
            sent_ms: now_ms,
            first_received_ms: 0,
            group: new.group,
            attributes: new.attributes,
        };
        let copies = if self.happens(self.liberties.duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let late = self.happens(self.liberties.delay);
            let extra = if late { self.at_most(self.liberties.delay_at_most) } else { 0 };
            let visible_ms = now_ms + millis(new.delay) + extra;
            self.store(message.clone(), visible_ms);
        }
        id
    }

    /// Stores a dead letter of another queue.
    pub(super) fn bury(&mut self, message: Message, now_ms: i64) {
        self.store(message, now_ms);
    }

    /// Delivers visible messages. Returns separately those that were delivered too often.
    pub(super) fn receive(&mut self, at_most: usize, now_ms: i64) -> (Vec<Message>, Vec<Message>) {
        let limit = self.settings.dead_letter.as_ref().map_or(u32::MAX, |(_, limit)| *limit);
        let exhausted = |stored: &Stored| stored.visible_ms <= now_ms && stored.message.receive_count >= limit;
        let dead = self.stored.extract_if(.., |stored| exhausted(stored)).map(|stored| stored.message).collect();
        let mut due: Vec<usize> = (0..self.stored.len()).filter(|&at| self.stored[at].visible_ms <= now_ms).collect();
        if self.liberties.reorder {
            self.chance.shuffle(&mut due);
        } else {
            due.sort_by_key(|&at| (self.stored[at].visible_ms, self.stored[at].order));
        }
        due.truncate(at_most);
        let hidden_until_ms = now_ms + millis(self.settings.visibility_timeout);
        let mut received = Vec::with_capacity(due.len());
        for at in due {
            self.issued += 1;
            let stored = &mut self.stored[at];
            stored.visible_ms = hidden_until_ms;
            stored.message.receive_count += 1;
            stored.message.receipt = format!("receipt-{:08}", self.issued);
            if stored.message.receive_count == 1 {
                stored.message.first_received_ms = now_ms;
            }
            received.push(stored.message.clone());
        }
        (received, dead)
    }

    /// Deletes a delivered message by the receipt of its newest delivery. SQS may or may not accept an older receipt.
    /// This queue does not, which is the harder case for the program. An unknown receipt is ignored, as by SQS.
    pub(super) fn acknowledge(&mut self, receipt: &str, now_ms: i64) {
        let Some(at) = self.stored.iter().position(|stored| stored.message.receipt == receipt) else { return };
        if self.happens(self.liberties.redeliver) {
            self.stored[at].visible_ms = now_ms + self.at_most(self.liberties.redeliver_within);
            return;
        }
        let stored = self.stored.remove(at);
        self.deleted.push(stored);
    }

    /// Changes how long a delivered message stays hidden, counted from now.
    pub(super) fn hide_for(&mut self, receipt: &str, hidden: Duration, now_ms: i64) {
        if let Some(stored) = self.stored.iter_mut().find(|stored| stored.message.receipt == receipt) {
            stored.visible_ms = now_ms + millis(hidden);
        }
    }

    /// Makes the chosen deleted messages visible again. Returns their number.
    pub(super) fn redeliver(&mut self, chosen: impl Fn(&Message) -> bool, now_ms: i64) -> usize {
        let mut back: Vec<Stored> = self.deleted.extract_if(.., |stored| chosen(&stored.message)).collect();
        for stored in &mut back {
            stored.visible_ms = now_ms;
        }
        let count = back.len();
        self.stored.append(&mut back);
        count
    }

    pub(super) fn next_visible_ms(&self) -> Option<i64> {
        self.stored.iter().map(|stored| stored.visible_ms).min()
    }

    pub(super) fn messages(&self) -> Vec<Message> {
        self.stored.iter().map(|stored| stored.message.clone()).collect()
    }

    pub(super) fn clear(&mut self) {
        self.stored.clear();
    }

    fn store(&mut self, message: Message, visible_ms: i64) {
        self.issued += 1;
        self.stored.push(Stored { message, order: self.issued, visible_ms });
    }

    /// Draws an id in the form of SQS's, a version 4 UUID.
    fn message_id(&mut self) -> String {
        let bits = self.chance.u128(..);
        let hex = format!("{bits:032x}");
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    fn happens(&mut self, per_mille: u32) -> bool {
        self.chance.u32(0..1000) < per_mille
    }

    fn at_most(&mut self, limit: Duration) -> i64 {
        self.chance.i64(0..=millis(limit))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("no queue waits that long")
}
