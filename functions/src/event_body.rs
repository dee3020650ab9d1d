//! Events as clients get them: the body of a webhook, and of `GET …/events`.

use domain::call::{Call, Entry, Event, LogEntry, Utterance};
use domain::ids::{AgentId, ConversationId, Mode, event_id};
use domain::organization::Content;
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
    #[cfg_attr(feature = "openapi", schema(value_type = domain::call::EventType))]
    event: &'static str,
    /// Counts the events of the conversation from 1, without gaps.
    sequence: u64,
    /// The mode of the conversation.
    mode: Mode,
    /// When it happened.
    timestamp: Timestamp,
    /// The conversation.
    conversation_id: ConversationId,
    /// The agent that holds it.
    agent_id: AgentId,
    /// The organization.
    client_org_id: &'a str,
    /// Which kind of conversation.
    #[cfg_attr(feature = "openapi", schema(value_type = domain::ids::Channel))]
    channel: &'static str,
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

/// The event in a log entry; `None` where the entry is a note.
///
/// # Errors
/// Where it cannot be written as JSON.
pub(crate) fn event_body<'a>(
    call: &'a Call,
    content: &'a Content,
    entry: &LogEntry,
    transcript: Option<&[Utterance]>,
) -> Result<Option<EventBody<'a>>, serde_json::Error> {
    let Entry::Event { sequence, event } = &entry.entry else { return Ok(None) };
    Ok(Some(EventBody {
        id: event_id(call.id, *sequence),
        event: event.event_type().as_str(),
        sequence: *sequence,
        mode: call.scope.mode,
        timestamp: entry.at,
        conversation_id: call.id,
        agent_id: call.agent.id,
        client_org_id: call.scope.organization.as_str(),
        channel: "voice",
        metadata: content.metadata.as_deref().unwrap_or(&NO_METADATA),
        data: data(call, event, transcript)?,
    }))
}

fn data(call: &Call, event: &Event, transcript: Option<&[Utterance]>) -> Result<Value, serde_json::Error> {
    let mut data = match event {
        Event::CallStarted(started) => serde_json::to_value(started)?,
        Event::CallAnalyzed(analysis) => serde_json::to_value(analysis)?,
        Event::ContactOptOut(opt_out) => serde_json::to_value(opt_out)?,
        Event::CallEnded(ended) => serde_json::to_value(ended)?,
    };
    if let (Event::CallEnded(ended), Value::Object(fields)) = (event, &mut data) {
        fields.remove("hasTranscript");
        // What was stored only after the event was emitted does not change the event.
        let said = transcript.filter(|_| ended.has_transcript).map(serde_json::to_value).transpose()?;
        let too_large = said.as_ref().is_some_and(|said| said.to_string().len() > MAX_BODY_BYTES - 32 * 1024);
        if too_large {
            fields.insert("transcriptUrl".to_owned(), Value::String(format!("/v1/calls/{}", call.id)));
        }
        fields.insert("transcript".to_owned(), said.filter(|_| !too_large).unwrap_or(Value::Null));
    }
    Ok(data)
}
