//! Every event of the core by its number.

use std::sync::Arc;

use millstream_message::SubscriptionId;

use super::publication::{get_without_message, put_without_message};
use super::section::{Reader, Writer};
use crate::codec::Malformed;
use crate::core::{Event, LeaseId, Letter};
use crate::rules::{Handler, LeaseRequest};

const PUBLISH: u8 = 1;
const LEASE: u8 = 2;
const SETTLE: u8 = 3;
const RENEW: u8 = 4;
const FENCE: u8 = 5;
const PAUSE: u8 = 6;
const SEEK: u8 = 7;
const PURGE: u8 = 8;
const REDRIVE: u8 = 9;
const PURGE_LETTERS: u8 = 10;
const TICK: u8 = 11;
const SEAL: u8 = 12;
const DECLARE: u8 = 13;
const RESTART: u8 = 14;
const MOVED: u8 = 15;
const DEPLOY: u8 = 16;
const KEEP: u8 = 17;
const ALTER: u8 = 18;
const ERRAND: u8 = 20;

/// Names the handler of a lease that its record does not.
type HandlerOf<'a> = &'a dyn Fn(SubscriptionId) -> Arc<Handler>;

/// None for what is never recorded.
pub(super) fn put<'a>(event: &'a Event, handler_known: bool, to: &mut Writer<'a>) -> Option<()> {
    match event {
        Event::Publish(topic, publication) => to.plain(&PUBLISH).plain(topic).part(publication),
        Event::Lease(request) => put_lease(request, handler_known, to),
        Event::Settle(lease, judged) => to.plain(&SETTLE).plain(lease).part(&**judged),
        Event::Renew(lease) => to.plain(&RENEW).plain(lease),
        Event::Fence(subscription, generation) => {
            to.plain(&FENCE).plain(subscription).plain(generation)
        }
        Event::Pause(subscription, paused) => to.plain(&PAUSE).plain(subscription).plain(paused),
        Event::Errand(subscription, errand) => to.plain(&ERRAND).plain(subscription).plain(errand),
        Event::Seek(subscription, place) => to.plain(&SEEK).plain(subscription).plain(place),
        Event::Purge(topic, from, below) => to.plain(&PURGE).plain(topic).plain(from).plain(below),
        Event::Redrive(subscription, letters) => {
            to.plain(&REDRIVE).plain(subscription).part(letters)
        }
        Event::PurgeLetters(letters) => {
            to.plain(&PURGE_LETTERS).plain(&(letters.len() as u32));
            letters.iter().for_each(|letter| put_without_message(letter, to));
            to
        }
        Event::Tick => to.plain(&TICK),
        Event::Seal(topic) => to.plain(&SEAL).plain(topic),
        Event::Declare(declaration) => to.plain(&DECLARE).plain(&**declaration),
        Event::Restart => to.plain(&RESTART),
        Event::Moved(moves) => to.plain(&MOVED).part(moves),
        Event::Deploy(deploy) => to.plain(&DEPLOY).plain(&**deploy),
        Event::Alter(declaration) => to.plain(&ALTER).plain(&**declaration),
        Event::Keep(part) => to.plain(&KEEP).part(&**part),
        Event::Tap(..) => return None,
    };
    Some(())
}

pub(super) fn get(from: &mut Reader, handler_of: HandlerOf<'_>) -> Result<Event, Malformed> {
    Ok(match from.plain::<u8>()? {
        PUBLISH => Event::Publish(from.plain()?, from.part()?),
        LEASE => Event::Lease(get_lease(from, handler_of)?),
        SETTLE => Event::Settle(from.plain::<LeaseId>()?, Box::new(from.part()?)),
        RENEW => Event::Renew(from.plain()?),
        FENCE => Event::Fence(from.plain()?, from.plain()?),
        PAUSE => Event::Pause(from.plain()?, from.plain()?),
        ERRAND => Event::Errand(from.plain()?, from.plain()?),
        SEEK => Event::Seek(from.plain()?, from.plain()?),
        PURGE => Event::Purge(from.plain()?, from.plain()?, from.plain()?),
        REDRIVE => Event::Redrive(from.plain()?, from.part()?),
        PURGE_LETTERS => {
            let count = from.count()?;
            let letters: Result<Vec<Letter>, _> =
                (0..count).map(|_| get_without_message(from)).collect();
            Event::PurgeLetters(letters?)
        }
        TICK => Event::Tick,
        SEAL => Event::Seal(from.plain()?),
        DECLARE => Event::Declare(Box::new(from.plain()?)),
        RESTART => Event::Restart,
        MOVED => Event::Moved(from.part()?),
        DEPLOY => Event::Deploy(Box::new(from.plain()?)),
        ALTER => Event::Alter(Box::new(from.plain()?)),
        KEEP => Event::Keep(Box::new(from.part()?)),
        _ => return Err(Malformed("no such event")),
    })
}

fn put_lease<'b, 'a>(
    request: &LeaseRequest,
    handler_known: bool,
    to: &'b mut Writer<'a>,
) -> &'b mut Writer<'a> {
    let LeaseRequest { subscription, generation, keys, messages_max, handler } = request;
    to.plain(&LEASE).plain(subscription).plain(generation).plain(keys).plain(messages_max);
    to.plain(&!handler_known);
    if handler_known { to } else { to.plain(&**handler) }
}

fn get_lease(from: &mut Reader, handler_of: HandlerOf<'_>) -> Result<LeaseRequest, Malformed> {
    let subscription = from.plain()?;
    let (generation, keys, messages_max) = (from.plain()?, from.plain()?, from.plain()?);
    let handler = match from.plain()? {
        true => Arc::new(from.plain::<Handler>()?),
        false => handler_of(subscription),
    };
    Ok(LeaseRequest { subscription, generation, keys, messages_max, handler })
}
