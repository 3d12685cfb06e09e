use super::event::Event;
use super::fatigue::Fatigue;
use super::level::Level;
use super::mute::Mute;
use super::point::{Against, Kind, Point, Reason, Sensitivity};
use super::profile::{Profile, Usual};
use super::tail::{Place, Rarity, Tail};
use crate::artefact::{Sound, holds, usable};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;
const DAY_BINS: usize = 24;
const WEEK_BINS: usize = 84;
/// Half-lives of the three levels, in points.
const HALF_LIVES: [f64; 3] = [10.0, 100.0, 1000.0];
const CHANNELS: usize = 4;
/// Largest magnitude of a value: squares and single-precision differences stay finite.
const LARGEST: f64 = 1e30;
/// Share of ordinary values in the band, on each side of the expected value.
const BAND: f64 = 0.995;
/// Deviations smaller than this share of the usual distance are rounding.
const ROUNDING: f64 = 1e-6;
/// The weekly profile must beat the daily one by this factor before it replaces it.
const WEEKLY_GAIN: f64 = 0.8;
/// Weeks to see before the weekly profile is asked at all.
const WEEKS_NEEDED: i64 = 2;
/// Weight of a decade of size beyond what is usual, against a decade of rarity.
const SIZE_WEIGHT: f64 = 0.3;
const SIZE_CAP: f64 = 1.5;
/// The most decades that size is worth: of two that are beyond measure, the later one is still the rarer.
const SIZE_MOST: f64 = 0.9;
/// Points from which on a series is no longer young, see [`loudness`].
const YOUNG: f64 = 400.0;
/// A rarer point than this is worth the comparison of sizes.
const RARE: f64 = 1.5;

/// A streaming detector for one series.
///
/// ```
/// use opentrace_models::anomaly::{Detector, Sensitivity};
///
/// let mut detector = Detector::new();
/// for minute in 0..600 {
///     let value = if minute == 555 { 90.0 } else { f64::from(10 + (minute * 7) % 5) };
///     let point = detector.observe(i64::from(minute) * 60_000, Some(value)).unwrap();
///     assert_eq!(point.score >= Sensitivity::Medium.threshold(), minute == 555);
/// }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Detector {
    first_ms: i64,
    last_ms: Option<i64>,
    /// Values are kept as distances from the first one.
    origin: f64,
    seen: u32,
    missing: u32,
    whole: bool,
    never_negative: bool,
    levels: [Level; 3],
    daily: Profile,
    weekly: Profile,
    /// Mean absolute error of each predictor: three levels, day, week.
    errors: [f64; 5],
    up: [Tail; CHANNELS],
    down: [Tail; CHANNELS],
    mute: Mute,
    fatigue: Fatigue,
    event: Event,
}

/// One memory's view of a point, before the point was learnt.
#[derive(Clone, Copy, Debug)]
struct View {
    against: Against,
    unit: f64,
    deviation: f64,
    chance: bool,
    /// Whether the memory is old enough to be asked.
    known: bool,
}

impl Sound for Detector {
    fn sound(&self) -> std::result::Result<(), &'static str> {
        let profiles = self.daily.fits(DAY_MS, DAY_BINS) && self.weekly.fits(7 * DAY_MS, WEEK_BINS);
        holds(profiles, "a profile is not that of a day or a week")?;
        let (reached, first) = (self.last_ms.unwrap_or(self.first_ms), self.first_ms);
        holds(reached >= first && reached.checked_sub(first).is_some(), "its times are in no order")?;
        holds(usable(self.errors.iter().chain([&self.origin])), "a number is too large")
    }
}

impl Default for Detector {
    fn default() -> Self {
        Detector::new()
    }
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new() -> Self {
        Detector {
            first_ms: 0,
            last_ms: None,
            origin: 0.0,
            seen: 0,
            missing: 0,
            whole: true,
            never_negative: true,
            levels: HALF_LIVES.map(Level::new),
            daily: Profile::new(DAY_MS, DAY_BINS),
            weekly: Profile::new(7 * DAY_MS, WEEK_BINS),
            errors: [0.0; 5],
            up: std::array::from_fn(|_| Tail::new()),
            down: std::array::from_fn(|_| Tail::new()),
            mute: Mute::new(),
            fatigue: Fatigue::new(),
            event: Event::default(),
        }
    }

    /// Judges one point by what came before it, then learns it.
    ///
    /// `at_ms` is the time in milliseconds on the clock whose days and weeks matter (the site's local
    /// time for traffic); `value` is `None` where there is no measurement. NaN counts as none.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] if `at_ms` is not after the previous point; [`Error::OutOfRange`] if the
    /// value is infinite or beyond 1e30. The point is then ignored and the detector goes on.
    pub fn observe(&mut self, at_ms: i64, value: Option<f64>) -> Result<Point> {
        if let Some(last) = self.last_ms.filter(|last| at_ms <= *last) {
            return Err(Error::OutOfOrder { at_ms, last_ms: last });
        }
        let value = value.filter(|value| !value.is_nan());
        if let Some(value) = value.filter(|value| value.abs() > LARGEST) {
            return Err(Error::OutOfRange { field: "value", given: value, want: "between -1e30 and 1e30" });
        }
        self.last_ms = Some(at_ms);
        Ok(match value {
            Some(value) => self.present(at_ms, value),
            None => self.absent(at_ms),
        })
    }

