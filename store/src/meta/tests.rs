//! Against a real file.

use jiff::civil::Weekday;
use opentrace_events::SiteId;
use opentrace_events::define::{Condition, Spec};
use uuid::Uuid;

use super::{
    DefinitionChange, KeyRecord, LinkRecord, LogoRecord, LookRecord, Meta, PersonRecord, SessionRecord,
    SiteChange,
};
use crate::StoreError;

#[tokio::test]
async fn sites_are_kept_changed_and_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("meta.sqlite");
    let meta = Meta::open(&file).await.expect("opens");
    let berlin = SiteChange { timezone: Some("Europe/Berlin".to_owned()), ..SiteChange::default() };
    let site = meta.create_site("https://WWW.Example.com/", &berlin).await.expect("is made");
    assert_eq!((site.domain.as_str(), site.timezone.iana_name()), ("example.com", Some("Europe/Berlin")));
    let again = meta.create_site("example.com", &SiteChange::default()).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    for (change, field) in [
        (SiteChange { timezone: Some("Mars/Base".to_owned()), ..SiteChange::default() }, "timezone"),
        (SiteChange { currency: Some("Dollars".to_owned()), ..SiteChange::default() }, "currency"),
        (SiteChange { currency: Some("XXQ".to_owned()), ..SiteChange::default() }, "currency"),
        (SiteChange { retention_days: Some(36_501), ..SiteChange::default() }, "retention_days"),
    ] {
        let refused = meta.update_site(site.id, &change).await;
        assert!(matches!(&refused, Err(StoreError::Invalid { field: f, .. }) if *f == field), "{refused:?}");
    }
    let change =
        SiteChange { week_start: Some(Weekday::Sunday), identified: Some(true), ..SiteChange::default() };
    let changed = meta.update_site(site.id, &change).await.expect("is changed");
    meta.close().await;

    let meta = Meta::open(&file).await.expect("opens again");
    assert_eq!(meta.sites().await.expect("lists"), std::slice::from_ref(&changed));
    assert!(changed.identified);
    let nobody = meta.update_site(SiteId(99), &change).await;
    assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_site_takes_another_name_and_is_known_by_the_former_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("opens");
    let called = |domain: &str| SiteChange { domain: Some(domain.to_owned()), ..SiteChange::default() };
    let site = meta.create_site("exmaple.com", &SiteChange::default()).await.expect("is made");
    let other = meta.create_site("other.com", &SiteChange::default()).await.expect("is made");
    let renamed = meta.update_site(site.id, &called("https://www.Example.com/")).await.expect("is renamed");
    assert_eq!((renamed.id, renamed.domain.as_str()), (site.id, "example.com"));
    assert_eq!(renamed.calendar, site.calendar, "nothing is counted anew for a name");
    assert_eq!(meta.former_domains().await.expect("lists"), [("exmaple.com".to_owned(), site.id)]);
    let taken = meta.update_site(other.id, &called("example.com")).await;
    assert!(matches!(taken, Err(StoreError::Exists { .. })), "{taken:?}");
    let none = meta.update_site(site.id, &called("no domain")).await;
    assert!(matches!(none, Err(StoreError::Invalid { field: "domain", .. })), "{none:?}");
    assert_eq!(meta.sites().await.expect("lists")[0], renamed);

    // Who is called so now is meant.
    meta.create_site("exmaple.com", &SiteChange::default()).await.expect("is made");
    assert_eq!(meta.former_domains().await.expect("lists"), []);
    meta.update_site(other.id, &called("another.com")).await.expect("is renamed");
    meta.update_site(other.id, &called("other.com")).await.expect("is renamed back");
    assert_eq!(meta.former_domains().await.expect("lists"), [("another.com".to_owned(), other.id)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_at_once_follow_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("opens");
    let site = meta.create_site("example.com", &SiteChange::default()).await.expect("is made");
    let changes = (0..200u32).map(|days| {
        let (meta, change) =
            (meta.clone(), SiteChange { retention_days: Some(days), ..SiteChange::default() });
        tokio::spawn(async move { meta.update_site(site.id, &change).await.map(drop) })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.expect("no panic").expect("is kept");
    }
}

#[tokio::test]
async fn keys_are_kept_until_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("opens");
    let site = meta.create_site("example.com", &SiteChange::default()).await.expect("is made");
    let key = KeyRecord {
        id: Uuid::from_u128(7),
        hash: [3; 32],
        hint: "ot_abc".to_owned(),
        name: "web".to_owned(),
        site: Some(site.id),
        scopes: vec!["collect".to_owned(), "read".to_owned()],
        created_at: 5,
    };
    meta.insert_key(&key).await.expect("is kept");
    assert_eq!(meta.keys().await.expect("lists"), std::slice::from_ref(&key));
    meta.audit("admin", "key.create", "web").await.expect("is noted");
    meta.revoke_key(key.id).await.expect("is revoked");
    assert!(meta.keys().await.expect("lists").is_empty());
    assert!(matches!(meta.revoke_key(key.id).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn there_is_one_owner_who_is_signed_out_by_a_new_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("opens");
    let person = |id: u128| PersonRecord {
        id: Uuid::from_u128(id),
        email: format!("{id}@example.com"),
        name: "Ada".to_owned(),
        password: "hash".to_owned(),
        created_at: 5,
    };
    // Two at once: one of them is first.
    let (first, second) = (person(1), person(2));
    let (one, other) = tokio::join!(meta.create_owner(&first), meta.create_owner(&second));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let late = meta.create_owner(&person(3)).await;
    assert!(matches!(late, Err(StoreError::Exists { .. })), "{late:?}");
    let people = meta.people().await.expect("lists");
    let [owner] = people.as_slice() else { panic!("{people:?}") };

    let session =
        |hash: u8, expires_at: i64| SessionRecord { hash: [hash; 32], person: owner.id, expires_at };
    let (open, over) = (session(1, i64::MAX), session(2, 1));
    for session in [&over, &open] {
        meta.insert_session(session).await.expect("is kept");
    }
    assert_eq!(meta.sessions().await.expect("lists"), [open]);
    meta.delete_session(&open.hash).await.expect("is forgotten");
    assert_eq!(meta.sessions().await.expect("lists"), []);

    meta.insert_session(&open).await.expect("is kept");
    meta.set_password(owner.id, "other").await.expect("is changed");
    assert_eq!(meta.sessions().await.expect("lists"), []);
    assert_eq!(meta.people().await.expect("lists")[0].password, "other");
    let nobody = meta.set_password(Uuid::from_u128(9), "x").await;
    assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn dashboards_are_kept_shared_and_thrown_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("opens");
    let site = meta.create_site("example.com", &SiteChange::default()).await.expect("is made");
    let id = Uuid::from_u128(7);
    let made = meta.put_dashboard(id, site.id, "Mine", "[]").await.expect("is kept");
    assert_eq!((made.name.as_str(), &made.link), ("Mine", &None));
    let changed = meta.put_dashboard(id, site.id, "Ours", "[1]").await.expect("is kept");
    assert_eq!((changed.id, changed.tiles.as_str(), changed.created_at), (id, "[1]", made.created_at));
    assert_eq!(meta.dashboards(site.id).await.expect("lists"), [changed]);

    let link = LinkRecord { token: "abc".to_owned(), password: Some("hash".to_owned()), embed: true };
    meta.share_dashboard(id, Some(&link)).await.expect("is shared");
    let shared = meta.shared_dashboard("abc").await.expect("looks").expect("is there");
    assert_eq!((shared.id, shared.link), (id, Some(link)));
    meta.share_dashboard(id, None).await.expect("is shared no longer");
    assert_eq!(meta.shared_dashboard("abc").await.expect("looks"), None);

    meta.delete_dashboard(id).await.expect("is thrown away");
    assert!(matches!(meta.delete_dashboard(id).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(meta.share_dashboard(id, None).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn definitions_get_new_numbers_when_what_they_mean_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let meta = Meta::open(&folder.path().join("meta.sqlite")).await.expect("opens");
    let site = meta.create_site("example.com", &SiteChange::default()).await.expect("is made");
    let goal = |name: &str| DefinitionChange {
        name: name.to_owned(),
        body: "{}".to_owned(),
        spec: Spec::Goal { event: Condition::any() },
    };
    let made = meta.create_definition(site.id, &goal("signup")).await.expect("is made");
    assert!(made.definition.id.0 >= 1000);
    let again = meta.create_definition(site.id, &goal("signup")).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    let other = meta.create_definition(site.id, &goal("buy")).await.expect("is made");
    let changed = meta.update_definition(made.id, &goal("sign-up")).await.expect("is changed");
    assert_eq!((changed.id, changed.name.as_str()), (made.id, "sign-up"));
    assert!(changed.definition.id > other.definition.id);

    let identified = SiteChange { identified: Some(true), ..SiteChange::default() };
    let same = meta.update_site(site.id, &identified).await.expect("is changed");
    assert_eq!(same.calendar, site.calendar, "nothing was made by it");
    let moved = SiteChange { timezone: Some("Asia/Tokyo".to_owned()), ..SiteChange::default() };
    let moved = meta.update_site(site.id, &moved).await.expect("is changed");
    assert!(moved.calendar > site.calendar);
    let held = meta.definitions().await.expect("lists");
    assert!(held.iter().all(|held| held.definition.id > changed.definition.id), "{held:?}");

    meta.delete_definition(made.id).await.expect("is removed");
    assert!(matches!(meta.delete_definition(made.id).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(meta.update_definition(made.id, &goal("x")).await, Err(StoreError::NotFound { .. })));
    assert_eq!(meta.definitions().await.expect("lists").len(), 1);
}

#[tokio::test]
async fn the_look_is_the_last_one_that_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("meta.sqlite");
    let meta = Meta::open(&file).await.expect("opens");
    assert_eq!(meta.look().await.expect("none yet"), LookRecord::default());
    let logo = LogoRecord { media_type: "image/png".to_owned(), bytes: vec![1, 2, 3] };
    let look = LookRecord { name: "Acme".to_owned(), accent: "#0a7d4f".to_owned(), logo: Some(logo) };
    meta.put_look(&look).await.expect("is kept");
    meta.close().await;
    let meta = Meta::open(&file).await.expect("opens again");
    assert_eq!(meta.look().await.expect("is there"), look);
    let plain = LookRecord { logo: None, ..look };
    meta.put_look(&plain).await.expect("is kept");
    assert_eq!(meta.look().await.expect("is there"), plain);
}
