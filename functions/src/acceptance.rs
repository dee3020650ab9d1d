//! Acceptance: the one path that every front door ends in.
//!
//! A front door translates its request into a [`NewRequest`], and the result into its vendor's format. This module does everything
//! in between: the replay, the validation, the one write and the message. `call.rs` accepts calls, and `sms.rs` validates SMS
//! conversations, `bulk.rs` accepts items of bulk requests. Both use [`judge`] for the parts that they share.

pub(crate) mod bulk;
mod call;
mod contact;
pub(crate) mod limits;
mod refusal;
pub(crate) mod sms;

use domain::agent::Agent;
use domain::ids::{AgentId, Channel, Scope};
use domain::phone::PhoneNumber;
use domain::phone_input;
use serde_json::{Map, Value};
use store::keys::{self, Key};
use store::{Items, Table};

pub(crate) use call::{NewRequest, accept, keys_to_load, known};
pub(crate) use contact::ContactWish;
pub(crate) use refusal::{Refusal, Wrong};

use crate::app::App;
use crate::auth::Caller;

/// Parts of a request that calls and SMS conversations have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// Channel that the agent must have.
    pub(crate) channel: Channel,
    /// Agent, as the request names it.
    pub(crate) agent: &'a AgentName,
    /// Rule for the number that calls or sends.
    pub(crate) sender: &'a Sender,
    /// Values for the agent's placeholders.
    pub(crate) variables: &'a Map<String, Value>,
}

/// Result of validating the common parts.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Agent that the request names.
    pub(crate) agent: Agent,
    /// Number that calls or sends. `None` if an error in `wrong` says why there is none.
    pub(crate) from: Option<PhoneNumber>,
    /// Fields that are invalid.
    pub(crate) wrong: Vec<Wrong>,
}

/// Names by which a request selects its agent. The first one that leads to an agent counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgentName {
    /// Ids that the agent may have: the one in the request, or the one that follows from a slug.
    pub(crate) ids: Vec<AgentId>,
    /// Other name of the agent: its number, or its id at another vendor.
    pub(crate) alias: Option<String>,
    /// `true` if the organization's default agent may be used.
    pub(crate) or_default: bool,
}

/// Rule for the number that a call or an SMS message comes from.
#[derive(Clone, Debug)]
pub(crate) enum Sender {
    /// The agent's own number. If it has none, this number.
    AgentsElse(Option<PhoneNumber>),
    /// This number, even if the agent has its own.
    Given(PhoneNumber),
}

/// Validates the parts that calls and SMS conversations have in common: organization, agent, sender and required variables.
///
/// # Errors
/// [`Refusal`] if the organization is suspended, or if the agent is not found.
pub(crate) async fn judge(app: &App, caller: &Caller, items: &mut Items, asked: &Asked<'_>) -> Result<Judged, Refusal> {
    if caller.organization.suspended {
        return Err(Refusal::Suspended);
    }
    let agent = agent(app, caller, items, asked.agent, asked.channel).await?;
    let mut wrong = Vec::new();
    let from = sender(caller, asked.sender, &agent).map_err(|error| wrong.push(error)).ok();
    let missing = agent.required_variables.iter().filter(|name| !asked.variables.contains_key(*name));
    wrong.extend(missing.map(|name| Wrong::VariableMissing(name.clone())));
    Ok(Judged { agent, from, wrong })
}

/// Checks that the organization may contact a number now, by its countries and by the do-not-call list.
///
/// # Errors
/// [`Refusal::OutOfReach`] or [`Refusal::DoNotCall`].
pub(crate) fn must_be_contactable(
    caller: &Caller,
    items: &Items,
    from: &PhoneNumber,
    to: &PhoneNumber,
    suppressions: &[Key],
) -> Result<(), Refusal> {
    caller.organization.may_reach(caller.scope.mode, from, to).map_err(Refusal::OutOfReach)?;
    must_not_be_suppressed(items, suppressions)
}

/// Checks that none of these do-not-call entries exists.
///
/// # Errors
/// [`Refusal::DoNotCall`] if one does.
pub(crate) fn must_not_be_suppressed(items: &Items, suppressions: &[Key]) -> Result<(), Refusal> {
    if suppressions.iter().any(|entry| items.get(entry).is_some()) { Err(Refusal::DoNotCall) } else { Ok(()) }
}

/// Returns the keys of a number's do-not-call entries: one for the number as it was parsed, and one for its digits as they were
/// written, if those differ. A person who entered the second form meant the same number.
pub(crate) fn suppression_keys(scope: &Scope, to: &PhoneNumber, written: Option<&str>) -> Vec<Key> {
    let written = written.and_then(phone_input::as_written).filter(|written| written != to);
    std::iter::once(to).chain(&written).map(|number| keys::suppression(scope, number)).collect()
}

/// Returns the agent that a request names. Another organization's agent is not found.
///
/// # Errors
/// [`Refusal::AgentNotFound`], or [`Refusal::AgentOfOtherChannel`] if the request names an agent of the other channel by its
/// id.
pub(crate) async fn agent(
    app: &App,
    caller: &Caller,
    items: &mut Items,
    name: &AgentName,
    channel: Channel,
) -> Result<Agent, Refusal> {
    let scope = &caller.scope;
    let mut ids = name.ids.clone();
    if let Some(alias) = &name.alias {
        // Reads nothing if the keys of the request's aliases were loaded before.
        app.store.table.read_missing(items, Table::agent_alias_keys(scope, channel, alias)).await?;
        ids.extend(items.agents_named(scope, channel, alias)?);
    }
    ids.extend(caller.organization.defaults.voice_agent.filter(|_| name.or_default && channel == Channel::Voice));
    let wanted = ids.iter().flat_map(|id| Table::agent_keys(scope, *id));
    app.store.table.read_missing(items, wanted).await?;
    let mut is_of_other_channel = false;
    for id in ids {
        let agent = items.agent(scope, id)?;
        is_of_other_channel |= agent.as_ref().is_some_and(|agent| agent.channel != channel && name.ids.contains(&id));
        let agent = agent.filter(|agent| agent.channel == channel);
        // A name that the agent had before may still lead to it.
        let bears = |alias: &String, agent: &Agent| agent.aliases().contains(alias);
        let by_id = name.ids.contains(&id) || name.or_default;
        let named = |agent: &Agent| by_id || name.alias.as_ref().is_some_and(|alias| bears(alias, agent));
        if let Some(agent) = agent.filter(named) {
            return Ok(agent);
        }
    }
    Err(if is_of_other_channel { Refusal::AgentOfOtherChannel(channel) } else { Refusal::AgentNotFound })
}

/// Returns the number that calls or sends. In live mode it must belong to the organization now. Ownership at the time when the
/// agent was created does not count.
fn sender(caller: &Caller, asked: &Sender, agent: &Agent) -> Result<PhoneNumber, Wrong> {
    let (number, foreign) = match (asked, &agent.number) {
        (Sender::AgentsElse(_), Some(own)) => (own, Wrong::AgentsNumberForeign),
        (Sender::AgentsElse(given), None) => (given.as_ref().ok_or(Wrong::SenderMissing)?, Wrong::SenderForeign),
        (Sender::Given(given), _) => (given, Wrong::SenderForeign),
    };
    if caller.organization.owns(caller.scope.mode, number) { Ok(number.clone()) } else { Err(foreign) }
}

impl AgentName {
    /// Returns the name of the agent with this id.
    pub(crate) fn id(id: AgentId) -> Self {
        Self { ids: vec![id], ..Self::default() }
    }
}
