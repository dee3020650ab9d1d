//! `POST /ai/phone-calls/action/call-bulk`: accepts up to 1,000 calls in the `levers` dialect. Each item succeeds or fails on its own.
//!
//! An item's id is derived from the request and the item's position. So a replay finds the accepted items and completes the rest. Up to
//! 100 items are accepted within the request; larger requests go through a queue. Refused items are recorded next to the bulk request.

use std::collections::{BTreeMap, HashMap};

use domain::fingerprint::Fingerprint;
use domain::ids::{Channel, ConversationId, Operation, Scope};
use domain::key::Permission;
use futures::FutureExt;
use futures::future::join;
use futures::stream::{self, StreamExt};
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::keys::{self, Key};
use store::{Bulk, BulkRefusal, Items, StoreError, Wallet};

use super::levers::{Callee, Settings, refused};
use super::levers_bulk_item::BulkItemJob;
use super::levers_bulk_request::LeversBulkRequest;
use crate::acceptance::bulk::{CONCURRENCY, accept_item, enqueue, item_id, settled};
use crate::acceptance::{self, Refusal};
use crate::app::App;
use crate::auth::Caller;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};
use crate::{idempotency, key_use};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "levers-call-bulk",
    trigger: Trigger::Http(
        Route::with_key(
            "POST",
            "/ai/phone-calls/action/call-bulk",
            Permission::CanInitiateCalls,
            keys_to_load,
            |authorized| handle(authorized).boxed(),
        )
        .with_idempotency_key(KeyUse::Optional)
        .in_dialect(Dialect::Levers)
        .with_bodies_of(MAX_BODY_BYTES),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Largest body, in bytes. It holds a thousand contacts with several fields each.
pub(crate) const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Error code of an item with the same number as an earlier item.
const DUPLICATE: &str = "duplicate_number";

/// Largest number of items that are accepted within the request.
const AT_ONCE: usize = 100;

/// Accepted bulk request.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LeversBulk))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accepted {
    /// Id of the bulk request.
    bulk_id: ConversationId,
    /// Number of items.
    total: usize,
    /// Number of items accepted so far.
    accepted: usize,
    /// Number of items refused so far.
    refused: usize,
    /// Number of items that wait for acceptance. A replay shows their later result.
    queued: usize,
    /// State of each item, in the order of the request.
    items: Vec<ItemState>,
}

/// State of an item of a bulk request.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LeversBulkItem))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemState {
    /// Position of the item in the request, from 0.
    index: u32,
    /// Status of the item: `accepted`, `refused` or `queued`.
    status: &'static str,
    /// Id of the item's call. It is final, even while the item is queued.
    conversation_id: ConversationId,
    /// Reason for the refusal, as `<code>: <message>`; null if the item is not refused.
    detail: Option<String>,
}

/// Valid bulk request.
#[derive(Debug)]
struct Asked {
    callees: Vec<Callee>,
    settings: Settings,
    fingerprint: Fingerprint,
    request_id: String,
}

/// Returns the keys of the bulk request and of the wallet.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let known = id(request, scope).map(|id| keys::bulk(scope, id));
    known.into_iter().chain([keys::wallet(scope)]).collect()
}

/// Returns the id of the bulk request, derived from the idempotency key. Returns `None` without a key.
fn id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| bulk_id(scope, &key))
}

