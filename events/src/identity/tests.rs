use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;
use crate::ids::DAY_MS;

const DAY: i64 = 20_000;
const NOON: Timestamp = Timestamp(DAY * DAY_MS + DAY_MS / 2);
const SITE: SiteId = SiteId(7);

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(KEY_FILE);
        Self { _folder: folder, path }
    }

    fn open(&self, now: Timestamp) -> Identity {
        Identity::open(&self.path, now).expect("opens")
    }
}

fn who(address: &[u8; 4]) -> Fingerprint<'_> {
    Fingerprint { site: SITE, root: "example.com", address, user_agent: "Mozilla/5.0" }
}

fn at(day: i64, hour: i64, minute: i64) -> Timestamp {
    Timestamp(day * DAY_MS + (hour * 60 + minute) * 60_000)
}

/// Gives an id and notes it, as accepting an event does.
fn comes(identity: &Identity, address: &[u8; 4], ts: Timestamp) -> VisitorId {
    let visitor = identity.visitor(&who(address), ts, ts).expect("an id");
    identity.observe(SITE, visitor, ts);
    visitor
}

#[test]
fn a_day_has_one_id_and_days_have_different_ones() {
    let place = Place::new();
    let identity = place.open(NOON);
    let today = comes(&identity, &[1, 2, 3, 4], NOON);
    assert_eq!(comes(&identity, &[1, 2, 3, 4], at(DAY, 20, 0)), today);
    assert_ne!(comes(&identity, &[1, 2, 3, 5], NOON), today);
    let tomorrow = comes(&identity, &[1, 2, 3, 4], at(DAY + 1, 12, 0));
    assert_ne!(tomorrow, today);
}

#[test]
fn ids_survive_a_restart_and_the_file_is_private() {
    let place = Place::new();
    let before = comes(&place.open(NOON), &[1, 2, 3, 4], NOON);
    let mode = std::fs::metadata(&place.path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&place.path, std::fs::Permissions::from_mode(0o644)).expect("chmod");
    assert_eq!(comes(&place.open(NOON), &[1, 2, 3, 4], NOON), before);
    let mode = std::fs::metadata(&place.path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "protected again");
}

#[test]
fn forgotten_ids_cannot_be_made_again() {
    let place = Place::new();
    let identity = place.open(NOON);
    let day = comes(&identity, &[1, 2, 3, 4], NOON);
    let file_of_that_day = std::fs::read(&place.path).expect("the file");
    let key = &file_of_that_day[56..88];

    assert_eq!(identity.forget(at(DAY + 1, 23, 59)).expect("forgets"), 0, "kept through the next day");
    assert_eq!(identity.visitor(&who(&[1, 2, 3, 4]), NOON, at(DAY + 1, 23, 59)).expect("an id"), day);

    let after = at(DAY + 2, 12, 1);
    assert_eq!(identity.forget(after).expect("forgets"), 1);
    let file = std::fs::read(&place.path).expect("the file");
    assert!(!file.windows(key.len()).any(|window| window == key), "the key is gone from the file");
    assert_ne!(identity.visitor(&who(&[1, 2, 3, 4]), NOON, after).expect("an id"), day);
}

#[test]
fn the_old_file_is_overwritten_not_only_unlinked() {
    let place = Place::new();
    let identity = place.open(NOON);
    comes(&identity, &[1, 2, 3, 4], NOON);
    let mut old = std::fs::File::open(&place.path).expect("the old file");
    comes(&identity, &[1, 2, 3, 4], at(DAY + 1, 12, 0));
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut old, &mut bytes).expect("still readable");
    assert!(!bytes.is_empty() && bytes.iter().all(|&byte| byte == 0));
}

#[test]
fn the_key_of_an_older_day_is_kept_for_a_day_after_it_was_drawn() {
    let place = Place::new();
    let identity = place.open(NOON);
    let long_ago = at(DAY - 100, 3, 0);
    let ask = |now| identity.visitor(&who(&[9, 9, 9, 9]), long_ago, now).expect("an id");
    let first = ask(NOON);
    identity.forget(at(DAY + 1, 11, 59)).expect("forgets");
    assert_eq!(ask(at(DAY + 1, 11, 59)), first);
    identity.forget(at(DAY + 1, 12, 0)).expect("forgets");
    assert_ne!(ask(at(DAY + 1, 12, 0)), first);
}

#[test]
fn a_key_is_on_disk_before_it_is_used() {
    let place = Place::new();
    let identity = place.open(NOON);
    let given = identity.visitor(&who(&[1, 2, 3, 4]), NOON, NOON).expect("an id");
    // A crash right after the first use: nothing was closed or dropped.
    std::mem::forget(identity);
    assert_eq!(comes(&place.open(NOON), &[1, 2, 3, 4], NOON), given);
}

