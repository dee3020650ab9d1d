//! The next version of an item that something may be owed: its text and its place in the index of what is due, under a
//! version check.

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, Update};
use domain::obligation::Due;

use crate::error::StoreError;
use crate::item::{self, DATA, NONCE, NUDGES, VERSION, WAKE_AT, number, text};
use crate::keys::{DUE_AT, DUE_PK, Key};
use crate::table::Table;

/// The next version of an item.
pub(crate) struct Revision<'a> {
    /// The item's key.
    pub(crate) key: &'a Key,
    /// Its new text.
    pub(crate) data: String,
    /// The version that was read.
    pub(crate) seen: u64,
    /// Whether that version must still be there. It always must, but in one planted bug.
    pub(crate) conditional: bool,
    /// Its new place in the index of what is due, and the shard of that index.
    pub(crate) due: Option<(Due, String)>,
    /// What tells this write from somebody else's, where that matters.
    pub(crate) nonce: Option<&'a str>,
}

impl Table {
    /// The update that writes this version. What was put back on a queue so far no longer counts: it made progress.
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
        match revision.due {
            Some((due, shard)) => {
                expression.push_str(", #duePk = :duePk, #dueAt = :dueAt, #wakeAt = :wakeAt");
                update = update
                    .expression_attribute_values(":duePk", text(shard))
                    .expression_attribute_values(":dueAt", item::moment(due.named_from))
                    .expression_attribute_values(":wakeAt", item::moment(due.at));
            }
            None => expression.push_str(" REMOVE #duePk, #dueAt, #wakeAt"),
        }
        if revision.conditional {
            update = update
                .condition_expression("#version = :before")
                .expression_attribute_values(":before", number(revision.seen));
        }
        update.update_expression(expression).build().map_err(|error| StoreError::aws("UpdateItem", error))
    }
}
