//! Measures of one's own: what a property of events adds up to, its mean, extremes and percentiles,
//! counts of events, and the ratio of two of them.
//!
//! A request writes one by its name alone (`p95:event:props:load_ms`, `sum:event:props:seats`), or
//! by a name the site has given it ([`crate::Vocabulary`]), which may also hold filters and ratios.
//! A value that is not a number counts as none. Sums are decimal with six digits after the point.

use crate::filter::Filter;

/// A measure with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    pub name: String,
    pub value: Value,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number over the matching events.
    Of(Over),
    /// One number divided by another; null where the other is nought.
    Ratio(Over, Over),
}

impl Value {
    /// Whether its values for the parts of something are parts of its value for the whole: they may be drawn
    /// upon each other. An average of averages is none.
    pub fn adds_up(&self) -> bool {
        let Self::Of(over) = self else { return false };
        !matches!(&over.kind, Kind::Property(aggregate, _) if *aggregate != Aggregate::Sum)
    }
}

/// A number over the events that meet `filters`, which are about events alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Over {
    pub kind: Kind,
    pub filters: Vec<Filter>,
}

/// How events become a number.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Events,
    Visitors,
    /// Revenue in the site's currency.
    Revenue,
    /// A property, by its key.
    Property(Aggregate, String),
}

/// How the values of a property become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
    /// The value below which this share of all values lies, in thousandths: 950 for the 95th percentile.
    Percentile(u16),
}

impl Aggregate {
    /// The aggregate of this name: `sum`, `average`, `min`, `max`, `median`, `p95`, `p99.9`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sum" => Self::Sum,
            "average" | "avg" | "mean" => Self::Average,
            "min" => Self::Min,
            "max" => Self::Max,
            "median" => Self::Percentile(500),
            _ => Self::Percentile(thousandths(name.strip_prefix('p')?)?),
        })
    }
}

/// A percentile above 0 and below 100 with at most one digit after the point, times ten.
pub(crate) fn thousandths(text: &str) -> Option<u16> {
    let (whole, tenths) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || whole.len() > 2 || !digits(tenths) || tenths.len() != 1 {
        return None;
    }
    let value = whole.parse::<u16>().ok()? * 10 + tenths.parse::<u16>().ok()?;
    (value > 0).then_some(value)
}

/// The measure that a name alone stands for: an aggregate and a property.
pub(crate) fn by_name(name: &str) -> Option<Measure> {
    let (aggregate, rest) = name.split_once(':')?;
    let key = rest.strip_prefix(crate::catalogue::PROPERTY)?;
    let given = key.chars().count();
    if given == 0 || given > crate::limits::PROPERTY_KEY_LENGTH || key.contains('\0') {
        return None;
    }
    let kind = Kind::Property(Aggregate::named(aggregate)?, key.to_owned());
    Some(Measure { name: name.to_owned(), value: Value::Of(Over { kind, filters: Vec::new() }) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_measured() {
        let kind = |name: &str| match by_name(name)?.value {
            Value::Of(over) => Some(over.kind),
            Value::Ratio(..) => None,
        };
        let property = |aggregate| Some(Kind::Property(aggregate, "ms".to_owned()));
        assert_eq!(kind("sum:event:props:ms"), property(Aggregate::Sum));
        assert_eq!(kind("p95:event:props:ms"), property(Aggregate::Percentile(950)));
        assert_eq!(kind("p99.9:event:props:ms"), property(Aggregate::Percentile(999)));
        assert_eq!(kind("median:event:props:ms"), property(Aggregate::Percentile(500)));
        for wrong in [
            "p0:event:props:ms",
            "p100:event:props:ms",
            "p9.99:event:props:ms",
            "sum:event:props:",
            "sum:event:page",
            "p:event:props:a",
            "p+5:event:props:a",
            "sum",
        ] {
            assert_eq!(by_name(wrong), None, "{wrong}");
        }
    }
}
