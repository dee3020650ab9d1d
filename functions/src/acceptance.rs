//! Accepting a call: the one path that every front door ends in.
//!
//! A front door translates its request into a [`NewRequest`] and what comes of it into its vendor's words. Everything
//! between is here: the replay, the judgement, the one write, the message.

mod contact;
mod refusal;

use domain::call::{Call, DEFAULT_WINDOW, NewCall, Status, Window};
use domain::conversation::AgentRef;
use domain::fingerprint::Fingerprint;
use domain::ids::{AgentId, Channel, ConversationId, Mode, Scope};
use domain::measure::Measure;
use domain::organization::{Agent, Content, LONGEST_OPENING, Provider, VoiceSettings};
use domain::phone::PhoneNumber;
use domain::phone_input;
use domain::planted::{Bug, is_planted};
use domain::template::{RenderError, Template};
use domain::time::Timestamp;
use domain::wallet::Hold;
use futures::future::join;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::keys::{self, Key};
use store::measures::measure;
use store::{Acceptance, Items, NewAcceptance, Shortage, StoreError, Table, Wallet};

pub(crate) use contact::ContactWish;
pub(crate) use refusal::{Refusal, Wrong};

use crate::app::App;
use crate::auth::Caller;
use crate::key_use;

/// How often an acceptance is written anew, because a wallet or a contact has changed in between.
const TRIES: u32 = 8;

/// What a request asks for, well-formed, whatever vendor's words it came in.
#[derive(Clone, Debug)]
pub(crate) struct NewRequest {
    /// The call that this request is, whoever sends it again; `None` where nothing says so.
    pub id: Option<ConversationId>,
    /// The fingerprint of what was sent.
    pub fingerprint: Fingerprint,
    /// Who is to hold it.
    pub agent: AgentName,
    /// Whom to call.
    pub to: PhoneNumber,
    /// The called number as it was written, where that was not E.164.
    pub raw_number: Option<String>,
    /// What to call from.
    pub sender: Sender,
    /// The values for the agent's placeholders.
    pub variables: Map<String, Value>,
    /// Whether those are kept, or only go into the prompt.
    pub keeps_variables: bool,
    /// What goes back with every event.
    pub metadata: Option<Box<RawValue>>,
    /// The identifier that the client chose for it.
    pub client_call_id: Option<String>,
    /// The agent as the request names it, where that has to be shown again.
    pub requested_agent: Option<String>,
    /// Not dialled before this moment.
    pub not_before: Option<Timestamp>,
    /// Not dialled from this moment on.
    pub not_after: Option<Timestamp>,
    /// The contact it is made for.
    pub contact: ContactWish,
    /// The request as its client was told of it; `None` where there is none any more.
    pub request_id: Option<String>,
}

/// How a request names its agent: the first of these that there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgentName {
    /// Its id, or what would be its id.
    pub ids: Vec<AgentId>,
    /// Another name that it bears.
    pub alias: Option<String>,
    /// The organization's default agent.
    pub or_default: bool,
}

/// What a call is made from.
#[derive(Clone, Debug)]
pub(crate) enum Sender {
    /// The agent's own number, else this one.
    AgentsElse(Option<PhoneNumber>),
    /// This number.
    Given(PhoneNumber),
}

/// A call that was accepted: now, or by the same request before.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// The call, as it is now.
    pub call: Call,
    /// Whether it was accepted before.
    pub replayed: bool,
}

/// Whatever can be told of a request before it is judged: nothing here waits on anything.
pub(crate) fn reads(asked: &NewRequest, scope: &Scope) -> Vec<Key> {
    let mut wanted = asked.suppressions(scope);
    wanted.push(keys::wallet(scope));
    wanted.extend(asked.id.map(keys::call));
    wanted.extend(asked.agent.ids.iter().flat_map(|id| Table::agent_keys(scope, *id)));
    let alias_keys = |alias: &String| Table::agent_alias_keys(scope, Channel::Voice, alias);
    wanted.extend(asked.agent.alias.iter().flat_map(alias_keys));
    wanted.extend(asked.contact.reads(scope, &asked.to));
    wanted
}