/// Accepts the items of a bulk request. A replay returns their state and continues with the items that are not settled.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, mut items } = authorized;
    let table = &app.store.table;
    let id = match id(request, &caller.scope) {
        Some(id) => id,
        None => ConversationId::random(table.entropy().bytes()?),
    };
    let mut counted = 0;
    let mut known: Option<Bulk> = items.read("bulk request", &keys::bulk(&caller.scope, id))?;
    must_be_same(request, known.as_ref())?;
    let mut asked = Asked::parse(request)?;
    if known.is_none() {
        let calls = u32::try_from(asked.callees.len()).unwrap_or(u32::MAX);
        caller.check_rate_limit(calls, table.now())?;
        caller.must_not_be_suspended()?;
        acceptance::agent(app, &caller, &mut items, &asked.settings.agent(), Channel::Voice).await.map_err(refused)?;
        let fingerprint = asked.fingerprint.clone().into();
        let bulk = Bulk { id, fingerprint, items: asked.callees.len(), created_at: table.now() };
        known = table.begin_bulk(&caller.scope, &bulk).await?;
        counted = if known.is_none() { calls } else { 0 };
    }
    must_be_same(request, known.as_ref())?;
    let mut states = match &known {
        Some(known) => {
            // The items keep the fingerprint of the first request, in whatever version of the format that is.
            asked.fingerprint = Fingerprint::stored(known.fingerprint.clone());
            let outcomes = settled(table, &caller.scope, id, asked.callees.len()).await?;
            outcomes
                .into_iter()
                .map(|(index, refusal)| (index, ItemState::settled(&caller.scope, id, index, refusal.as_ref())))
                .collect()
        }
        None => BTreeMap::new(),
    };
    refuse_duplicates(app, &caller, id, &asked, &mut states).await?;
    let is_metered = Wallet::from_items(&caller.scope, &items)?.is_some();
    // The calls of all items are counted together, so each item is accepted without an API key.
    let service = Caller { key: None, ..caller.clone() };
    let counted = key_use::count_calls(app, caller.key.as_ref(), counted, table.now());
    join(go_on(app, &service, id, asked, is_metered, &mut states), counted).await.0?;
    let response = Response::json(StatusCode::CREATED, &Accepted::new(id, states))?;
    Ok(if known.is_some() { response.replayed() } else { response })
}

fn must_be_same(request: &Request, known: Option<&Bulk>) -> Result<(), ApiError> {
    known.map_or(Ok(()), |known| idempotency::same_request(request, &known.fingerprint))
}

/// Refuses items with the same number as an earlier item, in any notation. A request calls each number once.
async fn refuse_duplicates(
    app: &App,
    caller: &Caller,
    id: ConversationId,
    asked: &Asked,
    states: &mut BTreeMap<u32, ItemState>,
) -> Result<(), StoreError> {
    let mut first = HashMap::new();
    for (index, callee) in (0_u32..).zip(&asked.callees) {
        let Ok(number) = callee.to(&asked.settings, Some(&caller.organization)) else { continue };
        let earlier = *first.entry(number).or_insert(index);
        if earlier == index || states.contains_key(&index) {
            continue;
        }
        let message = format!("numberToCall is the number of contacts[{earlier}], and one request calls a number once");
        let refusal = BulkRefusal { index, code: DUPLICATE.to_owned(), message };
        app.store.table.refuse_bulk_item(&caller.scope, id, &refusal).await?;
        states.insert(index, ItemState::refused(&caller.scope, id, &refusal));
    }
    Ok(())
}

fn bulk_id(scope: &Scope, key: &str) -> ConversationId {
    ConversationId::for_key(scope, Operation::LeversBulkItem, key)
}

