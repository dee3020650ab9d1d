//! Public address that providers call back.

use url::{Host, Url};

/// Parses the value of `--public-url`. Returns scheme and host, without a slash at the end.
///
/// # Errors
/// A message with the problem and the expected form.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("{why}; write it as https://calls.example.com"));
    let Ok(url) = Url::parse(text.trim()) else { return wrong("it is no URL") };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong("its scheme is neither https nor http");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("it has a user or a password in it");
    }
    if url.query().is_some() || url.fragment().is_some() || url.path() != "/" {
        return wrong("there is something behind its host");
    }
    match url.host() {
        None => return wrong("it has no host"),
        Some(Host::Domain(name)) if name.contains('_') => {
            return wrong("its host has an underscore, which Twilio refuses");
        }
        Some(Host::Domain(name)) if !name.contains('.') && name != "localhost" => {
            return wrong("its host is no name that a provider could look up");
        }
        Some(_) => {}
    }
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_public_url_is_scheme_and_host() {
        for text in ["https://calls.example.com", "https://calls.example.com/", " https://CALLS.example.com "] {
            assert_eq!(parse(text).as_deref(), Ok("https://calls.example.com"), "{text}");
        }
        assert_eq!(parse("http://127.0.0.1:3000").as_deref(), Ok("http://127.0.0.1:3000"));
        for (text, why) in [
            ("", "no URL"),
            ("calls.example.com", "no URL"),
            ("ftp://calls.example.com", "scheme"),
            ("htps://calls.example.com", "scheme"),
            ("https://calls", "look up"),
            ("https://my_calls.example.com", "underscore"),
            ("https://u:p@calls.example.com", "password"),
            ("https://calls.example.com/v1", "behind its host"),
            ("https://calls.example.com?x=1", "behind its host"),
        ] {
            let said = parse(text).expect_err(text);
            assert!(said.contains(why) && said.contains("https://calls.example.com"), "{text}: {said}");
        }
    }
}
