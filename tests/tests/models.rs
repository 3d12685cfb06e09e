//! Models in the running program: anomalies and forecasts over HTTP beside the same detector and
//! forecaster on the command line, which read the figures from a file; what is found by itself; models
//! that the program trains, judges, puts to use and takes from elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use opentrace_tests::program::ADMIN;
use opentrace_tests::{Program, Site};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Days of history.
const DAYS: i64 = 40;
/// The hour that is strange, counted back from today's midnight, and what comes to it from one source.
const STRANGE: i64 = 34;
const RUSH: usize = 60;

fn midnight() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    i64::try_from(now.as_millis()).expect("milliseconds").div_euclid(DAY_MS) * DAY_MS
}

/// How many people come in an hour: few by night, more on weekdays.
fn usual(at: i64) -> usize {
    let hour = at.rem_euclid(DAY_MS) / HOUR_MS;
    let day = at.div_euclid(DAY_MS);
    let by_day = (12 - (hour - 12).abs()) / 2;
    let weekend = i64::from((day + 3).rem_euclid(7) >= 5);
    usize::try_from(2 + by_day - weekend + (at / HOUR_MS * 7) % 3).unwrap_or_default()
}

fn view(at: i64, person: usize, referrer: &str) -> Value {
    let agent = if person.is_multiple_of(3) {
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
         Version/18.5 Mobile/15E148 Safari/604.1"
    } else {
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    };
    json!({
        "name": "pageview", "site": "models.example", "ts": at + (person as i64 * 37_000) % HOUR_MS,
        "url": format!("https://models.example/{}", person % 4), "referrer": referrer,
        "ip": format!("10.{}.{}.{}", person / 60_000, person / 250 % 240, 1 + person % 250), "user_agent": agent,
    })
}

/// Sends the history; answers how many views each hour has.
async fn history(program: &Program) -> BTreeMap<i64, usize> {
    let end = midnight();
    let mut views = Vec::new();
    let mut hours = BTreeMap::new();
    let mut people = 0;
    for hour in (0..DAYS * 24).map(|hour| end - DAYS * DAY_MS + hour * HOUR_MS) {
        let rush = if hour == end - STRANGE * HOUR_MS { RUSH } else { 0 };
        for at in 0..usual(hour) + rush {
            people += 1;
            let referrer = if at < rush {
                "https://news.example/item"
            } else {
                ["", "https://www.google.com/"][people % 2]
            };
            views.push(view(hour, people, referrer));
        }
        hours.insert(hour, usual(hour) + rush);
    }
    for batch in views.chunks(2_000) {
        let (status, answer) =
            program.insist("POST", "/api/v1/events?history=true", Some(&json!(batch))).await;
        assert_eq!((status, &answer["accepted"]), (202, &json!(batch.len())), "{answer}");
    }
    program.settle().await;
    hours
}

fn label(at: i64) -> String {
    let seconds = at.rem_euclid(DAY_MS) / 1_000;
    let (year, month, day) = civil(at.div_euclid(DAY_MS));
    format!("{year:04}-{month:02}-{day:02} {:02}:00:00", seconds / 3_600)
}