/// The call that a request made when it was sent before, as it is now. This is asked before anything of the request is judged:
/// another request under the same key is refused for that alone, whatever else may be wrong with it.
pub(crate) async fn known(
    app: &App,
    items: &Items,
    id: Option<ConversationId>,
    fingerprint: &Fingerprint,
) -> Result<Option<Admitted>, Refusal> {
    // The planted bug judges first.
    let Some(id) = id.filter(|_| !is_planted(Bug::RefuseReplay)) else { return Ok(None) };
    let known: Option<Call> = items.read("call", &keys::call(id))?;
    match known {
        Some(known) => replay(app, fingerprint, known).await.map(Some),
        None => Ok(None),
    }
}

/// Accepts a call: one conditional write, then one message. A replay is answered before anything is judged that may
/// have changed since.
pub(crate) async fn accept(
    app: &App,
    caller: &Caller,
    items: &mut Items,
    asked: &NewRequest,
) -> Result<Admitted, Refusal> {
    let table = &app.store.table;
    let now = table.now();
    table.read_missing(items, reads(asked, &caller.scope)).await?;
    let id = match asked.id {
        Some(id) => id,
        None => ConversationId::random(table.entropy().bytes().map_err(StoreError::from)?),
    };
    if is_planted(Bug::RefuseReplay) {
        must_not_be_suppressed(caller, items, asked)?;
    }
    if let Some(known) = items.read("call", &keys::call(id))? {
        return replay(app, &asked.fingerprint, known).await;
    }
    caller.must_have_left(1, now).map_err(Refusal::Exhausted)?;
    let (new, content) = judge(app, caller, items, asked, id, now).await?;
    write(app, caller, items, asked, new, &content, now).await
}

/// The same key again: the same request is answered with the call as it is now, another one is refused. A call that is
/// overdue is dialled by that: its message may be lost.
async fn replay(app: &App, fingerprint: &Fingerprint, known: Call) -> Result<Admitted, Refusal> {
    if !fingerprint.is(&known.fingerprint) {
        return Err(Refusal::KeyReused);
    }
    if known.status == Status::Queued {
        app.store.wake_if_overdue(&known, app.store.table.now()).await;
    }
    Ok(Admitted { call: known, replayed: true })
}

