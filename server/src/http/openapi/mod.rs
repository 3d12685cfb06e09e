//! `/openapi.json`, made from the catalogue and the limits that requests are read by, and `/docs`, a
//! page that shows it. Nothing of either comes from another host.

mod alerting;
mod collecting;
mod dashboards;
mod defined;
mod health;
mod models;
mod operation;
mod people;
mod questions;
mod schemas;
mod settings;

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use warp::reply::{Reply, Response};

use super::{Answer, ApiError, Call, State, on};

const PAGE: &str = include_str!("../../../../web/docs/index.html");
const SCRIPT: &str = include_str!("../../../../web/docs/docs.js");
const STYLE: &str = include_str!("../../../../web/docs/docs.css");

/// Everything comes from here, nothing is inline, nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    let json = on(warp::path!("openapi.json"), state, |_, call| async move {
        file(&call, "application/json", &DOCUMENT)
    });
    let page =
        on(
            warp::path!("docs"),
            state,
            |_, call| async move { file(&call, "text/html; charset=utf-8", PAGE) },
        );
    let script = on(warp::path!("docs" / "docs.js"), state, |_, call| async move {
        file(&call, "text/javascript; charset=utf-8", SCRIPT)
    });
    let style = on(warp::path!("docs" / "docs.css"), state, |_, call| async move {
        file(&call, "text/css; charset=utf-8", STYLE)
    });
    json.or(page).unify().or(script).unify().or(style).unify().boxed()
}

fn file(call: &Call, media_type: &'static str, text: &'static str) -> Answer {
    if call.method != Method::GET && call.method != Method::HEAD {
        return Err(ApiError::method(&call.method, "GET, HEAD"));
    }
    let mut response = text.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("content-security-policy"), POLICY),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// The whole description.
fn document() -> Value {
    let (mut paths, mut schemas) = (Map::new(), schemas::schemas());
    questions::describe(&mut paths);
    collecting::describe(&mut paths, &mut schemas);
    defined::describe(&mut paths, &mut schemas);
    dashboards::describe(&mut paths, &mut schemas);
    alerting::describe(&mut paths, &mut schemas);
    settings::describe(&mut paths, &mut schemas);
    people::describe(&mut paths, &mut schemas);
    models::describe(&mut paths, &mut schemas);
    health::describe(&mut paths, &mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "OpenTrace",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Questions about the visitors of sites. Every error has the form \
                `{\"error\": {\"code\", \"message\", \"field\", \"hint\"}}`; questions are limited per key, and \
                `X-RateLimit-*` says what is left.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
        },
    })
}

#[cfg(test)]
mod tests {
    use opentrace_query::catalogue::{FIELDS, METRICS};

    use super::*;
    use crate::http::testing::{Server, run};

    /// Calls `visit` with every reference within.
    fn references(value: &Value, visit: &mut impl FnMut(&str)) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    visit(reference);
                }
                map.values().for_each(|value| references(value, visit));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, visit)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        references(&document, &mut |reference| {
            let pointer = reference.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        });
    }

    #[test]
    fn the_catalogue_is_in_it() {
        let text = document().to_string();
        for name in METRICS.iter().map(|info| info.name).chain(FIELDS.iter().map(|field| field.name)) {
            assert!(text.contains(&format!("\"{name}\"")), "{name}");
        }
    }

    /// What handlers are put at is described: everything under `/api` that is written as a path.
    #[test]
    fn every_path_of_the_program_is_described() {
        let document = document();
        let described: Vec<String> = document["paths"]
            .as_object()
            .expect("paths")
            .keys()
            .map(|path| {
                path.split('/')
                    .map(|part| if part.starts_with('{') { "{}" } else { part })
                    .collect::<Vec<_>>()
                    .join("/")
            })
            .collect();
        let mut found = 0;
        for file in sources(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http"))) {
            for (_, rest) in
                file.match_indices("warp::path!(").map(|(at, text)| file.split_at(at + text.len()))
            {
                let parts = rest.split(')').next().unwrap_or_default().split('/').map(str::trim);
                let parts = parts.map(|part| {
                    part.strip_prefix('"').and_then(|part| part.strip_suffix('"')).unwrap_or("{}")
                });
                let path = format!("/{}", parts.collect::<Vec<_>>().join("/"));
                if path.starts_with("/api/") {
                    found += 1;
                    assert!(
                        described.contains(&path),
                        "{path} is not described: see server/src/http/openapi"
                    );
                }
            }
        }
        assert!(found > 20, "{found} paths");
    }

    fn sources(folder: &std::path::Path) -> Vec<String> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("openapi") && !path.ends_with("tests") {
                all.extend(sources(&path));
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                all.push(std::fs::read_to_string(path).expect("text"));
            }
        }
        all
    }

    /// Every path that is described is there, and takes no other methods than those described.
    #[test]
    fn paths_are_those_of_the_program() {
        run(async {
            let server = Server::start().await;
            for (path, methods) in document()["paths"].as_object().expect("paths") {
                let place = path.replace("{domain}", "a.example").replace("{place}", "0");
                let place = place.replace("{id}", &uuid::Uuid::nil().to_string()).replace("{token}", "x");
                let answer = server.call("TRACE", &place).admin().send().await;
                assert_eq!(answer.status, 405, "{path}: {}", answer.text);
                let allowed = answer.header("allow").expect("methods").replace(", OPTIONS", "");
                let mut allowed: Vec<_> = allowed.split(", ").map(str::to_lowercase).collect();
                allowed.retain(|method| method != "head");
                let mut described: Vec<_> = methods
                    .as_object()
                    .expect("methods")
                    .keys()
                    .filter(|key| *key != "parameters")
                    .cloned()
                    .collect();
                allowed.sort();
                described.sort();
                assert_eq!(described, allowed, "{path}");
            }
            let page = server.call("GET", "/docs").send().await;
            assert_eq!(page.status, 200);
            assert!(!page.text.contains("://"), "nothing comes from elsewhere");
            let served = server.call("GET", "/openapi.json").send().await;
            assert_eq!((served.status, served.json()), (200, document()));
        });
    }
}
