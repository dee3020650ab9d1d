//! Division of an answer that is too long for one message. It is divided at the end of a sentence if possible, and at the
//! end of a word otherwise.

use super::TextLimit;

/// Maximum number of messages for one answer. A longer answer does not suit SMS.
pub const MOST_PARTS: usize = 4;

/// Mark at the end of an answer that was cut. It is in the GSM-7 alphabet, unlike an ellipsis.
const CUT_MARK: &str = "...";

/// Characters that end a sentence.
const SENTENCE_ENDS: [char; 7] = ['.', '!', '?', '…', '。', '！', '？'];

/// Divides a text into messages that the carrier takes, in order. A text within the limit stays one message. White space at
/// the ends of the parts is dropped. The rest of a text that exceeds [`MOST_PARTS`] messages is cut.
pub fn split(text: &str, limit: TextLimit) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if limit.takes(rest) {
            parts.push(rest.to_owned());
            break;
        }
        if parts.len() + 1 == MOST_PARTS {
            let kept = &rest[..longest(rest, |text| limit.takes(&format!("{text}{CUT_MARK}")))];
            parts.push(format!("{}{CUT_MARK}", kept.trim_end()));
            break;
        }
        let end = good_end(rest, longest(rest, |text| limit.takes(text)));
        let (part, behind) = rest.split_at(end);
        parts.push(part.trim_end().to_owned());
        rest = behind.trim_start();
    }
    parts
}

/// Returns the number of bytes of a text that may be kept. It keeps at least one character, so that the division ends.
fn longest(text: &str, fits: impl Fn(&str) -> bool) -> usize {
    let ends: Vec<usize> = text.char_indices().skip(1).map(|(place, _)| place).chain([text.len()]).collect();
    let fitting = ends.partition_point(|end| fits(&text[..*end]));
    ends.get(fitting.saturating_sub(1)).copied().unwrap_or(text.len())
}

/// Returns the position at which to divide a text, at most `at_the_latest`. It prefers the end of a sentence or line, then
/// the end of a word, unless the part would be very short.
fn good_end(text: &str, at_the_latest: usize) -> usize {
    let shortest = at_the_latest / 3;
    let mut ends = text[..at_the_latest].char_indices().rev();
    let ends_sentence = |place: usize, letter: char| {
        let next = text[place + letter.len_utf8()..].chars().next();
        letter == '\n'
            || (SENTENCE_ENDS.contains(&letter) && next.is_none_or(|next| next.is_whitespace() || !letter.is_ascii()))
    };
    let behind = |(place, letter): (usize, char)| place + letter.len_utf8();
    let sentence = ends.clone().find(|(place, letter)| ends_sentence(*place, *letter)).map(behind);
    let mut word = || ends.find(|(_, letter)| letter.is_whitespace()).map(behind);
    let good = |end: &usize| *end > shortest;
    // A word that ends exactly here is complete.
    let whole = text[at_the_latest..].starts_with(char::is_whitespace).then_some(at_the_latest);
    sentence.filter(good).or(whole).or_else(|| word().filter(good)).unwrap_or(at_the_latest)
}

#[cfg(test)]
mod tests {
    use super::{MOST_PARTS, split};
    use crate::sms::TextLimit;

    const LIMITS: [TextLimit; 3] = [TextLimit::Units(1_600), TextLimit::Segments(10), TextLimit::Segments(1)];

    #[test]
    fn what_fits_stays_as_it_is() {
        for limit in LIMITS {
            assert_eq!(split(" Yes. We do. ", limit), ["Yes. We do."]);
            assert!(split(" \n", limit).is_empty());
        }
    }

    #[test]
    fn a_long_answer_is_divided_at_sentences_and_then_at_words() {
        let limit = TextLimit::Units(30);
        assert_eq!(
            split("We open at 8. We close at 18.30. On Sundays we are closed.", limit),
            ["We open at 8.", "We close at 18.30.", "On Sundays we are closed."]
        );
        assert_eq!(
            split("a word and another word and yet another one", limit),
            ["a word and another word and", "yet another one"]
        );
        assert_eq!(split(&"x".repeat(50), limit), ["x".repeat(30), "x".repeat(20)]);
        assert_eq!(split("一二三。四五六。", TextLimit::Units(6)), ["一二三。", "四五六。"]);
    }

    #[test]
    fn every_part_is_taken_and_nothing_is_lost_until_it_is_too_much() {
        let words = ["We", "open", "at", "8.", "Жди", "нас!", "🚗🚗", "x", "\n", "[€]"];
        for limit in LIMITS {
            for length in [1, 50, 200, 400, 900, 2_000] {
                let text: Vec<&str> = (0..length).map(|place| words[(place * 7 + place / 3) % words.len()]).collect();
                let text = text.join(" ");
                let parts = split(&text, limit);
                assert!(parts.len() <= MOST_PARTS && parts.iter().all(|part| limit.takes(part) && !part.is_empty()));
                let bare = |text: &str| text.split_whitespace().collect::<String>();
                let joined = bare(&parts.concat());
                assert!(
                    joined == bare(&text) || (parts.len() == MOST_PARTS && joined.ends_with("...")),
                    "{limit:?} {length}"
                );
            }
        }
    }
}
