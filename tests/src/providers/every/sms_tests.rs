//! Tests of SMS conversations, through each provider that carries them.

use domain::ids::{AgentId, ConversationId};
use domain::sms::{DeliveryStatus, Status};
use domain::suppression::Suppression;
use serde_json::Value;

use super::{CUSTOMER, LiveWorld, ORGANIZATION, PUBLIC_URL, REQUEST_ID};
use crate::harness::fakes::fake::Letter;
use crate::harness::fakes::script::Create;
use crate::harness::fakes::server::Reaction;
use crate::harness::fakes::telnyx::Telnyx;
use crate::harness::fakes::texting::{Delivery, Texting};
use crate::harness::fakes::vendor::{Kind, Vendor};
use crate::harness::world::{TEXTER, number, simulate};

pub(super) fn id(answer: &Value) -> ConversationId {
    let id = answer["data"]["conversationId"].as_str().or(answer["error"]["conversationId"].as_str());
    ConversationId::parse(id.unwrap_or_else(|| panic!("{answer}"))).unwrap()
}

/// Returns the address for customers' messages.
pub(super) fn inbound_address<V: Texting>() -> String {
    format!("{PUBLIC_URL}/inbound/{}/{ORGANIZATION}/messages", V::PROVIDER.as_str())
}

impl<V: Texting> LiveWorld<V> {
    /// Delivers a callback and returns the status of the answer.
    async fn arrives(&self, letter: Letter) -> u16 {
        self.tries_to_deliver(letter).await.expect("the function answers").status
    }

    /// Reports the delivery state of a message, as the provider does. Returns the status of the answer.
    pub(super) async fn delivers(&self, place: usize, state: Delivery) -> u16 {
        let told = V::delivery(&self.fake.texts()[place], state);
        self.arrives(self.fake.letter(&told)).await
    }

    /// Delivers a customer's message with these words, or with a picture if there are none. Returns the status of the
    /// answer.
    pub(super) async fn customer_writes(&self, id: &str, words: &str, answered: Option<&str>) -> u16 {
        let told = V::inbound(&inbound_address::<V>(), id, words, answered);
        self.arrives(self.fake.letter(&told)).await
    }

    async fn status_of(&self, id: ConversationId, number: u32) -> Option<DeliveryStatus> {
        let key = store::keys::message(id, number);
        let items = self.world.operator.read([key]).await.unwrap();
        items.message(id, number).unwrap().unwrap().message.status
    }

    /// Returns the number of requests for a message at the provider.
    fn asked_for_texts(&self) -> usize {
        self.fake.wishes(Kind::Text)
    }
}

fn an_opening_text_leaves_and_its_delivery_only_moves_forwards<V: Texting>() {
    simulate(async {
        let live = LiveWorld::<V>::virtually(1).await;
        let (status, answer) = live.texts("one").await;
        assert_eq!((status, answer["data"]["status"].as_str()), (201, Some("in_progress")), "{answer}");
        let id = id(&answer);
        let sent = live.fake.texts()[0].clone();
        assert_eq!(V::content(&sent), "Hello! The car is here.");
        assert_eq!(answer["data"]["providerMessageId"], sent.id.as_str());
        let address = V::callback(&sent.asked).split('#').next().unwrap();
        assert_eq!(address, format!("{}/{id}/1/status?request_id={REQUEST_ID}", inbound_address::<V>()));
        for (state, expected) in [
            (Delivery::Sent, DeliveryStatus::Sent),
            (Delivery::Queued, DeliveryStatus::Sent),
            (Delivery::Delivered, DeliveryStatus::Delivered),
            (Delivery::Sent, DeliveryStatus::Delivered),
            (Delivery::Undelivered, DeliveryStatus::Delivered),
            (Delivery::Delivered, DeliveryStatus::Delivered),
            (Delivery::New, DeliveryStatus::Delivered),
        ] {
            assert_eq!(live.delivers(0, state).await, 200);
            assert_eq!(live.status_of(id, 1).await, Some(expected), "{state:?}");
        }
        let updates = live.events(id).await.into_iter().filter(|name| name == "sms.message_delivery_updated");
        assert_eq!(updates.count(), 2);
        assert_eq!(live.fake.violations(), Vec::<String>::new());
    });
}

