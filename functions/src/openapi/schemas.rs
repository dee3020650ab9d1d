//! The document's schemas, made from the types that are read and written.

mod administration;

use domain::call::{Analysis, Utterance};
use domain::end_reason::EndReason;
use domain::log::{
    CallEnded, CallStarted, Consent, ConversationClosed, DeliveryUpdated, SmsMessage, ToolCallInvocation,
    ToolCallResult, TurnFailed,
};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{AllOf, AllOfBuilder, ArrayBuilder, Components, ComponentsBuilder, Object, ObjectBuilder};
use utoipa::openapi::{OneOfBuilder, Ref, RefOr};

use super::{events, requests};
use crate::api::calls::close_call::Closed;
use crate::api::calls::create_call::Accepted;
use crate::api::calls::view::{CallSummary, CallView};
use crate::api::contacts::view::ContactView;
use crate::api::do_not_call::put_do_not_call::EntryView as DoNotCallEntry;
use crate::api::sms::close_sms_conversation::ClosedConversation;
use crate::api::sms::create_sms_conversation::OpenedConversation;
use crate::api::sms::view::{MessageView, SmsConversationSummary, SmsConversationView};
use crate::api::wallet::get_wallet::WalletView;
use crate::api::wallet::list_wallet_entries::EntryView as WalletEntry;
use crate::api::webhooks::view::WebhookView;
use crate::error::{Failure, FailureBody};
use crate::event_body::EventBody;
use crate::http::Pagination;

pub(super) type NamedSchema = (String, RefOr<Schema>);

/// Every schema that the document refers to.
pub(super) fn components() -> Components {
    let mut found: Vec<NamedSchema> = Vec::new();
    let sent = [
        named::<requests::CreateCall>,
        named::<requests::Close>,
        named::<requests::CreateWebhook>,
        named::<requests::CreateSmsConversation>,
        named::<requests::SendSmsMessage>,
    ];
    for collect in sent {
        collect(&mut found);
    }
    written::<EndReason>(&mut found, with_the_named_reasons);
    written::<CallStarted>(&mut found, left_out_instead_of_null);
    written::<CallEnded>(&mut found, left_out_instead_of_null);
    written::<Analysis>(&mut found, left_out_instead_of_null);
    written::<Consent>(&mut found, left_out_instead_of_null);
    named::<Utterance>(&mut found);
    written::<SmsMessage>(&mut found, always_there);
    written::<DeliveryUpdated>(&mut found, all_but_the_error_code);
    written::<ToolCallInvocation>(&mut found, with_any_arguments);
    written::<ToolCallResult>(&mut found, always_there);
    named::<TurnFailed>(&mut found);
    named::<ConversationClosed>(&mut found);
    written::<Accepted>(&mut found, always_there);
    written::<CallSummary>(&mut found, always_there);
    written::<CallView>(&mut found, always_there);
    written::<Closed>(&mut found, always_there);
    written::<OpenedConversation>(&mut found, always_there);
    written::<SmsConversationSummary>(&mut found, always_there);
    written::<SmsConversationView>(&mut found, always_there);
    written::<ClosedConversation>(&mut found, always_there);
    written::<MessageView>(&mut found, always_there);
    written::<WebhookView>(&mut found, all_but_the_secret);
    written::<Pagination>(&mut found, always_there);
    written::<FailureBody<'_>>(&mut found, left_out_instead_of_null);
    written::<Failure<'_>>(&mut found, always_there);
    written::<EventBody<'_>>(&mut found, always_there);
    written::<ContactView>(&mut found, always_there);
    written::<DoNotCallEntry>(&mut found, always_there);
    written::<WalletView>(&mut found, always_there);
    written::<WalletEntry>(&mut found, always_there);
    for collect in [named::<requests::CreateContact>, named::<requests::UpdateContact>] {
        collect(&mut found);
    }
    super::dialects::schemas(&mut found);
    administration::add(&mut found);
    found.push(("Meta".to_owned(), meta().into()));
    found.push(("ListMeta".to_owned(), list_meta().into()));
    found.extend(events::schemas());
    // The first of a name counts: what is adjusted stands before whatever it is collected with once more.
    let mut components = ComponentsBuilder::new();
    let mut known = std::collections::BTreeSet::new();
    for (name, schema) in found {
        if known.insert(name.clone()) {
            components = components.schema(name, schema);
        }
    }
    components.build()
}

/// A reference to a type's schema.
pub(super) fn of<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

pub(super) fn named<T: ToSchema>(found: &mut Vec<NamedSchema>) {
    written::<T>(found, |_| {});
}

pub(super) fn written<T: ToSchema>(found: &mut Vec<NamedSchema>, adjust: fn(&mut Object)) {
    let mut schema = T::schema();
    if let RefOr::T(schema) = &mut schema {
        for object in objects(schema) {
            adjust(object);
        }
    }
    found.push((T::name().into_owned(), schema));
    T::schemas(found);
}

