//! Tests of the limits of an organization and of a key.

use domain::key::RawKey;
use domain::planted::{Bug, plant};
use domain::quota::Limits;
use futures::future::join_all;
use serde_json::json;

use super::SEED;
use super::scenarios::PLAIN;
use crate::harness::aws::faults::Plan;
use crate::harness::world::auditor::{Measure, Weather, audit};
use crate::harness::world::{Ask, Expected, TABLE, World, simulate};

/// Number of calls that are asked for at once.
const CROWD: usize = 12;

fn is_calm(world: &World) {
    assert_eq!(audit(world, Measure::of(Weather::Calm)), [""; 0]);
}

#[test]
fn twelve_calls_with_two_places_are_all_dialled_never_more_than_two_at_once() {
    for seed in SEED..SEED + 3 {
        simulate(async {
            let world = World::new(seed).await;
            world.set_concurrent_calls(2).await;
            world.aws.gate.arm(Plan::conflicts());
            world
                .runs(async {
                    let keys: Vec<String> = (0..CROWD).map(|number| format!("call-{number}")).collect();
                    for id in join_all(keys.iter().map(|key| world.creates_call(PLAIN, key))).await {
                        world.expects(Expected::Ends(id.unwrap(), &["completed"]));
                    }
                })
                .await;
            is_calm(&world);
            let places = world.history.record().places.clone();
            assert_eq!((places.iter().max(), places.len()), (Some(&2), 2 * CROWD), "taken and given back: {places:?}");
        });
    }
}

#[test]
fn a_place_that_nobody_gave_back_lapses() {
    simulate(async {
        let world = World::new(SEED).await;
        world.set_concurrent_calls(1).await;
        // The slot of a call that was removed by hand. It expires in the hour after the next.
        let hour = world.now().as_seconds().div_euclid(3_600) + 2;
        let number = |number: i64| aws_sdk_dynamodb::types::AttributeValue::N(number.to_string());
        let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
        let put = world.aws.past_the_gate(SEED).put_item().table_name(TABLE);
        let put = put.item("pk", text(format!("places#{}", world.scope))).item("sk", text("places".to_owned()));
        put.item("total", number(1)).item(format!("h{hour}"), number(1)).send().await.unwrap();
        world
            .runs(async {
                let later = world.now() + domain::time::Span::hours(5);
                let ask = json!({ "notAfter": later.to_string() });
                let id = world.creates_call_with(PLAIN, "the-call", ask).await.unwrap();
                world.expects(Expected::Ends(id, &["completed"]));
                world.sees(id, |call| call.started_at.is_some()).await;
                let started = world.history.call(id).unwrap().started_at.unwrap();
                assert_eq!(started.as_seconds().div_euclid(3_600), hour, "as soon as it had lapsed");
            })
            .await;
        is_calm(&world);
    });
}

#[test]
fn a_key_makes_so_many_requests_a_minute_and_the_next_minute_again() {
    simulate(async {
        let world = World::new(SEED).await;
        world.set_key_limits(Limits { requests_per_minute: Some(3), calls_per_day: None }).await;
        // At the tenth second of a minute.
        let into_minute = world.now().as_seconds().rem_euclid(60);
        world.after_seconds(u64::try_from(70 - into_minute).unwrap()).await;
        let list = Ask::list("list-calls", "/v1/calls");
        for left in (0..3).rev() {
            let reply = world.asks(&list).await.unwrap();
            assert_eq!(reply.status, 200);
            assert_eq!(reply.headers["ratelimit-policy"], "\"requests\";q=3;w=60");
            assert_eq!(reply.headers["ratelimit"], format!("\"requests\";r={left};t=50"));
        }
        let refused = world.asks(&list).await.unwrap();
        assert_eq!((refused.status, &refused.body["error"]["code"]), (429, &json!("rate_limited")));
        assert_eq!(
            (refused.headers["retry-after"].as_str(), refused.headers["ratelimit"].as_str()),
            ("50", "\"requests\";r=0;t=50")
        );
        world.after_seconds(50).await;
        assert_eq!(world.asks(&list).await.unwrap().status, 200);
    });
}

