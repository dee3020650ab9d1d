//! Items: a key, the attributes that DynamoDB acts on, and the rest as one JSON text.
//!
//! The text, rather than a map of attributes: DynamoDB's numbers have 38 digits and no exponent to speak of, and a
//! client's metadata goes back as it came.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::obligation::Due;
use domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::keys::{DUE_AT, DUE_PK, Key, LIST_PK, LIST_SK, PK, SK};

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// The attribute that holds the JSON text.
pub(crate) const DATA: &str = "data";
/// The attribute that counts an item's writes.
pub(crate) const VERSION: &str = "version";
/// The attribute that names the request that wrote an item last.
pub(crate) const NONCE: &str = "nonce";
/// The attribute that counts how often what is due was put back on its queue without effect.
pub(crate) const NUDGES: &str = "nudges";
/// The attribute with the moment at which an item is really due; the index may name it ahead of that.
pub(crate) const WAKE_AT: &str = "wakeAt";
/// The attribute with the message that takes care of what is due.
pub(crate) const JOB: &str = "job";
/// The attribute with the queue that message belongs on.
pub(crate) const QUEUE: &str = "queue";

/// The attribute with the second from which on DynamoDB may remove an item.
pub(crate) const EXPIRES_AT: &str = "expiresAt";

/// A text attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A moment as a number attribute, in milliseconds.
pub(crate) fn moment(at: Timestamp) -> AttributeValue {
    number(at.as_milliseconds())
}

/// A key's two attributes.
pub(crate) fn key_attributes(key: &Key) -> Item {
    HashMap::from([(PK.to_owned(), text(&key.pk)), (SK.to_owned(), text(&key.sk))])
}

/// The key of an item.
pub(crate) fn key_of(item: &Item) -> Option<Key> {
    Some(Key { pk: get_text(item, PK)?.to_owned(), sk: get_text(item, SK)?.to_owned() })
}

/// An item with this key and this text.
pub(crate) fn item(key: &Key, data: &impl Serialize) -> Result<Item, StoreError> {
    let mut item = key_attributes(key);
    item.insert(DATA.to_owned(), text(to_json(data)?));
    Ok(item)
}

/// Puts an item into a list.
pub(crate) fn put_in_list(item: &mut Item, list: String, place: String) {
    item.insert(LIST_PK.to_owned(), text(list));
    item.insert(LIST_SK.to_owned(), text(place));
}

/// Puts an item into the index of what is due, with the message that takes care of it.
pub(crate) fn put_in_due(item: &mut Item, shard: String, due: Due) {
    item.insert(DUE_PK.to_owned(), text(shard));
    item.insert(DUE_AT.to_owned(), moment(due.named_from));
    item.insert(WAKE_AT.to_owned(), moment(due.at));
}

/// Lets an item expire at a moment; it stays for good where there is none.
pub(crate) fn expire(item: &mut Item, at: Option<Timestamp>) {
    if let Some(at) = at {
        item.insert(EXPIRES_AT.to_owned(), number(at.as_seconds()));
    }
}

/// Whether an item has expired: DynamoDB may take days to remove it.
pub(crate) fn is_expired(item: &Item, now: Timestamp) -> bool {
    get_number::<i64>(item, EXPIRES_AT).is_some_and(|at| at <= now.as_seconds())
}

/// A value as JSON text.
pub(crate) fn to_json(data: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(data).map_err(|error| StoreError::corrupt("value", error))
}

/// Reads an item's text.
pub(crate) fn from_item<T: DeserializeOwned>(what: &'static str, item: &Item) -> Result<T, StoreError> {
    from_attribute(what, item, DATA)
}

/// Reads the JSON text in one attribute of an item.
pub(crate) fn from_attribute<T: DeserializeOwned>(
    what: &'static str,
    item: &Item,
    name: &str,
) -> Result<T, StoreError> {
    let json = get_text(item, name).ok_or_else(|| StoreError::corrupt(what, format!("`{name}` is missing")))?;
    serde_json::from_str(json).map_err(|error| StoreError::corrupt(what, error))
}

/// A text attribute of an item.
pub(crate) fn get_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// A number attribute of an item.
pub(crate) fn get_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok())
}
