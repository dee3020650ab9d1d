//! Tests that a number works only for the organization that owns it when it is used.

use domain::audit::{Action, Actor, AuditEntry};
use domain::ids::{Channel, Mode, OrganizationId, Scope};
use domain::phone::PhoneNumber;
use serde_json::json;
use store::NumberChange;

use crate::harness::stack::local_stack::LocalStack;

fn number() -> PhoneNumber {
    PhoneNumber::parse("+15555550100").expect("a number")
}

fn audit(world: &LocalStack, organization: &OrganizationId) -> AuditEntry {
    AuditEntry {
        at: world.now(),
        actor: Actor::Operator,
        action: Action::OrganizationUpdated,
        target: organization.to_string(),
        mode: None,
        changed: vec!["numbers".to_owned()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_number_was_taken_away_neither_calls_nor_texts_from_it_by_any_front_door() {
    let world = LocalStack::start().await;
    let test = world.organization_with("acme", vec![number()]).await;
    let live = Scope { mode: Mode::Live, ..test.clone() };
    world
        .agent(&live, "caller", |agent| {
            agent.number = Some(number());
            agent.external_id = Some("front".to_owned());
        })
        .await;
    world
        .agent(&live, "texter", |agent| {
            agent.channel = Channel::Sms;
            agent.number = Some(number());
            agent.sms = Some(crate::harness::world::silent_texts());
        })
        .await;
    let caller = domain::ids::AgentId::for_slug(&live.organization, "caller");
    world.edits(&live, |organization| organization.defaults.voice_agent = Some(caller)).await;
    let api = world.api.with_key(&world.key(&live, |_| {}).await);
    let to = "+15555550123";
    let doors = [
        ("/v1/calls", json!({ "agentSlug": "caller", "toNumber": to }), 202, 400),
        ("/api/v1/calls", json!({ "agent_id": "front", "phone_number": to }), 200, 400),
        ("/v1/calls/dial-outbound-phone-call", json!({ "from_number": "+15555550100", "to_number": to }), 201, 422),
        ("/ai/phone-calls/action/call", json!({ "numberToCall": to }), 201, 422),
        ("/v1/sms-conversations", json!({ "agentSlug": "texter", "toNumber": to, "welcomeMessage": "Hi" }), 201, 400),
    ];
    for (door, body, accepted, _) in &doors {
        let answer = api.post_once(door, "before", body).await;
        assert_eq!(answer.status, *accepted, "{door}: {}", answer.text());
    }
    let id = &live.organization;
    let removed = world.table.remove_number(id, &number(), &audit(&world, id)).await.expect("the table takes it");
    assert!(matches!(removed, NumberChange::Done(_)));
    for (door, body, _, refused) in &doors {
        let answer = api.post_once(door, "after", body).await;
        assert_eq!(answer.status, *refused, "{door}: {}", answer.text());
        assert!(answer.text().contains("organization's numbers"), "{door}: {}", answer.text());
        assert!(
            api.post_once(door, "before", body).await.is_replay(),
            "{door}: what was accepted is answered as before"
        );
    }
    let bulk = json!({ "contacts": [{ "numberToCall": to }] });
    let answer = api.post_once("/ai/phone-calls/action/call-bulk", "after", &bulk).await;
    assert_eq!(answer.body["items"][0]["status"], json!("refused"), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_organizations_that_ask_for_a_number_at_once_one_gets_it() {
    let world = LocalStack::start().await;
    let (one, two) = (world.organization("one").await.organization, world.organization("two").await.organization);
    for round in 0..10 {
        let number = PhoneNumber::parse(&format!("+155555509{round:02}")).expect("a number");
        let (by_one, by_two) = (audit(&world, &one), audit(&world, &two));
        let (first, second) = tokio::join!(
            world.table.add_number(&one, &number, &by_one),
            world.table.add_number(&two, &number, &by_two),
        );
        let outcomes = [first.expect("it answers"), second.expect("it answers")];
        let done = outcomes.iter().filter(|outcome| matches!(outcome, NumberChange::Done(_))).count();
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, NumberChange::NotTheirs(Some(_)))).count();
        assert_eq!((done, refused), (1, 1), "{outcomes:?}");
        let mut bear = 0;
        for id in [&one, &two] {
            let organization = world.table.organization(id).await.expect("it answers").expect("it is there");
            bear += usize::from(organization.numbers.contains(&number));
        }
        assert_eq!(bear, 1, "no half state");
    }
    let number = PhoneNumber::parse("+15555550900").expect("a number");
    for id in [&one, &two] {
        world.table.remove_number(id, &number, &audit(&world, id)).await.expect("it answers");
    }
    for id in [&one, &two] {
        let added = world.table.add_number(id, &number, &audit(&world, id)).await.expect("it answers");
        assert_eq!(matches!(added, NumberChange::Done(_)), *id == one, "it is free again, once");
    }
}