/// Accepts the items without a known result, or enqueues them.
async fn go_on(
    app: &App,
    caller: &Caller,
    id: ConversationId,
    asked: Asked,
    is_metered: bool,
    states: &mut BTreeMap<u32, ItemState>,
) -> Result<(), ApiError> {
    let at_once = asked.callees.len() <= AT_ONCE;
    let job = |(index, callee)| BulkItemJob {
        v: store::MESSAGE_VERSION,
        scope: caller.scope.clone(),
        bulk: id,
        index,
        fingerprint: asked.fingerprint.clone().into(),
        callee,
        settings: asked.settings.clone(),
        request_id: Some(asked.request_id.clone()),
    };
    let open = (0_u32..).zip(asked.callees).filter(|(index, _)| !states.contains_key(index));
    let mut open: Vec<BulkItemJob> = open.map(job).collect();
    if at_once {
        let tried = stream::iter(open).map(|job| async move {
            let outcome =
                accept_item(app, caller, &mut Items::default(), job.item(&caller.organization), refused).await;
            (job, outcome)
        });
        let tried: Vec<_> = tried.buffer_unordered(CONCURRENCY).collect().await;
        open = Vec::new();
        for (job, outcome) in tried {
            match outcome {
                Ok(refusal) => {
                    let state = ItemState::settled(&caller.scope, id, job.index, refusal.as_ref());
                    states.insert(job.index, state);
                }
                // The queue retries items that cannot be decided now.
                Err(Refusal::TooFast | Refusal::Failed(_)) => open.push(job),
                Err(other) => return Err(refused(other)),
            }
        }
    }
    enqueue(app, &caller.scope, &open, is_metered).await?;
    for job in open {
        states.insert(job.index, ItemState::new(&caller.scope, id, job.index, "queued"));
    }
    Ok(())
}

impl Asked {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let (callees, settings) = LeversBulkRequest::parse(request)?.into_parts();
        Ok(Self { callees, settings, fingerprint: request.fingerprint(), request_id: request.request_id.clone() })
    }
}

impl ItemState {
    fn settled(scope: &Scope, bulk: ConversationId, index: u32, refusal: Option<&BulkRefusal>) -> Self {
        refusal.map_or_else(|| Self::new(scope, bulk, index, "accepted"), |refusal| Self::refused(scope, bulk, refusal))
    }

    fn new(scope: &Scope, bulk: ConversationId, index: u32, status: &'static str) -> Self {
        Self { index, status, conversation_id: item_id(scope, bulk, index), detail: None }
    }

    fn refused(scope: &Scope, bulk: ConversationId, refusal: &BulkRefusal) -> Self {
        let detail = Some(format!("{}: {}", refusal.code, refusal.message));
        Self { detail, ..Self::new(scope, bulk, refusal.index, "refused") }
    }
}

impl Accepted {
    fn new(bulk_id: ConversationId, states: BTreeMap<u32, ItemState>) -> Self {
        let count = |status: &str| states.values().filter(|state| state.status == status).count();
        Self {
            bulk_id,
            total: states.len(),
            accepted: count("accepted"),
            refused: count("refused"),
            queued: count("queued"),
            items: states.into_values().collect(),
        }
    }
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use crate::dialects::levers_bulk_request::LeversBulkRequest;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, accepted, body, conflict, operation, problem};
    use crate::openapi::{parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let own = vec![
            ApiError::NotFound("agent"),
            conflict(),
            ApiError::PayloadTooLarge(super::MAX_BODY_BYTES),
            ApiError::UnsupportedMediaType,
            ApiError::KeyReused,
            problem("contacts", "too_short", "List should have at least 1 item after validation, not 0"),
        ];
        operation("levers", "Place many calls in the words of levers", LEVERS_BULK)
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema::of::<LeversBulkRequest>(), Required::True))
            .response("201", accepted(None, schema::of::<super::Accepted>()))
            .schema::<LeversBulkRequest>(schema::as_it_is)
            .schema::<super::Accepted>(schema::always_there)
            .schema::<super::ItemState>(schema::always_there)
            .refused(own)
    }

    const LEVERS_BULK: &str = "Up to 1,000 calls, in a body of 2 MiB at most. What is wrong with the form of any item refuses the \
    request; everything else is judged item by item. A number that stands in several items is called once: the later items are refused \
    as duplicates of the first. Up to 100 items are accepted before the answer, more of them behind it. \
    A replay under the same `Idempotency-Key` shows what became of each item, and completes what was not. An item that was \
    refused stays refused.";

    fn request() -> Value {
        json!({
            "contacts": [{"numberToCall": "+15555550123", "firstName": "Ada"}, {"numberToCall": "555 555 0124"}],
            "countryCode": "US"
        })
    }
}
