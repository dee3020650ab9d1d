//! Transcripts, in items of their own. An item of DynamoDB holds at most 400 KiB, and a transition should write little.

use domain::call::Utterance;
use domain::ids::ConversationId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{self, Item, to_json};
use crate::keys;
use crate::read::Items;
use crate::table::Table;

/// Largest size of a part, in bytes of JSON.
const PART_BYTES: usize = 300 * 1024;

/// Largest number of parts. A transaction takes 4 MiB, so a longer transcript is cut off. A two-hour call has about a
/// tenth of this.
const MOST_PARTS: usize = 8;

/// One part of a transcript.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    /// Total number of parts.
    parts: usize,
    /// Utterances of this part.
    utterances: Vec<Utterance>,
}

/// Builds the items of a transcript. They expire at `expires`, if it is given.
pub(crate) fn transcript_items(
    id: ConversationId,
    utterances: &[Utterance],
    expires: Option<Timestamp>,
) -> Result<Vec<Item>, StoreError> {
    let mut parts: Vec<Vec<Utterance>> = vec![Vec::new()];
    let mut size = 0;
    for utterance in utterances {
        let bytes = to_json(utterance)?.len() + 1;
        if bytes > PART_BYTES {
            continue;
        }
        if size + bytes > PART_BYTES {
            if parts.len() == MOST_PARTS {
                break;
            }
            parts.push(Vec::new());
            size = 0;
        }
        size += bytes;
        if let Some(part) = parts.last_mut() {
            part.push(utterance.clone());
        }
    }
    let count = parts.len();
    parts
        .into_iter()
        .enumerate()
        .map(|(index, utterances)| {
            let mut made = item::item(&keys::transcript(id, index), &Part { parts: count, utterances })?;
            item::expire(&mut made, expires);
            Ok(made)
        })
        .collect()
}

impl Table {
    /// Returns a conversation's transcript, or `None` if there is none. `items` must contain its first part. Further
    /// parts are read here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn transcript(&self, id: ConversationId, items: &Items) -> Result<Option<Vec<Utterance>>, StoreError> {
        let first: Option<Part> = items.read("transcript", &keys::transcript(id, 0))?;
        let Some(first) = first else { return Ok(None) };
        let mut utterances = first.utterances;
        if first.parts > 1 {
            let rest = self.read((1..first.parts).map(|part| keys::transcript(id, part))).await?;
            for part in 1..first.parts {
                let part: Option<Part> = rest.read("transcript", &keys::transcript(id, part))?;
                utterances.extend(part.map(|part| part.utterances).unwrap_or_default());
            }
        }
        Ok(Some(utterances))
    }
}

#[cfg(test)]
mod tests {
    use domain::call::{Role, Utterance};
    use domain::ids::ConversationId;
    use domain::time::Timestamp;

    use super::{MOST_PARTS, PART_BYTES, Part, transcript_items};
    use crate::item::from_item;

    fn utterances(count: usize, bytes: usize) -> Vec<Utterance> {
        let at = Timestamp::from_milliseconds(0);
        (0..count).map(|_| Utterance { role: Role::Agent, content: "x".repeat(bytes), at }).collect()
    }

    #[test]
    fn a_long_transcript_is_cut_into_parts_in_order_and_a_monstrous_one_is_cut_off() {
        let id = ConversationId::random([1; 16]);
        for (said, parts) in
            [(utterances(3, 10), 1), (utterances(10, 100_000), 4), (utterances(100, 200_000), MOST_PARTS)]
        {
            let items = transcript_items(id, &said, None).unwrap();
            assert_eq!(items.len(), parts);
            for item in &items {
                let part: Part = from_item("transcript", item).unwrap();
                assert_eq!(part.parts, parts);
                assert!(serde_json::to_string(&part.utterances).unwrap().len() <= PART_BYTES + 2);
            }
        }
    }
}
