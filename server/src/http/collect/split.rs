//! Takes a body apart into events: a JSON array, one JSON object, or one JSON object per line.
//!
//! One broken event does not spoil the others: it is handed on as an error in its place. Only a
//! body that is no JSON at all is refused as a whole.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::error::ApiError;

/// Why one event of a body could not be read.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// What is called with each event in the order of the body.
pub(super) trait Take<T>: FnMut(Result<T, Broken>) {}
impl<T, F: FnMut(Result<T, Broken>)> Take<T> for F {}

/// Whether a media type says "one JSON value per line".
pub(super) fn is_lines(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines"
    )
}

/// Calls `take` for each event in `body`, of which there may be at most `most`. Blank lines are no
/// events and have no index.
///
/// After an error some events may have been taken: the caller drops them.
pub(super) fn split<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    lines: bool,
    most: usize,
    mut take: impl Take<T>,
) -> Result<(), ApiError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    match body.first() {
        None => Err(not_json("the body is empty")),
        Some(b'[') => array(text(body)?, most, take),
        _ if lines => each_line(body, most, take),
        Some(b'{') => match std::str::from_utf8(body).map(serde_json::from_str::<T>) {
            Ok(Ok(one)) => {
                take(Ok(one));
                Ok(())
            }
            Ok(Err(error)) => object_or_lines(body, &error, most, take),
            Err(_) if looks_like_lines(body) => each_line(body, most, take),
            Err(_) => Err(not_utf8()),
        },
        Some(_) => Err(not_json("neither an array nor an object")),
    }
}

/// Reads straight into events. Only if one of them is wrong is the array taken apart first.
fn array<'a, T: Deserialize<'a>>(body: &'a str, most: usize, mut take: impl Take<T>) -> Result<(), ApiError> {
    let mut taken = 0;
    let read = elements(body, most, |item| {
        take(Ok(item));
        taken += 1;
    });
    if !matches!(read, Err(Unread::Json(_))) {
        return read.map_err(|error| error.refusal(most));
    }
    let mut index = 0;
    let read = elements(body, most, |item: &RawValue| {
        if index >= taken {
            take(serde_json::from_str(item.get()).map_err(|error| broken(&error)));
        }
        index += 1;
    });
    read.map_err(|error| error.refusal(most))
}

/// Why an array was not read to its end.
enum Unread {
    TooMany,
    Json(serde_json::Error),
}

impl Unread {
    fn refusal(self, most: usize) -> ApiError {
        match self {
            Self::TooMany => too_many(most),
            Self::Json(error) => not_json(error),
        }
    }
}

fn elements<'a, T: Deserialize<'a>>(body: &'a str, most: usize, take: impl FnMut(T)) -> Result<(), Unread> {
    let mut reader = serde_json::Deserializer::from_str(body);
    let mut too_many = false;
    let visitor = Each { take, most, too_many: &mut too_many, item: PhantomData };
    let read = reader.deserialize_seq(visitor).and_then(|()| reader.end());
    if too_many { Err(Unread::TooMany) } else { read.map_err(Unread::Json) }
}

fn object_or_lines<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    error: &serde_json::Error,
    most: usize,
    mut take: impl Take<T>,
) -> Result<(), ApiError> {
    if looks_like_lines(body) {
        return each_line(body, most, take);
    }
    if error.is_data() {
        take(Err(broken(error)));
        return Ok(());
    }
    Err(not_json(error))
}

/// Whether some line of several is a whole JSON object. A single object over several lines has none,
/// or it would not have failed to be read as one.
fn looks_like_lines(body: &[u8]) -> bool {
    body.contains(&b'\n')
        && lines(body).any(|line| {
            line.first() == Some(&b'{') && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
        })
}

fn each_line<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    most: usize,
    mut take: impl Take<T>,
) -> Result<(), ApiError> {
    for (index, line) in lines(body).enumerate() {
        if index >= most {
            return Err(too_many(most));
        }
        take(match std::str::from_utf8(line) {
            Ok(line) => serde_json::from_str(line).map_err(|error| broken(&error)),
            Err(_) => Err(Broken { code: "invalid_utf8", message: "the line is not valid UTF-8".to_owned() }),
        });
    }
    Ok(())
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

fn text(body: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(body).map_err(|_| not_utf8())
}

fn broken(error: &serde_json::Error) -> Broken {
    let code = if error.is_data() { "event_invalid" } else { "invalid_json" };
    Broken { code, message: error.to_string() }
}

fn not_json(why: impl fmt::Display) -> ApiError {
    ApiError::bad_request("invalid_json", format!("the body is not JSON: {why}"))
        .hint("send a JSON array of events, one event, or one event per line")
}

fn not_utf8() -> ApiError {
    ApiError::bad_request("invalid_utf8", "the body is not valid UTF-8")
}

fn too_many(most: usize) -> ApiError {
    ApiError::too_large("too_many_events", format!("more than {most} events in one request"))
        .hint("send fewer events per request")
}

/// Hands the elements of a sequence on one by one.
struct Each<'m, T, F> {
    take: F,
    most: usize,
    too_many: &'m mut bool,
    item: PhantomData<T>,
}