/// The date of a day since 1970, by counting years and months.
fn civil(mut days: i64) -> (i64, i64, i64) {
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let mut year = 1970;
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    let february = 28 + i64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

fn csv(hours: &BTreeMap<i64, usize>, folder: &Path, series: Option<&str>) -> String {
    let first = if series.is_some() { "series,timestamp,value" } else { "timestamp,value" };
    let mut text = format!("{first}\n");
    for (at, views) in hours {
        let name = series.map(|name| format!("{name},")).unwrap_or_default();
        writeln!(text, "{name}{},{views}", label(*at)).expect("text");
    }
    let path = folder.join(series.unwrap_or("points"));
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_answer_in_the_running_program() {
    let data = tempfile::tempdir().expect("a folder");
    let mut program = Program::start(data.path()).await;
    let site = program.site("models.example").await;
    let hours = history(&program).await;
    anomalies(&program, &site, &hours, data.path()).await;
    forecasts(&program, &site, &hours, data.path()).await;
    mistakes(&program, &site).await;
    insights(&program, &site).await;
    words(&program, &site).await;
    by_itself(&program, &site).await;

    let shop = customers(&program).await;
    let id = predictions(&program, &shop).await;
    segments(&program, &shop).await;
    uploads(&program, &shop, &id, data.path()).await;
    rights(&program, &shop, &id).await;
    interruption(&mut program, &id).await;
}

/// The days before today, hour by hour.
fn days(count: i64) -> Value {
    let day = |back: i64| label(midnight() - back * DAY_MS)[..10].to_owned();
    json!([day(count), day(1)])
}

async fn anomalies(program: &Program, site: &Site, hours: &BTreeMap<i64, usize>, folder: &Path) {
    let body = json!({
        "site_id": site.domain, "metric": "pageviews", "granularity": "hour", "date_range": days(4),
    });
    let (status, answer) = program.post("/api/v1/anomalies", &body).await;
    assert_eq!(status, 200, "{answer}");
    let points = answer["points"].as_array().expect("points");
    assert_eq!(points.len(), 96, "{answer}");
    assert_eq!(answer["query"]["sensitivity"], "medium");

    // The command reads the same hours from a file: as many before the range as the route has.
    let from = midnight() - 4 * DAY_MS - 5 * 168 * HOUR_MS;
    let known: BTreeMap<i64, usize> = hours.range(from..).map(|(at, views)| (*at, *views)).collect();
    let (code, out, err) = program.command(&["detect", "--input", &csv(&known, folder, None)]);
    assert_eq!(code, 0, "{err}");
    for (point, line) in points.iter().zip(out.lines().rev().take(96).collect::<Vec<_>>().into_iter().rev()) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(point["time"], cells[0]);
        for (field, cell) in [("value", 1), ("score", 2), ("lower", 3), ("upper", 4)] {
            let (told, want) = (point[field].as_f64(), cells[cell].parse::<f64>().expect("a number"));
            assert!(
                (told.expect("a number") - want).abs() < 1e-9,
                "{field} of {point} is not that of {line}"
            );
        }
        assert_eq!(point["kind"].as_str().unwrap_or_default(), cells[5], "{point}");
    }
    let strange: Vec<&Value> = points.iter().filter(|point| point["anomaly"] == true).collect();
    assert_eq!(strange.len(), 1, "{strange:?}");
    assert_eq!(strange[0]["time"], label(midnight() - STRANGE * HOUR_MS), "{}", strange[0]);
    assert_eq!(strange[0]["kind"], "spike");
    let cause = &strange[0]["explained_by"][0];
    assert_eq!(cause["slice"], json!({ "visit:source": "news.example" }), "{}", strange[0]);
    assert!(cause["share"].as_f64().is_some_and(|share| (0.8..1.2).contains(&share)), "{cause}");

    // Without the rush there is nothing.
    let quiet = json!({
        "site_id": site.domain, "metric": "visitors", "granularity": "hour", "date_range": days(4),
        "filters": [["is_not", "visit:source", ["news.example"]]], "sensitivity": "low",
    });
    let (status, answer) = program.post("/api/v1/anomalies", &quiet).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["points"].as_array().expect("points").iter().all(|point| point["anomaly"] == false));

    // Of days there are fewer, and they are told earlier.
    let by_day =
        json!({ "site_id": site.domain, "metric": "pageviews", "granularity": "day", "date_range": days(4) });
    let (status, answer) = program.post("/api/v1/anomalies", &by_day).await;
    assert_eq!((status, &answer["query"]["sensitivity"]), (200, &json!("high")), "{answer}");
}

async fn forecasts(program: &Program, site: &Site, hours: &BTreeMap<i64, usize>, folder: &Path) {
    let body = json!({
        "site_id": site.domain, "metric": "pageviews", "granularity": "hour", "date_range": days(DAYS),
        "horizon": 24, "levels": [80, 95], "dimensions": ["visit:source"],
    });
    let (status, answer) = program.post("/api/v1/forecast", &body).await;
    assert_eq!(status, 200, "{answer}");
    let history: Vec<f64> = answer["history"]
        .as_array()
        .expect("history")
        .iter()
        .filter_map(|step| step["value"].as_f64())
        .collect();
    assert_eq!(history, hours.values().map(|views| *views as f64).collect::<Vec<_>>());
    let file = csv(hours, folder, Some("all"));
    let command = ["forecast", "--input", &file, "--horizon", "24", "--season", "24,168"];
    let (code, out, err) = program.command(&command);
    assert_eq!(code, 0, "{err}");
    let steps = answer["forecast"].as_array().expect("a forecast");
    assert_eq!(steps[0]["time"], label(midnight()));
    assert_eq!(steps.len(), 24);
    for (step, line) in steps.iter().zip(out.lines().skip(1)) {
        let cells: Vec<f64> = line.split(',').skip(2).map(|cell| cell.parse().expect("a number")).collect();
        let intervals = &step["intervals"];
        let told = [
            &step["mean"],
            &intervals[0]["lower"],
            &intervals[0]["upper"],
            &intervals[1]["lower"],
            &intervals[1]["upper"],
        ];
        for (told, want) in told.iter().zip(cells) {
            assert!((told.as_f64().expect("a number") - want).abs() < 1e-6, "{step} is not {line}");
        }
    }
    let groups = answer["breakdown"].as_array().expect("groups");
    let mut sources: Vec<&str> = groups.iter().filter_map(|group| group["dimensions"][0].as_str()).collect();
    sources.sort_unstable();
    assert_eq!(sources, ["Direct / None", "Google", "news.example"], "{answer}");
    assert!(groups.iter().all(|group| group["forecast"].as_array().is_some_and(|steps| steps.len() == 24)));
}

