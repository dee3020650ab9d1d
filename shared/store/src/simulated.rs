//! Calls and SMS messages of the simulator. They are stored in the table, so that searches and polls work after a
//! restart.

use aws_sdk_dynamodb::types::Update;
use domain::ids::ConversationId;
use domain::phone::PhoneNumber;
use domain::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{self, Item, from_item, get_number};
use crate::keys::{self, SIMULATED_CALL_PREFIX};
use crate::table::Table;

/// Attribute with the time at which we hung up a call.
const HUNG_UP_AT: &str = "hungUpAt";

/// Lifetime of a simulated call or message. It is far longer than any call lasts and longer than any search looks back.
const KEPT_FOR: Span = Span::days(30);

/// Call that the simulator placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedCall {
    /// Simulator's id of the call.
    pub call_id: String,
    /// Conversation that requested the call.
    pub conversation: ConversationId,
    /// Number of the attempt that requested the call.
    pub attempt: u32,
    /// Called number, which is the customer's.
    pub to: PhoneNumber,
    /// Time at which the call was placed.
    pub placed_at: Timestamp,
    /// Longest ring time, in seconds.
    pub ring_seconds: u32,
    /// Longest duration, in seconds.
    pub max_duration_seconds: u32,
    /// Time at which we hung up, if we did.
    #[serde(skip)]
    pub hung_up_at: Option<Timestamp>,
}

/// SMS message that the simulator carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedText {
    /// Simulator's id of the message.
    pub message_id: String,
    /// Conversation that sent the message.
    pub conversation: ConversationId,
    /// Number of the message in that conversation.
    pub number: u32,
    /// Number of the attempt that sent the message.
    pub attempt: u32,
    /// Customer's number.
    pub to: PhoneNumber,
    /// Our number, from which the message was sent.
    pub from: PhoneNumber,
    /// Text of the message.
    pub content: String,
    /// Time at which the simulator accepted the message.
    pub sent_at: Timestamp,
}

impl Table {
    /// Accepts an SMS message. Like a real provider, the simulator does not remove duplicates: two requests are two
    /// messages.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_simulated_text(&self, text: &SimulatedText) -> Result<(), StoreError> {
        let mut item = item::item(&keys::simulated_text(&text.to, &text.message_id), text)?;
        item::expire(&mut item, Some(text.sent_at + KEPT_FOR));
        self.put(self.put_of(item, None)?).await.map(drop)
    }

    /// Returns an SMS message that the simulator carried, if there is one.
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

    /// Returns all SMS messages that the simulator carried to a number, in no particular order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn simulated_texts(&self, to: &PhoneNumber) -> Result<Vec<SimulatedText>, StoreError> {
        let found = self.simulated_things(to, keys::SIMULATED_TEXT_PREFIX).await?;
        found.iter().map(|item| from_item("simulated text", item)).collect()
    }

    /// Places a call. Like a real provider, the simulator does not remove duplicates: two requests are two calls.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_simulated_call(&self, call: &SimulatedCall) -> Result<(), StoreError> {
        let mut item = item::item(&keys::simulated_call(&call.to, &call.call_id), call)?;
        item::expire(&mut item, Some(call.placed_at + KEPT_FOR));
        self.put(self.put_of(item, None)?).await.map(drop)
    }

    /// Marks a call as hung up. The first time stays.
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

    /// Returns a call that the simulator placed, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn simulated_call(&self, to: &PhoneNumber, call_id: &str) -> Result<Option<SimulatedCall>, StoreError> {
        let key = keys::simulated_call(to, call_id);
        self.read([key.clone()]).await?.get(&key).map(simulated_call).transpose()
    }

    /// Returns all calls that the simulator placed to a number, in no particular order.
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
