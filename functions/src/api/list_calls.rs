//! `GET /v1/calls`: a scope's calls, newest first.

use domain::call::{Call, Status};
use domain::ids::AgentId;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use store::Created;

use super::call_view::CallSummary;
pub(crate) use super::no_reads as reads;
use crate::error::{ApiError, FieldError};
use crate::http::Response;
use crate::page::Page;
use crate::query::Query;
use crate::registry::Authorized;

/// What a list can be narrowed down by.
pub(crate) const FILTERS: [&str; 5] = ["status", "toNumber", "agentId", "createdAfter", "createdBefore"];

#[derive(Debug, Default)]
struct Filter {
    status: Option<Status>,
    to: Option<PhoneNumber>,
    agent: Option<AgentId>,
    created: Created,
}

/// Answers with a page of calls. A filtered page may be short and still have more.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "calls", &FILTERS)?;
    let filter = Filter::parse(&page.query)?;
    let table = &app.store.table;
    let found = table.conversations::<Call>(&caller.scope, filter.created, page.start.as_deref(), page.limit).await?;
    let cursor = found.next.map(|place| page.cursor(&caller, &place));
    let calls: Vec<CallSummary> =
        found.conversations.into_iter().filter(|call| filter.matches(call)).map(CallSummary::from).collect();
    Ok(Response::page(request, calls, cursor)?)
}

impl Filter {
    fn parse(query: &Query) -> Result<Self, ApiError> {
        let mut errors = Vec::new();
        let mut refuse = |name: &str, message: &str| errors.push(FieldError::new(name, message));
        let mut filter = Self::default();
        if let Some(text) = query.get("status") {
            filter.status = Status::ALL.into_iter().find(|status| status.as_str() == text);
            if filter.status.is_none() {
                refuse("status", "must be one of queued, dispatching, ringing, in_progress, ended");
            }
        }
        if let Some(text) = query.get("toNumber") {
            filter.to = PhoneNumber::parse(text).map_err(|error| refuse("toNumber", &error.to_string())).ok();
        }
        if let Some(text) = query.get("agentId") {
            filter.agent = AgentId::parse(text);
            if filter.agent.is_none() {
                refuse("agentId", "must be a UUID");
            }
        }
        let mut moment = |name: &str| -> Option<Timestamp> {
            Timestamp::parse(query.get(name)?).map_err(|error| refuse(name, &error.to_string())).ok()
        };
        filter.created = Created { after: moment("createdAfter"), before: moment("createdBefore") };
        if errors.is_empty() { Ok(filter) } else { Err(ApiError::Validation(errors)) }
    }

    fn matches(&self, call: &Call) -> bool {
        self.status.is_none_or(|status| call.status == status)
            && self.to.as_ref().is_none_or(|to| call.to == *to)
            && self.agent.is_none_or(|agent| call.agent.id == agent)
    }
}
