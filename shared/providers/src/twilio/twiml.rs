//! TwiML: the instructions that a call gets.

use domain::ids::ConversationId;
use domain::voice_settings::VoiceSettings;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// Returns a document without instructions.
pub fn nothing() -> String {
    format!("{HEAD}<Response/>")
}

/// Returns the instruction to hang up.
pub fn hang_up() -> String {
    format!("{HEAD}<Response><Hangup/></Response>")
}

/// Returns the instruction to say the opening message, or to connect to the relay. Without either, the call is hung up.
pub fn speak(voice: &VoiceSettings, conversation: ConversationId) -> String {
    let language = voice.language.as_deref().map(|tag| format!(r#" language="{}""#, escaped(tag))).unwrap_or_default();
    let verb = match (&voice.opening, &voice.relay_url) {
        (Some(opening), _) => format!("<Say{language}>{}</Say>", escaped(opening)),
        (None, Some(url)) => format!(
            r#"<Connect><ConversationRelay url="{}"{language}><Parameter name="conversationId" value="{conversation}"/></ConversationRelay></Connect>"#,
            escaped(url)
        ),
        (None, None) => return hang_up(),
    };
    format!("{HEAD}<Response>{verb}</Response>")
}

/// Escapes a text for an element or an attribute. Characters that XML cannot contain are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use domain::ids::ConversationId;
    use domain::voice_settings::VoiceSettings;

    use super::{HEAD, speak};

    fn spoken(voice: &VoiceSettings) -> String {
        speak(voice, ConversationId::random([7; 16])).trim_start_matches(HEAD).to_owned()
    }

    #[test]
    fn a_message_is_said_to_the_letter_whatever_is_in_it() {
        let opening = Some("Fish & <chips> \"for\" 'you'\0\u{b}, ümlaut 🐟".to_owned());
        let voice = VoiceSettings { opening, language: Some("en-GB".to_owned()), ..VoiceSettings::default() };
        assert_eq!(
            spoken(&voice),
            "<Response><Say language=\"en-GB\">Fish &amp; &lt;chips&gt; &quot;for&quot; &apos;you&apos;, ümlaut 🐟</Say></Response>"
        );
    }

    #[test]
    fn a_relay_is_connected_to_with_the_conversations_id() {
        let relay_url = Some("wss://example.com/relay?a=1&b=2".to_owned());
        let voice = VoiceSettings { relay_url, ..VoiceSettings::default() };
        let id = ConversationId::random([7; 16]);
        assert_eq!(
            spoken(&voice),
            format!(
                "<Response><Connect><ConversationRelay url=\"wss://example.com/relay?a=1&amp;b=2\">\
                 <Parameter name=\"conversationId\" value=\"{id}\"/></ConversationRelay></Connect></Response>"
            )
        );
    }

    #[test]
    fn a_call_with_nothing_to_say_is_hung_up() {
        assert_eq!(spoken(&VoiceSettings::default()), "<Response><Hangup/></Response>");
    }
}
