//! What a forecast expects of rules.
//!
//! In:    the windows of a rule before a stretch of [`HORIZON`] windows, as the cells give them.
//! Out:   for each window of the stretch the band that holds [`LEVEL`] of what is usual.
//! State: the bands of the last stretches, by rule and key.
//! Cost:  a forecast for every rule and key once in [`HORIZON`] windows, made on a thread of its own so
//!        that nobody waits for it; until it is there its rule says nothing.
//! Late data, retraction: a forecast that was made stays as it is.
//! Wrong when: as the forecaster is; and for the first two days, where there is no season to be seen.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use opentrace_models::forecast::Forecaster;

use crate::evaluate::{Band, CORRECTABLE, Expected};
use crate::rule::{Rule, RuleId, Span};
use crate::series::Key;

/// Windows that one forecast reaches.
const HORIZON: i64 = 24;
/// The share of what is usual that lies within the band.
const LEVEL: f64 = 0.99;
/// Windows of the past that are looked at, and how many there must be.
const HISTORY: i64 = 1_000;
const LEAST: usize = 48;

type Bands = Arc<Mutex<HashMap<(RuleId, Key), Stretches>>>;

/// Bands by the beginning of the stretch that they were forecast for; none where there was too little.
type Stretches = BTreeMap<i64, Option<Vec<Band>>>;

/// What is to be forecast.
#[derive(Debug)]
struct Task {
    rule: RuleId,
    key: Key,
    from: i64,
    window: i64,
    values: Vec<Option<f64>>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Forecasts {
    bands: Bands,
    /// Where tasks go; `None` where they are done at once.
    beside: Option<Mutex<Sender<Task>>>,
}

impl Forecasts {
    pub(super) fn at_once() -> Self {
        Self { bands: Bands::default(), beside: None }
    }

    pub(super) fn beside() -> Self {
        let bands = Bands::default();
        let (tell, told) = channel();
        let done = Arc::clone(&bands);
        let thread = std::thread::Builder::new().name("forecasts".to_owned());
        match thread.spawn(move || work(&told, &done)) {
            Ok(_) => Self { bands, beside: Some(Mutex::new(tell)) },
            // Without a thread to spare they are made where they are asked for.
            Err(_) => Self { bands, beside: None },
        }
    }

    pub(super) fn forget(&self, rule: RuleId) {
        let mut bands = self.bands.lock().unwrap_or_else(PoisonError::into_inner);
        bands.retain(|(held, _), _| *held != rule);
    }

