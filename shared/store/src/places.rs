//! Concurrency slots of a scope's calls, counted in one item. The item changes only by increments and decrements, in
//! the transaction of the call that takes or returns a slot.

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

/// Attribute with the number of slots in use.
const TOTAL: &str = "total";

/// Prefix of the attributes that count the slots by the hour in which they expire.
const HOUR: &str = "h";

impl Items {
    /// Returns the slots of a scope that are in use, as they were read.
    pub fn places_taken(&self, scope: &Scope) -> Taken {
        let Some(item) = self.get(&keys::places(scope)) else { return Taken::default() };
        let hours =
            item.keys().filter_map(|name| Some((name.strip_prefix(HOUR)?.parse().ok()?, get_number(item, name)?)));
        Taken { total: get_number(item, TOTAL).unwrap_or(0), by_hour: hours.collect() }
    }
}

impl Table {
    /// Builds the write that takes or returns a slot. Taking one requires that a slot is free, so the caller needs no
    /// fresh count. Returning one needs no condition, because the call's version check protects it.
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
