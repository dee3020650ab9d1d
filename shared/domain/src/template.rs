//! Templates: texts with placeholders, such as an agent's prompt and opening message.
//!
//! A placeholder is `{{path}}`. White space inside the braces is ignored. A path is one or more names, separated by `.`. A
//! name has letters and digits of any script, `_` and `-`.
//!
//! The value is the variable with the whole path as its name, if there is one (`{"customer.name": …}`), because some
//! clients can send only strings. Otherwise the path leads through objects by key and through arrays by an index from 0. A
//! string is inserted as it is; numbers and booleans are inserted as JSON writes them. A missing value, `null`, an object
//! or an array is an error, so that a text never has a gap. A value is never read as a template: braces in it have no
//! meaning.
//!
//! `\{{` is a literal `{{`. Right before `{{`, and only there, `\\` is a literal `\`. So `\\{{name}}` is a backslash and a
//! value. Single braces, and `}}` outside of a placeholder, are ordinary text.
//!
//! Errors are `{{` without its `}}`, an empty placeholder, an empty name (`{{a..b}}`), and anything else between the braces
//! (`{{{a}}}`, `{{first name}}`, `{{#if a}}`). There are no expressions.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::size::stored_len;

/// Maximum length of a rendered text, in bytes as stored. A variable of 64 KiB may be used twice, and the result shares one
/// item with the rest of the request.
pub const LONGEST_RESULT: usize = 128 * 1_024;

/// Maximum number of characters of a wrong placeholder that an error shows.
const SHOWN_CHARACTERS: usize = 40;

const OPENING: &str = "{{";
const CLOSING: &str = "}}";

/// Template that was parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// [`TemplateError`] with the first wrong placeholder, its mistake and its position.
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

    /// Returns the paths of the placeholders, each once, in alphabetical order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let mut paths = BTreeSet::new();
        paths.extend(self.0.iter().filter_map(Part::path));
        paths.into_iter()
    }

    /// Renders the template with these values.
    ///
    /// # Errors
    /// [`RenderError`] with every path that has no usable value, or if the text exceeds [`LONGEST_RESULT`].
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
                // All values were checked above.
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

/// Parses an index of an array. It has one form: no sign, no leading zeros.
fn index(name: &str) -> Option<usize> {
    name.parse().ok().filter(|index: &usize| index.to_string() == name)
}

/// Error in a template, with its position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {mistake}")]
pub struct TemplateError {
    /// Mistake in the placeholder.
    pub mistake: Mistake,
    /// Line of the placeholder, from 1.
    pub line: usize,
    /// Column of the placeholder's braces in that line, in characters, from 1.
    pub column: usize,
}

/// Mistake in a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// `{{` without `}}`.
    #[error(r"{{{{ has no }}}} (a literal {{{{ is written \{{{{)")]
    Unclosed,
    /// No path between the braces.
    #[error("{{{{ }}}} names no variable")]
    Empty,
    /// Text between the braces that is not a path. The field has its beginning.
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

/// Error of rendering a template. It contains paths and never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Variables without a value that can be inserted: all of them, each once.
    #[error("{}", listed(.0))]
    Unusable(Vec<Unusable>),
    /// Text would be longer than [`LONGEST_RESULT`].
    #[error("the text would be longer than {} bytes", LONGEST_RESULT)]
    TooLong,
}

/// Path without a usable value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Path of the variable.
    pub path: String,
    /// Problem of its value.
    pub problem: Problem,
}

/// Reason why a variable cannot be inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Variable does not exist.
    Missing,
    /// Value is `null`.
    Null,
    /// Value is an object.
    Object,
    /// Value is an array.
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
