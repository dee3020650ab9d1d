//! Do-not-call list as CSV. `import` accepts the output of `export`.

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;
use domain::ids::Scope;
use domain::phone::PhoneNumber;
use domain::suppression::Suppression;
use domain::time::Timestamp;
use serde_json::json;

use crate::cli::{Dnc, InMode};
use crate::connect::{Deployment, scope};
use crate::error::Error;
use crate::output::{Rows, report, row};
use crate::progress;

/// Columns, in the order in which they are written.
const COLUMNS: [&str; 3] = ["phoneNumber", "source", "createdAt"];

/// Largest number of invalid rows that are reported.
const ENOUGH: usize = 20;

/// Largest length of a source, in characters.
const LONGEST_SOURCE: usize = 64;

/// Number of entries in one page.
const PAGE: u8 = 100;

pub(crate) async fn run(deployment: &Deployment, command: Dnc) -> Result<Rows, Error> {
    match command {
        Dnc::Import { scope: InMode { org, mode }, file, source } => {
            let scope = scope(deployment.organization(&org).await?, mode);
            import(deployment, &scope, &file, &source).await
        }
        Dnc::Export { scope: InMode { org, mode } } => {
            export(deployment, &scope(deployment.organization(&org).await?, mode)).await
        }
    }
}

/// Imports the entries of a file. Nothing is written unless every row is valid.
async fn import(deployment: &Deployment, scope: &Scope, file: &Path, source: &str) -> Result<Rows, Error> {
    let text = std::fs::read(file).map_err(|error| Error::File(file.to_owned(), error.into()))?;
    let entries = read(&text, source, deployment.table.now())
        .map_err(|wrong| Error::File(file.to_owned(), wrong.join("\n           ").into()))?;
    let count = entries.len();
    let bar = progress::bar(count, "numbers");
    let new = deployment.table.import_suppressions(scope, entries, || bar.inc(1)).await?;
    bar.finish_and_clear();
    Ok(Rows::Table(vec![row([("numbers", json!(count)), ("added", json!(new)), ("known", json!(count - new))])]))
}

/// Positions of the columns.
struct Header {
    number: usize,
    source: Option<usize>,
    created_at: Option<usize>,
}

/// Parses the entries of a file, with each number once. Otherwise returns the errors by line and column: the first
/// [`ENOUGH`] of them and the number of further ones.
fn read(text: &[u8], source: &str, now: Timestamp) -> Result<Vec<(PhoneNumber, Suppression)>, Vec<String>> {
    // Spreadsheets begin UTF-8 files with this byte-order mark.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let header = reader.headers().map_err(|error| vec![problem(&error)]).and_then(Header::read)?;
    let width = reader.headers().map_or(0, StringRecord::len);
    let mut entries: BTreeMap<PhoneNumber, Suppression> = BTreeMap::new();
    let mut wrong = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) if record.iter().all(|field| field.trim().is_empty()) => {}
            Ok(record) => match header.entry(&record, width, source, now) {
                Ok((number, entry)) => drop(entries.entry(number).or_insert(entry)),
                Err(problem) => wrong.push(problem),
            },
            Err(error) => wrong.push(problem(&error)),
        }
    }
    if wrong.len() > ENOUGH {
        let more = wrong.len() - ENOUGH;
        wrong.truncate(ENOUGH);
        wrong.push(format!("and {more} more"));
    }
    if wrong.is_empty() { Ok(entries.into_iter().collect()) } else { Err(wrong) }
}

impl Header {
    fn read(names: &StringRecord) -> Result<Self, Vec<String>> {
        let place = |column: &str| names.iter().position(|name| name.trim().eq_ignore_ascii_case(column));
        let unknown = names
            .iter()
            .enumerate()
            .filter(|(_, name)| COLUMNS.iter().all(|column| !name.trim().eq_ignore_ascii_case(column)));
        let known = COLUMNS.join(", ");
        let mut wrong: Vec<String> = unknown
            .map(|(index, name)| {
                let shown: String = name.chars().take(40).collect();
                format!("line 1, column {}: {shown:?} is no known column; known are {known}", index + 1)
            })
            .collect();
        match place("phoneNumber") {
            Some(number) if wrong.is_empty() => {
                Ok(Self { number, source: place("source"), created_at: place("createdAt") })
            }
            Some(_) => Err(wrong),
            None => {
                wrong.insert(0, "line 1: the header names no column phoneNumber".to_owned());
                Err(wrong)
            }
        }
    }

