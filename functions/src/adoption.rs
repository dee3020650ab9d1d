//! Matching of search results to an attempt.
//!
//! Some providers' lists do not show our attempt on a call or message. A candidate that looks like the attempt's is claimed
//! there only under three conditions. It is the only candidate, no other conversation owns it, and any other attempt that may
//! have created it has had the time to record that.
//!
//! The commit of the claim checks the owner again. If the provider later names another conversation, in an answer or in a
//! signed callback, that conversation takes the call or message over.

use domain::holder::Holder;
use domain::planted::{Bug, is_planted};
use domain::provider::Provider;
use domain::time::{Span, Timestamp};
use providers::{Candidate, SearchResult};
use store::{StoreError, Table};

/// Minimum age of a candidate: twice the lease of the consumer that may have requested it and died. By then, that consumer's
/// conversation has recorded it, searches for it too, or has received a callback that names it.
const ADOPTABLE_AFTER: Span = Span::seconds(120);

/// Longest delay between the start of an attempt and the creation of its own call or message, because a request reaches its
/// provider at once. A candidate that was created later more likely belongs to another attempt, which therefore gets more time
/// to record it.
const PROMPT: Span = Span::seconds(1);
/// Additional minimum age of a candidate that was created later than [`PROMPT`] after the attempt began.
const RATHER_ANOTHERS: Span = Span::seconds(100);

/// Time before an attempt is given up, from which on a candidate that is already over may be claimed. Nothing can be done about
/// such a candidate, so nothing is lost by waiting. A published end cannot be withdrawn, so the provider has until then to name
/// another conversation.
const OVER_BEFORE: Span = Span::seconds(50);

/// Result of matching a search's candidates to an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found<T> {
    /// Nothing that may be matched to the attempt.
    Nothing,
    /// Call or message that bears our attempt.
    Ours(T),
    /// Only candidate that looks like the attempt's.
    Alike(T),
}

/// Attempt whose call or message is searched for.
pub(crate) struct Attempted<'a> {
    /// Conversation, or its message, that searches.
    pub me: &'a Holder,
    /// Provider that was searched.
    pub provider: Provider,
    /// Start of the attempt.
    pub since: Timestamp,
}

/// Returns the call or message that may be matched to the attempt, if there is one.
pub(crate) async fn only_one<T>(
    table: &Table,
    attempt: &Attempted<'_>,
    sought: SearchResult<T>,
    id: impl Fn(&T) -> &str,
) -> Result<Found<T>, StoreError> {
    let alike = match sought {
        SearchResult::NotFound => return Ok(Found::Nothing),
        SearchResult::Match(found) => return Ok(Found::Ours(found)),
        SearchResult::Candidates(alike) => alike,
    };
    if alike.is_empty() {
        return Ok(Found::Nothing);
    }
    let ids: Vec<&str> = alike.iter().map(|alike| id(&alike.found)).collect();
    let held = table.held(attempt.provider, &ids, attempt.me).await?;
    let is_free = |alike: &Candidate<T>| held.iter().all(|held| held != id(&alike.found));
    let mut free: Vec<Candidate<T>> = alike.into_iter().filter(is_free).collect();
    if free.len() > 1 {
        tracing::warn!(
            conversation = %attempt.me.conversation,
            alike = free.len(),
            "more than one looks like the attempt: none is adopted"
        );
        return Ok(Found::Nothing);
    }
    let ripe = free.pop().filter(|alike| attempt.adoptable_at(alike) <= table.now() || is_planted(Bug::AdoptYoung));
    Ok(ripe.map_or(Found::Nothing, |alike| Found::Alike(alike.found)))
}

impl Attempted<'_> {
    /// Returns the time from which a candidate may be claimed for the attempt.
    fn adoptable_at<T>(&self, alike: &Candidate<T>) -> Timestamp {
        let is_prompt = alike.made_at <= self.since + PROMPT;
        let written_down = alike.made_at + ADOPTABLE_AFTER + if is_prompt { Span::ZERO } else { RATHER_ANOTHERS };
        let nearly_given_up = self.since + self.provider.settlement() - OVER_BEFORE;
        if alike.over { written_down.max(nearly_given_up) } else { written_down }
    }
}
