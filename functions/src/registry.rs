//! Name → what wakes it, who may, what runs. The one table behind Lambda's `main`, the local stack, the OpenAPI document
//! and the tests.

use domain::key::Permission;
use domain::provider::Provider;
use futures::FutureExt;
use store::QueueName;

use crate::api::{
    close_call, close_sms_conversation, create_agent, create_api_key, create_call, create_contact,
    create_sms_conversation, create_webhook, delete_agent, delete_do_not_call, delete_webhook, get_agent, get_call,
    get_call_recording, get_contact, get_openapi, get_sms_conversation, get_wallet, get_webhook,
    handback_sms_conversation, list_agents, list_api_keys, list_audit_entries, list_call_events, list_calls,
    list_contacts, list_do_not_call, list_sms_conversations, list_sms_events, list_sms_messages, list_wallet_entries,
    list_webhook_deliveries, list_webhooks, promote_agent, put_do_not_call, redeliver_webhook,
    redeliver_webhook_delivery, revoke_api_key, rotate_tool_secret, rotate_webhook_secret, send_sms_message,
    test_webhook, update_agent, update_contact, update_webhook,
};
use crate::dialects::{
    Dialect, klen_create_call, levers_call_bulk, levers_call_contact, verbex_dial_outbound_phone_call,
    verbex_get_phone_call, verbex_get_recording, verbex_get_transcript,
};
use crate::http::MAX_BODY_BYTES;
use crate::inbound::{
    retell_chat_webhook, retell_webhook, telnyx_call_event, telnyx_inbound_message, telnyx_message_status,
    twilio_call_status, twilio_inbound_message, twilio_message_status, twilio_voice_answer, vapi_server_message,
};
use crate::queue::{accept_bulk_item, deliver_webhook, dispatch_call, run_sms_turn, simulator_callback};
use crate::schedule::reconcile;

mod route;

pub use route::{Access, Authorized, Function, KeyUse, Route, Signed, Trigger};

macro_rules! route {
    ($method:literal, $path:literal, $permission:ident, $module:ident) => {
        route!($method, $path, $permission, $module, Native, MAX_BODY_BYTES)
    };
    ($method:literal, $path:literal, $permission:ident, $module:ident, $dialect:ident) => {
        route!($method, $path, $permission, $module, $dialect, MAX_BODY_BYTES)
    };
    ($method:literal, $path:literal, $permission:ident, $module:ident, $dialect:ident, $max_body_bytes:expr) => {
        Trigger::Http(Route {
            method: $method,
            path: $path,
            dialect: Dialect::$dialect,
            max_body_bytes: $max_body_bytes,
            access: Access::Key {
                permission: Permission::$permission,
                reads: $module::reads,
                handle: |authorized| $module::handle(authorized).boxed(),
            },
        })
    };
}

macro_rules! callback {
    ($path:literal, $provider:ident, $module:ident) => {
        callback!($path, $provider, $module, MAX_BODY_BYTES)
    };
    ($path:literal, $provider:ident, $module:ident, $max_body_bytes:expr) => {
        Trigger::Http(Route {
            method: "POST",
            path: $path,
            dialect: Dialect::Native,
            max_body_bytes: $max_body_bytes,
            access: Access::Signed { provider: Provider::$provider, handle: |signed| $module::handle(signed).boxed() },
        })
    };
}