fn objects(schema: &mut Schema) -> Vec<&mut Object> {
    match schema {
        Schema::Object(object) => vec![object],
        Schema::AllOf(AllOf { items, .. }) => {
            let inline = items.iter_mut().filter_map(|item| match item {
                RefOr::T(Schema::Object(object)) => Some(object),
                _ => None,
            });
            inline.collect()
        }
        _ => Vec::new(),
    }
}

/// For types that write every field, with null where there is nothing.
pub(super) fn always_there(object: &mut Object) {
    object.required = object.properties.keys().cloned().collect();
}

fn all_but_the_secret(object: &mut Object) {
    always_there(object);
    object.required.retain(|name| name != "secret");
    if let Some(RefOr::T(Schema::Object(secret))) = object.properties.get_mut("secret") {
        secret.schema_type = SchemaType::Type(Type::String);
    }
}

fn all_but_the_error_code(object: &mut Object) {
    always_there(object);
    object.required.retain(|name| name != "errorCode");
    left_out_instead_of_null(object);
}

/// A model may call a tool with what is no JSON object: the event then says null.
fn with_any_arguments(object: &mut Object) {
    if let Some(RefOr::T(Schema::Object(arguments))) = object.properties.get_mut("arguments") {
        arguments.schema_type = SchemaType::from_iter([Type::Object, Type::Null]);
        arguments.description = Some("What it was called with; null where the model gave no JSON object.".to_owned());
    }
}

fn with_the_named_reasons(object: &mut Object) {
    object.examples = EndReason::NAMED.iter().map(|reason| reason.as_str().into()).collect();
}

/// For types that leave out what there is not.
fn left_out_instead_of_null(object: &mut Object) {
    let required = object.required.clone();
    for (_, property) in object.properties.iter_mut().filter(|(name, _)| !required.contains(name)) {
        let RefOr::T(schema) = property else { continue };
        match schema {
            Schema::Object(object) => not_null(&mut object.schema_type),
            Schema::OneOf(one_of) => {
                let reference = one_of.items.iter().find(|item| matches!(item, RefOr::Ref(_))).cloned();
                let description = one_of.description.take();
                if let Some(RefOr::Ref(mut reference)) = reference {
                    if let Some(description) = description {
                        reference.description = description;
                    }
                    *property = RefOr::Ref(reference);
                }
            }
            _ => {}
        }
    }
}

fn not_null(schema_type: &mut SchemaType) {
    if let SchemaType::Array(types) = schema_type
        && let Some(kind) = types.iter().find(|kind| **kind != Type::Null).cloned()
    {
        *schema_type = SchemaType::Type(kind);
    }
}

fn request_id() -> ObjectBuilder {
    let id = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some("Names the request, in its answer and in our logs."));
    ObjectBuilder::new().property("request_id", id).required("request_id")
}

fn meta() -> Schema {
    request_id().description(Some("About the answer.")).build().into()
}

fn list_meta() -> Schema {
    let pagination = of::<Pagination>();
    let text = |what: &str| ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).description(Some(what));
    let item = ObjectBuilder::new()
        .property("kind", text("What it is."))
        .required("kind")
        .property("item", text("Where it stands in the table: its id is a part of that."))
        .required("item");
    let about = "What of the page cannot be read as it is stored, and is left out; missing where that is nothing. Tell an operator.";
    let unreadable = ArrayBuilder::new().items(item).description(Some(about));
    let meta =
        request_id().property("pagination", pagination).required("pagination").property("unreadable", unreadable);
    meta.description(Some("About a page of a list.")).build().into()
}

/// `{"data": …, "meta": …}`.
pub(super) fn envelope(data: impl Into<RefOr<Schema>>) -> Schema {
    let meta = Ref::from_schema_name("Meta");
    ObjectBuilder::new().property("data", data).required("data").property("meta", meta).required("meta").build().into()
}

/// A page of a list.
pub(super) fn page(items: impl Into<RefOr<Schema>>) -> Schema {
    let data = ArrayBuilder::new().items(items.into());
    let meta = Ref::from_schema_name("ListMeta");
    ObjectBuilder::new().property("data", data).required("data").property("meta", meta).required("meta").build().into()
}

/// A body of these fields, in which exactly one of two names the agent.
pub(super) fn with_one_agent(fields: Ref) -> Schema {
    let named_by = |field: &str, of: RefOr<Schema>| ObjectBuilder::new().property(field, of).required(field);
    let slug = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).build();
    let agent = OneOfBuilder::new()
        .item(named_by("agentId", of::<domain::ids::AgentId>().into()))
        .item(named_by("agentSlug", Schema::from(slug).into()));
    AllOfBuilder::new().item(fields).item(Schema::from(agent.build())).build().into()
}
