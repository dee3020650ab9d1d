//! Phone numbers as people write them. Only the front doors whose originals take them do: the native API takes E.164 alone.
//!
//! What begins with `+` is judged by the form of E.164, once its separators are gone. Everything else is a number of a
//! country, and is read by that country's rules. Whether a number is assigned is not judged: the documents' own examples
//! are not.

use std::fmt;

use domain::phone::{Country, PhoneNumber};
use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, Type, country};

/// What people put between the digits of a number.
const SEPARATORS: [char; 8] = [' ', '\u{a0}', '-', '\u{2013}', '(', ')', '.', '/'];

/// The digits of a national number, with whatever a country wants dialled before it.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=20;

/// Why a number cannot be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is not a phone number.
    NotANumber,
    /// It does not begin with `+`, and nothing says of which country it is.
    NoCountry,
    /// There is no such country.
    UnknownCountry,
    /// It is a premium-rate number.
    Premium,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "is not a valid phone number; E.164 is best, such as +15555550123",
            Self::NoCountry => "must begin with + and the country's code: no country is known to read it in",
            Self::UnknownCountry => "is of a country that is not known",
            Self::Premium => "is a premium-rate number",
        })
    }
}

impl std::error::Error for Unreadable {}

/// Reads a number.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn read(raw: &str, country: Option<Country>) -> Result<PhoneNumber, Unreadable> {
    let bare: String = raw.trim().chars().filter(|character| !SEPARATORS.contains(character)).collect();
    if bare.starts_with('+') {
        return PhoneNumber::parse(&bare).map_err(|_| Unreadable::NotANumber);
    }
    let well_formed = DIGITS.contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_digit());
    if !well_formed {
        return Err(Unreadable::NotANumber);
    }
    national(&bare, country.ok_or(Unreadable::NoCountry)?)
}

/// Whether there is such a country. Unpacks nothing.
pub(crate) fn is_known(country: Country) -> bool {
    country.to_string().parse::<country::Id>().is_ok()
}

/// Reads digits by a country's rules. The rules are unpacked by the first number: that takes 70 ms and 9 MB.
fn national(digits: &str, country: Country) -> Result<PhoneNumber, Unreadable> {
    let known: country::Id = country.to_string().parse().map_err(|_| Unreadable::UnknownCountry)?;
    // The parser counts on a country's rules being there.
    if DATABASE.by_id(known.as_ref()).is_none() {
        return Err(Unreadable::UnknownCountry);
    }
    let number = phonenumber::parse(Some(known), digits).map_err(|_| Unreadable::NotANumber)?;
    if number.number_type(&DATABASE) == Type::PremiumRate {
        return Err(Unreadable::Premium);
    }
    let written = number.format().mode(Mode::E164).to_string();
    PhoneNumber::parse(&written).map_err(|_| Unreadable::NotANumber)
}

#[cfg(test)]
mod tests {
    use domain::phone::Country;

    use super::{Unreadable, read};

    fn reads(raw: &str, country: &str) -> Result<String, Unreadable> {
        read(raw, Country::parse(country)).map(|number| number.as_str().to_owned())
    }

    #[test]
    fn a_number_of_a_country_becomes_e164() {
        assert_eq!(reads("(555) 123-4567", "US").as_deref(), Ok("+15551234567"));
        assert_eq!(reads("555.123.4567", "US").as_deref(), Ok("+15551234567"));
        assert_eq!(reads("1 555 123 4567", "US").as_deref(), Ok("+15551234567"));
        assert_eq!(reads("050 123 4567", "SA").as_deref(), Ok("+966501234567"));
        assert_eq!(reads("030/123456", "DE").as_deref(), Ok("+4930123456"));
    }

    #[test]
    fn a_plus_is_judged_by_its_form_alone_whatever_the_country() {
        assert_eq!(reads("+1 (555) 123-4567", "DE").as_deref(), Ok("+15551234567"));
        assert_eq!(reads("+1234567", "").as_deref(), Ok("+1234567"));
        assert_eq!(reads("+19005550123", "US").as_deref(), Ok("+19005550123"), "premium is not looked for here");
        assert_eq!(reads("+123456", "US"), Err(Unreadable::NotANumber));
        assert_eq!(reads("+1555555012a", "US"), Err(Unreadable::NotANumber));
    }

    #[test]
    fn what_is_no_number_of_a_known_country_is_refused() {
        assert_eq!(reads("5551234567", ""), Err(Unreadable::NoCountry));
        assert_eq!(reads("5551234567", "XX"), Err(Unreadable::UnknownCountry));
        for raw in ["", "-", "hello", "555-CALL-NOW", "٥٥٥١٢٣٤٥٦٧", "12", &"5".repeat(40)] {
            assert_eq!(reads(raw, "US"), Err(Unreadable::NotANumber), "{raw}");
        }
        assert_eq!(reads("900 555 0123", "US"), Err(Unreadable::Premium));
    }

    #[test]
    fn no_digits_make_the_parser_panic_in_any_country() {
        let letters = || ('A'..='Z').map(String::from);
        let countries = letters().flat_map(|one| letters().map(move |other| format!("{one}{other}")));
        let mut known = 0;
        for country in countries {
            for digits in ["0000", "00000000000", "0015551234567", "1111111", "99999999999999999999", "011441234567"] {
                let number = reads(digits, &country);
                known += usize::from(number != Err(Unreadable::UnknownCountry));
            }
        }
        assert!(known > 6 * 200, "{known}");
    }
}
