//! A clock that runs fast: weeks pass in minutes.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, beginning `span` before now and reaching now after `lasting`.
#[derive(Clone, Copy, Debug)]
pub struct FastClock {
    began: Instant,
    from_ms: i64,
    speed: f64,
}

impl FastClock {
    pub fn new(span: Duration, lasting: Duration) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            began: Instant::now(),
            from_ms: (now.as_millis() as i64) - span.as_millis() as i64,
            speed: span.as_secs_f64() / lasting.as_secs_f64(),
        }
    }

    pub fn now_ms(&self) -> i64 {
        self.from_ms + (self.began.elapsed().as_secs_f64() * 1e3 * self.speed) as i64
    }

    /// Days since it began.
    pub fn days(&self) -> f64 {
        (self.now_ms() - self.from_ms) as f64 / 86_400_000.0
    }
}