fn a_customers_text_continues_the_conversation_once<V: Texting>() {
    simulate(async {
        let live = LiveWorld::<V>::virtually(2).await;
        let id = id(&live.texts("one").await.1);
        for _ in 0..3 {
            assert_eq!(live.customer_writes("91", "Yes please", None).await, 200);
        }
        assert_eq!(live.customer_writes("92", "", None).await, 200);
        assert_eq!(live.sms(id).messages, 3);
        let items = live.world.operator.read([store::keys::message(id, 3)]).await.unwrap();
        assert_eq!(items.message(id, 3).unwrap().unwrap().message.content, "[media: image/jpeg]");
        let received = live.events(id).await.into_iter().filter(|name| name == "sms.message_received");
        assert_eq!(received.count(), 2);
    });
}

fn stop_in_any_word_that_the_carrier_takes_for_it_ends_everything_and_nothing_is_answered<V: Texting>() {
    for (words, carrier) in [("STOP", None), ("STOP", Some("STOP")), ("ARRET", Some("STOP"))] {
        simulate(async {
            let live = LiveWorld::<V>::virtually(3).await;
            let id = id(&live.texts("one").await.1);
            assert_eq!(live.customer_writes("91", words, carrier).await, 200);
            live.runs(async {}).await;
            let conversation = live.sms(id);
            assert_eq!(conversation.end_reason.unwrap().as_str(), "opted_out", "{words} {carrier:?}");
            assert_eq!(live.fake.texts().len(), 1);
            let (status, answer) = live.texts("two").await;
            assert_eq!((status, answer["error"]["code"].as_str()), (403, Some("do_not_call")));
            // The carrier's own word lifts the opt-out.
            assert_eq!(live.customer_writes("92", "RETOUR", Some("START")).await, 200);
            assert_eq!(live.texts("three").await.0, 201);
        });
    }
}

/// Checks an opt-out sent to a former number. The organization texted from it, and must not text the customer again
/// from any number.
fn stop_to_a_number_that_was_taken_away_is_on_the_list_and_nothing_else_to_it_is_taken_in<V: Texting>() {
    for remembers in [true, false] {
        simulate(async {
            let live = LiveWorld::<V>::virtually(6).await;
            let id = id(&live.texts("one").await.1);
            live.world
                .edits_organization(|organization| {
                    organization.give_up_number(&number(super::OURS));
                    if !remembers {
                        organization.former_numbers.clear();
                    }
                })
                .await;
            assert_eq!(live.customer_writes("91", "Are you there?", None).await, 200);
            assert_eq!(live.sms(id).messages, 1, "it is nobody's number");
            assert_eq!(live.customer_writes("92", "STOP", None).await, 200);
            live.runs(async {}).await;
            assert_eq!(live.sms(id).end_reason.unwrap().as_str(), "opted_out");
            let listed = store::keys::suppression(&live.scope, &number(CUSTOMER));
            let items = live.world.operator.read([listed.clone()]).await.unwrap();
            assert!(items.get(&listed).is_some());
            assert_eq!(live.fake.texts().len(), 1);
        });
    }
}

