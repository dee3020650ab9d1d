//! Sizes of data as it is stored, which is as JSON. A control character is one byte in a request and six bytes in an item.
//!
//! DynamoDB limits an item to 400 KiB. Everything that comes from outside is measured here before it becomes part of an
//! item.

use serde::Serialize;

/// Maximum number of bytes in an item that come from outside. The rest is for the fields that we add.
pub const LARGEST_CONTENT: usize = 380 * 1_024;

/// Returns the number of bytes that a text takes in JSON, without its quotes.
pub fn stored_len(text: &str) -> usize {
    text.bytes().map(stored_byte).sum()
}

/// Returns the number of bytes that a value takes as JSON.
pub fn json_len(value: &impl Serialize) -> usize {
    // A value that cannot be written as JSON cannot be stored.
    serde_json::to_vec(value).map_or(usize::MAX, |bytes| bytes.len())
}

/// Returns the beginning of a text that takes at most this many bytes in JSON. A mark shows that the text was cut.
pub fn cut_to_stored(text: String, most: usize) -> String {
    const MARK: char = '…';
    if stored_len(&text) <= most {
        return text;
    }
    let mut left = most.saturating_sub(MARK.len_utf8());
    let fits = |character: &char| {
        let len = stored_len(character.encode_utf8(&mut [0; 4]));
        let is_within = len <= left;
        left = left.saturating_sub(len);
        is_within
    };
    text.chars().take_while(fits).chain([MARK]).collect()
}

const fn stored_byte(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{cut_to_stored, json_len, stored_len};

    #[test]
    fn a_text_is_as_long_as_json_makes_it() {
        for text in ["", "plain", "\"quoted\" \\ back", "\n\r\t\u{8}\u{c}", "\u{0}\u{1}\u{1f}\u{7f}", "grüße 💥"] {
            assert_eq!(stored_len(text) + 2, json_len(&text), "{text:?}");
        }
        let every: String = (0..=0x2_ff_u32).filter_map(char::from_u32).collect();
        assert_eq!(stored_len(&every) + 2, json_len(&every));
    }

    #[test]
    fn what_is_cut_fits_and_says_so() {
        assert_eq!(cut_to_stored("short".to_owned(), 5), "short");
        assert_eq!(cut_to_stored("too long".to_owned(), 7), "too …");
        for most in 3..40 {
            let cut = cut_to_stored("\u{1}💥a\n".repeat(10), most);
            assert!(stored_len(&cut) <= most && cut.ends_with('…'), "{most}: {cut:?}");
        }
    }
}
