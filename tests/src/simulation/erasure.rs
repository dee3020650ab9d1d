//! Tests of erasing a number's data in an organization. Afterwards the whole table is searched for the number.

use std::panic::{AssertUnwindSafe, resume_unwind};

use domain::audit::{Action, Actor, AuditEntry};
use domain::contact::Details;
use domain::phone::PhoneNumber;
use futures::FutureExt as _;
use serde_json::{Value, json};
use store::{Erased, Table};

use super::SEED;
use super::scenarios::VOICE;
use crate::harness::world::{Ask, TABLE, World, number, simulate};

/// Number whose data is erased.
const FORGOTTEN: &str = "+15555550102";
/// Number whose data is kept.
const KEPT: &str = "+15555550124";

/// Returns the items that contain the digits of a number, with any separators between them or none.
fn naming(world: &World, number: &str) -> Vec<String> {
    let digits = number.trim_start_matches("+1");
    let is_between = |character: &char| !matches!(character, ' ' | '-' | '.' | '(' | ')' | '/');
    let plain = |item: &Value| item.to_string().chars().filter(is_between).collect::<String>();
    let items = world.aws.database.dump(TABLE);
    items.iter().map(plain).filter(|item| item.contains(digits)).collect()
}

async fn erase(world: &World, number: &PhoneNumber) -> Erased {
    erases(world, number, || {}).await
}

async fn erases(world: &World, number: &PhoneNumber, done: impl Fn()) -> Erased {
    let organization = &world.scope.organization;
    let traces = world.operator.traces_of(organization, number, |_| {}).await.unwrap();
    assert_eq!(traces.open, []);
    let (actor, action, at) = (Actor::Operator, Action::NumberErased, world.now());
    let audit = AuditEntry { at, actor, action, target: "a digest".to_owned(), mode: None, changed: Vec::new() };
    world.operator.erase(organization, &traces, &audit, done).await.unwrap()
}

/// Creates calls and SMS conversations with everything that may contain a number.
async fn lives(world: &World) {
    world.creates_webhook("hooks.example.com", &VOICE).await.unwrap();
    world
        .creates_webhook("texts.example.com", &["sms.message_sent", "sms.message_received", "contact.opt_out"])
        .await
        .unwrap();
    for to in [FORGOTTEN, KEPT] {
        // Too large for the call's own item, and with the number in another form too.
        let told = json!({"dynamicVariables": {"phone": to, "shown": format!("(555) 555-{}", &to[8..])}, "metadata": {"to": to, "why": "x".repeat(3_000)}});
        world.creates_call_with(to, &format!("call-{to}"), told).await.unwrap();
        world.creates_call_with(to, &format!("short-{to}"), json!({"metadata": {"to": to}})).await.unwrap();
        let sms = world.opens_sms(to, &format!("texts-{to}")).await.unwrap();
        world.after_seconds(30).await;
        world.writes(sms, &format!("Is {to} still yours?"), &format!("question-{to}")).await;
        world.customer_texts(to, &format!("Call me at {to}")).await;
        world.after_seconds(30).await;
        world.closes_sms(sms, "done").await;
        // This message arrives while no conversation is open.
        world.customer_texts(to, &format!("And {to}?")).await;
        world.customer_texts(to, "STOP").await;
        let details = Details { first_name: Some("Ada".to_owned()), last_name: None, email: None };
        let contact = Table::new_contact(&world.scope, &number(to), details, world.now());
        world
            .operator
            .create_contact(&world.scope, contact, Some((&format!("request-{}", &to[10..]), "fingerprint")))
            .await
            .unwrap();
    }
}

#[test]
fn nothing_in_the_table_names_a_number_that_was_erased() {
    simulate(async {
        let world = World::new(SEED).await;
        world.runs(lives(&world)).await;
        let kept_before = naming(&world, KEPT);
        assert!(naming(&world, FORGOTTEN).len() > 10, "there is something to be erased");
        let erased = erase(&world, &number(FORGOTTEN)).await;
        assert_eq!((erased.conversations, erased.contacts, erased.listed), (3, 1, 1), "{erased:?}");
        assert_eq!(naming(&world, FORGOTTEN), [""; 0]);
        assert_eq!(naming(&world, KEPT).len(), kept_before.len(), "another number's is not touched");
        let again = erase(&world, &number(FORGOTTEN)).await;
        assert_eq!(again, Erased::default(), "erased twice is erased once");
    });
}

/// Returns the number of items about contacts: the contacts themselves and the records of their requests.
fn of_contacts(world: &World) -> usize {
    let items = world.aws.database.dump(TABLE);
    items.iter().filter(|item| item["pk"]["S"].as_str().unwrap().starts_with("contacts#")).count()
}

#[test]
fn whoever_is_cut_off_after_each_piece_leaves_nothing_behind_in_the_end() {
    simulate(async {
        let world = World::new(SEED).await;
        world.runs(lives(&world)).await;
        let (forgotten, contacts, mut pieces) = (number(FORGOTTEN), of_contacts(&world), 0);
        loop {
            let cut_off = erases(&world, &forgotten, || resume_unwind(Box::new("cut off")));
            if AssertUnwindSafe(cut_off).catch_unwind().await.is_ok() {
                break;
            }
            pieces += 1;
        }
        assert!(pieces > 10, "{pieces}");
        assert_eq!((of_contacts(&world), contacts % 2), (contacts / 2, 0), "the other number's");
        assert_eq!(naming(&world, FORGOTTEN), [""; 0]);
    });
}

#[test]
fn who_opted_out_stays_opted_out_and_a_request_is_not_carried_out_again() {
    simulate(async {
        let world = World::new(SEED).await;
        world.runs(lives(&world)).await;
        let told = json!({"metadata": {"to": FORGOTTEN}});
        let ask = Ask::call(FORGOTTEN, &format!("short-{FORGOTTEN}"), &told);
        let before = world.asks(&ask).await.unwrap().body["data"]["conversationId"].clone();
        erase(&world, &number(FORGOTTEN)).await;
        world
            .runs(async {
                let replay = world.asks(&ask).await.unwrap();
                assert!(replay.replayed && replay.body["data"]["conversationId"] == before, "{}", replay.body);
                let id = before.as_str().unwrap();
                let shown = world.asks(&Ask::about("get-call", "GET", format!("/v1/calls/{id}"))).await.unwrap();
                let data = &shown.body["data"];
                assert_eq!(
                    (&data["status"], &data["transcript"], &data["metadata"]),
                    (&json!("ended"), &Value::Null, &Value::Null),
                    "{data}"
                );
                let fresh = world.asks(&Ask::call(FORGOTTEN, "another", &json!({}))).await.unwrap();
                assert_eq!((fresh.status, &fresh.body["error"]["code"]), (403, &json!("do_not_call")));
            })
            .await;
        assert_eq!(naming(&world, FORGOTTEN), [""; 0]);
    });
}

#[test]
fn a_number_is_not_erased_while_a_conversation_with_it_goes_on() {
    simulate(async {
        let world = World::new(SEED).await;
        world
            .runs(async {
                let id = world.opens_sms(FORGOTTEN, "the-texts").await.unwrap();
                let traces =
                    world.operator.traces_of(&world.scope.organization, &number(FORGOTTEN), |_| {}).await.unwrap();
                assert_eq!(traces.open, [id]);
                world.closes_sms(id, "done").await;
            })
            .await;
        erase(&world, &number(FORGOTTEN)).await;
        assert_eq!(naming(&world, FORGOTTEN), [""; 0]);
    });
}
