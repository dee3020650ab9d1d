//! Providers' ids of calls and SMS messages.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::{digest_of, hex};

/// Longest id that is stored as the provider gave it, in bytes, because the id is part of table keys and items. No
/// provider's ids are nearly as long.
const LONGEST: usize = 512;

macro_rules! provider_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Creates the id from the provider's text. A text that is longer than any provider's ids is replaced by
            /// its digest.
            pub fn new(text: impl Into<String>) -> Self {
                Self(kept(text.into()))
            }

            /// Returns the id as text.
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
    /// Provider's id for a call.
    ProviderCallId
}

provider_id! {
    /// Provider's id for an SMS message.
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
