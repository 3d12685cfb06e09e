//! Reads a request body: never more than its limit, never slower than its deadline, unpacked.
//!
//! A body over the limit is refused as soon as that is known: by its declared length before a byte
//! is read, else at the first byte too many. All bodies together stay within one budget.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::bufread::MultiGzDecoder;
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::call::Call;
use super::error::ApiError;

/// The longest a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(60);
/// The longest a request waits for room in the budget.
const PATIENCE: Duration = Duration::from_secs(5);
/// One permit of the budget, in bytes: a semaphore counts at most 2^29 or so.
const UNIT: usize = 4096;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Room for request bodies, shared by all requests.
#[derive(Clone, Debug)]
pub struct Budget {
    room: Arc<Semaphore>,
    units: u32,
    patience: Duration,
}

/// A body in memory, and its place in the budget.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl Budget {
    /// Room for this many bytes.
    pub fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, 1 << 28);
        Self { room: Arc::new(Semaphore::new(units as usize)), units, patience: PATIENCE }
    }

    /// Room for some of it, when there is.
    pub(super) async fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, self.units);
        let full = || ApiError::unavailable("busy", "too many requests at once", Duration::from_secs(1));
        match timeout(self.patience, Arc::clone(&self.room).acquire_many_owned(units)).await {
            Ok(Ok(permit)) => Ok(permit),
            // The semaphore is never closed, so this is the timeout.
            Ok(Err(_)) | Err(_) => Err(full()),
        }
    }
}

impl Call {
    /// The body, at most `limit` bytes of it before and after unpacking.
    pub(crate) async fn body(&mut self, limit: usize, budget: &Budget) -> Result<Body, ApiError> {
        let declared = self.content_length();
        if declared.is_some_and(|length| length > limit as u64) {
            return Err(over(limit));
        }
        let packed = encoding(self.header("content-encoding"))?;
        // What is unpacked is counted as if it filled the limit.
        let expected = match declared {
            Some(length) if !packed => length as usize, // at most `limit`, which is a usize
            _ => limit,
        };
        let mut room = budget.take(expected).await?;
        let raw = timeout(DEADLINE, self.read(limit, declared)).await.map_err(|_| slow())??;
        if !packed && !raw.starts_with(&GZIP_MAGIC) {
            return Ok(Body { bytes: raw, _room: room });
        }
        if expected < limit {
            room.merge(budget.take(limit - expected).await?);
        }
        Ok(Body { bytes: unpack(&raw, limit)?, _room: room })
    }

    async fn read(&mut self, limit: usize, declared: Option<u64>) -> Result<Bytes, ApiError> {
        // Most bodies are one piece: that one is taken as it is.
        let Some(first) = self.next_piece(limit).await? else { return Ok(Bytes::new()) };
        if declared == Some(first.len() as u64) {
            return Ok(first);
        }
        let Some(second) = self.next_piece(limit - first.len()).await? else { return Ok(first) };
        let mut whole =
            BytesMut::with_capacity(declared.map_or(first.len() * 4, |length| length as usize).min(limit));
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&second);
        while let Some(piece) = self.next_piece(limit - whole.len()).await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// The next piece, or an error if it is longer than what is `left`.
    async fn next_piece(&mut self, left: usize) -> Result<Option<Bytes>, ApiError> {
        match self.stream.next().await {
            None => Ok(None),
            Some(Ok(piece)) if piece.len() <= left => Ok(Some(piece)),
            Some(Ok(_)) => Err(ApiError::too_large("body_too_large", "the body is over the limit")),
            Some(Err(())) => Err(ApiError::bad_request("body_incomplete", "the body ended too early")),
        }
    }
}

fn over(limit: usize) -> ApiError {
    ApiError::too_large("body_too_large", format!("the body is over the limit of {limit} bytes"))
        .hint("send fewer events per request")
}

fn slow() -> ApiError {
    let status = warp::http::StatusCode::REQUEST_TIMEOUT;
    ApiError::new(status, "body_timeout", "the body took too long to arrive")
}

/// Whether the header says gzip. Other encodings are refused.
fn encoding(header: Option<&str>) -> Result<bool, ApiError> {
    match header.map(str::trim) {
        None | Some("" | "identity") => Ok(false),
        Some(name) if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => Ok(true),
        Some(_) => {
            Err(ApiError::unsupported("unsupported_encoding", "only gzip and identity are understood")
                .field("Content-Encoding"))
        }
    }
}

fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, ApiError> {
    let mut plain = Vec::with_capacity((packed.len() * 4).min(limit));
    // One byte more than allowed shows that there is more.
    let mut reader = MultiGzDecoder::new(packed).take(limit as u64 + 1);
    reader
        .read_to_end(&mut plain)
        .map_err(|_| ApiError::bad_request("bad_gzip", "the body is not valid gzip"))?;
    if plain.len() > limit { Err(over(limit)) } else { Ok(plain.into()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(plain).expect("in memory");
        packer.finish().expect("in memory")
    }

    #[test]
    fn gzip_is_unpacked_up_to_the_limit() {
        assert_eq!(unpack(&gzip(b"hello"), 5).expect("fits"), "hello".as_bytes());
        assert_eq!(unpack(&gzip(b"hello!"), 5).expect_err("too long").code(), "body_too_large");
        let bomb = gzip(&vec![0; 50_000_000]);
        assert!(bomb.len() < 100_000);
        assert_eq!(unpack(&bomb, 1_000_000).expect_err("too long").code(), "body_too_large");
        assert_eq!(unpack(&gzip(b"hello")[..12], 100).expect_err("cut").code(), "bad_gzip");
    }

    #[test]
    fn only_known_encodings_pass() {
        assert!(!encoding(None).expect("none"));
        assert!(encoding(Some("GZIP")).expect("gzip"));
        assert_eq!(encoding(Some("br")).expect_err("unknown").code(), "unsupported_encoding");
    }

    #[tokio::test]
    async fn a_full_budget_answers_busy() {
        let budget = Budget { patience: Duration::from_millis(20), ..Budget::new(10 * UNIT) };
        let held = budget.take(10 * UNIT).await.expect("room");
        assert_eq!(budget.take(1).await.expect_err("full").code(), "busy");
        drop(held);
        assert!(budget.take(usize::MAX).await.is_ok(), "one body alone always has room");
    }
}
