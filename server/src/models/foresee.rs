//! What a metric's course will be.

use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use opentrace_models::forecast::{Event, Forecast, Forecaster, Learned};
use opentrace_query::catalogue::Grain;

use super::course::begun;

/// Fewest values that a forecast is made from.
pub(crate) const LEAST: usize = 6;

/// An event known in advance, by the days it is on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) days: Vec<Date>,
}

/// What is to be forecast, besides the course itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ahead {
    pub(crate) grain: Grain,
    pub(crate) horizon: usize,
    /// Levels of the intervals, as shares.
    pub(crate) levels: Vec<f64>,
    pub(crate) events: Vec<Known>,
    /// What a model has learned of series like this one.
    pub(crate) learned: Option<Arc<Learned>>,
    /// No value is larger, for shares.
    pub(crate) most: f64,
}

/// A forecast and what it was made from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Foreseen {
    pub(crate) forecast: Forecast,
    /// Values that it was made from.
    pub(crate) points: usize,
    /// Lengths of the seasons in steps that were looked for.
    pub(crate) seasons: Vec<usize>,
}

/// The seasons of the calendar in steps.
pub(crate) fn seasons(grain: Grain) -> &'static [usize] {
    match grain {
        Grain::Minute => &[60, 1_440],
        Grain::Hour => &[24, 168],
        Grain::Day => &[7, 365],
        Grain::Week => &[52],
        Grain::Month => &[12],
    }
}

/// Forecasts the steps that follow a course.
///
/// # Errors
/// Those of [`Forecaster::forecast_with`], among them that nothing was ever measured.
pub(crate) fn foresee(
    steps: &[DateTime],
    values: &[Option<f64>],
    ahead: &Ahead,
) -> opentrace_models::Result<Foreseen> {
    let begun = begun(values).min(values.len().saturating_sub(1));
    let (steps, values) = (&steps[begun..], &values[begun..]);
    let seasons: Vec<usize> =
        seasons(ahead.grain).iter().copied().filter(|season| 2 * season <= values.len()).collect();
    let mut forecaster = Forecaster::new(ahead.horizon, &seasons).levels(&ahead.levels);
    let forecasters = ahead.learned.iter().flat_map(|learned| learned.forecasters());
    if let Some(learned) = forecasters.into_iter().find(|learned| learned.seasons == seasons) {
        forecaster.network.clone_from(&learned.network);
        forecaster.widths.clone_from(&learned.widths);
    }
    let mut forecast = forecaster.forecast_with(values, &places(steps, ahead))?;
    let bands = forecast.bands.iter_mut().flat_map(|band| [&mut band.lower, &mut band.upper]);
    for line in bands.chain([&mut forecast.mean]) {
        line.iter_mut().for_each(|value| *value = value.min(ahead.most));
    }
    Ok(Foreseen { forecast, points: values.iter().flatten().count(), seasons })
}

/// The beginnings of the steps that follow a course.
pub(crate) fn following(last: DateTime, ahead: &Ahead) -> Vec<DateTime> {
    (1..=ahead.horizon as i64).map_while(|count| ahead.grain.after(last, count)).collect()
}

/// Where events are. Within a day each step has its own: what a holiday does to the morning it does not do
/// to the night.
fn places(steps: &[DateTime], ahead: &Ahead) -> Vec<Event> {
    let Some(last) = steps.last() else { return Vec::new() };
    let all: Vec<DateTime> = steps.iter().copied().chain(following(*last, ahead)).collect();
    let mut events = Vec::new();
    for known in &ahead.events {
        let holds = |(place, step): (usize, &DateTime)| {
            let end = ahead.grain.after(*step, 1)?;
            let within = |day: &Date| match ahead.grain {
                Grain::Minute | Grain::Hour => step.date() == *day,
                _ => (step.date()..end.date()).contains(day),
            };
            known.days.iter().any(within).then_some(place)
        };
        let at: Vec<usize> = all.iter().enumerate().filter_map(holds).collect();
        if !matches!(ahead.grain, Grain::Minute | Grain::Hour) {
            events.push(Event { at });
            continue;
        }
        for hour in 0..24 {
            let at: Vec<usize> = at.iter().copied().filter(|place| all[*place].hour() == hour).collect();
            if !at.is_empty() {
                events.push(Event { at });
            }
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn days(count: i64) -> Vec<DateTime> {
        let start = date(2025, 1, 1).at(0, 0, 0, 0);
        (0..count).filter_map(|day| Grain::Day.after(start, day)).collect()
    }

    fn ahead(horizon: usize, events: Vec<Known>) -> Ahead {
        Ahead { grain: Grain::Day, horizon, levels: vec![0.8], events, learned: None, most: f64::INFINITY }
    }

    #[test]
    fn weeks_and_known_events_come_again() {
        let steps = days(140);
        let sales = Known {
            name: "sale".to_owned(),
            days: ["2025-02-10", "2025-03-20", "2025-05-24"].map(|day| day.parse().expect("a day")).to_vec(),
        };
        let usual = |place: usize| 100.0 + 30.0 * f64::from(u8::from(place % 7 < 2));
        let values: Vec<Option<f64>> = steps
            .iter()
            .enumerate()
            .map(|(place, step)| {
                Some(usual(place) * if sales.days.contains(&step.date()) { 3.0 } else { 1.0 })
            })
            .collect();
        let plain = foresee(&steps, &values, &ahead(7, Vec::new())).expect("a forecast");
        let told = foresee(&steps, &values, &ahead(7, vec![sales])).expect("a forecast");
        assert_eq!((plain.points, plain.seasons.as_slice()), (140, &[7][..]));
        let after = following(steps[139], &ahead(7, Vec::new()));
        let sale =
            after.iter().position(|step| step.date() == date(2025, 5, 24)).expect("within the horizon");
        assert!((plain.forecast.mean[sale] - usual(140 + sale)).abs() < 5.0, "{:?}", plain.forecast.mean);
        assert!(told.forecast.mean[sale] > 1.8 * usual(140 + sale), "{:?}", told.forecast.mean);
        assert!((told.forecast.mean[0] - usual(140)).abs() < 5.0, "{:?}", told.forecast.mean);
    }

    #[test]
    fn shares_stay_shares() {
        let steps = days(60);
        let values: Vec<Option<f64>> = (0..60).map(|day| Some(90.0 + f64::from(day) / 6.0)).collect();
        let most = Ahead { most: 100.0, ..ahead(30, Vec::new()) };
        let foreseen = foresee(&steps, &values, &most).expect("a forecast");
        assert!(
            foreseen
                .forecast
                .mean
                .iter()
                .chain(&foreseen.forecast.bands[0].upper)
                .all(|value| *value <= 100.0)
        );
    }
}
