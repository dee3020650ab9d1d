//! The command line.

use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::error::Error;

mod agent;

pub(crate) use agent::Agent;

/// Administers a Ringdown deployment, with the AWS credentials of the environment.
#[derive(Parser)]
#[command(name = "ringdown", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Do what cannot be undone without asking
    #[arg(long, global = true)]
    yes: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which deployment.
#[derive(Args)]
pub(crate) struct Target {
    /// Name of the deployment's table
    #[arg(long, global = true, env = "TABLE_NAME", value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// AWS endpoint to use instead of the region's own
    #[arg(long, global = true, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Use the data of a local stack, whether it runs or not
    #[arg(long, global = true, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = ".ringdown")]
    #[arg(conflicts_with_all = ["table", "endpoint_url"])]
    pub(crate) local: Option<PathBuf>,
    #[arg(long, global = true, env = "AWS_REGION", hide = true)]
    pub(crate) region: Option<String>,
    #[arg(long, global = true, env = "AWS_ACCESS_KEY_ID", hide = true, hide_env_values = true)]
    pub(crate) access_key_id: Option<String>,
    #[arg(long, global = true, env = "AWS_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    pub(crate) secret_access_key: Option<String>,
    #[arg(long, global = true, env = "AWS_SESSION_TOKEN", hide = true, hide_env_values = true)]
    pub(crate) session_token: Option<String>,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Organizations
    #[command(subcommand)]
    Org(Org),
    /// The phone numbers that an organization sends from
    #[command(subcommand)]
    Number(Number),
    /// API keys
    #[command(subcommand)]
    Key(Key),
    /// Agents
    #[command(subcommand)]
    Agent(Agent),
    /// The numbers that must not be contacted
    #[command(subcommand)]
    Dnc(Dnc),
    /// What metered organizations can spend
    #[command(subcommand)]
    Wallet(Wallet),
    /// Conversations
    #[command(subcommand)]
    Conversation(Conversation),
    /// Queues
    #[command(subcommand)]
    Queue(Queue),
    /// Erase a phone number's personal data over an organization, in both modes: conversations, texts, transcripts,
    /// contacts, events and what was sent of them. Its opt-out stays, as a digest
    Erase {
        /// The number, as +15555550123
        #[arg(long, allow_hyphen_values = true)]
        number: String,
        /// The organization
        #[arg(long)]
        org: String,
    },
    /// Check the deployment: its table, its indexes, and whether anything is overdue
    Doctor,
}

/// What to do with organizations.
#[derive(Subcommand)]
pub(crate) enum Org {
    /// Make an organization
    Create {
        /// Its id: lower-case letters, digits and hyphens
        id: String,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
    },
    /// List organizations; goes through the whole table
    List,
    /// Set what an organization is called and kept to; what is not named stays as it is
    Set(Settings),
    /// Accept nothing from an organization and dial nothing of it
    Suspend {
        /// Its id
        id: String,
    },
    /// Take a suspension back
    Resume {
        /// Its id
        id: String,
    },
}

/// What to set of an organization.
#[derive(Args)]
pub(crate) struct Settings {
    /// Its id
    pub(crate) id: String,
    /// What people call it
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Its own country, as US or DE: national numbers are read in it
    #[arg(long, value_name = "CODE")]
    pub(crate) country: Option<String>,
    /// The countries that its live calls and texts may go to, as US,CA; `own`: its own country, else that of the number
    /// that calls
    #[arg(long, value_name = "CODES")]
    pub(crate) countries: Option<String>,
    /// How many of its calls may be open at the same time, in each mode; or `unlimited`. What does not fit waits
    #[arg(long, value_name = "NUMBER")]
    pub(crate) concurrent_calls: Option<String>,
    /// Allow live conversations with premium-rate, shared-cost, personal and pager numbers; `--premium=false` refuses them again
    #[arg(long, value_name = "ALLOWED", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) premium: Option<bool>,
}

/// What to do with numbers.
#[derive(Subcommand)]
pub(crate) enum Number {
    /// Give an organization a number
    Add(Owned),
    /// List an organization's numbers
    List {
        /// The organization
        #[arg(long)]
        org: String,
    },
    /// Take a number away from an organization
    Remove(Owned),
}

/// A number of an organization.
#[derive(Args)]
pub(crate) struct Owned {
    /// The number, as +15555550100
    #[arg(allow_hyphen_values = true)]
    pub(crate) number: String,
    /// The organization
    #[arg(long)]
    pub(crate) org: String,
}

