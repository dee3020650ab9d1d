//! Name → what wakes it, who may, what runs. The one table behind Lambda's `main`, the local stack, the OpenAPI document
//! and the tests.

use domain::key::Permission;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use store::keys::Key;
use store::{Items, QueueName};

use crate::api::{
    close_call, close_sms_conversation, create_call, create_sms_conversation, create_webhook, delete_webhook, get_call,
    get_call_recording, get_openapi, get_sms_conversation, handback_sms_conversation, list_call_events, list_calls,
    list_sms_conversations, list_sms_events, list_sms_messages, list_webhooks, send_sms_message,
};
use crate::api::{
    create_agent, create_api_key, get_agent, get_webhook, list_agents, list_api_keys, list_audit_entries,
    list_webhook_deliveries, redeliver_webhook, redeliver_webhook_delivery, revoke_api_key, rotate_webhook_secret,
    test_webhook, update_agent, update_webhook,
};
use crate::app::App;
use crate::auth::{self, Caller};
use crate::error::{ApiError, Error};
use crate::http::{Request, Response};
use crate::key_use;
use crate::queue::{deliver_webhook, dispatch_call, run_sms_turn, simulator_callback};
use crate::schedule::reconcile;

/// A Lambda function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name: the handler in the template, the sample event, the operation in the OpenAPI document.
    pub name: &'static str,
    /// What wakes it.
    pub trigger: Trigger,
}

/// What wakes a function.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// A request over HTTP.
    Http(Route),
    /// Messages on a queue.
    Queue {
        /// The queue.
        queue: QueueName,
        /// What runs, on a batch.
        handle: for<'a> fn(&'a App, Value) -> BoxFuture<'a, Result<Value, Error>>,
    },
    /// The clock, every minute.
    Schedule {
        /// What runs.
        handle: for<'a> fn(&'a App) -> BoxFuture<'a, Result<(), Error>>,
    },
}

/// A route of the API.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, as in the template.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
}

/// Who may use a route, and what runs.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Anybody.
    Public(fn(&Request) -> Response),
    /// Whoever has a key with this permission.
    Key {
        /// The permission.
        permission: Permission,
        /// What the handler needs to see of the table, so that it is read together with the key.
        reads: fn(&Request, &domain::ids::Scope) -> Vec<Key>,
        /// What runs.
        handle: for<'a> fn(Authorized<'a>) -> BoxFuture<'a, Result<Response, ApiError>>,
    },
}

/// A request by somebody who may make it, with everything that was read for it.
#[derive(Debug)]
pub struct Authorized<'a> {
    /// What to act through.
    pub app: &'a App,
    /// Who is asking.
    pub caller: Caller,
    /// The request.
    pub request: &'a Request,
    /// What was read.
    pub items: Items,
}

macro_rules! route {
    ($method:literal, $path:literal, $permission:ident, $module:ident) => {
        Trigger::Http(Route {
            method: $method,
            path: $path,
            access: Access::Key {
                permission: Permission::$permission,
                reads: $module::reads,
                handle: |authorized| $module::handle(authorized).boxed(),
            },
        })
    };
}

