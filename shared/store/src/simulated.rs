//! The simulator's calls and texts: it keeps them in the table, so that a search or a poll answers after a restart.

use aws_sdk_dynamodb::types::Update;
use domain::ids::ConversationId;
use domain::phone::PhoneNumber;
use domain::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{self, Item, from_item, get_number};
use crate::keys::{self, SIMULATED_CALL_PREFIX};
use crate::table::Table;

/// The attribute with the moment a call was hung up from our side.
const HUNG_UP_AT: &str = "hungUpAt";

/// How long the simulator remembers: far longer than any call lasts, and anything is searched for.
const KEPT_FOR: Span = Span::days(30);

/// A call that the simulator placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedCall {
    /// The simulator's id for it.
    pub call_id: String,
    /// The conversation it was asked for.
    pub conversation: ConversationId,
    /// The attempt it was asked for.
    pub attempt: u32,
    /// The called number.
    pub to: PhoneNumber,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// How long it may ring.
    pub ring_seconds: u32,
    /// How long it may last.
    pub max_duration_seconds: u32,
    /// When it was hung up from our side.
    #[serde(skip)]
    pub hung_up_at: Option<Timestamp>,
}

/// A text that the simulator carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedText {
    /// The simulator's id for it.
    pub message_id: String,
    /// The conversation it was sent for.
    pub conversation: ConversationId,
    /// Its number in that conversation.
    pub number: u32,
    /// The attempt it was sent for.
    pub attempt: u32,
    /// The customer's number.
    pub to: PhoneNumber,
    /// Our number.
    pub from: PhoneNumber,
    /// The text.
    pub content: String,
    /// When it was taken.
    pub sent_at: Timestamp,
}

impl Table {
    /// Takes a text. Taken twice is two texts: the simulator does not do our work for us.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_simulated_text(&self, text: &SimulatedText) -> Result<(), StoreError> {
        let mut item = item::item(&keys::simulated_text(&text.to, &text.message_id), text)?;
        item::expire(&mut item, Some(text.sent_at + KEPT_FOR));
        self.put(self.put_of(item, None)?).await.map(drop)
    }

    /// A text that the simulator carried.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn simulated_text(
        &self,
        to: &PhoneNumber,
        message_id: &str,
    ) -> Result<Option<SimulatedText>, StoreError> {
        let key = keys::simulated_text(to, message_id);
        self.read([key.clone()]).await?.read("simulated text", &key)
    }

    /// Every text that the simulator carried to a number, in no order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn simulated_texts(&self, to: &PhoneNumber) -> Result<Vec<SimulatedText>, StoreError> {
        let found = self.simulated_things(to, keys::SIMULATED_TEXT_PREFIX).await?;
        found.iter().map(|item| from_item("simulated text", item)).collect()
    }

    /// Places a call. Placed twice is two calls: the simulator does not do our work for us.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_simulated_call(&self, call: &SimulatedCall) -> Result<(), StoreError> {
        let mut item = item::item(&keys::simulated_call(&call.to, &call.call_id), call)?;
        item::expire(&mut item, Some(call.placed_at + KEPT_FOR));
        self.put(self.put_of(item, None)?).await.map(drop)
    }

    /// Marks a call as hung up, at the first time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn hang_up_simulated_call(
        &self,
        to: &PhoneNumber,
        call_id: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&keys::simulated_call(to, call_id))))
            .update_expression("SET #at = if_not_exists(#at, :at)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#at", HUNG_UP_AT)
            .expression_attribute_values(":at", item::moment(at))
            .build()
            .map_err(|error| StoreError::aws("UpdateItem", error))?;
        self.update(update).await.map(drop)
    }

    /// A call that the simulator placed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn simulated_call(&self, to: &PhoneNumber, call_id: &str) -> Result<Option<SimulatedCall>, StoreError> {
        let key = keys::simulated_call(to, call_id);
        self.read([key.clone()]).await?.get(&key).map(simulated_call).transpose()
    }

    /// Every call that the simulator placed to a number, in no order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn simulated_calls(&self, to: &PhoneNumber) -> Result<Vec<SimulatedCall>, StoreError> {
        self.simulated_things(to, SIMULATED_CALL_PREFIX).await?.iter().map(simulated_call).collect()
    }

    async fn simulated_things(&self, to: &PhoneNumber, prefix: &str) -> Result<Vec<Item>, StoreError> {
        let mut things = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let (found, next) = self.partition(keys::simulated_phone_pk(to), prefix, start, None).await?;
            things.extend(found);
            start = next;
            if start.is_none() {
                return Ok(things);
            }
        }
    }
}

fn simulated_call(item: &Item) -> Result<SimulatedCall, StoreError> {
    let mut call: SimulatedCall = from_item("simulated call", item)?;
    call.hung_up_at = get_number(item, HUNG_UP_AT).map(Timestamp::from_milliseconds);
    Ok(call)
}