#[test]
fn a_key_places_so_many_calls_a_day_and_a_replay_is_none_of_them() {
    simulate(async {
        let world = World::new(SEED).await;
        world.set_key_limits(Limits { requests_per_minute: None, calls_per_day: Some(2) }).await;
        world
            .runs(async {
                let call = |key: &str| Ask::call(PLAIN, key, &json!({}));
                let first = world.asks(&call("the-first")).await.unwrap();
                assert_eq!((first.status, first.headers["ratelimit-policy"].as_str()), (202, "\"calls\";q=2;w=86400"));
                assert!(first.headers["ratelimit"].starts_with("\"calls\";r=1;t="), "{:?}", first.headers);
                let unknown = Ask::call(PLAIN, "another", &json!({"agentSlug": "nobody"}));
                assert_eq!(world.asks(&unknown).await.unwrap().status, 404, "what is refused is not counted");
                assert_eq!(world.asks(&call("the-second")).await.unwrap().status, 202);
                let third = world.asks(&call("the-third")).await.unwrap();
                assert_eq!((third.status, &third.body["error"]["code"]), (429, &json!("rate_limited")));
                let replay = world.asks(&call("the-first")).await.unwrap();
                assert!(replay.status == 202 && replay.replayed, "whatever is used up");
                let seconds = third.headers["retry-after"].parse().unwrap();
                world.after_seconds(seconds).await;
                assert_eq!(world.asks(&call("the-third")).await.unwrap().status, 202);
            })
            .await;
    });
}

