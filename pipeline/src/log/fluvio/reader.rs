//! Reading the records of a segment one after another, without a gap.
//!
//! State: at most [`KEPT`] open streams per partition. Each ends where its topic ended when it was
//! opened; so the end is where two fresh ones give nothing, because the client says the same when a
//! connection breaks before the first answer.

use std::fmt::{self, Debug};
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use fluvio::Offset;
use futures_util::StreamExt;

use super::connection::{Link, Records};
use super::segment::Segment;
use crate::log::remote::ShardError;

/// Key of the record that closes a segment: whatever lies behind it came late and is void.
pub(super) const CLOSING: &[u8] = b"closed";
/// Who reads what is new, and who looks through what is old.
const KEPT: usize = 2;
/// How long a stream may give nothing before it counts as broken.
const SILENCE: Duration = Duration::from_secs(5);

/// What lies at an offset of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Record(Bytes),
    /// The segment ends here, and the next one begins.
    Closing,
}

/// Streams of one partition, and the connection they use.
pub(super) struct Reader {
    link: Link,
    prefix: String,
    open: Mutex<Vec<Open>>,
}

struct Open {
    segment: Segment,
    next: u64,
    records: Records,
}

impl Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("link", &self.link)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn new(address: &str, prefix: &str) -> Self {
        Self { link: Link::new(address), prefix: prefix.to_owned(), open: Mutex::default() }
    }

    /// What lies at an offset, `None` at the end.
    pub(super) async fn get(&self, segment: Segment, offset: u64) -> Result<Option<Item>, ShardError> {
        let mut kept = self.take(segment, offset);
        let mut ends = 0;
        while ends < 2 {
            let fresh = kept.is_none();
            let mut open = match kept.take() {
                Some(open) => open,
                None => {
                    Open { segment, next: offset, records: self.stream(segment, absolute(offset)?).await? }
                }
            };
            match self.next(&mut open.records).await? {
                Some((at, item)) if at == offset => {
                    open.next = offset + 1;
                    self.keep(open);
                    return Ok(Some(item));
                }
                Some((at, _)) if fresh => {
                    let topic = segment.topic(&self.prefix);
                    return Err(ShardError::Refused(format!(
                        "records {offset} to {at} of {topic} are missing"
                    )));
                }
                Some((at, _)) => {
                    tracing::warn!(?segment, offset, at, "a stream left out records; reading again");
                }
                None if fresh => ends += 1,
                None => {}
            }
        }
        Ok(None)
    }

    /// The last item of a segment, if there is any.
    pub(super) async fn last(&self, segment: Segment) -> Result<Option<Item>, ShardError> {
        for _ in 0..2 {
            let mut records = self.stream(segment, Offset::from_end(1)).await?;
            if let Some((_, item)) = self.next(&mut records).await? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// Closes the streams of a segment that is to be removed.
    pub(super) fn leave(&self, segment: Segment) {
        self.lock().retain(|open| open.segment != segment);
    }

    async fn stream(&self, segment: Segment, from: Offset) -> Result<Records, ShardError> {
        let topic = segment.topic(&self.prefix);
        let opened = async { self.link.get().await?.records(&topic, from).await };
        match opened.await {
            Ok(records) => Ok(records),
            Err(error) => Err(self.broken(error).await),
        }
    }

    async fn next(&self, records: &mut Records) -> Result<Option<(u64, Item)>, ShardError> {
        let record = match tokio::time::timeout(SILENCE, records.next()).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(record))) => record,
            Ok(Some(Err(code))) => return Err(self.broken(ShardError::Unknown(code.to_string())).await),
            Err(_) => return Err(self.broken(ShardError::Unknown("a stream is silent".to_owned())).await),
        };
        let item = match record.key() {
            Some(CLOSING) => Item::Closing,
            _ => Item::Record(Bytes::clone(record.get_value())),
        };
        Ok(Some((record.offset().unsigned_abs(), item)))
    }

    async fn broken(&self, error: ShardError) -> ShardError {
        self.lock().clear();
        self.link.forget().await;
        error
    }

    fn take(&self, segment: Segment, next: u64) -> Option<Open> {
        let mut open = self.lock();
        let at = open.iter().position(|open| open.segment == segment && open.next == next)?;
        Some(open.remove(at))
    }

    fn keep(&self, reader: Open) {
        let mut open = self.lock();
        open.push(reader);
        if open.len() > KEPT {
            open.remove(0);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn absolute(offset: u64) -> Result<Offset, ShardError> {
    i64::try_from(offset)
        .ok()
        .and_then(|offset| Offset::absolute(offset).ok())
        .ok_or_else(|| ShardError::Refused(format!("{offset} is no offset")))
}
