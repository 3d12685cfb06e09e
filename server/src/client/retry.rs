//! How long and how often a request is repeated.

use std::future::Future;
use std::time::Duration;

use rand::Rng;
use tokio::time::{Instant, sleep};

use super::error::ClientError;

/// Doubling pauses with jitter, so that clients that failed together do not return together.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    first: Duration,
    longest: Duration,
    /// After this long the last error is given back.
    patience: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self::lasting(Duration::from_secs(30))
    }
}

impl Retry {
    /// Repeats for this long.
    pub fn lasting(patience: Duration) -> Self {
        Self { first: Duration::from_millis(100), longest: Duration::from_secs(5), patience }
    }

    /// Never repeats.
    pub fn never() -> Self {
        Self::lasting(Duration::ZERO)
    }

    /// Calls `attempt` until it succeeds, fails for good, or patience is over.
    pub(super) async fn run<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let end = Instant::now() + self.patience;
        let mut failures = 0;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(asked) = error.transient() else { return Err(error) };
            let pause = self.pause(failures, asked, rand::rng().random());
            if Instant::now() + pause >= end {
                return Err(error);
            }
            tracing::debug!(%error, ?pause, "trying again");
            sleep(pause).await;
            failures += 1;
        }
    }

    /// The wait after this many failures; `jitter` is within 0 and 1. Never shorter than the server
    /// asked for.
    fn pause(&self, failures: u32, asked: Duration, jitter: f64) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.min(16)).min(self.longest);
        if asked > doubled {
            return asked + asked.mul_f64(jitter / 4.0);
        }
        doubled.mul_f64(0.5 + jitter / 2.0).max(asked)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::client::error::Refusal;

    fn refused(status: u16, retry_after: Duration) -> ClientError {
        ClientError::Refused(Box::new(Refusal {
            status: reqwest::StatusCode::from_u16(status).expect("a status"),
            code: "test".to_owned(),
            message: String::new(),
            field: None,
            hint: None,
            retry_after: Some(retry_after),
        }))
    }

    #[test]
    fn pauses_double_and_stay_within_bounds() {
        let retry = Retry::default();
        for jitter in [0.0, 0.3, 1.0] {
            for failures in [0, 1, 5, 40] {
                let pause = retry.pause(failures, Duration::ZERO, jitter);
                assert!(pause <= retry.longest && pause >= retry.first / 2, "{failures} {pause:?}");
                assert!(retry.pause(failures, Duration::from_secs(9), jitter) >= Duration::from_secs(9));
            }
        }
        assert!(retry.pause(3, Duration::ZERO, 0.0) > retry.pause(0, Duration::ZERO, 1.0));
    }

    #[tokio::test(start_paused = true)]
    async fn busy_is_waited_for_and_wrong_is_not() {
        let millis = Duration::from_millis;
        let retry = Retry { first: millis(1), longest: millis(4), patience: millis(200) };
        let calls = Cell::new(0);
        let count = || {
            calls.set(calls.get() + 1);
            calls.get()
        };
        let third = retry.run(|| {
            let call = count();
            async move { if call < 3 { Err(refused(503, millis(0))) } else { Ok(call) } }
        });
        assert_eq!(third.await.ok(), Some(3));

        calls.set(0);
        let wrong = retry.run(|| {
            count();
            async { Err::<(), _>(refused(400, millis(0))) }
        });
        assert!(wrong.await.is_err() && calls.get() == 1);

        calls.set(0);
        let started = Instant::now();
        let never = retry.run(|| {
            count();
            async { Err::<(), _>(refused(503, millis(20))) }
        });
        assert!(never.await.is_err());
        assert!((2..=10).contains(&calls.get()), "{} calls", calls.get());
        assert!(started.elapsed() <= retry.patience);
    }
}
