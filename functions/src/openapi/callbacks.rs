//! The operations that providers call: described so that an operator knows what to set up, and what stands open.

use domain::provider::Provider;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, Required, ResponseBuilder};

use super::operations::operation;
use super::parameters;

/// What a callback is about, and so what its address names besides the organization.
enum About {
    Call,
    Text,
    Nothing,
}

/// What there is to say of a function; `None` where it is not described here.
pub(super) fn describe(name: &str) -> Option<OperationBuilder> {
    use Provider::{Retell, Telnyx, Twilio, Vapi};
    let taken = "It was taken in, or says nothing new.";
    let (provider, summary, about, answer) = match name {
        "twilio-voice-answer" => {
            (Twilio, "Twilio asks what to do on a call that was answered", About::Call, "What to do, as TwiML.")
        }
        "twilio-call-status" => (Twilio, "Twilio tells of a call", About::Call, taken),
        "twilio-message-status" => (Twilio, "Twilio tells how far a text got", About::Text, taken),
        "twilio-inbound-message" => {
            (Twilio, "Twilio hands over a customer's text", About::Nothing, "It was taken in: an empty TwiML.")
        }
        "retell-webhook" => (Retell, "Retell tells of a call that it holds", About::Call, taken),
        "retell-chat-webhook" => (Retell, "Retell tells of a chat that it holds", About::Nothing, taken),
        "telnyx-call-event" => (Telnyx, "Telnyx tells of a call", About::Call, taken),
        "telnyx-message-status" => (Telnyx, "Telnyx tells how far a text got", About::Text, taken),
        "telnyx-inbound-message" => (Telnyx, "Telnyx hands over a customer's text", About::Nothing, taken),
        "vapi-server-message" => (Vapi, "Vapi tells of a call that it holds", About::Call, taken),
        _ => return None,
    };
    let address = match about {
        About::Call => "The address is given to the provider with each call.",
        About::Text => "The address is given to the provider with each text.",
        About::Nothing => "The address is set up by hand.",
    };
    let description = format!(
        "Called by the provider, with no API key: {} is looked at before anything else. {address} A callback that comes \
         twice, late, or about nothing that is known changes nothing.",
        signed(provider)
    );
    let operation = operation("callbacks", summary, &description)
        .parameters(Some(parameters_of(&about)))
        .request_body(Some(body(provider)))
        .response("200", ResponseBuilder::new().description(answer));
    Some(REFUSALS.iter().fold(operation, |operation, (status, description)| {
        operation.response(*status, ResponseBuilder::new().description(*description))
    }))
}

const REFUSALS: [(&str, &str); 4] = [
    ("403", "The signature is not the provider's. Nothing was read or written."),
    (
        "409",
        "What it is about was being changed by others for too long, or is not known yet. The provider sends it again.",
    ),
    ("413", "The body is larger than any that the provider sends."),
    ("500", "It could not be taken in. The provider sends it again."),
];

/// What the provider signs by, and over what.
fn signed(provider: Provider) -> &'static str {
    match provider {
        Provider::Twilio => {
            "the signature in `X-Twilio-Signature`, over this address below the deployment's public URL and over the form,"
        }
        Provider::Retell => "the signature in `x-retell-signature`, over the body and its time,",
        Provider::Telnyx => "the signature in `telnyx-signature-ed25519`, over the body and its time,",
        Provider::Vapi => "the signature by the HMAC plan of the account",
        Provider::Simulator => "nothing",
    }
}

fn parameters_of(about: &About) -> Vec<Parameter> {
    let of = match about {
        About::Call => vec![parameters::call_id(), parameters::attempt()],
        About::Text => vec![parameters::sms_conversation_id(), parameters::message_number()],
        About::Nothing => Vec::new(),
    };
    std::iter::once(parameters::organization()).chain(of).collect()
}

fn body(provider: Provider) -> RequestBody {
    let media_type = match provider {
        Provider::Twilio => "application/x-www-form-urlencoded",
        Provider::Retell | Provider::Telnyx | Provider::Vapi | Provider::Simulator => "application/json",
    };
    let anything = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).build();
    let content = ContentBuilder::new().schema(Some(anything)).build();
    RequestBodyBuilder::new().content(media_type, content).required(Some(Required::True)).build()
}
