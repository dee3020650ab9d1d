//! Tests of the retention of a conversation's data. Clients see it until the retention is over, and no client sees it
//! afterwards. It leaves the table even if nothing else goes well.

use domain::call::Call;
use domain::conversation::Conversation;
use domain::ids::ConversationId;
use domain::retention::HEAD_KEPT;
use domain::time::Span;
use serde_json::{Value, json};
use store::{QueueName, keys};

use super::SEED;
use super::scenarios::{PLAIN, VOICE};
use crate::harness::world::{Ask, Reaction, TABLE, World, simulate};

/// Text that no client may see after the retention.
const SECRET: &str = "the alarm code is four four two";
const WEEK: Span = Span::days(7);
const DAY_S: u64 = 24 * 3_600;

async fn shows(world: &World, function: &'static str, path: String) -> Value {
    let reply = world.asks(&Ask::about(function, "GET", path)).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body["data"].clone()
}

/// Places a call that ends at once, and steps the workers until it is settled. Returns its id.
pub(super) async fn holds_a_call(world: &World, key: &str) -> ConversationId {
    let id = world.creates_call("+15555550001", key).await.unwrap();
    while !world.history.call(id).is_some_and(|call| call.is_settled()) {
        for queue in [QueueName::Dispatch, QueueName::Simulator] {
            world.after_seconds(2).await;
            world.steps(queue).await;
        }
    }
    id
}

/// Returns the items of a conversation that contain the secret and have not expired yet.
fn telling(world: &World, id: ConversationId) -> Vec<String> {
    let pk = keys::call(id).pk;
    let now_s = world.now().as_seconds();
    let items = world.aws.database.dump(TABLE);
    let of_it = items.iter().filter(|item| item["pk"]["S"] == *pk);
    let kept = of_it.filter(|item| {
        let expires = item["expiresAt"]["N"].as_str().and_then(|at| at.parse::<i64>().ok());
        expires.is_none_or(|at| at > now_s)
    });
    kept.map(Value::to_string).filter(|item| item.contains(SECRET) || item.contains("simulated call")).collect()
}

#[test]
fn a_call_is_shown_for_a_week_and_then_only_its_head_is() {
    simulate(async {
        let world = World::new(SEED).await;
        world.keeps_for_a_week().await;
        world
            .runs(async {
                world.creates_webhook("hooks.example.com", &VOICE).await.unwrap();
                let told = json!({"metadata": {"note": SECRET}});
                let id = world.creates_call_with(PLAIN, "the-call", told.clone()).await.unwrap();
                world.sees(id, |call| call.facts.analysis_announced).await;
                let call = format!("/v1/calls/{id}");
                let (before, events) = (
                    shows(&world, "get-call", call.clone()).await,
                    shows(&world, "list-call-events", format!("{call}/events")).await,
                );
                assert_eq!((&before["metadata"]["note"], &before["toNumber"]), (&json!(SECRET), &json!(PLAIN)));
                assert!(before["transcript"].is_array() && before["analysis"].is_object(), "{before}");
                assert_eq!(events.as_array().map(Vec::len), Some(3), "{events}");
                assert!(!telling(&world, id).is_empty());
                // The data is not removed from the table in time, but it is not shown either.
                let ended_at = world.history.call(id).unwrap().ended_at.unwrap();
                let over = ended_at + WEEK;
                world.habits.borrow_mut().reconciler_sleeps_until_ms = (over + Span::hours(2)).as_milliseconds();
                let wait = over.since(world.now()).as_seconds_rounded_up();
                world.after_seconds(u64::try_from(wait).unwrap() - 1).await;
                assert_eq!(shows(&world, "get-call", call.clone()).await, before, "it is kept to the last second");
                world.after_seconds(3_600).await;
                assert!(!world.history.call(id).unwrap().forgotten);
                let after = shows(&world, "get-call", call.clone()).await;
                for gone in ["metadata", "transcript", "analysis", "recordingUrl", "contactId"] {
                    assert_eq!(after[gone], Value::Null, "{gone}: {after}");
                }
                for left in ["conversationId", "status", "endReason", "createdAt", "endedAt", "durationSeconds"] {
                    assert_eq!(after[left], before[left], "{left}");
                }
                assert_ne!(after["toNumber"], before["toNumber"]);
                assert_eq!(shows(&world, "list-call-events", format!("{call}/events")).await, json!([]));
                assert_eq!(shows(&world, "list-calls", "/v1/calls".to_owned()).await[0]["toNumber"], after["toNumber"]);
                world.sees(id, |call| call.forgotten).await;
                assert_eq!(telling(&world, id), [""; 0]);
                assert_eq!(shows(&world, "get-call", call.clone()).await, after);
                // The request is not carried out again for as long as the tombstone exists.
                let ask = Ask::call(PLAIN, "the-call", &told);
                let replay = world.asks(&ask).await.unwrap();
                assert!(replay.replayed && replay.body["data"]["conversationId"] == json!(id), "{}", replay.body);
                let other = world.asks(&Ask::call(PLAIN, "the-call", &json!({"metadata": {}}))).await.unwrap();
                assert_eq!(other.status, 422, "{}", other.body);
            })
            .await;
        let head = world.aws.database.dump(TABLE).into_iter().find(|item| item["sk"]["S"] == "call").unwrap();
        let expires: i64 = head["expiresAt"]["N"].as_str().unwrap().parse().unwrap();
        assert!(expires >= world.now().as_seconds() && expires <= (world.now() + HEAD_KEPT).as_seconds(), "{expires}");
        assert_eq!((&head["content"], &head["dueAt"]), (&Value::Null, &Value::Null));
    });
}

