//! What can keep the local stack from starting: each is one line that says where to look.

use std::path::PathBuf;
use std::{error, fmt, io};

use store::StoreError;

/// Why the local stack did not start, or stopped.
#[derive(Debug)]
pub enum Error {
    /// The template is no YAML document of the expected kind.
    Syntax(serde_yaml_ng::Error),
    /// The template says something the local stack cannot follow.
    Template {
        /// Logical id of the resource (or the section) that says it.
        resource: String,
        /// Property inside it, as a dotted path.
        property: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The address to serve on cannot be taken.
    Listen {
        /// Port that was asked for.
        port: u16,
        /// Why not.
        source: io::Error,
    },
    /// The data folder cannot be used.
    Data {
        /// The folder, or the file in it.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file that was named cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of secrets names something that nobody reads, or in a shape that nobody understands.
    Secrets {
        /// The file.
        path: PathBuf,
        /// What is wrong, each by its name.
        problems: Vec<String>,
    },
    /// The signals that stop the stack cannot be listened for.
    Signal(io::Error),
    /// Somebody stopped the demo before it was over.
    Interrupted,
    /// The demo did not show what it should.
    Demo(String),
    /// A chat cannot be held.
    Chat(String),
    /// Nobody takes what is printed.
    Output(io::Error),
    /// An AWS request of the set-up failed.
    Aws {
        /// What was being done.
        action: String,
        /// What came back.
        reason: String,
    },
    /// The table refused what the set-up writes.
    Store(StoreError),
    /// The handlers could not be connected.
    Wiring(String),
}

impl Error {
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
