use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::bucket::{self, labels};
use crate::testing::{ms, site};

const HOURS: i64 = 3_600_000;

fn resolve(range: DateRange, zone: &str, now: &str) -> Range {
    Range::resolve(&range, &site(zone), ms(now), None).expect("a range")
}

fn dates(zone: &str, first: &str, last: &str) -> Range {
    let range = DateRange::Dates(first.parse().expect("a date"), last.parse().expect("a date"));
    resolve(range, zone, "2024-06-01T00:00:00Z")
}

#[test]
fn keywords_are_resolved_on_the_sites_calendar() {
    // 01:30 on the next day in Berlin.
    let now = "2024-09-09T23:30:00Z";
    for (range, first, last) in [
        (DateRange::Day, "2024-09-10T00:00:00+02:00", "2024-09-10T23:59:59+02:00"),
        (DateRange::Last24Hours, "2024-09-09T01:30:01+02:00", "2024-09-10T01:30:00+02:00"),
        (DateRange::LastDays(7), "2024-09-04T00:00:00+02:00", "2024-09-10T23:59:59+02:00"),
        (DateRange::Month, "2024-09-01T00:00:00+02:00", "2024-09-30T23:59:59+02:00"),
        (DateRange::LastMonths(6), "2024-04-01T00:00:00+02:00", "2024-09-30T23:59:59+02:00"),
        (DateRange::LastMonths(12), "2023-10-01T00:00:00+02:00", "2024-09-30T23:59:59+02:00"),
        (DateRange::Year, "2024-01-01T00:00:00+01:00", "2024-12-31T23:59:59+01:00"),
        (DateRange::All, "2024-09-10T00:00:00+02:00", "2024-09-10T23:59:59+02:00"),
    ] {
        assert_eq!(resolve(range.clone(), "Europe/Berlin", now).iso(), [first, last], "{range:?}");
    }
    let earliest = Some(ms("2024-03-01T23:30:00Z"));
    let all = Range::resolve(&DateRange::All, &site("Europe/Berlin"), ms(now), earliest).expect("a range");
    assert_eq!(all.iso(), ["2024-03-02T00:00:00+01:00", "2024-09-10T23:59:59+02:00"]);
}

#[test]
fn a_pair_of_times_includes_its_last_second() {
    let moment = |text: &str| Moment::Instant(text.parse().expect("an instant"));
    let range = |last| DateRange::Moments(moment("2024-01-01T12:00:00+02:00"), moment(last));
    let whole = resolve(range("2024-01-01T15:59:59+02:00"), "UTC", "2024-06-01T00:00:00Z");
    assert_eq!((whole.from, whole.to), (ms("2024-01-01T10:00:00Z"), ms("2024-01-01T14:00:00Z")));
    assert_eq!(whole.iso(), ["2024-01-01T10:00:00+00:00", "2024-01-01T13:59:59+00:00"]);
    assert!(whole.whole_minutes());
    let fraction = resolve(range("2024-01-01T12:00:00.250+02:00"), "UTC", "2024-06-01T00:00:00Z");
    assert_eq!(fraction.to.0 - fraction.from.0, 251);
    assert_eq!(fraction.iso()[1], "2024-01-01T10:00:00.250+00:00");
}

#[test]
fn times_without_an_offset_are_on_the_sites_clock() {
    let at = |hour| Moment::Local(civil::date(2024, 7, 1).at(hour, 0, 0, 0));
    let range = resolve(DateRange::Moments(at(9), at(10)), "Asia/Kathmandu", "2024-08-01T00:00:00Z");
    assert_eq!(range.from, ms("2024-07-01T03:15:00Z"));
}

#[test]
fn days_are_as_long_as_the_clock_makes_them() {
    for (zone, day, hours, buckets) in [
        ("Europe/Berlin", "2024-03-31", 23.0, 23),
        ("Europe/Berlin", "2024-10-27", 25.0, 24),
        ("America/New_York", "2024-03-10", 23.0, 23),
        ("America/New_York", "2024-11-03", 25.0, 24),
        ("Asia/Kathmandu", "2024-03-31", 24.0, 24),
        // Clocks go forward from 02:00 to 02:30, and back from 02:00 to 01:30.
        ("Australia/Lord_Howe", "2024-10-06", 23.5, 24),
        ("Australia/Lord_Howe", "2024-04-07", 24.5, 24),
        // No midnight: the day begins at 01:00.
        ("America/Sao_Paulo", "2018-11-04", 23.0, 23),
    ] {
        let range = dates(zone, day, day);
        assert_eq!((range.to.0 - range.from.0) as f64 / HOURS as f64, hours, "{zone} {day}");
        let labels = labels(&range, Grain::Hour).expect("labels");
        assert_eq!(labels.len(), buckets, "{zone} {day}: {labels:?}");
        assert!(range.whole(Grain::Day) && range.single(Grain::Day), "{zone} {day}");
        let goes_back = buckets as f64 <= hours - 0.5;
        assert_eq!(range.clocks_go_back(), goes_back, "{zone} {day}");
    }
}

