//! Providers' own names of calls and texts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::{digest_of, hex};

/// The longest id that is kept as the provider gave it, in bytes. It stands in keys and items of the table; no provider gives
/// one that is nearly as long.
const LONGEST: usize = 512;

macro_rules! provider_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as the provider gave it. One of more bytes than any provider gives is kept as its digest.
            pub fn new(text: impl Into<String>) -> Self {
                Self(kept(text.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

provider_id! {
    /// A provider's id for a call.
    ProviderCallId
}

provider_id! {
    /// A provider's id for an SMS.
    ProviderMessageId
}

fn kept(text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    format!("sha256:{}", hex(&digest_of(&["provider id", &text])))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, ProviderMessageId};

    #[test]
    fn an_id_that_fits_in_no_key_is_kept_as_its_digest() {
        let fits = "💥".repeat(LONGEST / 4);
        assert_eq!(ProviderMessageId::new(fits.clone()).as_str(), fits);
        let long = ProviderMessageId::new(format!("{fits}a"));
        assert_eq!(long, ProviderMessageId::new(format!("{fits}a")));
        assert_ne!(long, ProviderMessageId::new(format!("{fits}b")));
        assert!(long.as_str().len() < LONGEST);
    }
}