/// In words, and by a model of the metric.
async fn words(program: &Program, site: &Site) {
    let ask = async |question: &str| {
        let (status, answer) =
            program.post("/api/v1/ask", &json!({ "site_id": site.domain, "question": question })).await;
        assert_eq!((status, &answer["status"]), (200, &json!("answered")), "{question}: {answer}");
        answer
    };
    let ahead = ask("forecast pageviews for the next week").await;
    assert_eq!(ahead["query"]["kind"], "forecast");
    assert_eq!(ahead["result"]["forecast"].as_array().map(Vec::len), Some(7), "{ahead}");
    // The day in progress is none that is to come.
    let tomorrow = ask("pageviews tomorrow").await;
    let steps = &tomorrow["result"]["forecast"];
    assert_eq!(steps.as_array().map(Vec::len), Some(1), "{tomorrow}");
    assert_eq!(steps[0]["time"], label(midnight() + DAY_MS)[..10], "{tomorrow}");
    assert_eq!(tomorrow["result"]["query"]["horizon"], 1, "{tomorrow}");
    let strange = ask("anomalies in pageviews over the last 3 days").await;
    let points = strange["result"]["points"].as_array().expect("points");
    assert!(points.iter().any(|point| point["anomaly"] == true), "{strange}");
    let change = ask("why did pageviews change in the last 7 days").await;
    assert!(change["result"]["causes"].as_array().is_some_and(|causes| !causes.is_empty()), "{change}");
    assert!(change["result"]["insights"].is_array(), "{change}");
    // What is too short for a forecast is said, not an error.
    let empty = program.site("empty.example").await;
    let body = json!({ "site_id": empty.domain, "question": "forecast visitors for the next week" });
    let (status, none) = program.post("/api/v1/ask", &body).await;
    assert_eq!((status, &none["result"]), (200, &Value::Null), "{none}");
    assert!(none["unavailable"].as_str().is_some_and(|said| said.contains("are needed")), "{none}");

    let model = json!({
        "site_id": site.domain, "kind": "forecast", "metric": "pageviews", "granularity": "day", "horizon": 3,
        "dimensions": ["visit:source"],
    });
    let (id, end) = train(program, model).await;
    assert_eq!((&end["state"], &end["promoted"]), (&json!("done"), &json!(true)), "{end}");
    let (_, model) = program.get(&format!("/api/v1/models/{id}")).await;
    assert!(model["live"]["metrics"]["interval_skill"].is_f64(), "{model}");
    let body = json!({
        "site_id": site.domain, "metric": "pageviews", "granularity": "day", "date_range": days(DAYS), "horizon": 3,
    });
    let (status, answer) = program.post("/api/v1/forecast", &body).await;
    assert_eq!((status, answer["forecast"].as_array().map(Vec::len)), (200, Some(3)), "{answer}");
}

