//! What a list of conversations can be narrowed down by.

use domain::ids::AgentId;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use store::Created;

use crate::error::{ApiError, FieldError};
use crate::query::Query;

/// The query's parameters.
pub(crate) const FILTERS: [&str; 5] = ["status", "toNumber", "agentId", "createdAfter", "createdBefore"];

/// Which conversations are asked for; `S` is what a conversation of that kind calls its status.
#[derive(Debug)]
pub(super) struct Filter<S> {
    status: Option<S>,
    to: Option<PhoneNumber>,
    agent: Option<AgentId>,
    /// When they were accepted.
    pub(super) created: Created,
}

impl<S: Copy + PartialEq> Filter<S> {
    /// Reads the query. `statuses` are all there are, by their names.
    ///
    /// # Errors
    /// [`ApiError::Validation`] with every wrong parameter.
    pub(super) fn parse(query: &Query, statuses: &[(&str, S)]) -> Result<Self, ApiError> {
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
        let mut moment = |name: &str| -> Option<Timestamp> {
            Timestamp::parse(query.get(name)?).map_err(|error| refuse(name, &error.to_string())).ok()
        };
        let created = Created { after: moment("createdAfter"), before: moment("createdBefore") };
        if errors.is_empty() { Ok(Self { status, to, agent, created }) } else { Err(ApiError::Validation(errors)) }
    }

    /// Whether a conversation is among those that are asked for.
    pub(super) fn matches(&self, status: S, to: &PhoneNumber, agent: AgentId) -> bool {
        self.status.is_none_or(|wanted| status == wanted)
            && self.to.as_ref().is_none_or(|wanted| to == wanted)
            && self.agent.is_none_or(|wanted| agent == wanted)
    }
}