fn a_stored_agent_without_a_model_answers_nothing_and_says_why_once<V: Texting>() {
    simulate(async {
        let live = LiveWorld::<V>::virtually(7).await;
        let mut texter = live
            .world
            .operator
            .agent(&live.scope, AgentId::for_slug(&live.scope.organization, TEXTER))
            .await
            .unwrap()
            .unwrap();
        texter.sms.as_mut().unwrap().terms = domain::sms::Terms {
            fallback_text: Some("Somebody will call you.".to_owned()),
            ..domain::sms::Terms::default()
        };
        live.world.operator.put_agent(&live.scope.organization, &texter).await.unwrap();
        let id = id(&live.texts("one").await.1);
        for (number, words) in [("91", "Hello?"), ("92", "Anybody?")] {
            assert_eq!(live.customer_writes(number, words, None).await, 200);
            live.world.after_seconds(10).await;
            live.world.steps(store::QueueName::Turns).await;
        }
        let failed = live.events(id).await.into_iter().filter(|name| name == "sms.turn_failed");
        assert_eq!(failed.count(), 1);
        assert_eq!(live.fake.texts().len(), 1, "nothing but the opening text");
    });
}

fn help_is_the_carriers_to_answer<V: Texting>() {
    simulate(async {
        let live = LiveWorld::<V>::virtually(4).await;
        let id = id(&live.texts("one").await.1);
        assert_eq!(live.customer_writes("91", "HELP", Some("HELP")).await, 200);
        live.world.runs(async {}).await;
        assert_eq!(live.fake.texts().len(), 1);
        assert_eq!(live.sms(id).messages, 2);
    });
}

fn who_opted_out_at_the_carrier_is_on_our_list_from_then_on<V: Texting>() {
    simulate(async {
        let live = LiveWorld::<V>::virtually(5).await;
        live.fake.fails([Create::Refuses(V::opted_out())]);
        let (status, answer) = live.texts("one").await;
        assert_eq!((status, answer["error"]["code"].as_str()), (403, Some("do_not_call")), "{answer}");
        assert_eq!(live.sms(id(&answer)).end_reason.unwrap().as_str(), "opted_out");
        let listed = store::keys::suppression(&live.scope, &number(CUSTOMER));
        let items = live.world.operator.read([listed.clone()]).await.unwrap();
        assert!(items.get(&listed).is_some());
    });
    // Here the carrier reports the opt-out later.
    simulate(async {
        let live = LiveWorld::<V>::virtually(6).await;
        let id = id(&live.texts("one").await.1);
        assert_eq!(live.delivers(0, Delivery::OptedOut).await, 200);
        assert_eq!(live.sms(id).end_reason.unwrap().as_str(), "opted_out");
    });
}

fn what_somebody_puts_on_the_list_no_word_of_the_customers_takes_off<V: Texting>() {
    for (source, carrier) in [("manual", None), ("import", Some("STOP")), ("analysis", None)] {
        simulate(async {
            let live = LiveWorld::<V>::virtually(12).await;
            live.texts("one").await;
            assert_eq!(live.customer_writes("91", "STOP", carrier).await, 200);
            let (source, created_at) = (source.to_owned(), live.world.app.store.table.now());
            let entry = Suppression { phone_number: Some(number(CUSTOMER)), source: source.clone(), created_at };
            let put = live.world.operator.suppress_once(&live.scope, &number(CUSTOMER), &entry).await.unwrap();
            assert_eq!(put.map(|stands| stands.source), Some(source));
            // A weaker entry does not replace this one, and no keyword lifts it.
            assert_eq!(live.customer_writes("92", "STOP", carrier).await, 200);
            assert_eq!(live.customer_writes("93", "START", Some("START")).await, 200);
            assert_eq!(live.texts("two").await.0, 403);
        });
    }
}

fn a_start_takes_back_what_the_carrier_told_of_whether_the_carrier_says_so_or_not<V: Texting>() {
    for carrier in [None, Some("START")] {
        simulate(async {
            let live = LiveWorld::<V>::virtually(13).await;
            live.fake.fails([Create::Refuses(V::opted_out())]);
            assert_eq!(live.texts("one").await.0, 403);
            assert_eq!(live.customer_writes("91", "Start.", carrier).await, 200);
            assert_eq!(live.texts("two").await.0, 201);
        });
    }
}