#[test]
fn a_crash_while_writing_leaves_the_old_keys_and_no_copy() {
    let place = Place::new();
    let given = comes(&place.open(NOON), &[1, 2, 3, 4], NOON);
    let half = place.path.with_extension("keys.next");
    std::fs::write(&half, b"OTKEYS1\nhalf a file").expect("writes");
    assert_eq!(comes(&place.open(NOON), &[1, 2, 3, 4], NOON), given);
    assert!(!half.exists());
}

#[test]
fn a_key_that_cannot_be_written_is_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sub").join(KEY_FILE);
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    let identity = Identity::open(&path, NOON).expect("opens");
    std::fs::rename(folder.path().join("sub"), folder.path().join("gone")).expect("renames");
    let error = identity.visitor(&who(&[1, 2, 3, 4]), NOON, NOON).expect_err("no place for the key");
    assert_eq!(error.code(), "identity_keys_io");
    std::fs::rename(folder.path().join("gone"), folder.path().join("sub")).expect("renames");
    let given = identity.visitor(&who(&[1, 2, 3, 4]), NOON, NOON).expect("an id");
    assert_eq!(comes(&Identity::open(&path, NOON).expect("opens"), &[1, 2, 3, 4], NOON), given);
}

#[test]
fn a_damaged_file_is_an_error_and_is_left_alone() {
    let place = Place::new();
    comes(&place.open(NOON), &[1, 2, 3, 4], NOON);
    let whole = std::fs::read(&place.path).expect("the file");
    for damaged in [&whole[..whole.len() - 1], &whole[..20], b"", b"something else entirely, of some length"]
    {
        std::fs::write(&place.path, damaged).expect("writes");
        let error = Identity::open(&place.path, NOON).expect_err("damaged");
        assert_eq!(error.code(), "identity_keys_corrupt");
        assert_eq!(std::fs::read(&place.path).expect("the file"), damaged);
    }
}

#[test]
fn a_session_crosses_midnight_and_its_visitor_stays_one() {
    let place = Place::new();
    let identity = place.open(NOON);
    let me = [1, 2, 3, 4];
    let before = comes(&identity, &me, at(DAY, 23, 50));
    assert_eq!(comes(&identity, &me, at(DAY + 1, 0, 20)), before, "thirty minutes later");
    assert_eq!(comes(&identity, &me, at(DAY + 1, 17, 0)), before, "and for the rest of that day");
    assert_eq!(comes(&identity, &me, at(DAY + 1, 23, 59)), before);
    let next = comes(&identity, &me, at(DAY + 2, 0, 1));
    assert_ne!(next, before, "but never over a second midnight");
}

#[test]
fn a_pause_over_midnight_ends_the_session() {
    let place = Place::new();
    let identity = place.open(NOON);
    let me = [1, 2, 3, 4];
    let before = comes(&identity, &me, at(DAY, 23, 50));
    let after = comes(&identity, &me, Timestamp(at(DAY + 1, 0, 20).0 + 1));
    assert_ne!(after, before, "a millisecond too late");
    assert_eq!(comes(&identity, &me, at(DAY + 1, 0, 5)), after, "an event that arrives late joins it");
}

#[test]
fn what_was_carried_is_known_after_a_restart() {
    let place = Place::new();
    let (carried, waiting, late) = ([1, 2, 3, 4], [5, 6, 7, 8], [9, 9, 9, 9]);
    let identity = place.open(NOON);
    let first = comes(&identity, &carried, at(DAY, 23, 40));
    comes(&identity, &carried, at(DAY, 23, 59));
    assert_eq!(comes(&identity, &carried, at(DAY + 1, 0, 10)), first);
    let before = comes(&identity, &waiting, at(DAY, 23, 55));
    let other = comes(&identity, &late, at(DAY, 23, 31));
    drop(identity);

    let identity = place.open(at(DAY + 1, 0, 15));
    // The first and the last event of each since half past eleven, in the order of time.
    let seen = [
        (other, 23, 31),
        (other, 23, 31),
        (first, 23, 40),
        (before, 23, 55),
        (before, 23, 55),
        (first, 24, 10),
    ];
    identity.seed(seen.map(|(visitor, hour, minute)| (SITE, visitor, at(DAY, hour, minute))));
    assert_eq!(comes(&identity, &carried, at(DAY + 1, 9, 0)), first, "carried before the restart");
    assert_eq!(comes(&identity, &waiting, at(DAY + 1, 0, 20)), before, "comes over after it");
    assert_ne!(comes(&identity, &late, at(DAY + 1, 0, 20)), other, "too long ago");
}