async fn mistakes(program: &Program, site: &Site) {
    let body = |own: Value| {
        let mut body = json!({ "site_id": site.domain, "metric": "visitors", "granularity": "day", "date_range": "30d" });
        own.as_object().into_iter().flatten().for_each(|(key, value)| body[key] = value.clone());
        body
    };
    for (path, own, status, code, field) in [
        ("forecast", json!({ "date_range": days(3) }), 422, "too_short", "date_range"),
        ("forecast", json!({ "metric": "vistors" }), 400, "unknown_metric", "metric"),
        ("forecast", json!({ "horizon": 0 }), 400, "invalid_value", "horizon"),
        ("forecast", json!({ "horizon": 1_001 }), 400, "invalid_value", "horizon"),
        ("forecast", json!({ "levels": [0.8] }), 400, "invalid_value", "levels"),
        ("forecast", json!({ "events": [{ "dates": ["soon"] }] }), 400, "invalid_value", "events[0].dates"),
        ("forecast", json!({ "dimensions": ["time:day"] }), 400, "invalid_value", "dimensions[0]"),
        (
            "forecast",
            json!({ "granularity": "minute", "date_range": "91d" }),
            400,
            "limit_exceeded",
            "date_range",
        ),
        ("anomalies", json!({ "granularity": "fortnight" }), 400, "invalid_value", "granularity"),
        ("anomalies", json!({ "sensitivity": "extreme" }), 400, "invalid_value", "sensitivity"),
        ("anomalies", json!({ "dimensions": ["visit:source"] }), 400, "invalid_value", "dimensions"),
        ("anomalies", json!({ "metric": null }), 400, "invalid_type", "metric"),
    ] {
        let (got, answer) = program.post(&format!("/api/v1/{path}"), &body(own.clone())).await;
        let error = &answer["error"];
        assert_eq!(
            (got, &error["code"], &error["field"]),
            (status, &json!(code), &json!(field)),
            "{path} {own}: {answer}"
        );
    }
    // A metric that never changes is forecast as it is, and nothing of it is strange.
    let constant = body(json!({ "metric": "views_per_visit" }));
    let (status, answer) = program.post("/api/v1/forecast", &constant).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["forecast"][0]["mean"].as_f64().is_some_and(|mean| (mean - 1.0).abs() < 1e-6), "{answer}");
    let (status, answer) = program.post("/api/v1/anomalies", &constant).await;
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer["points"].as_array().expect("points").iter().all(|point| point["anomaly"] == false),
        "{answer}"
    );

    // Another site's key learns nothing.
    let other = program.site("other.example").await;
    let client = opentrace_tests::program::client();
    for path in ["forecast", "anomalies"] {
        let url = format!("{}/api/v1/{path}", program.url());
        let request = client.post(&url).bearer_auth(&other.key).json(&body(json!({})));
        assert_eq!(request.send().await.expect("an answer").status().as_u16(), 403);
        let request =
            client.post(&url).bearer_auth(ADMIN).json(&body(json!({ "site_id": "nowhere.example" })));
        assert_eq!(request.send().await.expect("an answer").status().as_u16(), 404);
    }
}

// ---- What the program trains itself.

const PEOPLE: usize = 300;
/// Days that churn looks ahead.
const AHEAD: i64 = 14;

/// Whether somebody stays: loyal people come from the newsletter, mostly.
fn stays(person: usize) -> bool {
    !person.is_multiple_of(3)
}

/// People known by name: who stays comes every three days and buys at every other visit; who leaves came
/// once or twice before the time that is looked ahead.
async fn customers(program: &Program) -> Site {
    let site = program.site("shop.example").await;
    let settings = json!({ "identified": true });
    let (status, answer) = program.insist("PATCH", "/api/v1/sites/shop.example", Some(&settings)).await;
    assert_eq!(status, 200, "{answer}");
    let mut events = Vec::new();
    let end = midnight();
    for person in 0..PEOPLE {
        let odd = person % 20 == 7;
        let newsletter = stays(person) != odd;
        let days: Vec<i64> = if stays(person) {
            (0..15).map(|visit| 1 + 3 * visit + person as i64 % 3).collect()
        } else {
            vec![AHEAD + 2 + person as i64 % 9, AHEAD + 30 + person as i64 % 5]
        };
        for (visit, back) in days.iter().enumerate() {
            let at = end - back * DAY_MS + (8 + person as i64 % 12) * HOUR_MS;
            let pages = if stays(person) { ["/tea", "/cup"] } else { ["/nail", "/hammer"] };
            let tag = if newsletter { "?utm_source=newsletter&utm_medium=email" } else { "?utm_source=ads" };
            for (place, page) in pages.iter().enumerate() {
                let tag = if place == 0 { tag } else { "" };
                events.push(json!({
                    "name": "pageview", "site": site.domain, "ts": at + place as i64 * 60_000,
                    "url": format!("https://shop.example{page}{tag}"), "user_id": format!("person-{person}"),
                }));
            }
            if stays(person) && visit % 2 == 0 {
                events.push(json!({
                    "name": "purchase", "site": site.domain, "ts": at + 120_000,
                    "url": "https://shop.example/cup", "user_id": format!("person-{person}"),
                    "revenue": { "amount": format!("{}.00", 10 + person % 7), "currency": "USD" },
                }));
            }
        }
    }
    for batch in events.chunks(2_000) {
        let (status, answer) =
            program.insist("POST", "/api/v1/events?history=true", Some(&json!(batch))).await;
        assert_eq!((status, &answer["accepted"]), (202, &json!(batch.len())), "{answer}");
    }
    program.settle().await;
    site
}

