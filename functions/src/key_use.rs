//! When a key was last used: noted at most once an hour for each key.
//!
//! A function stops when it has answered, so nothing is left to be done behind the answer. The note is written while the
//! handler works, not before and not after it; a request waits for it only where it is the slower of the two, once an hour.

use domain::key::RawKey;
use domain::time::Timestamp;
use store::USE_IS_NOTED_EVERY;

use crate::app::App;

/// Notes that a key is being used, where that was not noted within the hour. A note that cannot be written is missed, and
/// the request is answered all the same.
pub(crate) async fn note(app: &App, key: &RawKey, last_used_at: Option<Timestamp>, now: Timestamp) {
    if last_used_at.is_some_and(|last| now.since(last) < USE_IS_NOTED_EVERY) {
        return;
    }
    if let Err(error) = app.store.table.note_key_used(key, now).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the use of a key was not noted");
    }
}
