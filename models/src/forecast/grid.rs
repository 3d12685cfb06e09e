//! Times on a regular grid: the distance between points, by the clock or by the calendar.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A gap may make a grid this many times as long as there are points, and not longer.
const MOST_GAPS: usize = 50;

/// How the time of a point becomes its place.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// Milliseconds.
    Clock(i64),
    /// Months of the calendar.
    Months(i64),
    /// Each point follows the one before it: the times tell no distance.
    Row,
}

/// The values of a series, one a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// What was measured at each step; `None` where nothing was.
    pub values: Vec<Option<f64>>,
    step: Step,
    first_ms: i64,
}

impl Grid {
    /// Puts points, milliseconds and value, ascending by time, on the grid of their usual distance.
    pub fn of(points: &[(i64, Option<f64>)]) -> Grid {
        let first_ms = points.first().map_or(0, |point| point.0);
        let step = step(points);
        let mut grid = Grid { values: Vec::new(), step, first_ms };
        let last = points.last().and_then(|point| grid.place(point.0)).unwrap_or(0);
        if step == Step::Row || last > MOST_GAPS * points.len() {
            grid.step = Step::Row;
            grid.values = points.iter().map(|point| point.1).collect();
            return grid;
        }
        grid.values = vec![None; last + 1];
        for (at_ms, value) in points {
            if let Some(place) = grid.place(*at_ms).and_then(|place| grid.values.get_mut(place)) {
                *place = value.or(*place);
            }
        }
        grid
    }

    /// The step from the first point at which a time lies; none before it or without a grid.
    pub fn place(&self, at_ms: i64) -> Option<usize> {
        let steps = match self.step {
            Step::Clock(step) => {
                let distance = i128::from(at_ms) - i128::from(self.first_ms);
                i64::try_from((distance + i128::from(step) / 2).div_euclid(i128::from(step))).ok()?
            }
            Step::Months(step) => (month(at_ms)? - month(self.first_ms)?).div_euclid(step),
            Step::Row => return None,
        };
        usize::try_from(steps).ok()
    }

    /// The time of a step from the first point, milliseconds; none where times tell no distance.
    pub fn time(&self, place: usize) -> Option<i64> {
        let place = i64::try_from(place).ok()?;
        match self.step {
            Step::Clock(step) => self.first_ms.checked_add(step.checked_mul(place)?),
            Step::Months(step) => {
                let first = Timestamp::from_millisecond(self.first_ms).ok()?;
                let first = TimeZone::UTC.to_datetime(first);
                let months = Span::new().try_months(step.checked_mul(place)?).ok()?;
                let mut date = first.date().checked_add(months).ok()?;
                // Months that are told by their last day go on with last days.
                if first.date() == first.date().last_of_month() {
                    date = date.last_of_month();
                }
                Some(TimeZone::UTC.to_timestamp(date.to_datetime(first.time())).ok()?.as_millisecond())
            }
            Step::Row => None,
        }
    }

    /// The seasons that the clock or the calendar gives; none where the distance says nothing.
    pub fn seasons(&self) -> Option<Vec<usize>> {
        let steps = |length: i64, step: i64| (length % step == 0).then_some((length / step) as usize);
        match self.step {
            Step::Months(step) => Some(steps(12, step).into_iter().collect()),
            Step::Clock(step) if step == 7 * DAY_MS => Some(vec![52]),
            Step::Clock(step) if step == DAY_MS => Some(vec![7, 365]),
            Step::Clock(step) if (60_000..DAY_MS).contains(&step) => {
                let day = steps(DAY_MS, step);
                Some(day.into_iter().chain(steps(7 * DAY_MS, step)).collect())
            }
            Step::Clock(_) | Step::Row => None,
        }
    }
}

/// The median distance; months where distances are as long as months.
fn step(points: &[(i64, Option<f64>)]) -> Step {
    let mut distances: Vec<i64> = points.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0)).collect();
    distances.sort_unstable();
    let Some(&median) = distances.get(distances.len() / 2) else { return Step::Row };
    let same_day = || {
        let mut days =
            points.iter().map(|point| date(point.0).map(|date| (date.day(), date == date.last_of_month())));
        let first = days.next().flatten();
        first.is_some()
            && days.all(|day| day.zip(first).is_some_and(|(day, first)| day.0 == first.0 || day.1 && first.1))
    };
    match median / DAY_MS {
        28..=31 if same_day() => Step::Months(1),
        89..=92 if same_day() => Step::Months(3),
        365..=366 if same_day() => Step::Months(12),
        _ => Step::Clock(median),
    }
}

fn date(at_ms: i64) -> Option<Date> {
    Some(TimeZone::UTC.to_datetime(Timestamp::from_millisecond(at_ms).ok()?).date())
}

fn month(at_ms: i64) -> Option<i64> {
    let date = date(at_ms)?;
    Some(i64::from(date.year()) * 12 + i64::from(date.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        let date: Date = text.parse().expect("a date");
        TimeZone::UTC
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            .expect("a time")
            .as_millisecond()
    }

    #[test]
    fn gaps_become_missing_values() {
        let points = [(0, Some(1.0)), (HOUR_MS, Some(2.0)), (2 * HOUR_MS, None), (5 * HOUR_MS, Some(6.0))];
        let grid = Grid::of(&points);
        assert_eq!(grid.values, [Some(1.0), Some(2.0), None, None, None, Some(6.0)]);
        assert_eq!(grid.seasons(), Some(vec![24, 168]));
        assert_eq!(grid.time(6), Some(6 * HOUR_MS));
    }

    #[test]
    fn months_are_steps_whatever_their_length() {
        let points: Vec<(i64, Option<f64>)> = ["2024-01-01", "2024-02-01", "2024-03-01", "2024-05-01"]
            .iter()
            .map(|day| (ms(day), Some(1.0)))
            .collect();
        let grid = Grid::of(&points);
        assert_eq!(grid.values, [Some(1.0), Some(1.0), Some(1.0), None, Some(1.0)]);
        assert_eq!(grid.seasons(), Some(vec![12]));
        assert_eq!(grid.place(ms("2024-06-01")), Some(5));
        assert_eq!(grid.time(5), Some(ms("2024-06-01")));
        let ends: Vec<(i64, Option<f64>)> =
            ["2024-01-31", "2024-02-29", "2024-03-31"].iter().map(|day| (ms(day), Some(1.0))).collect();
        assert_eq!(Grid::of(&ends).time(3), Some(ms("2024-04-30")));
    }

    #[test]
    fn running_numbers_have_no_calendar() {
        let points: Vec<(i64, Option<f64>)> = (1..9).map(|i| (i * 1000, Some(i as f64))).collect();
        let grid = Grid::of(&points);
        assert_eq!((grid.values.len(), grid.seasons()), (8, None));
        assert_eq!(Grid::of(&[(5, Some(1.0))]).values, [Some(1.0)]);
        assert_eq!(Grid::of(&[(5, Some(1.0))]).time(1), None);
        assert_eq!(Grid::of(&[(i64::MIN, Some(1.0)), (0, None), (i64::MAX, Some(2.0))]).values.len(), 3);
    }
}