/// Creates another key with the key of all requests. `more` is added to the body, which has the name only.
async fn makes_key(world: &World, more: serde_json::Value) -> RawKey {
    let mut body = json!({"name": "a child"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let ask = Ask { body: Some(body), ..Ask::about("create-api-key", "POST", "/v1/api-keys".to_owned()) };
    let reply = world.asks(&ask).await.unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    RawKey::parse(reply.body["data"]["key"].as_str().unwrap()).unwrap()
}

/// Uses a key with limits, and keys that were made with it, up to and beyond the limits. Returns the limits that were
/// exceeded.
fn family_within_limits() -> Vec<String> {
    const LIMIT: usize = 5;
    const LESS: usize = 3;
    simulate(async {
        let mut world = World::new(SEED).await;
        world.set_key_limits(Limits { requests_per_minute: None, calls_per_day: u32::try_from(LIMIT).ok() }).await;
        let parent = world.key.clone();
        let child = makes_key(&world, json!({})).await;
        world.comes_with(child.clone());
        let grandchild = makes_key(&world, json!({"callsPerDay": LESS})).await;
        world.comes_with(grandchild.clone());
        let its_child = makes_key(&world, json!({})).await;
        let (mut findings, mut all) = (Vec::new(), 0);
        for (name, key, most) in [
            ("great-grandchild", its_child, 2),
            ("grandchild", grandchild, LESS),
            ("child", child, LIMIT),
            ("parent", parent, LIMIT),
        ] {
            world.comes_with(key);
            for nth in 0..if most == 2 { 2 } else { LIMIT } {
                let reply = world.asks(&Ask::call(PLAIN, &format!("{name}-{nth}"), &json!({}))).await.unwrap();
                assert!([202, 429].contains(&reply.status), "{}", reply.body);
                all += usize::from(reply.status == 202);
            }
            if all > most {
                findings.push(format!("{all} calls once the {name} was used, which allows {most}"));
            }
            if name == "grandchild" && all < LESS {
                findings.push(format!("only {all} calls of {LESS}"));
            }
        }
        if all < LIMIT {
            findings.push(format!("only {all} calls of {LIMIT}"));
        }
        findings
    })
}

#[test]
fn what_a_key_is_used_for_counts_against_the_keys_that_it_was_made_with() {
    assert_eq!(family_within_limits(), [""; 0]);
}

#[test]
fn a_key_that_counts_alone_is_found() {
    plant(Some(Bug::ChildrenCountAlone));
    let findings = family_within_limits();
    plant(None);
    assert!(!findings.is_empty(), "a planted bug was not found");
    println!("{findings:?}");
}

#[test]
fn requests_count_against_the_keys_above_too_and_their_headers_say_what_is_left_of_all() {
    simulate(async {
        let mut world = World::new(SEED).await;
        world.set_key_limits(Limits { requests_per_minute: Some(4), calls_per_day: None }).await;
        let into_minute = world.now().as_seconds().rem_euclid(60);
        world.after_seconds(u64::try_from(70 - into_minute).unwrap()).await;
        let parent = world.key.clone();
        let child = makes_key(&world, json!({"requestsPerMinute": 3})).await;
        let list = Ask::list("list-calls", "/v1/calls");
        let seen = async |world: &World| {
            let reply = world.asks(&list).await.unwrap();
            (reply.status, reply.headers["ratelimit-policy"].clone(), reply.headers["ratelimit"].clone())
        };
        let of = |status: u16, q: u32, r: u32| {
            (status, format!("\"requests\";q={q};w=60"), format!("\"requests\";r={r};t=50"))
        };
        assert_eq!(seen(&world).await, of(200, 4, 2), "the making of the key was a request");
        world.comes_with(child);
        assert_eq!(seen(&world).await, of(200, 4, 1));
        assert_eq!(seen(&world).await, of(200, 4, 0));
        assert_eq!(seen(&world).await, of(429, 4, 0), "one was left of its own");
        world.comes_with(parent);
        assert_eq!(seen(&world).await, of(429, 4, 0));
    });
}

/// Checks the bound on exceeding a limit. A request is counted after it was let in, so requests in flight do not see
/// it. A limit may be exceeded by their number and no more, however long they go on.
#[test]
fn a_limit_is_exceeded_by_no_more_than_what_is_in_flight_at_once() {
    const LIMIT: usize = 10;
    const EACH: usize = 6;
    let limit = u32::try_from(LIMIT).ok();
    let both = [
        Limits { requests_per_minute: limit, calls_per_day: None },
        Limits { requests_per_minute: None, calls_per_day: limit },
    ];
    for limits in both {
        let let_in = simulate(async {
            let world = World::new(SEED).await;
            world.set_key_limits(limits).await;
            let one = async |client: usize| {
                let mut let_in = 0;
                for nth in 0..EACH {
                    let reply = world.asks(&Ask::call(PLAIN, &format!("{client}-{nth}"), &json!({}))).await.unwrap();
                    assert!([202, 429].contains(&reply.status), "{}", reply.body);
                    let_in += usize::from(reply.status == 202);
                }
                let_in
            };
            join_all((0..CROWD).map(one)).await.into_iter().sum::<usize>()
        });
        println!("{limits:?}: {let_in} let in");
        assert!((LIMIT..LIMIT + CROWD).contains(&let_in), "{let_in} of {}", CROWD * EACH);
    }
}

#[test]
fn nothing_of_an_organization_is_dialled_or_accepted_once_it_is_suspended() {
    simulate(async {
        let world = World::new(SEED).await;
        world
            .runs(async {
                let later = world.now() + domain::time::Span::minutes(2);
                let ask = json!({ "notBefore": later.to_string() });
                let id = world.creates_call_with(PLAIN, "the-call", ask).await.unwrap();
                world.expects(Expected::Ends(id, &["organization_suspended"]));
                world.expects(Expected::NeverDialled(id));
                world.after_seconds(30).await;
                world.suspend_organization().await;
                let refused = world.asks(&Ask::call(PLAIN, "another", &json!({}))).await.unwrap();
                assert_eq!((refused.status, &refused.body["error"]["code"]), (403, &json!("permission_denied")));
            })
            .await;
        assert_eq!(world.history.record().dials.len(), 0);
        assert_eq!(world.history.record().calls.len(), 1, "what was refused left nothing behind");
    });
}
