//! How long a text is on its way to a phone: in GSM-7 where every letter of it is in that alphabet, else in UCS-2; in one segment, or
//! in several that a phone puts together again. (3GPP TS 23.038 and 23.040.)

use std::fmt;

/// The letters of GSM 03.38's basic alphabet: seven bits each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Those of its extension: an escape goes before each, so that it takes two places.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// An alphabet that a text is sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a letter.
    Gsm7,
    /// Sixteen bits a unit: a letter outside the basic plane, such as an emoji, takes two.
    Ucs2,
}

impl Encoding {
    /// How many units fit into a text of one segment, and into each segment of a longer one.
    const fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    /// How many units a letter takes.
    fn units(self, letter: char) -> usize {
        match self {
            Self::Gsm7 => 1 + usize::from(EXTENSION.contains(letter)),
            Self::Ucs2 => letter.len_utf16(),
        }
    }
}

/// How a text is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// In which alphabet.
    pub encoding: Encoding,
    /// In how many segments.
    pub count: usize,
}

impl Segments {
    /// How this text is sent. No letter is divided between two segments.
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

/// The first letter that is not in GSM 03.38's alphabet.
fn stranger(text: &str) -> Option<char> {
    text.chars().find(|letter| !BASIC.contains(*letter) && !EXTENSION.contains(*letter))
}

/// How long a text a carrier takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextLimit {
    /// So many UTF-16 units.
    Units(usize),
    /// So many segments.
    Segments(usize),
}

impl TextLimit {
    /// Whether it takes this text.
    pub fn takes(self, text: &str) -> bool {
        match self {
            Self::Units(most) => text.encode_utf16().count() <= most,
            Self::Segments(most) => Segments::of(text).count <= most,
        }
    }

    /// A number of characters that fits, whichever they are but for emoji.
    pub const fn surely(self) -> usize {
        match self {
            Self::Units(most) => most,
            Self::Segments(most) => most * Encoding::Ucs2.room().1,
        }
    }

    /// Why it does not take this text, for whoever wrote it; `None` where it does.
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
        // The 128th place is the escape's.
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
            // 153 places hold 76 of them: the 77th would be divided.
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