impl<'a, T: Deserialize<'a>, F: FnMut(T)> Visitor<'a> for Each<'_, T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut left = self.most;
        while let Some(item) = items.next_element()? {
            *self.too_many = left == 0;
            left = left.checked_sub(1).ok_or_else(|| serde::de::Error::custom("too many events"))?;
            (self.take)(item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Item<'a> {
        n: &'a str,
    }

    /// The names in order, codes of broken ones in angle brackets; or the code of the refusal.
    fn read(body: &[u8], lines: bool) -> Result<Vec<String>, &'static str> {
        let mut names = Vec::new();
        let done = split(body, lines, 5, |item: Result<Item<'_>, Broken>| {
            names.push(item.map_or_else(|broken| format!("<{}>", broken.code), |item| item.n.to_owned()));
        });
        done.map(|()| names).map_err(|error| error.code())
    }

    #[test]
    fn every_form_is_understood() {
        for (body, declared, want) in [
            (&br#"[{"n":"a"},{"n":"b"}]"#[..], false, Ok(vec!["a", "b"])),
            (b"[]", false, Ok(vec![])),
            (b" \n{\"n\":\"a\"} ", false, Ok(vec!["a"])),
            (b"{\n  \"n\":\n  \"a\"\n}", false, Ok(vec!["a"])),
            (b"{\"n\":\"a\"}\r\n\r\n{\"n\":\"b\"}\n", false, Ok(vec!["a", "b"])),
            (b"{\"n\":\"a\"}\n{\"n\":\"b\"}", true, Ok(vec!["a", "b"])),
            (b"\xef\xbb\xbf[{\"n\":\"a\"}]", true, Ok(vec!["a"])),
            // One broken event among good ones.
            (
                br#"[{"n":"a"},{"n":1},{"n":"c"},7]"#,
                false,
                Ok(vec!["a", "<event_invalid>", "c", "<event_invalid>"]),
            ),
            (b"{\"n\":\"a\"}\n{\"n\":\n{\"n\":\"c\"}", true, Ok(vec!["a", "<invalid_json>", "c"])),
            (b"{\"n\":\n{\"n\":\"c\"}", false, Ok(vec!["<invalid_json>", "c"])),
            (b"{\"n\":\"a\"}\n{\"n\":\"\xff\"}\n{\"n\":\"c\"}", false, Ok(vec!["a", "<invalid_utf8>", "c"])),
            (br#"{"n":1}"#, false, Ok(vec!["<event_invalid>"])),
            // No JSON at all.
            (b"", false, Err("invalid_json")),
            (b"hello", false, Err("invalid_json")),
            (b"{\"n\":", false, Err("invalid_json")),
            (b"[{\"n\":\"a\"},", false, Err("invalid_json")),
            (b"[{\"n\":\"a\"}] x", false, Err("invalid_json")),
            (b"[{\"n\":\"\xff\"}]", false, Err("invalid_utf8")),
            (b"{\"n\":\"\xff\"}", false, Err("invalid_utf8")),
        ] {
            let want = want.map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(read(body, declared), want, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        let item = r#"{"n":"a"}"#;
        let array = |n| format!("[{}]", vec![item; n].join(","));
        let lines = |n| vec![item; n].join("\n");
        assert_eq!(read(array(5).as_bytes(), false).map(|names| names.len()), Ok(5));
        assert_eq!(read(array(6).as_bytes(), false), Err("too_many_events"));
        assert_eq!(read(lines(5).as_bytes(), false).map(|names| names.len()), Ok(5));
        assert_eq!(read(lines(6).as_bytes(), true), Err("too_many_events"));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(body: Vec<u8>, lines: bool) {
            let _ = read(&body, lines);
        }

        /// Bytes that look like JSON find more corners than random ones.
        #[test]
        fn no_likely_text_panics(body in "[\\[\\]{}\",:n a\\\\\n0-9]{0,40}", lines: bool) {
            let _ = read(body.as_bytes(), lines);
        }
    }
}
