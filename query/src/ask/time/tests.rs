//! Every expression is read at several times, in zones whose clocks change, and compared with what a
//! small language of its own says: `W-1w` is a week before the beginning of this week.

use jiff::Span as Length;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use opentrace_events::Timestamp;

use super::calendar::Unit;
use super::*;
use crate::ask::tokens::tokens;

/// What is asked, the first instant, and the instant after the last.
///
/// Bases: `D` today, `W` the beginning of this week, `M`, `Q`, `Y` those of month, quarter and year,
/// `now`, `Lmmdd` the latest such date, `Xn` the latest day n of the week (1 is Monday), a date. Then
/// steps (`-1w`, `+14d`) and perhaps a time of the day (`@09:00`).
const TABLE: &[(&str, &str, &str)] = &[
    ("today", "D", "D+1d"),
    ("yesterday", "D-1d", "D"),
    ("the day before yesterday", "D-2d", "D-1d"),
    ("this week", "W", "W+1w"),
    ("current week", "W", "W+1w"),
    ("last week", "W-1w", "W"),
    ("previous week", "W-1w", "W"),
    ("the week before last", "W-2w", "W-1w"),
    ("this month", "M", "M+1m"),
    ("last month", "M-1m", "M"),
    ("the previous month", "M-1m", "M"),
    ("month before last", "M-2m", "M-1m"),
    ("this quarter", "Q", "Q+3m"),
    ("last quarter", "Q-3m", "Q"),
    ("this year", "Y", "Y+1y"),
    ("last year", "Y-1y", "Y"),
    ("the year before last", "Y-2y", "Y-1y"),
    ("past week", "D-6d", "D+1d"),
    ("the past month", "D-29d", "D+1d"),
    ("past year", "M-11m", "M+1m"),
    ("in the last week", "D-6d", "D+1d"),
    ("over the last month", "D-29d", "D+1d"),
    ("over the last year", "M-11m", "M+1m"),
    ("last 7 days", "D-6d", "D+1d"),
    ("last seven days", "D-6d", "D+1d"),
    ("the last 7 days", "D-6d", "D+1d"),
    ("in the last 7 days", "D-6d", "D+1d"),
    ("during the past 7 days", "D-6d", "D+1d"),
    ("past 7 days", "D-6d", "D+1d"),
    ("previous 7 days", "D-6d", "D+1d"),
    ("7d", "D-6d", "D+1d"),
    ("last 7d", "D-6d", "D+1d"),
    ("last 30 days", "D-29d", "D+1d"),
    ("30d", "D-29d", "D+1d"),
    ("last 28 days", "D-27d", "D+1d"),
    ("last 90 days", "D-89d", "D+1d"),
    ("last ninety days", "D-89d", "D+1d"),
    ("last 365 days", "D-364d", "D+1d"),
    ("last 2 weeks", "D-13d", "D+1d"),
    ("past two weeks", "D-13d", "D+1d"),
    ("last couple of weeks", "D-13d", "D+1d"),
    ("last fortnight", "D-13d", "D+1d"),
    ("last 4 weeks", "D-27d", "D+1d"),
    ("last 3 months", "M-2m", "M+1m"),
    ("past six months", "M-5m", "M+1m"),
    ("last 12 months", "M-11m", "M+1m"),
    ("12mo", "M-11m", "M+1m"),
    ("last 2 quarters", "M-5m", "M+1m"),
    ("last 2 years", "M-23m", "M+1m"),
    ("last 24 hours", "now-24h", "now"),
    ("past 24 hours", "now-24h", "now"),
    ("24h", "now-24h", "now"),
    ("last hour", "now-1h", "now"),
    ("the past hour", "now-1h", "now"),
    ("last 6 hours", "now-6h", "now"),
    ("last 30 minutes", "now-30min", "now"),
    ("past 5 mins", "now-5min", "now"),
    ("last minute", "now-1min", "now"),
    ("week to date", "W", "D+1d"),
    ("wtd", "W", "D+1d"),
    ("month to date", "M", "D+1d"),
    ("mtd", "M", "D+1d"),
    ("quarter to date", "Q", "D+1d"),
    ("qtd", "Q", "D+1d"),
    ("year to date", "Y", "D+1d"),
    ("ytd", "Y", "D+1d"),
    ("this month so far", "M", "D+1d"),
    ("so far this year", "Y", "D+1d"),
    ("this week to date", "W", "D+1d"),
    ("today so far", "D", "D+1d"),
    ("so far today", "D", "D+1d"),
    ("1 day ago", "D-1d", "D"),
    ("3 days ago", "D-3d", "D-2d"),
    ("ten days ago", "D-10d", "D-9d"),
    ("a week ago", "W-1w", "W"),
    ("2 weeks ago", "W-2w", "W-1w"),
    ("a month ago", "M-1m", "M"),
    ("6 months ago", "M-6m", "M-5m"),
    ("two quarters ago", "Q-6m", "Q-3m"),
    ("a year ago", "Y-1y", "Y"),
    ("since yesterday", "D-1d", "D+1d"),
    ("since last week", "W-1w", "D+1d"),
    ("since the start of the month", "M", "D+1d"),
    ("since the beginning of this month", "M", "D+1d"),
    ("since this week", "W", "D+1d"),
    ("since 3 days ago", "D-3d", "D+1d"),
    ("since 2 hours ago", "now-2h", "now"),
    ("since 2023", "2023-01-01", "D+1d"),
    ("since 2023-06-01", "2023-06-01", "D+1d"),
    ("since june 1 2023", "2023-06-01", "D+1d"),
    ("since june 2023", "2023-06-01", "D+1d"),
    ("starting 2023-06-01", "2023-06-01", "D+1d"),
    ("after 2023-06-01", "2023-06-02", "D+1d"),
    ("from 2023-06-01 on", "2023-06-01", "D+1d"),
    ("from 2023-06-01 until today", "2023-06-01", "D+1d"),
    ("2023-06-01", "2023-06-01", "2023-06-02"),
    ("on 2023-06-01", "2023-06-01", "2023-06-02"),
    ("2023-06", "2023-06-01", "2023-07-01"),
    ("2023", "2023-01-01", "2024-01-01"),
    ("in 2023", "2023-01-01", "2024-01-01"),
    ("in the year 2023", "2023-01-01", "2024-01-01"),
    ("june 2023", "2023-06-01", "2023-07-01"),
    ("in june, 2023", "2023-06-01", "2023-07-01"),
    ("june of 2023", "2023-06-01", "2023-07-01"),
    ("the month of june 2023", "2023-06-01", "2023-07-01"),
    ("june 5 2023", "2023-06-05", "2023-06-06"),
    ("june 5th, 2023", "2023-06-05", "2023-06-06"),
    ("5 june 2023", "2023-06-05", "2023-06-06"),
    ("the 5th of june 2023", "2023-06-05", "2023-06-06"),
    ("on 25/6/2023", "2023-06-25", "2023-06-26"),
    ("6/25/2023", "2023-06-25", "2023-06-26"),
    ("25.6.2023", "2023-06-25", "2023-06-26"),
    ("from 2023-06-01 to 2023-06-10", "2023-06-01", "2023-06-11"),
    ("between 2023-06-01 and 2023-06-10", "2023-06-01", "2023-06-11"),
    ("2023-06-01 - 2023-06-10", "2023-06-01", "2023-06-11"),
    ("from june 1 to june 10 2023", "2023-06-01", "2023-06-11"),
    ("from june 1 2023 through june 10 2023", "2023-06-01", "2023-06-11"),
    ("between 1 and 10 june 2023", "2023-06-01", "2023-06-11"),
    ("1 to 10 june 2023", "2023-06-01", "2023-06-11"),
    ("june to august 2023", "2023-06-01", "2023-09-01"),
    ("from june to august 2023", "2023-06-01", "2023-09-01"),
    ("from november 2022 to february 2023", "2022-11-01", "2023-03-01"),
    ("2021 to 2022", "2021-01-01", "2023-01-01"),
    ("Q3 2023", "2023-07-01", "2023-10-01"),
    ("q1 of 2023", "2023-01-01", "2023-04-01"),
    ("the first quarter of 2023", "2023-01-01", "2023-04-01"),
    ("the fourth quarter of 2022", "2022-10-01", "2023-01-01"),
    ("Q4 last year", "Y-3m", "Y"),
    ("q1 this year", "Y", "Y+3m"),
    ("H1 2023", "2023-01-01", "2023-07-01"),
    ("the second half of 2023", "2023-07-01", "2024-01-01"),
    ("june last year", "Y-7m", "Y-6m"),
    ("the first monday of october 2023", "2023-10-02", "2023-10-03"),
    ("the second tuesday of june 2023", "2023-06-13", "2023-06-14"),
    ("last friday of june 2023", "2023-06-30", "2023-07-01"),
    ("the first week of june 2023", "2023-06-01", "2023-06-08"),
    ("the last week of june 2023", "2023-06-24", "2023-07-01"),
    ("the first 10 days of june 2023", "2023-06-01", "2023-06-11"),
    ("the last day of june 2023", "2023-06-30", "2023-07-01"),
    ("the last day of last month", "M-1d", "M"),
    ("the first day of this month", "M", "M+1d"),
    ("first half of 2023", "2023-01-01", "2023-07-01"),
    ("in january", "L0101", "L0101+1m"),
    ("in march", "L0301", "L0301+1m"),
    ("during october", "L1001", "L1001+1m"),
    ("since october", "L1001", "D+1d"),
    ("october 25", "L1025", "L1025+1d"),
    ("on the 29th of march", "L0329", "L0329+1d"),
    ("march 29", "L0329", "L0329+1d"),
    ("since march 29", "L0329", "D+1d"),
    ("christmas", "L1225", "L1225+1d"),
    ("christmas eve", "L1224", "L1224+1d"),
    ("halloween", "L1031", "L1031+1d"),
    ("black friday 2023", "2023-11-24", "2023-11-25"),
    ("cyber monday 2023", "2023-11-27", "2023-11-28"),
    ("monday", "X1", "X1+1d"),
    ("on friday", "X5", "X5+1d"),
    ("sunday", "X7", "X7+1d"),
    ("since monday", "X1", "D+1d"),
    ("since last year", "Y-1y", "D+1d"),
    ("yesterday between 9 and 17", "D-1d@09:00", "D-1d@17:00"),
    ("between 9 and 17 yesterday", "D-1d@09:00", "D-1d@17:00"),
    ("yesterday from 9am to 5pm", "D-1d@09:00", "D-1d@17:00"),
    ("yesterday from 8:30 to 10:15", "D-1d@08:30", "D-1d@10:15"),
    ("yesterday 9am to 5pm", "D-1d@09:00", "D-1d@17:00"),
    ("yesterday after 5pm", "D-1d@17:00", "D"),
    ("yesterday before noon", "D-1d", "D-1d@12:00"),
    ("after 6 pm yesterday", "D-1d@18:00", "D"),
    ("2023-06-01 from 22:00 to 6:00", "2023-06-01@22:00", "2023-06-02@06:00"),
    ("between 9 and 17 on june 1 2023", "2023-06-01@09:00", "2023-06-01@17:00"),
    ("yesterday morning", "D-1d@06:00", "D-1d@12:00"),
    ("yesterday afternoon", "D-1d@12:00", "D-1d@18:00"),
    ("yesterday evening", "D-1d@18:00", "D"),
    ("last night", "D-1d@18:00", "D@06:00"),
    ("this morning", "D@06:00", "D@12:00"),
    ("tonight", "D@18:00", "D+1d"),
    ("l7d", "D-6d", "D+1d"),
    ("last full month", "M-1m", "M"),
    ("last complete week", "W-1w", "W"),
    ("this past week", "D-6d", "D+1d"),
    ("last half hour", "now-30min", "now"),
    ("the past half an hour", "now-30min", "now"),
    ("yesterday at 3pm", "D-1d@15:00", "D-1d@16:00"),
    ("2023-06-01 at 10:00", "2023-06-01@10:00", "2023-06-01@11:00"),
    ("since noon yesterday", "D-1d@12:00", "D+1d"),
    ("january and february 2023", "2023-01-01", "2023-03-01"),
    ("2023-06-01 and 2023-06-02", "2023-06-01", "2023-06-03"),
    ("january-march 2023", "2023-01-01", "2023-04-01"),
    ("tomorrow", "D+1d", "D+2d"),
    ("next week", "D+1d", "D+8d"),
    ("the next 7 days", "D+1d", "D+8d"),
    ("next 24 hours", "now", "now+24h"),
];

