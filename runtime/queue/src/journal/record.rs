//! One event of the delivery core as the body of a record, and back.
//!
//! ```text
//!   kind (u8) │ fields │ batch 0 │ batch 1 │ … │ their lengths (u32 each) │ their number (u32)
//! ```
//!
//! Batches stand apart from the fields, so that one of them can be read by its number alone: this
//! is how messages come back whose memory was given away. What is read shares its memory with the
//! body, of which only ids, times and positions are copied.

mod batch;
mod event;
mod judged;
mod plain;
mod publication;
mod section;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use millstream_message::{Batch, SubscriptionId};

use self::section::{Carrier, Numbering, Reader, Sections, Writer};
use crate::codec::Malformed;
use crate::core::Event;
use crate::rules::Handler;

/// The event as a record's body; none for an event that is never recorded. A lease names its
/// handler only when that is not known already. Where messages are stored is not written: it
/// follows from the record ([`locate`]).
pub(crate) fn encode(event: &Event, handler_known: bool) -> Option<Vec<u8>> {
    let mut to = Writer::new();
    event::put(event, handler_known, &mut to)?;
    Some(to.finish())
}

/// The event that the record at `position` holds, located there. `handler_of` names the handler of
/// a lease whose record does not.
pub(crate) fn decode(
    body: Bytes,
    position: u64,
    handler_of: &dyn Fn(SubscriptionId) -> Arc<Handler>,
) -> Result<Event, Malformed> {
    let mut from = Reader::new(Sections::of(body)?);
    let mut event = event::get(&mut from, handler_of)?;
    from.finish()?;
    locate(&mut event, position);
    Ok(event)
}

/// Tells the event that its messages are stored in the record at `position`: the core keeps that
/// with them.
pub(crate) fn locate(event: &mut Event, position: u64) {
    let places = &mut Numbering::new(position);
    match event {
        Event::Publish(_, publication) => publication.locate(places),
        Event::Settle(_, judged) => judged.locate(places),
        Event::Redrive(_, letters) => letters.locate(places),
        Event::Moved(moves) => moves.locate(places),
        Event::Keep(part) => part.locate(places),
        Event::Lease(_)
        | Event::Renew(_)
        | Event::Fence(..)
        | Event::Pause(..)
        | Event::Errand(..)
        | Event::Seek(..)
        | Event::Purge(..)
        | Event::PurgeLetters(_)
        | Event::Tap(..)
        | Event::Tick
        | Event::Seal(_)
        | Event::Declare(_)
        | Event::Alter(_)
        | Event::Deploy(_)
        | Event::Restart => {}
    }
}

/// Batch number `index` of a record's body, which it shares: a small batch that is kept keeps the
/// whole body, unless it is copied out.
pub(crate) fn batch(body: Bytes, index: u32) -> Result<Batch, Malformed> {
    batch::get(Sections::of(body)?.batch(index)?)
}
