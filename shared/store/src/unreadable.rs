//! Unreadable items of a list. They are left out and named, and the rest of the list is shown.
//!
//! A handler that lists items for a client runs within [`gathering`] and returns the collected names with the list.
//! Outside of it, unreadable items are only logged.

use std::cell::RefCell;

use serde::Serialize;

use crate::error::StoreError;
use crate::item::{Item, key_of};
use crate::table::Table;

/// Largest number of items that are named. Further ones are only logged.
const MOST_NAMED: usize = 20;

tokio::task_local! {
    static GATHERED: RefCell<Vec<Unreadable>>;
}

/// Item that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Kind of the item.
    pub kind: &'static str,
    /// Key of the item in the table, for the operator. It contains the item's id.
    pub item: String,
}

/// Returns the decoded item of a list. Returns `None` and records the item if it cannot be decoded.
pub(crate) fn noted<T>(read: Result<T, StoreError>, item: &Item) -> Option<T> {
    let error = match read {
        Ok(read) => return Some(read),
        Err(error) => error,
    };
    let kind = if let StoreError::Corrupt { what, .. } = &error { what } else { "item" };
    let item = key_of(item).map(|key| format!("{} {}", key.pk, key.sk)).unwrap_or_default();
    tracing::error!(kind, item, error = &error as &dyn std::error::Error, "left out of a list");
    let note = |gathered: &RefCell<Vec<Unreadable>>| {
        let mut gathered = gathered.borrow_mut();
        if gathered.len() < MOST_NAMED && gathered.iter().all(|known| known.item != item) {
            gathered.push(Unreadable { kind, item });
        }
    };
    // Outside of `gathering`, the log line above suffices.
    GATHERED.try_with(note).ok();
    None
}

/// Returns the unreadable items that the current [`gathering`] has recorded so far.
pub fn gathered() -> Vec<Unreadable> {
    GATHERED.try_with(|gathered| gathered.borrow().clone()).unwrap_or_default()
}

/// Runs work that may list unreadable items. [`gathered`] returns them within it.
pub async fn gathering<T>(work: impl Future<Output = T>) -> T {
    GATHERED.scope(RefCell::default(), work).await
}

impl Table {
    /// Returns a page of a partition like [`Table::partition`], with the items that can be decoded.
    pub(crate) async fn listed<T>(
        &self,
        (pk, prefix): (String, &str),
        start: Option<Item>,
        limit: u8,
        read: impl Fn(&Item) -> Result<T, StoreError>,
    ) -> Result<(Vec<T>, Option<Item>), StoreError> {
        let mut start = start;
        loop {
            let (found, next) = self.partition(pk.clone(), prefix, start, Some(limit)).await?;
            let page: Vec<T> = found.iter().filter_map(|item| noted(read(item), item)).collect();
            // Readable items may follow a page of unreadable ones.
            if !page.is_empty() || next.is_none() {
                return Ok((page, next));
            }
            start = next;
        }
    }
}