fn a_text_whose_answer_was_lost_is_found_by_callback_or_search_and_never_sent_twice<V: Texting>() {
    simulate(async {
        let live = LiveWorld::<V>::virtually(7).await;
        live.fake.fails([Create::MakesAnd(Reaction::Reset)]);
        let (status, answer) = live.texts("one").await;
        assert_eq!((status, answer["data"]["status"].as_str()), (202, Some("sending")), "{answer}");
        assert_eq!(live.delivers(0, Delivery::Sent).await, 200);
        assert_eq!(live.sms(id(&answer)).status, Status::InProgress);
        assert_eq!(live.status_of(id(&answer), 1).await, Some(DeliveryStatus::Sent));
    });
    simulate(async {
        let live = LiveWorld::<V>::virtually(8).await;
        live.fake.fails([Create::MakesAnd(Reaction::Silence)]);
        let id = id(&live.texts("one").await.1);
        if V::LISTS_TEXTS {
            live.world.runs(live.world.sees_texts(id, |sms| sms.opening_id.is_some())).await;
            assert_eq!(live.sms(id).opening_id.unwrap().as_str(), live.fake.texts()[0].id);
        } else {
            live.world.runs(async {}).await;
            assert_eq!(live.sms(id).end_reason.unwrap().as_str(), "dispatch_unconfirmed");
        }
        assert_eq!((live.fake.texts().len(), live.asked_for_texts()), (1, 1));
    });
    simulate(async {
        let live = LiveWorld::<V>::virtually(9).await;
        live.fake.fails([Create::Refuses(Reaction::Silence)]);
        let id = id(&live.texts("one").await.1);
        live.world.runs(async {}).await;
        assert_eq!(live.sms(id).end_reason.unwrap().as_str(), "dispatch_unconfirmed");
        assert_eq!((live.fake.texts().len(), live.asked_for_texts()), (0, 1));
    });
}

fn every_answer_to_a_text_means_what_the_table_says<V: Texting>() {
    let codes = V::codes().into_iter();
    let codes = codes.map(|(status, body, reason)| (Reaction::text(status, &body), 502, reason));
    let own = codes.chain([(V::opted_out(), 403, "opted_out")]);
    means::<V>(own.map(|(reaction, status, reason)| (Create::Refuses(reaction), status, Some(reason))).collect());
}

