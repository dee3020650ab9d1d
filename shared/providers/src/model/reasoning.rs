//! Removal of a model's reasoning. Some servers leave it in the answer, as `<think>…</think>` before the text.

/// Names of the tags that models put their reasoning in.
const TAGS: [&str; 6] = ["think", "thinking", "thought", "thoughts", "reasoning", "analysis"];

/// Tag in a text: its first byte, the byte behind it, and if it closes.
struct Tag {
    begin: usize,
    end: usize,
    closes: bool,
}

/// Removes the reasoning from a text: between tags, after a tag that is not closed, and before a closing tag without an opening
/// one. Some servers put the opening tag into the prompt.
pub(super) fn without_reasoning(text: &str) -> String {
    let mut said = String::new();
    let (mut depth, mut place) = (0_u32, 0);
    while let Some(tag) = next_tag(text, place) {
        match (tag.closes, depth) {
            (true, 0) => said.clear(),
            (true, _) => depth -= 1,
            (false, _) => {
                if depth == 0 {
                    said.push_str(&text[place..tag.begin]);
                }
                depth += 1;
            }
        }
        place = tag.end;
    }
    if depth == 0 {
        said.push_str(&text[place..]);
    }
    said.trim().to_owned()
}

fn next_tag(text: &str, from: usize) -> Option<Tag> {
    let mut place = from;
    while let Some(found) = text[place..].find('<') {
        let begin = place + found;
        if let Some(tag) = tag_at(text, begin) {
            return Some(tag);
        }
        place = begin + 1;
    }
    None
}

/// Returns the tag that begins here, if one does. A tag without an end reaches to the end of the text.
fn tag_at(text: &str, begin: usize) -> Option<Tag> {
    let rest = text[begin + 1..].trim_start();
    let closes = rest.starts_with('/');
    let rest = rest.strip_prefix('/').unwrap_or(rest).trim_start();
    let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let is_known = TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(&rest[..length]));
    let behind = rest[length..].chars().next();
    if !is_known || !behind.is_none_or(|behind| behind == '>' || behind == '/' || behind.is_whitespace()) {
        return None;
    }
    let rest = &rest[length..];
    let end = text.len() - rest.len() + rest.find('>').map_or(rest.len(), |place| place + 1);
    Some(Tag { begin, end, closes })
}

#[cfg(test)]
mod tests {
    use super::without_reasoning;

    #[test]
    fn thoughts_are_taken_out_wherever_they_stand_and_whether_they_are_closed_or_not() {
        for (text, said) in [
            ("One.", "One."),
            ("<think>They want a Saab.</think>\n\nOne.", "One."),
            ("<think>\n</think>One.", "One."),
            ("One. <THINK>no</THINK >Two.", "One. Two."),
            ("<think>They want a Saab. One.", ""),
            ("One.<think>and now", "One."),
            ("They want a Saab.</think>One.", "One."),
            ("<think>a <think>b</think> c</think>One.", "One."),
            ("<thinking type=\"x\">a</thinking>One.<reasoning>b</reasoning>", "One."),
            ("<think", ""),
            ("One.</think", ""),
            ("", ""),
        ] {
            assert_eq!(without_reasoning(text), said, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_tag_stays() {
        for text in ["3 < 4 > 2", "I <3 you", "<b>bold</b>", "<thinker>", "a <thinkable> thing", "< ", "<"] {
            assert_eq!(without_reasoning(text), text.trim(), "{text}");
        }
    }
}
