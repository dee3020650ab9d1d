//! Words by which a customer says whether they want to hear from us. A text is one only where it is nothing else:
//! "STOP PLEASE" is an ordinary text, as it is at the carriers.

/// What a keyword asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// To hear nothing more.
    Stop,
    /// To hear from us again. Counts only where a STOP was said before: YES is the commonest answer there is.
    Start,
    /// Who we are, and how to stop.
    Help,
}

const STOP: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
const START: [&str; 3] = ["START", YES, "UNSTOP"];

/// The word for START that is an answer to any question, too.
const YES: &str = "YES";
const HELP: [&str; 2] = ["HELP", "INFO"];

/// The longest text that is looked at: a keyword with a few marks around it. Nobody has a page searched for one word.
const LONGEST: usize = 256;

impl Keyword {
    /// The commonest word that says it.
    pub const fn usual_word(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Start => "START",
            Self::Help => "HELP",
        }
    }

    /// Returns `true` for a word that customers also write when they answer a question: YES, the commonest answer there is.
    pub(crate) fn is_ambiguous(word: &str) -> bool {
        word == YES
    }

    /// The keyword that a text is: a single word, in any case and in letters of any width, whatever stands around it that is no
    /// letter and no digit. With the word itself, in capitals.
    pub fn of(text: &str) -> Option<(Self, &'static str)> {
        if text.len() > LONGEST {
            return None;
        }
        let plain: String = text.chars().filter(|letter| !is_invisible(*letter)).map(narrow).collect();
        let bare = plain.trim_matches(|letter: char| !letter.is_alphanumeric());
        let among = |words: &[&'static str]| words.iter().copied().find(|word| word.eq_ignore_ascii_case(bare));
        among(&STOP)
            .map(|word| (Self::Stop, word))
            .or_else(|| among(&START).map(|word| (Self::Start, word)))
            .or_else(|| among(&HELP).map(|word| (Self::Help, word)))
    }
}

/// The usual form of a letter that takes the room of two, as keyboards for Chinese and Japanese write Latin ones.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => u32::from(letter).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(letter),
        _ => letter,
    }
}

/// What takes no room: joiners, marks of direction, what picks the look of an emoji.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::{Keyword, LONGEST};

    #[test]
    fn only_a_text_that_is_nothing_else_is_a_keyword() {
        assert_eq!(Keyword::of(" stop\n"), Some((Keyword::Stop, "STOP")));
        assert_eq!(Keyword::of("OptOut"), Some((Keyword::Stop, "OPTOUT")));
        assert_eq!(Keyword::of("yes"), Some((Keyword::Start, "YES")));
        assert_eq!(Keyword::of("Info"), Some((Keyword::Help, "INFO")));
        for text in
            ["", "stop please", "opt out", "ſtop", "help me", "st.op", "stop 1", "1stop", "don't stop", "🛑", "..."]
        {
            assert_eq!(Keyword::of(text), None, "{text}");
        }
        assert_eq!(Keyword::of(&format!("STOP{}", ".".repeat(LONGEST))), None);
    }

    #[test]
    fn what_stands_around_a_keyword_does_not_count() {
        for text in [
            "STOP.",
            "stop!",
            "\"Stop\"",
            "“stop”",
            "'stop'",
            "(STOP)",
            "*stop*",
            "ＳＴＯＰ",
            "ｓｔｏｐ！",
            "STOP 🛑",
            "🛑\u{fe0f} stop",
            "\u{200b}STOP\u{feff}",
            "S\u{200d}TOP",
            "¡stop!",
            "- stop -",
            "\0STOP",
        ] {
            assert_eq!(Keyword::of(text), Some((Keyword::Stop, "STOP")), "{text}");
        }
        assert_eq!(Keyword::of("YES!"), Some((Keyword::Start, "YES")));
        assert_eq!(Keyword::of("help?"), Some((Keyword::Help, "HELP")));
    }
}
