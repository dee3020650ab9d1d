//! Phone numbers as people write them. Only the dialects whose vendors accept them use this module. The native API accepts
//! E.164 only.
//!
//! A number is read as libphonenumber reads it, by the numbering plan of its country (`phone_input/plan.rs`). However it is written, it has
//! one form in E.164. The module does not check if a number is assigned, because the example numbers in the vendors'
//! documentation are not. A number that begins with `+` and fits no plan is taken as it is.

mod plan;

use std::fmt;

use crate::organization::Organization;
use crate::phone::{Country, PhoneNumber};
use crate::special_range::is_special;

use plan::Plan;

/// Characters that people put between the digits of a number.
const SEPARATORS: [char; 14] = [
    ' ', '\u{a0}', '\u{202f}', '\u{2009}', '-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '(', ')', '.', '/',
    '\u{2060}',
];

/// Allowed number of digits in a national number, with the digits that a country requires before it.
const DIGITS: std::ops::RangeInclusive<usize> = 2..=20;

/// Prefix of a number that is written as a URI (RFC 3966).
const SCHEME: &str = "tel:";

/// Reason why a number cannot be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The input is not a phone number.
    NotANumber,
    /// The number does not begin with `+`, and its country is not known.
    NoCountry,
    /// The country has no known numbering plan.
    UnknownCountry,
    /// The number costs more than a normal call, and the organization may not call such numbers.
    Special,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "is not a valid phone number; E.164 is best, such as +15555550123",
            Self::NoCountry => "must begin with + and the country's code: no country is known to read it in",
            Self::UnknownCountry => "is of a country that is not known",
            Self::Special => "is a premium-rate, shared-cost, personal or pager number; an operator can allow those",
        })
    }
}

impl std::error::Error for Unreadable {}

/// Reads a number for an organization, in this country. Without a country, the organization's default country applies.
///
/// # Errors
/// [`Unreadable`] if it is not a number, or not one that the organization may call.
pub fn read_for(
    organization: Option<&Organization>,
    raw: &str,
    country: Option<Country>,
) -> Result<PhoneNumber, Unreadable> {
    let default = organization.and_then(|organization| organization.defaults.country);
    let number = read(raw, country.or(default))?;
    let is_national = bare(raw).is_some_and(|bare| !bare.starts_with('+'));
    let may_be_special = organization.is_some_and(|organization| organization.bounds.premium);
    // A number with `+` is taken as it is. A later check of its country decides if the organization may call it.
    if is_national && !may_be_special && is_special(&number) { Err(Unreadable::Special) } else { Ok(number) }
}

/// Reads a number, whatever it costs.
fn read(raw: &str, country: Option<Country>) -> Result<PhoneNumber, Unreadable> {
    let bare = bare(raw).ok_or(Unreadable::NotANumber)?;
    if let Some(digits) = bare.strip_prefix('+') {
        let read = match plan::international(digits).filter(|digits| plan::is_number(digits)) {
            Some(canonical) => e164(canonical),
            None => PhoneNumber::parse(&bare).ok(),
        };
        return read.ok_or(Unreadable::NotANumber);
    }
    let well_formed = DIGITS.contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_digit());
    if !well_formed {
        return Err(Unreadable::NotANumber);
    }
    let country = country.ok_or(Unreadable::NoCountry)?;
    let plan = Plan::of(&country.to_string()).ok_or(Unreadable::UnknownCountry)?;
    plan.read(&bare).and_then(e164).ok_or(Unreadable::NotANumber)
}

/// Returns a number in the form of E.164 with the digits as they were written, without applying a numbering plan.
pub fn as_written(raw: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(&bare(raw)?).ok()
}

/// Returns the form that a number in E.164 has when it is read, if it is another one: `+525512345678` for `+5215512345678`.
pub fn canonical(number: &PhoneNumber) -> Option<PhoneNumber> {
    read(number.as_str(), None).ok().filter(|canonical| canonical != number)
}

/// Returns the forms in which a number stands on the do-not-call list: as it came, and its canonical form if that is another one.
pub fn forms(number: &PhoneNumber) -> impl Iterator<Item = PhoneNumber> {
    std::iter::once(number.clone()).chain(canonical(number))
}

/// Returns `true` if the country has a numbering plan.
pub fn is_known(country: Country) -> bool {
    Plan::of(&country.to_string()).is_some()
}

/// Removes the characters that people put between the digits of a number. Of a URI, returns the number that it names. `None`
/// for a URI with an extension, which is not a part of a number.
fn bare(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let joined = |text: &str| -> String { text.chars().filter(|character| !SEPARATORS.contains(character)).collect() };
    let Some((_, uri)) = raw.split_at_checked(SCHEME.len()).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
    else {
        return Some(joined(raw));
    };
    let mut parts = uri.split(';');
    let number = joined(parts.next()?);
    let mut context = String::new();
    for part in parts {
        match part.split_once('=')? {
            ("phone-context", named) if named.starts_with('+') => context = joined(named),
            ("isub", _) => {}
            _ => return None,
        }
    }
    Some(if number.starts_with('+') { number } else { format!("{context}{number}") })
}