    fn present(&mut self, at_ms: i64, value: f64) -> Point {
        if self.seen == 0 {
            self.origin = value;
            self.first_ms = at_ms;
        }
        self.seen = self.seen.saturating_add(1);
        let inner = value - self.origin;
        let (views, expected) = self.step(at_ms, inner);
        let (loudness, loudest) = self.judge(&views);
        let (expected, lower, upper) = self.band(expected);
        self.whole &= value.fract() == 0.0;
        self.never_negative &= value >= 0.0;

        let news = self.mute.is_news(at_ms, loudness);
        let tired = self.fatigue.hear(at_ms, loudness, news);
        let score = score(if news { loudness - tired } else { loudness * 0.1 });
        let mut point = Point { score, expected, lower, upper, kind: None, reason: None };
        if score >= Sensitivity::Medium.threshold() {
            let kind = self.shape(&views, loudest.0);
            point.kind = Some(self.event.raise(kind, lower, upper));
            point.reason = Some(Reason {
                against: loudest.0.against,
                deviation: loudest.0.deviation,
                rarity: 10f64.powf(-loudest.1),
            });
        } else {
            point.kind = self.event.follow(value);
        }
        point
    }

    /// A missing value is judged by how often values are missing.
    fn absent(&mut self, at_ms: i64) -> Point {
        let total = f64::from(self.seen) + f64::from(self.missing);
        let rarity = (f64::from(self.missing) + 0.5) / (total + 1.0);
        let loudness = if total < 20.0 { 0.0 } else { -rarity.log10() - growth(total) };
        self.missing = self.missing.saturating_add(1);
        let best = self.best(at_ms);
        let (mean, unit) = self.predict(best, at_ms);
        let channel = best.min(CHANNELS - 1);
        let (expected, lower, upper) = self.band((mean, unit, channel));
        let score = if self.mute.is_news(at_ms, loudness) { score(loudness) } else { 0.0 };
        let alert = score >= Sensitivity::Medium.threshold();
        let reason = Reason { against: Against::Presence, deviation: 0.0, rarity };
        Point { score, expected, lower, upper, kind: Some(Kind::Missing), reason: alert.then_some(reason) }
    }

    /// Every memory's view of the point, and the prediction (mean, unit, channel) of the best one; then
    /// all of them learn it.
    fn step(&mut self, at_ms: i64, value: f64) -> ([View; CHANNELS], (f64, f64, usize)) {
        let best = self.best(at_ms);
        let (mean, unit) = self.predict(best, at_ms);
        let week_wins = self.knows_weeks(at_ms) && self.errors[4] < WEEKLY_GAIN * self.errors[3];
        let (day, week) = (self.daily.usual(at_ms), self.weekly.usual(at_ms));
        let warm = self.daily.warm();
        let (counts, origin) = (self.counts(), self.origin);

        let mut means = [day.mean; 5];
        for (index, level) in self.levels.iter_mut().enumerate() {
            means[index] = level.mean();
            level.step(value);
        }
        if self.seen == 1 {
            means = [value; 5];
        } else {
            means[4] = week.mean;
        }
        self.daily.learn(at_ms, value);
        self.weekly.learn(at_ms, value);
        for (error, mean) in self.errors.iter_mut().zip(means) {
            let weight = (1.0 / f64::from(self.seen)).max(0.002);
            let miss = (value - mean).abs();
            let miss = if *error > 0.0 { miss.min(8.0 * *error) } else { miss };
            *error += weight * (miss - *error);
        }

        let level = |index: usize, against| View {
            against,
            unit: 1.0,
            deviation: value - means[index],
            chance: counts && by_chance(value + origin, means[index] + origin),
            known: true,
        };
        let seasonal = |usual: Usual, against| View {
            against,
            unit: usual.scale,
            chance: counts && by_chance(value + origin, usual.mean + origin),
            deviation: value - usual.mean,
            known: warm,
        };
        let views = [
            level(0, Against::Recent),
            level(1, Against::Usual),
            level(2, Against::LongRun),
            if week_wins { seasonal(week, Against::TimeOfWeek) } else { seasonal(day, Against::TimeOfDay) },
        ];
        (views, (mean, unit, best.min(CHANNELS - 1)))
    }

