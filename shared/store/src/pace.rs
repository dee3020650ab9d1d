//! Rate limiter for calls at a provider's account. An item stores the time of the next free token. Calls above the rate
//! get a later token, and none fails.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::time::{Span, Timestamp};

use crate::error::StoreError;
use crate::item::{self, Item, get_number};
use crate::keys;
use crate::table::Table;

/// Attribute with the time of the next free token.
const NEXT_AT: &str = "nextAt";

/// Rate at which a provider's account accepts calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Name of the account. It contains no secret.
    pub account: String,
    /// Time between two calls.
    pub interval: Span,
}

/// Time at which a call may be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The call may be placed now.
    Now,
    /// The call may be placed at this moment, which no other call gets.
    At(Timestamp),
    /// The next token is not before the end of the call's window.
    Never,
}

/// Result of one attempt to take a token.
enum Taken {
    Slot(Option<Timestamp>),
    Refused(Item),
}

fn moment(item: &Item) -> Option<Timestamp> {
    get_number(item, NEXT_AT).map(Timestamp::from_milliseconds)
}

impl Table {
    /// Takes the next token of an account if it is valid before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_slot(&self, pace: &Pace, before: Timestamp) -> Result<Slot, StoreError> {
        let take = || async move {
            let now = self.now();
            if let Taken::Slot(_) = self.take_now(pace, now).await? {
                return Ok(Some(Slot::Now));
            }
            Ok(match self.take_next(pace, now, before).await? {
                Taken::Slot(at) => Some(at.map_or(Slot::Now, Slot::At)),
                Taken::Refused(item) if moment(&item).is_some_and(|next| next >= before) => Some(Slot::Never),
                // The token was freed in between.
                Taken::Refused(_) => None,
            })
        };
        self.retry_conflicts(take).await
    }

    /// Takes a token for now, if none is in use for this moment.
    async fn take_now(&self, pace: &Pace, now: Timestamp) -> Result<Taken, StoreError> {
        let free = "attribute_not_exists(#next) OR #next <= :now";
        let values = [(":now", item::moment(now)), (":next", item::moment(now + pace.interval))];
        self.change_pace(pace, "SET #next = :next", free, values).await
    }

    /// Takes the token behind all tokens in use.
    async fn take_next(&self, pace: &Pace, now: Timestamp, before: Timestamp) -> Result<Taken, StoreError> {
        let interval = item::number(pace.interval.as_milliseconds());
        let values = [(":now", item::moment(now)), (":before", item::moment(before)), (":interval", interval)];
        let in_time = "#next > :now AND #next < :before";
        self.change_pace(pace, "SET #next = #next + :interval", in_time, values).await
    }

    /// Updates the stored time on a condition, and returns the earlier value.
    async fn change_pace<const VALUES: usize>(
        &self,
        pace: &Pace,
        change: &str,
        condition: &str,
        values: [(&str, aws_sdk_dynamodb::types::AttributeValue); VALUES],
    ) -> Result<Taken, StoreError> {
        let values = &values;
        let send = || async move {
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
            for (name, value) in values {
                update = update.expression_attribute_values(*name, value.clone());
            }
            let error = match update.send().await {
                Ok(answer) => return Ok(Some(Taken::Slot(answer.attributes.and_then(|before| moment(&before))))),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Some(Taken::Refused(failed.item().cloned().unwrap_or_default())))
                }
                Some(UpdateItemError::TransactionConflictException(_)) => Ok(None),
                _ => Err(StoreError::aws("UpdateItem", error)),
            }
        };
        self.retry_conflicts(send).await
    }
}
