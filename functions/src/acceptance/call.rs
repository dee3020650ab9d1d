//! Acceptance of a call.

use domain::agent::{Agent, AgentRef};
use domain::call::{Call, DEFAULT_WINDOW, NewCall, Status, Window};
use domain::fingerprint::Fingerprint;
use domain::ids::{Channel, ConversationId, Mode, Scope};
use domain::measure::Measure;
use domain::payload::Content;
use domain::phone::PhoneNumber;
use domain::planted::{Bug, is_planted};
use domain::provider::Provider;
use domain::template::{RenderError, Template};
use domain::time::Timestamp;
use domain::voice_settings::{LONGEST_OPENING, VoiceSettings};
use domain::wallet::Hold;
use futures::future::join;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::keys::{self, Key};
use store::measures::measure;
use store::{Acceptance, Items, NewAcceptance, Shortage, StoreError, Table, Wallet};

use super::{
    AgentName, Asked, ContactWish, Judged, Refusal, Sender, Wrong, must_be_contactable, must_not_be_suppressed,
    suppression_keys,
};
use crate::app::App;
use crate::auth::Caller;
use crate::key_use;

/// Maximum number of tries to write an acceptance. A try is repeated if a wallet or a contact has changed in between.
const TRIES: u32 = 8;

/// Well-formed request for a call, independent of its dialect.
#[derive(Clone, Debug)]
pub(crate) struct NewRequest {
    /// Id of the call that the same request always creates. `None` if nothing in the request determines it.
    pub id: Option<ConversationId>,
    /// Fingerprint of the request.
    pub fingerprint: Fingerprint,
    /// Agent that holds the call.
    pub agent: AgentName,
    /// Number to call.
    pub to: PhoneNumber,
    /// Number to call as it was written, if that was not E.164.
    pub raw_number: Option<String>,
    /// Rule for the number to call from.
    pub sender: Sender,
    /// Values for the agent's placeholders.
    pub variables: Map<String, Value>,
    /// `true` if the variables are stored. Otherwise they are used in the prompt only.
    pub keeps_variables: bool,
    /// Metadata that every event of the call repeats.
    pub metadata: Option<Box<RawValue>>,
    /// Id that the client chose for the call.
    pub client_call_id: Option<String>,
    /// Agent as the request names it, if the front door shows that again.
    pub requested_agent: Option<String>,
    /// Time before which the call is not dialled.
    pub not_before: Option<Timestamp>,
    /// Time from which the call is not dialled any more.
    pub not_after: Option<Timestamp>,
    /// Contact that the call is made for.
    pub contact: ContactWish,
    /// Id of the request, as its client was told. `None` if it is not known any more.
    pub request_id: Option<String>,
}

/// Call that was accepted, now or by the same request before.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// Call in its current state.
    pub call: Call,
    /// `true` if the call was accepted before.
    pub replayed: bool,
}

/// Returns the keys of all items that are known to be needed before the request is validated. They are independent of each
/// other, so one read loads them all.
pub(crate) fn keys_to_load(asked: &NewRequest, scope: &Scope) -> Vec<Key> {
    let mut wanted = asked.suppressions(scope);
    wanted.push(keys::wallet(scope));
    wanted.extend(asked.id.map(keys::call));
    wanted.extend(asked.agent.ids.iter().flat_map(|id| Table::agent_keys(scope, *id)));
    let alias_keys = |alias: &String| Table::agent_alias_keys(scope, Channel::Voice, alias);
    wanted.extend(asked.agent.alias.iter().flat_map(alias_keys));
    wanted.extend(asked.contact.reads(scope, &asked.to));
    wanted
}

/// Returns the call that the same request created before, in its current state. Handlers ask for it before they validate the
/// request. A different request under the same key is refused for that alone, whatever else is wrong with it.
pub(crate) async fn known(
    app: &App,
    items: &Items,
    id: Option<ConversationId>,
    fingerprint: &Fingerprint,
) -> Result<Option<Admitted>, Refusal> {
    // The planted bug validates first.
    let Some(id) = id.filter(|_| !is_planted(Bug::RefuseReplay)) else { return Ok(None) };
    let known: Option<Call> = items.read("call", &keys::call(id))?;
    match known {
        Some(known) => replay(app, fingerprint, known).await.map(Some),
        None => Ok(None),
    }
}

