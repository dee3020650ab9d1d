//! Tests of SMS conversations that the provider's own agent holds: begun with our opening, read there, and ended.

use domain::ids::ConversationId;
use domain::sms::{DeliveryStatus, Status};
use domain::subscription::MAX_ENDPOINTS;
use serde_json::{Value, json};

use super::sms_tests::{id, means};
use super::{CUSTOMER, LiveWorld, ORGANIZATION, OURS, PUBLIC_URL, REQUEST_ID};
use crate::harness::fakes::fake::Letter;
use crate::harness::fakes::retell::Retell;
use crate::harness::fakes::retell::chats::Speaker;
use crate::harness::fakes::script::Create;
use crate::harness::fakes::server::Reaction;
use crate::harness::fakes::vendor::{Kind, Told};
use crate::harness::world::simulate;

/// Returns the address that an agent at Retell is configured with.
pub(super) fn address() -> String {
    format!("{PUBLIC_URL}/inbound/retell/{ORGANIZATION}/chats")
}

impl LiveWorld<Retell> {
    /// Returns the id of the latest chat.
    pub(super) fn chat(&self) -> String {
        self.fake.texts().last().expect("one was begun").id.clone()
    }

    /// Adds a message to the latest chat.
    pub(super) fn says(&self, speaker: Speaker, words: &str) {
        self.fake.says(&self.chat(), speaker, words, self.world.now());
    }

    /// Returns a webhook of this name about the latest chat.
    pub(super) fn webhook(&self, event: &str) -> Told {
        self.fake.tells_of_chat(&self.chat(), event, &address())
    }

    pub(super) async fn tells_of_the_chat(&self, event: &str) {
        let letter = self.fake.letter(&self.webhook(event));
        assert_eq!(self.tries_to_deliver(letter).await.expect("the function answers").status, 200);
    }

    /// Opens a conversation whose chat has begun, and returns its id.
    async fn opens_a_chat(&self) -> ConversationId {
        let (status, answer) = self.texts("one").await;
        assert_eq!((status, answer["data"]["status"].as_str()), (201, Some("in_progress")), "{answer}");
        id(&answer)
    }

    /// Returns the author and the content of each stored message.
    async fn written(&self, id: ConversationId) -> Vec<(String, String)> {
        let (messages, _) = self.world.operator.messages(id, 0, 100).await.unwrap();
        let author = |message: &domain::sms::Message| {
            serde_json::to_value(message.author).unwrap().as_str().unwrap_or_default().to_owned()
        };
        messages.into_iter().map(|message| (author(&message), message.content)).collect()
    }

    fn ended_as(&self, id: ConversationId) -> String {
        self.sms(id).end_reason.map(|reason| reason.to_string()).unwrap_or_default()
    }

    fn is_over_there(&self) -> bool {
        self.fake.text(&self.chat()).unwrap().shown["chat_status"] == "ended"
    }
}

fn said(author: &str, content: &str) -> (String, String) {
    (author.to_owned(), content.to_owned())
}

const HELLO: &str = "Hello! The car is here.";

#[test]
fn a_chat_is_begun_with_the_opening_and_what_the_agent_is_to_know() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(1).await;
        let (status, answer) = live.texts("one").await;
        assert_eq!(status, 201, "{answer}");
        assert_eq!(answer["data"]["providerMessageId"], live.chat());
        let id = id(&answer);
        assert_eq!(
            live.fake.texts()[0].asked,
            json!({
                "from_number": OURS,
                "to_number": CUSTOMER,
                "retell_llm_dynamic_variables": { "prompt": "Be brief.", "welcome_message": HELLO },
                "metadata": {
                    "ringdown_organization": ORGANIZATION,
                    "ringdown_attempt": format!("{id}-1"),
                    "ringdown_request": REQUEST_ID,
                },
            })
        );
        assert_eq!(live.fake.violations(), Vec::<String>::new());
        // The same request again gets the same conversation.
        assert_eq!(live.texts("one").await.1["data"]["conversationId"], answer["data"]["conversationId"]);
        assert_eq!(live.fake.texts().len(), 1);
    });
}

#[test]
fn what_is_said_is_read_and_told_of_once() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(2).await;
        let id = live.opens_a_chat().await;
        live.says(Speaker::User, "Is it red?");
        live.says(Speaker::Agent, "It is.");
        live.world
            .runs(async {
                live.world.sees_texts(id, |sms| sms.messages == 3).await;
                let waited = live.sms(id).chat.unwrap().read_at.since(live.sms(id).created_at);
                assert!(waited.as_seconds() <= 30, "{} s", waited.as_seconds());
                for event in ["chat_started", "chat_analyzed"] {
                    live.tells_of_the_chat(event).await;
                }
            })
            .await;
        let expected = [said("agent", HELLO), said("customer", "Is it red?"), said("agent", "It is.")];
        assert_eq!(live.written(id).await, expected);
        assert_eq!(
            live.events(id).await,
            [
                "sms.message_sent",
                "sms.message_delivery_updated",
                "sms.message_received",
                "sms.message_sent",
                "sms.conversation_closed"
            ]
        );
    });
}

