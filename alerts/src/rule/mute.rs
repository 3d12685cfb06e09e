//! Hours in which nobody is told.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::RuleError;
use super::fields::{Fields, word};

/// A stretch of the day on some days of the week. Where it ends before it begins, it runs over
/// midnight and belongs to the day on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MuteSpan {
    /// By days from Monday.
    pub days: [bool; 7],
    pub from: Time,
    pub to: Time,
}

/// When a rule is silent.
#[derive(Clone, Debug)]
pub struct Mute {
    pub zone: TimeZone,
    pub spans: Vec<MuteSpan>,
}

impl Default for Mute {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, spans: Vec::new() }
    }
}

const DAYS: [(&str, usize); 7] =
    [("mon", 0), ("tue", 1), ("wed", 2), ("thu", 3), ("fri", 4), ("sat", 5), ("sun", 6)];

impl Mute {
    /// Whether nobody is told at an instant (milliseconds since 1970).
    pub fn covers(&self, at: i64) -> bool {
        let Ok(at) = Timestamp::from_millisecond(at) else { return false };
        let local = self.zone.to_datetime(at);
        let today = day(local.date().weekday());
        let yesterday = (today + 6) % 7;
        let now = local.time();
        self.spans.iter().any(|span| {
            if span.from < span.to {
                span.days[today] && (span.from..span.to).contains(&now)
            } else {
                (span.days[today] && now >= span.from) || (span.days[yesterday] && now < span.to)
            }
        })
    }

    /// Reads `{"timezone": "Europe/Berlin", "spans": [{"days": ["sat", "sun"], "from": "22:00", "to": "07:00"}]}`.
    pub(super) fn parse(value: &Value, default_zone: &TimeZone) -> Result<Self, RuleError> {
        let mut fields = Fields::of("mute", value)?;
        let zone = match fields.text("timezone")? {
            None => default_zone.clone(),
            Some(name) => TimeZone::get(name).map_err(|_| {
                RuleError::new("mute.timezone", format!("`{name}` is not a time zone"))
                    .hint("an IANA name such as Europe/Berlin")
            })?,
        };
        let spans = fields.list("spans")?.iter().map(MuteSpan::parse).collect::<Result<_, _>>()?;
        fields.finish()?;
        Ok(Self { zone, spans })
    }
}

impl MuteSpan {
    fn parse(value: &Value) -> Result<Self, RuleError> {
        let mut fields = Fields::of("mute.spans", value)?;
        let mut days = [false; 7];
        let named = fields.list("days")?;
        for name in named {
            let name = name.as_str().unwrap_or_default();
            days[word("mute.spans.days", name, &DAYS)?] = true;
        }
        if named.is_empty() {
            days = [true; 7];
        }
        let from = clock("mute.spans.from", fields.need_text("from", "a time such as 22:00")?)?;
        let to = clock("mute.spans.to", fields.need_text("to", "a time such as 07:00")?)?;
        fields.finish()?;
        Ok(Self { days, from, to })
    }
}

fn clock(field: &str, text: &str) -> Result<Time, RuleError> {
    let wrong = || {
        RuleError::new(field, format!("`{text}` is not a time of day")).hint("hours and minutes, as in 22:00")
    };
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let hour = hour.parse::<i8>().map_err(|_| wrong())?;
    let minute = minute.parse::<i8>().map_err(|_| wrong())?;
    Time::new(hour, minute, 0, 0).map_err(|_| wrong())
}

fn day(weekday: Weekday) -> usize {
    usize::from(weekday.to_monday_zero_offset().unsigned_abs())
}
