//! Conversations by SMS through Twilio.

use domain::ids::ConversationId;
use domain::sms::{DeliveryStatus, Status};
use serde_json::Value;

use super::{ACCOUNT, CUSTOMER, LiveWorld, OURS, PUBLIC_URL};
use crate::fakes::script::Create;
use crate::fakes::server::Reaction;
use crate::world::{number, simulate};

fn id(answer: &Value) -> ConversationId {
    let id = answer["data"]["conversationId"].as_str().or(answer["error"]["conversationId"].as_str());
    ConversationId::parse(id.unwrap_or_else(|| panic!("{answer}"))).unwrap()
}

impl LiveWorld {
    /// Twilio tells how far a text got.
    async fn delivers(&self, place: usize, status: &str, code: &str) -> u16 {
        let message = self.fake.texts()[place].clone();
        let fields = [("MessageSid", message.id.as_str()), ("MessageStatus", status), ("ErrorCode", code)];
        self.calls_back(message.field("StatusCallback").unwrap(), &fields).await.0
    }

    /// The customer writes.
    async fn customer_writes(&self, sid: &str, body: &str, more: &[(&str, &str)]) -> (u16, String) {
        let known = [("MessageSid", sid), ("AccountSid", ACCOUNT), ("From", CUSTOMER), ("To", OURS), ("Body", body)];
        let fields: Vec<(&str, &str)> = known.iter().chain(more).copied().collect();
        self.calls_back(&format!("{PUBLIC_URL}/inbound/twilio/acme/messages"), &fields).await
    }

    async fn status_of(&self, id: ConversationId, number: u32) -> Option<DeliveryStatus> {
        let key = store::keys::message(id, number);
        let items = self.world.operator.read([key]).await.unwrap();
        items.message(id, number).unwrap().unwrap().message.status
    }
}

#[test]
fn an_opening_text_leaves_and_its_delivery_only_moves_forwards() {
    simulate(async {
        let live = LiveWorld::virtually(1).await;
        let (status, answer) = live.texts("one").await;
        assert_eq!((status, answer["data"]["status"].as_str()), (201, Some("in_progress")), "{answer}");
        let id = id(&answer);
        let sent = live.fake.texts()[0].clone();
        assert_eq!(sent.field("Body"), Some("Hello! The car is here."));
        assert_eq!(answer["data"]["providerMessageId"], sent.id.as_str());
        assert_eq!(
            sent.field("StatusCallback").unwrap(),
            format!("{PUBLIC_URL}/inbound/twilio/acme/messages/{id}/1/status#rc=4&rp=all")
        );
        for (state, expected) in [
            ("sent", DeliveryStatus::Sent),
            ("queued", DeliveryStatus::Sent),
            ("delivered", DeliveryStatus::Delivered),
            ("sent", DeliveryStatus::Delivered),
            ("undelivered", DeliveryStatus::Delivered),
            ("read", DeliveryStatus::Delivered),
            ("nonsense", DeliveryStatus::Delivered),
        ] {
            assert_eq!(live.delivers(0, state, "").await, 200);
            assert_eq!(live.status_of(id, 1).await, Some(expected), "{state}");
        }
        let updates = live.events(id).await.into_iter().filter(|name| name == "sms.message_delivery_updated");
        assert_eq!(updates.count(), 2);
    });
}

#[test]
fn a_customers_text_continues_the_conversation_once() {
    simulate(async {
        let live = LiveWorld::virtually(2).await;
        let id = id(&live.texts("one").await.1);
        for _ in 0..3 {
            let (status, body) = live.customer_writes("SM91", "Yes please", &[("NumMedia", "0")]).await;
            assert_eq!(status, 200);
            assert!(body.ends_with("<Response/>"), "{body}");
        }
        let media = [("NumMedia", "1"), ("MediaContentType0", "image/jpeg"), ("MediaUrl0", "https://example.com/1")];
        assert_eq!(live.customer_writes("MM92", "", &media).await.0, 200);
        assert_eq!(live.sms(id).messages, 3);
        let items = live.world.operator.read([store::keys::message(id, 3)]).await.unwrap();
        assert_eq!(items.message(id, 3).unwrap().unwrap().message.content, "[media: image/jpeg]");
        let received = live.events(id).await.into_iter().filter(|name| name == "sms.message_received");
        assert_eq!(received.count(), 2);
    });
}

#[test]
fn stop_in_any_word_that_the_carrier_takes_for_it_ends_everything_and_nothing_is_answered() {
    for (body, carrier) in [("STOP", ""), ("STOP", "STOP"), ("ARRET", "STOP")] {
        simulate(async {
            let live = LiveWorld::virtually(3).await;
            let id = id(&live.texts("one").await.1);
            assert_eq!(live.customer_writes("SM91", body, &[("OptOutType", carrier)]).await.0, 200);
            live.runs(async {}).await;
            let conversation = live.sms(id);
            assert_eq!(conversation.end_reason.unwrap().as_str(), "opted_out", "{body} {carrier}");
            assert_eq!(live.fake.texts().len(), 1);
            let (status, answer) = live.texts("two").await;
            assert_eq!((status, answer["error"]["code"].as_str()), (403, Some("do_not_call")));
            // Taken back by the carrier's word for it.
            assert_eq!(live.customer_writes("SM92", "RETOUR", &[("OptOutType", "START")]).await.0, 200);
            assert_eq!(live.texts("three").await.0, 201);
        });
    }
}

