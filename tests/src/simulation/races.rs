//! Tests of many requests for the same thing at once, while a third of the writes conflict with another.

use std::time::Duration;

use domain::call::{Analysis, Call, Input, Report, Status};
use domain::planted::{Bug, plant};
use futures::future::join_all;
use serde_json::{Map, json};
use store::ConversationRef;

use super::SEED;
use super::scenarios::{PLAIN, STAYS, VOICE};
use crate::harness::aws::faults::Plan;
use crate::harness::world::auditor::{Measure, Weather, audit};
use crate::harness::world::{Ask, Expected, Reaction, World, simulate};

/// Number of requests at once under one key.
const CROWD: usize = 200;

/// Runs `act` in a world whose writes conflict, and returns the findings.
fn race(seed: u64, act: impl AsyncFnOnce(&World)) -> Vec<String> {
    simulate(async {
        let world = World::new(seed).await;
        world.runs(async { drop(world.creates_webhook("hooks.example.com", &VOICE).await) }).await;
        world.aws.gate.arm(Plan::conflicts());
        world.runs(act(&world)).await;
        audit(&world, Measure::of(Weather::Calm))
    })
}

#[test]
fn two_hundred_requests_under_one_key_are_one_conversation_and_one_call() {
    let findings = race(SEED, async |world| {
        let ids = join_all((0..CROWD).map(|_| world.creates_call(PLAIN, "the-call"))).await;
        let id = ids[0].unwrap();
        assert!(ids.iter().all(|other| *other == Some(id)));
        world.expects(Expected::Ends(id, &["completed"]));
        world.sees(id, |call| call.status == Status::Ended).await;
        assert_eq!(world.history.record().calls.len(), 1);
        assert_eq!(world.history.record().dials.len(), 1);
    });
    assert_eq!(findings, [""; 0]);
}

#[test]
fn two_hundred_different_requests_under_one_key_are_one_conversation_and_the_others_are_refused() {
    let findings = race(SEED, async |world| {
        let asks: Vec<Ask> =
            (0..CROWD).map(|number| Ask::call(PLAIN, "the-call", &json!({"metadata": {"number": number}}))).collect();
        let replies = join_all(asks.iter().map(|ask| world.insists(ask))).await;
        let accepted = replies.iter().flatten().filter(|reply| reply.status == 202).count();
        let refused = replies.iter().flatten().filter(|reply| reply.status == 422).count();
        assert_eq!((accepted, refused), (1, CROWD - 1));
    });
    assert_eq!(findings, [""; 0]);
}

#[test]
fn a_call_closed_at_any_moment_of_its_dispatch_is_hung_up_or_never_dialled() {
    for delay_ms in (0..3_000).step_by(40) {
        let findings = race(SEED + delay_ms, async |world| {
            let id = world.creates_call(STAYS, "the-call").await.unwrap();
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            let dialled = world.history.call(id).is_some_and(|call| call.attempt > 0);
            world.closes(id, "changed_my_mind").await;
            world.expects(Expected::Ends(id, &["changed_my_mind"]));
            let attempts = world.history.call(id).unwrap().attempt;
            if !dialled && attempts == 0 {
                world.expects(Expected::NeverDialled(id));
            }
        });
        assert_eq!(findings, [""; 0], "closed after {delay_ms} ms");
    }
}

#[test]
fn an_endpoint_deleted_at_any_moment_of_a_retry_gets_its_events_cancelled_or_delivered() {
    for delay_ms in (0..12_000).step_by(250) {
        let findings = race(SEED + delay_ms, async |world| {
            world.receiver.behaves("fickle.example.com", &[Reaction::Answers(503), Reaction::Answers(200)]);
            let endpoint = world.creates_webhook("fickle.example.com", &VOICE).await.unwrap();
            let id = world.creates_call(PLAIN, "the-call").await.unwrap();
            world.expects(Expected::Ends(id, &["completed"]));
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            world.deletes_webhook(&endpoint).await;
        });
        assert_eq!(findings, [""; 0], "deleted after {delay_ms} ms");
    }
}

#[test]
fn messages_of_one_call_consumed_at_the_same_time_are_one_call() {
    for seed in 0..30 {
        let findings = race(seed, async |world| {
            use crate::harness::aws::queue::Liberties;

            world.habits.borrow_mut().batch_size = 1;
            for queue in store::QueueName::ALL {
                world.aws.queues.set_liberties(queue.as_str(), Liberties { duplicate: 1_000, ..Liberties::default() });
            }
            let id = world.creates_call(PLAIN, "the-call").await.unwrap();
            world.expects(Expected::Ends(id, &["completed"]));
        });
        assert_eq!(findings, [""; 0], "seed {seed}");
    }
}

