use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const LINE: &str = r#"83.149.9.216 - frank [17/May/2015:12:05:03 +0200] "GET /a%20b/?x=1 HTTP/1.1" 200 203023 "http://example.com/" "Mozilla/5.0 (X11; Linux x86_64)""#;

#[test]
fn a_combined_line_is_read() {
    let line = LogLine::parse(LINE).expect("a line");
    assert_eq!((line.client, line.user, line.request), ("83.149.9.216", "frank", "GET /a%20b/?x=1 HTTP/1.1"));
    assert_eq!(line.ts, Timestamp(1_431_857_103_000));
    assert_eq!((line.status, line.bytes, line.referrer), (200, Some(203_023), "http://example.com/"));
    assert_eq!(line.user_agent, Some("Mozilla/5.0 (X11; Linux x86_64)"));
    let view = classify(&line).expect("a page view");
    assert_eq!((view.path, view.target), ("/a%20b/", "/a%20b/?x=1"));
    assert_eq!(view.ip(), Some([83, 149, 9, 216].into()));
}

#[test]
fn the_formats_varieties_are_read() {
    for line in [
        r#"2001:db8::1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 - "-" "Mozilla/5.0 (\"odd\" \\)""#,
        r#"host.example - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 304 0"#,
        r#"1.2.3.4 - a [b] c [17/May/2015:10:05:03 -0730] "GET /" 200 1 "-" "x" "extra" 0.5"#,
        r#"1.2.3.4 - - [17/May/2015:23:59:60 +0000] "GET / HTTP/2.0" 200 1 "-" "x"  "#,
        r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 0.013"#,
    ] {
        assert!(page_view(line).is_ok(), "{line}");
    }
    let common =
        page_view(r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#).expect("a page view");
    assert_eq!((common.referrer, common.user_agent), ("", ""));
    let host = page_view(r#"host.example - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#)
        .expect("a page view");
    assert_eq!(host.ip(), None);
}

#[test]
fn each_line_that_is_none_has_a_reason() {
    let line = |request: &str, status: &str, agent: &str| {
        format!(r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "{request}" {status} 5 "-" "{agent}""#)
    };
    let whole = line("GET / HTTP/1.1", "200", "Mozilla/5.0");
    assert!(page_view(&whole).is_ok());
    for (line, skip) in [
        (String::new(), Skip::Malformed),
        ("not a log line".to_owned(), Skip::Malformed),
        (whole[..whole.len() - 1].to_owned(), Skip::Malformed),
        (whole.replace("May", "Mai"), Skip::Malformed),
        (whole.replace("17/", "32/"), Skip::Malformed),
        (whole.replace(" +0000", ""), Skip::Malformed),
        (line("-", "400", "Mozilla/5.0"), Skip::Malformed),
        (line("\\x16\\x03\\x01", "400", "Mozilla/5.0"), Skip::Malformed),
        (line("get / HTTP/1.1", "200", "Mozilla/5.0"), Skip::Malformed),
        (line("GET http://other/ HTTP/1.1", "200", "Mozilla/5.0"), Skip::Malformed),
        (line("GET / HTTP/1.1", "2000", "Mozilla/5.0"), Skip::Malformed),
        (line("POST /x.css HTTP/1.1", "404", ""), Skip::Method),
        (line("OPTIONS * HTTP/1.1", "200", "Mozilla/5.0"), Skip::Method),
        (line("GET /x.css HTTP/1.1", "404", ""), Skip::Status),
        (line("GET / HTTP/1.1", "199", "Mozilla/5.0"), Skip::Status),
        (line("GET / HTTP/1.1", "400", "Mozilla/5.0"), Skip::Status),
        (line("GET /a/Style.CSS?v=1 HTTP/1.1", "200", ""), Skip::Asset),
        (line("GET /favicon.ico#x HTTP/1.1", "304", "Mozilla/5.0"), Skip::Asset),
        (line("GET / HTTP/1.1", "200", ""), Skip::Bot),
        (line("GET / HTTP/1.1", "200", "-"), Skip::Bot),
        (line("GET / HTTP/1.1", "200", "Googlebot/2.1"), Skip::Bot),
    ] {
        assert_eq!(page_view(&line), Err(skip), "{line}");
    }
    for path in
        ["/a.b/c", "/v1.2", "/x.html", "/index.php?f=a.css", "/.well-known", "/x.", "//wp.example/a", "/a b"]
    {
        assert!(page_view(&line(&format!("GET {path} HTTP/1.1"), "301", "Mozilla/5.0")).is_ok(), "{path}");
    }
}

#[test]
fn bytes_that_are_no_text_do_not_lose_a_line() {
    let mut bytes = LINE.as_bytes().to_vec();
    bytes.splice(60..60, [0xff, 0xfe]);
    bytes.extend_from_slice(b"\r\n");
    assert!(text(&bytes).ends_with("x86_64)\""));
    assert!(page_view(&text(&bytes)).is_ok());
}

#[test]
fn ids_are_the_contents_and_tell_nothing_of_the_visitor() {
    let view = page_view(LINE).expect("a page view");
    let mut import = LineIds::default();
    let first = import.next("example.com", &view);
    let second = import.next("example.com", &view);
    assert_ne!(first, second, "a line that comes twice in an import counts twice");
    let mut again = LineIds::default();
    assert_eq!([first, second], [again.next("example.com", &view), again.next("example.com", &view)]);
    let other = PageView { client: "9.9.9.9", user_agent: "another", ..view.clone() };
    assert_eq!(LineIds::default().next("example.com", &other), first);
    assert_ne!(LineIds::default().next("example.org", &view), first);
    let different = [
        PageView { ts: Timestamp(view.ts.0 + 1), ..view.clone() },
        PageView { target: "/", ..view.clone() },
        PageView { referrer: "x", ..view.clone() },
        PageView { status: 201, ..view.clone() },
        PageView { bytes: None, ..view.clone() },
    ];
    let ids: HashSet<_> = different.iter().map(|view| LineIds::default().next("example.com", view)).collect();
    assert_eq!(ids.len(), 5);
    assert!(!ids.contains(&first));
}

#[test]
fn the_extensions_are_sorted() {
    assert!(ASSET_EXTENSIONS.is_sorted());
    assert!(ASSET_EXTENSIONS.iter().all(|extension| extension.len() <= 11));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = page_view(&text(&bytes));
    }

    #[test]
    fn no_damage_panics(at in 0_usize..LINE.len(), byte in any::<u8>(), cut in 0_usize..LINE.len()) {
        let mut bytes = LINE.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = page_view(&text(&bytes));
        let _ = page_view(&text(&bytes[..cut]));
        let _ = page_view(&text(&bytes[cut..]));
    }

    /// What is written by the format is read back.
    #[test]
    fn fields_round_trip(
        path in "/[a-z%20]{0,12}", status in 100_u16..600, bytes in proptest::option::of(any::<u32>()),
        referrer in "[^\"\\\\]{0,20}", agent in "[^\"\\\\]{0,20}",
    ) {
        let size = bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
        let line = format!(r#"::1 - - [01/Jan/2020:00:00:00 +0000] "GET {path} HTTP/1.1" {status} {size} "{referrer}" "{agent}""#);
        let read = LogLine::parse(&line).expect("a line");
        prop_assert_eq!(read.request, format!("GET {path} HTTP/1.1"));
        prop_assert_eq!((read.status, read.bytes), (status, bytes.map(u64::from)));
        prop_assert_eq!(read.referrer, if referrer == "-" { "" } else { &*referrer });
        prop_assert_eq!(read.user_agent, Some(&*agent));
    }
}
