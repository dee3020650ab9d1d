//! Fields of a webhook endpoint in requests.

use domain::log::EventType;
use domain::subscription::EVERY_EVENT;

use crate::app::App;
use crate::fields::Fields;

/// Fields that a request may have.
pub(crate) const FIELDS: [&str; 4] = ["url", "events", "isActive", "is_active"];

/// Reads `url`. Returns `None` if it is missing or not allowed.
pub(crate) async fn url(app: &App, fields: &mut Fields<'_>) -> Option<String> {
    let url = fields.text("url")?;
    app.egress.check_url(url).await.map_err(|error| fields.refuse("url", error)).ok().map(Into::into)
}

/// Event type that an endpoint receives, or `*` for all types, including those added later.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SubscribedEvent, value_type = String))]
pub(crate) struct SubscribedEvent(String);

impl SubscribedEvent {
    fn parse(name: &str) -> Option<Self> {
        let is_known = name == EVERY_EVENT || EventType::parse(name).is_some();
        is_known.then(|| Self(name.to_owned()))
    }
}

/// Reads the event types that an endpoint receives. A type may be named twice. Next to `*`, other names have no effect.
pub(crate) fn events(fields: &mut Fields<'_>) -> Option<Vec<SubscribedEvent>> {
    let value = fields.value("events")?;
    let Some(names) = value.as_array().filter(|names| !names.is_empty()) else {
        fields.refuse("events", "must be a list of at least one event type");
        return None;
    };
    let mut events = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.as_str().and_then(SubscribedEvent::parse) {
            Some(event) if !events.contains(&event) => events.push(event),
            Some(_) => {}
            None => fields.refuse(format!("events[{index}]"), unknown_event()),
        }
    }
    let every = events.iter().find(|event| event.0 == EVERY_EVENT).cloned();
    Some(every.map_or(events, |every| vec![every]))
}

/// Returns the names of event types, as they are stored.
pub(crate) fn names(events: &[SubscribedEvent]) -> Vec<String> {
    events.iter().map(|event| event.0.clone()).collect()
}

/// Adds the names to the schema of [`SubscribedEvent`].
#[cfg(feature = "openapi")]
pub(crate) fn with_the_names(object: &mut utoipa::openapi::Object) {
    let types = EventType::ALL.iter().map(|event| event.name());
    object.enum_values = Some([EVERY_EVENT].into_iter().chain(types).map(Into::into).collect());
}

fn unknown_event() -> String {
    let known: Vec<&str> = EventType::ALL.iter().map(|event| event.name()).collect();
    format!("is not an event type; known are {}, and * for all of them", known.join(", "))
}