/// Trains and follows the progress to its end: the last thing that was said.
async fn train(program: &Program, body: Value) -> (String, Value) {
    let (status, made) = program.post("/api/v1/models", &body).await;
    assert_eq!(status, 202, "{made}");
    let id = made["id"].as_str().expect("an id").to_owned();
    let end = follow(program, &id).await;
    (id, end)
}

async fn follow(program: &Program, id: &str) -> Value {
    let url = format!("{}/api/v1/models/{id}/progress", program.url());
    // A training takes its time where nothing is optimised.
    let patience = std::time::Duration::from_secs(300);
    let request = opentrace_tests::program::client().get(url).bearer_auth(ADMIN).timeout(patience);
    let text = request.send().await.expect("a stream").text().await.expect("its end");
    let said: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|data| serde_json::from_str(data).expect("JSON"))
        .collect();
    said.last().cloned().unwrap_or_else(|| panic!("nothing was said: {text}"))
}

async fn predictions(program: &Program, site: &Site) -> String {
    let body = json!({ "site_id": site.domain, "kind": "churn", "days": AHEAD });
    let (id, end) = train(program, body).await;
    assert_eq!(
        (&end["state"], &end["version"], &end["promoted"]),
        (&json!("done"), &json!(1), &json!(true)),
        "{end}"
    );
    let (status, model) = program.get(&format!("/api/v1/models/{id}")).await;
    assert_eq!(status, 200, "{model}");
    let auc = model["live"]["metrics"]["auc"].as_f64().expect("a figure of the people kept apart");
    assert!(auc > 0.9, "{model}");
    assert_eq!(model["training"]["state"], "done");

    // Loyal people by their features stay, others do not.
    let rows = json!({ "rows": [
        { "visits": 12, "days_since_last": 1, "visits_per_week": 2.3, "purchases": 6, "last_source": "newsletter" },
        { "visits": 1, "days_since_last": 9, "visits_per_week": 1, "purchases": 0, "last_source": "ads" },
    ] });
    let (status, said) = program.post(&format!("/api/v1/models/{id}/predict"), &rows).await;
    assert_eq!(status, 200, "{said}");
    let chance = |place: usize| said["predictions"][place]["prediction"].as_f64().expect("a chance");
    assert!(chance(0) + 0.3 < chance(1), "{said}");
    let (status, top) = program.post(&format!("/api/v1/models/{id}/predict"), &json!({ "limit": 5 })).await;
    assert_eq!((status, top["predictions"].as_array().map(Vec::len)), (200, Some(5)), "{top}");
    let visitor = top["predictions"][0]["visitor"].clone();
    let one = json!({ "visitors": [visitor] });
    let (status, one) = program.post(&format!("/api/v1/models/{id}/predict"), &one).await;
    assert_eq!((status, &one["predictions"][0]["visitor"]), (200, &visitor), "{one}");

    // What is predicted divides and filters.
    let risks = json!({ "site_id": site.domain, "metrics": ["visitors"], "date_range": "all",
        "dimensions": ["user:churn_risk"], "filters": [["is", "user:churn_risk", ["low", "medium", "high"]]] });
    let (status, groups) = program.post("/api/v2/query", &risks).await;
    let told = groups["results"].as_array().map(Vec::len);
    assert!(status == 200 && told.is_some_and(|told| (1..=3).contains(&told)), "{groups}");

    // The same again is not better, and goes live only by force.
    let (status, again) = program.post(&format!("/api/v1/models/{id}/train"), &json!({})).await;
    assert_eq!(status, 202, "{again}");
    let end = follow(program, &id).await;
    assert_eq!((&end["version"], &end["promoted"]), (&json!(2), &json!(false)), "{end}");
    let promote = format!("/api/v1/models/{id}/promote");
    let (status, refused) = program.post(&promote, &json!({ "version": 2 })).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("not_better")), "{refused}");
    let (status, forced) = program.post(&promote, &json!({ "version": 2, "force": true })).await;
    assert_eq!((status, &forced["promoted"]), (200, &json!(true)), "{forced}");
    let (status, missing) = program.post(&promote, &json!({ "version": 9 })).await;
    assert_eq!((status, &missing["error"]["code"]), (404, &json!("no_version")), "{missing}");
    let (_, versions) = program.get(&format!("/api/v1/models/{id}/versions")).await;
    let stages: Vec<&Value> =
        versions["versions"].as_array().expect("versions").iter().map(|v| &v["stage"]).collect();
    assert_eq!(stages, ["candidate", "live"], "{versions}");

    // Who a site does not know cannot be predicted.
    let (_, end) = train(program, json!({ "site_id": "models.example", "kind": "churn" })).await;
    assert_eq!((&end["state"], &end["error"]["code"]), (&json!("failed"), &json!("not_identified")), "{end}");
    id
}

