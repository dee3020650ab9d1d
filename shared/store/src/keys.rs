//! Keys of the table and its indexes. No other code builds keys.

use domain::agent::alias_digest;
use domain::ids::{AgentId, Channel, ContactId, ConversationId, EndpointId, Mode, Operation, OrganizationId, Scope};
use domain::key::RawKey;
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::sms::pair_digest;
use domain::suppression::suppression_digest;
use domain::time::Timestamp;
use domain::wallet::EntryKind;

/// Attribute of the partition key.
pub const PK: &str = "pk";
/// Attribute of the sort key.
pub const SK: &str = "sk";
/// Name of the index over lists, newest last.
pub const LIST_INDEX: &str = "list";
/// Partition key of the list index.
pub const LIST_PK: &str = "listPk";
/// Sort key of the list index.
pub const LIST_SK: &str = "listSk";
/// Name of the sparse index over due items.
pub const DUE_INDEX: &str = "due";
/// Partition key of the due index.
pub const DUE_PK: &str = "duePk";
/// Sort key of the due index, in milliseconds since the Unix epoch.
pub const DUE_AT: &str = "dueAt";

/// Number of shards of the due index. A partition of an index takes about 1,000 writes a second.
pub const DUE_SHARDS: u8 = 16;

/// Primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
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

/// Returns the key of an organization.
pub fn organization(id: &OrganizationId) -> Key {
    Key::new(organization_pk(id), "org")
}

/// Returns the sort-key prefix of a mode's API keys in their organization's partition.
pub fn api_key_prefix(mode: Mode) -> String {
    format!("key#{}#", mode.as_str())
}

/// Returns the key of an API key's item.
pub fn api_key(key: &RawKey) -> Key {
    api_key_of_digest(key.scope(), &key.digest())
}

/// Returns the key of the item of the API key with this digest.
pub fn api_key_of_digest(scope: &Scope, digest: &str) -> Key {
    Key::new(organization_pk(&scope.organization), format!("{}{digest}", api_key_prefix(scope.mode)))
}

/// Returns the key of an idempotency record, for objects that cannot be found by the idempotency key alone.
pub fn remembered_operation(scope: &Scope, operation: Operation, key_digest: &str) -> Key {
    let sk = format!("idempotency#{}#{}#{key_digest}", scope.mode.as_str(), operation.as_str());
    Key::new(organization_pk(&scope.organization), sk)
}

/// Sort-key prefix of an organization's audit log.
pub const AUDIT_PREFIX: &str = "audit#";

/// Returns the key of an audit entry: its time, then a nonce.
pub fn audit_entry(organization: &OrganizationId, at: Timestamp, nonce: &str) -> Key {
    Key::new(organization_pk(organization), format!("{AUDIT_PREFIX}{at}#{nonce}"))
}

/// Returns the sort-key prefix of a mode's agents in their organization's partition. Live agents keep the prefix from before there were
/// modes. The prefix of test agents begins with it and sorts behind.
pub const fn agent_prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "agent#",
        Mode::Test => "agent#test#",
    }
}

/// Returns the key of an agent of a mode.
pub fn agent(scope: &Scope, id: AgentId) -> Key {
    Key::new(organization_pk(&scope.organization), format!("{}{id}", agent_prefix(scope.mode)))
}

/// Returns the key of an alias of an agent, for a mode and a channel. An alias is a number that the agent calls from, or another
/// vendor's identifier. The key contains the alias's digest, because an alias may be longer than a key.
pub fn agent_alias(scope: &Scope, channel: Channel, alias: &str) -> Key {
    let sk = format!("alias#{}#{}#{}", scope.mode.as_str(), channel.as_str(), alias_digest(alias));
    Key::new(organization_pk(&scope.organization), sk)
}

/// Longest alias that fitted into a sort key when keys contained the alias itself. A sort key has 1,024 bytes.
const LONGEST_FORMER_ALIAS_BYTES: usize = 1_024 - "alias#".len();

/// Returns the key of an alias from before there were modes: one agent for both modes and both channels. Returns `None` if the alias
/// was too long for such a key.
pub fn former_agent_alias(organization: &OrganizationId, alias: &str) -> Option<Key> {
    let fits = alias.len() <= LONGEST_FORMER_ALIAS_BYTES;
    fits.then(|| Key::new(organization_pk(organization), format!("alias#{alias}")))
}

/// Returns the key of a number's owner, across all organizations.
pub fn number_owner(number: &PhoneNumber) -> Key {
    Key::new(format!("number#{}", number.as_str()), "owner")
}

