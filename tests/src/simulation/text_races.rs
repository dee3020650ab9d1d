//! Tests of many requests at once for the same SMS conversation or the same two numbers, while a third of the writes
//! conflict with another.

use std::time::Duration;

use domain::end_reason::EndReason;
use domain::planted::{Bug, plant};
use domain::sms::Status;
use futures::future::join_all;

use super::SEED;
use super::texts::{SILENT, TEXTS};
use crate::harness::aws::faults::Plan;
use crate::harness::world::auditor::{Measure, Weather, audit};
use crate::harness::world::{Ask, World, simulate};

/// Number of requests at once for a pair of numbers.
const CROWD: usize = 50;

/// Runs `act` in a world whose writes conflict, and returns the findings.
fn race(seed: u64, act: impl AsyncFnOnce(&World)) -> Vec<String> {
    simulate(async {
        let world = World::new(seed).await;
        world.runs(async { drop(world.creates_webhook("hooks.example.com", &TEXTS).await) }).await;
        world.aws.gate.arm(Plan::conflicts());
        world.runs(act(&world)).await;
        audit(&world, Measure::of(Weather::Calm))
    })
}

#[test]
fn fifty_requests_for_a_pair_are_all_answered_201_and_leave_one_open() {
    let findings = race(SEED, async |world| {
        let keys: Vec<String> = (0..CROWD).map(|number| format!("key-{number}")).collect();
        let asks: Vec<Ask> = keys.iter().map(|key| Ask::texts(SILENT, key)).collect();
        let replies = join_all(asks.iter().map(|ask| world.insists(ask))).await;
        let statuses: Vec<u16> = replies.iter().flatten().map(|reply| reply.status).collect();
        assert_eq!(statuses, [201; CROWD]);
        let record = world.history.record();
        let now = || record.texts.values().filter_map(|versions| versions.last()).map(|(_, now)| now);
        assert_eq!(now().filter(|conversation| conversation.status != Status::Ended).count(), 1);
        let superseded = now().filter(|now| now.end_reason == Some(EndReason::SUPERSEDED)).count();
        assert_eq!(superseded, CROWD - 1);
    });
    assert_eq!(findings, [""; 0]);
}

#[test]
fn the_same_request_fifty_times_is_one_conversation_and_one_text() {
    let findings = race(SEED, async |world| {
        let ids = join_all((0..CROWD).map(|_| world.opens_sms(SILENT, "the-texts"))).await;
        assert!(ids.iter().all(|id| *id == ids[0] && id.is_some()));
        assert_eq!(world.history.record().carried.len(), 1);
    });
    assert_eq!(findings, [""; 0]);
}

/// Opens a conversation, sends a customer's message, and runs `act` this many milliseconds later. Returns the findings.
fn while_a_turn_is_taken(delay_ms: u64, act: impl AsyncFnOnce(&World, domain::ids::ConversationId)) -> Vec<String> {
    race(SEED + delay_ms, async |world| {
        let id = world.opens_sms(SILENT, "the-texts").await.unwrap();
        world.customer_texts(SILENT, "What are your opening hours?").await;
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        act(world, id).await;
    })
}

#[test]
fn stop_at_any_moment_of_a_turn_is_the_last_word() {
    for delay_ms in (0..4_000).step_by(80) {
        let findings = while_a_turn_is_taken(delay_ms, async |world, id| {
            world.expects_texts(id, &["opted_out"]);
            world.customer_texts(SILENT, "STOP").await;
        });
        assert_eq!(findings, [""; 0], "stopped after {delay_ms} ms");
    }
}

#[test]
fn a_conversation_closed_at_any_moment_of_a_turn_stays_closed() {
    for delay_ms in (0..4_000).step_by(80) {
        let findings = while_a_turn_is_taken(delay_ms, async |world, id| {
            world.expects_texts(id, &["resolved"]);
            world.closes_sms(id, "resolved").await;
        });
        assert_eq!(findings, [""; 0], "closed after {delay_ms} ms");
    }
}

#[test]
fn a_conversation_superseded_at_any_moment_of_a_turn_leaves_the_next_text_to_the_newer_one() {
    for delay_ms in (0..4_000).step_by(160) {
        let findings = while_a_turn_is_taken(delay_ms, async |world, id| {
            world.expects_texts(id, &["superseded_by_new_conversation"]);
            let second = world.opens_sms(SILENT, "the-second").await.unwrap();
            world.customer_texts(SILENT, "Which one is it?").await;
            world.sees_texts(second, |conversation| conversation.received > 0).await;
            world.expects_texts(second, &["inactivity_timeout"]);
        });
        assert_eq!(findings, [""; 0], "superseded after {delay_ms} ms");
    }
}

#[test]
fn a_person_who_writes_at_any_moment_of_a_turn_is_not_talked_over() {
    for delay_ms in (0..4_000).step_by(160) {
        let findings = while_a_turn_is_taken(delay_ms, async |world, id| {
            world.expects_texts(id, &["inactivity_timeout"]);
            world.writes(id, "It is me, Grace.", "the-person").await;
        });
        assert_eq!(findings, [""; 0], "taken over after {delay_ms} ms");
    }
}

/// Suppresses the customer's number by another channel, which changes nothing in the conversation itself. Returns the
/// findings.
fn opted_out_elsewhere(delay_ms: u64) -> Vec<String> {
    while_a_turn_is_taken(delay_ms, async |world, id| {
        world.expects_texts(id, &["do_not_call", "inactivity_timeout"]);
        world.suppresses(SILENT).await;
    })
}

#[test]
fn an_opt_out_elsewhere_at_any_moment_of_a_turn_is_heeded_or_comes_behind_the_claim() {
    for delay_ms in (0..4_000).step_by(40) {
        let findings: Vec<String> = opted_out_elsewhere(delay_ms);
        let broken: Vec<&String> = findings.iter().filter(|finding| finding.starts_with("promise 5")).collect();
        assert!(broken.is_empty(), "opted out after {delay_ms} ms: {broken:?}");
    }
}

#[test]
fn an_answer_whose_claim_does_not_look_at_the_list_once_more_is_found() {
    plant(Some(Bug::ClaimSuppressed));
    let broken = |findings: &Vec<String>| findings.iter().any(|finding| finding.starts_with("promise 5"));
    let found = (0..4_000).step_by(4).map(opted_out_elsewhere).find(broken);
    plant(None);
    assert!(found.is_some(), "a planted bug was not found");
}
