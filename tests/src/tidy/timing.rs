//! Tests that each timeout fits into the one around it.

use std::time::Duration;

use domain::dispatch::LEASE;
use domain::obligation::LOOK_AHEAD;
use domain::sms::TURN_LEASE;
use domain::time::Span;
use functions::{FUNCTIONS, PROVIDER_TIMEOUT, TURN_TIMEOUT, Trigger};
use local::template::{Function, Queue, QueueSource, Template, Trigger as Declared};
use providers::egress::WEBHOOK_TIMEOUT;
use providers::model::MODEL_TIMEOUT;
use providers::tools::TOOL_TIMEOUT;
use providers::{REQUEST_TIMEOUT, SECRETS_TIMEOUT};
use store::CONFLICT_PATIENCE_MS;

use super::template;

/// Factor between visibility timeout and function timeout that AWS asks for. A batch must not come back while its
/// function may still run, and the polls before it may be throttled and retried.
const VISIBILITY_PER_TIMEOUT: u32 = 6;

/// Longest time that the reads of a request may take.
const READS: Duration = Duration::from_secs(3);

fn function<'a>(template: &'a Template, handler: &str) -> &'a Function {
    template.functions.iter().find(|function| function.handler == handler).unwrap()
}

fn duration(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.as_milliseconds()).unwrap())
}

fn visibility(queue: &Queue) -> Duration {
    Duration::from_secs(u64::from(queue.visibility_timeout_s))
}

/// Returns every consumer with the source and the queue that it polls.
fn consumers(template: &Template) -> Vec<(&Function, &QueueSource, &Queue)> {
    let sources = template.functions.iter().flat_map(|function| {
        function.triggers.iter().filter_map(move |trigger| match trigger {
            Declared::Queue(source) => Some((function, source)),
            Declared::Http(_) | Declared::Schedule(_) => None,
        })
    });
    let queue = |id: &str| template.queues.iter().find(|queue| queue.id == id).unwrap();
    sources.map(|(function, source)| (function, source, queue(&source.queue))).collect()
}

#[test]
fn a_provider_is_given_up_before_the_function_the_function_before_the_lease_the_lease_before_the_message() {
    let template = template();
    let timeout = function(&template, "dispatch-call").timeout;
    let queue = template.queues.iter().find(|queue| queue.id == "DispatchQueue").unwrap();
    assert!(PROVIDER_TIMEOUT < timeout);
    assert!(timeout < duration(LEASE));
    assert!(duration(LEASE) < visibility(queue));
}

/// Checks the order of timeouts around a provider. If the adapter were slower, its caller would cut it off and learn
/// less of the outcome.
#[test]
fn an_adapter_is_done_with_its_secrets_and_its_request_before_whoever_asked_gives_up() {
    assert!(SECRETS_TIMEOUT + REQUEST_TIMEOUT < PROVIDER_TIMEOUT);
}

#[test]
fn a_turn_is_given_up_before_its_function_the_function_before_the_lease_the_lease_before_the_message() {
    let template = template();
    let timeout = function(&template, "run-sms-turn").timeout;
    let queue = template.queues.iter().find(|queue| queue.id == "TurnsQueue").unwrap();
    assert!(MODEL_TIMEOUT.max(TOOL_TIMEOUT) < TURN_TIMEOUT);
    // The result of a turn is sent after the turn.
    assert!(TURN_TIMEOUT + PROVIDER_TIMEOUT < timeout);
    assert!(timeout < duration(TURN_LEASE));
    assert!(duration(TURN_LEASE) < visibility(queue));
}

#[test]
fn a_provider_is_given_up_before_whatever_sends_a_text_and_that_before_the_lease() {
    let template = template();
    for handler in ["create-sms-conversation", "send-sms-message", "run-sms-turn"] {
        assert!(PROVIDER_TIMEOUT < function(&template, handler).timeout, "{handler}");
    }
    for handler in ["create-sms-conversation", "send-sms-message"] {
        assert!(function(&template, handler).timeout < duration(LEASE), "{handler}");
    }
    // A message of a turn is claimed at the end of the turn. The remaining time of the function is less than the lease.
    assert!(function(&template, "run-sms-turn").timeout - TURN_TIMEOUT < duration(LEASE));
}

#[test]
fn an_endpoint_is_given_up_before_the_function() {
    assert!(WEBHOOK_TIMEOUT < function(&template(), "deliver-webhook").timeout);
}

#[test]
fn a_message_stays_hidden_while_its_consumer_may_run_and_ends_up_somewhere() {
    let template = template();
    let consumers = consumers(&template);
    let queues = FUNCTIONS.iter().filter(|function| matches!(function.trigger, Trigger::Queue { .. })).count();
    assert_eq!(consumers.len(), queues);
    for (function, source, queue) in consumers {
        assert!(visibility(queue) >= function.timeout * VISIBILITY_PER_TIMEOUT, "{}", queue.id);
        assert!(queue.redrive.as_ref().is_some_and(|redrive| redrive.max_receive_count >= 3), "{}", queue.id);
        assert!(source.reports_item_failures, "{}", function.handler);
    }
}

/// Returns the functions that a client waits for.
fn answering(template: &Template) -> impl Iterator<Item = &Function> {
    let is_asked = |function: &&Function| function.triggers.iter().any(|it| matches!(it, Declared::Http(_)));
    template.functions.iter().filter(is_asked)
}

#[test]
fn a_request_is_answered_before_api_gateway_gives_up() {
    const GATEWAY_TIMEOUT: Duration = Duration::from_secs(29);
    for function in answering(&template()) {
        assert!(function.timeout < GATEWAY_TIMEOUT, "{}", function.handler);
    }
}

#[test]
fn a_client_hears_of_a_conflict_before_the_function_is_stopped() {
    // Another writer may change the call again and again. Then the last write may meet a transaction for as long.
    let longest = Duration::from_millis(2 * CONFLICT_PATIENCE_MS) + READS;
    for function in answering(&template()) {
        assert!(longest < function.timeout, "{}", function.handler);
    }
}

#[test]
fn the_reconciler_looks_further_ahead_than_its_next_run_and_hardly_overlaps_it() {
    let template = template();
    let reconcile = function(&template, "reconcile");
    let [Declared::Schedule(schedule)] = reconcile.triggers.as_slice() else { panic!("reconcile runs by the clock") };
    assert!(duration(LOOK_AHEAD) > schedule.every);
    assert!(reconcile.timeout < schedule.every);
}
