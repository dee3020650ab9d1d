//! How fast calls are asked for at a provider's account: a counter of when the next one may be. What is over the pace gets
//! a later slot, and nothing fails.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::time::{Span, Timestamp};

use crate::backoff::Backoff;
use crate::error::StoreError;
use crate::item::{self, Item, get_number};
use crate::keys;
use crate::table::Table;
use crate::write::CONFLICT_PATIENCE_MS;

/// The attribute with the moment from which the next slot is free.
const NEXT_AT: &str = "nextAt";

/// How fast a provider's account takes calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Names the account: no secret.
    pub account: String,
    /// The time from one call to the next.
    pub interval: Span,
}

/// When a call may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Now.
    Now,
    /// At this moment, and nobody else then.
    At(Timestamp),
    /// Not before the call's window closes.
    Never,
}

/// What came of one try to take a slot.
enum Taken {
    Slot(Option<Timestamp>),
    Refused(Item),
}

fn moment(item: &Item) -> Option<Timestamp> {
    get_number(item, NEXT_AT).map(Timestamp::from_milliseconds)
}

impl Table {
    /// Takes the next slot of an account's, if it begins before that moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_slot(&self, pace: &Pace, before: Timestamp) -> Result<Slot, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            let now = self.now();
            if let Taken::Slot(_) = self.take_now(pace, now).await? {
                return Ok(Slot::Now);
            }
            match self.take_next(pace, now, before).await? {
                Taken::Slot(at) => return Ok(at.map_or(Slot::Now, Slot::At)),
                Taken::Refused(item) if moment(&item).is_some_and(|next| next >= before) => {
                    return Ok(Slot::Never);
                }
                // It has become free in between.
                Taken::Refused(_) => {}
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// The slot that begins now, where nobody has it.
    async fn take_now(&self, pace: &Pace, now: Timestamp) -> Result<Taken, StoreError> {
        let free = "attribute_not_exists(#next) OR #next <= :now";
        let values = [(":now", item::moment(now)), (":next", item::moment(now + pace.interval))];
        self.change_pace(pace, "SET #next = :next", free, values).await
    }

    /// The slot behind all that were taken.
    async fn take_next(&self, pace: &Pace, now: Timestamp, before: Timestamp) -> Result<Taken, StoreError> {
        let interval = item::number(pace.interval.as_milliseconds());
        let values = [(":now", item::moment(now)), (":before", item::moment(before)), (":interval", interval)];
        let in_time = "#next > :now AND #next < :before";
        self.change_pace(pace, "SET #next = #next + :interval", in_time, values).await
    }

    /// Changes the counter on a condition; gives what it was before.
    async fn change_pace<const VALUES: usize>(
        &self,
        pace: &Pace,
        change: &str,
        condition: &str,
        values: [(&str, aws_sdk_dynamodb::types::AttributeValue); VALUES],
    ) -> Result<Taken, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            let mut update = self
                .dynamodb()
                .update_item()
                .table_name(self.name())
                .set_key(Some(item::key_attributes(&keys::pace(&pace.account))))
                .update_expression(change)
                .condition_expression(condition)
                .expression_attribute_names("#next", NEXT_AT)
                .return_values(ReturnValue::UpdatedOld)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            for (name, value) in &values {
                update = update.expression_attribute_values(*name, value.clone());
            }
            let error = match update.send().await {
                Ok(answer) => {
                    return Ok(Taken::Slot(answer.attributes.and_then(|before| moment(&before))));
                }
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(Taken::Refused(failed.item().cloned().unwrap_or_default()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) => {}
                _ => return Err(StoreError::aws("UpdateItem", error)),
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }
}