#[test]
fn help_is_the_carriers_to_answer() {
    simulate(async {
        let live = LiveWorld::virtually(4).await;
        let id = id(&live.texts("one").await.1);
        assert_eq!(live.customer_writes("SM91", "HELP", &[("OptOutType", "HELP")]).await.0, 200);
        live.runs(async {}).await;
        assert_eq!(live.fake.texts().len(), 1);
        assert_eq!(live.sms(id).messages, 2);
    });
}

#[test]
fn who_opted_out_at_the_carrier_is_on_our_list_from_then_on() {
    simulate(async {
        let live = LiveWorld::virtually(5).await;
        live.fake.fails([Create::Refuses(Reaction::text(400, "{\"code\": 21610}"))]);
        let (status, answer) = live.texts("one").await;
        assert_eq!((status, answer["error"]["code"].as_str()), (403, Some("do_not_call")), "{answer}");
        assert_eq!(live.sms(id(&answer)).end_reason.unwrap().as_str(), "opted_out");
        let listed = store::keys::suppression(&live.scope, &number(CUSTOMER));
        let items = live.world.operator.read([listed.clone()]).await.unwrap();
        assert!(items.get(&listed).is_some());
    });
    // The same, where the carrier says so later.
    simulate(async {
        let live = LiveWorld::virtually(6).await;
        let id = id(&live.texts("one").await.1);
        assert_eq!(live.delivers(0, "undelivered", "21610").await, 200);
        assert_eq!(live.sms(id).end_reason.unwrap().as_str(), "opted_out");
    });
}

#[test]
fn a_text_whose_answer_was_lost_is_found_by_callback_or_search_and_never_sent_twice() {
    simulate(async {
        let live = LiveWorld::virtually(7).await;
        live.fake.fails([Create::MakesAnd(Reaction::Reset)]);
        let (status, answer) = live.texts("one").await;
        assert_eq!((status, answer["data"]["status"].as_str()), (202, Some("sending")), "{answer}");
        assert_eq!(live.delivers(0, "sent", "").await, 200);
        assert_eq!(live.sms(id(&answer)).status, Status::InProgress);
        assert_eq!(live.status_of(id(&answer), 1).await, Some(DeliveryStatus::Sent));
    });
    simulate(async {
        let live = LiveWorld::virtually(8).await;
        live.fake.fails([Create::MakesAnd(Reaction::Silence)]);
        let id = id(&live.texts("one").await.1);
        live.runs(async { live.world.sees_texts(id, |sms| sms.opening_id.is_some()).await }).await;
        assert_eq!(live.sms(id).opening_id.unwrap().as_str(), live.fake.texts()[0].id);
        assert_eq!(live.fake.texts().len(), 1);
    });
    simulate(async {
        let live = LiveWorld::virtually(9).await;
        live.fake.fails([Create::Refuses(Reaction::Silence)]);
        let id = id(&live.texts("one").await.1);
        live.runs(async {}).await;
        assert_eq!(live.sms(id).end_reason.unwrap().as_str(), "dispatch_unconfirmed");
        assert_eq!((live.fake.texts().len(), live.fake.asked("POST", "Messages.json")), (0, 1));
    });
}

/// The table of outcomes for a text: what Twilio answers, what the client hears, and why the conversation ended, if it did.
#[test]
fn every_answer_to_a_text_means_what_the_table_says() {
    let refused = |status, body, reason| (Some(Create::Refuses(Reaction::text(status, body))), 502, Some(reason));
    let unknown = |status| (Some(Create::Refuses(Reaction::text(status, "{\"code\": 20500}"))), 202, None);
    let mut rows = vec![
        (None, 201, None),
        (Some(Create::Refuses(Reaction::Silence)), 202, None),
        (Some(Create::MakesAnd(Reaction::Silence)), 202, None),
        (Some(Create::Refuses(Reaction::Reset)), 202, None),
        (Some(Create::MakesAnd(Reaction::Reset)), 202, None),
        (Some(Create::MakesAnd(Reaction::text(201, "<html>"))), 202, None),
        (Some(Create::Refuses(Reaction::text(201, "{\"sid\": \"CA1\"}"))), 202, None),
        (Some(Create::Refuses(Reaction::text(429, "{\"code\": 20429}"))), 202, None),
        (Some(Create::Refuses(Reaction::with_header(429, "Retry-After", "3", "{\"code\": 20429}"))), 202, None),
        refused(401, "{\"code\": 20003}", "provider_unavailable"),
        refused(400, "{\"code\": 21211}", "invalid_destination"),
        refused(400, "{\"code\": 21408}", "destination_not_allowed"),
        refused(400, "{\"code\": 21606}", "invalid_sender"),
        refused(400, "{\"code\": 21608}", "destination_not_allowed"),
        refused(400, "{\"code\": 21612}", "invalid_destination"),
        refused(400, "{\"code\": 21614}", "invalid_destination"),
        refused(400, "{\"code\": 21617}", "rejected"),
        refused(400, "{\"code\": 21659}", "invalid_sender"),
        refused(404, "", "rejected"),
        (Some(Create::Refuses(Reaction::text(400, "{\"code\": 21610}"))), 403, Some("opted_out")),
    ];
    rows.extend([408, 409, 425, 500, 502, 503, 504].map(unknown));
    for (fault, expected, reason) in rows {
        simulate(async {
            let live = LiveWorld::virtually(1).await;
            live.fake.fails(fault.clone());
            let (status, answer) = live.texts("one").await;
            assert_eq!(status, expected, "{fault:?}: {answer}");
            let ended = live.sms(id(&answer)).end_reason.map(|reason| reason.to_string());
            assert_eq!(ended.as_deref(), reason, "{fault:?}");
            assert_eq!(live.fake.asked("POST", "Messages.json"), 1, "{fault:?}");
        });
    }
}
