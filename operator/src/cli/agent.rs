//! Commands about agents.

use std::path::PathBuf;

use clap::Subcommand;

use super::InMode;

/// Command about agents.
#[derive(Subcommand)]
pub(crate) enum Agent {
    /// Create or change agents from their description in a YAML file
    Import {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// The YAML file
        file: PathBuf,
    },
    /// Replace the secret of an agent's tools and show it once; open conversations keep the earlier one
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
