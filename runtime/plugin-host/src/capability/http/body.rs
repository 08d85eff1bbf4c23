//! Bodies within bounds: how much a guest sends, how much it gets, and how long it waits for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::error;
use crate::host_data::HostData;

/// Bytes of one response's body. It streams, so this bounds traffic rather than memory.
pub(super) const RESPONSE_BYTES_MAX: u64 = 16 << 20;

/// What a guest sends.
pub(super) struct RequestBody {
    inner: WasiBody,
    /// What the call may still hand over, and what that was at its beginning.
    data: HostData,
    data_max: u64,
}

impl RequestBody {
    pub(super) fn new(inner: WasiBody, data: HostData, data_max: u64) -> Self {
        Self { inner, data, data_max }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        let Some(Ok(frame)) = frame else { return Poll::Ready(frame) };
        let taken = self.data.take(bytes(&frame));
        let too_much = |_| Error::HttpRequestBodySize(Some(self.data_max));
        Poll::Ready(Some(taken.map(|()| frame).map_err(too_much)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// What a guest gets.
pub(super) struct ResponseBody {
    inner: Incoming,
    left: u64,
    /// How long the guest waits for each piece, if it says so.
    patience: Option<Duration>,
    /// Until when the next piece must be here.
    timer: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    pub(super) fn new(inner: Incoming, times: &RequestOptions) -> Self {
        let patience = times.between_bytes_timeout;
        let timer = patience.map(|patience| Box::pin(sleep(patience)));
        Self { inner, left: RESPONSE_BYTES_MAX, patience, timer }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) else {
            let Some(timer) = &mut self.timer else { return Poll::Pending };
            ready!(timer.as_mut().poll(context));
            return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
        };
        self.timer = self.patience.map(|patience| Box::pin(sleep(patience)));
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(|error| error::of_http(&error))?;
            let too_much = Error::HttpResponseBodySize(Some(RESPONSE_BYTES_MAX));
            within(&mut self.left, frame).ok_or(too_much)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The frame, if there is still room for it.
fn within(left: &mut u64, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
    *left = left.checked_sub(bytes(&frame) as u64)?;
    Some(frame)
}

fn bytes(frame: &Frame<Bytes>) -> usize {
    frame.data_ref().map_or(0, Bytes::len)
}