    fn entry(
        &self,
        record: &StringRecord,
        width: usize,
        source: &str,
        now: Timestamp,
    ) -> Result<(PhoneNumber, Suppression), String> {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != width {
            return Err(format!("line {line}: has {} columns, and the header {width}", record.len()));
        }
        let wrong = |column: usize, name: &str, what: &dyn std::fmt::Display| {
            format!("line {line}, column {} ({name}): {what}", column + 1)
        };
        let field = |column: Option<usize>| column.and_then(|column| record.get(column)).map_or("", str::trim);
        let number =
            PhoneNumber::parse(field(Some(self.number))).map_err(|error| wrong(self.number, "phoneNumber", &error))?;
        let named = field(self.source);
        if named.chars().count() > LONGEST_SOURCE {
            let what = format!("is longer than {LONGEST_SOURCE} characters");
            return Err(wrong(self.source.unwrap_or(0), "source", &what));
        }
        let created_at = match field(self.created_at) {
            "" => now,
            text => Timestamp::parse(text)
                .map_err(|error| wrong(self.created_at.unwrap_or(0), "createdAt", &error))?
                .min(now),
        };
        let source = if named.is_empty() { source } else { named }.to_owned();
        Ok((number.clone(), Suppression { phone_number: Some(number), source, created_at }))
    }
}

/// Describes a file that is no valid CSV, without its content.
fn problem(error: &csv::Error) -> String {
    let line = error.position().map_or(1, csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8",
        _ => "cannot be read as CSV",
    };
    format!("line {line}: {what}")
}

/// Writes the list as CSV. Erased numbers are left out, because only their digests are stored.
async fn export(deployment: &Deployment, scope: &Scope) -> Result<Rows, Error> {
    let bar = progress::bar(0, "numbers");
    let mut writer = csv::Writer::from_writer(Vec::new());
    let unwritable = |error: csv::Error| Error::refused(error.to_string());
    writer.write_record(COLUMNS).map_err(unwritable)?;
    let (mut after, mut erased): (Option<String>, u64) = (None, 0);
    loop {
        let (entries, more) = deployment.table.suppressions(scope, after.as_deref(), PAGE).await?;
        after = entries.last().map(|(digest, _)| digest.clone());
        for (_, entry) in entries {
            bar.inc(1);
            let Some(number) = &entry.phone_number else {
                erased += 1;
                continue;
            };
            let created_at = entry.created_at.to_string();
            writer.write_record([number.as_str(), &entry.source, &created_at]).map_err(unwritable)?;
        }
        if !more {
            break;
        }
    }
    bar.finish_and_clear();
    if erased > 0 {
        report(format_args!("{erased} erased numbers are on the list too; nothing is left of them to write"));
    }
    let bytes = writer.into_inner().map_err(|error| Error::refused(error.to_string()))?;
    String::from_utf8(bytes).map(Rows::Text).map_err(|error| Error::refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::read;

    fn now() -> Timestamp {
        Timestamp::parse("2026-04-10T14:00:00.000Z").unwrap()
    }

    fn wrong(text: &str) -> Vec<String> {
        read(text.as_bytes(), "import", now()).unwrap_err()
    }

    #[test]
    fn rows_become_entries_and_a_number_twice_is_one() {
        let text = "\u{feff}source,phoneNumber,createdAt\r\n\"by, phone\",+15555550123,2026-01-02T03:04:05Z\r\n,+15555550124,\n\n,+15555550123,\n";
        let entries = read(text.as_bytes(), "import", now()).unwrap();
        let shown: Vec<(&str, &str, String)> = entries
            .iter()
            .map(|(number, entry)| (number.as_str(), entry.source.as_str(), entry.created_at.to_string()))
            .collect();
        assert_eq!(
            shown,
            [
                ("+15555550123", "by, phone", "2026-01-02T03:04:05.000Z".to_owned()),
                ("+15555550124", "import", "2026-04-10T14:00:00.000Z".to_owned()),
            ]
        );
    }

    #[test]
    fn everything_wrong_is_named_by_line_and_column() {
        let text = "phoneNumber,createdAt\n+15555550123,\n5555550124,\n+15555550125,yesterday\n+15555550126\n";
        let wrong = wrong(text);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(wrong[0].starts_with("line 3, column 1 (phoneNumber): must be"), "{wrong:?}");
        assert!(wrong[1].starts_with("line 4, column 2 (createdAt): "), "{wrong:?}");
        assert_eq!(wrong[2], "line 5: has 1 columns, and the header 2");
    }

    #[test]
    fn a_file_that_is_something_else_is_refused() {
        assert_eq!(wrong("+15555550123\n+15555550124\n")[0], "line 1: the header names no column phoneNumber");
        assert!(wrong("phoneNumber,comment\n")[0].starts_with("line 1, column 2: \"comment\" is no known column"));
        assert_eq!(read(b"phoneNumber\n\xff\xfe\n", "import", now()).unwrap_err(), ["line 2: is not UTF-8"]);
        let many = format!("phoneNumber\n{}", "x\n".repeat(30));
        assert_eq!(wrong(&many).last().map(String::as_str), Some("and 10 more"));
    }
}
