//! Ranges of phone numbers that cost the caller more than a call to their country: premium-rate and shared-cost services,
//! personal numbers, pagers. They are a classical way to profit from another party's calls. Therefore an organization
//! reaches them only if an operator allows it.
//!
//! The list is libphonenumber's, with ranges that regulators set apart. `scripts/phone-numbers` writes it. Only the
//! number's own country is checked, and an expression is built for that one only.

use regex_lite::Regex;

use crate::calling_code::country_of;
use crate::phone::PhoneNumber;

/// Ranges, one region a line: its id, its calling code, and an expression for its national numbers.
const RANGES: &str = include_str!("special_ranges.txt");

/// Returns `true` if a number is in such a range. A number that belongs to no country is in none.
pub fn is_special(number: &PhoneNumber) -> bool {
    let Some(country) = country_of(number) else { return false };
    let country = country.to_string();
    let Some((code, ranges)) = lines().find(|(region, ..)| *region == country).map(|(_, code, ranges)| (code, ranges))
    else {
        return false;
    };
    let national = number.as_str().trim_start_matches('+').strip_prefix(code);
    // A number without its country's calling code counts as special. An expression that cannot be built matches nothing; a
    // test builds all of them.
    national.is_none_or(|national| Regex::new(&format!("^(?:{ranges})$")).is_ok_and(|ranges| ranges.is_match(national)))
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    RANGES.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.splitn(3, '\t');
        Some((fields.next()?, fields.next()?, fields.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::{is_special, lines};
    use crate::calling_code::countries;
    use crate::phone::PhoneNumber;
    use regex_lite::Regex;

    fn is(number: &str) -> bool {
        is_special(&PhoneNumber::parse(number).unwrap())
    }

    #[test]
    fn every_line_is_of_a_country_and_its_expression_is_one() {
        let mut count = 0;
        for (region, code, ranges) in lines() {
            assert!(code.bytes().all(|byte| byte.is_ascii_digit()), "{region} {code}");
            Regex::new(ranges).unwrap_or_else(|error| panic!("{region}: {error}"));
            // The numbers of these two islands are among Guadeloupe's, as in the table of calling codes.
            let is_among_others = ["BL", "MF"].contains(&region);
            assert!(is_among_others || countries().any(|country| country.to_string() == region), "{region}");
            count += 1;
        }
        assert!(count > 150, "{count}");
    }

    #[test]
    fn what_costs_more_is_told_from_what_does_not() {
        for number in [
            "+19005550123",
            "+19002345678",
            "+17005550123",
            "+19765550123",
            "+12129761234",
            "+14169761234",
            "+15002345678",
            "+18769761234",
            "+449012345678",
            "+449812345678",
            "+447012345678",
            "+448712345678",
            "+448412345678",
            "+447612345678",
            "+499001234567",
            "+491805123456",
            "+4970012345678",
            "+33899123456",
            "+39899123456",
            "+611900123456",
        ] {
            assert!(is(number), "{number}");
        }
        for number in [
            "+15555550100",
            "+12015550123",
            "+12129755000",
            "+18002345678",
            "+14165550123",
            "+447912345678",
            "+442079460018",
            "+443001234567",
            "+448001234567",
            "+491511234567",
            "+4930123456",
            "+966501234567",
            "+33612345678",
            "+393123456789",
            "+870773111632",
        ] {
            assert!(!is(number), "{number}");
        }
    }
}
