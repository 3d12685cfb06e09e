//! What happens to a site beside its ordinary days: it grows, somebody links to it, it is away for a while.
//!
//! Told backwards from a day: the demo's history has something to find, wherever in time it begins.

use super::traffic::HOUR_MS;
use super::world::{Source, Weighted};

const DAY_HOURS: i64 = 24;
/// By how much more visits come every day, until the day that the story ends.
const GROWTH: f64 = 0.003;
/// Days before the last one, and hours of UTC, at which the site answered nobody.
const AWAY: (i64, std::ops::Range<i64>) = (23, 11..14);
/// Days before the last one, and the hour of UTC, at which an article got to a front page.
const FRONT_PAGE: (i64, i64) = (9, 14);
/// How many visits come from there, hour by hour, as shares of an ordinary day's.
const FROM_FRONT_PAGE: [f64; 14] =
    [0.03, 0.09, 0.13, 0.12, 0.1, 0.08, 0.06, 0.045, 0.035, 0.025, 0.02, 0.015, 0.01, 0.005];
const LINK: Source = Source { referrer: "https://news.ycombinator.com/", query: "", landing: ARTICLE };
/// By place among the pages.
const ARTICLE: &[Weighted<usize>] = &[(10, 100)];

/// A story that ends with a day.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Story {
    /// The first hour of its last day, since 1970.
    end: i64,
}

impl Story {
    /// The story up to the day of a moment in milliseconds since 1970.
    pub(in crate::cli) fn until(moment: i64) -> Self {
        let hour = moment.div_euclid(HOUR_MS);
        Self { end: hour - hour.rem_euclid(DAY_HOURS) }
    }

    /// How many of an ordinary hour's visits come in an hour since 1970.
    pub(super) fn ordinary(&self, hour: i64) -> f64 {
        let (days, hours) = AWAY;
        let of_day = hour - (self.end - days * DAY_HOURS);
        if hours.contains(&of_day) {
            return 0.0;
        }
        (GROWTH * (hour - self.end).min(0) as f64 / DAY_HOURS as f64).exp()
    }

    /// How many visits come beside them, as a share of an ordinary day's, and where from.
    pub(super) fn crowd(&self, hour: i64) -> Option<(f64, &'static Source)> {
        let (days, first) = FRONT_PAGE;
        let since = hour - (self.end - days * DAY_HOURS + first);
        let share = FROM_FRONT_PAGE.get(usize::try_from(since).ok()?)?;
        Some((*share, &LINK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_backwards_from_its_last_day() {
        let story = Story::until(20_500 * DAY_HOURS * HOUR_MS + 5 * HOUR_MS);
        let day = |days: i64| (20_500 - days) * DAY_HOURS;
        assert_eq!(story.ordinary(day(0) + 23), 1.0);
        assert!((0.8..0.9).contains(&story.ordinary(day(60))));
        assert_eq!(story.ordinary(day(23) + 12), 0.0);
        assert!(story.ordinary(day(23) + 14) > 0.9);
        assert!(story.crowd(day(9) + 13).is_none() && story.crowd(day(9) + 28).is_none());
        let all: f64 = (0..48).filter_map(|hour| story.crowd(day(9) + hour)).map(|(share, _)| share).sum();
        assert!((0.5..1.0).contains(&all), "{all} of a day");
    }
}