#[test]
fn each_text_is_kept_for_a_week_and_the_conversation_for_a_week_after_its_end() {
    simulate(async {
        let world = World::new(SEED).await;
        world.keeps_for_a_week().await;
        world
            .runs(async {
                let id = world.opens_sms(PLAIN, "the-texts").await.unwrap();
                world.customer_texts(PLAIN, SECRET).await;
                world.sees_texts(id, |conversation| conversation.answered >= 2).await;
                world.after_seconds(30).await;
                world.closes_sms(id, "done").await;
                let path = format!("/v1/sms-conversations/{id}");
                let texts = shows(&world, "list-sms-messages", format!("{path}/messages")).await;
                assert_eq!(texts.as_array().map(Vec::len), Some(3), "{texts}");
                world.after_seconds(7 * DAY_S - 60).await;
                assert_eq!(shows(&world, "list-sms-messages", format!("{path}/messages")).await, texts);
                world.after_seconds(120).await;
                assert_eq!(shows(&world, "list-sms-messages", format!("{path}/messages")).await, json!([]));
                assert_eq!(shows(&world, "list-sms-events", format!("{path}/events")).await, json!([]));
                world.sees_texts(id, |conversation| conversation.forgotten).await;
                let head = shows(&world, "get-sms-conversation", path).await;
                assert_eq!((&head["status"], &head["endReason"]), (&json!("ended"), &json!("done")));
                assert_ne!(head["toNumber"], json!(PLAIN));
                assert_eq!(telling(&world, id), [""; 0]);
                let dump = world.aws.database.dump(TABLE);
                let of_it =
                    |sk: &str| dump.iter().any(|item| item["pk"]["S"] == *keys::sms(id).pk && item["sk"]["S"] == sk);
                assert!(of_it("sms") && !of_it("brief"), "what its agent was told is gone");
            })
            .await;
    });
}

#[test]
fn an_event_whose_time_is_over_is_sent_no_more_and_leaves_nothing_due() {
    simulate(async {
        let world = World::new(SEED).await;
        world.keeps_for_a_week().await;
        let hook = world.creates_webhook("hooks.example.com", &["call.ended"]).await.unwrap().id;
        world.receiver.behaves("hooks.example.com", &[Reaction::Answers(500)]);
        world
            .runs(async {
                let id = world.creates_call("+15555550001", "the-call").await.unwrap();
                world.sees(id, Call::is_ended).await;
                // The deliveries have failed by now. If they were sent again, they would be tried beyond the retention
                // of the event.
                world.after_seconds(6 * DAY_S + 12 * 3_600).await;
                let since = json!({"since": world.history.call(id).unwrap().created_at.to_string()});
                let path = format!("/v1/webhooks/{hook}");
                let again =
                    Ask { body: Some(since), ..Ask::about("redeliver-webhook", "POST", format!("{path}/redeliver")) };
                assert_eq!(world.asks(&again).await.unwrap().body["data"]["redelivered"], json!(1));
            })
            .await;
        let due = world.history.record().due.clone();
        assert!(due.is_empty(), "{due:?}");
    });
}

/// Checks that no lost message, however many, keeps data for good.
#[test]
fn what_is_to_be_forgotten_is_forgotten_though_every_message_of_it_is_lost() {
    simulate(async {
        let world = World::new(SEED).await;
        world.keeps_for_a_week().await;
        let id = holds_a_call(&world, "the-call").await;
        world.after_seconds(7 * DAY_S).await;
        for _ in 0..10 {
            world.restarts().await;
            world.after_seconds(1_200).await;
        }
        assert!(world.history.call(id).unwrap().forgotten);
        assert_eq!(telling(&world, id), [""; 0]);
    });
}
