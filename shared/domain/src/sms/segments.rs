//! Length of an SMS message in segments. A message is sent in GSM-7 if that alphabet has all of its characters, and in
//! UCS-2 otherwise. It takes one segment, or several that the phone joins. (3GPP TS 23.038 and 23.040.)

use std::fmt;

/// Characters of the basic alphabet of GSM 03.38, of seven bits each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Characters of its extension. Each is preceded by an escape, so that it takes two septets.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Encoding of an SMS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// GSM-7: seven bits for each unit.
    Gsm7,
    /// UCS-2: sixteen bits for each unit. A character outside the basic plane, such as an emoji, takes two units.
    Ucs2,
}

impl Encoding {
    /// Returns the number of units in a message of one segment, and in each segment of a longer message.
    const fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    /// Returns the number of units that a character takes.
    fn units(self, letter: char) -> usize {
        match self {
            Self::Gsm7 => 1 + usize::from(EXTENSION.contains(letter)),
            Self::Ucs2 => letter.len_utf16(),
        }
    }
}

/// Encoding and length of an SMS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Encoding of the message.
    pub encoding: Encoding,
    /// Number of segments.
    pub count: usize,
}

impl Segments {
    /// Returns the encoding and the number of segments of a text. No character is divided between two segments.
    pub fn of(text: &str) -> Self {
        let encoding = if stranger(text).is_none() { Encoding::Gsm7 } else { Encoding::Ucs2 };
        let (alone, together) = encoding.room();
        if text.chars().map(|letter| encoding.units(letter)).sum::<usize>() <= alone {
            return Self { encoding, count: 1 };
        }
        let (mut count, mut used) = (1, 0);
        for letter in text.chars() {
            let units = encoding.units(letter);
            if used + units > together {
                count += 1;
                used = 0;
            }
            used += units;
        }
        Self { encoding, count }
    }
}

/// Returns the first character that is not in the GSM 03.38 alphabet.
fn stranger(text: &str) -> Option<char> {
    text.chars().find(|letter| !BASIC.contains(*letter) && !EXTENSION.contains(*letter))
}

/// Length limit of a provider for one SMS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextLimit {
    /// Maximum number of UTF-16 units.
    Units(usize),
    /// Maximum number of segments.
    Segments(usize),
}

impl TextLimit {
    /// Returns `true` if a text is within the limit.
    pub fn takes(self, text: &str) -> bool {
        match self {
            Self::Units(most) => text.encode_utf16().count() <= most,
            Self::Segments(most) => Segments::of(text).count <= most,
        }
    }

    /// Returns a number of characters that always fits, unless some of them take two UTF-16 units, as emoji do.
    pub const fn surely(self) -> usize {
        match self {
            Self::Units(most) => most,
            Self::Segments(most) => most * Encoding::Ucs2.room().1,
        }
    }

    /// Returns why a text exceeds the limit, in words for its author; `None` if it is within the limit.
    pub fn problem(self, text: &str) -> Option<String> {
        if self.takes(text) {
            return None;
        }
        Some(match self {
            Self::Units(_) => {
                format!("is {} UTF-16 units long; the number's provider takes {self}", text.encode_utf16().count())
            }
            Self::Segments(_) => {
                let why = stranger(text).map_or_else(String::new, |letter| {
                    format!(" of 67 characters each, because {letter:?} is not in the GSM-7 alphabet")
                });
                format!("comes to {} segments{why}; the number's provider takes {self}", Segments::of(text).count)
            }
        })
    }
}

impl fmt::Display for TextLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Units(most) => write!(f, "{most}"),
            Self::Segments(most) => {
                let characters = |encoding: Encoding| most * encoding.room().1;
                let (plain, other) = (characters(Encoding::Gsm7), characters(Encoding::Ucs2));
                write!(f, "{most}: {plain} characters of GSM-7, or {other} of any other text")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BASIC, EXTENSION, Encoding, Segments, TextLimit};

    fn count(text: &str) -> (Encoding, usize) {
        let Segments { encoding, count } = Segments::of(text);
        (encoding, count)
    }

    #[test]
    fn the_alphabet_has_its_127_letters_and_its_extension_ten() {
        // The 128th code is the escape.
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
        assert!(EXTENSION.chars().all(|letter| !BASIC.contains(letter)));
    }

    #[test]
    fn a_text_is_counted_in_segments_of_its_alphabet() {
        for (text, expected) in [
            (String::new(), (Encoding::Gsm7, 1)),
            ("a".repeat(160), (Encoding::Gsm7, 1)),
            ("a".repeat(161), (Encoding::Gsm7, 2)),
            ("a".repeat(306), (Encoding::Gsm7, 2)),
            ("a".repeat(307), (Encoding::Gsm7, 3)),
            ("€".repeat(80), (Encoding::Gsm7, 1)),
            ("€".repeat(81), (Encoding::Gsm7, 2)),
            // 153 septets hold 76 of these characters: the 77th would be divided.
            ("€".repeat(152), (Encoding::Gsm7, 2)),
            ("€".repeat(153), (Encoding::Gsm7, 3)),
            ("ж".repeat(70), (Encoding::Ucs2, 1)),
            ("ж".repeat(71), (Encoding::Ucs2, 2)),
            ("ж".repeat(134), (Encoding::Ucs2, 2)),
            ("ж".repeat(135), (Encoding::Ucs2, 3)),
            ("🚗".repeat(35), (Encoding::Ucs2, 1)),
            ("🚗".repeat(66), (Encoding::Ucs2, 2)),
            ("🚗".repeat(67), (Encoding::Ucs2, 3)),
            (format!("{}’", "a".repeat(69)), (Encoding::Ucs2, 1)),
            (format!("{}’", "a".repeat(70)), (Encoding::Ucs2, 2)),
        ] {
            assert_eq!(count(&text), expected, "{text}");
        }
    }

    #[test]
    fn each_carrier_counts_in_its_own_way() {
        let telnyx = TextLimit::Segments(10);
        assert!(telnyx.takes(&"a".repeat(1_530)) && !telnyx.takes(&"a".repeat(1_531)));
        assert!(telnyx.takes(&"ж".repeat(670)) && !telnyx.takes(&"ж".repeat(671)));
        let twilio = TextLimit::Units(1_600);
        assert!(twilio.takes(&"ж".repeat(1_600)) && !twilio.takes(&"a".repeat(1_601)));
        assert!(twilio.takes(&"🚗".repeat(800)) && !twilio.takes(&"🚗".repeat(801)));
        assert_eq!((telnyx.surely(), twilio.surely()), (670, 1_600));
    }

    #[test]
    fn who_writes_too_much_is_told_how_much_it_is_and_why() {
        assert_eq!(TextLimit::Segments(10).problem(&"ж".repeat(670)), None);
        let problem = TextLimit::Segments(10).problem(&format!("{}…", "a".repeat(700)));
        assert_eq!(
            problem.unwrap(),
            "comes to 11 segments of 67 characters each, because '…' is not in the GSM-7 alphabet; the number's provider \
             takes 10: 1530 characters of GSM-7, or 670 of any other text"
        );
        let problem = TextLimit::Units(1_600).problem(&"🚗".repeat(801));
        assert_eq!(problem.unwrap(), "is 1602 UTF-16 units long; the number's provider takes 1600");
    }
}