/// Every function.
pub static FUNCTIONS: &[Function] = &[
    Function { name: "create-call", trigger: route!("POST", "/v1/calls", CanInitiateCalls, create_call) },
    Function { name: "list-calls", trigger: route!("GET", "/v1/calls", CanReadConversations, list_calls) },
    Function { name: "get-call", trigger: route!("GET", "/v1/calls/{id}", CanReadConversations, get_call) },
    Function {
        name: "list-call-events",
        trigger: route!("GET", "/v1/calls/{id}/events", CanReadConversations, list_call_events),
    },
    Function {
        name: "get-call-recording",
        trigger: route!("GET", "/v1/calls/{id}/recording", CanReadConversations, get_call_recording),
    },
    Function { name: "close-call", trigger: route!("POST", "/v1/calls/{id}/close", CanCloseConversations, close_call) },
    Function {
        name: "create-sms-conversation",
        trigger: route!("POST", "/v1/sms-conversations", CanSendSms, create_sms_conversation),
    },
    Function {
        name: "list-sms-conversations",
        trigger: route!("GET", "/v1/sms-conversations", CanReadConversations, list_sms_conversations),
    },
    Function {
        name: "get-sms-conversation",
        trigger: route!("GET", "/v1/sms-conversations/{id}", CanReadConversations, get_sms_conversation),
    },
    Function {
        name: "list-sms-events",
        trigger: route!("GET", "/v1/sms-conversations/{id}/events", CanReadConversations, list_sms_events),
    },
    Function {
        name: "list-sms-messages",
        trigger: route!("GET", "/v1/sms-conversations/{id}/messages", CanReadConversations, list_sms_messages),
    },
    Function {
        name: "send-sms-message",
        trigger: route!("POST", "/v1/sms-conversations/{id}/messages", CanSendSms, send_sms_message),
    },
    Function {
        name: "handback-sms-conversation",
        trigger: route!("POST", "/v1/sms-conversations/{id}/handback", CanSendSms, handback_sms_conversation),
    },
    Function {
        name: "close-sms-conversation",
        trigger: route!("POST", "/v1/sms-conversations/{id}/close", CanCloseConversations, close_sms_conversation),
    },
    Function { name: "create-webhook", trigger: route!("POST", "/v1/webhooks", CanManageWebhooks, create_webhook) },
    Function { name: "list-webhooks", trigger: route!("GET", "/v1/webhooks", CanManageWebhooks, list_webhooks) },
    Function {
        name: "delete-webhook",
        trigger: route!("DELETE", "/v1/webhooks/{id}", CanManageWebhooks, delete_webhook),
    },
    Function { name: "get-webhook", trigger: route!("GET", "/v1/webhooks/{id}", CanManageWebhooks, get_webhook) },
    Function {
        name: "update-webhook",
        trigger: route!("PATCH", "/v1/webhooks/{id}", CanManageWebhooks, update_webhook),
    },
    Function {
        name: "rotate-webhook-secret",
        trigger: route!("POST", "/v1/webhooks/{id}/rotate-secret", CanManageWebhooks, rotate_webhook_secret),
    },
    Function {
        name: "test-webhook",
        trigger: route!("POST", "/v1/webhooks/{id}/test", CanManageWebhooks, test_webhook),
    },
    Function {
        name: "list-webhook-deliveries",
        trigger: route!("GET", "/v1/webhooks/{id}/deliveries", CanManageWebhooks, list_webhook_deliveries),
    },
    Function {
        name: "redeliver-webhook-delivery",
        trigger: route!(
            "POST",
            "/v1/webhooks/{id}/deliveries/{deliveryId}/redeliver",
            CanManageWebhooks,
            redeliver_webhook_delivery
        ),
    },
    Function {
        name: "redeliver-webhook",
        trigger: route!("POST", "/v1/webhooks/{id}/redeliver", CanManageWebhooks, redeliver_webhook),
    },
    Function { name: "create-api-key", trigger: route!("POST", "/v1/api-keys", CanManageKeys, create_api_key) },
    Function { name: "list-api-keys", trigger: route!("GET", "/v1/api-keys", CanManageKeys, list_api_keys) },
    Function {
        name: "revoke-api-key",
        trigger: route!("POST", "/v1/api-keys/{id}/revoke", CanManageKeys, revoke_api_key),
    },
    Function { name: "create-agent", trigger: route!("POST", "/v1/agents", CanManageAgents, create_agent) },
    Function { name: "list-agents", trigger: route!("GET", "/v1/agents", CanManageAgents, list_agents) },
    Function { name: "get-agent", trigger: route!("GET", "/v1/agents/{id}", CanManageAgents, get_agent) },
    Function { name: "update-agent", trigger: route!("PATCH", "/v1/agents/{id}", CanManageAgents, update_agent) },
    Function { name: "list-audit-entries", trigger: route!("GET", "/v1/audit", CanReadAudit, list_audit_entries) },
    Function {
        name: "get-openapi",
        trigger: Trigger::Http(Route {
            method: "GET",
            path: "/v1/openapi.json",
            access: Access::Public(get_openapi::handle),
        }),
    },
    Function {
        name: "dispatch-call",
        trigger: Trigger::Queue {
            queue: QueueName::Dispatch,
            handle: |app, event| dispatch_call::handle(app, event).boxed(),
        },
    },
    Function {
        name: "deliver-webhook",
        trigger: Trigger::Queue {
            queue: QueueName::Webhooks,
            handle: |app, event| deliver_webhook::handle(app, event).boxed(),
        },
    },
    Function {
        name: "run-sms-turn",
        trigger: Trigger::Queue {
            queue: QueueName::Turns,
            handle: |app, event| run_sms_turn::handle(app, event).boxed(),
        },
    },
    Function {
        name: "simulator-callback",
        trigger: Trigger::Queue {
            queue: QueueName::Simulator,
            handle: |app, event| simulator_callback::handle(app, event).boxed(),
        },
    },
    Function { name: "reconcile", trigger: Trigger::Schedule { handle: |app| reconcile::handle(app).boxed() } },
];

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Runs a function on an event, exactly as AWS sends it, and gives the answer exactly as AWS takes it.
///
/// # Errors
/// [`Error`] where the event is of another kind, or the work could not be finished. A request over HTTP is always
/// answered.
pub async fn invoke(app: &App, function: &Function, event: Value) -> Result<Value, Error> {
    match function.trigger {
        Trigger::Http(route) => {
            let request = Request::from_event(event).map_err(Error::Event)?;
            let response = match answer(app, &route, &request).await {
                Ok(response) => response,
                Err(error) => error.into_response(&request),
            };
            tracing::info!(
                function = function.name,
                request_id = %request.request_id,
                status = response.status.as_u16(),
                "answered"
            );
            response.into_event().map_err(Error::Answer)
        }
        Trigger::Queue { handle, .. } => handle(app, event).await,
        Trigger::Schedule { handle } => handle(app).await.map(|()| Value::Object(serde_json::Map::new())),
    }
}

/// The one place where a request is let in: its key, its permission, then its handler.
async fn answer(app: &App, route: &Route, request: &Request) -> Result<Response, ApiError> {
    match route.access {
        Access::Public(handle) => Ok(handle(request)),
        Access::Key { permission, reads, handle } => {
            let raw = auth::raw_key(request)?;
            let mut wanted = reads(request, raw.scope());
            wanted.extend(auth::reads(&raw));
            let now = app.store.table.now();
            let items = app.store.table.read(wanted).await?;
            let caller = auth::authenticate(&raw, &items, permission, now)?;
            request.query().map_err(|error| ApiError::field("query", error))?;
            let noted = key_use::note(app, &raw, items.last_used_at(&raw), now);
            futures::future::join(handle(Authorized { app, caller, request, items }), noted).await.0
        }
    }
}
