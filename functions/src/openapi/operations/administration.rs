//! The operations of an organization's administration: endpoints, keys, agents, the audit log.

use domain::audit::AuditEntry;
use domain::delivery::State;
use domain::time::Span;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::{Required, ResponseBuilder};

use super::{WithRefusals, body, conflict, invalid, invalid_page, invalid_query, operation, with_body};
use crate::api::agents::view::AgentView;
use crate::api::keys::view::ApiKeyView;
use crate::api::webhooks::delivery_view::DeliveryView;
use crate::api::webhooks::redeliver_webhook::FailedRedelivered;
use crate::api::webhooks::test_webhook::TestSent;
use crate::api::webhooks::view::WebhookView;
use crate::error::ApiError;
use crate::openapi::requests::administration as requests;
use crate::openapi::{answers, parameters, schemas};

const WEBHOOKS: &str = "can_manage_webhooks";
const KEYS: &str = "can_manage_keys";
const AGENTS: &str = "can_manage_agents";

/// What there is to say of a function; `None` where it is not described here.
pub(super) fn describe(name: &str) -> Option<OperationBuilder> {
    match name {
        "get-webhook" => Some(get_webhook()),
        "update-webhook" => Some(update_webhook()),
        "rotate-webhook-secret" => Some(rotate_webhook_secret()),
        "test-webhook" => Some(test_webhook()),
        "list-webhook-deliveries" => Some(list_webhook_deliveries()),
        "redeliver-webhook-delivery" => Some(redeliver_webhook_delivery()),
        "redeliver-webhook" => Some(redeliver_webhook()),
        "create-api-key" => Some(create_api_key()),
        "list-api-keys" => Some(list_api_keys()),
        "revoke-api-key" => Some(revoke_api_key()),
        "create-agent" => Some(create_agent()),
        "list-agents" => Some(list_agents()),
        "get-agent" => Some(get_agent()),
        "update-agent" => Some(update_agent()),
        "delete-agent" => Some(delete_agent()),
        "promote-agent" => Some(promote_agent()),
        "rotate-tool-secret" => Some(rotate_tool_secret()),
        "list-audit-entries" => Some(list_audit_entries()),
        _ => None,
    }
}

fn suspended() -> ApiError {
    ApiError::PermissionDenied("the organization is suspended".to_owned())
}

fn no_webhook() -> ApiError {
    ApiError::NotFound("webhook")
}

fn disabled() -> ApiError {
    ApiError::Conflict("the endpoint is disabled; enable it first".to_owned())
}

fn get_webhook() -> OperationBuilder {
    let found = answers::json("get-webhook", "The endpoint.", schemas::envelope(schemas::of::<WebhookView>()));
    operation("webhooks", "Get an endpoint", "One endpoint, without its secret.")
        .parameter(parameters::webhook_id())
        .response("200", found)
        .with_refusals(WEBHOOKS, vec![invalid_query(), no_webhook()])
}

fn update_webhook() -> OperationBuilder {
    let changed = answers::json("update-webhook", "It is changed.", schemas::envelope(schemas::of::<WebhookView>()));
    let own = vec![invalid(&[("url", "must begin with https://")]), suspended(), no_webhook(), conflict()];
    operation("webhooks", "Change an endpoint", UPDATE_WEBHOOK)
        .parameter(parameters::webhook_id())
        .request_body(Some(body("update-webhook", schemas::of::<requests::UpdateWebhook>(), Required::True)))
        .response("200", changed)
        .with_refusals(WEBHOOKS, with_body(own))
}

fn rotate_webhook_secret() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<WebhookView>());
    let mut rotated = answers::json("rotate-webhook-secret", "The new secret, shown here only.", schema);
    rotated.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
    let too_many = "5 secrets of the endpoint sign at the moment; each does for a day";
    let own = vec![invalid_query(), suspended(), no_webhook(), ApiError::Conflict(too_many.to_owned()), conflict()];
    operation("webhooks", "Rotate an endpoint's secret", ROTATE)
        .parameter(parameters::webhook_id())
        .parameter(parameters::idempotency_key(Required::False))
        .response("200", rotated)
        .with_refusals(WEBHOOKS, with_body(own))
}

