//! The callbacks of providers whose own agents hold the calls.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, Required, ResponseBuilder};

use super::operation;
use crate::openapi::parameters;

/// What there is to say of a function; `None` where it is not described here.
pub(super) fn describe(name: &str) -> Option<OperationBuilder> {
    match name {
        "retell-webhook" => Some(callback(
            "Tell of a call held by Retell",
            "One of Retell's webhooks, signed by `x-retell-signature`. The address is given to Retell with each call.",
        )),
        _ => None,
    }
}

fn callback(summary: &str, description: &str) -> OperationBuilder {
    let anything = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).build();
    let content = ContentBuilder::new().schema(Some(anything)).build();
    let body = RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True)).build();
    let answer = |description: &str| ResponseBuilder::new().description(description).build();
    operation("callbacks", summary, description)
        .parameters(Some([parameters::organization(), parameters::call_id(), parameters::attempt()]))
        .request_body(Some(body))
        .response("200", answer("It was taken in, or says nothing new."))
        .response("403", answer("The signature is not the provider's. Nothing is read or written."))
        .response("413", answer("The body is larger than any that the provider sends."))
        .response("500", answer("It could not be taken in: the provider sends it again."))
}
