//! The operations on contacts, the do-not-call list and the wallet.

use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::{Required, ResponseBuilder};

use super::operations::{WithRefusals, body, conflict, invalid, invalid_page, invalid_query, operation, with_body};
use super::{answers, parameters, requests, schemas};
use crate::api::contacts::view::ContactView;
use crate::api::do_not_call::put_do_not_call::EntryView as DoNotCallEntry;
use crate::api::wallet::get_wallet::WalletView;
use crate::api::wallet::list_wallet_entries::EntryView as WalletEntry;
use crate::error::ApiError;

const CONTACTS: &str = "can_manage_contacts";
const WALLET: &str = "can_read_wallet";

/// What there is to say of a function; `None` where it is not described here.
pub(super) fn describe(name: &str) -> Option<OperationBuilder> {
    match name {
        "list-do-not-call" => Some(list_do_not_call()),
        "put-do-not-call" => Some(put_do_not_call()),
        "delete-do-not-call" => Some(delete_do_not_call()),
        "create-contact" => Some(create_contact()),
        "list-contacts" => Some(list_contacts()),
        "get-contact" => Some(get_contact()),
        "update-contact" => Some(update_contact()),
        "get-wallet" => Some(get_wallet()),
        "list-wallet-entries" => Some(list_wallet_entries()),
        _ => None,
    }
}

fn invalid_number() -> ApiError {
    invalid(&[("number", "must be a phone number in E.164 format: + and 7 to 15 digits, such as +15555550123")])
}

fn list_do_not_call() -> OperationBuilder {
    let description = "The numbers of the key's mode, in no order that means anything.";
    let entries = schemas::page(schemas::of::<DoNotCallEntry>());
    operation("do-not-call", "List the do-not-call list", description)
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-do-not-call", "A page of entries.", entries))
        .with_refusals(CONTACTS, vec![invalid_page()])
}

fn put_do_not_call() -> OperationBuilder {
    let description = "Needs no body. An entry that is there stays as it is, with its source and time, and is answered \
                       with 200. What is accepted already is not dialled any more, unless it is being dialled right now.";
    let entry = || schemas::envelope(schemas::of::<DoNotCallEntry>());
    operation("do-not-call", "Put a number on the do-not-call list", description)
        .parameter(parameters::number())
        .response("201", answers::json("put-do-not-call", "The number is on the list from now on.", entry()))
        .response("200", answers::json("put-do-not-call", "The number was on the list.", entry()))
        .with_refusals(CONTACTS, vec![invalid_number(), conflict()])
}

fn delete_do_not_call() -> OperationBuilder {
    operation("do-not-call", "Take a number off the do-not-call list", "Whoever put it there.")
        .parameter(parameters::number())
        .response("204", ResponseBuilder::new().description("It is off the list."))
        .with_refusals(
            CONTACTS,
            vec![invalid_number(), ApiError::NotFound("entry on the do-not-call list"), conflict()],
        )
}

fn create_contact() -> OperationBuilder {
    let contact = schemas::envelope(schemas::of::<ContactView>());
    let mut created = answers::json("create-contact", "The contact is made.", contact);
    created.headers.insert("Idempotent-Replayed".to_owned(), answers::replayed().into());
    let own = vec![
        invalid(&[("phoneNumber", "is required: a phone number in E.164 format, such as +15555550123")]),
        ApiError::Conflict("there is a contact of this number: 2c4a1e72-0000-8000-8000-000000000000".to_owned()),
        conflict(),
        ApiError::KeyReused,
    ];
    let description = "There is one contact for each number, in each mode. With an `Idempotency-Key`, a replay shows the \
                       contact as it is now.";
    operation("contacts", "Make a contact", description)
        .parameter(parameters::idempotency_key(Required::False))
        .request_body(Some(body("create-contact", schemas::of::<requests::CreateContact>(), Required::True)))
        .response("201", created)
        .with_refusals(CONTACTS, with_body(own))
}

fn list_contacts() -> OperationBuilder {
    let contacts = schemas::page(schemas::of::<ContactView>());
    operation("contacts", "List contacts", "The contacts of the key's mode, in no order that means anything.")
        .parameters(Some(parameters::page()))
        .response("200", answers::json("list-contacts", "A page of contacts.", contacts))
        .with_refusals(CONTACTS, vec![invalid_page()])
}

fn get_contact() -> OperationBuilder {
    let contact = schemas::envelope(schemas::of::<ContactView>());
    operation("contacts", "Get a contact", "A contact as it is now.")
        .parameter(parameters::contact_id())
        .response("200", answers::json("get-contact", "The contact.", contact))
        .with_refusals(CONTACTS, vec![invalid_query(), ApiError::NotFound("contact")])
}

fn update_contact() -> OperationBuilder {
    let contact = schemas::envelope(schemas::of::<ContactView>());
    let own = vec![
        invalid(&[("phoneNumber", "is not a known field; known are firstName, lastName, email")]),
        ApiError::NotFound("contact"),
        conflict(),
    ];
    let description = "What is left out stays, what is null is emptied. The number cannot be changed: another number is \
                       another contact.";
    operation("contacts", "Change a contact", description)
        .parameter(parameters::contact_id())
        .request_body(Some(body("update-contact", schemas::of::<requests::UpdateContact>(), Required::True)))
        .response("200", answers::json("update-contact", "The contact, changed.", contact))
        .with_refusals(CONTACTS, with_body(own))
}

fn get_wallet() -> OperationBuilder {
    let description = "An organization that is not metered has `metered: false`, and is never charged. For a metered one \
                       the price of the longest course of a call is held when it is accepted. Once nothing of the call can \
                       be live any more, the hold is released and the call charged by the minute begun; one that never \
                       connected is not charged.";
    let wallet = schemas::envelope(schemas::of::<WalletView>());
    operation("wallet", "Get the wallet", description)
        .response("200", answers::json("get-wallet", "The wallet of the key's mode.", wallet))
        .with_refusals(WALLET, vec![invalid_query()])
}

fn list_wallet_entries() -> OperationBuilder {
    let entries = schemas::page(schemas::of::<WalletEntry>());
    operation(
        "wallet",
        "List the wallet's book",
        "Newest first. The sum of all entries is the balance, at every moment.",
    )
    .parameters(Some(parameters::page()))
    .response("200", answers::json("list-wallet-entries", "A page of entries.", entries))
    .with_refusals(WALLET, vec![invalid_page()])
}