async fn segments(program: &Program, site: &Site) {
    let clusters = json!({ "site_id": site.domain });
    let (status, none) = program.post("/api/v1/clusters", &clusters).await;
    assert_eq!((status, &none["error"]["code"]), (404, &json!("no_model")), "{none}");
    let (_, end) = train(program, json!({ "site_id": site.domain, "kind": "segments" })).await;
    assert_eq!((&end["state"], &end["promoted"]), (&json!("done"), &json!(true)), "{end}");
    let (status, answer) = program.post("/api/v1/clusters", &clusters).await;
    assert_eq!(status, 200, "{answer}");
    let found = answer["clusters"].as_array().expect("segments");
    assert!(found.len() >= 2, "who stays and who leaves: {answer}");
    let sizes: u64 = found.iter().filter_map(|cluster| cluster["size"].as_u64()).sum();
    assert_eq!(sizes, PEOPLE as u64, "{answer}");
    assert!(found.iter().all(|cluster| cluster["name"].as_str().is_some_and(|name| !name.is_empty())));
    // Counted by hand: who stays has 15 visits with two pages each, and is two thirds.
    let views: f64 = found
        .iter()
        .map(|cluster| {
            cluster["metrics"]["pageviews"].as_f64().unwrap_or_default()
                * cluster["size"].as_f64().unwrap_or_default()
        })
        .sum();
    assert!((views - (200.0 * 30.0 + 100.0 * 4.0)).abs() < 0.5, "{answer}");
    one_speaks(program, site, &answer).await;

    let (_, end) = train(program, json!({ "site_id": site.domain, "kind": "recommend" })).await;
    assert_eq!(end["state"], "done", "{end}");
    let ask = json!({ "site_id": site.domain, "items": ["/tea"], "k": 1 });
    let (status, answer) = program.post("/api/v1/recommend", &ask).await;
    assert_eq!((status, &answer["items"][0]["item"]), (200, &json!("/cup")), "{answer}");
}

/// Of two models of segments the newest speaks, until it is gone.
async fn one_speaks(program: &Program, site: &Site, first: &Value) {
    let second = json!({ "site_id": site.domain, "kind": "segments", "name": "others", "method": "mixture" });
    let (id, end) = train(program, second).await;
    assert_eq!((&end["state"], &end["promoted"]), (&json!("done"), &json!(true)), "{end}");
    let clusters = json!({ "site_id": site.domain });
    let groups = json!({ "site_id": site.domain, "metrics": ["visitors"], "date_range": "all", "dimensions": ["cluster"] });
    let told = async || {
        let (_, answer) = program.post("/api/v1/clusters", &clusters).await;
        let (_, divided) = program.post("/api/v2/query", &groups).await;
        let names: Vec<&str> = answer["clusters"]
            .as_array()
            .expect("segments")
            .iter()
            .map(|one| one["name"].as_str().expect("a name"))
            .collect();
        let rows = divided["results"].as_array().expect("rows");
        // One may be of nobody: who is in a mixture's group may be nearer to another one's centre.
        let known = |row: &Value| row["dimensions"][0].as_str().is_some_and(|name| names.contains(&name));
        assert!(rows.iter().all(known), "{answer} but {divided}");
        assert_eq!(rows.iter().filter_map(|row| row["metrics"][0].as_u64()).sum::<u64>(), PEOPLE as u64);
        answer["model"]["id"].clone()
    };
    assert_eq!(told().await, json!(id));
    // The other one goes live again, and still has no say.
    let before = first["model"]["id"].as_str().expect("an id");
    let promote = json!({ "version": 1, "force": true });
    let (status, said) = program.post(&format!("/api/v1/models/{before}/promote"), &promote).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(told().await, json!(id));
    let (status, _) = program.insist("DELETE", &format!("/api/v1/models/{id}"), None).await;
    assert_eq!(status, 204);
    assert_eq!(told().await, json!(before));
}

