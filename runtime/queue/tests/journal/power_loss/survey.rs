//! What is found on a disk after a loss of power: everything is looked at, then handled, so that
//! each message shows itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use millstream_message::{MessageId, Settlement, SubscriptionId};
use millstream_queue::{Broker, Delivery, EmbeddedBroker, Figures, Letter};

use super::history::History;
use super::ledger::{LETTER, Set, Spot, THERE};
use super::letters;
use super::parcel::Parcels;
use crate::clock::ManualClock;
use crate::world::{DEAD, SOURCE, World, request};

/// Longer than any message of a history waits to be due.
const REST_MS: u64 = 7_200_000;

/// Longer than a grant takes that is there to be had.
const PATIENCE: Duration = Duration::from_millis(2);

/// Rounds in which nothing changes: then nothing will.
const IDLE_MAX: usize = 500;

pub(crate) type Check<T = ()> = Result<T, String>;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) spots: BTreeMap<Spot, Set>,
    /// The order in which each subscription got its messages.
    pub(crate) order: BTreeMap<u32, Vec<MessageId>>,
    /// How far the source has come.
    pub(crate) position: u64,
}

impl Found {
    /// What is different in another finding. Messages that nothing orders come as they come.
    pub(crate) fn difference(&self, other: &Self) -> Vec<String> {
        let all: BTreeSet<&Spot> = self.spots.keys().chain(other.spots.keys()).collect();
        let pair = |spot: &Spot| (self.spots.get(spot), other.spots.get(spot));
        let differ = all.into_iter().filter(|spot| pair(spot).0 != pair(spot).1);
        let mut told: Vec<String> =
            differ.map(|spot| format!("{spot:?}: {:?}", pair(spot))).collect();
        if self.position != other.position {
            told.push(format!("position {} and {}", self.position, other.position));
        }
        told
    }
}

pub(crate) struct Survey<'a> {
    world: &'a World,
    parcels: &'a Parcels,
    broker: &'a EmbeddedBroker,
    clock: &'a Arc<ManualClock>,
}

impl<'a> Survey<'a> {
    pub(crate) fn of(
        history: &'a History,
        broker: &'a EmbeddedBroker,
        clock: &'a Arc<ManualClock>,
    ) -> Self {
        Self { world: &history.world, parcels: &history.parcels, broker, clock }
    }

    pub(crate) async fn all(&self) -> Check<Found> {
        let mut found = Found { position: self.position()?, ..Found::default() };
        let figures = self.broker.figures();
        check_sums(&figures)?;
        for (s, of_it) in (0u32..).zip(&figures.subscriptions) {
            if of_it.paused {
                found.spots.insert(Spot::Paused(s), THERE);
                let resumed = self.broker.pause(SubscriptionId(s), false).await;
                resumed.map_err(|error| format!("cannot resume: {error}"))?;
            }
        }
        for lost in letters::all(self.broker, &self.world.subscriptions, self.parcels) {
            let spot = Spot::Message(lost.subscription, lost.original);
            if found.spots.insert(spot, LETTER).is_some() {
                return Err(format!("{spot:?} is in two places"));
            }
        }
        self.drain(&mut found).await?;
        Ok(found)
    }

    fn position(&self) -> Check<u64> {
        let Some(at) = self.broker.position(SOURCE) else { return Ok(0) };
        let bytes = at.as_ref().try_into().map_err(|_| format!("not a position: {at:?}"))?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Until everything is handled: whatever waits is due by then.
    async fn drain(&self, found: &mut Found) -> Check {
        self.clock.advance(REST_MS);
        let (mut before, mut idle) = (Figures::default(), 0);
        while idle < IDLE_MAX {
            self.broker.tick();
            let figures = self.broker.figures();
            idle = if figures == before { idle + 1 } else { 0 };
            before.clone_from(&figures);
            check_sums(&figures)?;
            let delayed: u64 = figures.topics.iter().map(|topic| topic.delayed).sum();
            let busy = figures.subscriptions.iter().position(|one| one.live() > 0);
            match busy {
                None if delayed > 0 => {}
                None => return self.check_rest(&figures),
                Some(s) => self.work(s as u32, found).await?,
            }
        }
        Err(format!("does not come to rest: {:?}", self.broker.figures()))
    }

    /// One delivery. There is none where all that waits is given up as too old.
    async fn work(&self, s: u32, found: &mut Found) -> Check {
        if self.broker.figures().subscriptions[s as usize].stopped_keys > 0 {
            let all = letters::all(self.broker, &self.world.subscriptions, self.parcels);
            let letters: Vec<Letter> = all.into_iter().map(|lost| lost.letter).collect();
            let purged = self.broker.purge_letters(letters).await;
            purged.map_err(|error| format!("cannot purge letters: {error}"))?;
        }
        let generation = self.broker.generation(SubscriptionId(s)).unwrap_or(0);
        let lease = self.broker.lease(request(s, generation, 256));
        let Ok(granted) = tokio::time::timeout(PATIENCE, lease).await else { return Ok(()) };
        let delivery = granted.map_err(|error| format!("no lease at {s}: {error}"))?;
        self.look_at(s, &delivery, found)?;
        let settled = self.broker.settle(delivery, Settlement::all_handled()).await;
        settled.map(|_| ()).map_err(|error| format!("cannot settle at {s}: {error}"))
    }

    fn look_at(&self, s: u32, delivery: &Delivery, found: &mut Found) -> Check {
        for message in delivery.batch.iter() {
            let id = message.id();
            let Some(parcel) = self.parcels.get(&id) else {
                return Err(format!("{id} at {s} was never published"));
            };
            if !parcel.is(message) {
                let found = (message.key(), message.published_at(), message.payload().len());
                return Err(format!("{id} at {s} is {found:?}, and was {parcel:?}"));
            }
            if found.spots.insert(Spot::Message(s, id), THERE).is_some() {
                return Err(format!("{id} at {s} is found twice"));
            }
            found.order.entry(s).or_default().push(id);
        }
        Ok(())
    }

    fn check_rest(&self, figures: &Figures) -> Check {
        for (t, topic) in figures.topics.iter().enumerate() {
            if t != DEAD.0 as usize && topic.depth > 0 {
                return Err(format!("topic {t} is not empty when all is handled: {topic:?}"));
            }
        }
        Ok(())
    }
}

/// What came in is what went and what is there.
fn check_sums(figures: &Figures) -> Check {
    for (s, one) in figures.subscriptions.iter().enumerate() {
        if one.received() != one.settled() + one.live() {
            return Err(format!("the figures of {s} do not add up: {one:?}"));
        }
    }
    Ok(())
}

/// Time that a survey sees: later than the crash.
pub(crate) fn clock_after(now: millstream_queue::Now) -> Arc<ManualClock> {
    Arc::new(ManualClock::starting_at(now.wall_ms + 5))
}
