//! What of a list cannot be read: it is left out and named, and the rest is shown.
//!
//! Whoever lists something for somebody does so within [`gathering`], and shows beside the list what was gathered. Where nobody
//! gathers, the log is all that says it.

use std::cell::RefCell;

use serde::Serialize;

use crate::error::StoreError;
use crate::item::{Item, key_of};
use crate::table::Table;

/// So many are named; of what is more, the log says so.
const MOST_NAMED: usize = 20;

tokio::task_local! {
    static GATHERED: RefCell<Vec<Unreadable>>;
}

/// An item that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// What it is.
    pub kind: &'static str,
    /// Where it stands in the table, which an operator may want to know: its id is a part of that.
    pub item: String,
}

/// What was read of an item of a list; `None` where that cannot be read, which is noted.
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
    // Whoever runs outside of a gathering has the log.
    GATHERED.try_with(note).ok();
    None
}

/// What could not be read up to now, of the gathering that this is part of.
pub fn gathered() -> Vec<Unreadable> {
    GATHERED.try_with(|gathered| gathered.borrow().clone()).unwrap_or_default()
}

/// Does something that may list what cannot be read: [`gathered`] tells of that.
pub async fn gathering<T>(work: impl Future<Output = T>) -> T {
    GATHERED.scope(RefCell::default(), work).await
}

impl Table {
    /// A page of a partition, as [`Table::partition`] gives it, of what can be read.
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
            // Behind what cannot be read there may be what can.
            if !page.is_empty() || next.is_none() {
                return Ok((page, next));
            }
            start = next;
        }
    }
}
