//! Lets a client finish sending a body nobody wants.
//!
//! Who closes a connection while the other side is still sending makes the system throw away the
//! answer on its way, and the client sees a broken connection where it should see "413". So what is
//! left of a body is read and dropped, up to a bound, while the answer is already under way.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::timeout;

/// The most that is read for nothing.
const MOST: u64 = 256 << 20;
/// The longest that is waited for it.
const LONGEST: Duration = Duration::from_secs(30);

/// A request body that is read to its end when it is dropped before.
#[derive(Debug)]
pub(super) struct Drained {
    /// Empty only while being dropped.
    body: Option<Incoming>,
    /// Whether the client waits for leave to send (`Expect: 100-continue`). Such a client is not
    /// asked to send what nobody wants.
    waits: bool,
}

impl Drained {
    pub(super) fn new(body: Incoming, waits: bool) -> Self {
        Self { body: Some(body), waits }
    }
}

impl Body for Drained {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits = false; // reading gives leave
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let waits = self.waits;
        let wanted = |body: &Incoming| !waits && !body.is_end_stream();
        let Some(body) = self.body.take().filter(wanted) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(timeout(LONGEST, discard(body)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, |data| data.len() as u64);
        if read > MOST {
            return;
        }
    }
}
