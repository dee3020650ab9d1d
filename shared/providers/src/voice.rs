//! Interface of every voice provider.

use std::error::Error;
use std::fmt;

use domain::call::{Call, Outcome, Report};
use domain::ids::ProviderCallId;
use domain::payload::Content;
use domain::time::Timestamp;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use store::{DialPermit, Pace};

use crate::part::Part;

/// Error of a question that the provider did not answer. It says nothing about the call: the caller asks again later.
#[derive(Debug, thiserror::Error)]
#[error("the provider did not answer")]
pub struct ProviderError(#[source] Box<dyn Error + Send + Sync>);

impl ProviderError {
    /// Creates the error from its cause.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Recording of a call, as it is handed to the client.
#[derive(Clone, PartialEq, Eq)]
pub enum Recording {
    /// Content of the recording, or of the requested part.
    Inline {
        /// Media type of the content.
        content_type: &'static str,
        /// Bytes of the recording, or of the part.
        bytes: Vec<u8>,
        /// Value of the `Content-Range` header: the part and the total size. `None` if the content is the whole recording.
        range: Option<String>,
    },
    /// Recording larger than one answer can be. No part of it was requested, or the provider does not serve parts.
    TooLarge,
    /// Recording shorter than the first byte of the requested part.
    Shorter,
    /// URL at which the recording can be fetched without credentials.
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

/// Telephony provider, for voice.
pub trait VoiceProvider: Send + Sync {
    /// Returns the rate limit for new calls on the account that the call goes through. `None` if there is no limit, or none is
    /// known.
    fn pace<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Option<Pace>> {
        ready(None).boxed()
    }

    /// Places the call of one attempt with the request payload of its client. The permit is consumed. The request goes over a
    /// fresh connection and is not retried. The only exception is one more request after the provider has refused rotated
    /// credentials.
    fn create<'a>(&'a self, permit: DialPermit, content: &'a Content) -> BoxFuture<'a, Outcome>;

    /// Searches for the call of an attempt whose outcome is unknown.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider did not answer. That is not the same as "not found".
    fn search<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<SearchResult<Found>, ProviderError>>;

    /// Fetches everything that the provider knows of a call. Returns `None` if the provider knows no such call.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider did not answer.
    fn poll<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<Option<Vec<Report>>, ProviderError>>;

    /// Asks the provider to hang up a call. Returns `true` if the provider says that the call is over or unknown.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider did not answer.
    fn hang_up<'a>(&'a self, call: &'a Call, call_id: &'a ProviderCallId)
    -> BoxFuture<'a, Result<bool, ProviderError>>;

    /// Fetches the recording with this reference, or the requested part of it. Returns `None` if the recording no longer
    /// exists. A provider may return the whole recording although a part was requested.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider did not answer.
    fn recording<'a>(
        &'a self,
        call: &'a Call,
        reference: &'a str,
        part: Option<Part>,
    ) -> BoxFuture<'a, Result<Option<Recording>, ProviderError>>;
}

/// Result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchResult<T> {
    /// No call or message was found.
    NotFound,
    /// Item that carries our attempt.
    Match(T),
    /// All candidates: the same two numbers, created within the attempt's time. The provider's list does not show attempts.
    Candidates(Vec<Candidate<T>>),
}

/// Candidate: an item at the provider that may belong to the attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<T> {
    /// The item itself.
    pub found: T,
    /// Time at which the provider created the item.
    pub made_at: Timestamp,
    /// `true` if nothing can be done about the item or undone any more: the call is over, or the item is an SMS message.
    pub over: bool,
}

impl<T> From<Option<T>> for SearchResult<T> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::NotFound, Self::Match)
    }
}

/// Call that a search found: its id, and the provider's reports about it.
pub type Found = (ProviderCallId, Vec<Report>);
