//! Where everything stands in the table. The only place that builds keys.

use domain::ids::{AgentId, Channel, ContactId, ConversationId, EndpointId, Mode, Operation, OrganizationId, Scope};
use domain::key::RawKey;
use domain::organization::{Provider, alias_digest, pair_digest, suppression_digest};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use domain::wallet::EntryKind;

/// The name of the partition key's attribute.
pub const PK: &str = "pk";
/// The name of the sort key's attribute.
pub const SK: &str = "sk";
/// The index that lists: what is in a list, newest last.
pub const LIST_INDEX: &str = "list";
/// The list index's partition key.
pub const LIST_PK: &str = "listPk";
/// The list index's sort key.
pub const LIST_SK: &str = "listSk";
/// The sparse index of what is due.
pub const DUE_INDEX: &str = "due";
/// The due index's partition key.
pub const DUE_PK: &str = "duePk";
/// The due index's sort key: milliseconds since the Unix epoch.
pub const DUE_AT: &str = "dueAt";

/// The due index's shards: a partition of an index takes about 1,000 writes a second.
pub const DUE_SHARDS: u8 = 16;

/// An item's primary key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The partition.
    pub pk: String,
    /// The place in it.
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

fn organization_pk(organization: &OrganizationId) -> String {
    format!("org#{organization}")
}

/// An organization.
pub fn organization(id: &OrganizationId) -> Key {
    Key::new(organization_pk(id), "org")
}

/// What every API key of a mode begins with, in its organization's partition.
pub fn api_key_prefix(mode: Mode) -> String {
    format!("key#{}#", mode.as_str())
}

/// An API key, by its digest.
pub fn api_key(key: &RawKey) -> Key {
    api_key_of_digest(key.scope(), &key.digest())
}

/// The API key of this digest.
pub fn api_key_of_digest(scope: &Scope, digest: &str) -> Key {
    Key::new(organization_pk(&scope.organization), format!("{}{digest}", api_key_prefix(scope.mode)))
}

/// What an idempotency key stands for, where that cannot be found by the key alone.
pub fn remembered_operation(scope: &Scope, operation: Operation, key_digest: &str) -> Key {
    let sk = format!("idempotency#{}#{}#{key_digest}", scope.mode.as_str(), operation.as_str());
    Key::new(organization_pk(&scope.organization), sk)
}

/// What every entry of an organization's audit log begins with.
pub const AUDIT_PREFIX: &str = "audit#";

/// An entry of an organization's audit log: by time, then by a name of its own.
pub fn audit_entry(organization: &OrganizationId, at: Timestamp, nonce: &str) -> Key {
    Key::new(organization_pk(organization), format!("{AUDIT_PREFIX}{at}#{nonce}"))
}

/// What every agent of a mode begins with, in its organization's partition. The live ones stand where agents stood before they
/// had a mode; behind them, the test agents begin like them.
pub const fn agent_prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "agent#",
        Mode::Test => "agent#test#",
    }
}

/// An agent of a mode.
pub fn agent(scope: &Scope, id: AgentId) -> Key {
    Key::new(organization_pk(&scope.organization), format!("{}{id}", agent_prefix(scope.mode)))
}

/// The agent of a mode and a channel that somebody else's name stands for: a number it calls from, or an identifier of
/// another vendor's. By the name's digest, because a name may be longer than a key.
pub fn agent_alias(scope: &Scope, channel: Channel, alias: &str) -> Key {
    let sk = format!("alias#{}#{}#{}", scope.mode.as_str(), channel.as_str(), alias_digest(alias));
    Key::new(organization_pk(&scope.organization), sk)
}

/// The longest name that an agent could be found by when names stood in keys as they are: a sort key has 1,024 bytes.
const LONGEST_FORMER_ALIAS_BYTES: usize = 1_024 - "alias#".len();