/// Judges a new request by everything that may change: the organization, the agent, the do-not-call list, the time.
async fn judge(
    app: &App,
    caller: &Caller,
    items: &mut Items,
    asked: &NewRequest,
    id: ConversationId,
    now: Timestamp,
) -> Result<(NewCall, Content), Refusal> {
    if caller.organization.suspended {
        return Err(Refusal::Suspended);
    }
    let agent = agent(app, caller, items, &asked.agent).await?;
    let mut wrong: Vec<Wrong> = Vec::new();
    if asked.not_after.is_some_and(|not_after| not_after <= now) {
        wrong.push(Wrong::WindowPast);
    }
    let from = sender(caller, &asked.sender, &agent).map_err(|error| wrong.push(error)).ok();
    let missing = agent.required_variables.iter().filter(|name| !asked.variables.contains_key(*name));
    wrong.extend(missing.map(|name| Wrong::VariableMissing(name.clone())));
    let prompt = prompt(&agent, &asked.variables, &mut wrong)?;
    let provider = match caller.scope.mode {
        Mode::Test => Provider::Simulator,
        Mode::Live => agent.provider,
    };
    let voice = if provider.is_live() { voice(&agent, &asked.variables, &mut wrong)? } else { None };
    let (Some(from), true) = (from, wrong.is_empty()) else { return Err(Refusal::Wrong(wrong)) };
    caller.organization.may_reach(caller.scope.mode, &from, &asked.to).map_err(Refusal::OutOfReach)?;
    must_not_be_suppressed(caller, items, asked)?;
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

/// The agent that a request names. Another one's, or one of the other channel, is none.
pub(crate) async fn agent(app: &App, caller: &Caller, items: &mut Items, name: &AgentName) -> Result<Agent, Refusal> {
    let scope = &caller.scope;
    let mut ids = name.ids.clone();
    if let Some(alias) = &name.alias {
        // Nothing more is read where the request's own keys were.
        app.store.table.read_missing(items, Table::agent_alias_keys(scope, Channel::Voice, alias)).await?;
        ids.extend(items.agents_named(scope, Channel::Voice, alias)?);
    }
    ids.extend(caller.organization.defaults.voice_agent.filter(|_| name.or_default));
    let wanted = ids.iter().flat_map(|id| Table::agent_keys(scope, *id));
    app.store.table.read_missing(items, wanted).await?;
    let mut texts = false;
    for id in ids {
        let agent = items.agent(scope, id)?;
        texts |= agent.as_ref().is_some_and(|agent| agent.channel == Channel::Sms && name.ids.contains(&id));
        let agent = agent.filter(|agent| agent.channel == Channel::Voice);
        // A name that the agent bore once may still lead to it.
        let bears = |alias: &String, agent: &Agent| agent.aliases().contains(alias);
        let by_id = name.ids.contains(&id) || name.or_default;
        let named = |agent: &Agent| by_id || name.alias.as_ref().is_some_and(|alias| bears(alias, agent));
        if let Some(agent) = agent.filter(named) {
            return Ok(agent);
        }
    }
    Err(if texts { Refusal::AgentTexts } else { Refusal::AgentNotFound })
}

fn must_not_be_suppressed(caller: &Caller, items: &Items, asked: &NewRequest) -> Result<(), Refusal> {
    let is_listed = asked.suppressions(&caller.scope).iter().any(|entry| items.get(entry).is_some());
    if is_listed { Err(Refusal::DoNotCall) } else { Ok(()) }
}

/// The number that calls: the agent's own where it has one. In live mode it is one of the organization's at this moment,
/// whatever it was when the agent was made.
pub(crate) fn sender(caller: &Caller, asked: &Sender, agent: &Agent) -> Result<PhoneNumber, Wrong> {
    let (number, foreign) = match (asked, &agent.number) {
        (Sender::AgentsElse(_), Some(own)) => (own, Wrong::AgentsNumberForeign),
        (Sender::AgentsElse(given), None) => (given.as_ref().ok_or(Wrong::SenderMissing)?, Wrong::SenderForeign),
        (Sender::Given(given), _) => (given, Wrong::SenderForeign),
    };
    if caller.organization.owns(caller.scope.mode, number) { Ok(number.clone()) } else { Err(foreign) }
}

/// The agent's prompt with the request's values in it.
fn prompt(agent: &Agent, values: &Map<String, Value>, wrong: &mut Vec<Wrong>) -> Result<Option<String>, Refusal> {
    let Some(prompt) = &agent.prompt else { return Ok(None) };
    render(prompt, values, wrong)
}

/// What the agent says and does on the call, with the request's values in it.
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

/// Writes the call, and what has to change with it. A wallet or a contact that has changed since it was read is judged
/// again as it is now.
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
    /// The same, as part of this request.
    pub(crate) fn of(self, request_id: Option<String>) -> Self {
        Self { request_id, ..self }
    }

    /// The do-not-call entries of the called number: as it is read, and as its digits were written. Somebody who put the second one
    /// on the list meant the first.
    fn suppressions(&self, scope: &Scope) -> Vec<Key> {
        let written =
            self.raw_number.as_deref().and_then(phone_input::as_written).filter(|written| *written != self.to);
        std::iter::once(&self.to).chain(&written).map(|number| keys::suppression(scope, number)).collect()
    }

    fn window(&self, now: Timestamp) -> Window {
        let not_before = self.not_before.map_or(now, |not_before| not_before.max(now));
        Window { not_before, not_after: self.not_after.unwrap_or(not_before + DEFAULT_WINDOW) }
    }
}

impl AgentName {
    /// The agent of this id.
    pub(crate) fn id(id: AgentId) -> Self {
        Self { ids: vec![id], ..Self::default() }
    }
}
