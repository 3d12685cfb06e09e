//! When checks are made without being asked for: once in a while; where that is a day or longer, in
//! the hour in which least happened lately.

use std::time::Duration;

use opentrace_events::Timestamp;
use opentrace_store::verify::Pace;

use super::{CheckError, Checked, Checker};
use crate::clock;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Within the quiet hour: others do what they do at the full hour.
const INTO_THE_HOUR_MS: i64 = 23 * 60_000;
/// Where it is not known what hour is quiet, in UTC.
const USUALLY_QUIET: u8 = 3;
/// Before a check that gave no answer is made again.
const AGAIN: Duration = Duration::from_secs(600);

impl Checker {
    /// Checks once per `every`, gently. Runs as long as the program.
    pub async fn run(self, every: Duration) {
        let mut last = clock::now();
        loop {
            let due = next(last, clock::now(), every, self.quiet_hour().await);
            self.say_next(due);
            wait_until(due).await;
            last = clock::now();
            if self.check_and_tell().await.is_err() {
                // A day later is too late to notice, and at once is no better.
                tokio::time::sleep(AGAIN.min(every)).await;
                let _ = self.check_and_tell().await;
            }
        }
    }

    async fn check_and_tell(&self) -> Result<(), CheckError> {
        let checked = self.check_all(Pace::Gentle).await;
        match &checked {
            Ok(Checked { sites, differences, .. }) if differences.is_empty() => {
                tracing::info!(sites, "self-check: every view equals its recomputation");
            }
            Ok(Checked { differences, counts, .. }) => {
                let found: u64 = counts.values().sum();
                tracing::error!(found, ?counts, first = ?differences.first(), "self-check: views differ from their recomputation; see `opentrace verify`");
            }
            Err(error) => tracing::warn!(%error, code = error.code(), "self-check without an answer"),
        }
        checked.map(drop)
    }

    async fn quiet_hour(&self) -> u8 {
        let week = Timestamp(clock::now().0 - 7 * DAY_MS);
        match self.store.events_by_hour(week).await {
            Ok(events) => quietest(&events),
            Err(error) => {
                tracing::debug!(%error, "it is not known what hour is quiet");
                USUALLY_QUIET
            }
        }
    }

    fn say_next(&self, due: Timestamp) {
        let due = jiff::Timestamp::from_millisecond(due.0).ok();
        self.reports.send_modify(|report| report.next = due);
    }
}

/// When the check after the one at `last` is due.
fn next(last: Timestamp, now: Timestamp, every: Duration, quiet_hour: u8) -> Timestamp {
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX / 2);
    if every < DAY_MS {
        return Timestamp((last.0 + every).max(now.0));
    }
    // Half a day of play lets the quiet hour move; the first after a start is the next there is.
    let earliest = now.0.max(last.0 + every - DAY_MS);
    let in_day = i64::from(quiet_hour) * HOUR_MS + INTO_THE_HOUR_MS;
    let today = earliest - earliest.rem_euclid(DAY_MS) + in_day;
    Timestamp(if today > earliest { today } else { today + DAY_MS })
}

/// The hour in which least happened; of several, the one that usually is quiet, or the first.
fn quietest(events: &[u64; 24]) -> u8 {
    let least = events.iter().min();
    let is_least = |hour: &u8| Some(&events[usize::from(*hour)]) == least;
    Some(USUALLY_QUIET).filter(is_least).or_else(|| (0..24).find(is_least)).unwrap_or(USUALLY_QUIET)
}

/// The clock may be set meanwhile, so it is looked at now and then.
async fn wait_until(due: Timestamp) {
    loop {
        let left = due.0 - clock::now().0;
        let Ok(left @ 1..) = u64::try_from(left) else { return };
        tokio::time::sleep(Duration::from_millis(left).min(AGAIN)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().expect("an instant").as_millisecond())
    }

    #[test]
    fn a_daily_check_is_made_in_the_quiet_hour() {
        let day = Duration::from_secs(86_400);
        let after = |now, quiet| next(at(now), at(now), day, quiet);
        assert_eq!(after("2026-03-01T01:00:00Z", 4), at("2026-03-01T04:23:00Z"));
        assert_eq!(after("2026-03-01T04:23:00Z", 4), at("2026-03-02T04:23:00Z"));
        assert_eq!(after("2026-03-01T05:00:00Z", 4), at("2026-03-02T04:23:00Z"));
        let weekly = next(at("2026-03-01T04:23:00Z"), at("2026-03-01T04:25:00Z"), 7 * day, 4);
        assert_eq!(weekly, at("2026-03-08T04:23:00Z"));
    }

    #[test]
    fn more_often_than_daily_every_hour_is_as_good() {
        let due = next(Timestamp(1_000), Timestamp(2_000), Duration::from_secs(60), 4);
        assert_eq!(due, Timestamp(61_000));
        let overdue = next(Timestamp(1_000), Timestamp(99_000), Duration::from_secs(60), 4);
        assert_eq!(overdue, Timestamp(99_000));
    }

    #[test]
    fn the_quiet_hour_is_the_one_with_least_events() {
        assert_eq!(quietest(&[0; 24]), USUALLY_QUIET);
        let mut events = [50; 24];
        events[17] = 2;
        events[19] = 2;
        assert_eq!(quietest(&events), 17);
    }
}
