//! When each event is due.

use std::time::Duration;

/// How events are spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Shape {
    Steady,
    /// A flood in the middle, the same number of events in all.
    Spike,
    /// Steady, but some events happened long before they are sent.
    Late,
}

/// Part of the time and the rate in it, both relative to the whole. The products add up to 1.
const SPIKE: [(f64, f64); 3] = [(0.45, 0.6), (0.1, 4.6), (0.45, 0.6)];
const STEADY: [(f64, f64); 1] = [(1.0, 1.0)];

/// The schedule of a run.
#[derive(Debug)]
pub(super) struct Pace {
    rate: f64,
    seconds: f64,
    phases: &'static [(f64, f64)],
}

impl Pace {
    /// `rate` events per second, 0 for no schedule.
    pub(super) fn new(rate: u32, seconds: u32, shape: Shape) -> Self {
        let phases = if shape == Shape::Spike { &SPIKE[..] } else { &STEADY[..] };
        Self { rate: f64::from(rate), seconds: f64::from(seconds), phases }
    }

    /// Whether everything is due at once.
    pub(super) fn is_free(&self) -> bool {
        self.rate == 0.0
    }

    /// When the event with this number is due, counted from the start, or `None` if that is after
    /// the end. `elapsed` is the time since the start, which is all that ends a free run.
    pub(super) fn due(&self, number: u64, elapsed: Duration) -> Option<Duration> {
        if self.is_free() {
            return (elapsed.as_secs_f64() < self.seconds).then_some(Duration::ZERO);
        }
        let mut left = number as f64 / (self.rate * self.seconds);
        let mut begin = 0.0;
        for (part, factor) in self.phases {
            if left < part * factor {
                return Some(Duration::from_secs_f64((begin + left / factor) * self.seconds));
            }
            left -= part * factor;
            begin += part;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_sends_the_same_number_in_order_and_in_time() {
        for shape in [Shape::Steady, Shape::Spike, Shape::Late] {
            let pace = Pace::new(1_000, 10, shape);
            let dues: Vec<Duration> = (0..).map_while(|number| pace.due(number, Duration::ZERO)).collect();
            assert!((9_999..=10_001).contains(&dues.len()), "{shape:?}: {}", dues.len());
            assert!(dues.is_sorted());
            assert!(dues.last().is_some_and(|last| *last <= Duration::from_secs(10)));
        }
    }

    #[test]
    fn a_spike_is_a_spike() {
        let pace = Pace::new(1_000, 10, Shape::Spike);
        let within = |from: f64, until: f64| {
            let dues = (0..).map_while(|number| pace.due(number, Duration::ZERO));
            dues.filter(|due| (from..until).contains(&due.as_secs_f64())).count()
        };
        assert!((590..=610).contains(&within(1.0, 2.0)));
        assert!((4590..=4610).contains(&within(4.5, 5.5)));
    }

    #[test]
    fn a_free_run_ends_by_the_clock() {
        let pace = Pace::new(0, 2, Shape::Steady);
        assert_eq!(pace.due(u64::MAX, Duration::from_secs(1)), Some(Duration::ZERO));
        assert_eq!(pace.due(0, Duration::from_secs(2)), None);
    }
}
