//! Items: a key, the attributes that DynamoDB acts on, and the rest as one JSON text.
//!
//! JSON text is used instead of an attribute map because DynamoDB's numbers have 38 digits and a small range of
//! exponents. So a client's metadata is returned unchanged.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::obligation::Due;
use domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::keys::{DUE_AT, DUE_PK, Key, LIST_PK, LIST_SK, PK, SK};

/// Item in the SDK's form.
pub type Item = HashMap<String, AttributeValue>;

/// Attribute with the JSON text.
pub(crate) const DATA: &str = "data";
/// Attribute with the number of the item's writes.
pub(crate) const VERSION: &str = "version";
/// Attribute with the nonce of the request that wrote the item last.
pub(crate) const NONCE: &str = "nonce";
/// Attribute with the number of requeues without progress.
pub(crate) const NUDGES: &str = "nudges";
/// Attribute with the time at which an item is due. The index may list it earlier.
pub(crate) const WAKE_AT: &str = "wakeAt";
/// Attribute with the queue message for a due item.
pub(crate) const JOB: &str = "job";
/// Attribute with the queue of that message.
pub(crate) const QUEUE: &str = "queue";

/// Attribute with the second from which DynamoDB may remove an item.
pub(crate) const EXPIRES_AT: &str = "expiresAt";

/// Returns a text attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Returns a number attribute.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Returns a moment as a number attribute, in milliseconds.
pub(crate) fn moment(at: Timestamp) -> AttributeValue {
    number(at.as_milliseconds())
}

/// Returns the two attributes of a key.
pub(crate) fn key_attributes(key: &Key) -> Item {
    HashMap::from([(PK.to_owned(), text(&key.pk)), (SK.to_owned(), text(&key.sk))])
}

/// Returns the key of an item.
pub(crate) fn key_of(item: &Item) -> Option<Key> {
    Some(Key { pk: get_text(item, PK)?.to_owned(), sk: get_text(item, SK)?.to_owned() })
}

/// Builds an item with this key and this JSON text.
pub(crate) fn item(key: &Key, data: &impl Serialize) -> Result<Item, StoreError> {
    let mut item = key_attributes(key);
    item.insert(DATA.to_owned(), text(to_json(data)?));
    Ok(item)
}

/// Adds the attributes that put an item into a list.
pub(crate) fn put_in_list(item: &mut Item, list: String, place: String) {
    item.insert(LIST_PK.to_owned(), text(list));
    item.insert(LIST_SK.to_owned(), text(place));
}

/// Adds the attributes that put an item into the due index.
pub(crate) fn put_in_due(item: &mut Item, shard: String, due: Due) {
    item.insert(DUE_PK.to_owned(), text(shard));
    item.insert(DUE_AT.to_owned(), moment(due.named_from));
    item.insert(WAKE_AT.to_owned(), moment(due.at));
}

/// Sets the time at which an item expires. Without a time, the item is kept for good.
pub(crate) fn expire(item: &mut Item, at: Option<Timestamp>) {
    if let Some(at) = at {
        item.insert(EXPIRES_AT.to_owned(), number(at.as_seconds()));
    }
}

/// Returns `true` if an item has expired. DynamoDB may take days to remove it.
pub(crate) fn is_expired(item: &Item, now: Timestamp) -> bool {
    get_number::<i64>(item, EXPIRES_AT).is_some_and(|at| at <= now.as_seconds())
}

/// Encodes a value as JSON text.
pub(crate) fn to_json(data: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(data).map_err(|error| StoreError::corrupt("value", error))
}

/// Decodes an item's JSON text.
pub(crate) fn from_item<T: DeserializeOwned>(what: &'static str, item: &Item) -> Result<T, StoreError> {
    from_attribute(what, item, DATA)
}

/// Decodes the JSON text in one attribute of an item.
pub(crate) fn from_attribute<T: DeserializeOwned>(
    what: &'static str,
    item: &Item,
    name: &str,
) -> Result<T, StoreError> {
    let json = get_text(item, name).ok_or_else(|| StoreError::corrupt(what, format!("`{name}` is missing")))?;
    serde_json::from_str(json).map_err(|error| StoreError::corrupt(what, error))
}

/// Returns a text attribute of an item.
pub(crate) fn get_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// Returns a number attribute of an item.
pub(crate) fn get_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok())
}
