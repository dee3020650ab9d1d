//! How a running stack is found by what else wants to use its data: it writes down where its emulators listen.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;

/// The file in the data folder. It counts only while the folder is locked: whoever was killed has left one behind.
const FILE_NAME: &str = "running.json";

/// Where a running stack's emulators listen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// Its process, for people.
    pub(crate) pid: u32,
    /// The embedded DynamoDB.
    pub(crate) dynamodb: String,
    /// The embedded SQS.
    pub(crate) sqs: String,
}

impl Running {
    /// Writes it down, in one step.
    ///
    /// # Errors
    /// [`Error::Data`] where the folder cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let failed = |error: io::Error| Error::Data {
            path: folder.to_owned(),
            reason: format!("{FILE_NAME} cannot be written: {error}"),
        };
        let text = serde_json::to_string(self).map_err(|error| failed(error.into()))?;
        write_whole(&folder.join(FILE_NAME), &text).map_err(failed)
    }

    /// Reads it; `None` where there is none that can be read.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(folder.join(FILE_NAME)).ok()?).ok()
    }

    /// Takes it away.
    pub(crate) fn remove(folder: &Path) {
        if let Err(error) = fs::remove_file(folder.join(FILE_NAME)) {
            tracing::debug!(%error, "{FILE_NAME} stays");
        }
    }
}

/// Writes a file that only its owner reads, so that whoever reads it finds all of it or none.
pub(crate) fn write_whole(path: &PathBuf, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_written_is_read_by_its_owner_alone_and_is_gone_when_it_is_taken_away() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Running::read(folder.path()), None);
        let running = Running { pid: 7, dynamodb: "http://127.0.0.1:1".into(), sqs: "http://127.0.0.1:2".into() };
        running.write(folder.path()).expect("it can be written");
        running.write(folder.path()).expect("it can be written again");
        assert_eq!(Running::read(folder.path()), Some(running));
        let mode = fs::metadata(folder.path().join(FILE_NAME)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        Running::remove(folder.path());
        assert_eq!(Running::read(folder.path()), None);
    }
}
