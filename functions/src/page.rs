//! Pagination of lists: `?limit=` and `?cursor=`.

use domain::cursor;

use crate::auth::Caller;
use crate::error::{ApiError, FieldError};
use crate::http::Request;
use crate::query::Query;

const DEFAULT_LIMIT: u8 = 20;
const LARGEST_LIMIT: u8 = 100;

/// Page of a list that a client requests.
#[derive(Debug)]
pub(crate) struct Page {
    /// Maximum number of entries.
    pub limit: u8,
    /// Position of the entry before the page. `None` for the first page.
    pub start: Option<String>,
    /// Parameters of the query, for the filters.
    pub query: Query,
    list: String,
}

impl Page {
    /// Reads the requested page of a list. `filters` are the other known parameters of the query. A filter that ends with `[`
    /// stands for every parameter that begins with it and ends with `]`.
    ///
    /// # Errors
    /// [`ApiError::Validation`] with every invalid parameter that can be checked here.
    pub(crate) fn parse(request: &Request, caller: &Caller, list: &str, filters: &[&str]) -> Result<Self, ApiError> {
        let query = request.query().map_err(|error| ApiError::field("query", error))?;
        let mut errors = Vec::new();
        let is_filter = |name: &str, filter: &str| match filter.strip_suffix('[') {
            Some(_) => name.strip_prefix(filter).is_some_and(|rest| rest.len() > 1 && rest.ends_with(']')),
            None => name == filter,
        };
        let is_known = |name: &str| ["limit", "cursor"].iter().chain(filters).any(|known| is_filter(name, known));
        for name in query.names().filter(|name| !is_known(name)) {
            let shown: String = name.chars().take(64).collect();
            errors.push(FieldError::new(shown, "is not a known parameter"));
        }
        let limit = match query.get("limit").map(str::parse::<u8>) {
            None => DEFAULT_LIMIT,
            Some(Ok(limit)) if (1..=LARGEST_LIMIT).contains(&limit) => limit,
            Some(_) => {
                errors.push(FieldError::new("limit", "must be a number from 1 to 100"));
                DEFAULT_LIMIT
            }
        };
        let list = format!("{list}#{}", caller.scope);
        let start = query.get("cursor").and_then(|given| {
            let place = cursor::open(&caller.organization.cursor_key, &list, given);
            if place.is_none() {
                errors.push(FieldError::new("cursor", "was not given out for this list; begin without one"));
            }
            place
        });
        if errors.is_empty() { Ok(Self { limit, start, query, list }) } else { Err(ApiError::Validation(errors)) }
    }

    /// Returns the cursor of the page that begins after this position.
    pub(crate) fn cursor(&self, caller: &Caller, place: &str) -> String {
        cursor::seal(&caller.organization.cursor_key, &self.list, place)
    }
}
