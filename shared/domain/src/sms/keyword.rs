//! Keywords by which a customer opts out, opts in or asks for help. A message is a keyword only if it contains nothing
//! else. "STOP PLEASE" is an ordinary message, as it is at the carriers.

/// Request that a keyword stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// Wish to get no more messages.
    Stop,
    /// Wish to get messages again. It counts only after a STOP, because YES is also the commonest answer there is.
    Start,
    /// Question about the sender, and about the way to stop.
    Help,
}

const STOP: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
const START: [&str; 3] = ["START", YES, "UNSTOP"];

/// Word for START that is also an answer to any question.
const YES: &str = "YES";
const HELP: [&str; 2] = ["HELP", "INFO"];

/// Longest message that is checked for a keyword, in bytes: a keyword with a few characters around it. A longer message is
/// not a keyword, so it need not be searched.
const LONGEST: usize = 256;

impl Keyword {
    /// Returns the commonest word for this keyword.
    pub const fn usual_word(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Start => "START",
            Self::Help => "HELP",
        }
    }

    /// Returns `true` for a word that customers also write to answer a question: YES, the commonest answer there is.
    pub(crate) fn is_ambiguous(word: &str) -> bool {
        word == YES
    }

    /// Returns the keyword that a text is, with its word in capitals. The text has to be a single word, in any case and in
    /// letters of any width. Characters around the word that are neither letters nor digits are ignored, and so are
    /// invisible characters.
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

/// Returns the usual form of a full-width letter, as keyboards for Chinese and Japanese write Latin letters.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => u32::from(letter).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(letter),
        _ => letter,
    }
}

/// Returns `true` for a character without width, such as a joiner, a direction mark, or a selector of an emoji's look.
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
