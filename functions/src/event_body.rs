//! Events as clients get them: the body of a webhook, and of `GET …/events`.

use domain::call::{Call, Utterance};
use domain::ids::{AgentId, Channel, ConversationId, Mode, Scope, event_id};
use domain::log::{Entry, Event, LogEntry};
use domain::payload::Content;
use domain::sms::SmsConversation;
use domain::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The largest body that is delivered with its transcript in it.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// An event's envelope and data.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EventEnvelope))]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventBody<'a> {
    /// The same at every attempt to deliver it.
    id: String,
    /// Its type.
    #[cfg_attr(feature = "openapi", schema(value_type = domain::log::EventType))]
    event: &'static str,
    /// Counts the events of the conversation from 1, without gaps; null where the event belongs to no conversation.
    sequence: Option<u64>,
    /// The mode of the conversation.
    mode: Mode,
    /// When it happened.
    timestamp: Timestamp,
    /// The conversation; null where the event belongs to none.
    conversation_id: Option<ConversationId>,
    /// The agent that holds it; null where it concerns none.
    agent_id: Option<AgentId>,
    /// The organization.
    client_org_id: &'a str,
    /// Which kind of conversation; null where it came by none.
    channel: Option<Channel>,
    /// What the request for the conversation brought, untouched; empty where it brought none.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    metadata: &'a RawValue,
    /// What happened; which type of event says how it looks.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    data: Value,
}

impl EventBody<'_> {
    /// The event's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

static NO_METADATA: std::sync::LazyLock<Box<RawValue>> =
    std::sync::LazyLock::new(|| RawValue::from_string("{}".to_owned()).unwrap_or_default());

/// Whether the event in a log entry carries the call's transcript.
pub(crate) fn carries_transcript(entry: &LogEntry) -> bool {
    matches!(&entry.entry, Entry::Event { event: Event::CallEnded(ended), .. } if ended.has_transcript)
}

/// What an event's envelope says of where it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The log that the event stands in: its conversation's, or one of its own.
    pub log: ConversationId,
    /// Whose it is.
    pub scope: &'a Scope,
    /// The agent that holds the conversation; `None` where the event belongs to none.
    pub agent: Option<AgentId>,
    /// What the client gave for the conversation.
    pub content: &'a Content,
}

impl<'a> Origin<'a> {
    /// A call's events.
    pub(crate) fn call(call: &'a Call, content: &'a Content) -> Self {
        Self { log: call.id, scope: &call.scope, agent: Some(call.agent.id), content }
    }

    /// An SMS conversation's events.
    pub(crate) fn sms(conversation: &'a SmsConversation, content: &'a Content) -> Self {
        Self { log: conversation.id, scope: &conversation.scope, agent: Some(conversation.agent.id), content }
    }
}

/// The event in a log entry; `None` where the entry is a note.
///
/// # Errors
/// Where it cannot be written as JSON.
pub(crate) fn event_body<'a>(
    origin: Origin<'a>,
    entry: &LogEntry,
    transcript: Option<&[Utterance]>,
) -> Result<Option<EventBody<'a>>, serde_json::Error> {
    let (sequence, event, agent, channel) = match &entry.entry {
        Entry::Event { sequence, event } => (Some(*sequence), event, origin.agent, event.channel()),
        Entry::Notice { channel, agent, event } => (None, event, *agent, *channel),
        Entry::Note { .. } => return Ok(None),
    };
    Ok(Some(EventBody {
        id: event_id(origin.log, sequence.unwrap_or(entry.number)),
        event: event.event_type().name(),
        sequence,
        mode: origin.scope.mode,
        timestamp: entry.at,
        conversation_id: sequence.map(|_| origin.log),
        agent_id: agent,
        client_org_id: origin.scope.organization.as_str(),
        channel,
        metadata: origin.content.metadata.as_deref().unwrap_or(&NO_METADATA),
        data: data(origin.log, event, transcript)?,
    }))
}

fn data(log: ConversationId, event: &Event, transcript: Option<&[Utterance]>) -> Result<Value, serde_json::Error> {
    let mut data = event.data()?;
    if let (Event::CallEnded(ended), Value::Object(fields)) = (event, &mut data) {
        fields.remove("hasTranscript");
        // What was stored only after the event was emitted does not change the event.
        let said = transcript.filter(|_| ended.has_transcript).map(serde_json::to_value).transpose()?;
        let too_large = said.as_ref().is_some_and(|said| said.to_string().len() > MAX_BODY_BYTES - 32 * 1024);
        if too_large {
            fields.insert("transcriptUrl".to_owned(), Value::String(format!("/v1/calls/{log}")));
        }
        fields.insert("transcript".to_owned(), said.filter(|_| !too_large).unwrap_or(Value::Null));
    }
    Ok(data)
}
