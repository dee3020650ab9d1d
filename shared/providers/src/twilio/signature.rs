//! Signature of a callback: `X-Twilio-Signature`, the Base64 of an HMAC-SHA1 with the account's auth token (Twilio's
//! `RequestValidator`).
//!
//! The signed text is the address, followed by every distinct parameter without separators. Parameters are sorted by name, and
//! the distinct values of a name are sorted too. If the body is JSON, the address carries its SHA-256 instead.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::digest::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::Url;

use super::RETRIES;
use super::form::Form;
use crate::callback::Callback;

/// Parameter of an address that carries the digest of the body.
const BODY_DIGEST: &str = "bodySHA256";

/// Returns `true` if a callback was signed with this token. Twilio signs its address with or without the default port
/// ("signature generation on the back end is inconsistent"), so both are accepted. Twilio does not document if the fragment is
/// signed, so both forms are accepted here too.
pub(super) fn is_genuine(auth_token: &str, callback: Callback<'_>) -> bool {
    let Some(given) = (callback.header)("x-twilio-signature") else { return false };
    let Ok(given) = STANDARD.decode(given.trim()) else { return false };
    let Ok(url) = Url::parse(callback.url) else { return false };
    let declared = url.query_pairs().find(|(name, _)| name == BODY_DIGEST).map(|(_, digest)| digest.into_owned());
    let parameters = match declared {
        Some(declared) if !is_digest_of(&declared, callback.body) => return false,
        Some(_) => String::new(),
        None => parameters(callback.body),
    };
    let mut genuine = false;
    for address in addresses(callback.url, &url) {
        genuine |= is_mac_of(auth_token, &format!("{address}{parameters}"), &given);
    }
    genuine
}

fn is_mac_of(auth_token: &str, message: &str, given: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()) else { return false };
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().ct_eq(given).into()
}

fn is_digest_of(declared: &str, body: &[u8]) -> bool {
    hex(&Sha256::digest(body)).as_bytes().ct_eq(declared.to_ascii_lowercase().as_bytes()).into()
}

/// Returns every distinct name with each of its distinct values, sorted.
fn parameters(body: &[u8]) -> String {
    let form = Form::parse(body);
    let distinct: BTreeSet<(&str, &str)> = form.fields().collect();
    distinct.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

/// Returns the forms in which Twilio may have signed the address.
fn addresses(text: &str, url: &Url) -> Vec<String> {
    let mut forms = vec![text.to_owned()];
    let default_port = match url.scheme() {
        "https" => 443,
        _ => 80,
    };
    if let Some((scheme, rest)) = text.split_once("://") {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(end);
        let port = format!(":{default_port}");
        match authority.strip_suffix(port.as_str()) {
            Some(bare) => forms.push(format!("{scheme}://{bare}{behind}")),
            // A port other than the default one is signed as it is.
            None if url.port().is_none() => forms.push(format!("{scheme}://{authority}{port}{behind}")),
            None => {}
        }
    }
    let with_fragment: Vec<String> = forms.iter().map(|form| format!("{form}{RETRIES}")).collect();
    forms.extend(with_fragment);
    forms
}

#[cfg(test)]
mod tests {
    use super::is_genuine;
    use crate::callback::Callback;

    const TOKEN: &str = "12345";
    const PLAIN: &[u8] =
        b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309";
    const VARIANT: &[u8] =
        b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B12349013030&To=%2B18005551212&Caller=%2B12349013030";
    const JSON: &[u8] = br#"{"property": "value", "boolean": true}"#;

    fn genuine(url: &str, body: &[u8], signature: &str) -> bool {
        let header = |name: &str| (name == "x-twilio-signature").then_some(signature);
        is_genuine(TOKEN, Callback { url, header: &header, body })
    }

    #[test]
    fn twilios_own_vectors_are_genuine() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert!(genuine(url, PLAIN, "RSOYDt4T1cUTdK1PDd93/VVr8B8="));
        let duplicates = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
        assert!(genuine(url, duplicates, "IK+Dwps556ElfBT0I3Rgjkr1wJU="));
        assert!(genuine(url, VARIANT, "0/KCTR6DLpKmkAf8muzZqo1nDgQ="));
        let digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
        let of_json = format!("{url}&bodySHA256={digest}");
        assert!(genuine(&of_json, JSON, "a9nBmqA0ju/hNViExpshrM61xv4="));
        assert!(!genuine(&of_json, br#"{"property": "other", "boolean": true}"#, "a9nBmqA0ju/hNViExpshrM61xv4="));
    }

    #[test]
    fn an_address_is_signed_with_its_default_port_or_without() {
        let with_port = "kvajT1Ptam85bY51eRf/AJRuM3w=";
        let plain_with_port = "0ZXoZLH/DfblKGATFgpif+LLRf4=";
        for (url, signature) in [
            ("https://mycompany.com/myapp.php?foo=1&bar=2", with_port),
            ("https://mycompany.com:443/myapp.php?foo=1&bar=2", with_port),
            ("https://mycompany.com:443/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("http://mycompany.com/myapp.php?foo=1&bar=2", plain_with_port),
            ("http://mycompany.com:80/myapp.php?foo=1&bar=2", plain_with_port),
        ] {
            assert!(genuine(url, PLAIN, signature), "{url}");
        }
        assert!(!genuine("https://mycompany.com:8443/myapp.php?foo=1&bar=2", PLAIN, with_port));
    }

    #[test]
    fn whatever_is_changed_is_not_genuine() {
        let (url, right) = ("https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        let changed = [PLAIN, b"&More=1"].concat();
        assert!(!genuine(url, &changed, right));
        assert!(!genuine("https://mycompany.com/myapp.php?foo=1&bar=3", PLAIN, right));
        assert!(!genuine("https://elsewhere.com/myapp.php?foo=1&bar=2", PLAIN, right));
        for wrong in ["", "no Base64", "RSOYDt4T1cUTdK1PDd93", "RSOYDt4T1cUTdK1PDd93/VVr8B9="] {
            assert!(!genuine(url, PLAIN, wrong), "{wrong}");
        }
        let none = |_: &str| None;
        assert!(!is_genuine(TOKEN, Callback { url, header: &none, body: PLAIN }));
        assert!(!genuine("no address", b"\xff%zz&&=", right));
    }
}