fn e164(digits: String) -> Option<PhoneNumber> {
    PhoneNumber::parse(&format!("+{digits}")).ok()
}

#[cfg(test)]
mod tests {
    use crate::calling_code::{countries, country_of};
    use crate::phone::{Country, PhoneNumber};
    use phonenumber::Metadata;
    use phonenumber::metadata::DATABASE;

    use super::{Unreadable, read, read_for};

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

    /// Compares the reading of libphonenumber's example numbers, as people write them, with libphonenumber's own.
    /// `scripts/phone-numbers` writes the list.
    #[test]
    fn every_example_number_of_every_region_is_read_as_libphonenumber_reads_it() {
        let mut wrong = Vec::new();
        let mut count = 0;
        for line in include_str!("phone_input/examples.txt").lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split('\t');
            let (country, expected) = (fields.next().unwrap(), fields.next().unwrap());
            let expected = PhoneNumber::parse(expected).map_err(|_| Unreadable::NotANumber);
            for written in fields {
                count += 1;
                let read = read(written, Country::parse(country));
                if read != expected {
                    wrong.push(format!("{country} {written:?} is read as {read:?}, and is {expected:?}"));
                }
            }
        }
        assert!(count > 10_000, "{count}");
        assert_eq!(wrong, [""; 0], "{} of {count}", wrong.len());
    }

    #[test]
    fn one_number_is_one_number_however_it_is_written() {
        for (country, number, written) in [
            ("IT", "+393922767986", &["392 276 7986", "+39 392 276 7986", "0039 392 276 7986", "39 392 276 7986"][..]),
            ("IT", "+390669812345", &["06 6981 2345", "+39 06 6981 2345", "00390669812345"]),
            (
                "AR",
                "+5491123456789",
                &["011 15-2345-6789", "+54 9 11 2345-6789", "+54 (011) 15 2345-6789", "9 11 2345 6789"],
            ),
            (
                "MX",
                "+525512345678",
                &["55 1234 5678", "01 55 1234 5678", "+52 1 55 1234 5678", "+52 55 1234 5678", "044 55 1234 5678"],
            ),
            (
                "BR",
                "+5511961234567",
                &["(11) 96123-4567", "011 96123-4567", "0 15 11 96123-4567", "+55 (0) 11 96123-4567"],
            ),
            (
                "GB",
                "+442079460018",
                &["020 7946 0018", "+44 (0)20 7946 0018", "tel:020-7946-0018", "00 44 20 7946 0018"],
            ),
            ("US", "+12015550123", &["(201) 555-0123", "1-201-555-0123", "+1 201.555.0123", "011 1 201 555 0123"]),
            ("IN", "+919123456789", &["91234 56789", "091234 56789", "+91 91234 56789", "0091 91234 56789"]),
            ("DE", "+4930123456", &["030/123456", "+49 (0)30 123456", "0049 30 123456", "TEL:+49-30-123456"]),
        ] {
            for raw in written {
                assert_eq!(reads(raw, country).as_deref(), Ok(number), "{country} {raw}");
            }
        }
    }

    #[test]
    fn a_uri_names_a_number_and_nothing_behind_it() {
        assert_eq!(reads("tel:+1-201-555-0123;isub=7", "").as_deref(), Ok("+12015550123"));
        assert_eq!(reads("tel:2015550123;phone-context=+1", "").as_deref(), Ok("+12015550123"));
        for raw in ["tel:+12015550123;ext=5", "tel:", "tel:7042;phone-context=example.com", "sip:+12015550123"] {
            assert_eq!(reads(raw, "US"), Err(Unreadable::NotANumber), "{raw}");
        }
    }

    #[test]
    fn a_plus_that_fits_no_plan_is_judged_by_its_form_alone() {
        assert_eq!(reads("+1 (555) 123-4567", "DE").as_deref(), Ok("+15551234567"));
        assert_eq!(reads("+999 123 4567", "DE").as_deref(), Ok("+9991234567"));
        assert_eq!(reads("+1234567", "").as_deref(), Ok("+1234567"));
        assert_eq!(reads("+123456", "US"), Err(Unreadable::NotANumber));
        assert_eq!(reads("+1555555012a", "US"), Err(Unreadable::NotANumber));
    }

    #[test]
    fn a_national_number_that_costs_more_is_refused_at_once() {
        let country = Country::parse("US");
        assert_eq!(read_for(None, "900 555 0123", country), Err(Unreadable::Special));
        assert!(read_for(None, "201 555 0123", country).is_ok() && read_for(None, "+19005550123", country).is_ok());
    }

    #[test]
    fn what_is_no_number_of_a_known_country_is_refused() {
        assert_eq!(reads("5551234567", ""), Err(Unreadable::NoCountry));
        assert_eq!(reads("5551234567", "XX"), Err(Unreadable::UnknownCountry));
        for raw in ["", "-", "hello", "555-CALL-NOW", "٥٥٥١٢٣٤٥٦٧", "1", &"5".repeat(40)] {
            assert_eq!(reads(raw, "US"), Err(Unreadable::NotANumber), "{raw}");
        }
    }

    /// Compares the table of calling codes in `domain` with the rules of every country.
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
