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
const START: [&str; 3] = ["START", "YES", "UNSTOP"];
const HELP: [&str; 2] = ["HELP", "INFO"];

impl Keyword {
    /// The commonest word that says it.
    pub const fn usual_word(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Start => "START",
            Self::Help => "HELP",
        }
    }

    /// The keyword that a text is: the whole text, trimmed, in any case. With the word itself, in capitals.
    pub fn of(text: &str) -> Option<(Self, &'static str)> {
        let text = text.trim();
        let among = |words: &[&'static str]| words.iter().copied().find(|word| word.eq_ignore_ascii_case(text));
        among(&STOP)
            .map(|word| (Self::Stop, word))
            .or_else(|| among(&START).map(|word| (Self::Start, word)))
            .or_else(|| among(&HELP).map(|word| (Self::Help, word)))
    }
}

#[cfg(test)]
mod tests {
    use super::Keyword;

    #[test]
    fn only_a_text_that_is_nothing_else_is_a_keyword() {
        assert_eq!(Keyword::of(" stop\n"), Some((Keyword::Stop, "STOP")));
        assert_eq!(Keyword::of("OptOut"), Some((Keyword::Stop, "OPTOUT")));
        assert_eq!(Keyword::of("yes"), Some((Keyword::Start, "YES")));
        assert_eq!(Keyword::of("Info"), Some((Keyword::Help, "INFO")));
        for text in ["", "stop please", "opt out", "stop.", "ſtop", "YES!", "help me", "\0STOP"] {
            assert_eq!(Keyword::of(text), None, "{text}");
        }
    }
}
