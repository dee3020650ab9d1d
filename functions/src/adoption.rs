//! Whose is what a search found? Where a provider's list does not show our attempts, what looks like one is adopted only
//! where it is the only one, no conversation holds it, and whoever it may belong to has had the time to write that down.
//!
//! The commit that adopts it checks once more that nobody holds it. Whoever the provider names later, in an answer or in a
//! signed callback, takes it over all the same.

use domain::holder::Holder;
use domain::planted::{Bug, is_planted};
use domain::provider::Provider;
use domain::time::{Span, Timestamp};
use providers::{Alike, Sought};
use store::{StoreError, Table};

/// How old something has to be before it is adopted: twice as long as the lease of whoever asked for it, who may have died.
/// By then it is written down, or searched for as well, or told of by a callback.
const ADOPTABLE_AFTER: Span = Span::seconds(120);

/// A request reaches its provider at once. What was made later than this behind an attempt is rather another one's, who is left
/// more time for it.
const PROMPT: Span = Span::seconds(1);
const RATHER_ANOTHERS: Span = Span::seconds(100);

/// How long before an outcome is given up what is over is adopted. There is nothing to be done about it, and an end that was
/// told cannot be taken back: whoever is named has until then.
const OVER_BEFORE: Span = Span::seconds(50);

/// What a search comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found<T> {
    /// Nothing that may be taken for the attempt's.
    Nothing,
    /// What bears our attempt.
    Ours(T),
    /// The only one that looks like it.
    Alike(T),
}

/// The attempt that something is searched for.
pub(crate) struct Attempted<'a> {
    /// Who searches.
    pub me: &'a Holder,
    /// Where.
    pub provider: Provider,
    /// When the attempt began.
    pub since: Timestamp,
}

/// What may be taken for the attempt's, if there is anything.
pub(crate) async fn only_one<T>(
    table: &Table,
    attempt: &Attempted<'_>,
    sought: Sought<T>,
    id: impl Fn(&T) -> &str,
) -> Result<Found<T>, StoreError> {
    let alike = match sought {
        Sought::Nothing => return Ok(Found::Nothing),
        Sought::Ours(found) => return Ok(Found::Ours(found)),
        Sought::Alike(alike) => alike,
    };
    if alike.is_empty() {
        return Ok(Found::Nothing);
    }
    let ids: Vec<&str> = alike.iter().map(|alike| id(&alike.found)).collect();
    let held = table.held(attempt.provider, &ids, attempt.me).await?;
    let is_free = |alike: &Alike<T>| held.iter().all(|held| held != id(&alike.found));
    let mut free: Vec<Alike<T>> = alike.into_iter().filter(is_free).collect();
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
    /// From when on something may be adopted for it.
    fn adoptable_at<T>(&self, alike: &Alike<T>) -> Timestamp {
        let is_prompt = alike.made_at <= self.since + PROMPT;
        let written_down = alike.made_at + ADOPTABLE_AFTER + if is_prompt { Span::ZERO } else { RATHER_ANOTHERS };
        let nearly_given_up = self.since + self.provider.settlement() - OVER_BEFORE;
        if alike.over { written_down.max(nearly_given_up) } else { written_down }
    }
}
