//! Reading the body of a request, within bounded memory and time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::BodyDataStream;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::Problem;

/// Bytes of requests that may be in hand at once, until they are answered: however many publish
/// at once, and wait for room, they do not take all memory.
pub(crate) const IN_HAND_BYTES_MAX: usize = 256 << 20;
/// The longest body, in bytes: one request cannot take all memory.
const BODY_BYTES_MAX: usize = 64 << 20;
/// How long a body may take to arrive: stops clients that send a byte now and then.
const BODY_TIME_MAX: Duration = Duration::from_secs(60);
/// What a request costs beside its body: the buffers of its connection and its task.
const REQUEST_OVERHEAD_BYTES: usize = 64 << 10;

/// What an announced length reserves at first: announcing costs nothing, so it may not cost much.
const FIRST_CAPACITY_MAX: usize = 1 << 20;

/// A whole body, and its share of what may be in hand at once.
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    pub(crate) share: Share,
}

/// Reads the whole body.
///
/// # Errors
/// 413 too long, 408 too slow, 503 too much in hand already, 400 broken off.
pub(crate) async fn receive(
    headers: &HeaderMap,
    body: &mut BodyDataStream,
    in_hand: &Arc<Semaphore>,
) -> Result<Received, Problem> {
    let announced = announced(headers);
    if announced.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(too_long());
    }
    let mut share = Share::new(in_hand)?;
    let capacity = announced.unwrap_or(0) as usize;
    let read = timeout(BODY_TIME_MAX, collect(body, capacity, &mut share)).await;
    let bytes = read.map_err(|_| too_slow())??;
    Ok(Received { bytes, share })
}

/// Reads what is left of a refused body, so that the client, who may be writing still, gets to
/// read why. A client that waits for `100 Continue` has not begun and is not asked to.
pub(crate) async fn discard(headers: &HeaderMap, body: &mut BodyDataStream) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let drained = async {
        let mut left = BODY_BYTES_MAX;
        while let Some(Ok(chunk)) = body.next().await {
            match left.checked_sub(chunk.len()) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // Whoever is slow gets a closed connection.
    let _ = timeout(BODY_TIME_MAX, drained).await;
}

async fn collect(
    body: &mut BodyDataStream,
    capacity: usize,
    share: &mut Share,
) -> Result<Bytes, Problem> {
    let mut whole = BytesMut::with_capacity(capacity.min(FIRST_CAPACITY_MAX));
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| broken_off(&error))?;
        if whole.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(too_long());
        }
        share.grow(chunk.len())?;
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// A request's share of the bytes that may be in hand at once. Given back when dropped.
pub(crate) struct Share {
    in_hand: Arc<Semaphore>,
    permit: OwnedSemaphorePermit,
}

impl Share {
    fn new(in_hand: &Arc<Semaphore>) -> Result<Self, Problem> {
        let permit = take(in_hand, REQUEST_OVERHEAD_BYTES)?;
        Ok(Self { in_hand: Arc::clone(in_hand), permit })
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        self.permit.merge(take(&self.in_hand, bytes)?);
        Ok(())
    }
}

fn take(in_hand: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let taken = u32::try_from(bytes).ok().map(|n| Arc::clone(in_hand).try_acquire_many_owned(n));
    match taken {
        Some(Ok(permit)) => Ok(permit),
        _ => Err(Problem::busy("too-many-requests", "too much is in hand already: try again")),
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_long() -> Problem {
    let max = BODY_BYTES_MAX >> 20;
    Problem::too_large(format!("the body is longer than {max} MiB: send it in smaller parts"))
}

fn too_slow() -> Problem {
    let max = BODY_TIME_MAX.as_secs();
    Problem::too_slow(format!("the body did not arrive within {max} s: send it in smaller parts"))
}

fn broken_off(error: &axum::Error) -> Problem {
    Problem::malformed(format!("the body broke off: {error}"))
}
