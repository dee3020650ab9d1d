//! An item of a `levers` bulk request that waits for acceptance.

use domain::fingerprint::Fingerprint;
use domain::ids::{ConversationId, Scope};
use domain::organization::Organization;
use serde::{Deserialize, Serialize};

use super::levers::{Callee, Settings};
use crate::acceptance::bulk::{Item, item_id};

/// Message for one item of a bulk request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkItemJob {
    /// Version of the message's format.
    pub(crate) v: u32,
    /// Organization and mode of the bulk request.
    pub(crate) scope: Scope,
    /// Id of the bulk request.
    pub(crate) bulk: ConversationId,
    /// Position of the item in the bulk request.
    pub(crate) index: u32,
    /// Fingerprint of the bulk request.
    pub(crate) fingerprint: String,
    /// Callee of the item.
    pub(crate) callee: Callee,
    /// Settings that the bulk request has once for all items.
    pub(crate) settings: Settings,
    /// Id of the HTTP request, as its client received it.
    #[serde(default)]
    pub(crate) request_id: Option<String>,
}

impl BulkItemJob {
    /// Converts the item for acceptance.
    pub(crate) fn item(&self, organization: &Organization) -> Item {
        let id = item_id(&self.scope, self.bulk, self.index);
        let fingerprint = Fingerprint::stored(self.fingerprint.clone()).part(self.index);
        let asked = self.callee.clone().request(&self.settings, Some(organization), Some(id), fingerprint);
        let asked = asked.map(|asked| asked.of(self.request_id.clone()));
        Item {
            bulk: self.bulk,
            index: self.index,
            asked: asked.map_err(|unreadable| format!("numberToCall {unreadable}")),
        }
    }
}
