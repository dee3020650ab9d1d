//! Callbacks of providers. The document describes them, so that operators know what to set up, and which routes are open to the
//! network.

use domain::provider::Provider;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, Required, ResponseBuilder};

use super::operation::{Document, operation};
use super::parameters;

/// Subject of a callback, which its address names besides the organization.
#[derive(Clone, Copy)]
pub(crate) enum About {
    /// Call, with the number of its attempt.
    Call,
    /// SMS conversation, with the number of its message.
    Text,
    /// No subject: the address is the same for all callbacks.
    Nothing,
}

/// Description of the response to a callback that was applied, or that changes nothing.
pub(crate) const TAKEN: &str = "It was taken in, or says nothing new.";

/// Describes a provider's callback.
pub(crate) fn callback(provider: Provider, summary: &str, about: About, answer: &str) -> Document {
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
        .parameters(parameters_of(about))
        .request_body(callback_body(provider))
        .response("200", ResponseBuilder::new().description(answer));
    REFUSALS.iter().fold(operation, |operation, (status, description)| {
        operation.response(status, ResponseBuilder::new().description(*description))
    })
}

const REFUSALS: [(&str, &str); 5] = [
    ("403", "The signature is not the provider's. Nothing was read or written."),
    (
        "409",
        "What it is about was being changed by others for too long, or is not known yet. The provider sends it again.",
    ),
    ("429", "Too many callbacks at the moment. API Gateway answers it, and the provider sends it again."),
    ("413", "The body is larger than any that the provider sends."),
    ("500", "It could not be taken in. The provider sends it again."),
];

/// Describes the provider's signature, and the data that it covers.
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

fn parameters_of(about: About) -> Vec<Parameter> {
    let of = match about {
        About::Call => vec![parameters::call_id(), parameters::attempt()],
        About::Text => vec![parameters::sms_conversation_id(), parameters::message_number()],
        About::Nothing => Vec::new(),
    };
    std::iter::once(parameters::organization()).chain(of).collect()
}

fn callback_body(provider: Provider) -> RequestBody {
    let media_type = match provider {
        Provider::Twilio => "application/x-www-form-urlencoded",
        Provider::Retell | Provider::Telnyx | Provider::Vapi | Provider::Simulator => "application/json",
    };
    let anything = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).build();
    let content = ContentBuilder::new().schema(Some(anything)).build();
    RequestBodyBuilder::new().content(media_type, content).required(Some(Required::True)).build()
}
