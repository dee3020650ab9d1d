//! Usage counters of API keys, in the key's own item. They are separate from the item's JSON text, so that counting
//! never undoes a revocation. The read that loads the key loads the counters too.

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, Update};
use domain::quota::{Usage, day_of, minute_of};
use domain::time::Timestamp;

use crate::api_keys::LAST_USED_AT;
use crate::error::StoreError;
use crate::item::{self, Item, get_number, number};
use crate::keys::Key;
use crate::read::Items;
use crate::table::Table;
use crate::write::Written;

/// Attribute with the minute in which requests were counted last.
const MINUTE: &str = "minute";
/// Attribute with the number of requests in that minute.
const REQUESTS: &str = "requests";
/// Attribute with the day on which calls were counted last.
const DAY: &str = "day";
/// Attribute with the number of calls on that day.
const CALLS: &str = "calls";

/// Number of attempts at a count. An attempt fails if another writer began the minute or the day.
const TRIES: u32 = 4;

/// Use of a key, to be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Number of requests to add to the current minute.
    pub requests: u32,
    /// Number of calls to add to the current day.
    pub calls: u32,
    /// `true` if the key itself was used, `false` if a key that was created with it was used.
    pub is_own: bool,
}

impl Items {
    /// Returns the usage of a key. The key's item must have been read.
    pub fn usage(&self, key: &Key) -> Usage {
        self.get(key).map(usage).unwrap_or_default()
    }
}

fn usage(item: &Item) -> Usage {
    Usage {
        minute: get_number(item, MINUTE).unwrap_or(0),
        requests: get_number(item, REQUESTS).unwrap_or(0),
        day: get_number(item, DAY).unwrap_or(0),
        calls: get_number(item, CALLS).unwrap_or(0),
    }
}

impl Table {
    /// Counts a use of a key in the current minute and day. A new minute or day starts from zero. `seen` is the usage
    /// that was read with the key.
    ///
    /// # Errors
    /// [`StoreError`]. [`StoreError::Conflict`] if other writers kept changing the window during all attempts.
    pub async fn count_use(&self, key: &Key, mut seen: Usage, used: Use, now: Timestamp) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            match self.update(self.use_update(key, seen, used, now)?).await? {
                Written::Refused { item, .. } if !item.is_empty() => seen = usage(&item),
                Written::Done | Written::Refused { .. } => return Ok(()),
            }
        }
        Err(StoreError::Conflict)
    }

    fn use_update(&self, key: &Key, seen: Usage, used: Use, now: Timestamp) -> Result<Update, StoreError> {
        let (mut set, mut add) = (Vec::new(), Vec::new());
        let mut conditions = vec!["attribute_exists(pk)".to_owned()];
        let mut update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(key)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if used.is_own {
            set.push("#used = :now".to_owned());
            update = update
                .expression_attribute_names("#used", LAST_USED_AT)
                .expression_attribute_values(":now", item::moment(now));
        }
        let windows = [
            (MINUTE, REQUESTS, seen.minute, minute_of(now), used.requests),
            (DAY, CALLS, seen.day, day_of(now), used.calls),
        ];
        for (window, counter, seen, current, more) in windows.into_iter().filter(|(.., more)| *more > 0) {
            update = update
                .expression_attribute_names(format!("#{window}"), window)
                .expression_attribute_names(format!("#{counter}"), counter)
                .expression_attribute_values(format!(":{window}"), number(current))
                .expression_attribute_values(format!(":{counter}"), number(more));
            // A worker whose clock is behind counts into the window that has begun.
            if seen >= current {
                conditions.push(format!("#{window} >= :{window}"));
                add.push(format!("#{counter} :{counter}"));
            } else {
                conditions.push(format!("(attribute_not_exists(#{window}) OR #{window} < :{window})"));
                set.push(format!("#{window} = :{window}, #{counter} = :{counter}"));
            }
        }
        let clause = |word: &str, of: &[String]| (!of.is_empty()).then(|| format!("{word} {}", of.join(", ")));
        let clauses = [clause("SET", &set), clause("ADD", &add)];
        let expression = clauses.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let update = update.update_expression(expression).condition_expression(conditions.join(" AND "));
        update.build().map_err(|error| StoreError::aws("UpdateItem", error))
    }
}