#[test]
fn a_metered_organization_gets_twenty_calls_within_a_second_and_the_others_leave_nothing_behind() {
    let findings = race(SEED, async |world| {
        world.enable_metering(1_000_000).await;
        let keys: Vec<String> = (0..50).map(|number| format!("call-{number}")).collect();
        let asks: Vec<Ask> = keys.iter().map(|key| Ask::call(PLAIN, key, &json!({}))).collect();
        let replies = join_all(asks.iter().map(|ask| world.asks(ask))).await;
        let count = |status: u16| replies.iter().flatten().filter(|reply| reply.status == status).count();
        assert_eq!(count(202) + count(429), 50, "{replies:?}");
        let mut seconds = std::collections::BTreeMap::<i64, u32>::new();
        for versions in world.history.record().calls.values() {
            *seconds.entry(versions[0].1.created_at.as_milliseconds() / 1_000).or_default() += 1;
        }
        assert!(count(429) > 0 && seconds.values().all(|accepted| *accepted <= 20), "{seconds:?}");
        assert_eq!(world.history.record().calls.len(), count(202), "what was refused left nothing behind");
        world.after_seconds(2).await;
        let again =
            world.asks(asks.iter().zip(&replies).find(|(_, reply)| reply.as_ref().unwrap().status == 429).unwrap().0);
        assert_eq!(again.await.unwrap().status, 202, "a refusal binds no key");
    });
    assert_eq!(findings, [""; 0]);
}

#[test]
fn a_wallet_for_three_calls_pays_for_three_of_many_at_once() {
    let findings = race(SEED, async |world| {
        world.enable_metering(3 * 450 + 449).await;
        let keys: Vec<String> = (0..15).map(|number| format!("call-{number}")).collect();
        let asks: Vec<Ask> = keys.iter().map(|key| Ask::call(PLAIN, key, &json!({}))).collect();
        let replies = join_all(asks.iter().map(|ask| world.asks(ask))).await;
        let refused: Vec<_> = replies.iter().flatten().filter(|reply| reply.status == 402).collect();
        assert_eq!(refused.len(), 12, "{replies:?}");
        assert_eq!(refused[0].body["error"]["balance"], 449);
        assert_eq!(refused[0].body["error"]["required_rate"], 450);
        assert_eq!(world.history.record().calls.len(), 3);
    });
    assert_eq!(findings, [""; 0]);
}

/// Checks that an analysis with an opt-out keeps an existing suppression entry. Its writer has not read the do-not-call
/// list.
#[test]
fn an_opt_out_in_an_analysis_leaves_an_entry_as_it_is() {
    for (is_listed, source) in [(true, "manual"), (false, "analysis")] {
        let mut listed = Vec::new();
        let findings = race(SEED, async |world| {
            let id = world.creates_call(STAYS, "the-call").await.unwrap();
            world.expects(Expected::Ends(id, &["said_goodbye"]));
            world.sees(id, |call| call.status == Status::InProgress).await;
            if is_listed {
                world.suppresses(STAYS).await;
            }
            let reference = ConversationRef::new(id, world.scope.clone());
            let summary = String::new();
            let analysis =
                Analysis { summary, successful: None, sentiment: None, opt_out: Some(true), custom: Map::new() };
            let reports = vec![Report::Analysis { analysis }];
            let call_id = world.history.call(id).unwrap().provider_call_id.unwrap();
            let heard = |_: &_| Input::Heard { attempt: 1, call_id: call_id.clone(), reports: reports.clone() };
            world.app.store.apply::<Call>(&reference, None, heard).await.unwrap();
            world.closes(id, "said_goodbye").await;
            listed = world.operator.suppressions(&world.scope, None, 10).await.unwrap().0;
        });
        assert_eq!(findings, [""; 0]);
        let sources: Vec<&str> = listed.iter().map(|(_, entry)| entry.source.as_str()).collect();
        assert_eq!(sources, [source]);
    }
}

/// Suppresses the number this many milliseconds after a call was accepted. Returns the findings.
fn opted_out_after(delay_ms: u64) -> Vec<String> {
    race(SEED, async |world| {
        let id = world.creates_call(PLAIN, "the-call").await.unwrap();
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        world.suppresses(PLAIN).await;
        world.expects(Expected::EndsOr(id, &["do_not_call"], "completed"));
    })
}

/// Delays in milliseconds that cover every moment until the provider has been asked.
const UNTIL_ASKED: std::ops::Range<u64> = 0..400;

#[test]
fn an_opt_out_at_any_moment_of_a_dispatch_is_heeded_or_comes_behind_the_claim() {
    for delay_ms in UNTIL_ASKED.step_by(2) {
        assert_eq!(opted_out_after(delay_ms), [""; 0], "opted out after {delay_ms} ms");
    }
}

#[test]
fn a_claim_that_does_not_look_at_the_list_once_more_is_found() {
    plant(Some(Bug::ClaimSuppressed));
    let found = UNTIL_ASKED.step_by(2).map(opted_out_after).find(|findings| !findings.is_empty());
    plant(None);
    let found = found.expect("a planted bug was not found");
    assert!(found[0].starts_with("promise 5"), "{found:?}");
}
