//! Endpoints of a running stack, in a file. Other processes find the stack's emulators by it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;

/// Name of the file in the data folder. It counts only while the folder is locked, because a killed stack leaves it
/// behind.
const FILE_NAME: &str = "running.json";

/// Endpoints of a running stack's emulators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// Process id, for people.
    pub(crate) pid: u32,
    /// Endpoint of the embedded DynamoDB.
    pub(crate) dynamodb: String,
    /// Endpoint of the embedded SQS.
    pub(crate) sqs: String,
}

impl Running {
    /// Writes the file atomically.
    ///
    /// # Errors
    /// [`Error::Data`] if the folder cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let failed = |error: io::Error| Error::Data {
            path: folder.to_owned(),
            reason: format!("{FILE_NAME} cannot be written: {error}"),
        };
        let text = serde_json::to_string(self).map_err(|error| failed(error.into()))?;
        write_whole(&folder.join(FILE_NAME), &text).map_err(failed)
    }

    /// Reads the file. Returns `None` if there is none or if it cannot be decoded.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(folder.join(FILE_NAME)).ok()?).ok()
    }

    /// Removes the file.
    pub(crate) fn remove(folder: &Path) {
        if let Err(error) = fs::remove_file(folder.join(FILE_NAME)) {
            tracing::debug!(%error, "{FILE_NAME} stays");
        }
    }
}

/// Writes a file atomically, with read access for its owner only. So a reader finds the complete file or none.
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
