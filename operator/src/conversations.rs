//! Commands about conversations: their state, their log, and the redelivery of their webhooks.

use domain::call::Call;
use domain::ids::ConversationId;
use domain::log::{Entry, LogEntry};
use domain::sms::SmsConversation;
use serde_json::{Value, json};
use store::keys;

use crate::cli::Conversation;
use crate::connect::{Deployment, conversation_id};
use crate::error::Error;
use crate::output::{Rows, row};

pub(crate) async fn run(deployment: &Deployment, command: Conversation) -> Result<Rows, Error> {
    match command {
        Conversation::Show { id } => show(deployment, conversation_id(&id)?).await,
        Conversation::Events { id } => {
            let log = deployment.table.whole_log(conversation_id(&id)?).await?;
            Ok(Rows::Table(log.iter().map(entry).collect()))
        }
        Conversation::ReplayWebhooks { id } => {
            let replayed = deployment.table.replay_deliveries(conversation_id(&id)?).await?;
            Ok(Rows::Table(vec![row([("conversation", json!(id)), ("replayed", json!(replayed))])]))
        }
    }
}

/// Shows a conversation without its phone numbers, because a shell keeps its history.
async fn show(deployment: &Deployment, id: ConversationId) -> Result<Rows, Error> {
    let (call_key, sms_key) = (keys::call(id), keys::sms(id));
    let items = deployment.table.read([call_key.clone(), sms_key.clone()]).await?;
    let call: Option<Call> = items.read("call", &call_key)?;
    let sms: Option<SmsConversation> = items.read("conversation", &sms_key)?;
    let shown = match (call, sms) {
        (Some(call), _) => row([
            ("conversation", json!(id)),
            ("channel", json!("voice")),
            ("organization", json!(call.scope.to_string())),
            ("status", json!(call.status)),
            ("created", json!(call.created_at)),
            ("agent", json!(call.agent.slug)),
            ("provider", json!(call.provider)),
            ("providerCall", json!(call.provider_call_id)),
            ("request", json!(call.request_id)),
        ]),
        (None, Some(sms)) => row([
            ("conversation", json!(id)),
            ("channel", json!("sms")),
            ("organization", json!(sms.scope.to_string())),
            ("status", json!(sms.status)),
            ("created", json!(sms.created_at)),
            ("agent", json!(sms.agent.slug)),
            ("provider", json!(sms.provider)),
            ("request", json!(sms.request_id)),
        ]),
        (None, None) => return Err(Error::refused(format!("there is no conversation {id}"))),
    };
    Ok(Rows::Table(vec![shown]))
}

fn entry(entry: &LogEntry) -> Value {
    let what = match &entry.entry {
        Entry::Event { event, .. } | Entry::Notice { event, .. } => json!(event.event_type().name()),
        Entry::Note { note } => json!(format!("note: {note:?}")),
    };
    row([
        ("number", json!(entry.number)),
        ("at", json!(entry.at)),
        ("sequence", json!(entry.entry.sequence())),
        ("what", what),
    ])
}