#[test]
fn many_collectors_at_midnight_draw_one_key() {
    let place = Place::new();
    let identity = place.open(NOON);
    let midnight = at(DAY + 1, 0, 0);
    let ids: std::collections::HashSet<VisitorId> = std::thread::scope(|scope| {
        let ask = || identity.visitor(&who(&[1, 2, 3, 4]), midnight, midnight).expect("an id");
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(ids.len(), 1);
    assert!(ids.contains(&comes(&place.open(midnight), &[1, 2, 3, 4], midnight)));
}

#[test]
fn named_people_are_the_same_on_every_day_and_kinds_do_not_mix() {
    let place = Place::new();
    let ada = place.open(NOON).named(SITE, Named::User, "ada");
    let identity = place.open(at(DAY + 400, 0, 0));
    assert_eq!(identity.named(SITE, Named::User, "ada"), ada);
    assert_ne!(identity.named(SiteId(8), Named::User, "ada"), ada);
    assert_ne!(identity.named(SITE, Named::Anonymous, "ada"), ada);
    let other = Place::new();
    assert_ne!(other.open(NOON).named(SITE, Named::User, "ada"), ada, "another installation, another id");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the bytes are cut into fields, different visitors get different ids.
    #[test]
    fn fields_do_not_run_together(text in "[ab]{0,40}", one in 0_usize..41, two in 0_usize..41) {
        let cut = |at: usize| text.split_at(at.min(text.len()));
        let key = [3; 32];
        let id = |(root, agent): (&str, &str)| {
            hash(&key, &Fingerprint { site: SITE, root, address: &[1, 2, 3, 4], user_agent: agent })
        };
        prop_assert_eq!(id(cut(one)) == id(cut(two)), cut(one) == cut(two));
    }

    /// Within a day the same inputs give the same id, and others another; on another day all differ.
    #[test]
    fn an_id_is_a_function_of_the_day_and_the_inputs(
        one in any::<([u8; 4], [u8; 16], u32)>(), two in any::<([u8; 4], [u8; 16], u32)>(), hours in (0_i64..24, 0_i64..24),
    ) {
        let place = Place::new();
        let identity = place.open(NOON);
        let id = |(address, agent, site): &([u8; 4], [u8; 16], u32), ts| {
            let agent = String::from_utf8_lossy(agent);
            let who = Fingerprint { site: SiteId(*site), root: "example.com", address, user_agent: &agent };
            identity.visitor(&who, ts, NOON).expect("an id")
        };
        prop_assert_eq!(id(&one, at(DAY, hours.0, 0)), id(&one, at(DAY, hours.1, 0)));
        prop_assert_ne!(id(&one, at(DAY, hours.0, 0)), id(&one, at(DAY - 1, hours.1, 0)));
        prop_assume!((one.0, one.2) != (two.0, two.2));
        prop_assert_ne!(id(&one, NOON), id(&two, NOON));
    }

    /// The short way and the long way to hash are one function.
    #[test]
    fn long_user_agents_hash_like_short_ones(agent in ".{0,300}") {
        let key = [5; 32];
        let parts = [b"example.com".as_slice(), &[1, 2, 3, 4], agent.as_bytes()];
        let who = Fingerprint { site: SITE, root: "example.com", address: &[1, 2, 3, 4], user_agent: &agent };
        prop_assert_eq!(hash(&key, &who), hash_long(&key, SITE, parts));
    }

    /// No bytes make reading the key file panic, and none but a whole file is believed.
    #[test]
    fn any_bytes_in_the_file_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let place = Place::new();
        std::fs::write(&place.path, &bytes).expect("writes");
        let error = Identity::open(&place.path, NOON).expect_err("not a key file");
        prop_assert_eq!(error.code(), "identity_keys_corrupt");
    }

    /// In order or not, a visitor's events on one day get one id as long as they come within the
    /// order in which the day's first one was decided; ids never reach over two midnights.
    #[test]
    fn an_id_lives_two_days_at_most(minutes in proptest::collection::vec(0_i64..4 * 1440, 1..60)) {
        let place = Place::new();
        let identity = place.open(at(DAY, 0, 0));
        let mut sorted = minutes;
        sorted.sort_unstable();
        let mut days_of = std::collections::HashMap::<VisitorId, std::collections::BTreeSet<i32>>::new();
        let mut ids_of = std::collections::HashMap::<i32, std::collections::BTreeSet<VisitorId>>::new();
        for minute in sorted {
            let ts = at(DAY, 0, minute);
            let id = comes(&identity, &[1, 2, 3, 4], ts);
            days_of.entry(id).or_default().insert(ts.utc_day());
            ids_of.entry(ts.utc_day()).or_default().insert(id);
        }
        prop_assert!(days_of.values().all(|days| days.len() <= 2), "{days_of:?}");
        prop_assert!(ids_of.values().all(|ids| ids.len() == 1), "{ids_of:?}");
    }
}
