//! The commands about agents.

use std::path::PathBuf;

use clap::Subcommand;

use super::InMode;

/// What to do with agents.
#[derive(Subcommand)]
pub(crate) enum Agent {
    /// Make or change agents, as a YAML file describes them
    Import {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// The file
        file: PathBuf,
    },
    /// Give an agent's tools another secret, shown once; conversations that are open go on with theirs
    RotateToolSecret {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// The agent's slug
        slug: String,
    },
    /// Write an organization's agents as YAML to stdout
    Export {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
    },
}