/// What to do with keys.
#[derive(Subcommand)]
pub(crate) enum Key {
    /// Make a key, and show it once
    Create {
        /// The organization
        #[arg(long)]
        org: String,
        /// Whether it reaches phones
        #[arg(long, value_enum)]
        mode: Mode,
        /// What it is for
        #[arg(long)]
        name: String,
        /// A permission; every one where none is named
        #[arg(long = "permission", value_name = "NAME")]
        permissions: Vec<String>,
        /// How many requests it may make in a minute; any number where none is named
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
        requests_per_minute: Option<u32>,
        /// How many calls it may place on a day, by UTC; any number where none is named
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
        calls_per_day: Option<u32>,
        /// From when on it opens nothing, as 2026-12-31T00:00:00Z; it does not expire where nothing is named
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
    },
    /// List an organization's keys, those that open nothing any more included
    List {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
    },
    /// Revoke a key: from then on it opens nothing
    Revoke {
        /// Its id, as `list` shows it
        id: String,
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// Revoke the keys that were made with it, too, directly or not: where it has leaked
        #[arg(long)]
        with_descendants: bool,
    },
}

/// Whether phones are reached.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Mode {
    /// Real phones
    Live,
    /// The simulator
    Test,
}

/// What to do with the do-not-call list.
#[derive(Subcommand)]
pub(crate) enum Dnc {
    /// Put the numbers of a CSV file on the list; nothing is written unless every row is sound
    Import {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// The file: a header that names `phoneNumber`, and `source` and `createdAt` if there are such columns
        file: PathBuf,
        /// What stands as the source of rows that name none
        #[arg(long, default_value = "import")]
        source: String,
    },
    /// Write the list as CSV to stdout
    Export {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
    },
}

/// An organization in a mode.
#[derive(Args)]
pub(crate) struct InMode {
    /// The organization
    #[arg(long)]
    pub(crate) org: String,
    /// Which of its modes
    #[arg(long, value_enum)]
    pub(crate) mode: Mode,
}

/// What to do with wallets.
#[derive(Subcommand)]
pub(crate) enum Wallet {
    /// Make an organization metered, or change its price: calls that were accepted keep theirs
    Meter {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// What a minute costs, in minor units: cents
        #[arg(long, value_name = "MINOR")]
        per_minute: u32,
        /// ISO 4217, as USD
        #[arg(long)]
        currency: String,
    },
    /// Pay into a wallet, once for every reference
    Credit {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// How much, in minor units: cents
        #[arg(value_name = "MINOR", value_parser = clap::value_parser!(u32).range(1..))]
        amount: u32,
        /// What the payment is called in your books: said twice, it is paid once
        #[arg(long)]
        reference: String,
    },
    /// Show what can be spent
    Show {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
    },
}

/// What to do with conversations.
#[derive(Subcommand)]
pub(crate) enum Conversation {
    /// Show where a conversation stands
    Show {
        /// Its id
        id: String,
    },
    /// List everything in a conversation's log, the notes included that no client reads
    Events {
        /// Its id
        id: String,
    },
    /// Send every webhook of a conversation once more that failed for good
    ReplayWebhooks {
        /// Its id
        id: String,
    },
}

/// What to do with queues.
#[derive(Subcommand)]
pub(crate) enum Queue {
    /// Dead letters
    #[command(subcommand)]
    Dlq(Dlq),
}

/// What to do with dead letters.
#[derive(Subcommand)]
pub(crate) enum Dlq {
    /// List the dead-letter queues, and how much is in them
    List(Stack),
    /// Put what is in a dead-letter queue back where it came from
    Redrive {
        /// The queue's name, as `list` shows it
        queue: String,
    },
}

/// Which stack's queues.
#[derive(Args)]
pub(crate) struct Stack {
    /// The stack's name, which its queues' names begin with
    #[arg(long, default_value = "")]
    pub(crate) stack: String,
}

/// Whether to ask before what cannot be undone.
#[derive(Clone, Copy)]
pub(crate) struct Ask(bool);

impl Cli {
    pub(crate) const fn asking(&self) -> Ask {
        Ask(!self.yes)
    }
}

impl Ask {
    /// Asks; nobody to ask is a no.
    ///
    /// # Errors
    /// [`Error::Refused`] where the answer is not yes.
    pub(crate) fn confirm(self, what: &str) -> Result<(), Error> {
        if !self.0 {
            return Ok(());
        }
        let input = std::io::stdin();
        if !input.is_terminal() {
            return Err(Error::refused(format!("{what}: nobody is there to confirm it; say --yes")));
        }
        eprint!("{what}. Go on? [y/N] ");
        let mut answer = String::new();
        let read = std::io::stderr().flush().and_then(|()| input.read_line(&mut answer));
        match read {
            Ok(_) if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) => Ok(()),
            Ok(_) | Err(_) => Err(Error::refused("nothing was done")),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
