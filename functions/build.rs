//! Makes the OpenAPI document small: it is committed in a form for people, and the artifact carries it without the white
//! space, which is half of it, and deflated, which leaves an eighth of the rest.

use std::path::Path;
use std::{env, fs, io};

use miniz_oxide::deflate::compress_to_vec;

const DOCUMENT: &str = "../docs/openapi.json";

/// The level that takes longest and leaves least.
const MOST_COMPACT: u8 = 10;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    let document = without_white_space(&fs::read_to_string(DOCUMENT)?);
    fs::write(Path::new(&out).join("openapi.json.deflated"), compress_to_vec(document.as_bytes(), MOST_COMPACT))
}

/// JSON without the white space between its tokens.
fn without_white_space(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let keeps = |character: &char| {
        let kept = in_text || !character.is_ascii_whitespace();
        in_text = if *character == '"' && !escaped { !in_text } else { in_text };
        escaped = *character == '\\' && !escaped;
        kept
    };
    json.chars().filter(keeps).collect()
}