/// Accepts a call by one conditional write and one message. A replay is answered before anything is checked that may have
/// changed since.
pub(crate) async fn accept(
    app: &App,
    caller: &Caller,
    items: &mut Items,
    asked: &NewRequest,
) -> Result<Admitted, Refusal> {
    let table = &app.store.table;
    let now = table.now();
    table.read_missing(items, keys_to_load(asked, &caller.scope)).await?;
    let id = match asked.id {
        Some(id) => id,
        None => ConversationId::random(table.entropy().bytes().map_err(StoreError::from)?),
    };
    if is_planted(Bug::RefuseReplay) {
        must_not_be_suppressed(items, &asked.suppressions(&caller.scope))?;
    }
    if let Some(known) = items.read("call", &keys::call(id))? {
        return replay(app, &asked.fingerprint, known).await;
    }
    caller.check_rate_limit(1, now).map_err(Refusal::Exhausted)?;
    let (new, content) = judge(app, caller, items, asked, id, now).await?;
    write(app, caller, items, asked, new, &content, now).await
}

/// Answers a replay with the call in its current state, and refuses a different request under the same key. If the call is
/// queued and overdue, its message may be lost, so it is enqueued again.
async fn replay(app: &App, fingerprint: &Fingerprint, known: Call) -> Result<Admitted, Refusal> {
    if !fingerprint.is(&known.fingerprint) {
        return Err(Refusal::KeyReused);
    }
    if known.status == Status::Queued {
        app.store.wake_if_overdue(&known, app.now()).await;
    }
    Ok(Admitted { call: known, replayed: true })
}

/// Validates a new request against everything that may change: the organization, the agent, the do-not-call list and the time.
async fn judge(
    app: &App,
    caller: &Caller,
    items: &mut Items,
    asked: &NewRequest,
    id: ConversationId,
    now: Timestamp,
) -> Result<(NewCall, Content), Refusal> {
    let common =
        Asked { channel: Channel::Voice, agent: &asked.agent, sender: &asked.sender, variables: &asked.variables };
    let Judged { agent, from, mut wrong } = super::judge(app, caller, items, &common).await?;
    if asked.not_after.is_some_and(|not_after| not_after <= now) {
        wrong.insert(0, Wrong::WindowPast);
    }
    let prompt = prompt(&agent, &asked.variables, &mut wrong)?;
    let provider = match caller.scope.mode {
        Mode::Test => Provider::Simulator,
        Mode::Live => agent.provider,
    };
    let voice = if provider.is_live() { voice(&agent, &asked.variables, &mut wrong)? } else { None };
    let (Some(from), true) = (from, wrong.is_empty()) else { return Err(Refusal::Wrong(wrong)) };
    must_be_contactable(caller, items, &from, &asked.to, &asked.suppressions(&caller.scope))?;
    let content = Content {
        dynamic_variables: if asked.keeps_variables { asked.variables.clone() } else { Map::new() },
        prompt,
        voice,
        raw_number: asked.raw_number.clone(),
        client_call_id: asked.client_call_id.clone(),
        requested_agent: asked.requested_agent.clone(),
        metadata: asked.metadata.clone(),
    };
    let new = NewCall {
        id,
        scope: caller.scope.clone(),
        fingerprint: asked.fingerprint.clone().into(),
        provider,
        agent: AgentRef { id: agent.id, slug: agent.slug, name: agent.name, version: agent.version },
        to: asked.to.clone(),
        from,
        window: asked.window(now),
        limits: agent.limits,
        retention: agent.retention,
        contact: None,
        hold: None,
        request_id: asked.request_id.clone(),
    };
    Ok((new, content))
}

/// Renders the agent's prompt with the variables of the request.
fn prompt(agent: &Agent, values: &Map<String, Value>, wrong: &mut Vec<Wrong>) -> Result<Option<String>, Refusal> {
    let Some(prompt) = &agent.prompt else { return Ok(None) };
    render(prompt, values, wrong)
}

