use std::borrow::Cow;
use std::net::Ipv4Addr;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::enrich::Geo;
use crate::identity::KEY_FILE;
use crate::ids::{DAY_MS, SiteId};
use crate::native::{Props, When};

const NOW: Timestamp = Timestamp(1_750_000_000_000);
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36";

struct Desk {
    _folder: tempfile::TempDir,
    acceptor: Acceptor,
    site: Site,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = Identity::open(&folder.path().join(KEY_FILE), NOW).expect("opens");
        let geo =
            Geo::open(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/city.mmdb")));
        let sites = Sites::default();
        let site = Site {
            id: SiteId(1),
            domain: "example.com".to_owned(),
            timezone: TimeZone::UTC,
            week_start: Weekday::Monday,
            identified: false,
            numbered: false,
            currency: "EUR".to_owned(),
            bots: BotPolicy::Drop,
            honour_privacy_signals: true,
            retention_days: 0,
            calendar: 0,
        };
        sites.put(site.clone());
        let acceptor = Acceptor::new(sites, identity, Enricher::new(geo), Limits::default());
        Self { _folder: folder, acceptor, site }
    }

    fn take(&self, json: &str, origin: &Origin<'_>) -> Result<Event, Rejection> {
        self.acceptor.accept(&self.site, NativeEvent::parse(json)?, origin)
    }

    fn code(&self, json: &str) -> &'static str {
        self.take(json, &browser()).map_or_else(|rejection| rejection.code(), |_| "accepted")
    }
}

fn browser() -> Origin<'static> {
    Origin {
        ip: Ipv4Addr::new(203, 0, 113, 7).into(),
        user_agent: CHROME,
        accept_language: Some("de-de,en;q=0.5"),
        trusted: false,
        history: false,
        dnt: false,
        gpc: false,
        now: NOW,
    }
}

fn keyed() -> Origin<'static> {
    Origin { trusted: true, user_agent: "python-requests/2.31.0", accept_language: None, ..browser() }
}

#[test]
fn a_page_view_of_a_browser_is_enriched() {
    let desk = Desk::new();
    let event = desk
        .take(
            r#"{"name":"pageview","url":"https://www.example.com/pricing?utm_source=news&utm_medium=email&x=1#top",
                "referrer":"https://www.google.com/","title":" Prices ","screen":"1920x1080",
                "props":{"b":"2","a":1},"ip":"8.8.8.8","user_agent":"curl/8","country":"US","user_id":"ada"}"#,
            &browser(),
        )
        .expect("accepted");
    assert_eq!((event.page.path.as_str(), event.page.title.as_str()), ("/pricing", "Prices"));
    let visit = &event.visit;
    assert_eq!((visit.hostname.as_str(), visit.referrer.as_str()), ("example.com", "google.com"));
    assert_eq!(
        (visit.source.as_str(), visit.medium.as_str(), visit.channel.as_str()),
        ("news", "email", "Email")
    );
    assert_eq!(
        (visit.country.as_str(), visit.region.as_str(), visit.city.as_str()),
        ("DE", "DE-BY", "München")
    );
    assert_eq!((visit.browser.as_str(), visit.browser_version.as_str()), ("Chrome", "129"));
    assert_eq!(
        (visit.os.as_str(), visit.device.as_str(), visit.language.as_str()),
        ("Windows", "Desktop", "de-DE")
    );
    assert_eq!((visit.platform.as_str(), visit.screen.as_str()), ("web", "1920x1080"));
    assert_eq!(event.props, [("a".into(), "1".into()), ("b".into(), "2".into())]);
    assert_eq!((event.ts, event.received_at, event.interactive), (NOW, NOW, true));
    assert_eq!((event.client_id, event.id.get_version_num()), (false, 7));
    assert_eq!(event.user_id, "", "no identifiers outside identified mode");
}