/// A folder is taken as a version, with what it is about; what is no model is not.
async fn uploads(program: &Program, site: &Site, id: &str, data: &Path) {
    let folder = data.join("models").join(id).join("1");
    let files = ["model.json", "model.safetensors"];
    let packed =
        std::process::Command::new("tar").arg("-C").arg(&folder).arg("-cf").arg("-").args(files).output();
    let packed = packed.expect("tar runs").stdout;
    let client = opentrace_tests::program::client();
    let send = |name: &str, body: Vec<u8>| {
        let url = format!("{}/api/v1/models?site_id={}&name={name}", program.url(), site.domain);
        client.post(url).bearer_auth(ADMIN).header("content-type", "application/x-tar").body(body).send()
    };
    let taken = send("churn", packed.clone()).await.expect("an answer");
    assert_eq!(taken.status().as_u16(), 201);
    let taken: Value = taken.json().await.expect("JSON");
    assert_eq!((&taken["id"], &taken["version"]), (&json!(id), &json!(3)), "{taken}");
    let own = send("from a notebook&days=7", packed.clone()).await.expect("an answer");
    assert_eq!(own.status().as_u16(), 201);
    let own: Value = own.json().await.expect("JSON");
    let (_, own) = program.get(&format!("/api/v1/models/{}", own["id"].as_str().expect("an id"))).await;
    assert_eq!(own["options"]["days"], 7, "{own}");
    let other = send("from a notebook&days=8", packed.clone()).await.expect("an answer");
    assert_eq!(other.status().as_u16(), 409, "further versions are about the same");
    assert_eq!(send("from a notebook&days=soon", packed).await.expect("an answer").status().as_u16(), 400);
    assert_eq!(send("broken", vec![1; 2_000]).await.expect("an answer").status().as_u16(), 400);

    let copied = data.join("bent");
    std::fs::create_dir(&copied).expect("a folder");
    std::fs::copy(folder.join(files[1]), copied.join(files[1])).expect("a copy");
    let text = std::fs::read_to_string(folder.join(files[0])).expect("the file");
    let mut model: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(model["kind"], "churn");
    model["parameters"]["columns"].as_array_mut().expect("columns").pop();
    std::fs::write(copied.join(files[0]), model.to_string()).expect("a file");
    let (status, said) = by_hand(program, site, &["push", &copied.display().to_string(), "bent"]);
    assert!(!status && said.contains("do not fit"), "{said}");
    let (status, said) =
        by_hand(program, site, &["push", &folder.display().to_string(), "by hand", "--about", "days=14"]);
    assert!(status && said.contains("by hand version 1 is a candidate"), "{said}");
    assert!(by_hand(program, site, &["promote", "by hand", "1", "--force"]).0);
    let (status, said) = by_hand(program, site, &["list"]);
    assert!(status && said.contains("by hand 1 live churn") && said.contains("churn 3 candidate"), "{said}");
}

