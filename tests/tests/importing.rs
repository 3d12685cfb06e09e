//! Files with history, by the command line and by a request: both read the same, and a file that is sent again
//! changes nothing.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentrace_tests::Program;
use serde_json::{Value, json};

const LOG: &str = r#"198.51.100.7 - - [03/Mar/2025:10:00:00 +0000] "GET / HTTP/1.1" 200 512 "https://www.google.com/" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
198.51.100.7 - - [03/Mar/2025:10:01:00 +0000] "GET /pricing HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
198.51.100.8 - - [03/Mar/2025:10:02:00 +0000] "GET /app.css HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
nonsense
"#;
const CSV: &str = "ts,visitor,url,source\n2025-03-03T10:00:00Z,7,https://x.example/,Google\n\
                   2025-03-20T10:01:00Z,7,https://x.example/pricing,\n,7,https://x.example/never,\n";
const UMAMI: &str = "website_id,session_id,event_id,hostname,browser,os,device,country,region,url_path,url_query,\
referrer_domain,event_type,event_name,created_at\n\
w,s1,9a8b7c6d-0000-4000-8000-000000000001,x.example,chrome,Mac OS,laptop,DE,BE,/,utm_source=news,mail.example,1,,2025-03-03 10:00:00\n\
w,s1,9a8b7c6d-0000-4000-8000-000000000002,x.example,chrome,Mac OS,laptop,DE,BE,/,,,2,signup,2025-03-20 10:00:00\n\
w,s2,9a8b7c6d-0000-4000-8000-000000000003,x.example,ios,iOS,mobile,US,US-CA,/docs,,,1,,2025-03-20 11:00:00\n\
w,s2,9a8b7c6d-0000-4000-8000-000000000004,x.example,ios,iOS,mobile,US,US-CA,/docs,,,5,,2025-03-20 11:00:00\n";

fn ga4() -> String {
    let row = |name: &str, micros: i64, who: &str, page: &str| {
        let page =
            json!({"key": "page_location", "value": {"string_value": format!("https://x.example{page}")}});
        json!({
            "event_name": name, "event_timestamp": micros.to_string(), "user_pseudo_id": who,
            "event_params": [page], "geo": {"country": "Germany"},
            "device": {"category": "mobile", "web_info": {"browser": "Safari"}},
        })
    };
    let begin = 1_741_000_000_000_000;
    let rows = [
        row("session_start", begin, "a.1", "/"),
        row("page_view", begin, "a.1", "/"),
        row("page_view", begin + 20 * 86_400_000_000, "a.1", "/pricing"),
        row("sign_up", begin + 20 * 86_400_000_000, "b.2", "/pricing"),
    ];
    rows.map(|row| format!("{row}\n")).concat()
}

async fn figures(program: &Program, site: &str) -> Vec<Value> {
    program.settle().await;
    let mut answers = Vec::new();
    for dimensions in [
        json!([]),
        json!(["time:month"]),
        json!(["event:page"]),
        json!(["visit:source"]),
        json!(["visit:country"]),
    ] {
        let metrics = ["visitors", "visits", "pageviews", "events"];
        let query =
            json!({"site_id": site, "date_range": "all", "metrics": metrics, "dimensions": dimensions});
        answers.push(program.query(query).await["results"].clone());
    }
    answers
}

fn packed(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text.as_bytes()).expect("packs");
    packer.finish().expect("packs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_the_same_by_command_and_by_request() {
    let data = tempfile::tempdir().expect("a folder");
    let program = Program::start(data.path()).await;
    for (format, text, all, skipped) in [
        ("combined", LOG.to_owned(), json!([1, 1, 2, 2]), 2),
        ("csv", CSV.to_owned(), json!([1, 2, 2, 2]), 1),
        ("umami", UMAMI.to_owned(), json!([2, 3, 2, 3]), 1),
        ("ga4", ga4(), json!([2, 3, 2, 3]), 1),
    ] {
        let (by_command, by_request) = (format!("{format}.example"), format!("sent-{format}.example"));
        let file = data.path().join(format);
        std::fs::write(&file, &text).expect("writes");
        let file = file.display().to_string();
        let (code, out, err) = program.command(&["import", "--format", format, &file, "--site", &by_command]);
        assert_eq!(code, 0, "{out}{err}");
        let figures_by_command = figures(&program, &by_command).await;
        assert_eq!(figures_by_command[0][0]["metrics"], all, "{format}: {out}");

        program.site(&by_request).await;
        let events = all[3].as_u64().expect("a number");
        for (taken, known) in [(events, 0), (0, events)] {
            let path = format!("/api/v1/import?site_id={by_request}&format={format}");
            let (status, answer) = program.send(&path, packed(&text)).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(
                (&answer["accepted"], &answer["duplicates"]),
                (&json!(taken), &json!(known)),
                "{answer}"
            );
            assert_eq!(answer["lines"], json!(events + skipped), "{answer}");
            assert_eq!(
                answer["skipped"].as_array().map(Vec::len),
                Some(if format == "combined" { 2 } else { 1 })
            );
        }
        assert_eq!(figures(&program, &by_request).await, figures_by_command, "{format}");
    }
    let (code, out, err) = program.command(&["verify"]);
    assert_eq!(code, 0, "{out}{err}");
}
