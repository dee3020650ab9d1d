//! Ids in the format of another vendor.

use std::fmt;

use super::Scope;
use crate::digest::{digest_of, hex};

/// Id of an object in the front door `verbex`. It has the form of a MongoDB ObjectId, 24 hexadecimal digits, because
/// the vendor's clients check that form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectId([u8; 12]);

impl ObjectId {
    /// Returns the id of the object that a key creates. Every replay of the request has the same id.
    pub fn for_key(scope: &Scope, key: &str) -> Self {
        let digest = digest_of(&["object", &scope.to_string(), key]);
        let mut bytes = [0_u8; 12];
        bytes.copy_from_slice(&digest[..12]);
        Self(bytes)
    }

    /// Creates an id from random bytes.
    pub fn random(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// Parses an id; `None` if the text has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect::<Option<_>>()?;
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        bytes.try_into().ok().filter(|_| digits.len() == 24).map(Self)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ConversationId, Mode, OrganizationId, Scope};
    use super::ObjectId;

    fn scope(organization: &str, mode: Mode) -> Scope {
        Scope { organization: OrganizationId::parse(organization).unwrap(), mode }
    }

    #[test]
    fn an_object_has_24_hexadecimal_digits_and_is_one_conversation_of_its_scope() {
        let object = ObjectId::for_key(&scope("acme", Mode::Test), "k");
        assert_eq!(object.to_string().len(), 24);
        assert_eq!(ObjectId::parse(&object.to_string()), Some(object));
        assert_eq!(ObjectId::parse(&object.to_string().to_uppercase()), Some(object));
        for bad in ["", "0", &"0".repeat(23), &"0".repeat(25), &"g".repeat(24), &"é".repeat(12)] {
            assert_eq!(ObjectId::parse(bad), None, "{bad}");
        }
        let here = ConversationId::for_object(&scope("acme", Mode::Test), object);
        assert_ne!(here, ConversationId::for_object(&scope("acme", Mode::Live), object));
        assert!(here.reference() < 1 << 53);
    }
}
