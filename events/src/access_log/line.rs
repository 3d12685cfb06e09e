//! One line of the `combined` or the `common` format.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::ids::Timestamp;

/// The fields of a line, as written: escapes are left in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// An address, or a host name where the server looked names up.
    pub client: &'a str,
    /// The name the client signed in with; empty for `-`.
    pub user: &'a str,
    /// Whole seconds.
    pub ts: Timestamp,
    pub request: &'a str,
    pub status: u16,
    /// `None`: `-`.
    pub bytes: Option<u64>,
    /// Empty for `-`, and where the format has none.
    pub referrer: &'a str,
    /// `None` where the format has none.
    pub user_agent: Option<&'a str>,
}

impl<'a> LogLine<'a> {
    /// Reads `client ident user [time] "request" status bytes`, with or without `"referrer" "user agent"`
    /// and whatever comes after.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (client, rest) = line.trim_start().split_once(' ')?;
        let (_ident, rest) = rest.split_once(' ')?;
        let (user, ts, rest) = user_and_time(rest)?;
        let (request, rest) = quoted(rest)?;
        let (status, rest) = rest.strip_prefix(' ')?.split_at_checked(3)?;
        let rest = rest.strip_prefix(' ')?;
        let (bytes, rest) = rest.split_at(rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len()));
        let (referrer, user_agent) = match quoted(rest.trim_start()) {
            Some((referrer, rest)) => (referrer, Some(quoted(rest.trim_start())?.0)),
            // Something else may stand behind a common line, but no half of a combined one.
            None if rest.trim_start().starts_with('"') => return None,
            None => ("-", None),
        };
        Some(Self {
            client: Some(client).filter(|client| !client.is_empty())?,
            user: unless_dash(user),
            ts,
            request,
            status: digits(status)?,
            bytes: if bytes == "-" { None } else { Some(bytes.parse().ok()?) },
            referrer: unless_dash(referrer),
            user_agent,
        })
    }
}

fn unless_dash(field: &str) -> &str {
    if field == "-" { "" } else { field }
}

/// A user's name may hold spaces and brackets: the time is the first bracket that holds one.
fn user_and_time(rest: &str) -> Option<(&str, Timestamp, &str)> {
    rest.match_indices(" [").find_map(|(at, _)| {
        let (time, after) = rest[at + 2..].split_once("] ")?;
        Some((&rest[..at], read_time(time)?, after))
    })
}

/// `17/May/2015:10:05:03 +0000`
fn read_time(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (date_time, zone) = text.split_once(' ')?;
    let (date, time) = date_time.split_once(':')?;
    let mut date = date.split('/');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    let mut time = time.split(':');
    let (hour, minute, second) = (time.next()?, time.next()?, time.next()?);
    if date.next().is_some() || time.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)? as i8 + 1;
    // A leap second counts as the second before it: the clock of 1970 has none.
    let second = digits::<i8>(second)?.min(59);
    let local =
        DateTime::new(digits(year)?, month, digits(day)?, digits(hour)?, digits(minute)?, second, 0).ok()?;
    let (sign, zone) = match zone.split_at_checked(1)? {
        ("+", zone) => (1, zone),
        ("-", zone) => (-1, zone),
        _ => return None,
    };
    let (hours, minutes) = zone.split_at_checked(2)?;
    let seconds = digits::<i32>(hours)? * 3_600 + digits::<i32>(minutes)? * 60;
    let instant = Offset::from_seconds(sign * seconds).ok()?.to_timestamp(local).ok()?;
    Some(Timestamp(instant.as_millisecond()))
}

/// A number of one to four digits and nothing else: no sign, no space.
fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// The field in quotes that `rest` begins with, and what follows it.
fn quoted(rest: &str) -> Option<(&str, &str)> {
    let field = rest.strip_prefix('"')?;
    let mut escaped = false;
    let end = field.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    Some((&field[..end], &field[end + 1..]))
}