fn test_webhook() -> OperationBuilder {
    let mut sent = answers::json("test-webhook", "It is on its way.", schemas::envelope(schemas::of::<TestSent>()));
    sent.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
    let too_many = "an endpoint is sent 10 test events a minute at the most".to_owned();
    let limited = ApiError::RateLimited { wait: Span::seconds(30), message: too_many };
    let own = vec![invalid_query(), suspended(), no_webhook(), disabled(), ApiError::KeyReused, limited];
    operation("webhooks", "Test an endpoint", TEST)
        .parameter(parameters::webhook_id())
        .parameter(parameters::idempotency_key(Required::False))
        .response("202", sent)
        .with_refusals(WEBHOOKS, with_body(own))
}

fn list_webhook_deliveries() -> OperationBuilder {
    let page = schemas::page(schemas::of::<DeliveryView>());
    operation("webhooks", "List an endpoint's deliveries", LIST_DELIVERIES)
        .parameter(parameters::webhook_id())
        .parameter(parameters::query("status", schemas::of::<State>(), "Only deliveries that stand there."))
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-webhook-deliveries", "A page of deliveries, newest first.", page))
        .with_refusals(WEBHOOKS, vec![invalid_page(), no_webhook()])
}

fn redeliver_webhook_delivery() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<DeliveryView>());
    let own = vec![invalid_query(), suspended(), no_webhook(), ApiError::NotFound("delivery"), disabled(), conflict()];
    operation("webhooks", "Send an event once more", REDELIVER_ONE)
        .parameter(parameters::webhook_id())
        .parameter(parameters::delivery_id())
        .response("202", answers::json("redeliver-webhook-delivery", "It is on its way again.", schema))
        .with_refusals(WEBHOOKS, with_body(own))
}

fn redeliver_webhook() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<FailedRedelivered>());
    let missing = invalid(&[("since", "is required: a moment, such as 2026-04-10T14:00:00.000Z")]);
    operation("webhooks", "Send everything once more that failed", REDELIVER_ALL)
        .parameter(parameters::webhook_id())
        .request_body(Some(body("redeliver-webhook", schemas::of::<requests::RedeliverWebhook>(), Required::True)))
        .response("202", answers::json("redeliver-webhook", "It is on its way again.", schema))
        .with_refusals(WEBHOOKS, with_body(vec![missing, suspended(), no_webhook(), disabled(), conflict()]))
}

fn create_api_key() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<ApiKeyView>());
    let mut made = answers::json("create-api-key", "`key` is the raw key, shown here only.", schema);
    made.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
    let own = vec![
        invalid(&[("permissions[1]", "is not one that your own key has"), ("expiresAt", "must be in the future")]),
        suspended(),
        conflict(),
        ApiError::KeyReused,
    ];
    operation("administration", "Make an API key", CREATE_KEY)
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("create-api-key", schemas::of::<requests::CreateApiKey>(), Required::True)))
        .response("201", made)
        .with_refusals(KEYS, with_body(own))
}

fn list_api_keys() -> OperationBuilder {
    let page = schemas::page(schemas::of::<ApiKeyView>());
    operation("administration", "List API keys", LIST_KEYS)
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-api-keys", "A page of keys.", page))
        .with_refusals(KEYS, vec![invalid_page()])
}

fn revoke_api_key() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<ApiKeyView>());
    operation("administration", "Revoke an API key", REVOKE_KEY)
        .parameter(parameters::api_key_id())
        .request_body(Some(body("revoke-api-key", schemas::of::<requests::RevokeApiKey>(), Required::False)))
        .response("200", answers::json("revoke-api-key", "It opens nothing any more.", schema))
        .with_refusals(KEYS, with_body(vec![invalid_query(), ApiError::NotFound("API key"), conflict()]))
}