    pub(super) fn expected(
        &self,
        rule: &Rule,
        key: &Key,
        span: Span,
        measured: &dyn Fn(Span) -> Option<f64>,
    ) -> Option<Expected> {
        let window = span.to - span.from;
        let place = super::local(span, rule).div_euclid(window).rem_euclid(HORIZON);
        let from = span.from - place * window;
        let band = |bands: &Option<Vec<Band>>| {
            let band = *bands.as_ref()?.get(usize::try_from(place).ok()?)?;
            Some(Expected { band, strange: true })
        };
        let mut held = self.bands.lock().unwrap_or_else(PoisonError::into_inner);
        let stretches = held.entry((rule.id, key.clone())).or_default();
        if let Some(known) = stretches.get(&from) {
            return band(known);
        }
        // Asked for once, however long it takes.
        stretches.insert(from, None);
        while stretches.len() > 2
            && stretches.first_key_value().is_some_and(|(old, _)| from - old > 2 * CORRECTABLE)
        {
            stretches.pop_first();
        }
        drop(held);
        let values = history(from, window, span, measured);
        let task = Task { rule: rule.id, key: key.clone(), from, window, values };
        match &self.beside {
            Some(tell) => {
                let tell = tell.lock().unwrap_or_else(PoisonError::into_inner);
                // The thread ends with the program only.
                let _ = tell.send(task);
                None
            }
            None => {
                let bands = forecast(&task);
                let expected = band(&bands);
                put(&self.bands, task, bands);
                expected
            }
        }
    }
}

/// The windows before a stretch, from the first in which something happened.
fn history(from: i64, window: i64, span: Span, measured: &dyn Fn(Span) -> Option<f64>) -> Vec<Option<f64>> {
    let starts = (1..=HISTORY).rev().map(|back| from - back * window);
    let values = starts.map(|start| measured(Span { from: start, to: start + window, ..span }));
    values.skip_while(|value| value.is_none_or(|value| value == 0.0)).collect()
}

fn work(told: &Receiver<Task>, bands: &Bands) {
    while let Ok(task) = told.recv() {
        let found = forecast(&task);
        put(bands, task, found);
    }
}

fn put(bands: &Bands, task: Task, found: Option<Vec<Band>>) {
    let mut bands = bands.lock().unwrap_or_else(PoisonError::into_inner);
    // A rule that was forgotten meanwhile is not there any longer.
    if let Some(stretches) = bands.get_mut(&(task.rule, task.key)) {
        stretches.insert(task.from, found);
    }
}

fn forecast(task: &Task) -> Option<Vec<Band>> {
    if task.values.len() < LEAST {
        return None;
    }
    let seasons: Vec<usize> = [86_400, 604_800]
        .into_iter()
        .filter(|season| season % task.window == 0)
        .filter_map(|season| usize::try_from(season / task.window).ok())
        .filter(|season| *season > 1 && 2 * season <= task.values.len())
        .collect();
    let forecaster = Forecaster::new(HORIZON as usize, &seasons).levels(&[LEVEL]);
    let forecast = forecaster.forecast(&task.values).ok()?;
    let interval = forecast.bands.first()?;
    let ends = interval.lower.iter().zip(&interval.upper);
    Some(ends.map(|(lower, upper)| Band { lower: *lower, upper: *upper }).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use jiff::tz::TimeZone;
    use uuid::Uuid;

    use super::*;
    use crate::bands::Models;
    use crate::evaluate::{Evaluator, TransitionKind};
    use crate::rule::{Condition, Direction, Duration, Measure, Mute};
    use crate::series::{Cell, Grain, SeriesId};

    const HOUR: i64 = 3_600;
    /// A midnight.
    const START: i64 = 1_700_006_400;

    fn rule() -> Rule {
        Rule {
            id: RuleId(Uuid::from_u128(1)),
            site: 1,
            name: "Not as forecast".to_owned(),
            measure: Measure::sum(SeriesId::VISITS),
            condition: Condition::ForecastBreach { direction: Direction::Up },
            window: Duration::of_seconds(HOUR),
            grouping: None,
            hold: Duration::default(),
            hysteresis: 0.0,
            cooldown: Duration::default(),
            minimum: 0,
            mute: Mute::default(),
            zone: TimeZone::UTC,
            created_at: 0,
        }
    }

    /// Many by day and few by night.
    fn usual(at: i64) -> i64 {
        let hour = at.rem_euclid(86_400) / HOUR;
        20 + 10 * (12 - (hour - 12).abs()) + at / HOUR % 5
    }

    fn cell(at: i64, value: i64) -> Cell {
        Cell { site: 1, series: SeriesId::VISITS, grain: Grain::Minute, key: Key::whole(), start: at, value }
    }

    #[test]
    fn what_is_usual_for_noon_is_a_breach_at_night() {
        let models = Models::at_once();
        let mut evaluator = Evaluator::restore([Arc::new(rule())], [], []);
        evaluator.seed((1..600).map(|hour| START - hour * HOUR).map(|at| cell(at, usual(at))));
        let mut fired = Vec::new();
        for hour in 0..48 {
            let at = START + hour * HOUR;
            let value = if hour == 27 { 140 } else { usual(at) };
            let now = (at + HOUR + 1) * 1000;
            let outcome = evaluator.close(hour.unsigned_abs(), now, &[cell(at, value)], &[], &models);
            let said = outcome.transitions.into_iter();
            fired.extend(said.filter(|said| said.kind == TransitionKind::Firing).map(|_| hour));
        }
        assert!(usual(START + 12 * HOUR) > 130, "140 is nothing at noon");
        assert!(fired.contains(&27), "{fired:?}");
        assert!(fired.len() <= 2, "one window of a hundred may lie outside: {fired:?}");
    }

    #[test]
    fn forecasts_that_are_made_beside_come_and_stay() {
        let forecasts = Forecasts::beside();
        let span = Span { grain: Grain::Minute, from: START, to: START + HOUR };
        let ask =
            || forecasts.expected(&rule(), &Key::whole(), span, &|span: Span| Some(usual(span.from) as f64));
        assert_eq!(ask(), None);
        let began = std::time::Instant::now();
        let band = loop {
            match ask() {
                Some(expected) => break expected.band,
                None => assert!(began.elapsed().as_secs() < 60, "it never comes"),
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        };
        assert!(band.lower <= 24.0 && band.upper >= 20.0, "{band:?}");
        assert_eq!(ask().map(|expected| expected.band), Some(band));
    }
}