#[test]
fn labels_skip_the_hour_that_does_not_exist() {
    let range = dates("Europe/Berlin", "2024-03-31", "2024-03-31");
    let labels = labels(&range, Grain::Hour).expect("labels");
    assert_eq!(labels[1..3], ["2024-03-31 01:00:00", "2024-03-31 03:00:00"]);
}

#[test]
fn labels_of_days_weeks_and_months() {
    let range = dates("Europe/Berlin", "2024-02-28", "2024-03-12");
    let of = |grain| labels(&range, grain).expect("labels");
    assert_eq!(of(Grain::Day).len(), 14);
    assert_eq!(of(Grain::Day)[1..3], ["2024-02-29", "2024-03-01"]);
    assert_eq!(of(Grain::Week), ["2024-02-28", "2024-03-04", "2024-03-11"]);
    assert_eq!(of(Grain::Month), ["2024-02-01", "2024-03-01"]);
}

#[test]
fn too_many_labels_are_refused() {
    let error = labels(&dates("UTC", "2024-01-01", "2024-12-31"), Grain::Minute).expect_err("half a million");
    assert_eq!((error.code(), error.field()), ("limit_exceeded", Some("include.time_labels")));
    assert!(labels(&dates("UTC", "1970-01-01", "2105-12-31"), Grain::Hour).is_err());
    assert_eq!(labels(&dates("UTC", "1970-01-01", "2105-12-31"), Grain::Day).expect("labels").len(), 49_673);
}

#[test]
fn whole_buckets_are_recognised() {
    let whole = |first, last| {
        let range = dates("Europe/Berlin", first, last);
        [Grain::Day, Grain::Week, Grain::Month].map(|grain| (range.whole(grain), range.single(grain)))
    };
    assert_eq!(whole("2024-03-04", "2024-03-10"), [(true, false), (true, true), (false, false)]);
    assert_eq!(whole("2024-03-01", "2024-03-31"), [(true, false), (false, false), (true, true)]);
    assert_eq!(whole("2024-03-05", "2024-03-05"), [(true, true), (false, false), (false, false)]);
    assert_eq!(whole("2024-02-01", "2024-03-31"), [(true, false), (false, false), (true, false)]);
    let rolling = resolve(DateRange::Last24Hours, "UTC", "2024-03-05T10:00:00Z");
    assert!(!rolling.whole(Grain::Day) && !rolling.single(Grain::Day));
}

#[test]
fn time_has_a_grain_that_fits_the_range() {
    for (range, want) in [
        (DateRange::Day, Grain::Hour),
        (DateRange::Last24Hours, Grain::Hour),
        (DateRange::LastDays(7), Grain::Day),
        (DateRange::Month, Grain::Day),
        (DateRange::LastDays(91), Grain::Day),
        (DateRange::LastMonths(6), Grain::Month),
        (DateRange::Year, Grain::Month),
    ] {
        let resolved = resolve(range.clone(), "Europe/Berlin", "2024-10-27T10:00:00Z");
        assert_eq!(resolved.natural_grain(), want, "{range:?}");
    }
}

proptest! {
    /// Every instant of a range falls into a bucket that is listed, and every listed bucket has one.
    #[test]
    fn labels_are_the_buckets_of_the_instants_within(
        zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
        start in 0_i64..200_000, length in 1_i64..5_000,
        grain in prop::sample::select(vec![Grain::Minute, Grain::Hour, Grain::Day, Grain::Week, Grain::Month]),
    ) {
        let from = ms("2024-02-01T00:00:00Z").0 + start * 60_000;
        let site = site(zone);
        let range = Range::between(&site, from, from + length * 60_000).expect("a range");
        let naive: BTreeSet<i64> = (0..length)
            .map(|minute| local(&range.zone, Timestamp(from + minute * 60_000)).expect("a time"))
            .map(|at| bucket::number(grain, at, range.week_start, range.first))
            .collect();
        let naive: Vec<_> = naive.into_iter().map(|number| bucket::label(grain, number)).collect();
        prop_assert!(naive.is_sorted());
        prop_assert_eq!(labels(&range, grain).expect("labels"), naive);
    }
}
