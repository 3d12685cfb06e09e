//! How often somebody may try to sign in.
//!
//! Counted in windows, per address (for IPv6 per network, because a caller has a whole one) and per
//! account. The account's limit is far above the address's, so that nobody can keep its owner out
//! from one place. Kept in memory only: 10,000 entries, some 100 bytes each. Wrong after a restart,
//! which begins anew.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::auth::keys::KeyHash;

const WINDOW: Duration = Duration::from_secs(15 * 60);
const PER_ADDRESS: u32 = 10;
const PER_ACCOUNT: u32 = 200;
const MOST: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Address(IpAddr),
    Account(KeyHash),
}

#[derive(Debug, Default)]
pub(super) struct Attempts {
    windows: Mutex<HashMap<Whose, (Instant, u32)>>,
}

impl Attempts {
    /// Notes an attempt before it is made, so that many at once count as many. Returns how long to
    /// wait where there were too many.
    pub(super) fn note(&self, from: IpAddr, email: &str) -> Result<(), Duration> {
        self.note_at(from, email, Instant::now())
    }

    /// Lets an address begin anew: it knew a password.
    pub(super) fn forget(&self, from: IpAddr) {
        self.lock().remove(&Whose::Address(network(from)));
    }

    fn note_at(&self, from: IpAddr, email: &str, now: Instant) -> Result<(), Duration> {
        let mut windows = self.lock();
        if windows.len() + 2 > MOST {
            windows.retain(|_, (began, _)| now.duration_since(*began) < WINDOW);
            if windows.len() + 2 > MOST {
                return Err(WINDOW);
            }
        }
        let whose =
            [(Whose::Address(network(from)), PER_ADDRESS), (Whose::Account(KeyHash::of(email)), PER_ACCOUNT)];
        for (whose, most) in whose {
            let (began, count) = windows.entry(whose).or_insert((now, 0));
            let age = now.duration_since(*began);
            if age >= WINDOW {
                (*began, *count) = (now, 0);
            } else if *count >= most {
                return Err(WINDOW - age);
            }
            *count += 1;
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Whose, (Instant, u32)>> {
        self.windows.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_until_its_window_is_over() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        for _ in 0..PER_ADDRESS {
            assert_eq!(attempts.note_at(ip("2001:db8::1"), "ada@example.com", start), Ok(()));
        }
        let later = start + Duration::from_secs(60);
        let wait = attempts.note_at(ip("2001:db8::ffff"), "ada@example.com", later);
        assert_eq!(wait, Err(WINDOW - Duration::from_secs(60)), "the same network");
        assert_eq!(attempts.note_at(ip("2001:db8:0:1::1"), "ada@example.com", later), Ok(()));
        assert_eq!(attempts.note_at(ip("2001:db8::1"), "ada@example.com", start + WINDOW), Ok(()));
    }

    #[test]
    fn an_account_waits_wherever_they_come_from() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let from = |number: u32| IpAddr::from(number.to_be_bytes());
        for number in 0..PER_ACCOUNT {
            assert_eq!(attempts.note_at(from(number), "ada@example.com", start), Ok(()));
        }
        assert_eq!(attempts.note_at(from(9999), "ada@example.com", start), Err(WINDOW));
        assert_eq!(attempts.note_at(from(9998), "bob@example.com", start), Ok(()));
    }

    #[test]
    fn who_knew_a_password_begins_anew() {
        let attempts = Attempts::default();
        let ip = IpAddr::from([192, 0, 2, 7]);
        for _ in 0..3 * PER_ADDRESS {
            assert_eq!(attempts.note(ip, "ada@example.com"), Ok(()));
            attempts.forget(ip);
        }
    }
}
