//! The whole core as bytes and back: what a checkpoint holds. Messages stay where the journal keeps
//! them; reading fetches only what must be in memory.

use bytes::Bytes;
use millstream_message::Batch;

use super::lease::Lease;
use super::pending::Place;
use super::topic::Topic;
use super::{Core, LeaseId};
use crate::codec::{Codec, Malformed};
use crate::stored::Stored;

/// Fetches messages from the journal: runs that make up one batch.
pub(crate) type Fetch<'a, E> = &'a mut dyn FnMut(&[Stored]) -> Result<Batch, E>;

impl Core {
    /// Appends all that the core knows, except what is in memory.
    pub(crate) fn save(&self, out: &mut Vec<u8>) {
        self.topics.put(out);
        self.subscriptions.put(out);
        (self.leases.len() as u32).put(out);
        self.leases.values().for_each(|lease| lease.put(out));
        self.stoppers.put(out);
        self.timed.put(out);
        self.positions.put(out);
        self.pipeline.put(out);
        self.plugins.put(out);
        self.deciding.put(out);
        (self.serial, self.generations).put(out);
    }

    /// The core that was saved, once [`Core::fill`] has fetched what must be in memory.
    pub(crate) fn load(from: &mut Bytes) -> Result<Self, Malformed> {
        let mut core =
            Self { topics: Codec::get(from)?, subscriptions: Codec::get(from)?, ..Self::default() };
        for _ in 0..crate::codec::count(from, 1)? {
            let lease = Lease::get(from)?;
            let (id, deadline) = (lease.grant.lease, lease.grant.deadline);
            if lease.grant.generation != super::lease::HOUSE {
                core.deadlines.insert((deadline, id));
            }
            core.leases.insert(id, lease);
        }
        core.stoppers = Codec::get(from)?;
        core.timed = Codec::get(from)?;
        core.positions = Codec::get(from)?;
        core.pipeline = Codec::get(from)?;
        core.plugins = Codec::get(from)?;
        core.deciding = Codec::get(from)?;
        (core.serial, core.generations) = Codec::get(from)?;
        match core.is_coherent() {
            true => Ok(core),
            false => Err(Malformed("its parts do not belong together")),
        }
    }

    /// Whether every name of a topic or a subscription is one.
    fn is_coherent(&self) -> bool {
        let topic = |place: u32| (place as usize) < self.topics.len();
        let subscription = |place: u32| (place as usize) < self.subscriptions.len();
        self.subscriptions.iter().all(|one| topic(one.rules.topic.0))
            && self.topics.iter().flat_map(|one| &one.subscriptions).all(|id| subscription(id.0))
            && self.leases.values().all(|lease| subscription(lease.grant.subscription.0))
            && self.stoppers.iter().all(|((letters, _), stopper)| {
                topic(letters.0) && subscription(stopper.subscription.0)
            })
            && self.timed.iter().all(|place| topic(*place))
            && self.deciding.iter().all(|place| subscription(*place))
    }

    /// Fetches copies, delayed messages, what is under lease and the open ends of the logs.
    pub(crate) fn fill<E>(&mut self, fetch: Fetch<'_, E>) -> Result<(), E> {
        let mut failed = None;
        self.visit_copies(&mut |batch, stored| match stored.map(|stored| fetch(&[stored])) {
            Some(Ok(fetched)) => *batch = fetched,
            Some(Err(error)) => failed = failed.take().or(Some(error)),
            None => {}
        });
        if let Some(error) = failed {
            return Err(error);
        }
        for topic in &mut self.topics {
            topic.fill(fetch)?;
        }
        let leases: Vec<LeaseId> = self.leases.keys().copied().collect();
        for id in leases {
            let Some(lease) = self.leases.get(&id) else { continue };
            let parts = self.parts_of(lease, fetch)?;
            if let Some(lease) = self.leases.get_mut(&id) {
                lease.grant.parts = parts;
            }
        }
        Ok(())
    }

    /// The messages of a lease, from where the journal keeps them.
    fn parts_of<E>(&self, lease: &Lease, fetch: Fetch<'_, E>) -> Result<Vec<Batch>, E> {
        let place = lease.grant.subscription.0 as usize;
        let topic = &self.topics[self.subscriptions[place].rules.topic.0 as usize];
        let Some(items) = &lease.items else {
            let runs = lease.runs.iter().flat_map(|run| topic.stored_runs(run.clone()));
            return runs.map(|stored| fetch(&stored)).collect();
        };
        let one = |place: &Place| match place {
            Place::Copy(copied) => vec![Ok(copied.message.clone())],
            Place::Log(at) => {
                topic.stored_runs(*at..at + 1).iter().map(|stored| fetch(stored)).collect()
            }
        };
        let mut one = one;
        items.iter().flat_map(|item| one(&item.place)).collect()
    }
}

impl Topic {
    /// The last entry goes on taking messages; the ids of dead letters are at hand.
    fn fill<E>(&mut self, fetch: Fetch<'_, E>) -> Result<(), E> {
        let dead_letters = self.keeps();
        for entry in &mut self.log {
            if entry.is_open() {
                let batch = fetch(&entry.stored.to_vec())?;
                entry.reopen(&batch);
            } else if dead_letters && entry.is_stored() {
                entry.remember_ids(&fetch(&entry.stored.to_vec())?);
            }
        }
        // The last entry is always in memory: it may take more.
        let Some(last) = self.log.back_mut().filter(|last| last.is_stored()) else { return Ok(()) };
        let batch = fetch(&last.stored.to_vec())?;
        if last.restore(batch) {
            self.stored_bytes -= last.charged;
        }
        Ok(())
    }

    /// Where the journal keeps these messages of the log, one list of runs for each entry.
    fn stored_runs(&self, run: std::ops::Range<u64>) -> Vec<Vec<Stored>> {
        let mut runs = Vec::new();
        for entry in self.log.iter().skip(self.entry_of(run.start)) {
            if entry.base >= run.end {
                break;
            }
            let start = run.start.max(entry.base) - entry.base;
            let end = run.end.min(entry.end()) - entry.base;
            runs.push(entry.stored_run(start as usize..end as usize));
        }
        runs
    }
}
