//! Conditional writes, with retries of the conflicts that only the real DynamoDB reports.
//!
//! DynamoDB refuses a write that meets another transaction, with `TransactionConflictException`, or with
//! `TransactionCanceledException` and the reason `TransactionConflict`. The SDK does not retry either. This module
//! sends the same write again with full jitter. The write's own condition decides if it still applies.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

use crate::backoff::Backoff;
use crate::error::StoreError;
use crate::item::{DATA, Item, VERSION, key_attributes, number, text};
use crate::keys::Key;
use crate::table::Table;

/// Condition that there is no item with this key.
pub(crate) const MUST_BE_NEW: &str = "attribute_not_exists(pk)";

/// Time for which a write that meets other transactions is retried, in milliseconds. After that, the client receives
/// `conflict`.
pub const CONFLICT_PATIENCE_MS: u64 = 8_000;

/// Result of a conditional write.
#[derive(Debug)]
pub(crate) enum Written {
    /// The write took effect.
    Done,
    /// A condition failed, and nothing was written.
    Refused {
        /// Position of the write in its transaction.
        position: usize,
        /// Current item, if DynamoDB returned it.
        item: Item,
    },
}

impl Written {
    fn refused(position: usize, item: Option<&Item>) -> Self {
        Self::Refused { position, item: item.cloned().unwrap_or_default() }
    }
}

impl Table {
    /// Sends a request again, with full jitter, for as long as it meets other transactions: while `send` returns `None`.
    pub(crate) async fn retry_conflicts<T, F>(&self, mut send: impl FnMut() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<Option<T>, StoreError>>,
    {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            if let Some(done) = send().await? {
                return Ok(done);
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    pub(crate) async fn put(&self, put: Put) -> Result<Written, StoreError> {
        let put = &put;
        let send = || async move {
            let answer = self
                .dynamodb()
                .put_item()
                .table_name(self.name())
                .set_item(Some(put.item.clone()))
                .set_condition_expression(put.condition_expression.clone())
                .set_expression_attribute_names(put.expression_attribute_names.clone())
                .set_expression_attribute_values(put.expression_attribute_values.clone())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let Err(error) = answer else { return Ok(Some(Written::Done)) };
            match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Some(Written::refused(0, failed.item())))
                }
                Some(PutItemError::TransactionConflictException(_)) => Ok(None),
                _ => Err(StoreError::aws("PutItem", error)),
            }
        };
        self.retry_conflicts(send).await
    }

    pub(crate) async fn update(&self, update: Update) -> Result<Written, StoreError> {
        let update = &update;
        let send = || async move {
            let answer = self
                .dynamodb()
                .update_item()
                .table_name(self.name())
                .set_key(Some(update.key.clone()))
                .update_expression(&update.update_expression)
                .set_condition_expression(update.condition_expression.clone())
                .set_expression_attribute_names(update.expression_attribute_names.clone())
                .set_expression_attribute_values(update.expression_attribute_values.clone())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let Err(error) = answer else { return Ok(Some(Written::Done)) };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Some(Written::refused(0, failed.item())))
                }
                Some(UpdateItemError::TransactionConflictException(_)) => Ok(None),
                _ => Err(StoreError::aws("UpdateItem", error)),
            }
        };
        self.retry_conflicts(send).await
    }

    pub(crate) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Written, StoreError> {
        let writes = &writes;
        let send = || async move {
            // Each request gets its own token. So the SDK's retries of one request count as one transaction, and a
            // cancelled transaction is sent as a new one.
            let answer = self.dynamodb().transact_write_items().set_transact_items(Some(writes.clone())).send().await;
            let Err(error) = answer else { return Ok(Some(Written::Done)) };
            match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    let refused = reasons.iter().enumerate().find(|(_, reason)| is(reason, "ConditionalCheckFailed"));
                    match refused {
                        Some((position, reason)) => Ok(Some(Written::refused(position, reason.item()))),
                        None if reasons.iter().any(may_be_sent_again) => Ok(None),
                        None => Err(StoreError::aws("TransactWriteItems", error)),
                    }
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => Ok(None),
                _ => Err(StoreError::aws("TransactWriteItems", error)),
            }
        };
        self.retry_conflicts(send).await
    }
}

