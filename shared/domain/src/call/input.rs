//! Inputs of a call. A provider's own words are translated in its adapter; the rules know only the words of this file.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::IntoStaticStr;

use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::holder::Holder;
use crate::ids::ProviderCallId;
use crate::objections::Objections;
use crate::places::Places;
use crate::size::{cut_to_stored, json_len};
use crate::time::Timestamp;

/// Event or command that a call reacts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A client closes the call.
    Close {
        /// End reason for the call.
        reason: EndReason,
    },
    /// A consumer wants to dial the call.
    Claim {
        /// Reasons against contacting the called party.
        objections: Objections,
        /// Concurrency slots of the call's scope; `None` if their number is not limited.
        places: Option<Places>,
    },
    /// The rate limiter of the provider's account gave this call a token for a later time.
    Pace {
        /// Time of the token, which no other call has.
        from: Timestamp,
    },
    /// The consumer that claimed an attempt reports its outcome.
    Outcome {
        /// Number of the attempt.
        attempt: u32,
        /// Outcome of the attempt.
        outcome: Outcome,
    },
    /// The provider reports on its own accord, in a callback.
    Heard {
        /// Number of the attempt that the callback names.
        attempt: u32,
        /// Provider's id for the call.
        call_id: ProviderCallId,
        /// Reports of the callback, in order.
        reports: Vec<Report>,
    },
    /// The provider was searched for the call of an attempt.
    Searched {
        /// Number of the attempt.
        attempt: u32,
        /// Call that bears the attempt, with the provider's reports about it; `None` if the search found nothing or
        /// failed.
        found: Option<(ProviderCallId, Vec<Report>)>,
    },
    /// A search found no call that bears the attempt, but one call that looks like it. The call is claimed for this
    /// conversation, until the provider names another one.
    Adopted {
        /// Number of the attempt.
        attempt: u32,
        /// Provider's id for the call.
        call_id: ProviderCallId,
        /// Provider's reports about the call.
        reports: Vec<Report>,
    },
    /// The claimed call belongs to another conversation: the provider has named that conversation.
    TakenAway {
        /// Provider's id for the call.
        call_id: ProviderCallId,
        /// Conversation that the call belongs to.
        to: Holder,
    },
    /// The provider was polled for news of the call.
    Polled {
        /// Provider's id for the call.
        call_id: ProviderCallId,
        /// Provider's reports about the call; `None` if the provider does not know the call or did not answer.
        reports: Option<Vec<Report>>,
    },
    /// The provider was asked to hang up.
    HungUp {
        /// Provider's id for the call.
        call_id: ProviderCallId,
        /// `true` if the provider confirms that the call is over.
        confirmed: bool,
    },
    /// Time has passed.
    Tick,
    /// An overdue action made no progress in several tries, and is given up.
    Abandon,
}

/// Outcome of a request to place a call.
pub type Outcome = crate::dispatch::Outcome<ProviderCallId>;

/// Report of a provider about a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Report {
    /// The phone rings.
    Ringing,
    /// The call was answered.
    Answered {
        /// Time of the answer.
        at: Timestamp,
        /// Answering party, if the provider tells.
        by: Option<AnsweredBy>,
    },
    /// The call is over.
    Ended {
        /// Time of the end.
        at: Timestamp,
        /// End reason.
        reason: EndReason,
        /// Time of the answer; `None` if the call was not answered or the provider does not tell.
        started_at: Option<Timestamp>,
        /// Answering party, if the provider tells.
        answered_by: Option<AnsweredBy>,
        /// Duration of the call in seconds, if the provider tells.
        duration_seconds: Option<u32>,
        /// Party that ended the call, if the provider tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended_by: Option<EndedBy>,
    },
    /// The transcript of the call is known. It is empty if there is none and none will come.
    Transcript {
        /// Utterances, in order.
        utterances: Vec<Utterance>,
    },
    /// The call has a recording.
    Recording {
        /// Provider's reference to the recording.
        reference: String,
    },
    /// The provider has analysed the call.
    Analysis {
        /// Analysis of the call.
        analysis: Analysis,
    },
    /// The price of the call is known.
    Cost {
        /// Price that the provider charges.
        cost: Cost,
    },
}

