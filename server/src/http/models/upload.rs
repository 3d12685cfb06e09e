//! A model that was trained elsewhere: its folder as a tar archive, `POST /api/v1/models?site_id=&name=`.
//!
//! What it is about is said beside it, as where one is trained here: `days`, `event`, `metric`, `granularity`,
//! `dimensions` (joined by commas), `horizon`, `method`, `seed`. By that it can be compared with what is live.
//!
//! `model.json` and, where the model has one, `model.safetensors`, at the top or in one folder; anything
//! else is refused. Packed with gzip if `Content-Encoding` says so. The model becomes a version of the one
//! of this name, and is a candidate until it is promoted.

use std::io::Read as _;

use serde_json::{Map, Value, json};
use warp::http::StatusCode;

use super::super::{Answer, ApiError, Call, State, json};
use crate::auth::Write;
use crate::models::{FILES, LARGEST_FILE};

/// The name and the media types of an archive.
const MEDIA: [&str; 3] = ["application/x-tar", "application/tar", "application/octet-stream"];

/// Options that are numbers, and those that are words.
const NUMBERS: [&str; 3] = ["days", "horizon", "seed"];
const WORDS: [&str; 4] = ["event", "metric", "granularity", "method"];

/// Whether the call brings an archive.
pub(super) fn is_one(call: &Call) -> bool {
    MEDIA.contains(&call.media_type().as_str())
}

pub(super) async fn take(state: &State, mut call: Call) -> Answer {
    let allowed = state.gate.allow::<Write>(&call)?;
    let site = state.gate.on_site(&allowed, &call.required("site_id")?)?;
    let name = super::name_of(&call.required("name")?)?;
    let given = options(&call)?;
    let body = call.body(2 * LARGEST_FILE, &state.budget).await?;
    let files = files(&body.bytes)?;
    let (record, version) = state.model_settings(&site).take(site.site(), &name, given, files).await?;
    super::audit(state, &allowed, &site, "upload", record.id).await?;
    let answer = json!({ "id": record.id, "name": record.name, "kind": record.kind, "version": version });
    Ok(json(StatusCode::CREATED, &answer))
}

/// The options in the query string.
fn options(call: &Call) -> Result<Map<String, Value>, ApiError> {
    let mut given = Map::new();
    for name in NUMBERS {
        let Some(text) = call.parameter(name) else { continue };
        let number: u64 = text.parse().map_err(|_| {
            ApiError::bad_request("invalid_value", format!("`{name}` must be a whole number")).field(name)
        })?;
        given.insert(name.to_owned(), number.into());
    }
    let words = WORDS.into_iter().filter_map(|name| Some((name.to_owned(), call.parameter(name)?.into())));
    given.extend(words);
    if let Some(names) = call.parameter("dimensions") {
        let names: Vec<Value> = names.split(',').map(str::trim).map(Value::from).collect();
        given.insert("dimensions".to_owned(), names.into());
    }
    Ok(given)
}

/// The model's files in an archive.
fn files(archive: &[u8]) -> Result<Vec<(&'static str, Vec<u8>)>, ApiError> {
    let broken = |error: std::io::Error| {
        ApiError::bad_request("invalid_archive", format!("not a tar archive of a model: {error}"))
    };
    let mut files: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let path = entry.path().map_err(broken)?.into_owned();
        let known = FILES.into_iter().find(|file| path.file_name().is_some_and(|name| name == *file));
        let Some(known) = known.filter(|_| entry.header().entry_type().is_file()) else {
            let message = format!(
                "`{}` does not belong to a model",
                super::super::error::shortened(&path.display().to_string())
            );
            return Err(ApiError::bad_request("invalid_archive", message)
                .hint("the archive holds model.json and model.safetensors"));
        };
        if files.iter().any(|(file, _)| *file == known) {
            return Err(ApiError::bad_request("invalid_archive", format!("`{known}` is there twice")));
        }
        let mut bytes = Vec::new();
        entry.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(broken)?;
        if bytes.len() > LARGEST_FILE {
            let message = format!("`{known}` has more than {LARGEST_FILE} bytes");
            return Err(ApiError::too_large("too_large", message));
        }
        files.push((known, bytes));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, path, *bytes).expect("an entry");
        }
        builder.into_inner().expect("an archive")
    }

    #[test]
    fn only_the_files_of_a_model_are_taken() {
        let good = archive(&[("churn/model.json", b"{}"), ("churn/model.safetensors", b"1")]);
        let taken = files(&good).expect("two files");
        assert_eq!(taken, [("model.json", b"{}".to_vec()), ("model.safetensors", b"1".to_vec())]);
        let code = |bytes: &[u8]| files(bytes).expect_err("refused").code();
        assert_eq!(code(&archive(&[("passwd", b"x")])), "invalid_archive");
        assert_eq!(code(&archive(&[("a/model.json", b"x"), ("b/model.json", b"y")])), "invalid_archive");
        assert_eq!(
            code(b"no archive at all, but as long as a header would be at the least".repeat(20).as_slice()),
            "invalid_archive"
        );
        assert!(files(b"").expect("nothing").is_empty());
    }
}
