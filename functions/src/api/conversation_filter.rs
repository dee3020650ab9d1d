//! Filters for lists of conversations.

use domain::end_reason::EndReason;
use domain::ids::AgentId;
use domain::payload::Content;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde_json::Value;
use store::Created;

use crate::error::{ApiError, FieldError};
use crate::query::Query;

/// Names of the query parameters. A name that ends with `[` stands for all names with this prefix and a final `]`.
pub(crate) const FILTERS: [&str; 7] =
    ["status", "toNumber", "agentId", "createdAfter", "createdBefore", "endReason", "metadata["];

/// Largest number of metadata values in a query.
const MOST_METADATA: usize = 5;

/// Criteria for conversations. `S` is the status type of the channel.
#[derive(Debug)]
pub(crate) struct Filter<S> {
    status: Option<S>,
    to: Option<PhoneNumber>,
    agent: Option<AgentId>,
    end_reason: Option<String>,
    metadata: Vec<(String, String)>,
    /// Range of the acceptance time.
    pub(crate) created: Created,
}

impl<S: Copy + PartialEq> Filter<S> {
    /// Reads the query. `statuses` contains all statuses with their names.
    ///
    /// # Errors
    /// [`ApiError::Validation`] with every wrong parameter.
    pub(crate) fn parse(query: &Query, statuses: &[(&str, S)]) -> Result<Self, ApiError> {
        let mut errors = Vec::new();
        let mut refuse = |name: &str, message: &str| errors.push(FieldError::new(name, message));
        let mut status = None;
        if let Some(text) = query.get("status") {
            status = statuses.iter().find(|(name, _)| *name == text).map(|(_, status)| *status);
            if status.is_none() {
                let names: Vec<&str> = statuses.iter().map(|(name, _)| *name).collect();
                refuse("status", &format!("must be one of {}", names.join(", ")));
            }
        }
        let to = query
            .get("toNumber")
            .and_then(|text| PhoneNumber::parse(text).map_err(|error| refuse("toNumber", &error.to_string())).ok());
        let agent = query.get("agentId").and_then(|text| {
            let id = AgentId::parse(text);
            if id.is_none() {
                refuse("agentId", "must be a UUID");
            }
            id
        });
        let end_reason = query.get("endReason").map(str::to_owned);
        if end_reason.as_ref().is_some_and(String::is_empty) {
            refuse("endReason", "must be a reason, such as busy");
        }
        let metadata: Vec<(String, String)> =
            query.within("metadata").map(|(path, value)| (path.to_owned(), value.to_owned())).collect();
        if metadata.len() > MOST_METADATA {
            refuse("metadata", &format!("must not be asked for by more than {MOST_METADATA} values"));
        }
        let mut moment = |name: &str| -> Option<Timestamp> {
            Timestamp::parse(query.get(name)?).map_err(|error| refuse(name, &error.to_string())).ok()
        };
        let created = Created { after: moment("createdAfter"), before: moment("createdBefore") };
        let filter = Self { status, to, agent, end_reason, metadata, created };
        if errors.is_empty() { Ok(filter) } else { Err(ApiError::Validation(errors)) }
    }

    /// Returns `true` if the filter has a criterion besides time and metadata.
    pub(crate) fn narrows(&self) -> bool {
        self.status.is_some() || self.to.is_some() || self.agent.is_some() || self.end_reason.is_some()
    }

    /// Returns `true` if the filter has a metadata criterion.
    pub(crate) fn asks_for_metadata(&self) -> bool {
        !self.metadata.is_empty()
    }

    /// Returns `true` if a conversation meets all criteria besides time and metadata.
    pub(crate) fn matches(&self, status: S, to: &PhoneNumber, agent: AgentId, end_reason: Option<&EndReason>) -> bool {
        self.status.is_none_or(|wanted| status == wanted)
            && self.to.as_ref().is_none_or(|wanted| to == wanted)
            && self.agent.is_none_or(|wanted| agent == wanted)
            && self.end_reason.as_ref().is_none_or(|wanted| end_reason.is_some_and(|reason| reason.as_str() == wanted))
    }

    /// Returns `true` if a conversation's metadata has every requested value.
    pub(crate) fn matches_metadata(&self, content: &Content) -> bool {
        let metadata = content.metadata.as_ref().and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
        let has = |(path, wanted): &(String, String)| {
            metadata.as_ref().and_then(|metadata| at(metadata, path)).is_some_and(|found| is(found, wanted))
        };
        self.metadata.iter().all(has)
    }
}

/// Returns the value at a path. A key that equals the whole path comes first, then each split of the path at a dot.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    let deeper = || path.match_indices('.').find_map(|(dot, _)| at(object.get(&path[..dot])?, &path[dot + 1..]));
    object.get(path).or_else(deeper)
}

/// Returns `true` if a value equals this text. Numbers and booleans are compared in their JSON form.
fn is(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Number(_) | Value::Bool(_) => value.to_string().as_str() == wanted,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{at, is};

    #[test]
    fn a_value_is_found_by_its_name_or_by_the_way_to_it() {
        let metadata =
            json!({"orderId": 42, "a.b": "dotted", "a": {"c": {"d": true}}, "x": "42", "list": [1], "none": null});
        for (path, wanted, found) in [
            ("orderId", "42", true),
            ("x", "42", true),
            ("orderId", "43", false),
            ("a.b", "dotted", true),
            ("a.c.d", "true", true),
            ("a.c", "{}", false),
            ("list", "[1]", false),
            ("none", "null", false),
            ("missing", "", false),
            ("a.", "", false),
        ] {
            assert_eq!(at(&metadata, path).is_some_and(|value| is(value, wanted)), found, "{path}={wanted}");
        }
    }
}
