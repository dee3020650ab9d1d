//! Regenerates `docs/openapi.json`: `cargo run -p tests --example write_openapi`.

use std::error::Error;
use std::fs;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

fn main() -> Result<(), Box<dyn Error>> {
    fs::write(DOCUMENT, functions::openapi::document_text()?)?;
    Ok(())
}
