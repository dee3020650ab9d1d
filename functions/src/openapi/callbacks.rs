//! The operations that providers call: described so that an operator knows what to set up, and what stands open.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, Required, ResponseBuilder};

use super::operations::operation;

/// What there is to say of a function; `None` where it is not described here.
pub(super) fn describe(name: &str) -> Option<OperationBuilder> {
    let (summary, parameters, answer): (&str, &[&str], &str) = match name {
        "twilio-voice-answer" => {
            ("Twilio asks what to do on a call that was answered", &["id", "attempt"], "What to do, as TwiML.")
        }
        "twilio-call-status" => ("Twilio tells of a call", &["id", "attempt"], "It was taken in."),
        "twilio-message-status" => ("Twilio tells how far a text got", &["id", "number"], "It was taken in."),
        "twilio-inbound-message" => ("Twilio hands over a customer's text", &[], "It was taken in: an empty TwiML."),
        _ => return None,
    };
    let named = std::iter::once("organization").chain(parameters.iter().copied()).map(parameter);
    let operation = operation("callbacks", summary, SIGNED)
        .parameters(Some(named))
        .request_body(Some(form()))
        .response("200", ResponseBuilder::new().description(answer));
    Some(REFUSALS.iter().fold(operation, |operation, (status, description)| {
        operation.response(*status, ResponseBuilder::new().description(*description))
    }))
}

const SIGNED: &str = "Called by the provider, with no API key: the signature in `X-Twilio-Signature`, over this address below \
    the deployment's public URL and over the form, is looked at before anything else. The address is given to Twilio with each \
    call and text; only that of inbound messages is set up by hand. A callback that comes twice, late, or about nothing that is \
    known changes nothing.";

const REFUSALS: [(&str, &str); 4] = [
    ("403", "The signature is not Twilio's. Nothing was read or written."),
    ("409", "What it is about was being changed by others for too long. Twilio sends it again."),
    ("413", "The body is larger than 256 KiB."),
    ("500", "It could not be taken in. Twilio sends it again."),
];

fn parameter(name: &str) -> Parameter {
    let description = match name {
        "organization" => "The organization whose account at Twilio signs.",
        "id" => "The conversation.",
        "attempt" => "The attempt to place the call.",
        _ => "The text's number in the conversation.",
    };
    let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(text))
        .build()
}

fn form() -> RequestBody {
    let form = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).build();
    let content = ContentBuilder::new().schema(Some(Schema::from(form))).build();
    let media_type = "application/x-www-form-urlencoded";
    RequestBodyBuilder::new().content(media_type, content).required(Some(Required::True)).build()
}
