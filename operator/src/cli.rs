//! Command line of the operator.

use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::error::Error;

mod agent;

pub(crate) use agent::Agent;

/// Administers a Ringdown deployment. AWS credentials are found as every AWS tool finds them: in the environment, in a
/// profile, by SSO, in a container, on an EC2 instance
#[derive(Parser)]
#[command(name = "ringdown", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Skip the confirmation of actions that cannot be undone
    #[arg(long, global = true)]
    yes: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Deployment to administer.
#[derive(Args)]
pub(crate) struct Target {
    /// Name of the deployment's table
    #[arg(long, global = true, env = "TABLE_NAME", value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// AWS profile to use instead of credentials in the environment (default: AWS_PROFILE)
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, or the region of the profile)
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// AWS endpoint to use instead of the region's own
    #[arg(long, global = true, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Use the data of a local stack, running or stopped
    #[arg(long, global = true, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = ".ringdown")]
    #[arg(conflicts_with_all = ["table", "profile", "region", "endpoint_url"])]
    pub(crate) local: Option<PathBuf>,
}

/// Command to run.
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
    /// The wallets of metered organizations
    #[command(subcommand)]
    Wallet(Wallet),
    /// Conversations
    #[command(subcommand)]
    Conversation(Conversation),
    /// Queues
    #[command(subcommand)]
    Queue(Queue),
    /// Erase a phone number's personal data within an organization, in both modes: conversations, SMS messages, transcripts, contacts,
    /// events and their deliveries. Its opt-out stays, as a digest
    Erase {
        /// The number, such as +15555550123
        #[arg(long, allow_hyphen_values = true)]
        number: String,
        /// The organization
        #[arg(long)]
        org: String,
    },
    /// Check the deployment: its table, its indexes, and overdue items
    Doctor,
}

/// Command about organizations.
#[derive(Subcommand)]
pub(crate) enum Org {
    /// Create an organization
    Create {
        /// Id of the organization: lower-case letters, digits and hyphens
        id: String,
        /// Display name [default: the id]
        #[arg(long)]
        name: Option<String>,
    },
    /// List organizations; scans the whole table
    List,
    /// Change an organization's settings; settings that are not named stay unchanged
    Set(Settings),
    /// Suspend an organization: accept no conversation of it, and dial none of its calls
    Suspend {
        /// Id of the organization
        id: String,
    },
    /// End a suspension
    Resume {
        /// Id of the organization
        id: String,
    },
}

/// Settings of an organization to change.
#[derive(Args)]
pub(crate) struct Settings {
    /// Id of the organization
    pub(crate) id: String,
    /// Display name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The organization's own country, such as US or DE, in which national numbers are read
    #[arg(long, value_name = "CODE")]
    pub(crate) country: Option<String>,
    /// Countries that its live calls and SMS messages may go to, such as US,CA; `own`: its own country, else that of the calling number
    #[arg(long, value_name = "CODES")]
    pub(crate) countries: Option<String>,
    /// Largest number of its calls that may be open at the same time, in each mode; or `unlimited`. Further calls wait
    #[arg(long, value_name = "NUMBER")]
    pub(crate) concurrent_calls: Option<String>,
    /// Allow live conversations with premium-rate, shared-cost, personal and pager numbers; `--premium=false` refuses them again
    #[arg(long, value_name = "ALLOWED", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) premium: Option<bool>,
}

/// Command about numbers.
#[derive(Subcommand)]
pub(crate) enum Number {
    /// Assign a number to an organization
    Add(Owned),
    /// List an organization's numbers
    List {
        /// The organization
        #[arg(long)]
        org: String,
    },
    /// Remove a number from an organization
    Remove(Owned),
}

/// Number of an organization.
#[derive(Args)]
pub(crate) struct Owned {
    /// The number, such as +15555550100
    #[arg(allow_hyphen_values = true)]
    pub(crate) number: String,
    /// The organization
    #[arg(long)]
    pub(crate) org: String,
}

