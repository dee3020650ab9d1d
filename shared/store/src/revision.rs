//! Next version of an item that may have pending actions. Its JSON text and its entry in the due index are written
//! together, under a version check.

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, Update};
use domain::obligation::Due;
use domain::time::Timestamp;

use crate::accept::CONTENT;
use crate::error::StoreError;
use crate::item::{self, DATA, EXPIRES_AT, NONCE, NUDGES, VERSION, WAKE_AT, number, text};
use crate::keys::{DUE_AT, DUE_PK, Key};
use crate::table::Table;

/// Next version of an item.
pub(crate) struct Revision<'a> {
    /// Key of the item.
    pub(crate) key: &'a Key,
    /// New JSON text.
    pub(crate) data: String,
    /// Version that was read.
    pub(crate) seen: u64,
    /// `true` if the stored version must still equal `seen`. It is `false` only for a planted bug.
    pub(crate) conditional: bool,
    /// New entry in the due index, and its shard.
    pub(crate) due: Option<(Due, String)>,
    /// Expiry of the tombstone, if this version reduces the conversation to one.
    pub(crate) head_until: Option<Timestamp>,
    /// Nonce that identifies this write, if the caller needs to recognize it.
    pub(crate) nonce: Option<&'a str>,
}

impl Table {
    /// Builds the update that writes this version. It resets the number of requeues, because the item has made
    /// progress.
    pub(crate) fn revise(&self, revision: Revision<'_>) -> Result<Update, StoreError> {
        let mut expression = "SET #data = :data, #version = :next, #nudges = :none".to_owned();
        let mut update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(revision.key)))
            .expression_attribute_names("#data", DATA)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_names("#nudges", NUDGES)
            .expression_attribute_names("#duePk", DUE_PK)
            .expression_attribute_names("#dueAt", DUE_AT)
            .expression_attribute_names("#wakeAt", WAKE_AT)
            .expression_attribute_values(":data", text(revision.data))
            .expression_attribute_values(":next", number(revision.seen + 1))
            .expression_attribute_values(":none", number(0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(nonce) = revision.nonce {
            expression.push_str(", #nonce = :nonce");
            update =
                update.expression_attribute_names("#nonce", NONCE).expression_attribute_values(":nonce", text(nonce));
        }
        let mut removed: Vec<&str> = Vec::new();
        match revision.due {
            Some((due, shard)) => {
                expression.push_str(", #duePk = :duePk, #dueAt = :dueAt, #wakeAt = :wakeAt");
                update = update
                    .expression_attribute_values(":duePk", text(shard))
                    .expression_attribute_values(":dueAt", item::moment(due.named_from))
                    .expression_attribute_values(":wakeAt", item::moment(due.at));
            }
            None => removed.extend(["#duePk", "#dueAt", "#wakeAt"]),
        }
        if let Some(until) = revision.head_until {
            expression.push_str(", #expires = :expires");
            removed.push("#content");
            update = update
                .expression_attribute_names("#expires", EXPIRES_AT)
                .expression_attribute_names("#content", CONTENT)
                .expression_attribute_values(":expires", number(until.as_seconds()));
        }
        if !removed.is_empty() {
            expression.push_str(" REMOVE ");
            expression.push_str(&removed.join(", "));
        }
        if revision.conditional {
            update = update
                .condition_expression("#version = :before")
                .expression_attribute_values(":before", number(revision.seen));
        }
        update.update_expression(expression).build().map_err(|error| StoreError::aws("UpdateItem", error))
    }
}
