//! The fields of a webhook endpoint, as its owner sends them.

use domain::log::EventType;

use crate::app::App;
use crate::fields::Fields;

/// Fields that a request may have.
pub(crate) const FIELDS: [&str; 4] = ["url", "events", "isActive", "is_active"];

/// Where events go, if that was sent and is allowed.
pub(crate) async fn url(app: &App, fields: &mut Fields<'_>) -> Option<String> {
    let url = fields.text("url")?;
    app.egress.check_url(url).await.map_err(|error| fields.refuse("url", error)).ok().map(Into::into)
}

/// Which events it gets, if that was sent. Naming one twice is no error.
pub(crate) fn events(fields: &mut Fields<'_>) -> Option<Vec<EventType>> {
    let value = fields.value("events")?;
    let Some(names) = value.as_array().filter(|names| !names.is_empty()) else {
        fields.refuse("events", "must be a list of at least one event type");
        return None;
    };
    let mut events = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.as_str().and_then(EventType::parse) {
            Some(event) if !events.contains(&event) => events.push(event),
            Some(_) => {}
            None => fields.refuse(format!("events[{index}]"), unknown_event()),
        }
    }
    Some(events)
}

/// Returns the names of event types, as they are stored.
pub(crate) fn names(events: &[EventType]) -> Vec<String> {
    events.iter().map(|event| event.name().to_owned()).collect()
}

fn unknown_event() -> String {
    let known: Vec<&str> = EventType::ALL.iter().map(|event| event.name()).collect();
    format!("is not an event type; known are {}", known.join(", "))
}
