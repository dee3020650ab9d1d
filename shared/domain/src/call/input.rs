//! What can happen to a call. A provider's own words die at its adapter: inside there is only what stands here.

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

/// What can happen to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A client closes it.
    Close {
        /// Why.
        reason: EndReason,
    },
    /// A consumer wants to dial it.
    Claim {
        /// What stands against it.
        objections: Objections,
        /// The places there are, where those are limited.
        places: Option<Places>,
    },
    /// The provider's account takes calls one after another: this one's turn is later.
    Pace {
        /// Then; nobody else has it.
        from: Timestamp,
    },
    /// The consumer that claimed this attempt says what came of it.
    Outcome {
        /// The attempt.
        attempt: u32,
        /// What came of it.
        outcome: Outcome,
    },
    /// The provider reports, unasked.
    Heard {
        /// The attempt that the report names.
        attempt: u32,
        /// The provider's id for the call.
        call_id: ProviderCallId,
        /// What it says.
        reports: Vec<Report>,
    },
    /// The provider was searched for the call of an attempt.
    Searched {
        /// The attempt.
        attempt: u32,
        /// The call, with what the provider says of it; `None` where nothing was found, or the search failed.
        found: Option<(ProviderCallId, Vec<Report>)>,
    },
    /// A search found nothing that bears the attempt, but a call that looks like its: adopted, until somebody else is named.
    Adopted {
        /// The attempt.
        attempt: u32,
        /// The provider's id for the call.
        call_id: ProviderCallId,
        /// What the provider says of it.
        reports: Vec<Report>,
    },
    /// The call that was adopted by its likeness is another conversation's: the provider has named that one.
    TakenAway {
        /// The provider's id for the call.
        call_id: ProviderCallId,
        /// Whose it is.
        to: Holder,
    },
    /// The provider was asked for news of the call.
    Polled {
        /// The provider's id for the call.
        call_id: ProviderCallId,
        /// What it says; `None` where it does not know the call or did not answer.
        reports: Option<Vec<Report>>,
    },
    /// The provider was asked to hang up.
    HungUp {
        /// The provider's id for the call.
        call_id: ProviderCallId,
        /// Whether it says that the call is over.
        confirmed: bool,
    },
    /// Time has passed.
    Tick,
    /// What is overdue made no progress in several tries.
    Abandon,
}

/// What came of asking a provider to place a call.
pub type Outcome = crate::dispatch::Outcome<ProviderCallId>;

/// What a provider says of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Report {
    /// It rings.
    Ringing,
    /// It was answered.
    Answered {
        /// When.
        at: Timestamp,
        /// By whom.
        by: Option<AnsweredBy>,
    },
    /// It is over.
    Ended {
        /// When.
        at: Timestamp,
        /// Why.
        reason: EndReason,
        /// When it was answered, if it was.
        started_at: Option<Timestamp>,
        /// Who answered.
        answered_by: Option<AnsweredBy>,
        /// How long it lasted.
        duration_seconds: Option<u32>,
        /// Whose doing it was, where the provider tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended_by: Option<EndedBy>,
    },
    /// What was said; empty where there is no transcript and none will come.
    Transcript {
        /// In order.
        utterances: Vec<Utterance>,
    },
    /// There is a recording.
    Recording {
        /// The provider's reference to it.
        reference: String,
    },
    /// What was made of the call afterwards.
    Analysis {
        /// The analysis.
        analysis: Analysis,
    },
    /// What it cost.
    Cost {
        /// The price.
        cost: Cost,
    },
}

/// Who answered a call.
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
    /// As it stands in objects and events.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Our agent.
    Agent,
    /// The called party.
    Customer,
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Utterance {
    /// By whom.
    pub role: Role,
    /// What.
    pub content: String,
    /// When.
    pub at: Timestamp,
}

/// What was made of a call after it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Analysis {
    /// In a few sentences.
    pub summary: String,
    /// Whether it reached its aim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successful: Option<bool>,
    /// The called party's mood: `positive`, `neutral`, `negative`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<String>,
    /// The called party wants to hear nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out: Option<bool>,
    /// What the agent is configured to find out.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object, required = true))]
    pub custom: Map<String, Value>,
}

/// A price.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// In the currency's minor unit: cents.
    pub amount_minor: i64,
    /// ISO 4217, such as `USD`.
    pub currency: String,
}

/// The longest summary, and the longest word for a mood, in bytes as they are stored.
const LONGEST_SUMMARY: usize = 32 * 1_024;
const LONGEST_SENTIMENT: usize = 255;
/// How much of what the agent found out is kept, in bytes of JSON. It stands in the call's own item, and in its log.
const LARGEST_FINDINGS: usize = 64 * 1_024;

impl Analysis {
    /// The analysis as far as it can be stored: a long summary is cut, and findings that are too large are left out.
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