/// Where the same name stood before agents had a mode: one agent for both modes and both channels. `None` where it was too
/// long for that.
pub fn former_agent_alias(organization: &OrganizationId, alias: &str) -> Option<Key> {
    let fits = alias.len() <= LONGEST_FORMER_ALIAS_BYTES;
    fits.then(|| Key::new(organization_pk(organization), format!("alias#{alias}")))
}

/// Who may send from a number, over all organizations.
pub fn number_owner(number: &PhoneNumber) -> Key {
    Key::new(format!("number#{}", number.as_str()), "owner")
}

/// What every endpoint of a scope begins with, in its organization's partition.
pub fn endpoint_prefix(mode: Mode) -> String {
    format!("endpoint#{}#", mode.as_str())
}

/// A webhook endpoint.
pub fn endpoint(scope: &Scope, id: EndpointId) -> Key {
    Key::new(organization_pk(&scope.organization), format!("{}{id}", endpoint_prefix(scope.mode)))
}

/// How many test events an endpoint was sent in a minute, counted from the Unix epoch.
pub fn test_count(scope: &Scope, id: EndpointId, minute: i64) -> Key {
    Key::new(format!("tests#{id}"), format!("{}#{minute}", scope.mode.as_str()))
}

/// A suppressed number, by its digest.
pub fn suppression(scope: &Scope, number: &PhoneNumber) -> Key {
    suppression_by_digest(scope, &suppression_digest(scope, number))
}

/// A suppressed number of a scope.
pub fn suppression_by_digest(scope: &Scope, digest: &str) -> Key {
    Key::new(format!("dnc#{scope}"), digest)
}

/// What every contact of a scope begins with.
pub const CONTACT_PREFIX: &str = "contact#";

/// A contact.
pub fn contact(scope: &Scope, id: ContactId) -> Key {
    Key::new(format!("contacts#{scope}"), format!("{CONTACT_PREFIX}{id}"))
}

/// The contact that a whole number stands for.
pub fn contact_by_reference(scope: &Scope, reference: u64) -> Key {
    Key::new(format!("contacts#{scope}"), format!("reference#{reference}"))
}

/// The request that made a contact under an idempotency key, by the key's digest.
pub fn contact_request(scope: &Scope, digest: &str) -> Key {
    Key::new(format!("contacts#{scope}"), format!("request#{digest}"))
}

/// A wallet.
pub fn wallet(scope: &Scope) -> Key {
    Key::new(format!("wallet#{scope}"), "wallet")
}

/// What a wallet was paid, by the operator's reference: once for each.
pub fn wallet_credit(scope: &Scope, reference: &str) -> Key {
    Key::new(format!("wallet#{scope}"), format!("credit#{reference}"))
}

/// What every entry of a wallet's book begins with.
pub const WALLET_ENTRY_PREFIX: &str = "entry#";

/// An entry of a wallet's book: by time, then one of each kind for each reference.
pub fn wallet_entry(scope: &Scope, at: Timestamp, reference: &str, kind: EntryKind) -> Key {
    Key::new(format!("wallet#{scope}"), format!("{WALLET_ENTRY_PREFIX}{at}#{reference}#{}", kind.as_str()))
}

/// How many of a scope's calls are open at the same time.
pub fn places(scope: &Scope) -> Key {
    Key::new(format!("places#{scope}"), "places")
}

/// A bulk request.
pub fn bulk(scope: &Scope, id: ConversationId) -> Key {
    Key::new(format!("bulk#{scope}#{id}"), "bulk")
}

/// What every item of a bulk request that was refused begins with.
pub const BULK_REFUSAL_PREFIX: &str = "refused#";

/// An item of a bulk request that was refused.
pub fn bulk_refusal(scope: &Scope, id: ConversationId, index: u32) -> Key {
    Key::new(format!("bulk#{scope}#{id}"), format!("{BULK_REFUSAL_PREFIX}{index:04}"))
}

fn conversation_pk(id: ConversationId) -> String {
    format!("conversation#{id}")
}

