//! Money as fixed point: an `i64` count of 1/10,000 of a currency's unit, never a float.
//!
//! Wrong when amounts of different currencies are added: whoever sums must group by currency.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Units per whole amount: `1.00 EUR` is 10,000.
pub const SCALE: i64 = 10_000;
/// Decimal digits of [`SCALE`], for `Decimal64(4)` columns.
pub const DIGITS: u32 = 4;

/// The codes of ISO 4217 in use (2025), sorted, without those for testing and for no currency.
#[rustfmt::skip]
const CURRENCIES: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF",
    "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW",
    "CLF", "CLP", "CNY", "COP", "COU", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN",
    "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG",
    "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW",
    "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK",
    "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR",
    "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR",
    "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB",
    "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "USN", "UYI", "UYU", "UYW",
    "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XAG", "XAU", "XCD", "XCG", "XOF", "XPD", "XPF", "XPT",
    "YER", "ZAR", "ZMW", "ZWG",
];

/// Whether `code` is a currency of ISO 4217, in upper case.
pub fn is_currency(code: &str) -> bool {
    CURRENCIES.binary_search(&code).is_ok()
}

/// The fixed-point value nearest to `amount` (half away from zero), or `None` where it does not fit.
pub fn to_fixed(amount: Decimal) -> Option<i64> {
    let scaled = amount.checked_mul(Decimal::from(SCALE))?;
    scaled.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero).to_i64()
}

/// The decimal amount of a fixed-point value.
pub fn from_fixed(value: i64) -> Decimal {
    Decimal::new(value, DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_cents() {
        for text in ["0.10", "19.99", "-3.5", "0.0001"] {
            let amount: Decimal = text.parse().expect("a decimal");
            let fixed = to_fixed(amount).expect("fits");
            assert_eq!(from_fixed(fixed), amount, "{text}");
        }
    }

    #[test]
    fn currencies_are_known_by_their_code() {
        assert!(CURRENCIES.is_sorted());
        assert!(is_currency("EUR") && is_currency("JPY") && !is_currency("eur") && !is_currency("XXX"));
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(to_fixed(Decimal::MAX), None);
    }
}