#[test]
fn a_chat_that_is_over_there_is_over_here_with_everything_that_was_said() {
    for (status, reason) in [("ended", "completed"), ("error", "provider:error")] {
        simulate(async {
            let live = LiveWorld::<Retell>::virtually(3).await;
            let id = live.opens_a_chat().await;
            for word in ["One", "Two", "Three", "Four"] {
                live.says(Speaker::User, word);
                live.says(Speaker::Agent, word);
            }
            live.fake.chat_ends(&live.chat(), status);
            live.tells_of_the_chat("chat_ended").await;
            assert_eq!(live.ended_as(id), reason);
            live.tells_of_the_chat("chat_ended").await;
            live.world.runs(async {}).await;
            assert_eq!(live.written(id).await.len(), 9);
            assert_eq!(live.fake.asked("PATCH", "/end-chat/"), 0, "there is nothing to end");
        });
    }
}

#[test]
fn stop_in_a_chat_suppresses_the_customer_and_ends_it_there() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(4).await;
        let id = live.opens_a_chat().await;
        live.says(Speaker::User, "STOP");
        live.world.runs(async {}).await;
        assert_eq!(live.ended_as(id), "opted_out");
        assert!(live.is_over_there());
        let (status, answer) = live.texts("two").await;
        assert_eq!((status, answer["error"]["code"].as_str()), (403, Some("do_not_call")));
    });
}

#[test]
fn a_conversation_that_is_over_here_is_ended_there() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(5).await;
        let id = live.opens_a_chat().await;
        live.world.closes_sms(id, "said_goodbye").await;
        live.world.runs(async {}).await;
        assert_eq!(live.ended_as(id), "said_goodbye");
        assert!(live.is_over_there());
        assert_eq!(live.fake.asked("PATCH", "/end-chat/"), 1);
    });
    // Another conversation between the two numbers also closes the chat.
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(6).await;
        let first = live.opens_a_chat().await;
        let chat = live.chat();
        assert_eq!(live.texts("two").await.0, 201);
        live.world
            .runs(async {
                live.world.sees_texts(first, |sms| sms.chat.as_ref().is_some_and(|chat| chat.over)).await;
                assert_eq!(live.ended_as(first), "superseded_by_new_conversation");
                assert_eq!(live.fake.text(&chat).unwrap().shown["chat_status"], "ended");
                assert!(!live.is_over_there());
            })
            .await;
    });
}

#[test]
fn nobody_else_writes_into_a_chat() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(7).await;
        let id = live.opens_a_chat().await;
        let path = format!("/v1/sms-conversations/{id}/messages");
        let body = json!({ "content": "A person here." });
        let (status, answer) = live.requests("send-sms-message", &path, Some(id), "person", &body).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (409, Some("conflict")), "{answer}");
        assert_eq!(live.written(id).await.len(), 1);
    });
}

#[test]
fn a_silence_of_a_day_ends_it() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(8).await;
        let id = live.opens_a_chat().await;
        live.world.runs(async {}).await;
        assert_eq!(live.ended_as(id), "inactivity_timeout");
        let lasted = live.sms(id).ended_at.unwrap().since(live.sms(id).last_message_at);
        assert!((24 * 3_600..24 * 3_600 + 120).contains(&lasted.as_seconds()), "{} s", lasted.as_seconds());
        assert!(live.is_over_there());
        // A chat that is silent for a day is read a few dozen times.
        let reads = live.fake.asked("GET", "/get-chat/");
        assert!((20..60).contains(&reads), "{reads}");
    });
}

#[test]
fn a_lost_answer_is_settled_by_a_webhook_or_a_search_and_no_second_chat_is_begun() {
    for told in [true, false] {
        simulate(async {
            let live = LiveWorld::<Retell>::virtually(9).await;
            live.fake.fails([Create::MakesAnd(Reaction::Silence)]);
            let (status, answer) = live.texts("one").await;
            assert_eq!((status, answer["data"]["status"].as_str()), (202, Some("sending")), "{answer}");
            let id = id(&answer);
            live.world
                .runs(async {
                    if told {
                        live.tells_of_the_chat("chat_started").await;
                    }
                    live.world.sees_texts(id, |sms| sms.opening_id.is_some()).await;
                    assert_eq!(live.sms(id).status, Status::InProgress);
                })
                .await;
            assert_eq!(live.sms(id).opening_id.unwrap().as_str(), live.chat());
            assert_eq!((live.fake.texts().len(), live.fake.wishes(Kind::Text)), (1, 1));
        });
    }
    // A chat that was never begun is not found, and the attempt is given up.
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(10).await;
        live.fake.fails([Create::Refuses(Reaction::Silence)]);
        let id = id(&live.texts("one").await.1);
        live.world.runs(async {}).await;
        assert_eq!(live.ended_as(id), "dispatch_unconfirmed");
        assert_eq!((live.fake.texts().len(), live.fake.wishes(Kind::Text)), (0, 1));
    });
}

