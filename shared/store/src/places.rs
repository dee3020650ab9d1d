//! The places of a scope's calls that may be open at the same time: one item, which only ever changes by sums, in the
//! transaction of the call that takes a place or gives its own back.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::ids::Scope;
use domain::places::{PlaceChange, Taken};

use crate::error::StoreError;
use crate::item::{self, get_number, number};
use crate::keys;
use crate::read::Items;
use crate::table::Table;
use crate::write::transact_update;

/// The attribute that counts every place that is taken.
const TOTAL: &str = "total";

/// What the attributes begin with that count the places by the hour in which they lapse.
const HOUR: &str = "h";

impl Items {
    /// The places of a scope that are taken, as they were read.
    pub fn places_taken(&self, scope: &Scope) -> Taken {
        let Some(item) = self.get(&keys::places(scope)) else { return Taken::default() };
        let hours =
            item.keys().filter_map(|name| Some((name.strip_prefix(HOUR)?.parse().ok()?, get_number(item, name)?)));
        Taken { total: get_number(item, TOTAL).unwrap_or(0), by_hour: hours.collect() }
    }
}

impl Table {
    /// The write that takes a place, or gives one back. A place is only taken while one is left: nobody has to have read
    /// the latest count for that. Giving back has no condition of its own: the call's version guards it.
    pub(crate) fn place_write(&self, scope: &Scope, change: &PlaceChange) -> Result<TransactWriteItem, StoreError> {
        let none = BTreeMap::new();
        let (place, by, lapsed, limit) = match change {
            PlaceChange::Take { place, limit, lapsed } => (place, 1, lapsed, Some(*limit)),
            PlaceChange::GiveBack(place) => (place, -1, &none, None),
        };
        let gone: i64 = lapsed.values().sum();
        let mut update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&keys::places(scope))))
            .expression_attribute_names("#total", TOTAL)
            .expression_attribute_names("#hour", format!("{HOUR}{}", place.lapses_in))
            .expression_attribute_values(":total", number(by - gone))
            .expression_attribute_values(":hour", number(by));
        let mut expression = "ADD #total :total, #hour :hour".to_owned();
        let mut conditions = Vec::new();
        if let Some(limit) = limit {
            conditions.push("(attribute_not_exists(#total) OR #total < :below)".to_owned());
            update = update.expression_attribute_values(":below", number(i64::from(limit) + gone));
        }
        for (index, (hour, count)) in lapsed.iter().enumerate() {
            expression.push_str(if index == 0 { " REMOVE " } else { ", " });
            expression.push_str(&format!("#lapsed{index}"));
            conditions.push(format!("#lapsed{index} = :lapsed{index}"));
            update = update
                .expression_attribute_names(format!("#lapsed{index}"), format!("{HOUR}{hour}"))
                .expression_attribute_values(format!(":lapsed{index}"), number(count));
        }
        let condition = (!conditions.is_empty()).then(|| conditions.join(" AND "));
        let update = update.update_expression(expression).set_condition_expression(condition);
        update.build().map(transact_update).map_err(|error| StoreError::aws("UpdateItem", error))
    }
}