/// Result of a request for a message, status that the client gets, and end reason of the conversation, if it ended.
type Row = (Create, u16, Option<&'static str>);

/// Checks the answers that mean the same at every provider, and a provider's own ones.
pub(super) fn means<V: Vendor>(own: Vec<Row>) {
    let unknown =
        |reaction: Reaction| [(Create::Refuses(reaction.clone()), 202, None), (Create::MakesAnd(reaction), 202, None)];
    let mut rows = vec![
        (Create::Accepts, 201, None),
        (Create::Refuses(Reaction::text(429, "{}")), 202, None),
        (Create::Refuses(Reaction::with_header(429, "Retry-After", "3", "{}")), 202, None),
        (Create::Refuses(Reaction::text(402, "{}")), 502, Some("provider_unavailable")),
        (Create::Refuses(Reaction::text(403, "<html>")), 502, Some("provider_unavailable")),
        (Create::Refuses(Reaction::text(404, "")), 502, Some("rejected")),
    ];
    for reaction in [
        Reaction::Silence,
        Reaction::Reset,
        Reaction::Half { status: 200, body: "{\"data\"".to_owned() },
        Reaction::text(201, "<html>"),
        Reaction::text(200, "{}"),
        Reaction::text(201, "{\"sid\": \"CA1\", \"data\": {\"id\": \"\"}}"),
    ] {
        rows.extend(unknown(reaction));
    }
    for status in [408, 409, 425, 500, 502, 503, 504] {
        rows.extend(unknown(Reaction::text(status, "{}")));
    }
    rows.extend(own);
    for (create, expected, reason) in rows {
        simulate(async {
            let live = LiveWorld::<V>::virtually(1).await;
            live.fake.fails([create.clone()]);
            let (status, answer) = live.texts("one").await;
            assert_eq!(status, expected, "{create:?}: {answer}");
            let ended = live.sms(id(&answer)).end_reason.map(|reason| reason.to_string());
            assert_eq!(ended.as_deref(), reason, "{create:?}");
            assert_eq!(live.fake.wishes(Kind::Text), 1, "{create:?}");
            assert_eq!(live.fake.violations(), Vec::<String>::new());
        });
    }
}

fn what_is_not_signed_leaves_nothing_behind<V: Texting>() {
    simulate(async {
        let live = LiveWorld::<V>::virtually(10).await;
        live.texts("one").await;
        let before = live.world.holds();
        let delivery = V::delivery(&live.fake.texts()[0], Delivery::Undelivered);
        let inbound = V::inbound(&inbound_address::<V>(), "91", "STOP", Some("STOP"));
        for told in [delivery, inbound] {
            let genuine = live.fake.letter(&told);
            let unsigned = Letter { headers: Vec::new(), ..genuine.clone() };
            let body = genuine.body.replace("STOP", "START").replace("undelivered", "delivered");
            let changed = Letter { body: body.replace("delivery_failed", "delivered"), ..genuine.clone() };
            let url = genuine.url.replace(&format!("/{ORGANIZATION}/"), "/nobody/");
            for letter in [unsigned, changed, Letter { url, ..genuine }] {
                assert_eq!(live.arrives(letter).await, 403);
            }
        }
        assert_eq!(live.world.holds(), before);
    });
}

/// Defines a test for each provider that carries SMS messages.
macro_rules! for_each_texting_provider {
    ($($test:ident),* $(,)?) => {
        mod twilio { $(#[test] fn $test() { super::$test::<crate::harness::fakes::twilio::Twilio>(); })* }
        mod telnyx { $(#[test] fn $test() { super::$test::<crate::harness::fakes::telnyx::Telnyx>(); })* }
    };
}

for_each_texting_provider! {
    an_opening_text_leaves_and_its_delivery_only_moves_forwards,
    a_customers_text_continues_the_conversation_once,
    stop_in_any_word_that_the_carrier_takes_for_it_ends_everything_and_nothing_is_answered,
    stop_to_a_number_that_was_taken_away_is_on_the_list_and_nothing_else_to_it_is_taken_in,
    a_stored_agent_without_a_model_answers_nothing_and_says_why_once,
    help_is_the_carriers_to_answer,
    who_opted_out_at_the_carrier_is_on_our_list_from_then_on,
    what_somebody_puts_on_the_list_no_word_of_the_customers_takes_off,
    a_start_takes_back_what_the_carrier_told_of_whether_the_carrier_says_so_or_not,
    a_text_whose_answer_was_lost_is_found_by_callback_or_search_and_never_sent_twice,
    every_answer_to_a_text_means_what_the_table_says,
    what_is_not_signed_leaves_nothing_behind,
}

/// Checks an event that is sent to another message's address. Telnyx only signs the body, which names the address that
/// it was meant for.
#[test]
fn an_event_that_is_sent_to_another_texts_address_changes_nothing() {
    simulate(async {
        let live = LiveWorld::<Telnyx>::virtually(11).await;
        let first = id(&live.texts("one").await.1);
        live.fake.fails([Create::MakesAnd(Reaction::Reset)]);
        let second = id(&live.texts("two").await.1);
        let told = Telnyx::delivery(&live.fake.texts()[0], Delivery::Delivered);
        let elsewhere = told.url.replace(&first.to_string(), &second.to_string());
        let letter = Letter { url: elsewhere, ..live.fake.letter(&told) };
        assert_eq!(live.arrives(letter).await, 200);
        assert_eq!(live.status_of(second, 1).await, Some(DeliveryStatus::Queued));
        assert_eq!(live.sms(second).opening_id, None);
    });
}
