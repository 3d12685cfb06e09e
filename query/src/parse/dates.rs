//! The forms of `date_range` and of the range to compare with.

use jiff::civil;
use serde_json::Value;

use super::json;
use crate::error::QueryError;
use crate::nearest::nearest;
use crate::query::{Compare, DateRange, Moment};

const WORDS: &[&str] = &["day", "24h", "7d", "28d", "30d", "91d", "month", "6mo", "12mo", "year", "all"];
/// Years a range may touch: those that every date and time type of the store can hold.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2105;

/// Reads a range of time that stands at `field`.
pub(crate) fn date_range(value: &Value, field: &str) -> Result<DateRange, QueryError> {
    match value {
        Value::String(word) => keyword(word, field),
        Value::Array(pair) => match pair.as_slice() {
            [Value::String(first), Value::String(last)] => between(first, last, field),
            _ => Err(expected(field)),
        },
        _ => Err(expected(field)),
    }
}

const COMPARE: &[&str] = &["previous_period", "year_over_year"];

/// Reads what to compare with: one of two words, or a range.
pub(super) fn compare(value: &Value, field: &str) -> Result<Compare, QueryError> {
    match value {
        Value::String(word) => mode(word, field),
        Value::Array(_) => date_range(value, field).map(Compare::Custom),
        _ => Err(QueryError::Expected {
            field: field.to_owned(),
            expected: "\"previous_period\", \"year_over_year\" or a pair of dates".to_owned(),
        }),
    }
}

/// The same as an object, `{"mode": …, "date_range": …}`.
pub(super) fn comparisons(value: &Value, field: &str) -> Result<Compare, QueryError> {
    let options = json::object(value, field, &["mode", "date_range"])?;
    let at = format!("{field}.mode");
    let Some(given) = options.get("mode") else {
        return Err(QueryError::Expected { field: at, expected: "given".to_owned() });
    };
    match (json::text(given, &at)?, options.get("date_range")) {
        ("custom", Some(range)) => date_range(range, &format!("{field}.date_range")).map(Compare::Custom),
        ("custom", None) => Err(QueryError::Expected {
            field: format!("{field}.date_range"),
            expected: "a pair of dates".to_owned(),
        }),
        (word, None) => mode(word, &at),
        (_, Some(_)) => Err(QueryError::Invalid {
            field: format!("{field}.date_range"),
            message: "only the mode `custom` has a range".to_owned(),
            hint: None,
        }),
    }
}

fn mode(word: &str, field: &str) -> Result<Compare, QueryError> {
    match word {
        "previous_period" => Ok(Compare::PreviousPeriod),
        "year_over_year" => Ok(Compare::YearOverYear),
        _ => Err(QueryError::Invalid {
            field: field.to_owned(),
            message: format!("unknown comparison `{}`", json::shortened(word)),
            hint: Some(match nearest(word, COMPARE.iter().copied()) {
                Some(nearest) => format!("\"{word}\": did you mean \"{nearest}\"?"),
                None => format!("{}, or a pair of dates", COMPARE.join(", ")),
            }),
        }),
    }
}

fn keyword(word: &str, field: &str) -> Result<DateRange, QueryError> {
    let range = match word {
        "day" => DateRange::Day,
        "24h" => DateRange::Last24Hours,
        "month" => DateRange::Month,
        "year" => DateRange::Year,
        "all" => DateRange::All,
        _ => match counted(word) {
            Some(range) => range,
            None => {
                let nearest = nearest(word, WORDS.iter().copied());
                return Err(QueryError::Invalid {
                    field: field.to_owned(),
                    message: format!("unknown date range `{}`", json::shortened(word)),
                    hint: Some(match nearest {
                        Some(nearest) => format!("\"{word}\": did you mean \"{nearest}\"?"),
                        None => format!("{}, or a pair of dates", WORDS.join(", ")),
                    }),
                });
            }
        },
    };
    Ok(range)
}

/// `7d` and `12mo`: any number of days up to ten years and of months up to twenty.
fn counted(word: &str) -> Option<DateRange> {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let count: u16 = word[..word.len() - digits.len()].parse().ok()?;
    match digits {
        "d" if (1..=3_653).contains(&count) => Some(DateRange::LastDays(count)),
        "mo" if (1..=240).contains(&count) => Some(DateRange::LastMonths(count)),
        _ => None,
    }
}

fn between(first: &str, last: &str, field: &str) -> Result<DateRange, QueryError> {
    if let (Some(first), Some(last)) = (date(first), date(last)) {
        if !YEARS.contains(&first.year()) || !YEARS.contains(&last.year()) {
            return Err(out_of_years(field));
        }
        return if first <= last { Ok(DateRange::Dates(first, last)) } else { Err(reversed(field)) };
    }
    let (Some(first), Some(last)) = (moment(first), moment(last)) else { return Err(expected(field)) };
    for moment in [first, last] {
        let year = match moment {
            Moment::Instant(instant) => instant.strftime("%Y").to_string().parse().unwrap_or_default(),
            Moment::Local(local) => local.year(),
        };
        if !YEARS.contains(&year) {
            return Err(out_of_years(field));
        }
    }
    match (first, last) {
        (Moment::Instant(a), Moment::Instant(b)) if a > b => Err(reversed(field)),
        (Moment::Local(a), Moment::Local(b)) if a > b => Err(reversed(field)),
        _ => Ok(DateRange::Moments(first, last)),
    }
}

fn date(text: &str) -> Option<civil::Date> {
    // The parser also takes the date out of a date with a time; only ten characters are a date.
    (text.len() == 10).then(|| text.parse().ok())?
}

/// A date and time, with an offset or on the site's clock.
fn moment(text: &str) -> Option<Moment> {
    if !text.contains([':']) {
        return None;
    }
    if let Ok(instant) = text.parse() {
        return Some(Moment::Instant(instant));
    }
    text.parse().ok().map(Moment::Local)
}

fn expected(field: &str) -> QueryError {
    QueryError::Expected {
        field: field.to_owned(),
        expected: "a keyword such as \"7d\", a pair of dates or a pair of ISO 8601 times".to_owned(),
    }
}

fn reversed(field: &str) -> QueryError {
    QueryError::Invalid {
        field: field.to_owned(),
        message: "the range ends before it begins".to_owned(),
        hint: Some("the earlier of the two comes first".to_owned()),
    }
}

fn out_of_years(field: &str) -> QueryError {
    QueryError::Invalid {
        field: field.to_owned(),
        message: format!("years from {} to {} can be asked about", YEARS.start(), YEARS.end()),
        hint: None,
    }
}
