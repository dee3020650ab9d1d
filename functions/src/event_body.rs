//! Events in the format that clients get: the body of a webhook, and the entries of `GET …/events`.

use domain::call::{Call, Utterance};
use domain::ids::{AgentId, Channel, ConversationId, Mode, Scope, event_id};
use domain::log::{Entry, Event, LogEntry};
use domain::payload::Content;
use domain::sms::SmsConversation;
use domain::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Largest body that is delivered with its transcript included, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// Envelope and data of an event.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EventEnvelope))]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventBody<'a> {
    /// Id of the event, the same in every delivery attempt.
    id: String,
    /// Type of the event.
    #[cfg_attr(feature = "openapi", schema(value_type = domain::log::EventType))]
    event: &'static str,
    /// Number of the event within its conversation, from 1 and without gaps. `null` if the event belongs to no conversation.
    sequence: Option<u64>,
    /// Mode of the event.
    mode: Mode,
    /// Time of the event.
    timestamp: Timestamp,
    /// Id of the conversation. `null` if the event belongs to none.
    conversation_id: Option<ConversationId>,
    /// Id of the agent of the conversation. `null` if the event concerns no agent.
    agent_id: Option<AgentId>,
    /// Id of the organization.
    client_org_id: &'a str,
    /// Channel of the conversation or message. `null` if the event has none.
    channel: Option<Channel>,
    /// Metadata of the request that created the conversation, unchanged. Empty if the request had none.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    metadata: &'a RawValue,
    /// Data of the event. Its fields depend on the type of the event.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    data: Value,
}

impl EventBody<'_> {
    /// Returns the event's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

static NO_METADATA: std::sync::LazyLock<Box<RawValue>> =
    std::sync::LazyLock::new(|| RawValue::from_string("{}".to_owned()).unwrap_or_default());

/// Returns `true` if the event in a log entry includes the call's transcript.
pub(crate) fn carries_transcript(entry: &LogEntry) -> bool {
    matches!(&entry.entry, Entry::Event { event: Event::CallEnded(ended), .. } if ended.has_transcript)
}

/// Origin of an event, as its envelope shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// Id of the log that contains the event: the id of its conversation, or an id of its own.
    pub log: ConversationId,
    /// Organization and mode of the event.
    pub scope: &'a Scope,
    /// Agent of the conversation. `None` if the event belongs to none.
    pub agent: Option<AgentId>,
    /// Payload of the request that created the conversation.
    pub content: &'a Content,
}

impl<'a> Origin<'a> {
    /// Returns the origin of a call's events.
    pub(crate) fn call(call: &'a Call, content: &'a Content) -> Self {
        Self { log: call.id, scope: &call.scope, agent: Some(call.agent.id), content }
    }

    /// Returns the origin of an SMS conversation's events.
    pub(crate) fn sms(conversation: &'a SmsConversation, content: &'a Content) -> Self {
        Self { log: conversation.id, scope: &conversation.scope, agent: Some(conversation.agent.id), content }
    }
}

/// Returns the event in a log entry. `None` if the entry is a note.
///
/// # Errors
/// If it cannot be written as JSON.
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
        // A transcript that was stored after the event was emitted does not change the event.
        let said = transcript.filter(|_| ended.has_transcript).map(serde_json::to_value).transpose()?;
        let too_large = said.as_ref().is_some_and(|said| said.to_string().len() > MAX_BODY_BYTES - 32 * 1024);
        if too_large {
            fields.insert("transcriptUrl".to_owned(), Value::String(format!("/v1/calls/{log}")));
        }
        fields.insert("transcript".to_owned(), said.filter(|_| !too_large).unwrap_or(Value::Null));
    }
    Ok(data)
}
