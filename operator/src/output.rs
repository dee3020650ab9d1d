//! Output of a command: a table for people, JSON for scripts.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use serde_json::{Map, Value};

/// Result of a command.
pub(crate) enum Rows {
    /// Table. All rows are objects with the same fields.
    Table(Vec<Value>),
    /// Text for people and scripts.
    Text(String),
    /// Checks, with `true` if all of them passed.
    Checked(Vec<Value>, bool),
}

/// Result and its format.
pub(crate) struct Output {
    pub(crate) rows: Rows,
    pub(crate) json: bool,
}

impl Output {
    /// Prints to stdout. A failed check makes the command fail. A reader that stops reading, such as `head`, does not.
    pub(crate) fn print(self) -> ExitCode {
        let (text, is_well) = match self.rows {
            Rows::Text(text) => (text, true),
            Rows::Table(rows) if self.json => (json(rows), true),
            Rows::Table(rows) => (table(&rows), true),
            Rows::Checked(rows, is_well) if self.json => (json(rows), is_well),
            Rows::Checked(rows, is_well) => (table(&rows), is_well),
        };
        match writeln!(io::stdout(), "{}", text.trim_end()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                report(format_args!("error: cannot write to stdout: {error}"));
                ExitCode::FAILURE
            }
            Ok(()) | Err(_) if is_well => ExitCode::SUCCESS,
            Ok(()) | Err(_) => ExitCode::FAILURE,
        }
    }
}

/// Prints a line to stderr. Unlike `eprintln!`, it does not panic if nobody reads stderr.
pub(crate) fn report(line: impl Display) {
    writeln!(io::stderr(), "{line}").ok();
}

fn json(rows: Vec<Value>) -> String {
    serde_json::to_string_pretty(&Value::Array(rows)).unwrap_or_default()
}

/// Builds a row of a table.
pub(crate) fn row<const N: usize>(cells: [(&str, Value); N]) -> Value {
    Value::Object(cells.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn table(rows: &[Value]) -> String {
    let Some(Value::Object(first)) = rows.first() else { return "(nothing)".to_owned() };
    let heads: Vec<String> = first.keys().cloned().collect();
    let cells = |row: &Value| heads.iter().map(|head| cell(&row[head.as_str()])).collect::<Vec<_>>();
    let mut lines = vec![heads.iter().map(|head| head.to_uppercase()).collect::<Vec<_>>()];
    lines.extend(rows.iter().map(cells));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(" "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{row, table};

    #[test]
    fn a_table_is_as_wide_as_its_widest_cell() {
        let rows = [
            row([("id", json!("acme")), ("numbers", json!(["+1", "+2"]))]),
            row([("id", json!("a")), ("numbers", json!(null))]),
        ];
        assert_eq!(table(&rows), "ID    NUMBERS\nacme  +1 +2\na     -");
    }
}
