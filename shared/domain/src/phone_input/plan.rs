//! Numbering plans: for each region, how its numbers are written, and how dialled digits are read. The algorithm is
//! libphonenumber's (`PhoneNumberUtil.parse`). Its data is the part of libphonenumber's that the algorithm needs: 15 KB of
//! text, of which one line is used for a number.

use regex_lite::Regex;

/// Rules of all regions, one line for each. The main region of a calling code comes before the regions that share the code. The
/// columns of a line are: the region's id, its calling code, the prefix for foreign numbers, the prefix for national numbers,
/// the replacement of that prefix, an expression that matches all national numbers, their lengths, and the lengths that are
/// enough within an area.
const RULES: &str = include_str!("rules.txt");

/// Allowed number of digits in a national number.
const NATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 2..=17;

/// Maximum number of digits in a calling code.
const CODE_DIGITS: usize = 3;

/// Numbering plan of a region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan<'a> {
    code: &'a str,
    international_prefix: &'a str,
    national_prefix: &'a str,
    replacement: &'a str,
    numbers: &'a str,
    lengths: &'a str,
    local_lengths: &'a str,
}

/// Verdict on the number of digits of a national number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Possible,
    WithinAnArea,
    TooShort,
    TooLong,
    Between,
}

fn lines() -> impl Iterator<Item = &'static str> {
    RULES.lines().filter(|line| !line.starts_with('#'))
}

fn fields(line: &'static str) -> Option<Plan<'static>> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [_, code, international_prefix, national_prefix, replacement, numbers, lengths, local_lengths] = *fields else {
        return None;
    };
    Some(Plan { code, international_prefix, national_prefix, replacement, numbers, lengths, local_lengths })
}

impl Plan<'static> {
    /// Returns the plan of a region.
    pub(super) fn of(region: &str) -> Option<Self> {
        lines().find(|line| line.split('\t').next() == Some(region)).and_then(fields)
    }

    /// Returns the plan of a calling code. If several regions share the code, returns that of the main region.
    fn of_code(code: &str) -> Option<Self> {
        lines().find(|line| line.split('\t').nth(1) == Some(code)).and_then(fields)
    }

    /// Returns the digits of a number in E.164, without its `+`, for digits that are dialled in this region. `None` if they are
    /// not a number.
    pub(super) fn read(self, dialled: &str) -> Option<String> {
        if let Some(foreign) = self.after_international_prefix(dialled) {
            return international(foreign);
        }
        let national = self.after_own_code(dialled).unwrap_or_else(|| dialled.to_owned());
        self.national(national)
    }

    /// Returns the digits after the prefix for foreign numbers. `None` if there is no such prefix, or if a zero follows it,
    /// because no calling code begins with a zero.
    fn after_international_prefix(self, dialled: &str) -> Option<&str> {
        let prefix = anchored(self.international_prefix)?.find(dialled)?;
        dialled.get(prefix.end()..).filter(|rest| !rest.starts_with('0'))
    }

    /// Returns the digits after the region's own calling code, if the digits are a number only without it, or are too long with
    /// it.
    fn after_own_code(self, dialled: &str) -> Option<String> {
        let rest = self.without_national_prefix(dialled.strip_prefix(self.code)?);
        let is_better = !self.is_number(dialled) && self.is_number(&rest);
        (is_better || self.length(dialled) == Length::TooLong).then_some(rest)
    }

    fn national(self, digits: String) -> Option<String> {
        let stripped = self.without_national_prefix(&digits);
        let national = match self.length(&stripped) {
            Length::Possible | Length::TooLong => stripped,
            Length::WithinAnArea | Length::TooShort | Length::Between => digits,
        };
        NATIONAL_DIGITS.contains(&national.len()).then(|| format!("{}{national}", self.code))
    }

    /// Returns national digits in the form in which they are dialled from abroad, without the national prefix. The prefix stays
    /// if a valid number would become invalid without it.
    fn without_national_prefix(self, digits: &str) -> String {
        let Some(prefix) = anchored(self.national_prefix) else { return digits.to_owned() };
        let Some(found) = prefix.captures(digits) else { return digits.to_owned() };
        let last = found.get(found.len() - 1);
        let stripped = if self.replacement.is_empty() || last.is_none() {
            digits.get(found.get(0).map_or(0, |whole| whole.end())..).unwrap_or_default().to_owned()
        } else {
            prefix.replace(digits, self.replacement).into_owned()
        };
        if self.is_number(digits) && !self.is_number(&stripped) { digits.to_owned() } else { stripped }
    }

    fn is_number(self, national: &str) -> bool {
        Regex::new(&format!("^(?:{})$", self.numbers)).is_ok_and(|numbers| numbers.is_match(national))
    }

    fn length(self, national: &str) -> Length {
        let numbers = |text: &str| -> Vec<usize> { text.split(',').filter_map(|length| length.parse().ok()).collect() };
        let (lengths, count) = (numbers(self.lengths), national.len());
        if numbers(self.local_lengths).contains(&count) {
            return Length::WithinAnArea;
        }
        match (lengths.first(), lengths.last()) {
            (Some(shortest), _) if count < *shortest => Length::TooShort,
            (_, Some(longest)) if count > *longest => Length::TooLong,
            _ if lengths.contains(&count) => Length::Possible,
            _ => Length::Between,
        }
    }
}

/// Returns the digits of a number in E.164, for a dialled calling code and number. `None` if there is no such code.
pub(super) fn international(dialled: &str) -> Option<String> {
    let (plan, national) = split(dialled)?;
    plan.national(national.to_owned())
}

/// Returns `true` if the digits of a number in E.164 are valid by its numbering plan.
pub(super) fn is_number(digits: &str) -> bool {
    split(digits).is_some_and(|(plan, national)| plan.is_number(national))
}

fn split(dialled: &str) -> Option<(Plan<'static>, &str)> {
    (1..=CODE_DIGITS).find_map(|length| {
        let (code, national) = dialled.split_at_checked(length)?;
        Some((Plan::of_code(code)?, national))
    })
}

/// Returns the expression, anchored to the beginning of the text. `None` if the expression is empty.
fn anchored(expression: &str) -> Option<Regex> {
    if expression.is_empty() { None } else { Regex::new(&format!("^(?:{expression})")).ok() }
}

#[cfg(test)]
mod tests {
    use super::{Plan, fields, lines};
    use regex_lite::Regex;

    #[test]
    fn every_line_is_a_plan_and_its_expressions_are_some() {
        let mut count = 0;
        for line in lines() {
            let plan = fields(line).unwrap_or_else(|| panic!("{line}"));
            for expression in [plan.international_prefix, plan.national_prefix, plan.numbers] {
                Regex::new(expression).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
            assert!(!plan.lengths.is_empty() && !plan.code.is_empty(), "{line}");
            count += 1;
        }
        assert!(count > 250, "{count}");
        assert!(Plan::of("US").is_some() && Plan::of("XX").is_none() && Plan::of("").is_none());
        assert_eq!(Plan::of_code("1").unwrap().numbers, Plan::of("US").unwrap().numbers);
        assert_eq!(Plan::of_code("39").unwrap().numbers, Plan::of("IT").unwrap().numbers);
    }
}
