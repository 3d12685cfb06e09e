//! How often somebody may ask: so many questions a minute for each key, person or machine.
//!
//! Keeps one moment for everybody who asked lately (16 bytes and who they are). Wrong when the
//! program runs several times behind one address: each counts for itself.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use warp::http::StatusCode;
use warp::http::header::{HeaderName, HeaderValue};
use warp::reply::Response;

use super::ApiError;
use crate::auth::Who;

/// Those who asked long ago are forgotten when there are more than this.
const REMEMBERED: usize = 10_000;

type Limiter = RateLimiter<Who, HashMapStateStore<Who>, MonotonicClock, StateInformationMiddleware>;

/// Counts questions.
pub(super) struct Rates {
    limiter: Option<Limiter>,
    clock: MonotonicClock,
    /// Questions a minute.
    limit: u32,
}

impl std::fmt::Debug for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rates").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// A question that may be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    limit: u32,
    left: u32,
}

impl Rates {
    /// At most `limit` questions a minute, all of them at once if somebody likes; 0 for any number.
    pub(super) fn new(limit: u32) -> Self {
        let clock = MonotonicClock;
        let quota = NonZeroU32::new(limit).map(Quota::per_minute);
        let limiter: Option<Limiter> =
            quota.map(|quota| RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()));
        Self { limiter, clock, limit }
    }

    /// Counts a question: 429 where there were too many.
    pub(super) fn take(&self, who: Who) -> Result<Ticket, ApiError> {
        let Some(limiter) = &self.limiter else { return Ok(Ticket { limit: 0, left: 0 }) };
        if limiter.len() > REMEMBERED {
            limiter.retain_recent();
        }
        match limiter.check_key(&who) {
            Ok(state) => Ok(Ticket { limit: self.limit, left: state.remaining_burst_capacity() }),
            Err(until) => Err(refusal(self.limit, until.wait_time_from(self.clock.now()))),
        }
    }
}

fn refusal(limit: u32, wait: Duration) -> ApiError {
    let message = format!("more than {limit} questions a minute");
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message)
        .hint("wait as long as `Retry-After` says")
        .retry_after(wait)
        .limited(&Ticket { limit, left: 0 }.headers())
}

impl Ticket {
    /// The answer with what is left.
    pub(super) fn marked(self, mut answer: Response) -> Response {
        for (name, value) in self.headers() {
            answer.headers_mut().insert(name, value);
        }
        answer
    }

    fn headers(self) -> Vec<(HeaderName, HeaderValue)> {
        if self.limit == 0 {
            return Vec::new();
        }
        // Everything is there again when what was used has come back, one after the other.
        let used = self.limit - self.left.min(self.limit);
        let reset = (f64::from(used) * 60.0 / f64::from(self.limit)).ceil() as u64;
        vec![
            (HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from(self.limit)),
            (HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from(self.left)),
            (HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(reset)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use warp::reply::Reply;

    use super::*;

    #[test]
    fn each_has_its_own_count_and_is_told_to_wait() {
        let rates = Rates::new(3);
        for left in [2, 1, 0] {
            let answer = rates.take(Who::Admin).expect("a ticket").marked("".into_response());
            assert_eq!(answer.headers()["x-ratelimit-remaining"], left.to_string());
            assert_eq!(answer.headers()["x-ratelimit-limit"], "3");
        }
        let refused = rates.take(Who::Admin).expect_err("too many").into_response();
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()["retry-after"], "20");
        assert_eq!(refused.headers()["x-ratelimit-remaining"], "0");
        assert!(rates.take(Who::Local).is_ok(), "others are not held up");
    }

    #[test]
    fn nought_is_no_limit() {
        let rates = Rates::new(0);
        for _ in 0..10_000 {
            assert!(rates.take(Who::Admin).is_ok());
        }
    }
}