/// Returns the sort-key prefix of a scope's endpoints in their organization's partition.
pub fn endpoint_prefix(mode: Mode) -> String {
    format!("endpoint#{}#", mode.as_str())
}

/// Returns the key of a webhook endpoint.
pub fn endpoint(scope: &Scope, id: EndpointId) -> Key {
    Key::new(organization_pk(&scope.organization), format!("{}{id}", endpoint_prefix(scope.mode)))
}

/// Returns the key of an endpoint's count of test events in a minute since the Unix epoch.
pub fn test_count(scope: &Scope, id: EndpointId, minute: i64) -> Key {
    Key::new(format!("tests#{id}"), format!("{}#{minute}", scope.mode.as_str()))
}

/// Returns the key of a number's suppression entry.
pub fn suppression(scope: &Scope, number: &PhoneNumber) -> Key {
    suppression_by_digest(scope, &suppression_digest(scope, number))
}

/// Returns the key of the suppression entry with this digest.
pub fn suppression_by_digest(scope: &Scope, digest: &str) -> Key {
    Key::new(format!("dnc#{scope}"), digest)
}

/// Sort-key prefix of a scope's contacts.
pub const CONTACT_PREFIX: &str = "contact#";

/// Returns the key of a contact.
pub fn contact(scope: &Scope, id: ContactId) -> Key {
    Key::new(format!("contacts#{scope}"), format!("{CONTACT_PREFIX}{id}"))
}

/// Returns the key that maps an integer reference to its contact.
pub fn contact_by_reference(scope: &Scope, reference: u64) -> Key {
    Key::new(format!("contacts#{scope}"), format!("reference#{reference}"))
}

/// Returns the key of the request that created a contact, by the digest of its idempotency key.
pub fn contact_request(scope: &Scope, digest: &str) -> Key {
    Key::new(format!("contacts#{scope}"), format!("request#{digest}"))
}

/// Returns the key of a wallet.
pub fn wallet(scope: &Scope) -> Key {
    Key::new(format!("wallet#{scope}"), "wallet")
}

/// Returns the key of a payment into a wallet, one per operator's reference.
pub fn wallet_credit(scope: &Scope, reference: &str) -> Key {
    Key::new(format!("wallet#{scope}"), format!("credit#{reference}"))
}

/// Sort-key prefix of a wallet's ledger entries.
pub const WALLET_ENTRY_PREFIX: &str = "entry#";

/// Returns the key of a ledger entry: its time, then one entry per reference and kind.
pub fn wallet_entry(scope: &Scope, at: Timestamp, reference: &str, kind: EntryKind) -> Key {
    Key::new(format!("wallet#{scope}"), format!("{WALLET_ENTRY_PREFIX}{at}#{reference}#{}", kind.as_str()))
}

/// Returns the key of a scope's concurrency slots.
pub fn places(scope: &Scope) -> Key {
    Key::new(format!("places#{scope}"), "places")
}

/// Returns the key of a bulk request.
pub fn bulk(scope: &Scope, id: ConversationId) -> Key {
    Key::new(format!("bulk#{scope}#{id}"), "bulk")
}

/// Sort-key prefix of a bulk request's refused items.
pub const BULK_REFUSAL_PREFIX: &str = "refused#";

/// Returns the key of a bulk request's refused item.
pub fn bulk_refusal(scope: &Scope, id: ConversationId, index: u32) -> Key {
    Key::new(format!("bulk#{scope}#{id}"), format!("{BULK_REFUSAL_PREFIX}{index:04}"))
}

fn conversation_pk(id: ConversationId) -> String {
    format!("conversation#{id}")
}

/// Returns the key of a call.
pub fn call(id: ConversationId) -> Key {
    conversation(Channel::Voice, id)
}

/// Returns the key of an SMS conversation.
pub fn sms(id: ConversationId) -> Key {
    conversation(Channel::Sms, id)
}

/// Returns the key of a conversation on a channel. Conversations on different channels have different keys even if their ids are equal.
pub fn conversation(channel: Channel, id: ConversationId) -> Key {
    let sk = match channel {
        Channel::Voice => "call",
        Channel::Sms => "sms",
    };
    Key::new(conversation_pk(id), sk)
}

/// Returns the key of an SMS conversation's agent snapshot.
pub fn brief(id: ConversationId) -> Key {
    Key::new(conversation_pk(id), "brief")
}

/// Sort-key prefix of a conversation's SMS messages.
pub const MESSAGE_PREFIX: &str = "message#";

/// Returns the key of an SMS message.
pub fn message(id: ConversationId, number: u32) -> Key {
    Key::new(conversation_pk(id), format!("{MESSAGE_PREFIX}{number:010}"))
}