    /// The loudness of the loudest view, and that view with its surprise; then the tails learn.
    fn judge(&mut self, views: &[View; CHANNELS]) -> (f64, (View, f64)) {
        let mut loudest = (0.0, (views[0], 0.0));
        for (index, view) in views.iter().enumerate() {
            if !view.known {
                continue;
            }
            let noise = ROUNDING * self.levels[2].scale();
            let place = Place::of(view.deviation.abs() / view.unit).filter(|_| view.deviation.abs() > noise);
            let (up, down) = if view.deviation >= 0.0 { (place, None) } else { (None, place) };
            for (tail, place) in [(&mut self.up[index], up), (&mut self.down[index], down)] {
                let rarity = if view.chance { Rarity::default() } else { tail.judge(place) };
                tail.learn(place);
                let loudness = loudness(rarity, f64::from(self.seen));
                if loudness > loudest.0 {
                    loudest = (loudness, (*view, rarity.surprise));
                }
            }
        }
        (loudest.0 - growth(f64::from(self.seen)), loudest.1)
    }

    /// The predictor with the smallest recent error: 0–2 levels, 3 day, 4 week.
    fn best(&self, at_ms: i64) -> usize {
        let candidates = match (self.daily.warm(), self.knows_weeks(at_ms)) {
            (false, _) => 3,
            (true, false) => 4,
            (true, true) => 5,
        };
        let better =
            |best: usize, other: usize| if self.errors[other] < self.errors[best] { other } else { best };
        (0..candidates).fold(0, better)
    }

    /// Whether values look like counts: whole, never negative, and at least about as spread as chance
    /// alone would make them (half the mean distance of a Poisson variable; all of it for rare events).
    fn counts(&self) -> bool {
        let mean = (self.levels[2].mean() + self.origin).max(0.0);
        self.whole && self.never_negative && self.levels[2].scale() >= mean.min(0.4 * mean.sqrt())
    }

    fn knows_weeks(&self, at_ms: i64) -> bool {
        at_ms.saturating_sub(self.first_ms) >= WEEKS_NEEDED * 7 * DAY_MS
    }

    fn predict(&self, predictor: usize, at_ms: i64) -> (f64, f64) {
        match predictor {
            3 => Some(self.daily.usual(at_ms)),
            4 => Some(self.weekly.usual(at_ms)),
            _ => None,
        }
        .map_or_else(|| (self.levels[predictor.min(2)].mean(), 1.0), |usual| (usual.mean, usual.scale))
    }

    /// Expected value and band, in the units of the series. A series that never was negative has no
    /// negative band, and one of whole numbers whole edges.
    fn band(&self, (mean, unit, channel): (f64, f64, usize)) -> (f64, f64, f64) {
        let usual = if channel == CHANNELS - 1 { unit } else { self.levels[2].scale() };
        let fallback = 4.0 * usual;
        let reach = |tail: &Tail| tail.quantile(BAND).map_or(fallback, |quantile| quantile * unit);
        let centre = mean + self.origin;
        let (mut lower, mut upper) = (centre - reach(&self.down[channel]), centre + reach(&self.up[channel]));
        if self.whole {
            (lower, upper) = (lower.floor(), upper.ceil());
        }
        if self.never_negative {
            (lower, upper) = (lower.max(0.0), upper.max(0.0));
        }
        (centre.clamp(lower, upper), lower, upper)
    }

    /// At the moment of the alert: a value far from the recent level is a spike or a drop; one that only
    /// the slower memories find strange came there slowly.
    fn shape(&self, views: &[View; CHANNELS], loudest: View) -> Kind {
        let jumped = views[0].deviation.abs() >= 0.5 * loudest.deviation.abs();
        match (jumped, loudest.deviation >= 0.0) {
            (false, _) => Kind::Trend,
            (true, true) => Kind::Spike,
            (true, false) => Kind::Drop,
        }
    }
}

/// Rarity and size of one deviation as one number, in decades. A rank among few says little whatever the size, so
/// the size counts for more in a young series: days, of which a year has 365, would never be heard otherwise.
fn loudness(rarity: Rarity, seen: f64) -> f64 {
    if rarity.surprise <= RARE {
        return rarity.surprise;
    }
    let weight = SIZE_WEIGHT * (YOUNG / seen.max(1.0)).max(1.0);
    rarity.surprise + (weight * rarity.excess.min(SIZE_CAP)).min(SIZE_MOST)
}

/// Records become rarer as a series grows older; a record is worth the square root of its rank, relative
/// to a series of a thousand points.
fn growth(seen: f64) -> f64 {
    0.3 * (seen / 1000.0).log10()
}

/// Decades of surprise to a score: 2 is 0.9, 4 is 0.99.
fn score(loudness: f64) -> f64 {
    1.0 - 10f64.powf(-0.5 * loudness.max(0.0))
}

/// Whether a count lies within three standard deviations of a Poisson variable's mean, on Anscombe's
/// variance-stabilised scale (Biometrika 35, 1948): no history makes such a count strange.
fn by_chance(count: f64, mean: f64) -> bool {
    let stable = |x: f64| 2.0 * (x.max(0.0) + 0.375).sqrt();
    (stable(count) - stable(mean)).abs() < 3.0
}
