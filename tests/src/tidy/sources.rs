//! Tests of each file's length and of text that no file may contain.

use super::{files, sources};

const LONGEST_FILE: usize = 400;

/// Files that may be longer. Tools write them, or they are a list of similar parts.
const LONG_FILES: [&str; 5] = [
    "Cargo.lock",
    "docs/openapi.client.json",
    "docs/openapi.json",
    "shared/domain/src/phone_input/examples.txt",
    "template.yaml",
];

#[test]
fn a_file_is_read_in_one_go() {
    for file in files() {
        let lines = file.text.lines().count();
        assert!(lines <= LONGEST_FILE || LONG_FILES.contains(&file.path.as_str()), "{} has {lines} lines", file.path);
    }
}

#[test]
fn every_exception_from_a_lint_has_a_reason() {
    let attributes = ["allow(", "expect("].map(|name| ["#[", "#!["].map(|open| format!("{open}{name}"))).concat();
    for file in sources() {
        for attribute in &attributes {
            for (place, _) in file.text.match_indices(attribute.as_str()) {
                let end = file.text[place..].find(")]").map_or(file.text.len(), |length| place + length);
                let line = file.text[..place].lines().count();
                assert!(file.text[place..end].contains("reason = \""), "{}:{line} gives no reason", file.path);
            }
        }
    }
}

#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    let folders = ["work", "home", "root", "tmp", "Users"].map(|folder| format!("/{folder}/"));
    for file in files().iter().filter(|file| file.path != "Cargo.lock") {
        for (number, line) in file.text.lines().enumerate() {
            for folder in &folders {
                // A folder of that name within a longer path or a URL is no path of a machine.
                let named = line.match_indices(folder.as_str()).any(|(place, _)| {
                    let before = line[..place].chars().next_back();
                    before.is_none_or(|before| !before.is_alphanumeric() && !"._-}/".contains(before))
                });
                assert!(!named, "{}:{} names a path below {folder}", file.path, number + 1);
            }
        }
    }
}