/// Command about API keys.
#[derive(Subcommand)]
pub(crate) enum Key {
    /// Create a key, and show it once
    Create {
        /// The organization
        #[arg(long)]
        org: String,
        /// Mode of the key
        #[arg(long, value_enum)]
        mode: Mode,
        /// Purpose of the key
        #[arg(long)]
        name: String,
        /// A permission; all permissions if none is named
        #[arg(long = "permission", value_name = "NAME")]
        permissions: Vec<String>,
        /// Largest number of requests in a minute; unlimited if none is given
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
        requests_per_minute: Option<u32>,
        /// Largest number of calls on a day, by UTC; unlimited if none is given
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
        calls_per_day: Option<u32>,
        /// Time at which the key expires, such as 2026-12-31T00:00:00Z; it does not expire if none is given
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
    },
    /// List an organization's keys, including revoked and expired ones
    List {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
    },
    /// Revoke a key, with immediate effect
    Revoke {
        /// Id of the key, as `list` shows it
        id: String,
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// Also revoke the keys that were created with it, directly or indirectly, for example after a leak
        #[arg(long)]
        with_descendants: bool,
    },
}

/// Mode of a key or of data.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Mode {
    /// Real phones
    Live,
    /// The simulator
    Test,
}

/// Command about the do-not-call list.
#[derive(Subcommand)]
pub(crate) enum Dnc {
    /// Put the numbers of a CSV file on the list; nothing is written unless every row is valid
    Import {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// The file: a header that names `phoneNumber`, and `source` and `createdAt` if there are such columns
        file: PathBuf,
        /// Source of rows that name none
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

/// Organization and mode of a command.
#[derive(Args)]
pub(crate) struct InMode {
    /// The organization
    #[arg(long)]
    pub(crate) org: String,
    /// The organization's mode
    #[arg(long, value_enum)]
    pub(crate) mode: Mode,
}

/// Command about wallets.
#[derive(Subcommand)]
pub(crate) enum Wallet {
    /// Make an organization metered, or change its price; accepted calls keep theirs
    Meter {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// Price of a minute, in minor units such as cents
        #[arg(long, value_name = "MINOR")]
        per_minute: u32,
        /// Currency by ISO 4217, such as USD
        #[arg(long)]
        currency: String,
    },
    /// Pay into a wallet, once per reference
    Credit {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
        /// Amount in minor units, such as cents
        #[arg(value_name = "MINOR", value_parser = clap::value_parser!(u32).range(1..))]
        amount: u32,
        /// Name of the payment in your books; a repeated reference is paid only once
        #[arg(long)]
        reference: String,
    },
    /// Show the balance of a wallet
    Show {
        /// The organization and the mode
        #[command(flatten)]
        scope: InMode,
    },
}

/// Command about conversations.
#[derive(Subcommand)]
pub(crate) enum Conversation {
    /// Show the state of a conversation
    Show {
        /// Id of the conversation
        id: String,
    },
    /// List all entries of a conversation's log, including the internal notes that clients cannot read
    Events {
        /// Id of the conversation
        id: String,
    },
    /// Send all webhooks of a conversation again that failed for good
    ReplayWebhooks {
        /// Id of the conversation
        id: String,
    },
}

/// Command about queues.
#[derive(Subcommand)]
pub(crate) enum Queue {
    /// Dead letters
    #[command(subcommand)]
    Dlq(Dlq),
}

/// Command about dead letters.
#[derive(Subcommand)]
pub(crate) enum Dlq {
    /// List the dead-letter queues, and the number of messages in each
    List(Stack),
    /// Move the messages of a dead-letter queue back to their source queue
    Redrive {
        /// Name of the queue, as `list` shows it
        queue: String,
    },
}

/// Stack of the queues.
#[derive(Args)]
pub(crate) struct Stack {
    /// Name of the stack, with which the names of its queues begin
    #[arg(long, default_value = "")]
    pub(crate) stack: String,
}

/// Flag that decides if a command asks before it does something that cannot be undone.
#[derive(Clone, Copy)]
pub(crate) struct Ask(bool);

impl Cli {
    pub(crate) const fn asking(&self) -> Ask {
        Ask(!self.yes)
    }
}

impl Ask {
    /// Asks for confirmation. Without a terminal, the answer is no.
    ///
    /// # Errors
    /// [`Error::Refused`] if the answer is not yes.
    pub(crate) fn confirm(self, what: &str) -> Result<(), Error> {
        if !self.0 {
            return Ok(());
        }
        let input = std::io::stdin();
        if !input.is_terminal() {
            return Err(Error::refused(format!("{what}: nobody is there to confirm it; say --yes")));
        }
        let mut answer = String::new();
        let mut stderr = std::io::stderr();
        let asked = write!(stderr, "{what}. Go on? [y/N] ").and_then(|()| stderr.flush());
        let read = asked.and_then(|()| input.read_line(&mut answer));
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