/// Returns the key of the record that maps an idempotency key to its SMS message.
pub fn remembered_key(id: ConversationId, key: &str) -> Key {
    Key::new(conversation_pk(id), format!("key#{key}"))
}

/// Returns the key of the open conversation between two numbers of a scope: ours and the customer's.
pub fn pair(scope: &Scope, ours: &PhoneNumber, customer: &PhoneNumber) -> Key {
    Key::new(format!("pair#{}", pair_digest(scope, ours, customer)), "pair")
}

/// Returns the key of an inbound SMS message, by the provider's id for it.
pub fn inbound(scope: &Scope, provider_message_id: &str) -> Key {
    Key::new(format!("inbound#{scope}#{provider_message_id}"), "inbound")
}

/// Returns the key of the rate limiter of a provider's account.
pub fn pace(account: &str) -> Key {
    Key::new(format!("pace#{account}"), "pace")
}

/// Returns the key of the owner of a provider's call or SMS message. It has no scope, because organizations may share an account.
pub fn held(provider: Provider, provider_id: &str) -> Key {
    Key::new(format!("held#{}#{provider_id}", provider.as_str()), "held")
}

/// Returns the key of a request payload that is too large for its conversation's own item.
pub fn content(id: ConversationId) -> Key {
    Key::new(conversation_pk(id), "content")
}

/// Sort-key prefix of a conversation's log entries.
pub const LOG_PREFIX: &str = "log#";

/// Returns the key of a log entry.
pub fn log_entry(id: ConversationId, number: u64) -> Key {
    Key::new(conversation_pk(id), format!("{LOG_PREFIX}{number:010}"))
}

/// Returns the key of a part of a transcript.
pub fn transcript(id: ConversationId, part: usize) -> Key {
    Key::new(conversation_pk(id), format!("transcript#{part:04}"))
}

/// Sort-key prefix of a conversation's deliveries.
pub const DELIVERY_PREFIX: &str = "delivery#";

/// Returns the key of the delivery of a log entry's event to an endpoint.
pub fn delivery(id: ConversationId, log_number: u64, endpoint: EndpointId) -> Key {
    Key::new(conversation_pk(id), format!("{DELIVERY_PREFIX}{log_number:010}#{endpoint}"))
}

/// Sort-key prefix of the calls that the simulator placed to a number.
pub const SIMULATED_CALL_PREFIX: &str = "call#";

/// Returns the partition key of a simulated phone.
pub fn simulated_phone_pk(number: &PhoneNumber) -> String {
    format!("phone#{}", number.as_str())
}

/// Sort-key prefix of the SMS messages that the simulator carried to a number.
pub const SIMULATED_TEXT_PREFIX: &str = "text#";

/// Returns the key of a simulated SMS message.
pub fn simulated_text(number: &PhoneNumber, message_id: &str) -> Key {
    Key::new(simulated_phone_pk(number), format!("{SIMULATED_TEXT_PREFIX}{message_id}"))
}

/// Returns the key of a simulated call.
pub fn simulated_call(number: &PhoneNumber, call_id: &str) -> Key {
    Key::new(simulated_phone_pk(number), format!("{SIMULATED_CALL_PREFIX}{call_id}"))
}

/// Returns the list of an endpoint's deliveries.
pub fn deliveries_list(endpoint: EndpointId) -> String {
    format!("deliveries#{endpoint}")
}

/// Returns the list of a scope's conversations on one channel.
pub fn conversations_list(channel: Channel, scope: &Scope) -> String {
    match channel {
        Channel::Voice => format!("calls#{scope}"),
        Channel::Sms => format!("sms#{scope}"),
    }
}

/// Returns a position in a list: by time, then by name.
pub fn list_place(at: Timestamp, name: impl std::fmt::Display) -> String {
    format!("{at}#{name}")
}

/// Returns the partition key of a shard of the due index.
pub fn due_shard(shard: u8) -> String {
    format!("due#{shard}")
}

/// Returns the shard of the due index that contains a conversation's items.
pub fn due_shard_of(id: ConversationId) -> String {
    due_shard(id.shard(DUE_SHARDS))
}

#[cfg(test)]
mod tests {
    use domain::ids::{
        AgentId, Channel, ContactId, ConversationId, EndpointId, Mode, Operation, OrganizationId, ProviderCallId,
        ProviderMessageId, Scope, key_digest,
    };
    use domain::phone::PhoneNumber;
    use domain::provider::Provider;
    use domain::time::Timestamp;
    use domain::wallet::EntryKind;

    use super::{DUE_SHARDS, due_shard_of};

    /// Limits of DynamoDB for a partition key and a sort key, in bytes.
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
