//! Templates: a text with placeholders, as an agent's prompt and its opening text have them.
//!
//! A placeholder is `{{path}}`. White space inside the braces does not count. A path is one or more names with `.`
//! between them; a name has letters and digits of any script, `_` and `-`.
//!
//! Its value is the variable of that whole path, where there is one (`{"customer.name": …}`, since some clients can send
//! only texts), else what the path leads to: through objects by key, through arrays by an index from 0. A text goes in
//! as it is, numbers and booleans as JSON writes them. What is missing, `null`, an object or an array is an error: never a
//! hole in a text. A value is never read as a template: braces in it stay what they are.
//!
//! `\{{` is a literal `{{`. Right before `{{`, and only there, `\\` is a literal `\`; so `\\{{name}}` is a backslash and a
//! value. Single braces, and `}}` outside of a placeholder, are ordinary text.
//!
//! Refused: `{{` without its `}}`, an empty placeholder, an empty name (`{{a..b}}`), and anything else between the braces
//! (`{{{a}}}`, `{{first name}}`, `{{#if a}}`): there are no expressions here.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::size::stored_len;

/// The longest text that a template is rendered to, in bytes as it is stored: a variable of 64 KiB may be named twice, and what comes of
/// it stands in one item with everything else that a request brought.
pub const LONGEST_RESULT: usize = 128 * 1_024;

/// How much of a wrong placeholder an error shows, in characters.
const SHOWN_CHARACTERS: usize = 40;

const OPENING: &str = "{{";
const CLOSING: &str = "}}";

/// A text with placeholders, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`], which says what is wrong with the first wrong placeholder, and where it stands.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(braces) = rest.find(OPENING) {
            let at = text.len() - rest.len() + braces;
            let before = rest[..braces].trim_end_matches('\\');
            let backslashes = braces - before.len();
            literal.push_str(before);
            literal.extend(std::iter::repeat_n('\\', backslashes / 2));
            rest = &rest[braces + OPENING.len()..];
            if backslashes % 2 == 1 {
                literal.push_str(OPENING);
                continue;
            }
            let end = rest.find(CLOSING).ok_or_else(|| TemplateError::new(Mistake::Unclosed, text, at))?;
            let path = rest[..end].trim();
            check_path(path).map_err(|mistake| TemplateError::new(mistake, text, at))?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Variable(path.to_owned()));
            rest = &rest[end + CLOSING.len()..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// The paths of its placeholders, each once, in alphabetical order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let mut paths = BTreeSet::new();
        paths.extend(self.0.iter().filter_map(Part::path));
        paths.into_iter()
    }

    /// The text, with these values in it.
    ///
    /// # Errors
    /// [`RenderError`]: every path without a usable value, or a text beyond [`LONGEST_RESULT`].
    pub fn render(&self, values: &Map<String, Value>) -> Result<String, RenderError> {
        let unusable: Vec<Unusable> = self
            .variables()
            .filter_map(|path| text_of(values, path).err().map(|problem| Unusable { path: path.to_owned(), problem }))
            .collect();
        if !unusable.is_empty() {
            return Err(RenderError::Unusable(unusable));
        }
        let mut rendered = String::new();
        let mut size = 0;
        for part in &self.0 {
            let before = rendered.len();
            match part {
                Part::Text(text) => rendered.push_str(text),
                // Every value was usable just now.
                Part::Variable(path) => rendered.push_str(&text_of(values, path).unwrap_or_default()),
            }
            size += rendered.get(before..).map_or(0, stored_len);
            if size > LONGEST_RESULT {
                return Err(RenderError::TooLong);
            }
        }
        Ok(rendered)
    }
}

impl Part {
    fn path(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Variable(path) => Some(path),
        }
    }
}

fn check_path(path: &str) -> Result<(), Mistake> {
    if path.is_empty() {
        return Err(Mistake::Empty);
    }
    let belongs = |character: char| character.is_alphanumeric() || character == '_' || character == '-';
    if path.split('.').all(|name| !name.is_empty() && name.chars().all(belongs)) {
        return Ok(());
    }
    Err(Mistake::BadName(path.chars().take(SHOWN_CHARACTERS).collect()))
}

fn text_of(values: &Map<String, Value>, path: &str) -> Result<String, Problem> {
    match values.get(path).or_else(|| walk(values, path)) {
        None => Err(Problem::Missing),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(boolean)) => Ok(boolean.to_string()),
        Some(Value::Null) => Err(Problem::Null),
        Some(Value::Object(_)) => Err(Problem::Object),
        Some(Value::Array(_)) => Err(Problem::Array),
    }
}

fn walk<'a>(values: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('.')?;
    rest.split('.').try_fold(values.get(first)?, |value, name| match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(items) => items.get(index(name)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// An array's index has one form: no sign, no leading zeros.
fn index(name: &str) -> Option<usize> {
    name.parse().ok().filter(|index: &usize| index.to_string() == name)
}

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {mistake}")]
pub struct TemplateError {
    /// What is wrong.
    pub mistake: Mistake,
    /// The line of the placeholder, from 1.
    pub line: usize,
    /// The column of its braces in that line, in characters, from 1.
    pub column: usize,
}

/// What can be wrong with a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// `{{` without `}}`.
    #[error(r"{{{{ has no }}}} (a literal {{{{ is written \{{{{)")]
    Unclosed,
    /// Nothing between the braces.
    #[error("{{{{ }}}} names no variable")]
    Empty,
    /// No path between the braces, but this (its beginning).
    #[error(
        r"{0:?} is not a variable: names of letters, digits, _ and -, with . between them (a literal {{{{ is written \{{{{)"
    )]
    BadName(String),
}

impl TemplateError {
    fn new(mistake: Mistake, text: &str, at: usize) -> Self {
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { mistake, line, column }
    }
}

/// Why a template could not be rendered. Tells paths, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// These variables have no value that can stand in a text: all of them, each once.
    #[error("{}", listed(.0))]
    Unusable(Vec<Unusable>),
    /// The text would be longer than [`LONGEST_RESULT`].
    #[error("the text would be longer than {} bytes", LONGEST_RESULT)]
    TooLong,
}

/// A path without a usable value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The path.
    pub path: String,
    /// What is the matter.
    pub problem: Problem,
}

/// Why a variable cannot stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such variable.
    Missing,
    /// It is `null`.
    Null,
    /// It is an object.
    Object,
    /// It is an array.
    Array,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Null => "is null; it must be a string, a number or a boolean",
            Self::Object => "is an object; it must be a string, a number or a boolean",
            Self::Array => "is an array; it must be a string, a number or a boolean",
        })
    }
}

#[cfg(test)]
mod tests;

fn listed(variables: &[Unusable]) -> String {
    let listed: Vec<String> = variables.iter().map(|Unusable { path, problem }| format!("{path} {problem}")).collect();
    listed.join("; ")
}