/// A call.
pub fn call(id: ConversationId) -> Key {
    conversation(Channel::Voice, id)
}

/// An SMS conversation.
pub fn sms(id: ConversationId) -> Key {
    conversation(Channel::Sms, id)
}

/// A conversation of that kind. An id of the one names nothing of the other.
pub fn conversation(channel: Channel, id: ConversationId) -> Key {
    let sk = match channel {
        Channel::Voice => "call",
        Channel::Sms => "sms",
    };
    Key::new(conversation_pk(id), sk)
}

/// What an SMS conversation's agent was told when it began.
pub fn brief(id: ConversationId) -> Key {
    Key::new(conversation_pk(id), "brief")
}

/// What every text of a conversation begins with.
pub const MESSAGE_PREFIX: &str = "message#";

/// A text of a conversation.
pub fn message(id: ConversationId, number: u32) -> Key {
    Key::new(conversation_pk(id), format!("{MESSAGE_PREFIX}{number:010}"))
}

/// The text of a conversation that an idempotency key stands for.
pub fn remembered_key(id: ConversationId, key: &str) -> Key {
    Key::new(conversation_pk(id), format!("key#{key}"))
}

/// The open conversation between two numbers of a scope: ours and the customer's.
pub fn pair(scope: &Scope, ours: &PhoneNumber, customer: &PhoneNumber) -> Key {
    Key::new(format!("pair#{}", pair_digest(scope, ours, customer)), "pair")
}

/// A text that was taken in, by the provider's id for it.
pub fn inbound(scope: &Scope, provider_message_id: &str) -> Key {
    Key::new(format!("inbound#{scope}#{provider_message_id}"), "inbound")
}

/// The pace of a provider's account.
pub fn pace(account: &str) -> Key {
    Key::new(format!("pace#{account}"), "pace")
}

/// A provider's call or text that belongs to a conversation, by the provider's id for it: one account may be several
/// organizations'.
pub fn held(provider: Provider, provider_id: &str) -> Key {
    Key::new(format!("held#{}#{provider_id}", provider.as_str()), "held")
}

/// A conversation's variables and metadata, where they are too large to stand in its own item.
pub fn content(id: ConversationId) -> Key {
    Key::new(conversation_pk(id), "content")
}

/// What every log entry of a conversation begins with.
pub const LOG_PREFIX: &str = "log#";

/// An entry of a conversation's log.
pub fn log_entry(id: ConversationId, number: u64) -> Key {
    Key::new(conversation_pk(id), format!("{LOG_PREFIX}{number:010}"))
}

/// A part of a conversation's transcript.
pub fn transcript(id: ConversationId, part: usize) -> Key {
    Key::new(conversation_pk(id), format!("transcript#{part:04}"))
}

/// What every delivery of a conversation's events begins with.
pub const DELIVERY_PREFIX: &str = "delivery#";

/// The delivery of a log entry's event to an endpoint.
pub fn delivery(id: ConversationId, log_number: u64, endpoint: EndpointId) -> Key {
    Key::new(conversation_pk(id), format!("{DELIVERY_PREFIX}{log_number:010}#{endpoint}"))
}

/// What every call that the simulator placed to a number begins with.
pub const SIMULATED_CALL_PREFIX: &str = "call#";

/// The partition of a simulated phone.
pub fn simulated_phone_pk(number: &PhoneNumber) -> String {
    format!("phone#{}", number.as_str())
}

/// What every text that the simulator carried to a number begins with.
pub const SIMULATED_TEXT_PREFIX: &str = "text#";

/// A text that the simulator carried.
pub fn simulated_text(number: &PhoneNumber, message_id: &str) -> Key {
    Key::new(simulated_phone_pk(number), format!("{SIMULATED_TEXT_PREFIX}{message_id}"))
}

