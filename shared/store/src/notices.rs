//! Events about an endpoint itself. They belong to no conversation, and each has a log of its own.

use aws_sdk_dynamodb::types::Update;
use domain::audit::{Action, Actor, AuditEntry};
use domain::endpoint::{Endpoint, EndpointDisabled, WebhookTest};
use domain::ids::{ConversationId, EndpointId, Scope};
use domain::log::{Entry, Event, LogEntry};
use domain::time::{Span, Timestamp};

use crate::backoff::Backoff;
use crate::commit::Store;
use crate::effects::{delivery_jobs, log_items};
use crate::endpoints::Owned;
use crate::error::StoreError;
use crate::item::{self, EXPIRES_AT, number};
use crate::keys;
use crate::queue::{DeliveryJob, MESSAGE_VERSION};
use crate::table::Table;
use crate::write::{CONFLICT_PATIENCE_MS, MUST_BE_NEW, Written, transact_put, transact_update};

/// Largest number of test events that an endpoint is sent in a minute.
pub const MOST_TESTS_A_MINUTE: u32 = 10;

/// Attribute with the count of test events.
const COUNT: &str = "count";

/// Lifetime of a minute's count.
const COUNT_KEPT: Span = Span::hours(1);

/// Result of a test request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tested {
    /// The test event was written and enqueued.
    Sent,
    /// The same idempotency key has already requested this test.
    SentBefore,
    /// The idempotency key was used for another endpoint's test.
    OfAnother,
    /// The endpoint has had its largest number of test events in this minute.
    TooMany {
        /// Time until the minute ends.
        wait: Span,
    },
}

/// Positions in the transaction of the writes whose refusals have a meaning of their own.
const COUNTED: usize = 0;
const LOGGED: usize = 1;

impl Store {
    /// Disables an endpoint, stores the reason on it, and sends an event to the scope's other endpoints. Does nothing
    /// if the endpoint is deleted or already disabled. With `failing_since`, also does nothing if the failure since
    /// then is over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn disable_endpoint(
        &self,
        scope: &Scope,
        id: EndpointId,
        reason: &str,
        failing_since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let table = &self.table;
        let mut backoff = Backoff::new(table.clock(), CONFLICT_PATIENCE_MS);
        loop {
            let now = table.now();
            let Some(Owned { mut organization, version, endpoint: Some(mut endpoint), failing }) =
                table.endpoint_with_owner(scope, id).await?
            else {
                return Ok(());
            };
            let is_over = failing_since.is_some_and(|since| failing.is_none_or(|failing| failing.since != since));
            if !endpoint.enabled || is_over {
                return Ok(());
            }
            endpoint.enabled = false;
            endpoint.disabled_reason = Some(reason.to_owned());
            endpoint.updated_at = now;
            for entry in organization.endpoints.iter_mut().filter(|entry| entry.id == id) {
                entry.enabled = false;
            }
            let log_id = ConversationId::random(table.entropy().bytes()?);
            let log = [notice(Event::EndpointDisabled(disabled(&endpoint, reason, now)), now)];
            let jobs = delivery_jobs(log_id, scope, &log, &organization);
            let mut writes = vec![
                transact_update(table.endpoint_update(scope, &endpoint, false, failing_since)?),
                table.audit_write(&scope.organization, &entry_of(scope, id, now))?,
            ];
            if !jobs.is_empty() {
                for item in log_items(log_id, &log, &jobs, None, now)? {
                    writes.push(transact_put(table.put_of(item, None)?));
                }
            }
            if table.change_with_owner(&organization, version, writes).await? {
                self.enqueue_deliveries(&jobs).await;
                return Ok(());
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Sends an endpoint a test event, whatever its subscriptions are. `log_id` is the log that contains the event.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn test_endpoint(
        &self,
        scope: &Scope,
        endpoint: EndpointId,
        log_id: ConversationId,
    ) -> Result<Tested, StoreError> {
        let table = &self.table;
        let now = table.now();
        let event = Event::WebhookTest(WebhookTest { endpoint_id: endpoint, requested_at: now });
        let log = [notice(event, now)];
        let job =
            DeliveryJob { v: MESSAGE_VERSION, conversation: log_id, scope: scope.clone(), log_number: 1, endpoint };
        let jobs = [job];
        let mut writes = vec![transact_update(table.test_count(scope, endpoint, now)?)];
        for item in log_items(log_id, &log, &jobs, None, now)? {
            writes.push(transact_put(table.put_of(item, Some(MUST_BE_NEW))?));
        }
        match table.transact(writes).await? {
            Written::Done => {
                self.enqueue_deliveries(&jobs).await;
                Ok(Tested::Sent)
            }
            Written::Refused { position: COUNTED, .. } => {
                let minute = Span::minutes(1).as_seconds_rounded_up();
                let past = u32::try_from(now.as_seconds().rem_euclid(minute)).unwrap_or(0);
                Ok(Tested::TooMany { wait: Span::seconds(60 - past) })
            }
            Written::Refused { position: LOGGED, .. } => {
                let delivery = keys::delivery(log_id, 1, endpoint);
                let is_same = table.read([delivery.clone()]).await?.get(&delivery).is_some();
                Ok(if is_same { Tested::SentBefore } else { Tested::OfAnother })
            }
            Written::Refused { .. } => Ok(Tested::SentBefore),
        }
    }
}

impl Table {
    /// Builds the update that counts a test event, on the condition that the minute's limit is not reached.
    fn test_count(&self, scope: &Scope, endpoint: EndpointId, now: Timestamp) -> Result<Update, StoreError> {
        let key = keys::test_count(scope, endpoint, now.as_seconds().div_euclid(60));
        Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&key)))
            .update_expression("SET #expires = :expires ADD #count :one")
            .condition_expression("attribute_not_exists(#count) OR #count < :most")
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":expires", number((now + COUNT_KEPT).as_seconds()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(MOST_TESTS_A_MINUTE))
            .build()
            .map_err(|error| StoreError::aws("UpdateItem", error))
    }
}

fn notice(event: Event, now: Timestamp) -> LogEntry {
    LogEntry { number: 1, at: now, entry: Entry::Notice { channel: None, agent: None, event } }
}

fn disabled(endpoint: &Endpoint, reason: &str, now: Timestamp) -> EndpointDisabled {
    let (endpoint_id, url, reason) = (endpoint.id, endpoint.url.clone(), reason.to_owned());
    EndpointDisabled { endpoint_id, url, reason, disabled_at: now }
}

fn entry_of(scope: &Scope, endpoint: EndpointId, at: Timestamp) -> AuditEntry {
    let (action, mode) = (Action::WebhookDisabled, Some(scope.mode));
    AuditEntry { at, actor: Actor::Service, action, target: endpoint.to_string(), mode, changed: Vec::new() }
}
