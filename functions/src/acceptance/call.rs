//! The acceptance of a call.

use domain::agent::Agent;
use domain::agent::AgentRef;
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

/// A call that was accepted: now, or by the same request before.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// The call, as it is now.
    pub call: Call,
    /// Whether it was accepted before.
    pub replayed: bool,
}

/// Whatever can be told of a request before it is judged: nothing here waits on anything.
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

    fn suppressions(&self, scope: &Scope) -> Vec<Key> {
        suppression_keys(scope, &self.to, self.raw_number.as_deref())
    }

    fn window(&self, now: Timestamp) -> Window {
        let not_before = self.not_before.map_or(now, |not_before| not_before.max(now));
        Window { not_before, not_after: self.not_after.unwrap_or(not_before + DEFAULT_WINDOW) }
    }
}
