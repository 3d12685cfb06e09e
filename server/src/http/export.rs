//! `GET /api/v1/export?site_id=&format=&from=&to=&filters=&limit=&cursor=`: events as they are stored.
//!
//! `X-Total-Rows` says how many there are; where the answer is cut, `X-Truncated: true` says so and
//! `X-Next-Cursor` where to go on. A stream that breaks off is asked for again with the same address.

use std::io::Error;
use std::sync::Arc;

use bytes::Bytes;
use clickhouse::query::BytesCursor;
use opentrace_query::Format;
use opentrace_query::export::Export;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use warp::reply::{Reply, Response};

use super::question::{Question, asked};
use super::turns::Weight;
use super::{Answer, ApiError, Call, State};
use crate::auth::Read;

/// Pieces that wait for who reads them.
const PIECES: usize = 4;

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    asked(warp::path!("api" / "v1" / "export"), state, export)
}

async fn export(state: Arc<State>, call: Call) -> Answer {
    if call.method != Method::GET {
        return Err(ApiError::method(&call.method, "GET"));
    }
    let allowed = state.gate.allow::<Read>(&call)?;
    let domain = call.required("site_id")?;
    let question = Question::about(&state, &allowed, &domain, Weight::Kept).await?;
    let export = Export::read(|name| call.parameter(name), &question.vocabulary)?;
    let page = question.asking().export(&export).await?;
    let pieces = question.asking().pieces(&page, export.format)?;
    let body = warp::reply::stream(ReceiverStream::new(sent(pieces, export.format.head())));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(export.format.media_type()));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(named(export.format)));
    headers.insert(HeaderName::from_static("x-total-rows"), HeaderValue::from(page.rows));
    headers.insert(HeaderName::from_static("x-row-limit"), HeaderValue::from(export.limit));
    let cut = if page.next.is_some() { "true" } else { "false" };
    headers.insert(HeaderName::from_static("x-truncated"), HeaderValue::from_static(cut));
    if let Some(next) = page.next.and_then(|cursor| HeaderValue::from_str(&cursor.written()).ok()) {
        headers.insert(HeaderName::from_static("x-next-cursor"), next);
    }
    Ok(response)
}

/// The pieces as somebody takes them. When nobody does any more, the statement ends.
fn sent(mut pieces: BytesCursor, head: Bytes) -> mpsc::Receiver<Result<Bytes, Error>> {
    let (send, receive) = mpsc::channel(PIECES);
    tokio::spawn(async move {
        if !head.is_empty() && send.send(Ok(head)).await.is_err() {
            return;
        }
        loop {
            let piece = match pieces.next().await {
                Ok(Some(piece)) => Ok(piece),
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "export broke off");
                    Err(Error::other("the store broke off"))
                }
            };
            let over = piece.is_err();
            if send.send(piece).await.is_err() || over {
                return;
            }
        }
    });
    receive
}

fn named(format: Format) -> &'static str {
    match format {
        Format::Csv => "attachment; filename=\"events.csv\"",
        Format::Ndjson => "attachment; filename=\"events.ndjson\"",
        Format::Parquet => "attachment; filename=\"events.parquet\"",
        Format::Arrow => "attachment; filename=\"events.arrows\"",
    }
}
