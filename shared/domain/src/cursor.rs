//! Cursors: signed positions in a list. A client can only send back a cursor that it was given.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const TAG_BYTES: usize = 16;

/// Returns the cursor for a position in a list. `key` is the signing key of the organization. `list` is the name of the
/// list, so that a cursor is valid for this list only.
pub fn seal(key: &str, list: &str, place: &str) -> String {
    let tag = mac(key, list, place).finalize().into_bytes();
    let mut bytes = tag[..TAG_BYTES].to_vec();
    bytes.extend_from_slice(place.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the position of a cursor; `None` if its signature is not valid for this key and list.
pub fn open(key: &str, list: &str, cursor: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (tag, place) = bytes.split_at_checked(TAG_BYTES)?;
    let place = std::str::from_utf8(place).ok()?;
    mac(key, list, place).verify_truncated_left(tag).ok()?;
    Some(place.to_owned())
}

fn mac(key: &str, list: &str, place: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(&(list.len() as u64).to_be_bytes());
    mac.update(list.as_bytes());
    mac.update(place.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::{open, seal};

    #[test]
    fn a_cursor_opens_its_own_list_of_its_own_organization_and_nothing_else() {
        let cursor = seal("key", "calls", "place");
        assert_eq!(open("key", "calls", &cursor).as_deref(), Some("place"));
        assert_eq!(open("other", "calls", &cursor), None);
        assert_eq!(open("key", "events", &cursor), None);
    }

    #[test]
    fn a_forged_cursor_opens_nothing() {
        let cursor = seal("key", "calls", "place");
        for forged in ["", "a", "%%%", &cursor[..cursor.len() - 1], &format!("{cursor}A"), &seal("", "calls", "place")]
        {
            assert_eq!(open("key", "calls", forged), None, "{forged}");
        }
    }
}