fn is(reason: &CancellationReason, code: &str) -> bool {
    reason.code() == Some(code)
}

fn may_be_sent_again(reason: &CancellationReason) -> bool {
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"].iter().any(|code| is(reason, code))
}

/// Condition that an attribute of an item still has the value that was read.
struct Seen {
    attribute: &'static str,
    value: AttributeValue,
}

impl Seen {
    /// Returns the condition that the item's JSON text is still this one.
    fn data(data: &str) -> Self {
        Self { attribute: DATA, value: text(data) }
    }

    /// Returns the condition that the item still has this version.
    fn version(version: u64) -> Self {
        Self { attribute: VERSION, value: number(version) }
    }

    fn expression(&self) -> Option<String> {
        Some("#seen = :seen".to_owned())
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        Some(HashMap::from([("#seen".to_owned(), self.attribute.to_owned())]))
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(HashMap::from([(":seen".to_owned(), self.value.clone())]))
    }
}

/// Wraps a put for a transaction.
pub(crate) fn transact_put(put: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(put).build()
}

/// Wraps an update for a transaction.
pub(crate) fn transact_update(update: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(update).build()
}

impl Table {
    /// Builds a put into this table, with a condition if one is given.
    pub(crate) fn put_of(&self, item: Item, condition: Option<&str>) -> Result<Put, StoreError> {
        Put::builder()
            .table_name(self.name())
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| StoreError::aws("PutItem", error))
    }
}

impl Table {
    /// Builds a delete on the condition that the item's JSON text is still this one.
    pub(crate) fn delete_of_unchanged(&self, key: &Key, data: &str) -> Result<TransactWriteItem, StoreError> {
        let seen = Seen::data(data);
        let delete = Delete::builder()
            .table_name(self.name())
            .set_key(Some(key_attributes(key)))
            .set_condition_expression(seen.expression())
            .set_expression_attribute_names(seen.names())
            .set_expression_attribute_values(seen.values())
            .build()
            .map_err(|error| StoreError::aws("DeleteItem", error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Builds an unconditional delete. It succeeds if there is no such item.
    pub(crate) fn delete_of(&self, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(self.name())
            .set_key(Some(key_attributes(key)))
            .build()
            .map_err(|error| StoreError::aws("DeleteItem", error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Builds a put on the condition that the item still has this version. It writes the next version.
    pub(crate) fn put_of_next(&self, mut item: Item, version: u64) -> Result<Put, StoreError> {
        item.insert(VERSION.to_owned(), number(version + 1));
        let seen = Seen::version(version);
        Put::builder()
            .table_name(self.name())
            .set_item(Some(item))
            .set_condition_expression(seen.expression())
            .set_expression_attribute_names(seen.names())
            .set_expression_attribute_values(seen.values())
            .build()
            .map_err(|error| StoreError::aws("PutItem", error))
    }

    /// Builds a put on the condition that the item's JSON text is still this one.
    pub(crate) fn put_of_unchanged(&self, item: Item, data: &str) -> Result<Put, StoreError> {
        let seen = Seen::data(data);
        Put::builder()
            .table_name(self.name())
            .set_item(Some(item))
            .set_condition_expression(seen.expression())
            .set_expression_attribute_names(seen.names())
            .set_expression_attribute_values(seen.values())
            .build()
            .map_err(|error| StoreError::aws("PutItem", error))
    }

    /// Builds the condition that an item's JSON text is still this one.
    pub(crate) fn must_be_unchanged(&self, key: &Key, data: &str) -> Result<TransactWriteItem, StoreError> {
        let seen = Seen::data(data);
        let check = ConditionCheck::builder()
            .table_name(self.name())
            .set_key(Some(key_attributes(key)))
            .set_condition_expression(seen.expression())
            .set_expression_attribute_names(seen.names())
            .set_expression_attribute_values(seen.values())
            .build()
            .map_err(|error| StoreError::aws("ConditionCheckItem", error))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Builds the condition that there is no such item.
    pub(crate) fn must_be_absent(&self, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(self.name())
            .set_key(Some(key_attributes(key)))
            .condition_expression(MUST_BE_NEW)
            .build()
            .map_err(|error| StoreError::aws("ConditionCheckItem", error))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }
}
