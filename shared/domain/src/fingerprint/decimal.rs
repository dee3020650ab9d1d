//! Canonical form of JSON numbers, as decimal values.

use super::write_infallibly;

/// Largest number of digits in an exponent. A number with a longer one, which no client means, is compared as it is
/// written.
const EXPONENT_DIGITS: usize = 15;

/// Writes a JSON number so that two notations of the same value give the same text. The text has the digits without
/// zeros at either end, and the power of ten that they are multiplied by.
pub(super) fn write_number(text: &str, out: &mut String) {
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        out.push('0');
        return;
    }
    let Some(exponent) = small(exponent) else {
        write_infallibly(out, format_args!("{sign}{mantissa}e{exponent}"));
        return;
    };
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX / 4);
    let power = exponent - count(fraction.len()) + count(digits.len() - significant.len());
    write_infallibly(out, format_args!("{sign}{significant}e{power}"));
}

/// Returns the value of an exponent; `None` if it has more than [`EXPONENT_DIGITS`] digits.
fn small(exponent: &str) -> Option<i64> {
    let (sign, digits) = exponent.strip_prefix('-').map_or((1, exponent), |rest| (-1, rest));
    let digits = digits.trim_start_matches('+').trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let value: i64 = (digits.len() <= EXPONENT_DIGITS).then(|| digits.parse().ok()).flatten()?;
    Some(sign * value)
}
