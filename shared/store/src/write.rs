//! Conditional writes, with the conflicts that only the real DynamoDB answers.
//!
//! A write that meets somebody's transaction is refused for that alone (`TransactionConflictException`, or
//! `TransactionCanceledException` with a `TransactionConflict` among its reasons, which the SDK does not retry). It is
//! sent again with full jitter, the same write each time: its condition says whether it still applies.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::backoff::Backoff;
use crate::error::StoreError;
use crate::item::{DATA, Item, VERSION, key_attributes, number, text};
use crate::keys::Key;
use crate::table::Table;

/// The condition that there is no item of that key.
pub(crate) const MUST_BE_NEW: &str = "attribute_not_exists(pk)";

/// How long a write that meets other transactions is sent again; then the client hears `conflict`.
pub const CONFLICT_PATIENCE_MS: u64 = 8_000;

/// What came of a conditional write.
#[derive(Debug)]
pub(crate) enum Written {
    /// It took effect.
    Done,
    /// A condition does not hold.
    Refused {
        /// Which write's it is, of a transaction.
        position: usize,
        /// The item as it is, where DynamoDB returned it.
        item: Item,
    },
}

impl Table {
    pub(crate) async fn put(&self, put: Put) -> Result<Written, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
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
            let Err(error) = answer else { return Ok(Written::Done) };
            match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(Written::Refused { position: 0, item: failed.item().cloned().unwrap_or_default() });
                }
                Some(PutItemError::TransactionConflictException(_)) => {}
                _ => return Err(StoreError::aws("PutItem", error)),
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    pub(crate) async fn update(&self, update: Update) -> Result<Written, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
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
            let Err(error) = answer else { return Ok(Written::Done) };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(Written::Refused { position: 0, item: failed.item().cloned().unwrap_or_default() });
                }
                Some(UpdateItemError::TransactionConflictException(_)) => {}
                _ => return Err(StoreError::aws("UpdateItem", error)),
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    pub(crate) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Written, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            // Each request has a token of its own: the SDK's retries of one request are one transaction, while a
            // cancelled transaction is asked for anew.
            let answer = self.dynamodb().transact_write_items().set_transact_items(Some(writes.clone())).send().await;
            let Err(error) = answer else { return Ok(Written::Done) };
            match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    let refused = reasons.iter().enumerate().find(|(_, reason)| is(reason, "ConditionalCheckFailed"));
                    if let Some((position, reason)) = refused {
                        return Ok(Written::Refused { position, item: reason.item().cloned().unwrap_or_default() });
                    }
                    if !reasons.iter().any(may_be_sent_again) {
                        return Err(StoreError::aws("TransactWriteItems", error));
                    }
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => {}
                _ => return Err(StoreError::aws("TransactWriteItems", error)),
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }
}

fn is(reason: &CancellationReason, code: &str) -> bool {
    reason.code() == Some(code)
}

fn may_be_sent_again(reason: &CancellationReason) -> bool {
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"].iter().any(|code| is(reason, code))
}

/// A put in a transaction.
pub(crate) fn transact_put(put: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(put).build()
}

/// An update in a transaction.
pub(crate) fn transact_update(update: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(update).build()
}

impl Table {
    /// A put of an item into this table, on a condition if there is one.
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
    /// A delete of an item whose text is still this one.
    pub(crate) fn delete_of_unchanged(&self, key: &Key, data: &str) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(self.name())
            .set_key(Some(key_attributes(key)))
            .condition_expression("#data = :seen")
            .expression_attribute_names("#data", DATA)
            .expression_attribute_values(":seen", text(data))
            .build()
            .map_err(|error| StoreError::aws("DeleteItem", error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// A delete of an item, if there is one.
    pub(crate) fn delete_of(&self, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(self.name())
            .set_key(Some(key_attributes(key)))
            .build()
            .map_err(|error| StoreError::aws("DeleteItem", error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// A put of an item that is still of this version, and is of the next one from then on.
    pub(crate) fn put_of_next(&self, mut item: Item, version: u64) -> Result<Put, StoreError> {
        item.insert(VERSION.to_owned(), number(version + 1));
        Put::builder()
            .table_name(self.name())
            .set_item(Some(item))
            .condition_expression("#version = :seen")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":seen", number(version))
            .build()
            .map_err(|error| StoreError::aws("PutItem", error))
    }

    /// A put of an item whose text is still this one.
    pub(crate) fn put_of_unchanged(&self, item: Item, data: &str) -> Result<Put, StoreError> {
        Put::builder()
            .table_name(self.name())
            .set_item(Some(item))
            .condition_expression("#data = :seen")
            .expression_attribute_names("#data", DATA)
            .expression_attribute_values(":seen", text(data))
            .build()
            .map_err(|error| StoreError::aws("PutItem", error))
    }

    /// The condition that an item's text is still this one.
    pub(crate) fn must_be_unchanged(&self, key: &Key, data: &str) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(self.name())
            .set_key(Some(key_attributes(key)))
            .condition_expression("#data = :seen")
            .expression_attribute_names("#data", DATA)
            .expression_attribute_values(":seen", text(data))
            .build()
            .map_err(|error| StoreError::aws("ConditionCheckItem", error))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// The condition that there is no such item.
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
