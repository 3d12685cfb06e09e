//! The detector on what a site measures: visitors by day and by hour, with and without an incident.
//!
//! Generated, so that the truth is known; seeds are fixed. Half a year each, 60 times.

use crate::Outcome;
use opentrace_models::anomaly::{Detector, Point, Sensitivity};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Normal, Poisson};
use serde_json::json;

const HOUR_MS: i64 = 3_600_000;
/// A Thursday, in hours since 1970.
const BEGIN: i64 = 20_500 * 24;
const WEEKS: i64 = 26;
const SERIES: u64 = 60;
/// Incidents come when this many weeks are known.
const KNOWN_WEEKS: i64 = 9;
/// Weeks after which the expected value is compared with the truth.
const LEARNED_WEEKS: i64 = 6;
const WEEK: [f64; 7] = [1.08, 1.14, 1.13, 1.1, 1.0, 0.76, 0.79];
const DAY: [f64; 24] = [
    16.0, 11.0, 8.0, 7.0, 7.0, 10.0, 19.0, 33.0, 52.0, 66.0, 71.0, 70.0, 64.0, 68.0, 72.0, 70.0, 66.0, 60.0,
    54.0, 53.0, 55.0, 51.0, 40.0, 27.0,
];

/// A kind of site.
struct Site {
    name: &'static str,
    /// Hours in one point.
    step: i64,
    visitors_a_day: f64,
    /// How much days differ beside what chance makes of counts.
    noise: f64,
    /// How much weekends and working days differ: 1 as above, 0 not at all.
    week: f64,
    /// Growth a day.
    growth: f64,
}

const fn site(name: &'static str, step: i64, visitors_a_day: f64, noise: f64) -> Site {
    Site { name, step, visitors_a_day, noise, week: 1.0, growth: 0.0 }
}

const SITES: &[Site] = &[
    site("days, 10,000 visitors", 24, 10_000.0, 0.03),
    site("days, 300 visitors", 24, 300.0, 0.05),
    Site { week: 2.0, ..site("days, 300 visitors, weekends twice as quiet", 24, 300.0, 0.05) },
    Site { week: 0.0, ..site("days, 10,000 visitors, weekends as other days", 24, 10_000.0, 0.05) },
    Site {
        growth: 0.004,
        ..site("days, 10,000 visitors, twice as many after half a year", 24, 10_000.0, 0.05)
    },
    site("days, 40 visitors", 24, 40.0, 0.1),
    site("hours, 10,000 visitors a day", 1, 10_000.0, 0.05),
    site("hours, 300 visitors a day", 1, 300.0, 0.05),
];

/// What came of one kind of site.
#[derive(Default)]
struct Found {
    false_alerts: usize,
    halved: usize,
    raised: usize,
    error: f64,
    compared: usize,
}

/// A line of JSON for each kind of site.
pub(crate) fn traffic() -> Outcome<()> {
    for site in SITES {
        let mut found = Found::default();
        for seed in 0..SERIES {
            site.watch(&mut StdRng::seed_from_u64(seed), &mut found)?;
        }
        let share = |count: usize| count as f64 / SERIES as f64;
        println!(
            "{}",
            json!({
                "site": site.name,
                "false_alerts": found.false_alerts as f64 / (SERIES as i64 * WEEKS) as f64,
                "halved": share(found.halved),
                "raised": share(found.raised),
                "error": found.error / found.compared.max(1) as f64,
            })
        );
    }
    Ok(())
}

impl Site {
    fn watch(&self, random: &mut StdRng, found: &mut Found) -> Outcome<()> {
        let (values, truth) = self.history(random)?;
        let points = self.run(&values)?;
        found.false_alerts += points.iter().filter(|point| is_told(point)).count();
        let learned = (LEARNED_WEEKS * 168 / self.step) as usize;
        for (point, mean) in points.iter().zip(&truth).skip(learned) {
            found.error += (point.expected - mean).abs() / mean.max(1.0);
            found.compared += 1;
        }
        found.halved += usize::from(self.notices(&values, 0.5, random)?);
        found.raised += usize::from(self.notices(&values, 1.6, random)?);
        Ok(())
    }

    /// What was measured, and what was to be expected.
    fn history(&self, random: &mut StdRng) -> Outcome<(Vec<f64>, Vec<f64>)> {
        let noise = Normal::new(1.0, self.noise)?;
        let mut truth = Vec::new();
        let mut values = Vec::new();
        for point in 0..WEEKS * 168 / self.step {
            let hours = BEGIN + point * self.step..BEGIN + (point + 1) * self.step;
            let mean: f64 = hours.map(|hour| self.expected(hour)).sum();
            let day = (point * self.step / 24) as f64;
            let mean = mean * (self.growth * day).exp();
            values.push(Poisson::new(mean * noise.sample(random).max(0.01))?.sample(random));
            truth.push(mean);
        }
        Ok((values, truth))
    }

    fn expected(&self, hour: i64) -> f64 {
        // The first of January 1970 was a Thursday.
        let weekday = WEEK[(hour.div_euclid(24) + 3).rem_euclid(7) as usize];
        let of_day = DAY[hour.rem_euclid(24) as usize] / DAY.iter().sum::<f64>();
        self.visitors_a_day * of_day * (1.0 + self.week * (weekday - 1.0))
    }

    fn run(&self, values: &[f64]) -> Outcome<Vec<Point>> {
        let mut detector = Detector::new();
        let observe = |(place, value): (usize, &f64)| {
            let hour = BEGIN + place as i64 * self.step;
            Ok(detector.observe(hour * HOUR_MS, Some(*value))?)
        };
        values.iter().enumerate().map(observe).collect()
    }

    /// Whether a day, or three hours of one, with `factor` times the visitors is told.
    fn notices(&self, values: &[f64], factor: f64, random: &mut StdRng) -> Outcome<bool> {
        let day = random.random_range(KNOWN_WEEKS * 7..WEEKS * 7 - 7);
        let hour = if self.step == 24 { 0 } else { random.random_range(9..18) };
        let first = ((day * 24 + hour) / self.step) as usize;
        let incident = first..first + if self.step == 24 { 1 } else { 3 };
        let mut values = values.to_vec();
        for value in &mut values[incident.clone()] {
            *value = (*value * factor).round();
        }
        Ok(self.run(&values)?[incident].iter().any(is_told))
    }
}

fn is_told(point: &Point) -> bool {
    point.score >= Sensitivity::Medium.threshold()
}
