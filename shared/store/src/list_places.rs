//! Positions in the index `list`: a scope's conversations and an endpoint's deliveries, by time.

use crate::error::StoreError;
use crate::item::{get_text, key_of, text};
use crate::keys::{Key, LIST_INDEX, LIST_PK, LIST_SK};
use crate::table::Table;

/// Lower bound of every list. Positions begin with a year.
const FIRST: &str = "0";

/// Upper bound of every list.
const LAST: &str = "~";

/// Order in which a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Newest position first.
    NewestFirst,
    /// Oldest position first.
    OldestFirst,
}

/// Part of a list.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    /// Partition key of the list.
    pub(crate) list: String,
    /// Lowest position. `None` if the part begins with the list.
    pub(crate) from: Option<String>,
    /// Highest position. `None` if the part ends with the list.
    pub(crate) to: Option<String>,
    /// Position behind which the page begins. `None` for the first page.
    pub(crate) start: Option<&'a str>,
    /// Order of the page.
    pub(crate) order: Order,
}

/// Position in a list.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Sort key in the index.
    pub(crate) place: String,
    /// Key of the item at the position.
    pub(crate) key: Key,
}

/// Page of positions.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Positions in the requested order.
    pub(crate) places: Vec<Place>,
    /// `true` if there are more behind them.
    pub(crate) has_more: bool,
}

impl Places {
    /// Returns the last position, behind which the next page begins.
    pub(crate) fn last(&self) -> Option<String> {
        self.places.last().map(|last| last.place.clone())
    }
}

impl Part<'_> {
    /// Returns the lowest and the highest position of the page. `None` if the bounds are in the wrong order, which DynamoDB refuses: then
    /// the page is empty. They are if the cursor stands behind the last requested moment.
    fn bounds(&self) -> Option<(String, String)> {
        let mut from = self.from.clone().unwrap_or_else(|| FIRST.to_owned());
        let mut to = self.to.clone().unwrap_or_else(|| LAST.to_owned());
        if let Some(start) = self.start.map(str::to_owned) {
            match self.order {
                Order::NewestFirst => to = to.min(start),
                Order::OldestFirst => from = from.max(start),
            }
        }
        (from <= to).then_some((from, to))
    }
}

impl Table {
    /// Returns a page of a list, of at most `limit` positions.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn places(&self, part: Part<'_>, limit: usize) -> Result<Places, StoreError> {
        let Some((from, to)) = part.bounds() else { return Ok(Places::default()) };
        let answer = self
            .dynamodb()
            .query()
            .table_name(self.name())
            .index_name(LIST_INDEX)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#pk", LIST_PK)
            .expression_attribute_names("#sk", LIST_SK)
            .expression_attribute_values(":pk", text(part.list))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
            .scan_index_forward(part.order == Order::OldestFirst)
            // One more than requested shows if there are more. Another one makes room for the start position itself.
            .limit(i32::try_from(limit).unwrap_or(i32::MAX - 2) + 2)
            .send()
            .await
            .map_err(|error| StoreError::aws("Query", error))?;
        let items = answer.items.unwrap_or_default();
        let place = |item| Some(Place { place: get_text(item, LIST_SK)?.to_owned(), key: key_of(item)? });
        let mut places: Vec<Place> = items.iter().filter_map(place).collect();
        places.retain(|found| Some(found.place.as_str()) != part.start);
        let has_more = places.len() > limit;
        places.truncate(limit);
        Ok(Places { places, has_more })
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Part};

    fn bounds(from: Option<&str>, to: Option<&str>, start: Option<&str>, order: Order) -> Option<(String, String)> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Part { list: "list".to_owned(), from: owned(from), to: owned(to), start, order }.bounds()
    }

    #[test]
    fn a_page_begins_at_its_cursor_and_stays_within_what_is_asked_for() {
        let (april, may, june) = (Some("2026-04#a"), Some("2026-05#b"), Some("2026-06#c"));
        let expected = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        for (from, to, start, order, page) in [
            (None, None, None, Order::NewestFirst, expected("0", "~")),
            (None, None, may, Order::NewestFirst, expected("0", "2026-05#b")),
            (None, None, may, Order::OldestFirst, expected("2026-05#b", "~")),
            (april, june, may, Order::NewestFirst, expected("2026-04#a", "2026-05#b")),
            (april, june, may, Order::OldestFirst, expected("2026-05#b", "2026-06#c")),
            (april, may, june, Order::NewestFirst, expected("2026-04#a", "2026-05#b")),
            (may, may, None, Order::NewestFirst, expected("2026-05#b", "2026-05#b")),
        ] {
            assert_eq!(bounds(from, to, start, order), page, "{from:?} {to:?} {start:?} {order:?}");
        }
    }

    #[test]
    fn bounds_in_the_wrong_order_are_an_empty_page() {
        let (april, june) = (Some("2026-04#a"), Some("2026-06#c"));
        assert_eq!(bounds(june, None, april, Order::NewestFirst), None, "a cursor behind the first moment");
        assert_eq!(bounds(None, april, june, Order::OldestFirst), None, "a cursor behind the last moment");
        assert_eq!(bounds(june, april, None, Order::NewestFirst), None, "after June and before April");
        assert_eq!(bounds(None, None, Some(""), Order::NewestFirst), None, "a place that none is before");
    }
}