const TIMES: [&str; 7] = [
    "2026-03-18T13:30:00Z",
    "2026-03-29T00:30:00Z",
    "2026-10-25T12:00:00Z",
    "2026-11-01T09:15:20Z",
    "2026-01-01T00:30:00Z",
    "2024-02-29T23:30:00Z",
    "2026-09-06T15:00:00Z",
];
const ZONES: [&str; 7] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Pacific/Apia",
];

/// What the table's language means, said without the code that is tested.
fn meaning(spec: &str, clock: &Clock) -> Option<i64> {
    let (date, time) = spec.split_once('@').map_or((spec, None), |(date, time)| (date, Some(time)));
    let base_end = match date {
        _ if date.starts_with("now") => 3,
        _ if date.starts_with('L') => 5,
        _ if date.starts_with('X') => 2,
        _ if date.starts_with('2') => 10,
        _ => 1,
    };
    let (base, mut steps) = date.split_at(base_end);
    let now = jiff::Timestamp::from_millisecond(clock.now.0).expect("a time");
    if base == "now" {
        let length: Length = match steps {
            "" => Length::new(),
            steps => {
                let digits: String = steps.chars().filter(char::is_ascii_digit).collect();
                let number: i64 = digits.parse().expect("a number");
                let number = if steps.starts_with('-') { -number } else { number };
                if steps.ends_with("min") {
                    Length::new().minutes(number)
                } else {
                    Length::new().hours(number)
                }
            }
        };
        return Some(now.checked_add(length).expect("a time").as_millisecond());
    }
    let zoned = now.to_zoned_datetime(clock.zone.clone());
    let today = zoned.date();
    let number = |from: usize, to: usize| base[from..to].parse::<i8>().expect("a number");
    let mut at: Date = match &base[..1] {
        "D" => today,
        "W" => {
            let mut day = today;
            while day.weekday() != clock.week_start {
                day = day.yesterday().expect("a date");
            }
            day
        }
        "M" => Date::new(today.year(), today.month(), 1).expect("a date"),
        "Q" => {
            let month = match today.month() {
                1..=3 => 1,
                4..=6 => 4,
                7..=9 => 7,
                _ => 10,
            };
            Date::new(today.year(), month, 1).expect("a date")
        }
        "Y" => Date::new(today.year(), 1, 1).expect("a date"),
        "L" => {
            let of = |year| Date::new(year, number(1, 3), number(3, 5)).expect("a date");
            if of(today.year()) > today { of(today.year() - 1) } else { of(today.year()) }
        }
        "X" => {
            let mut day = today;
            while day.weekday().to_monday_one_offset() != number(1, 2) {
                day = day.yesterday().expect("a date");
            }
            day
        }
        _ => base.parse().expect("a date"),
    };
    while !steps.is_empty() {
        let unit_at = steps[1..].find(|c: char| c.is_ascii_alphabetic()).expect("a unit") + 1;
        let count: i64 = steps[..unit_at].parse().expect("a number");
        let length = match &steps[unit_at..=unit_at] {
            "d" => Length::new().days(count),
            "w" => Length::new().weeks(count),
            "m" => Length::new().months(count),
            _ => Length::new().years(count),
        };
        at = at.checked_add(length).expect("a date");
        steps = &steps[unit_at + 1..];
    }
    let local = match time {
        None => {
            return Some(
                at.to_zoned_datetime(clock.zone.clone()).expect("a time").timestamp().as_millisecond(),
            );
        }
        Some(time) => at.to_datetime(time.parse().expect("a time")),
    };
    Some(local.to_zoned_datetime(clock.zone.clone()).expect("a time").timestamp().as_millisecond())
}

