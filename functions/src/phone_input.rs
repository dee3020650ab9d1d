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
    use domain::calling_code::{countries, country_of};
    use domain::phone::{Country, PhoneNumber};
    use phonenumber::Metadata;
    use phonenumber::metadata::DATABASE;

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

    /// The table of calling codes in `domain`, held against the rules of every country.
    #[test]
    fn every_country_is_told_by_its_calling_code() {
        let mut wrong = Vec::new();
        for rules in DATABASE.iter() {
            let Some(country) = Country::parse(rules.id()) else { continue };
            let mut numbers: Vec<String> = Vec::new();
            if rules.is_main_country_for_code()
                || DATABASE.by_code(&rules.country_code()).is_some_and(|all| all.len() == 1)
            {
                numbers.push("0000000".to_owned());
            }
            if rules.country_code() == 1 {
                let is_of = |rules: &Metadata, number: &str| {
                    rules.descriptors().fixed_line().is_some_and(|kind| kind.national_number().is_match(number))
                };
                let sharing = DATABASE.by_code(&1).unwrap_or_default();
                let areas = (200..1_000).map(|area| format!("{area}2345678"));
                let alone = |number: &String| sharing.iter().filter(|other| is_of(other, number)).count() == 1;
                numbers.extend(areas.filter(|number| is_of(rules, number) && alone(number)));
            }
            for number in numbers {
                let number = PhoneNumber::parse(&format!("+{}{number}", rules.country_code())).unwrap();
                let told = country_of(&number);
                if told != Some(country) {
                    wrong.push(format!("{} is told as {told:?} and is {country}", number.as_str()));
                }
            }
            let is_among_others = ["BL", "MF"].contains(&rules.id());
            if !is_among_others && !countries().any(|known| known == country) {
                wrong.push(format!("{country} is missing"));
            }
        }
        assert_eq!(wrong, [""; 0]);
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
