//! How often somebody may try to sign in.
//!
//! Counted in windows, per address (for IPv6 per network, because a caller has a whole one) and per
//! account. The account's limit is far above the address's, so that nobody can keep its owner out
//! from one place; and it does not count where that account has signed in before, so that nobody can
//! from many places. Kept in memory only: 10,000 windows and 1,000 known places, some 100 bytes each.
//! Where there are more, those that have counted least make way: nobody is refused because of others.
//! Wrong after a restart, which begins anew.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::auth::keys::KeyHash;

const WINDOW: Duration = Duration::from_secs(15 * 60);
const PER_ADDRESS: u32 = 10;
const PER_ACCOUNT: u32 = 200;
const MOST: usize = 10_000;
/// Places where a password was known.
const MOST_KNOWN: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Address(IpAddr),
    Account(KeyHash),
}

#[derive(Debug, Default)]
pub(super) struct Attempts {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    windows: HashMap<Whose, Window>,
    /// When an account last showed its password from an address.
    known: HashMap<(IpAddr, KeyHash), Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Instant,
    count: u32,
}

impl Attempts {
    /// Notes an attempt before it is made, so that many at once count as many. Returns how long to
    /// wait where there were too many.
    pub(super) fn note(&self, from: IpAddr, account: &str) -> Result<(), Duration> {
        self.note_at(from, account, Instant::now())
    }

    /// Lets an address begin anew and remembers it: it knew the password of this account.
    pub(super) fn recognised(&self, from: IpAddr, account: &str) {
        self.recognised_at(from, account, Instant::now());
    }

    fn note_at(&self, from: IpAddr, account: &str, now: Instant) -> Result<(), Duration> {
        let (from, account) = (network(from), KeyHash::of(account));
        let mut held = self.lock();
        held.make_room(now);
        held.count(Whose::Address(from), PER_ADDRESS, now)?;
        if held.known.contains_key(&(from, account)) {
            return Ok(());
        }
        held.count(Whose::Account(account), PER_ACCOUNT, now)
    }

    fn recognised_at(&self, from: IpAddr, account: &str, now: Instant) {
        let from = network(from);
        let mut held = self.lock();
        held.windows.remove(&Whose::Address(from));
        held.known.insert((from, KeyHash::of(account)), now);
        if held.known.len() > MOST_KNOWN {
            let oldest = held.known.iter().min_by_key(|(_, at)| **at).map(|(place, _)| *place);
            held.known.retain(|place, _| Some(*place) != oldest);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Held {
    fn count(&mut self, whose: Whose, most: u32, now: Instant) -> Result<(), Duration> {
        let window = self.windows.entry(whose).or_insert(Window { began: now, count: 0 });
        let age = now.duration_since(window.began);
        if age >= WINDOW {
            *window = Window { began: now, count: 0 };
        } else if window.count >= most {
            return Err(WINDOW - age);
        }
        window.count += 1;
        Ok(())
    }

    /// Lets windows go that are over, and where that is not enough the half that has counted least:
    /// who has to wait still has to.
    fn make_room(&mut self, now: Instant) {
        if self.windows.len() + 2 <= MOST {
            return;
        }
        self.windows.retain(|_, window| now.duration_since(window.began) < WINDOW);
        if self.windows.len() + 2 <= MOST {
            return;
        }
        let mut counts: Vec<_> =
            self.windows.iter().map(|(whose, held)| (held.count, held.began, *whose)).collect();
        counts.sort_unstable_by_key(|(count, began, _)| (*count, *began));
        for (_, _, whose) in &counts[..MOST / 2] {
            self.windows.remove(whose);
        }
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
            attempts.recognised(ip, "ada@example.com");
        }
    }

    #[test]
    fn many_places_keep_nobody_out_where_they_have_been() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let home = IpAddr::from([192, 0, 2, 7]);
        let from = |number: u32| IpAddr::from(number.to_be_bytes());
        attempts.recognised_at(home, "ada@example.com", start);
        for number in 0..2 * PER_ACCOUNT {
            let _ = attempts.note_at(from(number), "ada@example.com", start);
        }
        assert!(attempts.note_at(from(9999), "ada@example.com", start).is_err());
        assert_eq!(attempts.note_at(home, "ada@example.com", start), Ok(()));
        assert!(
            attempts.note_at(home, "bob@example.com", start).is_ok(),
            "another account counts on its own"
        );
    }

    #[test]
    fn many_addresses_fill_nothing_for_others() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let guesser = IpAddr::from([192, 0, 2, 9]);
        for _ in 0..PER_ADDRESS {
            assert_eq!(attempts.note_at(guesser, "ada@example.com", start), Ok(()));
        }
        for number in 0..3 * MOST as u32 {
            // Each tries another account, so that no account's limit stops them.
            let ip = IpAddr::from(number.to_be_bytes());
            assert_eq!(attempts.note_at(ip, &format!("{number}@example.com"), start), Ok(()));
        }
        assert!(attempts.lock().windows.len() <= MOST);
        assert!(attempts.note_at(guesser, "ada@example.com", start).is_err(), "who has to wait still has to");
    }

    #[test]
    fn known_places_are_few() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        for number in 0..2 * MOST_KNOWN as u32 {
            let at = start + Duration::from_millis(u64::from(number));
            attempts.recognised_at(IpAddr::from(number.to_be_bytes()), "ada@example.com", at);
        }
        let held = attempts.lock();
        assert_eq!(held.known.len(), MOST_KNOWN);
        assert!(held.known.values().all(|at| *at >= start + Duration::from_millis(MOST_KNOWN as u64)));
    }
}