fn clock(zone: &str, now: &str, week_start: Weekday) -> Clock {
    let now = Timestamp(now.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
    Clock::of(TimeZone::get(zone).expect("a zone"), week_start, now).expect("a clock")
}

#[test]
fn every_expression_means_what_the_table_says() {
    assert!(TABLE.len() >= 150, "{}", TABLE.len());
    for now in TIMES {
        for zone in ZONES {
            for week_start in [Weekday::Monday, Weekday::Sunday, Weekday::Saturday] {
                let clock = clock(zone, now, week_start);
                for (text, from, to) in TABLE {
                    let tokens = tokens(text, 50);
                    let read = time(&tokens, 0, &clock).filter(|when| when.end == tokens.len());
                    let place = || format!("{text:?} at {now} in {zone}, weeks from {week_start:?}");
                    let when = read.unwrap_or_else(|| panic!("{} is not read", place()));
                    let wanted = Span {
                        from: meaning(from, &clock).expect("a time"),
                        to: meaning(to, &clock).expect("a time"),
                        unit: None,
                    };
                    let [span] = when.spans.as_slice() else { panic!("{}: {:?}", place(), when.spans) };
                    assert_eq!(clock.iso(*span), clock.iso(wanted), "{}", place());
                }
            }
        }
    }
}

#[test]
fn what_two_countries_read_differently_stays_open() {
    let clock = clock("Europe/Berlin", "2026-03-18T13:30:00Z", Weekday::Monday);
    for (text, readings) in [("3/4", 2), ("3/4/2025", 2), ("25/3", 1), ("4/4", 1)] {
        let spans = time(&tokens(text, 10), 0, &clock).expect("a time").spans;
        assert_eq!(spans.len(), readings, "{text}");
    }
}

#[test]
fn what_is_no_time_is_not_read_as_one() {
    let clock = clock("UTC", "2026-03-18T13:30:00Z", Weekday::Monday);
    for text in ["may we", "5", "5 things", "second", "mondays", "week", "last", "17 visitors", "the"] {
        assert_eq!(time(&tokens(text, 10), 0, &clock), None, "{text}");
    }
}

#[test]
fn references_are_to_the_time_before() {
    let clock = clock("Europe/Berlin", "2026-03-18T13:30:00Z", Weekday::Monday);
    for (text, wanted) in [
        ("the previous period", Earlier::Previous),
        ("the day before", Earlier::By(Unit::Day, 1)),
        ("the same day last week", Earlier::By(Unit::Week, 1)),
        ("same period last year", Earlier::By(Unit::Year, 1)),
        ("year over year", Earlier::By(Unit::Year, 1)),
        ("the previous month", Earlier::By(Unit::Month, 1)),
        ("4 weeks earlier", Earlier::By(Unit::Week, 4)),
    ] {
        let tokens = tokens(text, 10);
        assert_eq!(relative(&tokens, 0, &clock), Some((wanted, tokens.len())), "{text}");
    }
    // A day earlier by the calendar is 23 hours where the clock went forward.
    let monday = clock.day(jiff::civil::date(2026, 3, 30)).expect("a day");
    let sunday = clock.earlier(monday, Unit::Day, 1).expect("a day");
    assert_eq!(sunday.length(), 23 * 3_600_000);
    assert_eq!(clock.before(monday), Some(sunday));
}
