//! Phone numbers in E.164, and countries.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Phone number in E.164: `+` and 7 to 15 digits. Its `Debug` output shows the last two digits only, so that a number
/// cannot get into a log by accident.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "A phone number in E.164: `+` and 7 to 15 digits.",
        pattern = r"^\+\d{7,15}$",
        example = "+15555550123"
    )
)]
#[serde(transparent)]
pub struct PhoneNumber(String);

/// Error for a text that is not a phone number in E.164.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a phone number in E.164 format: + and 7 to 15 digits, such as +15555550123")]
pub struct NotE164;

impl PhoneNumber {
    /// Parses a phone number. Only the pattern `^\+\d{7,15}$` is checked, because the documented examples of the field are
    /// not assigned numbers.
    ///
    /// # Errors
    /// [`NotE164`] if the text has another form.
    pub fn parse(text: &str) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        let well_formed = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if well_formed { Ok(Self(text.to_owned())) } else { Err(NotE164) }
    }

    /// Returns the number that replaces an erased one. It has the form of a number, and is not assigned.
    pub fn erased() -> Self {
        Self("+0000000".to_owned())
    }

    /// Returns the number as it is dialled.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last four digits, which select the simulator's script.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

/// Country, by its ISO 3166-1 alpha-2 code: two capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Country([u8; 2]);

impl Country {
    /// Parses a country code; `None` if it is not two capital letters. It is not checked that the country exists.
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| fmt::Write::write_char(f, char::from(*letter)))
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.to_string()
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a country's code"))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+…{}", &self.0[self.0.len() - 2..])
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::PhoneNumber;

    #[test]
    fn only_plus_and_seven_to_fifteen_digits_are_a_number() {
        for good in ["+1234567", "+15555550123", "+123456789012345"] {
            assert_eq!(PhoneNumber::parse(good).map(|number| number.as_str().to_owned()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "+",
            "15555550123",
            "+123456",
            "+1234567890123456",
            "+1555555012a",
            "+1 555 5550123",
            "+１２３４５６７",
        ] {
            assert!(PhoneNumber::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_does_not_reach_a_log() {
        let number = PhoneNumber::parse("+15555550123").unwrap();
        assert_eq!(format!("{number:?}"), "+…23");
    }
}