macro_rules! call_token_route {
    ($path:literal, $module:ident) => {
        Trigger::Http(Route {
            method: "GET",
            path: $path,
            dialect: Dialect::Verbex,
            max_body_bytes: MAX_BODY_BYTES,
            access: Access::CallToken {
                permission: Permission::CanReadConversations,
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
    Function { name: "delete-agent", trigger: route!("DELETE", "/v1/agents/{id}", CanManageAgents, delete_agent) },
    Function {
        name: "promote-agent",
        trigger: route!("POST", "/v1/agents/{id}/promote", CanManageAgents, promote_agent),
    },
    Function {
        name: "rotate-tool-secret",
        trigger: route!("POST", "/v1/agents/{id}/rotate-tool-secret", CanManageAgents, rotate_tool_secret),
    },
    Function { name: "list-audit-entries", trigger: route!("GET", "/v1/audit", CanReadAudit, list_audit_entries) },
    Function {
        name: "get-openapi",
        trigger: Trigger::Http(Route {
            method: "GET",
            path: "/v1/openapi.json",
            dialect: Dialect::Native,
            max_body_bytes: MAX_BODY_BYTES,
            access: Access::Public(get_openapi::handle),
        }),
    },
    Function {
        name: "twilio-voice-answer",
        trigger: callback!("/inbound/twilio/{organization}/calls/{id}/{attempt}/answer", Twilio, twilio_voice_answer),
    },
    Function {
        name: "twilio-call-status",
        trigger: callback!("/inbound/twilio/{organization}/calls/{id}/{attempt}/status", Twilio, twilio_call_status),
    },
    Function {
        name: "twilio-message-status",
        trigger: callback!(
            "/inbound/twilio/{organization}/messages/{id}/{number}/status",
            Twilio,
            twilio_message_status
        ),
    },
    Function {
        name: "twilio-inbound-message",
        trigger: callback!("/inbound/twilio/{organization}/messages", Twilio, twilio_inbound_message),
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
    Function {
        name: "list-do-not-call",
        trigger: route!("GET", "/v1/do-not-call", CanManageContacts, list_do_not_call),
    },
    Function {
        name: "put-do-not-call",
        trigger: route!("PUT", "/v1/do-not-call/{number}", CanManageContacts, put_do_not_call),
    },
    Function {
        name: "delete-do-not-call",
        trigger: route!("DELETE", "/v1/do-not-call/{number}", CanManageContacts, delete_do_not_call),
    },
    Function { name: "create-contact", trigger: route!("POST", "/v1/contacts", CanManageContacts, create_contact) },
    Function { name: "list-contacts", trigger: route!("GET", "/v1/contacts", CanManageContacts, list_contacts) },
    Function { name: "get-contact", trigger: route!("GET", "/v1/contacts/{id}", CanManageContacts, get_contact) },
    Function {
        name: "update-contact",
        trigger: route!("PATCH", "/v1/contacts/{id}", CanManageContacts, update_contact),
    },
    Function { name: "get-wallet", trigger: route!("GET", "/v1/wallet", CanReadWallet, get_wallet) },
    Function {
        name: "list-wallet-entries",
        trigger: route!("GET", "/v1/wallet/entries", CanReadWallet, list_wallet_entries),
    },
    Function {
        name: "klen-create-call",
        trigger: route!("POST", "/api/v1/calls", CanInitiateCalls, klen_create_call, Klen),
    },
    Function {
        name: "verbex-dial-outbound-phone-call",
        trigger: route!(
            "POST",
            "/v1/calls/dial-outbound-phone-call",
            CanInitiateCalls,
            verbex_dial_outbound_phone_call,
            Verbex
        ),
    },
    Function {
        name: "verbex-get-phone-call",
        trigger: route!("GET", "/v1/phone-calls/{id}", CanReadConversations, verbex_get_phone_call, Verbex),
    },
    Function {
        name: "verbex-get-recording",
        trigger: call_token_route!("/v1/phone-calls/{id}/recording", verbex_get_recording),
    },
    Function {
        name: "verbex-get-transcript",
        trigger: call_token_route!("/v1/phone-calls/{id}/transcript", verbex_get_transcript),
    },
    Function {
        name: "levers-call-contact",
        trigger: route!("POST", "/ai/phone-calls/action/call", CanInitiateCalls, levers_call_contact, Levers),
    },
    Function {
        name: "levers-call-bulk",
        trigger: route!(
            "POST",
            "/ai/phone-calls/action/call-bulk",
            CanInitiateCalls,
            levers_call_bulk,
            Levers,
            levers_call_bulk::MAX_BODY_BYTES
        ),
    },
    Function {
        name: "accept-bulk-item",
        trigger: Trigger::Queue {
            queue: QueueName::Bulk,
            handle: |app, event| accept_bulk_item::handle(app, event).boxed(),
        },
    },
    Function {
        name: "retell-webhook",
        trigger: callback!(
            "/inbound/retell/{organization}/calls/{id}/{attempt}/events",
            Retell,
            retell_webhook,
            retell_webhook::MAX_BODY_BYTES
        ),
    },
    Function {
        name: "retell-chat-webhook",
        trigger: callback!(
            "/inbound/retell/{organization}/chats",
            Retell,
            retell_chat_webhook,
            retell_chat_webhook::MAX_BODY_BYTES
        ),
    },
    Function {
        name: "telnyx-call-event",
        trigger: callback!("/inbound/telnyx/{organization}/calls/{id}/{attempt}/events", Telnyx, telnyx_call_event),
    },
    Function {
        name: "telnyx-message-status",
        trigger: callback!(
            "/inbound/telnyx/{organization}/messages/{id}/{number}/status",
            Telnyx,
            telnyx_message_status
        ),
    },
    Function {
        name: "telnyx-inbound-message",
        trigger: callback!("/inbound/telnyx/{organization}/messages", Telnyx, telnyx_inbound_message),
    },
    Function {
        name: "vapi-server-message",
        trigger: callback!(
            "/inbound/vapi/{organization}/calls/{id}/{attempt}/events",
            Vapi,
            vapi_server_message,
            vapi_server_message::MAX_BODY_BYTES
        ),
    },
];

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