fn create_agent() -> OperationBuilder {
    let made_schema = schemas::envelope(schemas::of::<AgentView>());
    let mut made = answers::json("create-agent", "The agent is made.", made_schema);
    made.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
    let own = vec![
        invalid(&[
            ("name", "is required: what people call it"),
            ("sms.prompt", "is no template: line 1, column 7: {{ has no }} (a literal {{ is written \\{{)"),
        ]),
        suspended(),
        ApiError::Conflict("there is an agent front-desk already".to_owned()),
        conflict(),
        ApiError::KeyReused,
    ];
    operation("administration", "Make an agent", CREATE_AGENT)
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("create-agent", schemas::of::<requests::CreateAgent>(), Required::True)))
        .response("201", made)
        .with_refusals(AGENTS, with_body(own))
}

fn list_agents() -> OperationBuilder {
    let page = schemas::page(schemas::of::<AgentView>());
    operation("administration", "List agents", "The agents of the mode of the request's key.")
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-agents", "A page of agents.", page))
        .with_refusals(AGENTS, vec![invalid_page()])
}

fn get_agent() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<AgentView>());
    operation("administration", "Get an agent", "An agent as it is now, without the secret of its tools.")
        .parameter(parameters::agent_id())
        .response("200", answers::json("get-agent", "The agent.", schema))
        .with_refusals(AGENTS, vec![invalid_query(), ApiError::NotFound("agent")])
}

fn update_agent() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<AgentView>());
    let own = vec![
        invalid(&[("slug", "cannot be changed: make another agent")]),
        suspended(),
        ApiError::NotFound("agent"),
        conflict(),
    ];
    operation("administration", "Change an agent", UPDATE_AGENT)
        .parameter(parameters::agent_id())
        .request_body(Some(body("update-agent", schemas::of::<requests::UpdateAgent>(), Required::True)))
        .response("200", answers::json("update-agent", "It is changed.", schema))
        .with_refusals(AGENTS, with_body(own))
}

fn delete_agent() -> OperationBuilder {
    operation("administration", "Retire an agent", DELETE_AGENT)
        .parameter(parameters::agent_id())
        .response("204", ResponseBuilder::new().description("It is retired."))
        .with_refusals(AGENTS, vec![invalid_query(), ApiError::NotFound("agent"), conflict()])
}

fn promote_agent() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<AgentView>());
    let test_key = "a live key promotes a test agent; this is a test key".to_owned();
    let own = vec![
        invalid(&[
            ("number", "is not one of the organization's numbers"),
            (
                "sms.model",
                "is required for a live agent that answers, or opens by its model: or set sms.answers to false",
            ),
        ]),
        suspended(),
        ApiError::PermissionDenied(test_key),
        ApiError::NotFound("test agent"),
        conflict(),
    ];
    operation("administration", "Promote a test agent", PROMOTE_AGENT)
        .parameter(parameters::agent_id())
        .request_body(Some(body("promote-agent", schemas::of::<requests::PromoteAgent>(), Required::False)))
        .response("200", answers::json("promote-agent", "The live agent.", schema))
        .with_refusals(AGENTS, with_body(own))
}

fn rotate_tool_secret() -> OperationBuilder {
    let schema = schemas::envelope(schemas::of::<AgentView>());
    let no_tools = "the agent has no tools, and no secret for them".to_owned();
    let own = vec![invalid_query(), suspended(), ApiError::NotFound("agent"), ApiError::Conflict(no_tools), conflict()];
    operation("administration", "Rotate the secret of an agent's tools", ROTATE_TOOL_SECRET)
        .parameter(parameters::agent_id())
        .response("200", answers::json("rotate-tool-secret", "`toolSecret` is the new one, shown here only.", schema))
        .with_refusals(AGENTS, with_body(own))
}