/// Party that answered a call: a person, or a voicemail box or another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AnsweredBy {
    /// A person.
    Human,
    /// A voicemail box or another machine.
    Machine,
}

impl AnsweredBy {
    /// Returns the name used in objects and events.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Speaker of an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The agent.
    Agent,
    /// The called party.
    Customer,
}

/// One utterance in the transcript of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Utterance {
    /// Speaker of the utterance.
    pub role: Role,
    /// Words that were spoken.
    pub content: String,
    /// Time of the utterance.
    pub at: Timestamp,
}

/// Analysis of a call after its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Analysis {
    /// Summary of the call, in a few sentences.
    pub summary: String,
    /// `true` if the call reached its goal; absent if the provider does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successful: Option<bool>,
    /// Mood of the called party: `positive`, `neutral` or `negative`; absent if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<String>,
    /// `true` if the called party does not want to be contacted again; absent if the analysis does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out: Option<bool>,
    /// Findings that the agent is configured to extract from the call.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object, required = true))]
    pub custom: Map<String, Value>,
}

/// Price.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Amount in the minor unit of the currency, for example cents.
    pub amount_minor: i64,
    /// Currency code by ISO 4217, for example `USD`.
    pub currency: String,
}

/// Longest stored summary, and below it the longest stored sentiment, in bytes.
const LONGEST_SUMMARY: usize = 32 * 1_024;
const LONGEST_SENTIMENT: usize = 255;
/// Largest total size of the custom findings, in bytes of JSON. They are stored in the call's own item, and in its log.
const LARGEST_FINDINGS: usize = 64 * 1_024;

impl Analysis {
    /// Returns the analysis in a form that can be stored. A summary that is too long is cut. Findings that do not fit
    /// are left out.
    #[must_use]
    pub fn within_bounds(self) -> Self {
        let mut left = LARGEST_FINDINGS;
        let fits = |name: &String, value: &mut Value| {
            let size = json_len(name) + json_len(value);
            let is_within = size <= left;
            if is_within {
                left -= size;
            }
            is_within
        };
        let mut custom = self.custom;
        custom.retain(fits);
        Self {
            summary: cut_to_stored(self.summary, LONGEST_SUMMARY),
            sentiment: self.sentiment.map(|sentiment| cut_to_stored(sentiment, LONGEST_SENTIMENT)),
            custom,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Analysis, LARGEST_FINDINGS};
    use crate::size::{LARGEST_CONTENT, json_len};

    #[test]
    fn an_analysis_of_any_size_can_be_stored_and_one_of_a_usual_size_stays_as_it_is() {
        let analysis = |summary: String, custom: Value| Analysis {
            summary,
            successful: Some(true),
            sentiment: Some("positive".to_owned()),
            opt_out: Some(true),
            custom: custom.as_object().cloned().unwrap_or_default(),
        };
        let usual = analysis("They will come.".to_owned(), json!({"when": "Monday", "who": ["Ada", 2]}));
        assert_eq!(usual.clone().within_bounds(), usual);
        let mut found: Map<String, Value> = (0..100).map(|n| (format!("n{n}"), json!("\u{1}".repeat(1_000)))).collect();
        found.insert("huge".to_owned(), json!("x".repeat(1_000_000)));
        found.insert("small".to_owned(), json!(1));
        let bounded = analysis("\u{1}".repeat(100_000), Value::Object(found)).within_bounds();
        assert!(json_len(&bounded) < LARGEST_CONTENT && json_len(&bounded.custom) <= LARGEST_FINDINGS + 200);
        assert_eq!((bounded.opt_out, bounded.custom.get("small")), (Some(true), Some(&json!(1))));
    }
}
