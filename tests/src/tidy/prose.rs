//! Tests of the prose in doc comments: a noun or a verb comes first, and the actor has a name.

use super::{File, sources};

/// Words that make a clause of the first words of a comment.
const QUESTION_WORDS: [&str; 8] = ["What", "Whether", "Who", "Whom", "Whose", "Where", "How", "Whatever"];

/// Largest share of doc comments that may begin with one of them, in percent. 28.8 % did once.
const MAX_PERCENT: usize = 3;

/// Returns the first word of each doc comment. Neighbouring lines of one kind are one comment.
fn first_words(file: &File) -> Vec<(usize, &str)> {
    let kind = |line: &str| ["//!", "///"].into_iter().find(|kind| line.trim_start().starts_with(kind));
    let mut before = None;
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let this = kind(line);
        if let Some(kind) = this.filter(|_| this != before) {
            let text = line.trim_start().trim_start_matches(kind);
            let word = text.split(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty());
            found.extend(word.map(|word| (number + 1, word)));
        }
        before = this;
    }
    found
}

#[test]
fn a_comment_begins_with_its_subject_or_its_verb() {
    let mut comments = 0;
    let mut clauses = Vec::new();
    for file in sources() {
        for (line, word) in first_words(&file) {
            comments += 1;
            if QUESTION_WORDS.contains(&word) {
                clauses.push(format!("{}:{line}: {word} …", file.path));
            }
        }
    }
    assert!(
        clauses.len() * 100 <= comments * MAX_PERCENT,
        "{} of {comments} doc comments begin with a clause; name the thing first:\n{}",
        clauses.len(),
        clauses.join("\n")
    );
}

#[test]
fn each_comment_counts_once_by_its_first_word() {
    let text =
        "//! What it is.\n//! Whose it is.\n\n/// Returns the id.\nfn id() {}\n    /// [`Id`] of it.\n".to_owned();
    let file = File { path: String::new(), text };
    assert_eq!(first_words(&file), [(1, "What"), (4, "Returns"), (6, "Id")]);
}