fn list_audit_entries() -> OperationBuilder {
    let page = schemas::page(schemas::of::<AuditEntry>());
    operation("administration", "List the audit log", AUDIT)
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-audit-entries", "A page of entries, newest first.", page))
        .with_refusals("can_read_audit", vec![invalid_page()])
}

const UPDATE_WEBHOOK: &str = "Changes what was sent and keeps the rest. An endpoint that is enabled again is as good as new: \
    it gets what happens from now on, and what was exhausted while it was disabled can be sent again.";

const ROTATE: &str = "The new secret signs from now on, and the one before beside it for 24 hours: `webhook-signature` then \
    carries a signature by each. At most 5 secrets sign at once. With an `Idempotency-Key`, a replay shows the same secret, as \
    long as it is the newest.";

const TEST: &str = "Sends `webhook.test`, signed and retried as any other event, whatever the endpoint is subscribed to. At most \
    10 a minute for each endpoint. What came of it stands in the endpoint's deliveries.";

const LIST_DELIVERIES: &str = "What was sent to the endpoint, with each attempt: its status, its duration, the first kilobyte of \
    the answer. A page that is narrowed down by `status` goes on until it is full, or has looked at 500 deliveries: \
    then it is short and has more.";

const REDELIVER_ONE: &str = "At once, under the event's own id, and by the whole schedule should it fail again. Whatever came of \
    it so far: one that was delivered is delivered twice.";

const REDELIVER_ALL: &str = "Looks at the first 100 deliveries of events that happened since a moment, oldest first, and sends \
    those again that are exhausted. Where there are more, `nextSince` is the `since` of the next request.";

const CREATE_KEY: &str = "A key of the mode of the request's own key, bounded by that one: it has no permission that that one \
    has not, expires no later, and has no larger limits; and whatever it is used for counts against that one's limits too, as long \
    as it lives. Only a digest of the raw key is stored: a replay shows the key without it.";

const LIST_KEYS: &str = "The keys of the request's mode, those that were revoked or have expired included. `lastUsedAt` is noted \
    once an hour.";

const REVOKE_KEY: &str = "A request that is received after this was answered is refused. Revoking twice is no error, and a key \
    may revoke itself. Keys that were made with it stay valid, so that a key can make its successor; `withDescendants` revokes them \
    too, and those that they made. After a 409 or a 5xx, ask again: it goes on.";

const CREATE_AGENT: &str = "An agent of the mode of the request's key: it serves requests by keys of that mode. Its id follows from \
    its slug, so that the test agent and the live agent of a slug have one id, and a client goes live by its key alone. The slug of \
    an agent that was retired can be used again; its versions go on being counted. Every setting is judged at once: templates have to parse, tools to have \
    schemas and public addresses. `toolSecret` signs the calls of its tools; it is made with the first tool, and shown once.";

const UPDATE_AGENT: &str = "A JSON merge patch to what `get-agent` shows; the whole of what comes of it is judged as if it were new. \
    `version` counts the changes; a conversation keeps the version it began with.";

const DELETE_AGENT: &str = "Retires the agent of the mode of the request's key. Conversations that it holds, and calls that are queued, go \
    on with the settings they began with; new requests for it are answered 404. Its slug can be used again.";

const PROMOTE_AGENT: &str = "By a live key only. The test agent of this id gives its settings to the live one, which is made where \
    there is none, and gets its next version otherwise. They are judged as those of a new live agent: its number has to be the \
    organization's, and one that answers by text needs a model. The live agent's tools keep their secret. Where nothing changes, \
    the version stays.";

const ROTATE_TOOL_SECRET: &str = "The new secret signs the calls of the agent's tools in conversations that begin from now on; open ones \
    go on with the one they began with, so accept both until they are over. A request that is sent again makes another secret.";

const AUDIT: &str = "Who changed what: endpoints, keys, agents, and what the operator and the service itself did. What concerns \
    the mode of the request's key, and what concerns both.";
