//! Tests that another organization cannot see an organization's data, on any route and under any id.

use domain::ids::{Mode, Scope};
use functions::route::Access;
use functions::{FUNCTIONS, Trigger};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::stack::hooks::Hooks;
use crate::harness::stack::local_stack::{LocalStack, dev};

/// Ids of everything that the stack's own organization has, by kind.
struct Ids(Vec<(&'static str, String)>);

impl Ids {
    /// Creates one of everything.
    async fn of(world: &LocalStack) -> Self {
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let mut ids = vec![("call", world.place("foreign", "+15555550011").await)];
        let opening = json!({
            "slug": "texts", "name": "Texts", "channel": "sms", "number": "+15555550141",
            "sms": { "kind": "custom", "prompt": "Be kind.", "opening": { "by": "template", "text": "Hello!" } }
        });
        let agent = text(&world.api.post("/v1/agents", &opening).await.data(201)["id"]);
        let asked = json!({ "agentId": agent, "toNumber": "+15555550150" });
        let conversation = world.api.post("/v1/sms-conversations", &asked).await.data(201)["conversationId"].clone();
        ids.push(("conversation", text(&conversation)));
        ids.push(("agent", agent));
        let mut hooks = Hooks::register(world).await;
        let tested = world.api.post(&format!("/v1/webhooks/{}/test", hooks.id), &json!({})).await;
        ids.push(("delivery", text(&tested.data(202)["deliveryId"])));
        hooks.next().await;
        ids.push(("webhook", hooks.id.clone()));
        ids.push(("key", text(&world.api.get("/v1/api-keys").await.data(200)[0]["id"])));
        Self(ids)
    }

    fn of_kind(&self, kind: &str) -> &str {
        &self.0.iter().find(|(other, _)| *other == kind).expect("it was made").1
    }
}

/// Returns a body that the function would accept if the id were the caller's own.
fn body(function: &str) -> Value {
    match function {
        "send-sms-message" => json!({ "content": "Hello from next door" }),
        "redeliver-webhook" => json!({ "since": "2026-01-01T00:00:00Z" }),
        "update-webhook" => json!({ "isActive": false }),
        "update-agent" => json!({ "name": "Mine now" }),
        _ => json!({}),
    }
}

/// Returns the paths of a route with every id for every parameter.
fn filled(path: &str, ids: &Ids) -> Vec<String> {
    let garbage = ["00000000-0000-4000-8000-000000000000", "%00", "..", "key_", "dlv_", "1", "💥"];
    let every = ids.0.iter().map(|(_, id)| id.as_str()).chain(garbage).collect::<Vec<_>>();
    let mut paths = vec![path.to_owned()];
    while paths.iter().any(|path| path.contains('{')) {
        let fill = |path: &String| {
            let (open, close) = (path.find('{').expect("a parameter"), path.find('}').expect("its end"));
            every.iter().map(|id| format!("{}{id}{}", &path[..open], &path[close + 1..])).collect::<Vec<_>>()
        };
        paths = paths.iter().flat_map(fill).collect();
    }
    paths
}

/// Returns the organization's own view of its data.
async fn seen(world: &LocalStack, ids: &Ids) -> Vec<Value> {
    let mut seen = Vec::new();
    let (call, conversation, webhook) = (ids.of_kind("call"), ids.of_kind("conversation"), ids.of_kind("webhook"));
    for path in [
        format!("/v1/sms-conversations/{conversation}"),
        format!("/v1/sms-conversations/{conversation}/messages"),
        format!("/v1/webhooks/{webhook}"),
        format!("/v1/webhooks/{webhook}/deliveries"),
        format!("/v1/agents/{}", ids.of_kind("agent")),
        format!("/v1/calls/{call}/events"),
        "/v1/api-keys".to_owned(),
        "/v1/audit".to_owned(),
    ] {
        seen.push(world.api.get(&path).await.data(200).clone());
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn every_id_of_another_organization_or_mode_is_not_found_on_every_route() {
    let world = LocalStack::start().await;
    let ids = Ids::of(&world).await;
    world.call_when(ids.of_kind("call"), "in_progress").await;
    let other = world.organization("other").await;
    let before = seen(&world, &ids).await;
    let mut tried = 0;
    for scope in [other, Scope { mode: Mode::Live, ..dev() }] {
        let is_other_mode = scope.mode == Mode::Live;
        let api = world.api.with_key(&world.key(&scope, |_| {}).await);
        for function in FUNCTIONS {
            let Trigger::Http(route) = function.trigger else { continue };
            let Access::Key { .. } = route.access else { continue };
            // A number belongs to no organization. Each organization lists it for itself.
            if route.path.contains("{number}") {
                continue;
            }
            // This function exists to cross from one mode to the other.
            if is_other_mode && function.name == "promote-agent" {
                continue;
            }
            if !route.path.contains('{') {
                if route.method == "GET" {
                    let listed = api.get(route.path).await.text();
                    let leaked = ids.0.iter().find(|(_, id)| listed.contains(id.as_str()));
                    assert!(leaked.is_none(), "{} shows a foreign {leaked:?}", function.name);
                }
                continue;
            }
            for path in filled(route.path, &ids) {
                let method = Method::from_bytes(route.method.as_bytes()).unwrap();
                let answer = api.send(method, &path, &body(function.name)).await;
                assert_eq!(answer.status, 404, "{} {path} as {scope}: {}", route.method, answer.text());
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "only {tried} requests were tried");
    assert_eq!(seen(&world, &ids).await, before, "nothing of it has changed");
}
