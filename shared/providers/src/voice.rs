//! What every voice provider can be asked.

use std::error::Error;
use std::fmt;

use domain::call::{Call, Outcome, Report};
use domain::ids::ProviderCallId;
use domain::organization::Content;
use domain::time::Timestamp;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use store::{DialPermit, Pace};

use crate::part::Part;

/// A provider did not answer a question. Nothing follows from that but asking again.
#[derive(Debug)]
pub struct ProviderError(Box<dyn Error + Send + Sync>);

impl ProviderError {
    /// Why it did not answer.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the provider did not answer")
    }
}

impl Error for ProviderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_ref())
    }
}

/// A recording, as the client is to get it.
#[derive(Clone, PartialEq, Eq)]
pub enum Recording {
    /// The recording itself.
    Inline {
        /// Its media type.
        content_type: &'static str,
        /// Its bytes, or those of a part.
        bytes: Vec<u8>,
        /// Which part of how much it is, as a `Content-Range` header says it; `None` where it is all of it.
        range: Option<String>,
    },
    /// It is more than one answer can be, and no part of it was asked for, or parts cannot be had.
    TooLarge,
    /// It is shorter than where the part begins that was asked for.
    Shorter,
    /// Where it can be had without credentials.
    Redirect(String),
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inline { .. } => "Recording::Inline",
            Self::TooLarge => "Recording::TooLarge",
            Self::Shorter => "Recording::Shorter",
            Self::Redirect(_) => "Recording::Redirect",
        })
    }
}

/// A telephony provider, for voice.
pub trait VoiceProvider: Send + Sync {
    /// How fast the account that a call goes through takes calls; `None` where that is nobody's concern, or not known.
    fn pace<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Option<Pace>> {
        ready(None).boxed()
    }

    /// Asks for the call of one attempt, with what its client gave for it. Asking uses the permit up, and nothing here
    /// asks twice: a fresh connection, no retries.
    fn create<'a>(&'a self, permit: DialPermit, content: &'a Content) -> BoxFuture<'a, Outcome>;

    /// Searches for the call of an attempt whose outcome is unknown.
    ///
    /// # Errors
    /// [`ProviderError`] where the provider did not answer: that is not the same as "not found".
    fn search<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Sought<Found>, ProviderError>>;

    /// Asks for everything that is known of a call. `None` where the provider knows no such call.
    ///
    /// # Errors
    /// [`ProviderError`] where the provider did not answer.
    fn poll<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<Option<Vec<Report>>, ProviderError>>;

    /// Asks for a call to be hung up. `true` where the provider says that it is over, or that there is none.
    ///
    /// # Errors
    /// [`ProviderError`] where the provider did not answer.
    fn hang_up<'a>(&'a self, call: &'a Call, call_id: &'a ProviderCallId)
    -> BoxFuture<'a, Result<bool, ProviderError>>;

    /// Fetches the call's recording with this reference, or the part of it that is wanted. `None` where there is none any more. One
    /// that is handed on as a whole may be had as a whole only, whatever part is wanted.
    ///
    /// # Errors
    /// [`ProviderError`] where the provider did not answer.
    fn recording<'a>(
        &'a self,
        call: &'a Call,
        reference: &'a str,
        part: Option<Part>,
    ) -> BoxFuture<'a, Result<Option<Recording>, ProviderError>>;
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought<T> {
    /// Nothing.
    Nothing,
    /// What bears our attempt.
    Ours(T),
    /// What looks like it, all of it: the same two numbers, made within the attempt's time. The list shows no attempt.
    Alike(Vec<Alike<T>>),
}

/// Something at a provider that looks like what is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike<T> {
    /// It.
    pub found: T,
    /// When it was made.
    pub made_at: Timestamp,
    /// Nothing can be done about it any more, and nothing about it can be taken back: a call that is over, or a text.
    pub over: bool,
}

impl<T> From<Option<T>> for Sought<T> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Nothing, Self::Ours)
    }
}

/// A call that a search found, with what the provider says of it.
pub type Found = (ProviderCallId, Vec<Report>);
