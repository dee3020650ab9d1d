//! Blank texts: white space, control characters, and characters that Unicode draws as nothing.

/// Code points of Unicode's `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt), and the braille pattern without
/// dots.
const DRAWN_AS_NOTHING: [(u32, u32); 18] = [
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
];

/// Returns `true` if a reader of the text sees nothing.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || character.is_control() || is_drawn_as_nothing(character))
}

fn is_drawn_as_nothing(character: char) -> bool {
    let code = u32::from(character);
    DRAWN_AS_NOTHING.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

#[cfg(test)]
mod tests {
    use super::is_blank;

    #[test]
    fn what_shows_nothing_is_blank() {
        for text in [
            "",
            " ",
            "\t\r\n",
            "\u{200b}",
            "\u{200d}\u{feff}",
            "\0\u{7f}",
            "\u{2060} \u{ad}",
            "\u{3164}",
            "\u{e0041}",
            "\u{2800}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["a", ".", " a ", "\u{200b}a", "👍", "é", "\u{301}", "#️⃣", "مرحبا"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