/// `opentrace models` with the site's models: whether it went well, and what it said.
fn by_hand(program: &Program, site: &Site, words: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(opentrace_tests::program::binary());
    let url = program.url();
    command.args(["models", "--url", &url, "--key", ADMIN, "--site", &site.domain]).args(words);
    let output = command.output().expect("the program runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// What changed yesterday's yesterday: the rush from one source.
async fn insights(program: &Program, site: &Site) {
    let day = label(midnight() - 2 * DAY_MS)[..10].to_owned();
    let body = json!({ "site_id": site.domain, "date_range": [day, day], "limit": 50 });
    let (status, answer) = program.post("/api/v1/insights", &body).await;
    assert_eq!(status, 200, "{answer}");
    let found = answer["insights"].as_array().expect("insights");
    let source = found.iter().find(|one| one["group"] == json!(["visit:source", "news.example"]));
    let source = source.unwrap_or_else(|| panic!("the rush: {answer}"));
    assert_eq!(
        (&source["significant"], &source["before"], &source["after"]),
        (&json!(true), &json!(0.0), &json!(60.0)),
        "{source}"
    );
    let (status, figures) = program.post("/api/v2/query", &source["query"]).await;
    assert_eq!((status, &figures["results"][0]["metrics"]), (200, &json!([RUSH])), "{figures}");
    let views =
        found.iter().find(|one| one["kind"] == "metric" && one["metric"] == "pageviews").expect("page views");
    assert_eq!(views["causes"][0]["slice"], json!({ "visit:source": "news.example" }), "{views}");
    assert!(
        views["sentence"].as_str().is_some_and(|said| said.contains("rose") && said.contains("news.example")),
        "{views}"
    );
}

/// What is found and forecast by itself.
async fn by_itself(program: &Program, site: &Site) {
    let seconds = (midnight() - STRANGE * HOUR_MS) / 1_000;
    let mut tries = 0;
    loop {
        let path = format!("/api/v1/anomalies?site_id={}&metric=pageviews&limit=1000", site.domain);
        let (status, answer) = program.get(&path).await;
        assert_eq!(status, 200, "{answer}");
        let found = answer["anomalies"]
            .as_array()
            .expect("anomalies")
            .iter()
            .find(|one| one["kind"] == "spike")
            .cloned();
        let (_, kept) =
            program.get(&format!("/api/v1/forecast?site_id={}&granularity=hour", site.domain)).await;
        let steps = kept["forecast"].as_array().map_or(0, Vec::len);
        if let Some(found) = found.filter(|_| steps >= 40) {
            let day = label(seconds * 1_000);
            assert_eq!(found["time"], format!("{}T{}Z", &day[..10], &day[11..]), "{found}");
            assert_eq!(found["granularity"], "hour");
            break;
        }
        tries += 1;
        assert!(tries < 90, "nothing after a minute and a half: {answer} {kept}");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    let (status, answer) =
        program.get(&format!("/api/v1/anomalies?site_id={}&metric=weather", site.domain)).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("unknown_metric")), "{answer}");
}

/// A training that the end of the program cuts off is told as failed; versions stay.
async fn interruption(program: &mut Program, id: &str) {
    let (status, _) = program.post(&format!("/api/v1/models/{id}/train"), &json!({})).await;
    assert_eq!(status, 202);
    program.kill();
    program.restart().await;
    let (status, model) = program.insist("GET", &format!("/api/v1/models/{id}"), None).await;
    assert_eq!(status, 200, "{model}");
    assert_eq!(model["training"]["state"], "failed", "{model}");
    assert_eq!(model["training"]["result"]["error"]["code"], "interrupted", "{model}");
    assert_eq!((&model["versions"], &model["live"]["version"]), (&json!(3), &json!(2)), "{model}");
    let (status, _) = program.insist("DELETE", &format!("/api/v1/models/{id}"), None).await;
    assert_eq!(status, 204);
    assert_eq!(program.get(&format!("/api/v1/models/{id}")).await.0, 404);
}

/// Nobody reaches a model of another site, and nobody changes one with a key to read.
async fn rights(program: &Program, site: &Site, id: &str) {
    let other = program.site("elsewhere.example").await;
    let client = opentrace_tests::program::client();
    for (method, path, key, want) in [
        ("GET", format!("models/{id}"), &other.key, 404),
        ("POST", format!("models/{id}/predict"), &other.key, 404),
        ("DELETE", format!("models/{id}"), &site.key, 403),
        ("POST", format!("models/{id}/train"), &site.key, 403),
        ("GET", format!("models?site_id={}", site.domain), &other.key, 403),
        ("GET", format!("anomalies/stream?site_id={}", site.domain), &other.key, 403),
    ] {
        let url = format!("{}/api/v1/{path}", program.url());
        let request = client.request(method.parse().expect("a method"), &url).bearer_auth(key);
        assert_eq!(request.send().await.expect("an answer").status().as_u16(), want, "{method} {path}");
    }
    for (body, field) in [
        (json!({ "kind": "weather" }), "kind"),
        (json!({ "kind": "churn", "days": 0 }), "days"),
        (json!({ "kind": "conversion" }), "event"),
        (json!({ "kind": "churn", "every": "soon" }), "every"),
        (json!({ "kind": "churn", "name": "" }), "name"),
    ] {
        let mut body = body;
        body["site_id"] = json!(site.domain);
        let (status, answer) = program.post("/api/v1/models", &body).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &json!(field)), "{answer}");
    }
}
