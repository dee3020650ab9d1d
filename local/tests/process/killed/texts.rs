//! SMS conversations that survive the end of the stack's process. Their customers send three messages at once.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::time::Timestamp;
use serde_json::{Value, json};
use store::clock::Clock;

use super::{Kind, PATIENCE, RECOVERY_MAX, Run, ids};

const TEXTS: Kind = Kind {
    path: "/v1/sms-conversations",
    // The status is 202 if the stack was killed while the opening message was being sent.
    accepted: &[201, 202],
    body: |customer| {
        json!({
            "agentSlug": "demo-sms", "toNumber": number(customer), "fromNumber": "+15555550110",
            "welcomeMessage": format!("Hello, customer {customer}!"),
        })
    },
    events: &[
        "sms.message_sent",
        "sms.message_received",
        "sms.message_delivery_updated",
        "sms.turn_failed",
        "sms.conversation_closed",
    ],
};

/// Number of messages that a customer sends.
const BURST: usize = 3;

/// Returns the number of a customer. Each customer has their own, and all send three messages at once.
fn number(customer: usize) -> String {
    format!("+1555{customer:03}0104")
}

/// Returns `true` if nothing is pending in a conversation with these messages. Each of our messages has been sent or
/// has failed, and the last message is the agent's.
fn is_settled(messages: &[Value]) -> bool {
    let has_left = |message: &Value| !message["providerMessageId"].is_null() || message["status"] == "failed";
    messages.iter().all(has_left) && messages.last().is_some_and(|last| last["author"] == "agent")
}

impl Run {
    async fn messages(&self, id: &str) -> Vec<Value> {
        let messages = self.get(&format!("/v1/sms-conversations/{id}/messages?limit=100")).await;
        messages["data"].as_array().expect("a list").clone()
    }

    /// Returns the conversations that were accepted since a moment. None of their customers' messages was lost with a
    /// queue.
    async fn accepted_since(&self, moment: Timestamp) -> BTreeSet<String> {
        let mut since = BTreeSet::new();
        for id in self.accepted.values() {
            let conversation = self.get(&format!("/v1/sms-conversations/{id}")).await;
            let created_at = conversation["data"]["createdAt"].as_str().expect("a moment");
            if Timestamp::parse(created_at).expect("a moment") >= moment {
                since.insert(id.clone());
            }
        }
        since
    }

    /// Waits until every conversation is settled and all its events have arrived. Every pending action makes an event,
    /// so it suffices to look again after each new event.
    async fn until_settled(&mut self, undisturbed: &BTreeSet<String>) {
        loop {
            let (mut all, mut settled) = (BTreeSet::new(), true);
            for id in self.accepted.values() {
                let messages = self.messages(id).await;
                let received = messages.iter().filter(|message| message["author"] == "customer").count();
                settled &= is_settled(&messages) && (received == BURST || !undisturbed.contains(id));
                all.extend(ids(&self.events(id).await));
            }
            self.until_heard(&all).await;
            if settled {
                return;
            }
            let heard = self.heard_in_all();
            self.until("something more happens", RECOVERY_MAX, |run| run.heard_in_all() > heard).await;
        }
    }

    fn heard_in_all(&self) -> usize {
        self.heard.values().map(BTreeSet::len).sum()
    }

    /// Checks the promises for every conversation. Returns the numbers of received and of answered messages.
    async fn check_texts(&self) -> (usize, usize) {
        let (mut received, mut answers) = (0, 0);
        for (customer, id) in &self.accepted {
            let messages = self.messages(id).await;
            let authors: Vec<&str> = messages.iter().filter_map(|message| message["author"].as_str()).collect();
            let twice = authors.windows(2).any(|pair| pair == ["agent", "agent"]);
            assert!(!twice, "answered twice: {messages:?}");
            let texts: BTreeSet<&str> = messages.iter().filter_map(|message| message["content"].as_str()).collect();
            assert_eq!(texts.len(), messages.len(), "a text stands there twice: {messages:?}");
            let customers = authors.iter().filter(|author| **author == "customer").count();
            received += customers;
            answers += authors.len() - customers - 1;

            let ours = messages.iter().filter(|message| message["author"] == "agent");
            let mut carried: Vec<&str> =
                ours.filter(|text| text["status"] != "failed").filter_map(|text| text["content"].as_str()).collect();
            let phone = self.get(&format!("/_local/phone/{}", number(*customer))).await;
            let mut arrived: Vec<&str> =
                phone["texts"].as_array().expect("a list").iter().filter_map(|text| text["content"].as_str()).collect();
            carried.sort_unstable();
            arrived.sort_unstable();
            assert_eq!(arrived, carried, "the phone has what was sent, once");

            let events = self.events(id).await;
            let sent = events.iter().filter(|event| event["event"] == "sms.message_sent").count();
            assert_eq!(sent, carried.len(), "{events:?}");
        }
        self.check_that_conversations_are_distinct();
        (received, answers)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_sms_conversations_survive_a_stack_that_is_killed_while_their_customers_text() {
    const CUSTOMERS: usize = 20;
    let clock = Clock::system();
    let mut run = Run::start(&TEXTS).await;
    run.place(CUSTOMERS, Duration::from_millis(400));
    run.until("some texts came in", PATIENCE, |run| run.heard("sms.message_received") >= 4 * BURST).await;
    run = run.kill().await;
    let restarted_at = clock.now();
    run.until("all are accepted", PATIENCE, |run| run.accepted.len() == CUSTOMERS).await;
    let undisturbed = run.accepted_since(restarted_at).await;
    run.until_settled(&undisturbed).await;
    let seconds = clock.now().since(restarted_at).as_seconds();
    let (received, answers) = run.check_texts().await;
    println!("{received} texts received, {answers} answers; {} accepted since; {seconds} s", undisturbed.len());
    assert_eq!(run.heard("sms.turn_failed"), 0);
    assert!(!undisturbed.is_empty() && received >= answers && answers >= undisturbed.len());
}