#[test]
fn keyed_callers_speak_for_others() {
    let desk = Desk::new();
    let json = format!(r#"{{"name":"signup","ip":"203.0.113.9","user_agent":"{CHROME}"}}"#);
    let event = desk.take(&json, &keyed()).expect("accepted");
    assert_eq!((event.visit.country.as_str(), event.visit.browser.as_str()), ("DE", "Chrome"));
    let same =
        desk.take(r#"{"name":"signup"}"#, &Origin { ip: Ipv4Addr::new(203, 0, 113, 9).into(), ..browser() });
    assert_eq!(event.visitor, same.expect("accepted").visitor, "the same as if the visitor had come here");

    let bare =
        desk.take(r#"{"name":"invoice paid"}"#, &keyed()).expect("the caller's own user agent is nobody's");
    assert_eq!(
        (bare.visit.platform.as_str(), bare.visit.country.as_str(), bare.visit.browser.as_str()),
        ("server", "", "")
    );
    let said = desk
        .take(r#"{"name":"x","country":"fr","city":"Lyon","browser":"Ours","os":"Ours","device":"Kiosk","platform":"IoT"}"#, &keyed())
        .expect("accepted");
    assert_eq!(
        (said.visit.country.as_str(), said.visit.region.as_str(), said.visit.city.as_str()),
        ("FR", "", "Lyon")
    );
    assert_eq!(
        (said.visit.browser.as_str(), said.visit.device.as_str(), said.visit.platform.as_str()),
        ("Ours", "Kiosk", "iot")
    );
    for (json, code) in [
        (r#"{"name":"x","ip":"1.2.3"}"#, "ip_invalid"),
        (r#"{"name":"x","country":"France"}"#, "country_invalid"),
    ] {
        assert_eq!(desk.take(json, &keyed()).map_err(|error| error.code()), Err(code));
        assert!(desk.take(json, &browser()).is_ok(), "not believed, so not read");
    }
}

#[test]
fn bots_are_dropped_or_flagged() {
    let mut desk = Desk::new();
    let crawler = Origin { user_agent: "Googlebot/2.1", ..browser() };
    let json = r#"{"name":"pageview","url":"/","platform":"web"}"#;
    assert_eq!(desk.take(json, &crawler), Err(Rejection::Bot));
    assert_eq!(desk.take(json, &Origin { user_agent: "", ..browser() }), Err(Rejection::Bot));
    assert_eq!(desk.take(r#"{"name":"x","user_agent":"Googlebot"}"#, &keyed()), Err(Rejection::Bot));
    desk.site.bots = BotPolicy::Flag;
    assert_eq!(desk.take(json, &crawler).expect("flagged").visit.platform, "bot");
}

#[test]
fn privacy_signals_are_honoured_where_the_site_says_so() {
    let mut desk = Desk::new();
    for origin in [Origin { dnt: true, ..browser() }, Origin { gpc: true, ..browser() }] {
        assert_eq!(desk.take(r#"{"name":"x"}"#, &origin), Err(Rejection::PrivacySignal));
    }
    desk.site.honour_privacy_signals = false;
    assert!(desk.take(r#"{"name":"x"}"#, &Origin { dnt: true, ..browser() }).is_ok());
}

#[test]
fn identified_sites_know_people() {
    let mut desk = Desk::new();
    desk.site.identified = true;
    let who = |json: &str, day: i64| {
        let origin = Origin { now: Timestamp(NOW.0 + day * DAY_MS), ..browser() };
        let event = desk.take(json, &origin).expect("accepted");
        (event.visitor, event.user_id)
    };
    let ada = who(r#"{"name":"x","user_id":"ada","anonymous_id":"device"}"#, 0);
    assert_eq!(ada.1, "ada");
    assert_eq!(who(r#"{"name":"x","user_id":"ada"}"#, 3), ada);
    let device = who(r#"{"name":"x","anonymous_id":"device"}"#, 0);
    assert_ne!(device.0, ada.0);
    assert_eq!(who(r#"{"name":"x","anonymous_id":"device"}"#, 3), device);
    assert_ne!(who(r#"{"name":"x"}"#, 0).0, who(r#"{"name":"x"}"#, 3).0, "others live for a day");
}

#[test]
fn nothing_is_taken_that_the_site_does_not_keep() {
    let mut desk = Desk::new();
    desk.site.retention_days = 10;
    let at = |ms: i64, origin: &Origin<'_>| {
        let taken = desk.take(&format!(r#"{{"name":"x","ts":{}}}"#, NOW.0 - ms), origin);
        taken.map(|_| ()).map_err(|rejection| (rejection.code(), rejection.to_string()))
    };
    for origin in [&browser(), &Origin { history: true, ..keyed() }] {
        assert_eq!(at(10 * DAY_MS, origin), Ok(()));
        let (code, why) = at(10 * DAY_MS + 1, origin).expect_err("is too old");
        assert!(code == "too_old" && why.contains("longer than 10 days"), "{code}: {why}");
    }
}

#[test]
fn times_are_believed_within_reason() {
    let desk = Desk::new();
    let at = |ms: i64, origin: &Origin<'_>| {
        let taken = desk.take(&format!(r#"{{"name":"x","ts":{ms}}}"#), origin);
        taken.map(|event| event.ts.0 - NOW.0).map_err(|rejection| rejection.code())
    };
    let live = browser();
    assert_eq!(at(NOW.0 - 30 * DAY_MS, &live), Ok(-30 * DAY_MS));
    assert_eq!(at(NOW.0 - 30 * DAY_MS - 1, &live), Err("too_old"));
    assert_eq!(at(NOW.0 - 900 * DAY_MS, &Origin { history: true, ..keyed() }), Ok(-900 * DAY_MS));
    assert_eq!(at(NOW.0 + DAY_MS, &live), Ok(0), "counts as received now");
    assert_eq!(at(NOW.0 + DAY_MS + 1, &live), Err("in_future"));
    assert_eq!(at(-1, &Origin { history: true, ..keyed() }), Err("too_old"));
    assert_eq!(at(i64::MAX, &live), Err("in_future"));
    assert_eq!(at(i64::MIN, &live), Err("too_old"));
    for (ts, expected) in [
        (r#""2025-06-15T14:00:00+02:00""#, Ok(1_749_988_800_000)),
        (r#""2025-06-15T12:00:00.123Z""#, Ok(1_749_988_800_123)),
        (r#""1749988800123""#, Ok(1_749_988_800_123)),
        ("1749988800123.7", Ok(1_749_988_800_123)),
        ("null", Ok(NOW.0)),
        (r#""2025-06-15T12:00:00""#, Err("ts_invalid")),
        (r#""yesterday""#, Err("ts_invalid")),
        ("true", Err("event_invalid")),
        (r#""2099-01-01T00:00:00Z""#, Err("in_future")),
    ] {
        let taken = desk.take(&format!(r#"{{"name":"x","ts":{ts}}}"#), &live);
        assert_eq!(taken.map(|event| event.ts.0).map_err(|rejection| rejection.code()), expected, "{ts}");
    }
}

#[test]
fn ids_are_the_clients_or_made_here() {
    let desk = Desk::new();
    let id = |id: &str| {
        let taken = desk.take(&format!(r#"{{"name":"x","id":{id}}}"#), &browser());
        taken.map(|event| (event.id, event.client_id)).map_err(|rejection| rejection.code())
    };
    let uuid = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    assert_eq!(id(&format!("\"{uuid}\"")), Ok((uuid.parse().expect("a UUID"), true)));
    let order = id("\"order-1\"").expect("accepted");
    assert_eq!((order.0.get_version_num(), order.1), (8, true));
    assert_eq!(id("\"order-1\""), Ok(order));
    assert_ne!(id("\"order-2\""), Ok(order));
    assert_eq!(id(&format!("\"{}\"", "é".repeat(128))).map(|(_, client)| client), Ok(true));
    assert_eq!(id(&format!("\"{}\"", "é".repeat(129))), Err("id_invalid"));
    assert_eq!(id("\"\""), Err("id_invalid"));
    assert_eq!(id("\"00000000-0000-0000-0000-000000000000\""), Err("id_invalid"));
    assert_ne!(id("null").expect("made here").0, id("null").expect("made here").0);
    let derived =
        [derive_id("a", "k", 0), derive_id("a", "k", 1), derive_id("ak", "", 0), derive_id("b", "k", 0)];
    assert_eq!(derived.iter().collect::<std::collections::HashSet<_>>().len(), 4);
    assert_eq!(derive_id("a", "k", 0), derived[0]);
}

#[test]
fn what_is_wrong_has_a_code() {
    let desk = Desk::new();
    for (json, code) in [
        ("{}", "name_missing"),
        (r#"{"name":"  "}"#, "name_missing"),
        (r#"{"name":"x","url":"example.com"}"#, "url_invalid"),
        (r#"{"name":"x","url":"javascript:alert(1)"}"#, "url_invalid"),
        (r#"{"name":"x","props":{"":"a"}}"#, "prop_key_empty"),
        (r#"{"name":"x","revenue":{"amount":"ten"}}"#, "revenue_invalid"),
        (r#"{"name":"x","revenue":{"amount":"1_000"}}"#, "revenue_invalid"),
        (r#"{"name":"x","revenue":{"amount":1e30}}"#, "revenue_invalid"),
        (r#"{"name":"x","revenue":{}}"#, "revenue_invalid"),
        (r#"{"name":"x","revenue":{"amount":1,"currency":"euro"}}"#, "currency_invalid"),
        (r#"{"name":"x","revenue":{"amount":1,"currency":"XXX"}}"#, "currency_invalid"),
        (r#"{"name":"x","interactive":"maybe"}"#, "event_invalid"),
    ] {
        assert_eq!(desk.code(json), code, "{json}");
        let rejection = desk.take(json, &browser()).expect_err("rejected");
        assert!(code == "event_invalid" || rejection.field().is_some(), "{json}");
        assert!(!rejection.is_temporary() && !rejection.to_string().is_empty());
    }
    assert_eq!(desk.acceptor.site(None).map_err(|error| error.code()), Err("site_missing"));
    assert_eq!(desk.acceptor.site(Some("nobody.example")).map_err(|error| error.code()), Err("site_unknown"));
    assert_eq!(desk.acceptor.site(Some("www.Example.com")).map(|site| site.id), Ok(SiteId(1)));
}

#[test]
fn money_is_exact() {
    let desk = Desk::new();
    for (revenue, fixed, currency) in [
        (r#"{"amount":0.1,"currency":"USD"}"#, 1_000, "USD"),
        (r#"{"amount":"19.99","currency":"eur"}"#, 199_900, "EUR"),
        (r#"{"amount":1.5e2}"#, 1_500_000, "EUR"),
        (r#"{"amount":-3.00005}"#, -30_001, "EUR"),
        (r#"{"amount":"90071992547409.9301"}"#, 900_719_925_474_099_301, "EUR"),
        ("5", 50_000, "EUR"),
    ] {
        let event =
            desk.take(&format!(r#"{{"name":"x","revenue":{revenue}}}"#), &browser()).expect("accepted");
        assert_eq!((event.revenue, event.currency.as_str()), (fixed, currency), "{revenue}");
    }
}

#[test]
fn engagement_never_counts_as_an_interaction() {
    let desk = Desk::new();
    for (json, interactive) in [
        (r#"{"name":"pageview","interactive":false}"#, true),
        (r#"{"name":"click"}"#, true),
        (r#"{"name":"click","interactive":false}"#, false),
        (r#"{"name":"engagement","interactive":true,"scroll_depth":255,"engagement_ms":99999999999}"#, false),
    ] {
        let event = desk.take(json, &browser()).expect("accepted");
        assert_eq!(event.interactive, interactive, "{json}");
        assert!(event.scroll_depth <= 100);
    }
}

#[test]
fn nothing_kept_holds_the_address_or_a_password() {
    let desk = Desk::new();
    let json = r#"{"name":"pageview","url":"https://ada:hunter2@example.com/x","referrer":"https://bob:hunter2@some.blog/y?token=hunter2"}"#;
    let event = desk.take(json, &browser()).expect("accepted");
    let kept = serde_json::to_string(&event).expect("JSON");
    assert!(!kept.contains("hunter2") && !kept.contains("203.0.113"), "{kept}");
    assert_eq!(event.page.url, "https://example.com/x");
    assert!(!format!("{:?}", browser()).contains("203"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// At each limit an event is taken, one character or key further it is not, whatever the characters.
    #[test]
    fn limits_are_exact(letter in prop_oneof![Just('a'), Just('é'), Just('日'), Just('🦀')], over in 0_usize..2) {
        let desk = Desk::new();
        let text = |length: usize| letter.to_string().repeat(length + over);
        let wanted = |code| if over == 0 { "accepted" } else { code };
        prop_assert_eq!(desk.code(&format!(r#"{{"name":"{}"}}"#, text(120))), wanted("name_too_long"));
        prop_assert_eq!(desk.code(&format!(r#"{{"name":"x","props":{{"{}":"v"}}}}"#, text(300))), wanted("prop_key_too_long"));
        prop_assert_eq!(desk.code(&format!(r#"{{"name":"x","props":{{"k":"{}"}}}}"#, text(2000))), wanted("prop_value_too_long"));
        prop_assert_eq!(desk.code(&format!(r#"{{"name":"x","url":"/{}"}}"#, text(8191))), wanted("url_too_long"));
        let many = |count: usize| Props((0..count).map(|at| (Cow::from(format!("{letter}{at}")), Cow::from("v"))).collect());
        prop_assert_eq!(props(&many(30 + over), &Limits::default()).is_ok(), over == 0);
    }

    /// Whatever is sent is taken or rejected with a reason.
    #[test]
    fn no_payload_panics(
        texts in proptest::collection::vec(proptest::option::of("\\PC{0,40}"), 14), trusted in any::<bool>(),
        ts in any::<i64>(), amount in "[0-9.eE+-]{0,40}",
    ) {
        let desk = Desk::new();
        let text = |at: usize| texts[at].as_deref().map(Cow::from);
        let raw = NativeEvent {
            id: text(0), name: text(1).or(Some("x".into())), url: text(2).map(|url| format!("https://{url}").into()),
            referrer: text(3), title: text(4), user_agent: text(5), language: text(6), platform: text(7),
            source: text(8), medium: text(9), hostname: text(10), path: text(11), country: text(12),
            ts: Some(When::Ms(ts)), revenue: Some(crate::native::Revenue { amount: Some(amount.into()), currency: None }),
            props: text(13).map(|value| Props(vec![("k".into(), value)])), ..NativeEvent::default()
        };
        let _ = desk.acceptor.accept(&desk.site, raw, &Origin { trusted, history: true, ..browser() });
    }
}

/// How long an event takes. Run with `cargo test --release -p opentrace-events -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement, not a check"]
fn speed() {
    let desk = Desk::new();
    let json = format!(
        r#"{{"id":"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b","site":"example.com","name":"pageview","ts":{},"url":"https://example.com/blog/a-post?utm_source=news","referrer":"https://www.google.com/","title":"A post about something","ip":"203.0.113.7","user_agent":"{CHROME}","props":{{"plan":"pro","logged_in":"true"}}}}"#,
        NOW.0
    );
    const ROUNDS: u32 = 500_000;
    let measure = |what: &str, once: &dyn Fn()| {
        (0..ROUNDS / 10).for_each(|_| once());
        let start = std::time::Instant::now();
        (0..ROUNDS).for_each(|_| once());
        let each = start.elapsed() / ROUNDS;
        std::io::Write::write_all(&mut std::io::stderr(), format!("{what}: {each:?}\n").as_bytes())
            .expect("stderr");
    };
    measure("parse", &|| drop(std::hint::black_box(NativeEvent::parse(&json))));
    let raw = NativeEvent::parse(&json).expect("an event");
    measure("accept (with a copy of the payload)", &|| {
        drop(std::hint::black_box(desk.acceptor.accept(&desk.site, raw.clone(), &keyed())));
    });
    measure("copy of the payload", &|| drop(std::hint::black_box(raw.clone())));
    measure("user agent", &|| drop(std::hint::black_box(desk.acceptor.enricher.agent(CHROME))));
    measure("place", &|| drop(std::hint::black_box(desk.acceptor.enricher.place(browser().ip))));
    let who =
        Fingerprint { site: SiteId(1), root: "example.com", address: &[203, 0, 113, 7], user_agent: CHROME };
    measure("visitor", &|| drop(std::hint::black_box(desk.acceptor.identity.visitor(&who, NOW, NOW))));
}

/// History as an admin's key sends it, or an admin's browser.
fn history(user_agent: &'static str) -> Origin<'static> {
    Origin { history: true, user_agent, ..keyed() }
}

#[test]
fn history_that_was_kept_elsewhere_is_taken_as_it_was() {
    let desk = Desk::new();
    let json = r#"{"id":"1db49e9e-115c-49f6-b18d-248a44258abe","ts":"2025-06-01T00:02:50.129Z","name":"buy",
        "visitor":"12248837717644205","user_id":"","interactive":true,"url":"https://example.com/app",
        "path":"/app#/orders","hostname":"example.com","referrer":"google.com","source":"Google",
        "medium":"","channel":"Organic Search","country":"CA","browser":"","platform":"web",
        "props":{"plan":"pro"},"amount":19.99,"currency":"EUR","scroll_depth":0,"epoch":7,"log_offset":9}"#;
    for user_agent in ["opentrace/1.0", CHROME] {
        let event = desk.take(json, &history(user_agent)).expect("accepted");
        let visit = &event.visit;
        assert_eq!(event.visitor, VisitorId(12_248_837_717_644_205));
        assert_eq!(
            (visit.referrer.as_str(), visit.source.as_str(), visit.channel.as_str()),
            ("google.com", "Google", "Organic Search")
        );
        assert_eq!((event.page.path.as_str(), visit.country.as_str()), ("/app#/orders", "CA"));
        assert_eq!((event.revenue, event.currency.as_str()), (199_900, "EUR"));
        assert_eq!(visit.browser.as_str(), "", "nobody knows it, whoever brings it in");
    }
    let free = json.replace("19.99", "0").replace("EUR", "");
    assert_eq!(desk.take(&free, &history(CHROME)).expect("accepted").currency.as_str(), "");
}

#[test]
fn who_a_visitor_was_and_came_from_is_believed_of_history_only() {
    let desk = Desk::new();
    let json = r#"{"name":"buy","visitor":7,"channel":"Email","url":"/x","referrer":"https://google.com/"}"#;
    for origin in [keyed(), browser()] {
        let event = desk.take(json, &origin).expect("accepted");
        assert_ne!(event.visitor, VisitorId(7));
        assert_eq!(event.visit.channel.as_str(), "Organic Search");
    }
    let told = desk.take(r#"{"name":"buy","visitor":"nobody"}"#, &history(CHROME)).expect_err("no number");
    assert_eq!((told.code(), told.field()), ("visitor_invalid", Some("visitor")));
}

#[test]
fn who_brings_history_in_is_not_who_made_it() {
    let desk = Desk::new();
    let event = desk.take(r#"{"name":"pageview","url":"/x"}"#, &history(CHROME)).expect("accepted");
    let visit = &event.visit;
    assert_eq!((visit.browser.as_str(), visit.os.as_str(), visit.country.as_str()), ("", "", ""));
    let named = format!(r#"{{"name":"pageview","url":"/x","ip":"203.0.113.9","user_agent":"{CHROME}"}}"#);
    // Nor is it their language, or their wish not to be counted.
    let origin = Origin { accept_language: Some("de"), dnt: true, gpc: true, ..history(CHROME) };
    let event = desk.take(&named, &origin).expect("accepted");
    let visit = &event.visit;
    assert_eq!(
        (visit.browser.as_str(), visit.country.as_str(), visit.language.as_str()),
        ("Chrome", "DE", "")
    );
}

#[test]
fn an_identified_person_of_history_is_known_by_what_the_site_called_them() {
    let mut desk = Desk::new();
    desk.site.identified = true;
    let at = |json: &str| desk.take(json, &history(CHROME)).expect("accepted");
    let now = desk.take(r#"{"name":"x","user_id":"ada"}"#, &keyed()).expect("accepted");
    let then = at(r#"{"name":"x","user_id":"ada","visitor":7}"#);
    assert_eq!((then.visitor, then.user_id.as_str()), (now.visitor, "ada"));
    assert_eq!(at(r#"{"name":"x","user_id":"","visitor":7}"#).visitor, VisitorId(7));
}
