//! Errors that prevent the local stack from starting. Each is shown in one line that names the place to look at.

use std::path::PathBuf;
use std::{error, fmt, io};

use store::StoreError;

/// Reason for which the local stack did not start, or stopped.
#[derive(Debug)]
pub enum Error {
    /// The template is not a YAML document of the expected kind.
    Syntax(serde_yaml_ng::Error),
    /// The template contains something that the local stack does not support.
    Template {
        /// Logical id of the resource, or name of the section.
        resource: String,
        /// Property inside it, as a dotted path.
        property: String,
        /// Problem with the property.
        reason: String,
    },
    /// The stack cannot listen on its port.
    Listen {
        /// Port that was requested. Port 0 requests a free one.
        port: u16,
        /// I/O error of listening.
        source: io::Error,
    },
    /// The data folder cannot be used.
    Data {
        /// Path of the folder, or of the file in it.
        path: PathBuf,
        /// Reason for which the folder cannot be used.
        reason: String,
    },
    /// A given file cannot be read.
    File {
        /// Path of the file.
        path: PathBuf,
        /// I/O error of reading.
        source: io::Error,
    },
    /// A file of secrets contains an unknown name or a malformed value.
    Secrets {
        /// Path of the file.
        path: PathBuf,
        /// Problems, each with the name of its secret.
        problems: Vec<String>,
    },
    /// The handlers of the stop signals cannot be installed.
    Signal(io::Error),
    /// The user stopped the demo before it was over.
    Interrupted,
    /// The demo did not show the expected events. Carries the reason.
    Demo(String),
    /// The chat failed. Carries the reason.
    Chat(String),
    /// Writing to stdout failed.
    Output(io::Error),
    /// An AWS request during start-up failed.
    Aws {
        /// Action that failed.
        action: String,
        /// Reason of the failure.
        reason: String,
    },
    /// The table refused a write during start-up.
    Store(StoreError),
    /// The handlers could not be connected. Carries the reason.
    Wiring(String),
}

impl Error {
    /// Returns `true` if the reader of stdout is gone, as `head` is after its last line. That is no failure of a command.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(crate) fn template(resource: &str, property: &str, reason: impl Into<String>) -> Self {
        Self::Template { resource: resource.to_owned(), property: property.to_owned(), reason: reason.into() }
    }

    pub(crate) fn aws(action: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Aws { action: action.into(), reason: reason.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(source) => write!(f, "template.yaml: {source}"),
            Self::Template { resource, property, reason } if property.is_empty() => {
                write!(f, "template.yaml: {resource}: {reason}")
            }
            Self::Template { resource, property, reason } => {
                write!(f, "template.yaml: {resource}: {property}: {reason}")
            }
            Self::Listen { port, source } if source.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "port {port} is in use: stop what listens there, or choose another with --port (0 picks one)")
            }
            Self::Listen { port, source } => write!(f, "cannot listen on 127.0.0.1:{port}: {source}"),
            Self::Data { path, reason } => write!(f, "data folder {}: {reason}", path.display()),
            Self::File { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            Self::Secrets { path, problems } => write!(f, "secrets in {}: {}", path.display(), problems.join("; ")),
            Self::Signal(source) => write!(f, "cannot listen for signals: {source}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Demo(reason) => write!(f, "demo: {reason}"),
            Self::Chat(reason) => f.write_str(reason),
            Self::Output(source) => write!(f, "cannot write to stdout: {source}"),
            Self::Aws { action, reason } => write!(f, "cannot {action}: {reason}"),
            Self::Store(source) => write!(f, "cannot write to the table: {source}"),
            Self::Wiring(reason) => write!(f, "cannot connect the functions: {reason}"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Syntax(source) => Some(source),
            Self::Listen { source, .. } | Self::File { source, .. } | Self::Signal(source) | Self::Output(source) => {
                Some(source)
            }
            Self::Store(source) => Some(source),
            _ => None,
        }
    }
}