/// Renders the agent's voice settings with the variables of the request.
fn voice(agent: &Agent, values: &Map<String, Value>, wrong: &mut Vec<Wrong>) -> Result<Option<VoiceSettings>, Refusal> {
    let Some(mut voice) = agent.voice.clone() else { return Ok(None) };
    if let Some(template) = &voice.opening {
        voice.opening = render(template, values, wrong)?;
    }
    if voice.opening.as_ref().is_some_and(|opening| opening.chars().count() > LONGEST_OPENING) {
        wrong.push(Wrong::OpeningTooLong);
    }
    Ok(Some(voice))
}

fn render(text: &str, values: &Map<String, Value>, wrong: &mut Vec<Wrong>) -> Result<Option<String>, Refusal> {
    let template = Template::parse(text).map_err(|error| StoreError::corrupt("agent's template", error))?;
    match template.render(values) {
        Ok(rendered) => return Ok(Some(rendered)),
        Err(RenderError::TooLong) => wrong.push(Wrong::PromptTooLong),
        Err(RenderError::Unusable(unusable)) => {
            let known = wrong.clone();
            let told = unusable.into_iter().map(|one| Wrong::VariableUnusable(one.path, one.problem.to_string()));
            wrong.extend(told.filter(|new| known.iter().all(|known| known.variable() != new.variable())));
        }
    }
    Ok(None)
}

/// Writes the call, together with the changes to the wallet and the contact. If one of these has changed since it was read, the
/// change is computed again from its current state.
async fn write(
    app: &App,
    caller: &Caller,
    items: &Items,
    asked: &NewRequest,
    new: NewCall,
    content: &Content,
    now: Timestamp,
) -> Result<Admitted, Refusal> {
    let (table, scope) = (&app.store.table, &caller.scope);
    let mut wallet = Wallet::from_items(scope, items)?;
    let mut plan = asked.contact.plan(scope, &asked.to, items, now, 0)?;
    for attempt in 1..=TRIES {
        let hold = wallet.as_ref().map(|wallet| hold(wallet, &new, now)).transpose()?;
        let call = Call::accept(NewCall { contact: plan.contact, hold, ..new.clone() }, now)
            .detecting_machines(content.voice.as_ref().is_some_and(|voice| voice.detect_machines));
        let acceptance = NewAcceptance { call: &call, content, wallet: wallet.as_ref(), contact: plan.change.as_ref() };
        match table.accept(acceptance, now).await? {
            Acceptance::Existing(known) => return replay(app, &asked.fingerprint, *known).await,
            Acceptance::WalletChanged(changed) => wallet = Some(*changed),
            Acceptance::ContactChanged => {
                let items = table.read(asked.contact.reads(scope, &asked.to)).await?;
                plan = asked.contact.plan(scope, &asked.to, &items, now, attempt)?;
            }
            Acceptance::Fresh => {
                measure(Measure::Accepted, 1);
                let counted = key_use::count_calls(app, caller.key.as_ref(), 1, now);
                join(app.store.wake(&call, now), counted).await;
                return Ok(Admitted { call, replayed: false });
            }
        }
    }
    Err(Refusal::from(StoreError::Conflict))
}

fn hold(wallet: &Wallet, new: &NewCall, now: Timestamp) -> Result<Hold, Refusal> {
    let hold = Hold::required(&wallet.rate, &new.limits);
    match wallet.shortage(&hold, now) {
        None => Ok(hold),
        Some(Shortage::Pace) => Err(Refusal::TooFast),
        Some(Shortage::Funds) => Err(Refusal::InsufficientFunds {
            balance_minor: wallet.balance_minor,
            required_minor: hold.amount_minor,
            currency: hold.rate.currency,
        }),
    }
}

impl NewRequest {
    /// Returns the same request with the id of the HTTP request that it is a part of.
    pub(crate) fn of(self, request_id: Option<String>) -> Self {
        Self { request_id, ..self }
    }

    fn suppressions(&self, scope: &Scope) -> Vec<Key> {
        suppression_keys(scope, &self.to, self.raw_number.as_deref())
    }

    fn window(&self, now: Timestamp) -> Window {
        let not_before = self.not_before.map_or(now, |not_before| not_before.max(now));
        Window { not_before, not_after: self.not_after.unwrap_or(not_before + DEFAULT_WINDOW) }
    }
}
