//! How fast a channel is spoken to.

use std::time::Duration;

use tokio::time::Instant;

/// Lets so many through at once, and so many per second in the long run.
#[derive(Debug)]
pub(super) struct Bucket {
    room: f64,
    tokens: f64,
    per_second: f64,
    filled_at: Instant,
    /// Nothing is let through before.
    closed_until: Instant,
}

impl Bucket {
    pub(super) fn new(burst: u32, per_second: f64) -> Self {
        let room = f64::from(burst.max(1));
        let now = Instant::now();
        Self { room, tokens: room, per_second, filled_at: now, closed_until: now }
    }

    /// Lets nothing through for a while.
    pub(super) fn rest(&mut self, until: Instant) {
        self.closed_until = self.closed_until.max(until);
    }

    /// Takes a token; where there is none, says how long until there is.
    pub(super) fn take(&mut self, now: Instant) -> Option<Duration> {
        if now < self.closed_until {
            return Some(self.closed_until - now);
        }
        let gained = (now - self.filled_at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.room);
        self.filled_at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        Some(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_its_rate() {
        let mut bucket = Bucket::new(3, 2.0);
        let now = Instant::now();
        assert_eq!([0; 3].map(|_| bucket.take(now)), [None; 3]);
        let wait = bucket.take(now).expect("empty");
        let now = now + wait + Duration::from_millis(1);
        assert_eq!(bucket.take(now), None);
        let now = now + Duration::from_secs(60);
        assert_eq!([0; 3].map(|_| bucket.take(now)), [None; 3]);
        assert!(bucket.take(now).is_some(), "silence saves up no more than a burst");
        bucket.rest(now + Duration::from_secs(7));
        bucket.rest(now + Duration::from_secs(5));
        let later = now + Duration::from_secs(6);
        assert_eq!(bucket.take(later), Some(Duration::from_secs(1)), "the receiver said seven seconds");
        assert_eq!(bucket.take(now + Duration::from_secs(7)), None);
    }
}
