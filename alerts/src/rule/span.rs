//! Lengths of time as people write them, and the stretch of a series that a rule looks at.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::RuleError;
use crate::series::Grain;

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

const UNITS: [(&str, i64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// A year, so that sums of times stay far from the ends of their type.
const LONGEST: i64 = 366 * 86_400;

impl Duration {
    /// So many seconds.
    pub const fn of_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Reads `90s`, `5m`, `2h`, `1d`, `1w`, or several of them, as in `1h30m`.
    ///
    /// # Errors
    /// [`RuleError`] of `field`.
    pub fn parse(field: &str, text: &str) -> Result<Self, RuleError> {
        let wrong = || {
            RuleError::new(field, format!("`{text}` is not a length of time"))
                .hint("write for example 30s, 5m, 1h30m or 7d")
        };
        let mut seconds = 0_i64;
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let (unit, length) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit)).ok_or_else(wrong)?;
            rest = &rest[unit.len()..];
            seconds = number.checked_mul(*length).and_then(|n| n.checked_add(seconds)).ok_or_else(wrong)?;
        }
        if seconds > LONGEST {
            return Err(RuleError::new(field, "is longer than a year"));
        }
        Ok(Self(seconds))
    }

    /// In seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// In milliseconds.
    pub const fn millis(self) -> i64 {
        self.0 * 1000
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, length) in UNITS {
            if rest / length > 0 {
                write!(f, "{}{unit}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

/// Cells of one grain whose starts are in `from..to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Span {
    pub grain: Grain,
    /// Seconds since 1970, as the series counts them.
    pub from: i64,
    pub to: i64,
}

impl Span {
    /// The stretch of the length `window` that ends with the step at `now`, or with the one before
    /// where the running step does not count.
    pub(super) fn ending(now: i64, grain: Grain, window: Duration, zone: &TimeZone, running: bool) -> Self {
        let start = grain.start_of(now, offset(now, zone));
        let to = if running { start + grain.seconds() } else { start };
        Self { grain, from: to - window.seconds(), to }
    }

    /// The last stretch of the same length that is over and begins at a multiple of it, counted from
    /// midnight of the site's clock.
    pub(super) fn aligned(self, zone: &TimeZone) -> Self {
        let offset = if self.grain == Grain::Day { 0 } else { offset(self.to, zone) };
        self.earlier((self.to + offset).rem_euclid(self.to - self.from))
    }

    /// The same stretch so many seconds earlier.
    pub fn earlier(self, seconds: i64) -> Self {
        Self { from: self.from - seconds, to: self.to - seconds, ..self }
    }

    /// The instants between which it lies, in seconds since 1970. Series count days as midnights in UTC.
    pub fn instants(&self, zone: &TimeZone) -> (i64, i64) {
        let midnight = |at: i64| {
            let date = TimeZone::UTC.to_datetime(Timestamp::from_second(at).ok()?).date();
            Some(zone.to_timestamp(date.to_datetime(Time::midnight())).ok()?.as_second())
        };
        match self.grain {
            Grain::Minute | Grain::Hour => (self.from, self.to),
            Grain::Day => (midnight(self.from).unwrap_or(self.from), midnight(self.to).unwrap_or(self.to)),
        }
    }

    /// Whether a cell is part of it.
    pub fn holds(&self, grain: Grain, start: i64) -> bool {
        self.grain == grain && (self.from..self.to).contains(&start)
    }
}

/// Seconds east of UTC at an instant.
pub(crate) fn offset(now: i64, zone: &TimeZone) -> i64 {
    Timestamp::from_second(now).map_or(0, |at| i64::from(zone.to_offset(at).seconds()))
}
