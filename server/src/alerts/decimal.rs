//! Numbers in properties.

/// A decimal in millionths, cut off after six digits as in the store; nothing where a text is none. What is
/// beyond an `i64` is its end.
pub(super) fn millionths(text: &str) -> Option<i64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let kept = i64::try_from(whole.len()).ok()?.saturating_add(i64::from(exponent)).saturating_add(6);
    let mut digits = whole.bytes().chain(fraction.bytes());
    let mut value = 0_i64;
    for _ in 0..kept.max(0) {
        let digit = digits.next();
        // All of them are there: what is left are noughts, which change nothing but what is not nought.
        if digit.is_none() && (value == 0 || value == i64::MAX) {
            break;
        }
        value = value.saturating_mul(10).saturating_add(digit.map_or(0, |byte| i64::from(byte - b'0')));
    }
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As `toDecimal128OrNull(text, 6)` of ClickHouse reads what `toFloat64OrNull` takes for a number, too; its
    /// answers were written down.
    #[test]
    fn numbers_are_read_as_the_store_reads_them() {
        for (text, value) in [
            ("1", 1_000_000),
            ("+5", 5_000_000),
            ("-5", -5_000_000),
            ("1.2345678", 1_234_567),
            ("-1.2345678", -1_234_567),
            (".5", 500_000),
            ("-.5", -500_000),
            ("5.", 5_000_000),
            ("1e3", 1_000_000_000),
            ("1E+2", 100_000_000),
            ("1.5e2", 150_000_000),
            ("1e-6", 1),
            ("1e-7", 0),
            ("15e-7", 1),
            ("1e-40", 0),
            ("00012.50", 12_500_000),
            ("1.9999999999999999999999999999999999999999", 1_999_999),
            ("99999999999999", i64::MAX),
            ("-1e31", -i64::MAX),
            ("0e2147483647", 0),
        ] {
            assert_eq!(millionths(text), Some(value), "{text}");
        }
        for text in [
            "",
            " 1",
            "1 ",
            "0x10",
            "1,5",
            "nan",
            "inf",
            "1e",
            "--1",
            "+-5",
            "1_000",
            "1e 2",
            "1e2.0",
            "true",
            "12abc",
            "١",
            "-",
            ".",
            "1.2.3",
            "1e99999999999",
        ] {
            assert_eq!(millionths(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(value in -1_000_000_000_000_000_i64..1_000_000_000_000_000) {
            let sign = if value < 0 { "-" } else { "" };
            let (whole, part) = (value.abs() / 1_000_000, value.abs() % 1_000_000);
            prop_assert_eq!(millionths(&format!("{sign}{whole}.{part:06}")), Some(value));
            prop_assert_eq!(millionths(&format!("{value}e-6")), Some(value));
        }

        #[test]
        fn any_text_is_read_or_not(text in "[-+.eE0-9 x]{0,24}") {
            let _read = millionths(&text);
        }
    }
}