/// A call that the simulator placed.
pub fn simulated_call(number: &PhoneNumber, call_id: &str) -> Key {
    Key::new(simulated_phone_pk(number), format!("{SIMULATED_CALL_PREFIX}{call_id}"))
}

/// The list of an endpoint's deliveries.
pub fn deliveries_list(endpoint: EndpointId) -> String {
    format!("deliveries#{endpoint}")
}

/// The list of a scope's conversations of one kind.
pub fn conversations_list(channel: Channel, scope: &Scope) -> String {
    match channel {
        Channel::Voice => format!("calls#{scope}"),
        Channel::Sms => format!("sms#{scope}"),
    }
}

/// A place in a list: by time, then by name.
pub fn list_place(at: Timestamp, name: impl std::fmt::Display) -> String {
    format!("{at}#{name}")
}

/// A shard of the due index.
pub fn due_shard(shard: u8) -> String {
    format!("due#{shard}")
}

/// The shard of the due index that a conversation's items stand in.
pub fn due_shard_of(id: ConversationId) -> String {
    due_shard(id.shard(DUE_SHARDS))
}

#[cfg(test)]
mod tests {
    use domain::ids::{AgentId, Channel, ConversationId, EndpointId, Mode, Operation, OrganizationId, Scope};
    use domain::ids::{ContactId, ProviderCallId, ProviderMessageId, key_digest};
    use domain::organization::Provider;
    use domain::phone::PhoneNumber;
    use domain::time::Timestamp;
    use domain::wallet::EntryKind;

    use super::{DUE_SHARDS, due_shard_of};

    /// DynamoDB's bounds of a partition key and a sort key, in bytes.
    const LONGEST_PK: usize = 2_048;
    const LONGEST_SK: usize = 1_024;

    #[test]
    fn no_text_from_outside_makes_a_key_longer_than_dynamodb_takes() {
        let organization = OrganizationId::parse(&"o".repeat(40)).unwrap();
        let scope = Scope { organization: organization.clone(), mode: Mode::Test };
        let number = PhoneNumber::parse("+123456789012345").unwrap();
        let long = "💥".repeat(100_000);
        let (call, message) = (ProviderCallId::new(long.as_str()), ProviderMessageId::new(long.as_str()));
        let (id, at) = (ConversationId::random([255; 16]), Timestamp::from_milliseconds(4_102_444_800_000));
        let reference = "r".repeat(255);
        let mut keys = vec![
            super::agent(&scope, AgentId::for_slug(&organization, &long)),
            super::agent_alias(&scope, Channel::Voice, &long),
            super::remembered_operation(&scope, Operation::CreateAgent, &key_digest(&long)),
            super::remembered_key(id, &key_digest(&long)),
            super::contact_request(&scope, &key_digest(&long)),
            super::contact_by_reference(&scope, u64::MAX),
            super::contact(&scope, ContactId::for_number(&scope, &number)),
            super::inbound(&scope, message.as_str()),
            super::held(Provider::Simulator, call.as_str()),
            super::simulated_call(&number, call.as_str()),
            super::wallet_entry(&scope, at, &reference, EntryKind::Credit),
            super::wallet_credit(&scope, &reference),
            super::delivery(id, u64::MAX, EndpointId::for_key(&scope, &long)),
            super::pair(&scope, &number, &number),
            super::number_owner(&number),
        ];
        let former = super::former_agent_alias(&organization, &long[..1_016]);
        assert!(former.is_some() && super::former_agent_alias(&organization, &long[..1_020]).is_none());
        keys.extend(former);
        for key in keys {
            assert!(key.pk.len() <= LONGEST_PK && key.sk.len() <= LONGEST_SK, "{key:?}");
        }
    }

    #[test]
    fn conversations_spread_over_every_shard() {
        let shards: std::collections::BTreeSet<String> =
            (0_u8..=255).map(|byte| due_shard_of(ConversationId::random([byte; 16]))).collect();
        assert_eq!(shards.len(), usize::from(DUE_SHARDS));
    }
}
