//! Regenerates `docs/openapi.json` and `docs/openapi.client.json`: `cargo run -p tests --example write_openapi`.

use std::error::Error;
use std::fs;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
const CLIENT_DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.client.json");

fn main() -> Result<(), Box<dyn Error>> {
    fs::write(DOCUMENT, functions::openapi::document_text()?)?;
    fs::write(CLIENT_DOCUMENT, functions::openapi::client_document_text()?)?;
    Ok(())
}