#[test]
fn a_chat_that_turns_up_too_late_is_ended() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(11).await;
        live.fake.fails([Create::MakesAnd(Reaction::Reset)]);
        let id = id(&live.texts("one").await.1);
        live.world.closes_sms(id, "said_goodbye").await;
        live.world.runs(async {}).await;
        assert_eq!(live.ended_as(id), "said_goodbye");
        assert!(live.is_over_there(), "a search found it, and it was ended");
    });
}

#[test]
fn what_opened_the_chat_is_what_stands_in_it() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(12).await;
        let id = live.opens_a_chat().await;
        let otherwise = json!([{ "role": "agent", "content": "Hi, I am a bot.", "message_id": "m" }]);
        live.fake.becomes(&live.chat(), &json!({ "message_with_tool_calls": otherwise }));
        live.tells_of_the_chat("chat_started").await;
        assert_eq!(live.written(id).await, [said("agent", "Hi, I am a bot.")]);
        let items = live.world.operator.read([store::keys::message(id, 1)]).await.unwrap();
        assert_eq!(items.message(id, 1).unwrap().unwrap().message.status, Some(DeliveryStatus::Sent));
    });
}

#[test]
fn every_answer_to_a_request_for_a_chat_means_what_the_table_says() {
    let codes = [(400, "rejected"), (401, "provider_unavailable"), (422, "rejected")];
    let codes = codes.map(|(status, reason)| (Create::Refuses(Reaction::text(status, "{}")), 502, Some(reason)));
    means::<Retell>(codes.into());
}

#[test]
fn what_is_not_signed_or_about_nobodys_chat_leaves_nothing_behind() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(13).await;
        live.opens_a_chat().await;
        live.says(Speaker::User, "STOP");
        let before = live.world.holds();
        let genuine = live.fake.letter(&live.webhook("chat_ended"));
        let unsigned = Letter { headers: Vec::new(), ..genuine.clone() };
        let changed = Letter { body: genuine.body.replace("STOP", "START"), ..genuine.clone() };
        let elsewhere = Letter { url: genuine.url.replace(ORGANIZATION, "nobody"), ..genuine };
        for letter in [unsigned, changed, elsewhere] {
            assert_eq!(live.tries_to_deliver(letter).await.unwrap().status, 403);
        }
        let signed = |body: Value| {
            live.fake.letter(&Told {
                url: address(),
                content_type: "application/json",
                body: body.to_string(),
                names_the_call: true,
            })
        };
        let chat = live.fake.texts()[0].shown.clone();
        let mut of_another = chat.clone();
        of_another["metadata"]["ringdown_organization"] = "nobody".into();
        let mut of_nobody = chat;
        of_nobody["metadata"] = Value::Null;
        for body in [
            json!({ "event": "chat_ended", "chat": of_another }),
            json!({ "event": "chat_ended", "chat": of_nobody }),
            json!({ "event": "chat_ended", "chat": 7 }),
            json!({ "event": "call_ended", "call": { "call_id": "c" } }),
            json!([]),
        ] {
            assert_eq!(live.tries_to_deliver(signed(body.clone())).await.unwrap().status, 200, "{body}");
        }
        assert_eq!(live.world.holds(), before);
    });
}

/// Checks the largest transaction. Each event makes a delivery for each endpoint, and one change is one transaction.
#[test]
fn a_chat_is_taken_in_where_every_endpoint_wants_every_event() {
    simulate(async {
        let live = LiveWorld::<Retell>::virtually(14).await;
        let events = ["sms.message_sent", "sms.message_delivery_updated", "sms.message_received"];
        let events = [&events[..], &["contact.opt_out", "sms.conversation_closed"]].concat();
        for number in 0..MAX_ENDPOINTS {
            let hooks = json!({ "url": format!("https://hooks.example.com/{number}"), "events": events });
            let (status, answer) =
                live.requests("create-webhook", "/v1/webhooks", None, &format!("hook-{number}"), &hooks).await;
            assert_eq!(status, 201, "{answer}");
        }
        let id = live.opens_a_chat().await;
        live.says(Speaker::User, "STOP");
        live.tells_of_the_chat("chat_started").await;
        assert_eq!(live.ended_as(id), "opted_out");
        assert_eq!(live.events(id).await, events);
    });
}
